/** Cases whose state is over: brought up to date, closed, pruned. At most `max_sweep` cases, seats and pieces of evidence a block. A case that cannot be is put off, so that it keeps no other waiting. */
import { CaseState } from "../../codec/gen/dcm/dispute/v1/types.ts";
import { uint64Bytes } from "../../codec/bytes.ts";
import { closeCase, pruneCase, saveCase, stuck, weightOfCase } from "./cases.ts";
import { bringUp, isOver, putOff } from "./machine.ts";
import { cases, dueQueue, firstKeys, params } from "./state.ts";
import type { Context } from "../../runtime/context.ts";
import type { DisputePorts } from "./ports.ts";

export function sweepCases(ctx: Context, ports: DisputePorts): void {
  const { maxSweep } = params.get(ctx);
  const tau = ports.clock.tau(ctx);
  let room = maxSweep;
  for (const [, id] of firstKeys(ctx, dueQueue, uint64Bytes(tau), maxSweep)) {
    if (room <= 0) return;
    const before = cases.find(ctx, id)!;
    const heavy = before.state === CaseState.CASE_STATE_CLOSED || isOver(before, tau);
    room -= heavy ? weightOfCase(before) : 1;
    const done = ctx.isolate(`dispute: case ${id}`, (item) => {
      if (before.state === CaseState.CASE_STATE_CLOSED) pruneCase(item, ports, before);
      else if (isOver(before, tau)) closeCase(item, ports, before);
      else saveCase(item, before, bringUp(before, tau, item.height));
    });
    if (!done) ctx.isolate(`dispute: case ${id}, to be put off`, (item) => stuck(item, before, putOff(before, tau)));
  }
}

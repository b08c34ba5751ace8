/** Turns that are late and records that are over: at most `max_sweep` of them a block, and those disputes that end with them. One that cannot be brought on is put off, so that it keeps no other waiting. */
import { DisputeState } from "../../codec/gen/dcm/referee/v1/types.ts";
import { uint64Bytes } from "../../codec/bytes.ts";
import { endLate, pruneDispute, saveDispute } from "./disputes.ts";
import { emit } from "./events.ts";
import { putOff } from "./machine.ts";
import { disputes, dueQueue, liveCount, params } from "./state.ts";
import type { Context } from "../../runtime/context.ts";
import type { RefereePorts } from "./ports.ts";

export function sweepDisputes(ctx: Context, ports: RefereePorts): void {
  const tau = ports.clock.tau(ctx);
  let room = params.get(ctx).maxSweep;
  while (room > 0) {
    const due = dueQueue.first(ctx, { to: uint64Bytes(tau) });
    if (due === undefined) return;
    const [[, id]] = due;
    const dispute = disputes.find(ctx, id)!;
    const closed = dispute.state === DisputeState.DISPUTE_STATE_CLOSED;
    room -= closed ? 1 : liveCount(ctx, dispute.taskId);
    const done = ctx.isolate(`referee: dispute ${id}`, (item) => (closed ? pruneDispute(item, dispute) : endLate(item, ports, dispute)));
    if (!done) {
      const later = putOff(dispute, tau);
      saveDispute(ctx, dispute, later);
      emit(ctx, "EventDisputeStuck", { dispute_id: id, task_id: dispute.taskId, failures: later.failures, retry_tau: later.retryTau });
    }
  }
}

/** Pay that is held, of tasks and of instances alike: how it ends, and what disputes may do with it. */
import type { Hold } from "../../codec/gen/dcm/market/v1/types.ts";
import { assert } from "../../runtime/errors.ts";
import { loadJob, loadService } from "./bids.ts";
import { endTaskHold, findHold, heldAmount, saveHold, type HoldReason } from "./holds.ts";
import { currentParams } from "./params.ts";
import { endPeriodHold, gathers } from "./services/periods.ts";
import { loadInstance, type LoadedInstance } from "./services/services.ts";
import { collect, holdQueue, holds, instances, within } from "./state.ts";
import { retryMs } from "../../runtime/retry.ts";
import type { Context } from "../../runtime/context.ts";
import type { HeldPay, HoldRef, HoldsPort, MarketPorts } from "./ports.ts";

/** Ends the hold. Of an instance that is brought up to date first, so the hold is read again. */
export function endHold(ctx: Context, ports: MarketPorts, ref: HoldRef, shareBps: number, reason: HoldReason): void {
  const found = touch(ctx, ports, ref);
  const hold = findHold(ctx, ref);
  assert(hold !== undefined, `nothing is held of ${ref.id}/${ref.period}`);
  if (found === undefined) endTaskHold(ctx, ports, hold, shareBps, reason);
  else endPeriodHold(ctx, ports, hold, found.instance, found.service, shareBps, reason);
}

function touch(ctx: Context, ports: MarketPorts, { id, period }: HoldRef): LoadedInstance | undefined {
  return period === 0n ? undefined : loadInstance(ctx, ports, id);
}

/** Windows that are over: paid, at most `max_sweep` a block, the oldest first. Rights do not wait for it. */
export function sweepHolds(ctx: Context, ports: MarketPorts): void {
  const tau = ports.clock.tau(ctx);
  for (const [[due, id, period]] of collect(ctx, holdQueue, currentParams(ctx).params.maxSweep, undefined, within.id(tau))) {
    const done = ctx.isolate(`market: pay of ${id}/${period} that is held`, (item) => overdue(item, ports, { id, period }, tau));
    // It is gone, or has another place by now; or an error that nobody expected keeps it, and must not keep others.
    holdQueue.remove(ctx, [due, id, period]);
    if (!done) holdQueue.set(ctx, [tau + retryMs, id, period], true);
  }
}

function overdue(ctx: Context, ports: MarketPorts, ref: HoldRef, tau: bigint): void {
  touch(ctx, ports, ref);
  const hold = findHold(ctx, ref);
  if (hold?.caseId !== 0n || hold.dueTau >= tau) return;
  endHold(ctx, ports, ref, 10_000, "expired");
}

/** Whose it is. */
export function ownerOf(ctx: Context, hold: Hold): { readonly consumer: string; readonly organization: string } {
  return hold.instanceId === 0n ? loadJob(ctx, hold.jobId) : loadService(ctx, hold.serviceId);
}

function heldPay(ctx: Context, hold: Hold): HeldPay {
  const { consumer, payer, organization, quoteDenom, acceptance } = hold.instanceId === 0n ? loadJob(ctx, hold.jobId) : loadService(ctx, hold.serviceId);
  const { taskId, jobId, serviceId, instanceId, period, dueTau, caseId } = hold;
  return {
    taskId, jobId, serviceId, instanceId, period, consumer, payer, organization, denom: quoteDenom, amount: heldAmount(hold), dueTau, caseId, defaultShareBps: acceptance!.providerShareBps,
    gathersUntil: instanceId !== 0n && gathers(instances.find(ctx, instanceId)!, period) ? hold.untilTau : 0n,
    providers: hold.payments.map(({ provider, organization: of }) => ({ provider, organization: of })),
  };
}

export function holdsOf(ports: MarketPorts): HoldsPort {
  const held = (ctx: Context, ref: HoldRef): Hold => {
    const hold = findHold(ctx, ref);
    assert(hold !== undefined, `nothing is held of ${ref.id}/${ref.period}`);
    return hold;
  };
  return {
    touch: (ctx, ref) => void touch(ctx, ports, ref),
    find(ctx, ref) {
      const hold = findHold(ctx, ref);
      return hold === undefined ? undefined : heldPay(ctx, hold);
    },
    undisputed(ctx, limit) {
      const out: HeldPay[] = [];
      for (const [, hold] of holds.entries(ctx)) {
        if (out.length === limit) break;
        if (hold.caseId === 0n) out.push(heldPay(ctx, hold));
      }
      return out;
    },
    hold(ctx, ref, caseId) {
      const hold = held(ctx, ref);
      assert(hold.caseId === 0n && caseId !== 0n, `the pay of ${ref.id}/${ref.period} waits for case ${hold.caseId} already`);
      saveHold(ctx, hold, { ...hold, caseId });
    },
    split(ctx, ref, providerShareBps) {
      assert(held(ctx, ref).caseId !== 0n, `the pay of ${ref.id}/${ref.period} waits for no case`);
      endHold(ctx, ports, ref, providerShareBps, "decided");
    },
  };
}

/** Rounds whose period is over: judged, at most `max_sweep` a block, the oldest first, and the next one opens. Reports behind the due tau fail, swept or not. */
import { currentParams } from "../params.ts";
import { collect, probeQueue, probeRounds, within } from "../state.ts";
import { endRound, openRound } from "./rounds.ts";
import { applyInstance, loadInstance } from "./services.ts";
import { retryMs } from "../../../runtime/retry.ts";
import type { Context } from "../../../runtime/context.ts";
import type { MarketPorts } from "../ports.ts";

export function sweepRounds(ctx: Context, ports: MarketPorts): void {
  const tau = ports.clock.tau(ctx);
  for (const [[due, id]] of collect(ctx, probeQueue, currentParams(ctx).params.maxSweep, undefined, within.id(tau))) {
    const done = ctx.isolate(`market: probe round of instance ${id}`, (item) => turn(item, ports, id, tau));
    // The round that comes next has a place of its own.
    probeQueue.remove(ctx, [due, id]);
    if (!done) probeQueue.set(ctx, [tau + retryMs, id], true);
  }
}

/** The instance is brought up to date first: what was paid for the period is known then, or the lease and with it the round has ended. */
function turn(ctx: Context, ports: MarketPorts, id: bigint, tau: bigint): void {
  const found = loadInstance(ctx, ports, id);
  const round = probeRounds.find(ctx, id);
  // An entry that was put off may outlive its round, and finds one that has time left.
  if (found === undefined || round === undefined || round.dueTau >= tau) return;
  const { past, fromStake } = endRound(ctx, ports, found.instance, found.service, true);
  const { stake, slashed } = found.instance;
  const instance = fromStake === 0n ? found.instance : { ...found.instance, stake: (BigInt(stake) - fromStake).toString(), slashed: (BigInt(slashed) + fromStake).toString() };
  openRound(ctx, ports, applyInstance(ctx, ports, found.instance, { instance, effects: [] }), found.service, past);
}

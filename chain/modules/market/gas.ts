/** What a bid pays in gas, when it is placed, for work that the ends of later blocks do for it. */
import type { Context } from "../../runtime/context.ts";

/**
 * For each replica of a task, and each instance: finding it an ask, its stake, its record. 54 us of a batch, two bank sends of 27 us and 35,390 gas (`npm run bench -- market-txs`).
 * At the default bounds the dearest bid (1,024 tasks, k = 3) takes 358,400,000, a quarter of a block of the default genesis.
 */
export const matchGas = 70_000;

/** Paid in advance and whatever becomes of the bid, as nobody pays at a block's end. `replicas` of each are k and those that tie-breaks may take. */
export function payForMatches(ctx: Context, units: number, replicas: number): void {
  ctx.gas.consume(matchGas * units * replicas, `matches to come: ${matchGas} for each of ${units} x ${replicas}`);
}

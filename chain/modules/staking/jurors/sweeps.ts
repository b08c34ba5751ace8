/** What comes due by itself, at most 500 items a queue and block. Nothing counts longer for being swept late. */
import { uint64Bytes } from "../../../codec/bytes.ts";
import type { Context } from "../../../runtime/context.ts";
import { retryMs } from "../../../runtime/retry.ts";
import { weightOf } from "./bond.ts";
import type { Keeper } from "./keeper.ts";
import { changed, unbondingQueue, unbondings } from "./state.ts";
import { setWeight } from "./weights.ts";

export const sweepLimit = 500;

function take<T>(items: IterableIterator<T>, most: number): T[] {
  const out: T[] = [];
  for (const item of items) {
    if (out.length === most) break;
    out.push(item);
  }
  return out;
}

/**
 * What changed in the blocks before enters the tree. So a draw at the end of a block sees bonds as the block before left them: who proposes a block knows its
 * seed while it composes it, and could else bond and unbond in it until its own account is drawn.
 */
export function followBonds(ctx: Context, keeper: Keeper): void {
  for (const [juror] of take(changed.entries(ctx), sweepLimit)) {
    changed.remove(ctx, juror);
    setWeight(ctx, juror, weightOf(keeper.bond(ctx, juror)));
  }
}

/** Pays unbonding entries that are due. */
export function sweepUnbondings(ctx: Context, keeper: Keeper): void {
  const tau = keeper.tau(ctx);
  for (const [key, juror] of take(unbondingQueue.entries(ctx, { to: uint64Bytes(tau + 1n) }), sweepLimit)) {
    unbondingQueue.remove(ctx, key);
    const done = ctx.isolate(`jurors: unbonding ${key[1]}`, (item) => {
      const entry = unbondings.find(item, [juror, key[1]]);
      if (entry === undefined) return;
      keeper.pay(item, juror, entry);
      keeper.drain(item, juror);
    });
    if (!done) unbondingQueue.set(ctx, [tau + retryMs, key[1]], juror);
  }
}

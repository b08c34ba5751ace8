/** Unordered transactions: used timeouts are forgotten once they can no longer be replayed. */
import { nonces } from "./state.ts";
import type { Context } from "../../runtime/context.ts";

/** A block forgets at most this many; the rest waits, and stays refused by its timeout. */
export const maxPrunedPerBlock = 500;

export function pruneNonces(ctx: Context): void {
  const expired: (readonly [bigint, Uint8Array])[] = [];
  for (const [key] of nonces.entries(ctx)) {
    // Strictly below: a timeout equal to the block time is still accepted in this block.
    if (key[0] >= ctx.header.timeNanos || expired.length === maxPrunedPerBlock) break;
    expired.push(key);
  }
  for (const key of expired) nonces.remove(ctx, key);
}

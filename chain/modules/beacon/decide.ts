/** How a block's seed comes into the state, and how old ones leave it. */
import type { Context } from "../../runtime/context.ts";
import { uint64Bytes } from "../../codec/bytes.ts";
import { latest, params, seeds } from "./state.ts";

/** Most old seeds that one block removes: governance may lower `seeds_kept` by any number. */
export const maxPruned = 16;

/** True once this block's seed stands. */
export function isDecided(ctx: Context): boolean {
  return latest.get(ctx).height >= ctx.height;
}

export function decide(ctx: Context, seed: Uint8Array, how: "revealed" | "missing"): void {
  latest.set(ctx, { height: ctx.height, seed });
  seeds.set(ctx, ctx.height, seed);
  const oldest = ctx.height - params.get(ctx).seedsKept;
  if (oldest >= 0n) {
    const stale: bigint[] = [];
    for (const [height] of seeds.entries(ctx, { to: uint64Bytes(oldest + 1n) })) {
      if (stale.length === maxPruned) break;
      stale.push(height);
    }
    for (const height of stale) seeds.remove(ctx, height);
  }
  ctx.emit("dcm.beacon.v1.EventSeedDecided", { height: String(ctx.height), how });
}

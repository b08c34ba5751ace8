/** Randomness nobody can choose. */
import type { Context } from "../../runtime/context.ts";

export interface BeaconPort {
  /** The 32-byte seed of a past or the present block, once that block's reveal was executed; undefined where pruned or in the future. */
  seed(ctx: Context, height: bigint): Uint8Array | undefined;
}

/** Randomness nobody can choose, and what it needs to know of validators. */
import type { Context } from "../../runtime/context.ts";

export interface BeaconPort {
  /** The 32-byte seed of a past or the present block, once that block's reveal was executed; undefined where pruned or in the future. */
  seed(ctx: Context, height: bigint): Uint8Array | undefined;
}

/** What the beacon asks of the validators' module. Addresses are raw bytes. */
export interface ValidatorsPort {
  /** The operator of the validator whose 20-byte consensus address this is; undefined where there is none. */
  byConsensusAddress(ctx: Context, address: Uint8Array): Uint8Array | undefined;
  /** Whether this operator has a validator, in the set or not. */
  isValidator(ctx: Context, operator: Uint8Array): boolean;
}

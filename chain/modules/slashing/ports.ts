/** What evidence asks of slashing. Consensus addresses are 20 raw bytes. */
import type { Dec } from "../../math/dec.ts";
import type { Context } from "../../runtime/context.ts";

export interface SlashingPort {
  slashFractionDoubleSign(ctx: Context): Dec;
  hasSigningInfo(ctx: Context, consensus: Uint8Array): boolean;
  isTombstoned(ctx: Context, consensus: Uint8Array): boolean;
  /** Slashes at the height of the infraction, less the distribution height's delay; emits `slash`. */
  slash(ctx: Context, consensus: Uint8Array, fraction: Dec, power: bigint, distributionHeight: bigint): void;
  /** Jails; emits `slash` with the jailed address. */
  jail(ctx: Context, consensus: Uint8Array): void;
  /** Unix nanoseconds. */
  jailUntil(ctx: Context, consensus: Uint8Array, untilNanos: bigint): void;
  tombstone(ctx: Context, consensus: Uint8Array): void;
}

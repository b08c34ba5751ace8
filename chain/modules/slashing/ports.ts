/** What evidence asks of slashing. Consensus addresses are 20 raw bytes. */
import type { Dec } from "../../math/dec.ts";
import type { Context } from "../../runtime/context.ts";

export interface SlashingPort {
  slashFractionDoubleSign(ctx: Context): Dec;
  isTombstoned(ctx: Context, consensus: Uint8Array): boolean;
  /** Slashes what answered for the height of the infraction; emits `slash`. */
  slash(ctx: Context, consensus: Uint8Array, fraction: Dec, power: bigint, infractionHeight: bigint): void;
  /** Jails; emits `slash` with the jailed address. Fails with staking 7 where it is jailed already. */
  jail(ctx: Context, consensus: Uint8Array): void;
  /** Unix nanoseconds. */
  jailUntil(ctx: Context, consensus: Uint8Array, untilNanos: bigint): void;
  /** Fails with slashing 9 where it is tombstoned already. */
  tombstone(ctx: Context, consensus: Uint8Array): void;
}

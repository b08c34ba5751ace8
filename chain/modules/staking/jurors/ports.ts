/** What disputes ask of jurors. Addresses are raw bytes; amounts are in the bond denom. */
import type { Context } from "../../../runtime/context.ts";

export interface JuryDraw {
  /** 32 bytes that nobody could choose. */
  readonly seed: Uint8Array;
  /** What is drawn for: draws of one seed differ by it. */
  readonly subject: Uint8Array;
  readonly seats: number;
  /** Jurors that are looked at, at most. */
  readonly picks: number;
  /** Locked of each. */
  readonly stake: bigint;
  /** Whether this one may sit; asked in the order of the draw, of jurors that have the stake. Who may, sits. */
  mayServe(juror: Uint8Array): boolean;
}

export interface JurorsPort {
  bondDenom(ctx: Context): string;
  /** Draws by free bond, as it was when the block began, and locks the stake of those that sit; at most `seats`, fewer where there are too few. */
  draw(ctx: Context, draw: JuryDraw): readonly Uint8Array[];
  /** What of its bond is locked; 0 where there is no such juror. */
  locked(ctx: Context, juror: Uint8Array): bigint;
  /** Frees locked stake again; of a juror that retires it goes on its way out. */
  unlock(ctx: Context, juror: Uint8Array, amount: bigint): void;
  /** Takes locked stake away and pays it to this account. */
  forfeit(ctx: Context, juror: Uint8Array, amount: bigint, to: Uint8Array): void;
}

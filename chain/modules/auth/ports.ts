/** What other modules may ask of accounts. Addresses are raw bytes. */
import type { Params } from "../../codec/gen/cosmos/auth/v1beta1/auth.ts";
import type { Any } from "../../codec/gen/google/protobuf/any.ts";
import type { Money } from "../../runtime/coins.ts";
import type { Context } from "../../runtime/context.ts";

export interface AccountView {
  readonly address: Uint8Array;
  readonly pubKey: Any | undefined;
  readonly accountNumber: bigint;
  readonly sequence: bigint;
}

/** An account as it was read, with its kind. A value: to change it is to write another. */
export interface Account extends AccountView {
  /** Bech32, as state has it. */
  readonly addressText: string;
  /** What vesting keeps from being spent at this time (Unix seconds); nothing for accounts that do not vest. */
  lockedAt(timeSeconds: bigint): readonly Money[];
  /** The name of a module account. */
  readonly moduleName: string | undefined;
}

/** How coins of a new vesting account become free. Times are Unix seconds, `length` is seconds. */
export type VestingSchedule =
  | { readonly kind: "continuous"; readonly startTime: bigint; readonly endTime: bigint }
  | { readonly kind: "delayed"; readonly endTime: bigint }
  | { readonly kind: "periodic"; readonly startTime: bigint; readonly periods: readonly { readonly length: bigint; readonly amount: readonly Money[] }[] }
  | { readonly kind: "permanent" };

export interface AccountsPort {
  find(ctx: Context, address: Uint8Array): Account | undefined;
  has(ctx: Context, address: Uint8Array): boolean;
  /** Makes a base account with the next account number where none is; gives the one that is there. */
  ensure(ctx: Context, address: Uint8Array): Account;
  /** `sha256(name)[:20]`, created as a module account on first use. */
  moduleAccount(ctx: Context, name: string): Uint8Array;
  /** What vesting keeps this account from spending now. */
  locked(ctx: Context, address: Uint8Array): readonly Money[];
  /** Makes a vesting account where none is. Fails with sdk 18 where the schedule contradicts itself. */
  createVesting(ctx: Context, address: Uint8Array, coins: readonly Money[], schedule: VestingSchedule): void;
  /** Records on a vesting account what it delegates; `balance` is what it held before. Other accounts do not change. */
  trackDelegation(ctx: Context, address: Uint8Array, balance: readonly Money[], coins: readonly Money[]): void;
  trackUndelegation(ctx: Context, address: Uint8Array, coins: readonly Money[]): void;
}

/** What the ante needs beside. */
export interface SignersPort extends AccountsPort {
  params(ctx: Context): Params;
  /** Writes the account with another sequence or public key; gives what it wrote. */
  update(ctx: Context, account: Account, change: { readonly sequence?: bigint; readonly pubKey?: Any }): Account;
  /** Moves a base account on from this sequence to the next; false, and nothing changed, where it is none, at another, or `update` must do it. */
  advance(ctx: Context, address: Uint8Array, sequence: bigint): boolean;
  /** Remembers that the sender used this timeout (Unix nanoseconds); false where it had already. */
  useNonce(ctx: Context, sender: Uint8Array, timeoutNanos: bigint): boolean;
}

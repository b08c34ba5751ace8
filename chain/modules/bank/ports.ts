/** What other modules may do with money. Coins are canonical (sorted by denom, positive, no repeats); addresses are raw bytes. */
import type { Context } from "../../runtime/context.ts";
import type { Money } from "../../runtime/coins.ts";
import type { Account } from "../auth/ports.ts";

export type { Money } from "../../runtime/coins.ts";

/** What a piece of an execution costs the chain's users. */
export interface MeterPort {
  /**
   * Runs it; gives its value and all that it took out of accounts that are no module's, whosever they are. What comes back to them does not count against it: who
   * brings money in by one message and sends it away by the next has spent it.
   */
  measure<T>(run: () => T): { readonly value: T; readonly taken: readonly Money[] };
}

/** An address as bytes and as text. */
export interface Party {
  readonly address: Uint8Array;
  readonly text: string;
}

export interface BankPort {
  balance(ctx: Context, address: Uint8Array, denom: string): bigint;
  /** All that the account holds, canonical: one range read. */
  balances(ctx: Context, address: Uint8Array): Money[];
  /** The balance less what vesting still locks. */
  spendable(ctx: Context, address: Uint8Array, denom: string): bigint;
  /**
   * Moves spendable coins; makes the recipient's account where none is; emits coin_spent, coin_received and transfer as the SDK.
   * Fails with sdk 5 where the spendable balance is too small. Does not look at blocked recipients or send-enabled: messages do.
   */
  send(ctx: Context, from: Uint8Array, to: Uint8Array, coins: readonly Money[]): void;
  /** `send` of a module's coins, of which none are locked, to several, none of them of nothing, with one read and write of the sender's balance and one `coin_spent`, as the SDK's multi-send. */
  divide(ctx: Context, from: Party, denom: string, parts: readonly { readonly to: Party; readonly amount: bigint }[]): void;
  /** New coins into a module's account; `coinbase` event, supply grows. */
  mint(ctx: Context, module: string, coins: readonly Money[]): void;
  /** Destroys coins of a module's account; `burn` event, supply shrinks. */
  burn(ctx: Context, module: string, coins: readonly Money[]): void;
  supply(ctx: Context, denom: string): bigint;
  /** Moves a fee from an account that the caller has read already to the fee collector, whose account genesis made; a recheck takes it and no more. Fails with sdk 5. */
  collectFee(ctx: Context, payer: Account, fee: readonly Money[]): void;
  /** Takes a fee from an account that does not vest, for the mempool's state alone: nobody gets it, nobody hears of it. Fails with sdk 5. */
  hold(ctx: Context, payer: Uint8Array, denom: string, amount: bigint): void;
  /** Moves coins to a module's account even where vesting locks them, and records that on the delegator's account. Fails with sdk 5. */
  delegate(ctx: Context, delegator: Uint8Array, module: string, coins: readonly Money[]): void;
  /** Gives delegated coins back from a module's account. */
  undelegate(ctx: Context, module: string, delegator: Uint8Array, coins: readonly Money[]): void;
  /** Fails with bank 5 where one of the coins may not be sent. */
  requireSendEnabled(ctx: Context, coins: readonly Money[]): void;
  /** True for module accounts that refuse to be paid by messages. */
  isBlocked(address: Uint8Array): boolean;
}

/** What other modules may do with money. Coins are canonical (sorted by denom, positive, no repeats); addresses are raw bytes. */
import type { Context } from "../../runtime/context.ts";

export interface Money {
  readonly denom: string;
  readonly amount: bigint;
}

export interface BankPort {
  balance(ctx: Context, address: Uint8Array, denom: string): bigint;
  /** The balance less what vesting still locks. */
  spendable(ctx: Context, address: Uint8Array, denom: string): bigint;
  /**
   * Moves spendable coins; makes the recipient's account where none is; emits coin_spent, coin_received and transfer as the SDK.
   * Fails with sdk 5 where the spendable balance is too small. Does not look at blocked recipients or send-enabled: messages do.
   */
  send(ctx: Context, from: Uint8Array, to: Uint8Array, coins: readonly Money[]): void;
  /** New coins into a module's account; `coinbase` event, supply grows. */
  mint(ctx: Context, module: string, coins: readonly Money[]): void;
  /** Destroys coins of a module's account; `burn` event, supply shrinks. */
  burn(ctx: Context, module: string, coins: readonly Money[]): void;
  supply(ctx: Context, denom: string): bigint;
}

/** What other modules may ask of the community pool and of rewards. Addresses are raw bytes. */
import type { Money } from "../bank/ports.ts";
import type { Context } from "../../runtime/context.ts";

export interface DistributionPort {
  /** Moves spendable coins into the community pool. Fails with sdk 5. */
  fundCommunityPool(ctx: Context, from: Uint8Array, coins: readonly Money[]): void;
  /** Pays out of the community pool. Fails with distribution 9 where it holds too little. */
  spendCommunityPool(ctx: Context, to: Uint8Array, coins: readonly Money[]): void;
}

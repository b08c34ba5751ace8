/** Providers as the market knows them: how many asks each has, and whether these stand outside the books. */
import { asksByProvider, sellers, type Seller } from "./state.ts";
import type { Context } from "../../runtime/context.ts";

const noSeller: Seller = { asks: 0, suspended: false };

export const sellerOf = (ctx: Context, provider: Uint8Array): Seller => sellers.find(ctx, provider) ?? noSeller;

/** True where its asks are out of the books, or on their way, because it may not be matched. */
export const isSuspended = (ctx: Context, provider: Uint8Array): boolean => sellerOf(ctx, provider).suspended;

/** Only of a provider that has asks. */
export function suspend(ctx: Context, provider: Uint8Array, suspended: boolean): void {
  const seller = sellerOf(ctx, provider);
  if (seller.asks > 0 && seller.suspended !== suspended) sellers.set(ctx, provider, { ...seller, suspended });
}

/** One more record of an ask; the index by provider has it. */
export function countAsk(ctx: Context, provider: Uint8Array, id: bigint): void {
  const seller = sellerOf(ctx, provider);
  sellers.set(ctx, provider, { ...seller, asks: seller.asks + 1 });
  asksByProvider.set(ctx, [provider, id], true);
}

/** The record is gone; of a provider without asks nothing is known. */
export function forgetAsk(ctx: Context, provider: Uint8Array, id: bigint): void {
  const seller = sellerOf(ctx, provider);
  if (seller.asks > 1) sellers.set(ctx, provider, { ...seller, asks: seller.asks - 1 });
  else sellers.remove(ctx, provider);
  asksByProvider.remove(ctx, [provider, id]);
}

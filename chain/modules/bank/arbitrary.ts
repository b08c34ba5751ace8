/** What the bank's generators share. */
import { addressBytes } from "../../codec/address.ts";
import { balances, withinAddress } from "./state.ts";
import type { WireCoin } from "../../runtime/coins.ts";
import type { World } from "../../runtime/module.ts";

/** One coin that the account mostly can pay: up to a tenth of a balance of its, at times more than it has. */
export function arbitraryCoins({ ctx, random }: World, holder: string): WireCoin[] {
  const held = [...balances.entries(ctx, { within: withinAddress(addressBytes(holder)) })];
  if (held.length === 0) return [{ denom: "stake", amount: "1" }];
  const [[, denom], amount] = random.pick(held);
  const sent = random.chance(5) ? amount + 1n : 1n + random.bigint(amount / 10n + 1n);
  return [{ denom, amount: sent.toString() }];
}

/** What must hold of money at every height. */
import { addressText } from "../../codec/address.ts";
import { balances, holders, supplies } from "./state.ts";
import type { Context } from "../../runtime/context.ts";

export const invariants = {
  /** BANK-1: no coin comes from nowhere and none is lost. */
  "total-supply"(ctx: Context): string | undefined {
    const sums = new Map<string, bigint>();
    for (const [[, denom], amount] of balances.entries(ctx)) sums.set(denom, (sums.get(denom) ?? 0n) + amount);
    for (const [denom, supply] of supplies.entries(ctx)) {
      if (supply !== (sums.get(denom) ?? 0n)) return `supply of ${denom} is ${supply}, its balances sum to ${sums.get(denom) ?? 0n}`;
      sums.delete(denom);
    }
    return sums.size === 0 ? undefined : `balances hold denoms that have no supply: ${[...sums.keys()].join(", ")}`;
  },
  /** BANK-2: balances in state are above zero. */
  "positive-balances"(ctx: Context): string | undefined {
    for (const [[address, denom], amount] of balances.entries(ctx)) if (amount <= 0n) return `${addressText(address)} holds ${amount}${denom}`;
    return undefined;
  },
  /** BANK-3: the index of holders names who has a balance, and nobody else. */
  "denom-index"(ctx: Context): string | undefined {
    let balanceCount = 0;
    for (const [[address, denom]] of balances.entries(ctx)) {
      balanceCount++;
      if (!holders.has(ctx, [denom, address])) return `${addressText(address)} holds ${denom} and is not in its index`;
    }
    let indexCount = 0;
    for (const entry of holders.entries(ctx)) indexCount += entry.length > 0 ? 1 : 0;
    return indexCount === balanceCount ? undefined : `${indexCount} index entries for ${balanceCount} balances`;
  },
} as const;

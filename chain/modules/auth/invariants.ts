/** What must hold of accounts at every height. */
import { addressBytes } from "../../codec/address.ts";
import { equalBytes } from "../../codec/bytes.ts";
import { accounts, addressOfNumber, nextNumber } from "./state.ts";
import type { Context } from "../../runtime/context.ts";

export const invariants = {
  /** AUTH-2: a number leads to its account, and only used numbers are below the next one. */
  "account-numbers"(ctx: Context): string | undefined {
    const next = nextNumber.find(ctx) ?? 0n;
    let count = 0;
    for (const [address, account] of accounts.entries(ctx)) {
      count++;
      const found = addressOfNumber.find(ctx, account.accountNumber);
      if (found === undefined || !equalBytes(found, address)) return `account ${account.addressText}: its number ${account.accountNumber} does not lead to it`;
      if (account.accountNumber >= next) return `account ${account.addressText}: number ${account.accountNumber} is not below the next, ${next}`;
      if (!equalBytes(addressBytes(account.addressText), address)) return `account ${account.addressText} is stored under another address`;
    }
    let numbers = 0;
    for (const entry of addressOfNumber.entries(ctx)) numbers += entry.length > 0 ? 1 : 0;
    return numbers === count ? undefined : `${numbers} account numbers for ${count} accounts`;
  },
} as const;

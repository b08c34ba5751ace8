/** What the three messages share: addresses, coins, a recipient that has no account yet. */
import { readAddress } from "../../../runtime/addresses.ts";
import { coinsText, readCoins, type Money, type WireCoin } from "../../../runtime/coins.ts";
import { fail, sdkErrors } from "../../../runtime/errors.ts";
import type { Context } from "../../../runtime/context.ts";
import type { AccountsPort } from "../../auth/ports.ts";
import type { BankPort } from "../../bank/ports.ts";

export interface VestingPorts {
  readonly accounts: AccountsPort;
  readonly bank: BankPort;
}

export function parties(message: { readonly fromAddress: string; readonly toAddress: string }): { readonly from: Uint8Array; readonly to: Uint8Array } {
  return { from: readAddress(message.fromAddress, "invalid 'from' address"), to: readAddress(message.toAddress, "invalid 'to' address") };
}

export function vestedCoins(wire: readonly WireCoin[]): Money[] {
  const coins = readCoins(wire);
  if (typeof coins === "string" || coins.length === 0) fail(sdkErrors.invalidCoins, coinsText(wire));
  return coins;
}

/** Addresses of keys have 20 bytes. Others are made of names that are public before they are taken: a stranger's schedule would stay on an organization's account for good. */
const keyAddressLength = 20;

export function requireNewAccount(ctx: Context, to: Uint8Array, text: string, { accounts, bank }: VestingPorts): void {
  if (to.length !== keyAddressLength) fail(sdkErrors.invalidRequest, `${text} is no address of a key: nobody could spend what vests there`);
  if (bank.isBlocked(to)) fail(sdkErrors.unauthorized, `${text} is not allowed to receive funds`);
  if (accounts.has(ctx, to)) fail(sdkErrors.invalidRequest, `account ${text} already exists`);
}

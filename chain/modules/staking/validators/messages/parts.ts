/** What several messages of staking share: their addresses, their amount, descriptions and rates, each with the SDK's words. */
import { AddressError } from "../../../../codec/address.ts";
import { readAddress } from "../../../../runtime/addresses.ts";
import { isDenom, readAmount, type WireCoin } from "../../../../runtime/coins.ts";
import { fail, sdkErrors } from "../../../../runtime/errors.ts";
import { operatorBytes } from "../keeper.ts";
import { params } from "../state.ts";
import type { Description } from "../../../../codec/gen/cosmos/staking/v1beta1/staking.ts";
import type { Context } from "../../../../runtime/context.ts";

/** Fails with sdk 7. */
export function readOperator(text: string, what = "invalid validator address"): Uint8Array {
  try {
    return operatorBytes(text);
  } catch (error) {
    if (error instanceof AddressError) fail(sdkErrors.invalidAddress, `${what}: ${error.message}`);
    throw error;
  }
}

export const readDelegator = (text: string): Uint8Array => readAddress(text, "invalid delegator address");

/** A positive amount of a denom; sdk 18 with these words otherwise. */
export function readCoin(coin: WireCoin | undefined, words: string): { readonly denom: string; readonly amount: bigint } {
  const amount = readAmount(coin?.amount ?? "") ?? 0n;
  if (coin === undefined || amount <= 0n || !isDenom(coin.denom)) fail(sdkErrors.invalidRequest, words);
  return { denom: coin.denom, amount };
}

export function requireBondDenom(ctx: Context, denom: string): void {
  const { bondDenom } = params.get(ctx);
  if (denom !== bondDenom) fail(sdkErrors.invalidRequest, `invalid coin denomination: got ${denom}, expected ${bondDenom}`);
}

export function requireDescription(description: Description | undefined): Description {
  if (description === undefined || Object.values(description).every((text) => text === "")) fail(sdkErrors.invalidRequest, "empty description");
  return description;
}

const maxLengths = { moniker: 70, identity: 3000, website: 140, securityContact: 140, details: 280 } as const;

/** Lengths are bytes of UTF-8. */
export function checkLengths(description: Description): void {
  for (const [field, most] of Object.entries(maxLengths)) {
    const got = Buffer.byteLength(description[field as keyof Description]);
    if (got > most) fail(sdkErrors.invalidRequest, `invalid ${field === "securityContact" ? "security contact" : field} length; got: ${got}, max: ${most}`);
  }
}

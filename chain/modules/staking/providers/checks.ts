/** Checks that several messages share. */
import type { Coin } from "../../../codec/gen/cosmos/base/v1beta1/coin.ts";
import { addressText } from "../../../codec/address.ts";
import { readAddress } from "../../../runtime/addresses.ts";
import { isDenom, readAmount } from "../../../runtime/coins.ts";
import type { Context } from "../../../runtime/context.ts";
import { fail } from "../../../runtime/errors.ts";
import { errors } from "./errors.ts";
import { params } from "./state.ts";

/** The operator's bytes; sdk 7 where the text is no address. */
export function operatorOf(message: { readonly operator: string }): Uint8Array {
  return readAddress(message.operator, "operator");
}

/** The operator as the one who signs, in canonical text. */
export function signerOf(message: { readonly operator: string }): readonly string[] {
  return [addressText(operatorOf(message))];
}

/** A positive amount of a well-formed denom, whatever the bond denom is. */
export function checkAmount(coin: Coin | undefined, field: string): void {
  if (coin === undefined) return fail(errors.badAmount, { what: `${field} is missing` });
  if (!isDenom(coin.denom)) fail(errors.badAmount, { what: `${field}: not a denom: ${coin.denom.slice(0, 128)}` });
  const amount = readAmount(coin.amount);
  if (amount === undefined || amount <= 0n) fail(errors.badAmount, { what: `${field} is a positive whole number, got ${coin.amount.slice(0, 80)}` });
}

/** The amount of a checked coin; fails where it is not in the bond denom. */
export function bondAmount(ctx: Context, coin: Coin | undefined): bigint {
  const { bondDenom } = params.get(ctx);
  if (coin!.denom !== bondDenom) fail(errors.wrongDenom, { denom: coin!.denom, bondDenom });
  return BigInt(coin!.amount);
}

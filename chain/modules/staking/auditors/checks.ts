/** Checks that several messages share, and what auditors and governance may write. */
import type { Coin } from "../../../codec/gen/cosmos/base/v1beta1/coin.ts";
import type { Profile } from "../../../codec/gen/dcm/auditor/v1/types.ts";
import { addressText } from "../../../codec/address.ts";
import { readAddress } from "../../../runtime/addresses.ts";
import { isDenom, readAmount } from "../../../runtime/coins.ts";
import type { Context } from "../../../runtime/context.ts";
import { fail } from "../../../runtime/errors.ts";
import { isAttributeKey, monikerFault, quoted, urlFault } from "../../../runtime/text.ts";
import { errors } from "./errors.ts";
import { params } from "./state.ts";

const limits = { keys: 32, reason: 200 } as const;

/** The auditor's bytes; sdk 7 where the text is no address. */
export function auditorOf(message: { readonly auditor: string }): Uint8Array {
  return readAddress(message.auditor, "auditor");
}

/** The auditor as the one who signs, in canonical text. */
export function signerOf(message: { readonly auditor: string }): readonly string[] {
  return [addressText(auditorOf(message))];
}

export function checkProfile(profile: Profile | undefined): void {
  const what = profileFault(profile);
  if (what !== undefined) fail(errors.badProfile, { what });
}

/** The sentence that says what is wrong with a profile, or undefined. */
export function profileFault(profile: Profile | undefined): string | undefined {
  if (profile === undefined) return "profile is missing";
  return monikerFault(profile.moniker) ?? (profile.url === "" ? undefined : urlFault("url", profile.url));
}

/** The sentence that says what is wrong with the keys of an accreditation, or undefined. */
export function patternsFault(keys: readonly string[]): string | undefined {
  if (keys.length > limits.keys) return `keys: at most ${limits.keys}, got ${keys.length}`;
  let last = "";
  for (const pattern of keys) {
    const key = pattern.endsWith("*") ? pattern.slice(0, -1) : pattern;
    if (!isAttributeKey(key) && pattern !== "*") return `keys: ${quoted(pattern)} is no attribute key, and none with * behind`;
    if (pattern <= last) return `keys are sorted, without repeats: ${pattern} stands behind ${last}`;
    last = pattern;
  }
  return undefined;
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

export function checkReason(reason: string, least: 0 | 1): void {
  if (reason.length < least || reason.length > limits.reason || !/^[\x20-\x7e]*$/.test(reason)) fail(errors.badReason, { what: `reason is ${least} to ${limits.reason} printable ASCII characters` });
}

/** Checks that several messages share. They need no state. */
import type { Coin } from "../../codec/gen/cosmos/base/v1beta1/coin.ts";
import { addressText } from "../../codec/address.ts";
import { utf8 } from "../../codec/bytes.ts";
import { readAddress } from "../../runtime/addresses.ts";
import { isDenom, readCoins, type Money } from "../../runtime/coins.ts";
import { fail } from "../../runtime/errors.ts";
import { errors } from "./errors.ts";
import { isName, nameLimit } from "./names.ts";

/** The address in its canonical text. Fails with sdk 7. */
export function canonical(text: string, field: string): string {
  return addressText(readAddress(text, `invalid ${field} address`));
}

export function checkName(field: string, name: string): void {
  if (!isName(name)) fail(errors.invalidField, { field, value: name, limit: nameLimit });
}

/** Positive coins, sorted, at most 16. */
export function coinsOf(field: string, wire: readonly Coin[]): Money[] {
  if (wire.length === 0 || wire.length > 16) fail(errors.invalidField, { field, value: `${wire.length} coins`, limit: "1 to 16 coins" });
  const coins = readCoins(wire);
  if (typeof coins === "string") fail(errors.invalidField, { field, value: coins, limit: "positive coins, sorted by denom" });
  return coins;
}

export interface Scope {
  readonly denom: string;
  readonly member: string;
  readonly tagKey: string;
  readonly tagValue: string;
}

/** What names a budget within its organization. */
export function checkScope({ denom, member, tagKey, tagValue }: Scope): void {
  if (!isDenom(denom)) fail(errors.invalidField, { field: "denom", value: denom, limit: "a denom" });
  if (member !== "" && canonical(member, "member") !== member) fail(errors.invalidField, { field: "member", value: member, limit: "a lower-case address" });
  for (const [field, text, limit] of [["tag_key", tagKey, 64], ["tag_value", tagValue, 128]] as const) {
    if (text.length > limit || utf8(text).length > limit) fail(errors.invalidField, { field, value: `${text.length} characters`, limit: `at most ${limit} bytes` });
  }
  if (tagKey === "" && tagValue !== "") fail(errors.invalidField, { field: "tag_value", value: tagValue, limit: "empty where tag_key is" });
}

/** What several messages of distribution share. */
import { AddressError, addressBytes, prefixes } from "../../../codec/address.ts";
import { coinsText, readCoins, type Money, type WireCoin } from "../../../runtime/coins.ts";
import { fail, sdkErrors } from "../../../runtime/errors.ts";
import type { World } from "../../../runtime/module.ts";
import type { DelegationView, StakingPort } from "../../staking/validators/ports.ts";
import { addressText } from "../../../codec/address.ts";

/** Fails with sdk 7. */
export function readOperator(text: string): Uint8Array {
  try {
    return addressBytes(text, prefixes.validator);
  } catch (error) {
    if (error instanceof AddressError) fail(sdkErrors.invalidAddress, `invalid validator address: ${error.message}`);
    throw error;
  }
}

/** Canonical coins, at least one; sdk 10 otherwise. */
export function readAmounts(wire: readonly WireCoin[]): Money[] {
  if (wire.length === 0) fail(sdkErrors.invalidCoins, "amount cannot be nil");
  const coins = readCoins(wire);
  return typeof coins === "string" ? fail(sdkErrors.invalidCoins, coinsText(wire)) : coins;
}

/** A delegation of one of the simulation's accounts. */
export function arbitraryDelegation({ ctx, accounts, random }: World, staking: StakingPort): DelegationView | undefined {
  const validators = [...staking.validators(ctx)];
  if (validators.length === 0) return undefined;
  const known = [...staking.delegationsTo(ctx, readOperator(random.pick(validators).operatorAddress))].filter(({ delegator }) => accounts.includes(addressText(delegator)));
  return known.length === 0 ? undefined : random.pick(known);
}

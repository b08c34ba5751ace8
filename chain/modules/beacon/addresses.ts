import { AddressError, addressBytes, addressText, prefixes } from "../../codec/address.ts";
import { fail, sdkErrors } from "../../runtime/errors.ts";

/** The bytes of an operator's address (dcmvaloper1...) in its one canonical, lower-case form; sdk 7 otherwise. */
export function operatorBytes(text: string): Uint8Array {
  try {
    const bytes = addressBytes(text, prefixes.validator);
    if (addressText(bytes, prefixes.validator) !== text) fail(sdkErrors.invalidAddress, "validator_address is written in capitals");
    return bytes;
  } catch (error) {
    if (error instanceof AddressError) return fail(sdkErrors.invalidAddress, `validator_address: ${error.message}`);
    throw error;
  }
}

/** Addresses that users wrote, and the authority that may change parameters: the account of the `gov` module. */
import { AddressError, addressBytes, addressText, moduleAddress } from "../codec/address.ts";
import { TxError, QueryError, fail, sdkErrors } from "./errors.ts";

/** Bech32 text of the only account whose messages change parameters. */
export const authority: string = addressText(moduleAddress("gov"));

/** The bytes of a message's address; sdk 7 with `what` before the reason (`invalid from address`). */
export function readAddress(text: string, what: string): Uint8Array {
  try {
    return addressBytes(text);
  } catch (error) {
    if (error instanceof AddressError) fail(sdkErrors.invalidAddress, `${what}: ${error.message}`);
    throw error;
  }
}

/** The bytes of a query's address; InvalidArgument with `what` before the reason. */
export function queryAddress(text: string, what = "invalid address"): Uint8Array {
  try {
    return addressBytes(text);
  } catch (error) {
    if (error instanceof AddressError) throw new QueryError("InvalidArgument", `${what}: ${error.message}`);
    throw error;
  }
}

/** Fails with gov 13, as the SDK's modules do, where a parameter change is not signed by the authority. */
export function requireAuthority(given: string, expected = authority): void {
  if (given !== expected) {
    throw new TxError("gov", 13, `invalid authority; expected ${expected}, got ${given}: expected gov account as only signer for proposal message`);
  }
}

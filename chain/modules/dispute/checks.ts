/** Checks that several messages share. They need no state. */
import { addressText } from "../../codec/address.ts";
import { readAddress } from "../../runtime/addresses.ts";
import { fail } from "../../runtime/errors.ts";
import { quoted, urlFault } from "../../runtime/text.ts";
import { errors } from "./errors.ts";

export const longestClaim = 200;

/** The address in its canonical text. Fails with sdk 7. */
export function canonical(text: string, field: string): string {
  return addressText(readAddress(text, `invalid ${field} address`));
}

export function size(field: string, bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) fail(errors.invalidField, { what: `${field} is ${length} bytes, got ${bytes.length}` });
}

export function checkClaim(claim: string): void {
  if (claim.length > longestClaim || !/^[\x20-\x7e]*$/.test(claim)) fail(errors.invalidField, { what: `claim is at most ${longestClaim} printable ASCII characters, got ${quoted(claim)}` });
}

export function checkEvidence(hash: Uint8Array, url: string, prefix = ""): void {
  size(`${prefix}hash`, hash, 32);
  const what = url === "" ? undefined : urlFault(`${prefix}url`, url);
  if (what !== undefined) fail(errors.invalidField, { what });
}

/** Checks that several messages share. They need no state. */
import { addressText } from "../../codec/address.ts";
import { readAddress } from "../../runtime/addresses.ts";
import { fail } from "../../runtime/errors.ts";
import { errors } from "./errors.ts";

/** The address in its canonical text. Fails with sdk 7. */
export function canonical(text: string, field: string): string {
  return addressText(readAddress(text, `invalid ${field} address`));
}

export function size(field: string, bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) fail(errors.invalidField, { what: `${field} is ${length} bytes, got ${bytes.length}` });
}

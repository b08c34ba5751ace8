/** Names of organizations, and the accounts that are made of them. */
import { addressText, isAddress } from "../../codec/address.ts";
import { concatBytes, utf8 } from "../../codec/bytes.ts";
import { sha256 } from "../../codec/hash.ts";

const pattern = /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/;
export const nameLimit = "3 to 64 of a-z 0-9 . _ - between letters or digits, and no address";

export function isName(text: string): boolean {
  return text.length >= 3 && text.length <= 64 && pattern.test(text) && !isAddress(text);
}

/** Names that one reads for each other have one look; only the first of them can be taken. */
export function lookOf(name: string): string {
  return name.replace(/[._-]/g, "").replace(/rn/g, "m").replace(/vv/g, "w").replace(/0/g, "o").replace(/[1i]/g, "l").replace(/5/g, "s");
}

const typeHash = sha256(utf8("module"));

/** 32 bytes: the address of a sub-account of module `organization` by ADR-028 of the Cosmos SDK, with the name as derivation key. Nobody has a key for it. */
export function accountOf(name: string): Uint8Array {
  return sha256(typeHash, concatBytes(utf8("organization"), Uint8Array.of(0), utf8(name)));
}

export function accountText(name: string): string {
  return addressText(accountOf(name));
}

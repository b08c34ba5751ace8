/** The keys of sessions: single secp256k1 keys, whose own accounts sign. */
import { pubkeyAddress } from "../../codec/address.ts";

/** 33 bytes, compressed. Whether it is a point of the curve shows when it signs. */
export function isKey(key: Uint8Array): boolean {
  return key.length === 33 && (key[0] === 2 || key[0] === 3);
}

/** 20 bytes. No module's account has such a key, and no multisig's. */
export function keyAddress(key: Uint8Array): Uint8Array {
  return pubkeyAddress({ kind: "secp256k1", key });
}

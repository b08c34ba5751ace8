/** The keys of store `acc`, as the Cosmos SDK lays them out. */
import { Params } from "../../codec/gen/cosmos/auth/v1beta1/auth.ts";
import { concatBytes, readUint64, utf8 } from "../../codec/bytes.ts";
import { item, lastDecoded, map, pairKey, proto, rawValue, tailKey, uint64Key, uint64Value, type KeyCodec } from "../../runtime/collections.ts";
import { decodeAccount, encodeAccount } from "./accounts.ts";

export const storeName = "acc";

/** Signed 64-bit, its sign bit flipped so that byte order is numeric order. */
const int64Key: KeyCodec<bigint> = {
  encode: (value) => uint64Key.encode(BigInt.asUintN(64, value) ^ (1n << 63n)),
  decode: (bytes, at) => [BigInt.asIntN(64, readUint64(bytes, at) ^ (1n << 63n)), at + 8],
};

export const params = item(storeName, Uint8Array.of(0), lastDecoded(proto(Params)));
export const accounts = map(storeName, Uint8Array.of(1), tailKey, { fresh: true, encode: encodeAccount, decode: decodeAccount });
/** The next account number. */
export const nextNumber = item(storeName, Uint8Array.of(2), uint64Value);
export const addressOfNumber = map(storeName, utf8("accountNumber"), uint64Key, rawValue);
/** (timeout in Unix nanoseconds, sender) of unordered transactions that may still be replayed. */
export const nonces = map(storeName, Uint8Array.of(90), pairKey(int64Key, tailKey), rawValue);

/** An account's key, for those who look at the bytes only. */
export function accountKey(address: Uint8Array): Uint8Array {
  return concatBytes(accounts.prefix, address);
}

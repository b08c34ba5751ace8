/** The keys of store `dispute`; the README has them as a table. */
import { Case, Evidence, Params, Seat } from "../../codec/gen/dcm/dispute/v1/types.ts";
import { concatBytes } from "../../codec/bytes.ts";
import { bytesKey, item, lastDecoded, map, pairKey, present, proto, tailKey, tripleKey, uint32Key, uint64Key, uint64Value, type MapOf } from "../../runtime/collections.ts";
import type { Context } from "../../runtime/context.ts";

export const storeName = "dispute";
export const params = item(storeName, Uint8Array.of(0x01), lastDecoded(proto(Params)));
export const nextCaseId = item(storeName, Uint8Array.of(0x02), uint64Value);
export const cases = map(storeName, Uint8Array.of(0x03), uint64Key, proto(Case));
/** (case, round, juror). */
export const seats = map(storeName, Uint8Array.of(0x04), tripleKey(uint64Key, uint32Key, tailKey), proto(Seat));
/** (case, number from 1). */
export const evidence = map(storeName, Uint8Array.of(0x05), pairKey(uint64Key, uint32Key), proto(Evidence));
/** (tau, case): the last tau of a case's state, or of its record. */
export const dueQueue = map(storeName, Uint8Array.of(0x10), pairKey(uint64Key, uint64Key), present);
/** (height of the seed, case): rounds that wait for their jury. */
export const drawQueue = map(storeName, Uint8Array.of(0x11), pairKey(uint64Key, uint64Key), present);
/** (party, case) and (juror, case, round). */
export const casesByParty = map(storeName, Uint8Array.of(0x20), pairKey(bytesKey, uint64Key), present);
export const seatsByJuror = map(storeName, Uint8Array.of(0x21), tripleKey(bytesKey, uint64Key, uint32Key), present);

/** Prefixes of keys, for ranges. */
export const within = {
  case: (id: bigint): Uint8Array => uint64Key.encode(id),
  round: (id: bigint, round: number): Uint8Array => concatBytes(uint64Key.encode(id), uint32Key.encode(round)),
  address: (address: Uint8Array): Uint8Array => bytesKey.encode(address),
};

/** The values within a prefix; of collections whose part there is bounded. */
export function valuesIn<K, V>(ctx: Context, collection: MapOf<K, V>, prefix: Uint8Array): V[] {
  return Array.from(collection.entries(ctx, { within: prefix }), ([, value]) => value);
}

/** Up to `most` keys. */
export function firstKeys<K, V>(ctx: Context, collection: MapOf<K, V>, to: Uint8Array, most: number): K[] {
  const out: K[] = [];
  for (const [key] of collection.entries(ctx, { to })) {
    if (out.length === most) break;
    out.push(key);
  }
  return out;
}

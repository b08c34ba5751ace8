/** Keys of the jurors' state; the README has them as a table. */
import { Bond, Params, Profile, Unbonding, WeightNode } from "../../../codec/gen/dcm/juror/v1/types.ts";
import { bytesKey, item, lastDecoded, map, pairKey, present, proto, rawValue, tailKey, uint32Key, uint64Key, uint64Value } from "../../../runtime/collections.ts";

export const storeName = "jurors";
export const params = item(storeName, Uint8Array.of(0x01), lastDecoded(proto(Params)));
/** By the juror's address. */
export const profiles = map(storeName, Uint8Array.of(0x02), tailKey, proto(Profile));
export const bonds = map(storeName, Uint8Array.of(0x03), tailKey, proto(Bond));
/** By juror and id: a juror's entries, oldest first. */
export const unbondings = map(storeName, Uint8Array.of(0x04), pairKey(bytesKey, uint64Key), proto(Unbonding));
/** When an entry is paid: (tau in ms, id) to the juror. */
export const unbondingQueue = map(storeName, Uint8Array.of(0x05), pairKey(uint64Key, uint64Key), rawValue);
export const nextUnbondingId = item(storeName, Uint8Array.of(0x06), uint64Value);

/** Nodes of the tree of weights: (level, index) to the sums below its children. Level 0 is the root. */
export const nodes = map(storeName, Uint8Array.of(0x10), pairKey(uint32Key, uint32Key), proto(WeightNode));
/** Juror to its place among the leaves, and back. */
export const places = map(storeName, Uint8Array.of(0x11), tailKey, uint64Value);
export const jurorsAt = map(storeName, Uint8Array.of(0x12), uint64Key, rawValue);
/** Places that somebody left, and the first that nobody ever had. */
export const freePlaces = map(storeName, Uint8Array.of(0x13), uint64Key, present);
export const nextPlace = item(storeName, Uint8Array.of(0x14), uint64Value);
/** Jurors whose bond changed since the tree last heard of it. */
export const changed = map(storeName, Uint8Array.of(0x15), tailKey, present);

/** Ranges. */
export const within = {
  address: (address: Uint8Array): Uint8Array => bytesKey.encode(address),
};

/** Keys of the beacon's state; the README has them as a table. */
import { BeaconKey, Params, Seed } from "../../codec/gen/dcm/beacon/v1/types.ts";
import { item, map, proto, rawValue, tailKey, uint64Key } from "../../runtime/collections.ts";

export const storeName = "beacon";
export const params = item(storeName, Uint8Array.of(1), proto(Params));
/** The last seed that was decided, with its height; at genesis that of the height before the first block. */
export const latest = item(storeName, Uint8Array.of(2), proto(Seed));
export const seeds = map(storeName, Uint8Array.of(3), uint64Key, rawValue);
/** By operator address. */
export const keys = map(storeName, Uint8Array.of(4), tailKey, proto(BeaconKey));

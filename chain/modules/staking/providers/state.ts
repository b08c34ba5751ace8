/** Keys of the providers' state; the README has them as a table. What changes often stands apart from the profile, which is large. */
import { Faults, Liveness, Params, Profile, Standing, Unbonding } from "../../../codec/gen/dcm/staking/v1/types.ts";
import { bytesKey, item, lastDecoded, lastKnown, map, pairKey, present, proto, rawValue, tailKey, uint64Key, uint64Value } from "../../../runtime/collections.ts";

export const storeName = "providers";
export const params = item(storeName, Uint8Array.of(1), lastDecoded(proto(Params)));
/** By operator address. */
export const profiles = map(storeName, Uint8Array.of(2), tailKey, lastDecoded(proto(Profile)));
/** Several steps of one settlement read and write it. */
export const standings = map(storeName, Uint8Array.of(3), tailKey, lastKnown(proto(Standing)));
export const livenesses = map(storeName, Uint8Array.of(4), tailKey, lastDecoded(proto(Liveness)));
export const faults = map(storeName, Uint8Array.of(5), tailKey, lastDecoded(proto(Faults)));
/** By operator and id: a provider's entries, oldest first. */
export const unbondings = map(storeName, Uint8Array.of(6), pairKey(bytesKey, uint64Key), proto(Unbonding));
/** When an entry is next looked at: (tau in ms, id) to the operator. */
export const unbondingQueue = map(storeName, Uint8Array.of(7), pairKey(uint64Key, uint64Key), rawValue);
/** When a provider's heartbeat is next looked at: one entry for each that is not suspended. */
export const heartbeatQueue = map(storeName, Uint8Array.of(8), pairKey(uint64Key, tailKey), present);
/** Where the walk over all providers goes on that follows a change of parameters; absent: nothing to walk. */
export const recheckFrom = item(storeName, Uint8Array.of(10), rawValue);
export const nextUnbondingId = item(storeName, Uint8Array.of(9), uint64Value);

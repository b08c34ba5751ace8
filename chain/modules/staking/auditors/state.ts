/** Keys of the auditors' state; the README has them as a table. */
import { Accreditation, Attestation, Bond, Params, Profile, Unbonding } from "../../../codec/gen/dcm/auditor/v1/types.ts";
import { concatBytes } from "../../../codec/bytes.ts";
import {
  bytesKey, item, lastDecoded, map, pairKey, present, proto, rawValue, tailKey, textKey, textTailKey, tripleKey, uint64Key, uint64Value, type KeyCodec,
} from "../../../runtime/collections.ts";

export const storeName = "auditors";
export const params = item(storeName, Uint8Array.of(0x01), lastDecoded(proto(Params)));
/** By the auditor's address. */
export const profiles = map(storeName, Uint8Array.of(0x02), tailKey, proto(Profile));
export const bonds = map(storeName, Uint8Array.of(0x03), tailKey, proto(Bond));
/** Also of accounts that have not registered. */
export const accreditations = map(storeName, Uint8Array.of(0x04), tailKey, proto(Accreditation));
/** When an accreditation ends: (tau in ms, auditor). */
export const accreditationQueue = map(storeName, Uint8Array.of(0x05), pairKey(uint64Key, tailKey), present);
/** By auditor and id: an auditor's entries, oldest first. */
export const unbondings = map(storeName, Uint8Array.of(0x06), pairKey(bytesKey, uint64Key), proto(Unbonding));
/** When an entry is paid: (tau in ms, id) to the auditor. */
export const unbondingQueue = map(storeName, Uint8Array.of(0x07), pairKey(uint64Key, uint64Key), rawValue);
export const nextUnbondingId = item(storeName, Uint8Array.of(0x08), uint64Value);

/** (provider, attribute key, auditor): what is attested of one attribute lies side by side. */
export type Place = readonly [provider: Uint8Array, key: string, auditor: Uint8Array];
const placeKey: KeyCodec<Place> = tripleKey(bytesKey, textKey, tailKey);
export const attestations = map(storeName, Uint8Array.of(0x10), placeKey, proto(Attestation));
export const byAuditor = map(storeName, Uint8Array.of(0x11), tripleKey(bytesKey, bytesKey, textTailKey), present);
export const byKey = map(storeName, Uint8Array.of(0x12), tripleKey(textKey, bytesKey, tailKey), present);
/** When an attestation ends: (tau in ms, place). */
export const expiryQueue = map(storeName, Uint8Array.of(0x13), pairKey(uint64Key, placeKey), present);

/** Providers that left and auditors that ended while attestations were left: these are void, and sweeps take them away. */
export const voidProviders = map(storeName, Uint8Array.of(0x14), tailKey, present);
export const voidAuditors = map(storeName, Uint8Array.of(0x15), tailKey, present);
/** Auditors whose standing changed, to the key in `byAuditor` from which on its providers have yet to be told of. */
export const notices = map(storeName, Uint8Array.of(0x16), tailKey, rawValue);

/** Ranges. */
export const within = {
  address: (address: Uint8Array): Uint8Array => bytesKey.encode(address),
  attribute: (provider: Uint8Array, key: string): Uint8Array => concatBytes(bytesKey.encode(provider), textKey.encode(key)),
  addresses: (auditor: Uint8Array, provider: Uint8Array): Uint8Array => concatBytes(bytesKey.encode(auditor), bytesKey.encode(provider)),
  key: (key: string): Uint8Array => textKey.encode(key),
};

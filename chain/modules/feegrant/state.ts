/** The keys of store `feegrant`, as the Cosmos SDK lays them out. */
import { Grant } from "../../codec/gen/cosmos/feegrant/v1beta1/feegrant.ts";
import { fromUtf8, utf8 } from "../../codec/bytes.ts";
import { bytesKey, map, pairKey, proto, rawValue, tripleKey, type KeyCodec } from "../../runtime/collections.ts";

export const storeName = "feegrant";

/** 29 characters of sortable time. */
const timeKey: KeyCodec<string> = { encode: utf8, decode: (bytes, at) => [fromUtf8(bytes.subarray(at, at + 29)), at + 29] };

/** (grantee, granter) */
export const grants = map(storeName, Uint8Array.of(0), pairKey(bytesKey, bytesKey), proto(Grant));
/** (expiry, grantee, granter) of each grant that expires. */
export const expiries = map(storeName, Uint8Array.of(1), tripleKey(timeKey, bytesKey, bytesKey), rawValue);
export const expiryMark = Uint8Array.of(0);

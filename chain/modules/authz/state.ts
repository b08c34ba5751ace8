/** The keys of store `authz`, as the Cosmos SDK lays them out. */
import { Grant, GrantQueueItem } from "../../codec/gen/cosmos/authz/v1beta1/authz.ts";
import { fromUtf8, utf8 } from "../../codec/bytes.ts";
import { bytesKey, map, proto, textTailKey, tripleKey, type KeyCodec } from "../../runtime/collections.ts";

export const storeName = "authz";

/** 29 characters of sortable time. */
const timeKey: KeyCodec<string> = { encode: utf8, decode: (bytes, at) => [fromUtf8(bytes.subarray(at, at + 29)), at + 29] };

/** (granter, grantee, message type) */
export const grants = map(storeName, Uint8Array.of(1), tripleKey(bytesKey, bytesKey, textTailKey), proto(Grant));
/** (expiry, granter, grantee) to the message types that expire then. */
export const expiries = map(storeName, Uint8Array.of(2), tripleKey(timeKey, bytesKey, bytesKey), proto(GrantQueueItem));

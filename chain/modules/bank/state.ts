/** The keys of store `bank`, as the Cosmos SDK lays them out. */
import { Metadata, Params } from "../../codec/gen/cosmos/bank/v1beta1/bank.ts";
import { concatBytes, fromUtf8, utf8 } from "../../codec/bytes.ts";
import { bytesKey, intValue, item, lastDecoded, map, pairKey, proto, rawValue, textTailKey, type KeyCodec, type ValueCodec } from "../../runtime/collections.ts";

export const storeName = "bank";

/** Text before a zero byte. */
const textZeroKey: KeyCodec<string> = {
  encode: (text) => concatBytes(utf8(text), Uint8Array.of(0)),
  decode(bytes, at) {
    const end = bytes.indexOf(0, at);
    return [fromUtf8(bytes.subarray(at, end)), end + 1];
  },
};

/** `google.protobuf.BoolValue`, as the SDK stores a flag; false is one zero byte, as no value may be empty. */
const boolValue: ValueCodec<boolean> = {
  fresh: true,
  encode: (value) => (value ? Uint8Array.of(8, 1) : Uint8Array.of(0)),
  decode: (bytes) => bytes.length === 2,
};

export const supplies = map(storeName, Uint8Array.of(0), textTailKey, intValue);
export const metadata = map(storeName, Uint8Array.of(1), textTailKey, proto(Metadata));
export const balances = map(storeName, Uint8Array.of(2), pairKey(bytesKey, textTailKey), intValue);
/** Who holds a denom: (denom, address) for each balance above zero. */
export const holders = map(storeName, Uint8Array.of(3), pairKey(textZeroKey, bytesKey), rawValue);
export const holderMark = Uint8Array.of(0);
export const sendEnabled = map(storeName, Uint8Array.of(4), textTailKey, boolValue);
export const params = item(storeName, Uint8Array.of(5), lastDecoded(proto(Params)));

/** The first part of `balances` for one address, and of `holders` for one denom. */
export const withinAddress = (address: Uint8Array): Uint8Array => bytesKey.encode(address);
export const withinDenom = (denom: string): Uint8Array => textZeroKey.encode(denom);

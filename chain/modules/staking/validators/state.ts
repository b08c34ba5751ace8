/** The keys of store `staking` that validators and delegations use, as the Cosmos SDK lays them out. */
import { IntProto } from "../../../codec/gen/cosmos/base/v1beta1/coin.ts";
import { Delegation, Params, Validator } from "../../../codec/gen/cosmos/staking/v1beta1/staking.ts";
import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import { bytesKey, item, map, pairKey, proto, rawValue, uint64Key, type KeyCodec, type ValueCodec } from "../../../runtime/collections.ts";

export const storeName = "staking";

/** Address bytes inverted, so that among equal powers the lower address comes first from the top. */
const invertedKey: KeyCodec<Uint8Array> = {
  encode: (address) => bytesKey.encode(address.map((byte) => byte ^ 0xff)),
  decode(bytes, at) {
    const [inverted, next] = bytesKey.decode(bytes, at);
    return [inverted.map((byte) => byte ^ 0xff), next];
  },
};

/** `google.protobuf.Int64Value` of a number above zero. */
const int64Value: ValueCodec<bigint> = {
  encode: (value) => new BinaryWriter().uint32(8).int64(value).finish(),
  decode(bytes) {
    const reader = new BinaryReader(bytes);
    reader.uint32();
    return BigInt(reader.int64());
  },
};

/** Power of each validator of the set that CometBFT was told last. */
export const lastPowers = map(storeName, Uint8Array.of(0x11), bytesKey, int64Value);
export const lastTotalPower = item(storeName, Uint8Array.of(0x12), proto(IntProto));
export const validators = map(storeName, Uint8Array.of(0x21), bytesKey, proto(Validator));
/** Consensus address to operator. */
export const byConsensusAddress = map(storeName, Uint8Array.of(0x22), bytesKey, rawValue);
/** (power, operator) of every validator that is not jailed. */
export const byPower = map(storeName, Uint8Array.of(0x23), pairKey(uint64Key, invertedKey), rawValue);
/** (delegator, operator) */
export const delegations = map(storeName, Uint8Array.of(0x31), pairKey(bytesKey, bytesKey), proto(Delegation));
/** (operator, delegator) */
export const delegatorsOf = map(storeName, Uint8Array.of(0x71), pairKey(bytesKey, bytesKey), rawValue);
export const delegatorMark = Uint8Array.of(0);
export const params = item(storeName, Uint8Array.of(0x51), proto(Params));

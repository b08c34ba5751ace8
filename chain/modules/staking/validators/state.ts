/** The keys of store `staking`: the Cosmos SDK's prefixes, and indexes of our own from 0x72 on. */
import { IntProto } from "../../../codec/gen/cosmos/base/v1beta1/coin.ts";
import { Delegation, Params, Redelegation, UnbondingDelegation, Validator } from "../../../codec/gen/cosmos/staking/v1beta1/staking.ts";
import { Header } from "../../../codec/gen/tendermint/types/types.ts";
import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import { bytesKey, item, map, pairKey, present, proto, rawValue, tripleKey, uint64Key, uint64Value, type KeyCodec, type ValueCodec } from "../../../runtime/collections.ts";

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

/** (delegator, operator) */
export const unbondings = map(storeName, Uint8Array.of(0x32), pairKey(bytesKey, bytesKey), proto(UnbondingDelegation));
/** (operator, delegator) */
export const unbondingsOf = map(storeName, Uint8Array.of(0x33), pairKey(bytesKey, bytesKey), present);
/** (operator, height at which an entry began, delegator): a slash looks at no entry that began before its infraction. */
export const unbondingHeights = map(storeName, Uint8Array.of(0x72), tripleKey(bytesKey, uint64Key, bytesKey), present);
/** (delegator, source, destination) */
export const redelegations = map(storeName, Uint8Array.of(0x34), tripleKey(bytesKey, bytesKey, bytesKey), proto(Redelegation));
/** (source, delegator, destination) */
export const redelegationsFrom = map(storeName, Uint8Array.of(0x35), tripleKey(bytesKey, bytesKey, bytesKey), present);
/** (destination, delegator, source) */
export const redelegationsTo = map(storeName, Uint8Array.of(0x36), tripleKey(bytesKey, bytesKey, bytesKey), present);
/** (source, height at which an entry began, delegator, destination) */
export const redelegationHeights = map(storeName, Uint8Array.of(0x73), pairKey(pairKey(bytesKey, uint64Key), pairKey(bytesKey, bytesKey)), present);

/** The id of the newest unbonding operation. */
export const lastUnbondingId = item(storeName, Uint8Array.of(0x37), uint64Value);
/** (completion time in Unix nanoseconds, delegator, operator) */
export const unbondingQueue = map(storeName, Uint8Array.of(0x41), tripleKey(uint64Key, bytesKey, bytesKey), present);
/** (completion time in Unix nanoseconds, delegator, source, destination) */
export const redelegationQueue = map(storeName, Uint8Array.of(0x42), pairKey(uint64Key, tripleKey(bytesKey, bytesKey, bytesKey)), present);
/** (completion time in Unix nanoseconds, height at which unbonding began, operator) */
export const validatorQueue = map(storeName, Uint8Array.of(0x43), tripleKey(uint64Key, uint64Key, bytesKey), present);

export const params = item(storeName, Uint8Array.of(0x51), proto(Params));
/** There while the set may differ from what CometBFT was told. */
export const setChanged = item(storeName, Uint8Array.of(0x61), present);

/** By height, of the blocks whose sets are kept. */
export const historyHeaders = map(storeName, Uint8Array.of(0x50), uint64Key, proto(Header));
/** (operator, height): a bonded validator as that block and those after it found it; empty where it was not in the set. */
export const historyRecords = map(storeName, Uint8Array.of(0x74), pairKey(bytesKey, uint64Key), proto(Validator));
/** (height of the newer record, operator, height of the older one): once blocks from the first height on are the oldest kept, the older record goes. */
export const historySuperseded = map(storeName, Uint8Array.of(0x75), tripleKey(uint64Key, bytesKey, uint64Key), present);
/** Operators of validators that are in the set, or were, and changed in this block; none between blocks. */
export const touched = map(storeName, Uint8Array.of(0x76), bytesKey, present);

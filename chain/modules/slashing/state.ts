/** The keys of store `slashing`: the Cosmos SDK's prefixes, and what counts signed blocks without writing them. */
import { Params, ValidatorSigningInfo } from "../../codec/gen/cosmos/slashing/v1beta1/slashing.ts";
import { concatBytes, readUint64, uint64Bytes } from "../../codec/bytes.ts";
import { bytesKey, item, map, pairKey, present, proto, uint32Key, uint64Value, type ValueCodec } from "../../runtime/collections.ts";

export const storeName = "slashing";

/** What is known of one consensus key. */
export interface Signer {
  /** Its `indexOffset` is that of the moment when counting began or stopped; `indexOffset` in signing-info.ts gives today's. */
  readonly info: ValidatorSigningInfo;
  /** Height of the first block since then that counted; 0 while none counts. */
  readonly countedFrom: bigint;
}

const infoValue = proto(ValidatorSigningInfo);

const signerValue: ValueCodec<Signer> = {
  fresh: true,
  encode: ({ info, countedFrom }) => concatBytes(uint64Bytes(countedFrom), infoValue.encode(info)),
  decode: (bytes) => ({ countedFrom: readUint64(bytes), info: infoValue.decode(bytes.subarray(8)) }),
};

export const params = item(storeName, Uint8Array.of(0x00), proto(Params));
/** By consensus address: every key that was ever in the set. */
export const signers = map(storeName, Uint8Array.of(0x01), bytesKey, signerValue);

/** Bits of one chunk; bytes behind its last missed block are left out, and a chunk without any is not there. */
const chunkValue: ValueCodec<Uint8Array> = { fresh: true, encode: (chunk) => chunk.slice(), decode: (bytes) => bytes };
/** (consensus address, chunk): the blocks of the window that were missed, a bit each. */
export const missedChunks = map(storeName, Uint8Array.of(0x02), pairKey(bytesKey, uint32Key), chunkValue);

/** Consensus addresses whose blocks are counted now. */
export const counted = map(storeName, Uint8Array.of(0x04), bytesKey, present);
/** How many they are. */
export const countedTotal = item(storeName, Uint8Array.of(0x05), uint64Value);

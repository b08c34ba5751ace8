/** The seed rule, as pure functions. Every variable part stands behind its length, and each use of a hash or signature has a domain of its own. */
import { concatBytes, uint64Bytes, utf8 } from "../../codec/bytes.ts";
import { sha256 } from "../../codec/hash.ts";

const domains = {
  reveal: utf8("dcm/beacon/reveal/v1"),
  possession: utf8("dcm/beacon/possession/v1"),
  seed: utf8("dcm/beacon/seed/v1"),
  missing: utf8("dcm/beacon/seed-missing/v1"),
  genesis: utf8("dcm/beacon/seed-genesis/v1"),
} as const;

function sized(bytes: Uint8Array): Uint8Array {
  return concatBytes(uint64Bytes(BigInt(bytes.length)), bytes);
}

/** What the proposer of block `height` signs. It has no choice in it. */
export function revealMessage(chainId: string, height: bigint, previousSeed: Uint8Array): Uint8Array {
  return concatBytes(domains.reveal, sized(utf8(chainId)), uint64Bytes(height), previousSeed);
}

/** The context of a proof of possession: it serves no other chain and no other operator. */
export function possessionContext(chainId: string, operator: Uint8Array): Uint8Array {
  return concatBytes(domains.possession, sized(utf8(chainId)), sized(operator));
}

export function seedOfReveal(previousSeed: Uint8Array, signature: Uint8Array): Uint8Array {
  return sha256(domains.seed, previousSeed, signature);
}

/** The seed of a block whose proposer has no active key, or whose reveal failed. */
export function seedOfMissing(previousSeed: Uint8Array, height: bigint): Uint8Array {
  return sha256(domains.missing, previousSeed, uint64Bytes(height));
}

/** The seed before the first block. `section` is the encoded genesis of this module. */
export function seedOfGenesis(chainId: string, timeNanos: bigint, section: Uint8Array): Uint8Array {
  return sha256(domains.genesis, sized(utf8(chainId)), uint64Bytes(timeNanos), section);
}

/** Sharing whole units among equals, so that splitting an order gains nothing. */
import { readUint64, uint64Bytes } from "../../codec/bytes.ts";
import { sha256 } from "../../codec/hash.ts";

/**
 * Gives `supply` units to demands that sum to at least `supply`: the first i demands together get floor((c_i x supply + u) / d), where c_i is
 * what they ask for and d what all ask for. `u` is from [0, d): averaged over it, each demand gets exactly its share.
 */
export function proRata(demands: readonly number[], supply: number, u: bigint): number[] {
  let total = 0n;
  for (const demand of demands) total += BigInt(demand);
  if (total === 0n) return demands.map(() => 0);
  let before = u / total;
  let cumulative = 0n;
  return demands.map((demand) => {
    cumulative += BigInt(demand);
    const upTo = (cumulative * BigInt(supply) + u) / total;
    const share = upTo - before;
    before = upTo;
    return Number(share);
  });
}

/** The place of an order among its equals. */
export function tieHash(seed: Uint8Array, id: bigint): bigint {
  return readUint64(sha256(seed, uint64Bytes(id)));
}

/** A number in [0, bound) that nobody could choose; `id` tells draws of one seed apart. */
export function seeded(seed: Uint8Array, label: Uint8Array, id: bigint, bound: bigint): bigint {
  const digest = sha256(seed, label, uint64Bytes(id));
  return ((readUint64(digest) << 64n) | readUint64(digest, 8)) % bound;
}

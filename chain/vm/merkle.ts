/** Merkle trees of fixed depth over leaves of 256 bytes: SHA-256 of a leaf, SHA-256 of two nodes side by side. What is not given is zero. */
import { sha256 } from "../codec/hash.ts";
import { argumentsDepth, leafBytes, ramDepth, regionDepth, romDepth } from "./layout.ts";

export const hashBytes = 32;

/** The roots of trees of zeros, by depth from 0 to that of RAM. */
const zeroRoots: readonly Uint8Array[] = Array.from({ length: ramDepth }).reduce<Uint8Array[]>((roots) => [...roots, sha256(roots.at(-1)!, roots.at(-1)!)], [sha256(new Uint8Array(leafBytes))]);

/** The root of a tree of zeros with 2^depth leaves; depth 0 to 18. */
export function zeroRoot(depth: number): Uint8Array {
  return zeroRoots[depth]!;
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(left, right);
}

/** Whether bytes `from` to `to` are all zero. */
function isZero(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i] !== 0) return false;
  return true;
}

/** Writes the hash of each leaf of `bytes`, whose last one is padded with zeros, one behind the other. */
function leafHashes(bytes: Uint8Array, out: Uint8Array): void {
  for (let at = 0, i = 0; at < bytes.length; at += leafBytes, i++) {
    const end = at + leafBytes;
    if (isZero(bytes, at, Math.min(end, bytes.length))) out.set(zeroRoots[0]!, i * hashBytes);
    else if (end <= bytes.length) out.set(sha256(bytes.subarray(at, end)), i * hashBytes);
    else {
      const padded = new Uint8Array(leafBytes);
      padded.set(bytes.subarray(at));
      out.set(sha256(padded), i * hashBytes);
    }
  }
}

/** The root over `bytes` followed by zeros, in a tree of 2^depth leaves. Throws a RangeError where they do not fit. */
export function rootOf(bytes: Uint8Array, depth: number): Uint8Array {
  if (bytes.length > leafBytes * 2 ** depth) throw new RangeError(`${bytes.length} bytes, a tree of depth ${depth} holds ${leafBytes * 2 ** depth}`);
  if (bytes.length === 0) return zeroRoots[depth]!.slice();
  let count = Math.ceil(bytes.length / leafBytes);
  // One node more than there are, for the zeros beside the last one.
  const nodes = new Uint8Array((count + 1) * hashBytes);
  leafHashes(bytes, nodes);
  for (let level = 0; level < depth; level++) {
    if (count % 2 === 1) nodes.set(zeroRoots[level]!, count++ * hashBytes);
    count /= 2;
    hashPairs(nodes, nodes, count, level);
  }
  return nodes.slice(0, hashBytes);
}

/** `count` parents of the nodes in `from`, which are at `level`, into `to`, which may be the same array. */
function hashPairs(from: Uint8Array, to: Uint8Array, count: number, level: number): void {
  for (let i = 0; i < count; i++) hashPair(from, to, i, level);
}

/** Parent `i` of the nodes in `from`, which are at `level`, to its place in `to`. */
export function hashPair(from: Uint8Array, to: Uint8Array, i: number, level: number): void {
  const at = i * 2 * hashBytes;
  const zero = zeroRoots[level]!;
  const empty = hasAt(from, at, zero) && hasAt(from, at + hashBytes, zero);
  to.set(empty ? zeroRoots[level + 1]! : sha256(from.subarray(at, at + 2 * hashBytes)), i * hashBytes);
}

/** Whether `hash` stands at `at`. */
function hasAt(nodes: Uint8Array, at: number, hash: Uint8Array): boolean {
  for (let i = 0; i < hashBytes; i++) if (nodes[at + i] !== hash[i]) return false;
  return true;
}

/** The root of a region of 16 MiB: an input, an output, a program's data. Throws a RangeError where there is more. */
export function regionRoot(bytes: Uint8Array): Uint8Array {
  return rootOf(bytes, regionDepth);
}

/** The root of a program's instructions. Throws a RangeError above 16 MiB. */
export function romRoot(rom: Uint8Array): Uint8Array {
  return rootOf(rom, romDepth);
}

/** The root of a job's arguments. Throws a RangeError above 64 KiB. At most 511 hashes. */
export function argumentsRoot(bytes: Uint8Array): Uint8Array {
  return rootOf(bytes, argumentsDepth);
}

/**
 * What the siblings of a proof for `indices` (strictly increasing leaves of a tree of `depth`) are: `visit` gets the level, from 0 at the
 * leaves, and index of each, bottom-up and left to right. Returns their number. No leaf, no sibling.
 */
export function eachSibling(indices: readonly number[], depth: number, visit: (level: number, index: number) => void): number {
  let count = 0;
  let current = indices;
  for (let level = 0; level < depth && current.length > 0; level++) {
    const parents: number[] = [];
    for (let i = 0; i < current.length; i++) {
      const index = current[i]!;
      if (index % 2 === 0 && current[i + 1] === index + 1) i++;
      else {
        count++;
        visit(level, index ^ 1);
      }
      parents.push(index >>> 1);
    }
    current = parents;
  }
  return count;
}

/** The root of which `hashes` are the leaves at `indices`, with the siblings that `eachSibling` names, one behind the other. There is a leaf, and no sibling too few. */
export function rootFromProof(indices: readonly number[], hashes: readonly Uint8Array[], siblings: Uint8Array, depth: number): Uint8Array {
  let [current, nodes, used] = [indices, hashes, 0];
  for (let level = 0; level < depth; level++) {
    const parents: number[] = [];
    const above: Uint8Array[] = [];
    for (let i = 0; i < current.length; i++) {
      const index = current[i]!;
      const node = nodes[i]!;
      if (index % 2 === 0 && current[i + 1] === index + 1) above.push(nodeHash(node, nodes[++i]!));
      else {
        const sibling = siblings.subarray(used, (used += hashBytes));
        above.push(index % 2 === 0 ? nodeHash(node, sibling) : nodeHash(sibling, node));
      }
      parents.push(index >>> 1);
    }
    [current, nodes] = [parents, above];
  }
  return nodes[0]!;
}

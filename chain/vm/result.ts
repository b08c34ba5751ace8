/** Results whose program left something in the output region behind them: what is served with such a result, so that its bytes can be held against the region's root all the same. */
import { concatBytes, equalBytes } from "../codec/bytes.ts";
import { sha256 } from "../codec/hash.ts";
import { leafBytes, outputAt, regionDepth } from "./layout.ts";
import type { MemoryTree } from "./memory-tree.ts";
import { hashBytes, nodeHash, regionRoot, rootOf } from "./merkle.ts";

const firstLeaf = outputAt / leafBytes;

/**
 * What follows the result's bytes: the rest of their last leaf, then the hashes right of its path within the output region, bottom-up: less than 768 bytes.
 * Empty where the result is, or where all behind it is zero. `tree` is that of `ram`.
 */
export function behindResult(ram: Uint8Array, tree: MemoryTree, outputRoot: Uint8Array, size: number): Uint8Array {
  if (size === 0 || equalBytes(regionRoot(ram.subarray(outputAt, outputAt + size)), outputRoot)) return new Uint8Array(0);
  const last = lastLeafOf(size);
  const siblings = tree.siblings(ram, [firstLeaf + last]);
  const right = rightLevels(last).map((level) => siblings.subarray(level * hashBytes, (level + 1) * hashBytes));
  return concatBytes(ram.subarray(outputAt + size, outputAt + (last + 1) * leafBytes), ...right);
}

/** The result that `served` begins with, or undefined where that is no result of this size under the output region's root. An empty one is bound by its size alone. */
export function resultOf(served: Uint8Array, size: number, outputRoot: Uint8Array): Uint8Array | undefined {
  const result = served.subarray(0, size);
  if (result.length !== size) return undefined;
  if (served.length === size) return size === 0 || equalBytes(regionRoot(result), outputRoot) ? result : undefined;
  if (size === 0) return undefined;
  const last = lastLeafOf(size);
  const levels = rightLevels(last);
  const leavesEnd = (last + 1) * leafBytes;
  if (served.length !== leavesEnd + levels.length * hashBytes) return undefined;
  // The nodes left of the path hold nothing but whole leaves of the result.
  let node = sha256(served.subarray(last * leafBytes, leavesEnd));
  let at = leavesEnd;
  for (let level = 0; level < regionDepth; level++) {
    const index = last >> level;
    if (index % 2 === 0) node = nodeHash(node, served.subarray(at, (at += hashBytes)));
    else node = nodeHash(rootOf(served.subarray(((index - 1) * leafBytes) << level, (index * leafBytes) << level), level), node);
  }
  return equalBytes(node, outputRoot) ? result : undefined;
}

const lastLeafOf = (size: number): number => Math.ceil(size / leafBytes) - 1;

/** Levels at which the path from a leaf goes up on the left side. */
const rightLevels = (leaf: number): number[] => Array.from({ length: regionDepth }, (_, level) => level).filter((level) => (leaf >> level) % 2 === 0);

/** Inclusion in an RFC 6962 tree (RFC 9162, section 2.1.3.2). */
import { equalBytes } from "../../codec/bytes.ts";
import { sha256 } from "../../codec/hash.ts";

const [leafPrefix, nodePrefix] = [Uint8Array.of(0), Uint8Array.of(1)];

/** More siblings than any path has. */
export const longestPath = 32;

/** Whether `entry` is leaf `index` of the `count` under `root`, as `path` says: from the leaf up. `index` is below `count`, and that below 2^31. */
export function isIncluded(entry: Uint8Array, index: number, count: number, path: readonly Uint8Array[], root: Uint8Array): boolean {
  let [at, last, hash] = [index, count - 1, sha256(leafPrefix, entry)];
  for (const sibling of path) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      hash = sha256(nodePrefix, sibling, hash);
      while (at % 2 === 0 && at !== 0) [at, last] = [at >> 1, last >> 1];
    } else {
      hash = sha256(nodePrefix, hash, sibling);
    }
    [at, last] = [at >> 1, last >> 1];
  }
  return last === 0 && equalBytes(hash, root);
}

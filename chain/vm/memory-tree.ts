/**
 * The tree of a memory that changes: kept from pages of 4 KiB upwards, in one piece (1 MiB for RAM); what lies within a page is hashed again where a
 * proof needs it. For parties; the chain never has a whole tree.
 */
import { equalBytes } from "../codec/bytes.ts";
import { leafBytes } from "./layout.ts";
import { eachSibling, hashBytes, hashPair, rootOf, zeroRoot } from "./merkle.ts";
import { pageBytes } from "./ram.ts";

/** Levels within a page. */
const pageDepth = 4;

export class MemoryTree {
  readonly #depth: number;
  /** Nodes by level, from pages to the root. */
  readonly #levels: readonly Uint8Array[];
  /** Nodes, by level above the pages, one of whose children changed since they were hashed. */
  readonly #stale: readonly Uint8Array[];
  #settled = true;

  /** Over 2^depth leaves of zeros; depth from 4. */
  constructor(depth: number) {
    this.#depth = depth;
    this.#levels = Array.from({ length: depth - pageDepth + 1 }, (_, level) => {
      const nodes = new Uint8Array(hashBytes << (depth - pageDepth - level));
      nodes.set(zeroRoot(level + pageDepth));
      for (let filled = hashBytes; filled < nodes.length; filled *= 2) nodes.copyWithin(filled, 0, filled);
      return nodes;
    });
    this.#stale = this.#levels.slice(1).map((nodes) => new Uint8Array(nodes.length / hashBytes));
  }

  /** Of a memory that holds `bytes`, then zeros. Throws a RangeError where they do not fit. */
  static of(bytes: Uint8Array, depth: number): MemoryTree {
    const tree = new MemoryTree(depth);
    const pages = Math.ceil(bytes.length / pageBytes);
    if (pages > 2 ** (depth - pageDepth)) throw new RangeError(`${bytes.length} bytes, a tree of depth ${depth} holds ${leafBytes * 2 ** depth}`);
    tree.update(bytes, new Uint8Array(pages).fill(1));
    return tree;
  }

  /** Hashes the pages of `bytes` that are marked, and takes the marks away. */
  update(bytes: Uint8Array, dirty: Uint8Array): void {
    for (let page = dirty.indexOf(1); page >= 0; page = dirty.indexOf(1, page + 1)) {
      dirty[page] = 0;
      this.setPage(page, rootOf(bytes.subarray(page * pageBytes, (page + 1) * pageBytes), pageDepth));
    }
  }

  /** Another page, by its root. */
  setPage(page: number, root: Uint8Array): void {
    const pages = this.#levels[0]!;
    const at = page * hashBytes;
    if (equalBytes(pages.subarray(at, at + hashBytes), root)) return;
    pages.set(root, at);
    if (this.#stale.length > 0) this.#stale[0]![page >>> 1] = 1;
    this.#settled = false;
  }

  pageRoot(page: number): Uint8Array {
    return this.node(pageDepth, page);
  }

  root(): Uint8Array {
    return this.node(this.#depth, 0);
  }

  /** A node by level, from that of the pages, and index. A copy. */
  node(level: number, index: number): Uint8Array {
    this.#settle();
    return this.#levels[level - pageDepth]!.slice(index * hashBytes, (index + 1) * hashBytes);
  }

  #settle(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#stale.forEach((stale, level) => {
      const above = this.#stale[level + 1];
      for (let i = stale.indexOf(1); i >= 0; i = stale.indexOf(1, i + 1)) {
        stale[i] = 0;
        hashPair(this.#levels[level]!, this.#levels[level + 1]!, i, level + pageDepth);
        if (above !== undefined) above[i >>> 1] = 1;
      }
    });
  }

  /** The siblings of a proof for the leaves at `indices`, strictly increasing, of the memory `bytes` that this is the tree of. */
  siblings(bytes: Uint8Array, indices: readonly number[]): Uint8Array {
    this.#settle();
    const out: Uint8Array[] = [];
    eachSibling(indices, this.#depth, (level, index) => {
      if (level >= pageDepth) {
        out.push(this.node(level, index));
        return;
      }
      const at = (index * leafBytes) << level;
      out.push(rootOf(bytes.subarray(at, at + (leafBytes << level)), level));
    });
    const siblings = new Uint8Array(out.length * hashBytes);
    out.forEach((sibling, i) => { siblings.set(sibling, i * hashBytes); });
    return siblings;
  }
}

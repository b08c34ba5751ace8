/**
 * An image: one whole version as chunks of about 10 MB, the same bytes on every node. Checkpoints and state-sync snapshots are
 * images. The nodes of each tree come in post-order, so that a reader rebuilds it exactly with nothing but a stack.
 *
 * A chunk is a sequence of items, never split between chunks:
 *
 * | tag | item | content |
 * |---|---|---|
 * | 0 | head, first of all | format, version, meta |
 * | 1 | store begins | name |
 * | 2 | leaf | version, key, value |
 * | 3 | inner node | version; its children are the two subtrees before it |
 * | 4 | store ends | |
 *
 * Numbers are varints, byte strings are preceded by their length. Hashes are not stored: the reader computes them, and the
 * app hash that comes out vouches for everything.
 */
import { compareBytes, equalBytes, fromUtf8, toHex, utf8 } from "../../codec/bytes.ts";
import { maxKeyLength, maxValueLength } from "../limits.ts";
import { compareNames } from "../overlay.ts";
import { storesRoot } from "../proofs.ts";
import type { State } from "../state.ts";
import { VERSION } from "../tree/arena.ts";
import { Tree } from "../tree/tree.ts";
import { Reader, Writer } from "./bytes.ts";
import { maxMetaLength } from "./record.ts";

/** The only format so far. */
export const imageFormat = 1;
/** Bytes at which a chunk is full. One more item of at most 4 MiB still fits CometBFT's 16 MB. */
export const chunkBytes = 10_000_000;

const head = 0;
const storeBegin = 1;
const leafItem = 2;
const innerItem = 3;
const storeEnd = 4;

/**
 * The chunks of a version that stays pinned meanwhile, one after the other. Yields undefined every few hundred nodes, so that the
 * caller can let others work; a chunk is valid until the next step.
 */
export function* imageChunks(state: State, version: number, fullAt: number = chunkBytes): Generator<Uint8Array | undefined> {
  const { roots, meta } = state.kept(version);
  const { arena } = state;
  const writer = new Writer(fullAt + (1 << 16));
  writer.byte(head);
  writer.uint(imageFormat);
  writer.uint(version);
  writer.string(meta);
  for (const name of Array.from(roots.keys())) {
    writer.byte(storeBegin);
    writer.string(utf8(name));
    const next = state.tree(name)!.postOrder(roots.get(name)!);
    let steps = 0;
    for (let node = next(); node >= 0; node = next()) {
      const inner = arena.height(node) > 0;
      writer.byte(inner ? innerItem : leafItem);
      writer.uint(arena.field(node, VERSION));
      if (!inner) {
        writer.string(arena.keyView(node));
        writer.string(arena.valueView(node));
      }
      if (writer.length >= fullAt) {
        yield writer.view();
        writer.clear();
      }
      if (++steps % 256 === 0) yield undefined;
    }
    writer.byte(storeEnd);
  }
  yield writer.view();
}

/** Rebuilds a version from its chunks, in order. The bytes may be hostile: every failure is a RangeError or TypeError. */
export class ImageReader {
  readonly #state: State;
  readonly #trees = new Map<string, Tree>();
  readonly #byHeight: number[][] = [];
  #version = 0;
  #meta: Uint8Array = new Uint8Array(0);
  #name = "";
  #tree: Tree | undefined;
  /** Subtrees that no inner node has taken yet: their roots, and the leaf farthest left in each. */
  #roots: number[] = [];
  #smallest: number[] = [];
  #lastKey: Uint8Array | undefined;

  /** Reads into an empty state. */
  constructor(state: State) {
    this.#state = state;
  }

  /** Takes the next chunk. */
  push(chunk: Uint8Array): void {
    const reader = new Reader(chunk);
    while (!reader.done) this.#item(reader);
  }

  #item(reader: Reader): void {
    const tag = reader.byte();
    if (this.#version === 0) {
      if (tag !== head || reader.uint() !== imageFormat) throw new RangeError("the image does not begin with a head of a known format");
      this.#version = reader.uint(0x7fffffff);
      if (this.#version === 0) throw new RangeError("an image of version 0");
      this.#meta = reader.string(maxMetaLength).slice();
    } else if (tag === leafItem) this.#leaf(reader);
    else if (tag === innerItem) this.#inner(this.#nodeVersion(reader));
    else if (tag === storeBegin) this.#begin(fromUtf8(reader.string(127)));
    else if (tag === storeEnd) this.#end();
    else throw new RangeError(`an item with tag ${tag}`);
  }

  #begin(name: string): void {
    if (this.#tree !== undefined) throw new RangeError(`store ${name} begins inside ${this.#name}`);
    if (this.#name !== "" && compareNames(this.#name, name) >= 0) throw new RangeError(`store ${name} after ${this.#name}`);
    this.#name = name;
    this.#tree = new Tree(this.#state.arena);
    this.#lastKey = undefined;
  }

  #end(): void {
    if (this.#tree === undefined || this.#roots.length !== 1) throw new RangeError(`store ${this.#name} ends with ${this.#roots.length} subtrees instead of one`);
    this.#tree.adopt(this.#roots[0]!);
    this.#trees.set(this.#name, this.#tree);
    this.#tree = undefined;
    this.#roots = [];
    this.#smallest = [];
  }

  #nodeVersion(reader: Reader): number {
    const version = reader.uint(this.#version);
    if (version === 0) throw new RangeError("a node of version 0");
    return version;
  }

  #leaf(reader: Reader): void {
    if (this.#tree === undefined) throw new RangeError("a leaf outside a store");
    const version = this.#nodeVersion(reader);
    const key = reader.string(maxKeyLength);
    const value = reader.string(maxValueLength);
    if (key.length === 0 || value.length === 0) throw new RangeError("an empty key or value");
    if (this.#lastKey !== undefined && compareBytes(this.#lastKey, key) >= 0) throw new RangeError("keys are not in order");
    this.#lastKey = key.slice();
    const leaf = this.#tree.leaf(this.#state.arena.slab.store(key), key, value, version);
    this.#list(0, leaf);
    this.#roots.push(leaf);
    this.#smallest.push(leaf);
  }

  #inner(version: number): void {
    const right = this.#roots.pop();
    const left = this.#roots.pop();
    if (this.#tree === undefined || left === undefined || right === undefined) throw new RangeError("an inner node without two children");
    const { arena } = this.#state;
    if (Math.abs(arena.height(left) - arena.height(right)) > 1) throw new RangeError("an unbalanced tree");
    const node = this.#tree.pair(left, right, this.#smallest.pop()!, version);
    this.#list(arena.height(node), node);
    this.#roots.push(node);
  }

  #list(height: number, node: number): void {
    (this.#byHeight[height] ??= []).push(node);
  }

  /** Hashes everything and makes it the state's only version. Throws where the app hash is not the one expected. */
  finish(expected: { readonly version: number; readonly appHash: Uint8Array }): void {
    if (this.#tree !== undefined) throw new RangeError(`the image ends inside store ${this.#name}`);
    if (this.#version !== expected.version) throw new RangeError(`the image is of version ${this.#version}, not ${expected.version}`);
    this.#state.arena.hashAll(this.#byHeight);
    const names = Array.from(this.#trees.keys());
    const appHash = storesRoot(names.map((name) => [name, this.#state.arena.hash(this.#trees.get(name)!.root)] as const));
    if (!equalBytes(appHash, expected.appHash)) throw new RangeError(`the image's app hash is ${toHex(appHash)}, not ${toHex(expected.appHash)}`);
    this.#state.adopt({ version: this.#version, appHash, meta: this.#meta }, this.#trees);
  }
}

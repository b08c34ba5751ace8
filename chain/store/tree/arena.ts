/**
 * Where the nodes of all trees live: one 64-byte record a node (a cache line) in one WebAssembly memory, so that nothing of the
 * state is on the JavaScript heap and hashing happens in place. Keys and values lie in a slab.
 *
 * | word | inner node | leaf |
 * |---|---|---|
 * | 0 LEFT, 1 RIGHT | node numbers of the children | the value's slab reference and length |
 * | 2 KEY, 3 META | the smallest key of the right subtree: slab reference; length (low 24 bits) and height | its key, height 0 |
 * | 4 SIZE | leaves below | 1 |
 * | 5 VERSION | the version that wrote it | the same |
 * | 6 PREFIX, 7 PREFIX2 | the key's first eight bytes, big-endian, zero-padded, sign bits flipped: compared as signed integers | the same |
 * | 8..15 | hash | hash |
 */
import { hash } from "node:crypto";
import { createEngine, listWords, putUvarint, putVarint, stageBytes, type HashEngine } from "../sha256/engine.ts";
import { Slab } from "./slab.ts";

export const LEFT = 0;
export const RIGHT = 1;
export const KEY = 2;
export const META = 3;
export const SIZE = 4;
export const VERSION = 5;
export const PREFIX = 6;
export const PREFIX2 = 7;
export const lengthMask = 0xffffff;
/** No node: an empty tree's root. */
export const NONE = -1;

const wordBits = 4;
/** Longer values are hashed by node, not in the staging area. */
const stagedValue = 16_384;
const leavesAtOnce = 1_024;

export class Arena {
  readonly slab = new Slab();
  /** The records as 32-bit words, node i at 16 i. Replaced by every growth: never hold it across an allocation. */
  fields: Int32Array = new Int32Array(0);
  readonly #engine: HashEngine;
  #bytes: Uint8Array = new Uint8Array(0);
  #list: Int32Array = new Int32Array(0);
  #capacity = 0;
  #next = 0;
  readonly #free: number[] = [];

  constructor(engine: HashEngine = createEngine()) {
    this.#engine = engine;
    this.#grow(1_024);
  }

  /** Which SHA-256 is at work. */
  get engine(): HashEngine["name"] {
    return this.#engine.name;
  }

  /** Nodes in use. */
  get nodes(): number {
    return this.#next - this.#free.length;
  }

  /** Bytes reserved from the machine for nodes, keys and values. */
  get bytes(): number {
    return this.#bytes.length + this.slab.bytes;
  }

  #grow(capacity: number): void {
    const { memory, base, list } = this.#engine;
    const missing = base + capacity * 64 - memory.buffer.byteLength;
    if (missing > 0) {
      try {
        memory.grow((missing + 0xffff) >>> 16);
      } catch {
        throw new RangeError(`no memory for ${capacity} tree nodes (64 bytes each; at most 4 GiB)`);
      }
    }
    this.#capacity = capacity;
    this.#bytes = new Uint8Array(memory.buffer);
    this.fields = new Int32Array(memory.buffer, base, capacity * 16);
    this.#list = new Int32Array(memory.buffer, list, listWords);
  }

  /** A node with undefined content. */
  allocate(): number {
    const reused = this.#free.pop();
    if (reused !== undefined) return reused;
    // By halves, so that the growth of a large state costs little memory; 64 Mi records are all that 4 GiB hold.
    if (this.#next === this.#capacity) this.#grow(Math.max(this.#capacity + 1, Math.min(67_103_616, this.#capacity + (this.#capacity >>> 1))));
    return this.#next++;
  }

  /** Gives a node back, and a leaf's value with it; its key belongs to the tree. */
  release(node: number): void {
    const at = node << wordBits;
    const f = this.fields;
    if (f[at + META]! >>> 24 === 0) this.slab.release(f[at + LEFT]!, f[at + RIGHT]!);
    this.#free.push(node);
  }

  field(node: number, which: number): number {
    return this.fields[(node << wordBits) + which]!;
  }

  height(node: number): number {
    return this.fields[(node << wordBits) + META]! >>> 24;
  }

  key(node: number): Uint8Array {
    const at = node << wordBits;
    return this.slab.copy(this.fields[at + KEY]!, this.fields[at + META]! & lengthMask);
  }

  value(leaf: number): Uint8Array {
    const at = leaf << wordBits;
    return this.slab.copy(this.fields[at + LEFT]!, this.fields[at + RIGHT]!);
  }

  /** The key where it lies: valid until the node is pruned, and never to be changed. */
  keyView(node: number): Uint8Array {
    const at = node << wordBits;
    return this.slab.view(this.fields[at + KEY]!, this.fields[at + META]! & lengthMask);
  }

  /** The value where it lies: valid until the node is pruned, and never to be changed. */
  valueView(leaf: number): Uint8Array {
    const at = leaf << wordBits;
    return this.slab.view(this.fields[at + LEFT]!, this.fields[at + RIGHT]!);
  }

  hash(node: number): Uint8Array {
    const at = this.#engine.base + node * 64 + 32;
    return this.#bytes.slice(at, at + 32);
  }

  // ---- hashing

  /**
   * Hashes nodes given by height: leaves first, then each height's inner nodes, whose children are hashed by then or
   * before. `byHeight[0]` are the leaves.
   */
  hashAll(byHeight: readonly (readonly number[])[]): void {
    const leaves = byHeight[0] ?? [];
    for (let i = 0; i < leaves.length; ) i += this.#hashLeaves(leaves, i);
    for (let h = 1; h < byHeight.length; h++) this.#hashInner(byHeight[h]!);
  }

  #hashInner(nodes: readonly number[]): void {
    for (let from = 0; from < nodes.length; from += listWords) {
      const count = Math.min(listWords, nodes.length - from);
      for (let i = 0; i < count; i++) this.#list[i] = nodes[from + i]!;
      this.#engine.hashInner(this.#engine.base, count);
    }
  }

  /**
   * Hashes leaves from index `from` on, as many as the staging area takes; gives their number. A leaf's hash covers height 0,
   * size 1, version, key and the hash of the value, so each leaf is two messages: all values first, then all leaves.
   */
  #hashLeaves(leaves: readonly number[], from: number): number {
    const { stage, base } = this.#engine;
    const f = this.fields;
    const values = new Batch();
    const keys = new Batch();
    let p = stage;
    let i = from;
    for (; i < leaves.length && i - from < leavesAtOnce; i++) {
      const at = leaves[i]! << wordBits;
      const keyLength = f[at + META]! & lengthMask;
      const valueLength = f[at + RIGHT]!;
      const staged = valueLength <= stagedValue;
      // A leaf's message has at most 12 bytes before the key; each message takes up to 72 more with its padding.
      const room = keyLength + 128 + (staged ? valueLength + 80 : 0);
      if (p + room > stage + stageBytes) break;
      const messageLength = this.#leafMessage(p, at, keyLength);
      const digest = p + messageLength - 32;
      keys.add(p, messageLength, base + leaves[i]! * 64 + 32);
      p += padded(messageLength);
      const reference = f[at + LEFT]!;
      if (staged) {
        this.#put(p, reference, valueLength);
        values.add(p, valueLength, digest);
        p += padded(valueLength);
      } else {
        const start = this.slab.offset(reference);
        this.#bytes.set(hash("sha256", this.slab.chunk(reference).subarray(start, start + valueLength), "buffer"), digest);
      }
    }
    this.#engine.digestBatch(values.write(this.#list));
    this.#engine.digestBatch(keys.write(this.#list));
    return i - from;
  }

  /** Writes what a leaf's hash covers, but for the last 32 bytes (the value's hash); gives the length. */
  #leafMessage(p: number, at: number, keyLength: number): number {
    const bytes = this.#bytes;
    bytes[p] = 0;
    bytes[p + 1] = 2;
    let end = putUvarint(bytes, putVarint(bytes, p + 2, this.fields[at + VERSION]!), keyLength);
    this.#put(end, this.fields[at + KEY]!, keyLength);
    end += keyLength;
    bytes[end] = 32;
    return end + 33 - p;
  }

  #put(to: number, reference: number, length: number): void {
    const chunk = this.slab.chunk(reference);
    const start = this.slab.offset(reference);
    const bytes = this.#bytes;
    if (length > 160) bytes.set(chunk.subarray(start, start + length), to);
    else for (let i = 0; i < length; i++) bytes[to + i] = chunk[start + i]!;
  }
}

/** Messages to hash, put in the order of their block counts, so that four neighbours nearly always fit the four lanes. */
class Batch {
  readonly #byBlocks: number[][] = [];

  add(address: number, length: number, digest: number): void {
    (this.#byBlocks[(length + 72) >>> 6] ??= []).push(address, length, digest);
  }

  /** Writes the list; gives the number of messages. */
  write(list: Int32Array): number {
    let at = 0;
    for (const messages of this.#byBlocks) {
      if (messages === undefined) continue;
      for (let i = 0; i < messages.length; i++) list[at++] = messages[i]!;
    }
    return at / 3;
  }
}

function padded(length: number): number {
  return ((length + 72) >>> 6) << 6;
}

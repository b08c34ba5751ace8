/**
 * SHA-256 of many messages that lie in one WebAssembly memory, together with the tree's node records. Four lanes at once
 * by SIMD where the machine has it (three to four times node's own one-shot hash for messages this short), else node's.
 */
import { hash } from "node:crypto";
import { readFileSync } from "node:fs";

export interface HashEngine {
  readonly name: "simd" | "crypto";
  readonly memory: WebAssembly.Memory;
  /** Address of a list of 16,384 32-bit words: the argument of the two functions below. */
  readonly list: number;
  /** Address of `stageBytes` of room for messages; what lies behind a message is overwritten up to the end of its last block. */
  readonly stage: number;
  /** Address of the first byte that the engine does not use; node records begin here. */
  readonly base: number;
  /** Hashes `count` messages, each three words of the list: address, length, address of the 32-byte digest. */
  digestBatch(count: number): void;
  /** Hashes `count` inner nodes, each one word of the list, whose children are hashed. `nodes` is the first record's address. */
  hashInner(nodes: number, count: number): void;
}

export const listWords = 16_384;
export const stageBytes = 262_144;
/** 64 KiB pages that the engine itself needs. */
const pages = 8;

interface Exports {
  list(): number;
  stage(): number;
  heapBase(): number;
  digestBatch(count: number): void;
  hashInner(nodes: number, count: number): void;
}

let compiled: WebAssembly.Module | false | undefined;

/** The engine of this machine, with a memory of its own. */
export function createEngine(kind?: HashEngine["name"]): HashEngine {
  if (compiled === undefined) {
    const bytes = readFileSync(new URL("sha256.wasm", import.meta.url));
    compiled = WebAssembly.validate(bytes) ? new WebAssembly.Module(bytes) : false;
  }
  const memory = new WebAssembly.Memory({ initial: pages });
  if (kind === "crypto" || compiled === false) return new CryptoEngine(memory);
  const code = new WebAssembly.Instance(compiled, { env: { memory } }).exports as unknown as Exports;
  return {
    name: "simd", memory, list: code.list(), stage: code.stage(), base: code.heapBase(),
    digestBatch: (count) => { code.digestBatch(count); },
    hashInner: (nodes, count) => { code.hashInner(nodes, count); },
  };
}

/** The same functions on node's hash, one message at a time. */
class CryptoEngine implements HashEngine {
  readonly name = "crypto";
  readonly memory: WebAssembly.Memory;
  readonly list = 8_192;
  readonly stage = this.list + 4 * listWords;
  readonly base = this.stage + stageBytes;

  constructor(memory: WebAssembly.Memory) {
    this.memory = memory;
  }

  digestBatch(count: number): void {
    const bytes = new Uint8Array(this.memory.buffer);
    const list = new Int32Array(this.memory.buffer, this.list, listWords);
    for (let i = 0; i < 3 * count; i += 3) {
      const from = list[i]!;
      bytes.set(hash("sha256", bytes.subarray(from, from + list[i + 1]!), "buffer"), list[i + 2]!);
    }
  }

  hashInner(nodes: number, count: number): void {
    const bytes = new Uint8Array(this.memory.buffer);
    const list = new Int32Array(this.memory.buffer, this.list, listWords);
    const fields = new Int32Array(this.memory.buffer);
    const message = new Uint8Array(96);
    for (let i = 0; i < count; i++) {
      const record = nodes + 64 * list[i]!;
      const at = record >>> 2;
      let end = putVarint(message, 0, fields[at + 3]! >>> 24);
      end = putVarint(message, end, fields[at + 4]!);
      end = putVarint(message, end, fields[at + 5]!);
      for (const child of [fields[at]!, fields[at + 1]!]) {
        const from = nodes + 64 * child + 32;
        message[end++] = 32;
        message.set(bytes.subarray(from, from + 32), end);
        end += 32;
      }
      bytes.set(hash("sha256", message.subarray(0, end), "buffer"), record + 32);
    }
  }
}

/** Go's binary.PutVarint of a non-negative integer below 2^52: zig-zag, then base 128. Gives the index behind it. */
export function putVarint(into: Uint8Array, at: number, value: number): number {
  return putUvarint(into, at, value * 2);
}

/** Base 128, least significant group first, of a non-negative integer below 2^53. Gives the index behind it. */
export function putUvarint(into: Uint8Array, at: number, value: number): number {
  let rest = value;
  while (rest >= 0x80) {
    into[at++] = (rest % 128) + 128;
    rest = Math.floor(rest / 128);
  }
  into[at++] = rest;
  return at;
}

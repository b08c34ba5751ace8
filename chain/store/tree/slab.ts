/**
 * Keys and values outside the JavaScript heap: chunks of up to 64 MiB, slots in steps of 8 bytes, one free list a slot size.
 * A reference is the slot's address in units of 8 bytes: 31 bits reach 16 GiB.
 */
import { carve } from "../../codec/bytes.ts";

const chunkBits = 26;
const unitBits = chunkBits - 3;
const unitMask = (1 << unitBits) - 1;
const largestChunk = 1 << chunkBits;
const firstChunk = 1 << 18;
const mostChunks = 1 << (31 - unitBits);

export class Slab {
  readonly #chunks: Uint8Array[] = [];
  readonly #free: number[][] = [];
  /** Where the last chunk's unused part begins, and its length. */
  #next = 0;
  #end = 0;
  #bytes = 0;

  /** Bytes reserved from the machine. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Keeps a copy; gives its reference. */
  store(bytes: Uint8Array): number {
    const reference = this.#allocate(bytes.length);
    this.chunk(reference).set(bytes, this.offset(reference));
    return reference;
  }

  #allocate(length: number): number {
    const units = unitsOf(length);
    const reused = this.#free[units]?.pop();
    if (reused !== undefined) return reused;
    const bytes = units << 3;
    if (this.#next + bytes > this.#end) this.#grow(bytes);
    const reference = ((this.#chunks.length - 1) << unitBits) | (this.#next >>> 3);
    this.#next += bytes;
    return reference;
  }

  #grow(bytes: number): void {
    if (this.#chunks.length === mostChunks) throw new RangeError("the state has more than 16 GiB of keys and values: more than one process holds in memory");
    let size = Math.min(largestChunk, firstChunk << (2 * Math.min(4, this.#chunks.length)));
    while (size < bytes) size *= 2;
    this.#chunks.push(new Uint8Array(size));
    this.#bytes += size;
    this.#next = 0;
    this.#end = size;
  }

  /** Gives a slot back; `length` is that of what was stored. */
  release(reference: number, length: number): void {
    (this.#free[unitsOf(length)] ??= []).push(reference);
  }

  chunk(reference: number): Uint8Array {
    return this.#chunks[reference >>> unitBits]!;
  }

  offset(reference: number): number {
    return (reference & unitMask) << 3;
  }

  view(reference: number, length: number): Uint8Array {
    const start = this.offset(reference);
    return this.chunk(reference).subarray(start, start + length);
  }

  copy(reference: number, length: number): Uint8Array {
    const start = this.offset(reference);
    const out = carve(length);
    out.set(this.chunk(reference).subarray(start, start + length));
    return out;
  }
}

function unitsOf(length: number): number {
  return (length + 7) >>> 3;
}

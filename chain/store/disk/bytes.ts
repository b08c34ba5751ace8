/** Reading and writing of lengths and byte strings in the store's own files. */
import { putUvarint } from "../sha256/engine.ts";

/** A buffer that grows as it is written. */
export class Writer {
  #bytes: Uint8Array;
  #length = 0;

  constructor(capacity = 4_096) {
    this.#bytes = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  #room(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const bigger = new Uint8Array(Math.max(this.#length + more, this.#bytes.length * 2));
    bigger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bigger;
  }

  byte(value: number): void {
    this.#room(1);
    this.#bytes[this.#length++] = value;
  }

  /** A non-negative integer below 2^53 as a varint. */
  uint(value: number): void {
    this.#room(8);
    this.#length = putUvarint(this.#bytes, this.#length, value);
  }

  raw(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Length, then bytes. */
  string(bytes: Uint8Array): void {
    this.uint(bytes.length);
    this.raw(bytes);
  }

  /** What was written, as a view: valid until the next write. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Starts again with the same room. */
  clear(): void {
    this.#length = 0;
  }
}

/** Reads what Writer wrote, from bytes that may be hostile: each failure is a RangeError, nothing is allocated for a claimed length. */
export class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    // Never a Buffer, whose slice() would not copy.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new RangeError("ends too early");
    this.#at++;
    return byte;
  }

  /** A varint of at most `limit` in its shortest form. */
  uint(limit: number = Number.MAX_SAFE_INTEGER): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 8; i++) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (byte === 0 && i > 0) throw new RangeError("a number with needless zeros");
        if (value > limit) throw new RangeError(`a number of ${value} where at most ${limit} is allowed`);
        return value;
      }
      scale *= 128;
    }
    throw new RangeError("a number of more than 56 bits");
  }

  /** A view of the next bytes. */
  raw(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#at) throw new RangeError("ends too early");
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** Length, then a view of the bytes. */
  string(longest: number): Uint8Array {
    return this.raw(this.uint(longest));
  }
}

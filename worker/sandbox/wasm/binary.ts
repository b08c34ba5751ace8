/** Reading and writing the WebAssembly binary format: LEB128 numbers, names, byte runs. */

/** The module cannot be run under the rules of "dcm wasm v1". The message names the rule and the place. */
export class InvalidModule extends Error {
  override readonly name = "InvalidModule";
}

/** Reads within [at, end) of `bytes`; throws InvalidModule at the first byte that is missing or wrong. */
export class Reader {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get done(): boolean {
    return this.at >= this.end;
  }

  byte(): number {
    if (this.at >= this.end) throw new InvalidModule(`ends too early at byte ${this.at}`);
    return this.bytes[this.at++]!;
  }

  peek(ahead = 0): number {
    return this.at + ahead < this.end ? this.bytes[this.at + ahead]! : -1;
  }

  u32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        if (value > 0xffffffff) break;
        return value;
      }
    }
    throw new InvalidModule(`bad unsigned number before byte ${this.at}`);
  }

  /** Skips a signed number of up to `bits` bits; gives its value where it fits 33 bits (block types), else an arbitrary one. */
  signed(bits: 32 | 33 | 64): number {
    let value = 0;
    for (let shift = 0; shift < bits; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return byte >= 0x40 ? value - 2 ** (shift + 7) : value;
    }
    throw new InvalidModule(`bad signed number before byte ${this.at}`);
  }

  take(length: number): Uint8Array {
    if (length > this.end - this.at) throw new InvalidModule(`ends too early at byte ${this.at}`);
    const part = this.bytes.subarray(this.at, this.at + length);
    this.at += length;
    return part;
  }

  name(): string {
    const bytes = this.take(this.u32());
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch {
      throw new InvalidModule(`a name before byte ${this.at} is not UTF-8`);
    }
  }
}

/** A growing byte string. */
export class Writer {
  #bytes: Uint8Array;
  length = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
  }

  #room(more: number): void {
    if (this.length + more <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.length + more));
    grown.set(this.#bytes.subarray(0, this.length));
    this.#bytes = grown;
  }

  byte(...values: readonly number[]): void {
    this.#room(values.length);
    for (const value of values) this.#bytes[this.length++] = value;
  }

  append(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  u32(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.byte((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.byte(rest);
  }

  signed(value: bigint): void {
    let rest = value;
    for (;;) {
      const low = Number(rest & 0x7fn);
      rest >>= 7n;
      if ((rest === 0n && low < 0x40) || (rest === -1n && low >= 0x40)) return this.byte(low);
      this.byte(low | 0x80);
    }
  }

  /** Reserves five bytes for a number below 2^31 that is known later; `fill` writes it there. */
  hole(): number {
    this.byte(0x80, 0x80, 0x80, 0x80, 0x00);
    return this.length - 5;
  }

  fill(at: number, value: number): void {
    for (let i = 0; i < 5; i++) this.#bytes[at + i] = (Math.floor(value / 2 ** (7 * i)) & 0x7f) | (i < 4 ? 0x80 : 0);
  }

  name(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.u32(bytes.length);
    this.append(bytes);
  }

  take(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }
}

/**
 * Protobuf written from its end to its beginning: the length of a nested message is known when it is needed, so one pass and one
 * buffer do. Fields have to be written in reverse order; the bytes are those of any other encoder.
 */
const FIRST_BYTES = 64 * 1024;

export class ReverseWriter {
  #bytes: Uint8Array;
  #at: number;

  constructor(capacity = FIRST_BYTES) {
    this.#bytes = new Uint8Array(capacity);
    this.#at = capacity;
  }

  /** Bytes written so far: remember it before a nested message, and give it to `nested` after its fields. */
  get length(): number {
    return this.#bytes.length - this.#at;
  }

  /** What was written. */
  finish(): Uint8Array {
    return this.#bytes.subarray(this.#at);
  }

  /** Ends (so: begins) a nested message whose fields were written since `from`. */
  nested(field: number, from: number): void {
    this.#varint(this.length - from);
    this.#varint(field * 8 + 2);
  }

  /** Writes nothing for an empty value, as proto3 wants. */
  bytes(field: number, value: Uint8Array): void {
    if (value.length > 0) this.bytesAlways(field, value);
  }

  /** For elements of a repeated field, where the empty one counts. */
  bytesAlways(field: number, value: Uint8Array): void {
    this.#reserve(value.length);
    this.#at -= value.length;
    this.#bytes.set(value, this.#at);
    this.#varint(value.length);
    this.#varint(field * 8 + 2);
  }

  string(field: number, value: string): void {
    if (value === "") return;
    const from = this.length;
    this.#text(value);
    this.nested(field, from);
  }

  bool(field: number, value: boolean): void {
    if (value) this.uint32(field, 1);
  }

  /** Throws a RangeError where the value is none of uint32. */
  uint32(field: number, value: number): void {
    if (value === 0) return;
    if (value >>> 0 !== value) throw new RangeError(`not a uint32: ${value}`);
    this.#varint(value);
    this.#varint(field * 8);
  }

  /** Throws a RangeError where the value is none of int64. */
  int64(field: number, value: bigint): void {
    if (value === 0n) return;
    if (BigInt.asIntN(64, value) !== value) throw new RangeError(`not an int64: ${value}`);
    if (value > 0n && value < 0x7fffffffn) this.#varint(Number(value));
    else this.#wide(BigInt.asUintN(64, value));
    this.#varint(field * 8);
  }

  /** ASCII byte by byte, which is most; anything else through the encoder. */
  #text(value: string): void {
    const { length } = value;
    this.#reserve(length);
    const bytes = this.#bytes;
    let at = this.#at;
    for (let i = length - 1; i >= 0; i--) {
      const code = value.charCodeAt(i);
      if (code >= 0x80) {
        const encoded = Buffer.from(value);
        this.#reserve(encoded.length);
        this.#at -= encoded.length;
        this.#bytes.set(encoded, this.#at);
        return;
      }
      bytes[--at] = code;
    }
    this.#at = at;
  }

  /** `value` below 2^32. */
  #varint(value: number): void {
    this.#reserve(5);
    if (value < 0x80) {
      this.#bytes[--this.#at] = value;
      return;
    }
    let at = (this.#at -= value < 0x4000 ? 2 : value < 0x200000 ? 3 : value < 0x10000000 ? 4 : 5);
    let rest = value;
    for (; rest >= 0x80; rest >>>= 7) this.#bytes[at++] = (rest & 0x7f) | 0x80;
    this.#bytes[at] = rest;
  }

  #wide(value: bigint): void {
    const out: number[] = [];
    let rest = value;
    for (; rest >= 0x80n; rest >>= 7n) out.push(Number(rest & 0x7fn) | 0x80);
    out.push(Number(rest));
    this.#reserve(out.length);
    this.#at -= out.length;
    this.#bytes.set(out, this.#at);
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#at) return;
    const written = this.finish();
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, written.length + bytes));
    grown.set(written, grown.length - written.length);
    this.#at = grown.length - written.length;
    this.#bytes = grown;
  }
}

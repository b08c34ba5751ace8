/**
 * Encodes and decodes generated types with one writer and one reader for all values. The library makes a new one, with buffer and view, for each:
 * that costs more than most values of the state do. Bytes and values are those of the library.
 */
import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import { carve } from "./bytes.ts";

/** A generated type, as far as it is needed here. */
export interface WireType<V> {
  encode(value: V, writer: BinaryWriter): unknown;
  decode(reader: BinaryReader): V;
}

/** What the library's classes keep to themselves. */
interface WriterState {
  buffer: Uint8Array;
  pos: number;
  ensureCapacity(size: number): void;
}
interface ReaderState {
  buf: Uint8Array;
  len: number;
  view: DataView;
}

/** Text up to this length, of one byte a character, is copied by a loop. */
const mostLooped = 127;

class Writer extends BinaryWriter {
  override uint32(value: number): this {
    if (!(value >= 0 && value < 0x80 && Number.isInteger(value))) return super.uint32(value);
    const state = this as unknown as WriterState;
    state.ensureCapacity(1);
    state.buffer[state.pos++] = value;
    return this;
  }

  override uint64(value: string | number | bigint): this {
    // Seven bytes of seven bits are exact in a number.
    if (typeof value !== "bigint" || value < 0n || value > 0x1ffffffffffffn) return super.uint64(value);
    const state = this as unknown as WriterState;
    state.ensureCapacity(7);
    const { buffer } = state;
    let { pos } = state;
    let rest = Number(value);
    while (rest >= 0x80) {
      const next = Math.floor(rest / 0x80);
      buffer[pos++] = rest - next * 0x80 + 0x80;
      rest = next;
    }
    buffer[pos++] = rest;
    state.pos = pos;
    return this;
  }

  override string(value: string): this {
    const { length } = value;
    if (length > mostLooped) return super.string(value);
    const state = this as unknown as WriterState;
    state.ensureCapacity(length + 1);
    const { buffer } = state;
    let { pos } = state;
    buffer[pos++] = length;
    for (let i = 0; i < length; i++) {
      const unit = value.charCodeAt(i);
      if (unit > 0x7f) return super.string(value);
      buffer[pos++] = unit;
    }
    state.pos = pos;
    return this;
  }

  /** What was written, as an array of its own; the writer begins anew. */
  take(): Uint8Array {
    const state = this as unknown as WriterState;
    const out = carve(state.pos);
    out.set(state.buffer.subarray(0, state.pos));
    state.pos = 0;
    return out;
  }
}

const latin1Slice = (Buffer.prototype as unknown as { latin1Slice(this: Uint8Array, start: number, end: number): string }).latin1Slice;
/** Text up to this length is made by the library, from its codes. */
const mostCodes = 32;

class Reader extends BinaryReader {
  over(bytes: Uint8Array): this {
    const state = this as unknown as ReaderState;
    state.buf = bytes;
    state.len = bytes.length;
    this.pos = 0;
    return this;
  }

  override uint64(): bigint {
    const { buf, len } = this as unknown as ReaderState;
    let value = 0;
    let factor = 1;
    // Seven bytes of seven bits are exact in a number.
    for (let at = this.pos; at < len && factor < 0x2000000000000; at++) {
      const byte = buf[at]!;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) {
        this.pos = at + 1;
        return BigInt(value);
      }
      factor *= 0x80;
    }
    return super.uint64() as bigint;
  }

  override string(strict?: boolean): string {
    const before = this.pos;
    const length = this.uint32();
    const { buf, len } = this as unknown as ReaderState;
    const start = this.pos;
    const end = start + length;
    if (length > mostCodes && end <= len) {
      let at = start;
      while (at < end && buf[at]! < 0x80) at++;
      if (at === end) {
        this.pos = end;
        return latin1Slice.call(buf, start, end);
      }
    }
    this.pos = before;
    return super.string(strict);
  }

  // Hardly any type has numbers of fixed width: only they need a view.
  override fixed32(): number {
    this.#see();
    return super.fixed32();
  }
  override sfixed32(): number {
    this.#see();
    return super.sfixed32();
  }
  override float(): number {
    this.#see();
    return super.float();
  }
  override double(): number {
    this.#see();
    return super.double();
  }

  #see(): void {
    const state = this as unknown as ReaderState;
    state.view = new DataView(state.buf.buffer, state.buf.byteOffset, state.buf.byteLength);
  }
}

let writer = new Writer();
const reader = new Reader(new Uint8Array(0));

/** The bytes of `type.encode(value).finish()`, as an array that nobody else holds. */
export function encodeWire<V>(type: Pick<WireType<V>, "encode">, value: V): Uint8Array {
  try {
    if (type.encode(value, writer) !== writer) throw new TypeError("a type's encode must write into the writer that it is given");
    return writer.take();
  } catch (error) {
    // What it had written, and where it stood, is of no use to the next.
    writer = new Writer();
    throw error;
  }
}

/** What `type.decode(bytes)` gives. */
export function decodeWire<V>(type: Pick<WireType<V>, "decode">, bytes: Uint8Array): V {
  return type.decode(reader.over(bytes));
}

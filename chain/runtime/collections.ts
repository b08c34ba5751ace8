/** Typed views of a module's state: `item` (one value), `map` (key to value). Keys keep their order as bytes. */
import { compareBytes, concatBytes, equalBytes, fromUtf8, prefixEnd, readUint64, uint64Bytes, utf8, writeUint64 } from "../codec/bytes.ts";
import { decodeWire, encodeWire, type WireType } from "../codec/wire.ts";
import { putInto, viewOf } from "../store/kv.ts";
import { assert } from "./errors.ts";
import type { Context } from "./context.ts";

/** A key's bytes order as the key does. `decode` takes what `encode` gave, from `at`, and gives the position behind it. */
export interface KeyCodec<K> {
  encode(key: K): Uint8Array;
  /** Writes what `encode` gives into `out` from `at` on, what does not fit falling off its end, and gives the position behind it. Absent where there is nothing to spare. */
  write?(key: K, out: Uint8Array, at: number): number;
  decode(bytes: Uint8Array, at: number): readonly [K, number];
}

export interface ValueCodec<V> {
  encode(value: V): Uint8Array;
  decode(bytes: Uint8Array): V;
  /** True where `encode` gives an array of its own and `decode` neither changes nor gives away what it was given: spares copies. */
  readonly fresh?: true;
}

function read<V>(ctx: Context, store: string, key: Uint8Array, codec: ValueCodec<V>): V | undefined {
  const bytes = codec.fresh === true ? viewOf(ctx.store(store), key) : ctx.store(store).get(key);
  return bytes === undefined ? undefined : codec.decode(bytes);
}

function write<V>(ctx: Context, store: string, key: Uint8Array, codec: ValueCodec<V>, value: V): void {
  if (codec.fresh === true) putInto(ctx.store(store), key, codec.encode(value));
  else ctx.store(store).set(key, codec.encode(value));
}

/** A generated protobuf type as a value codec. A value that would encode to nothing is stored as one zero byte, as empty values are refused. */
export function proto<V>(type: WireType<V>): ValueCodec<V> {
  return {
    fresh: true,
    encode(value) {
      const bytes = encodeWire(type, value);
      return bytes.length === 0 ? Uint8Array.of(0) : bytes;
    },
    decode: (bytes) => decodeWire(type, bytes.length === 1 && bytes[0] === 0 ? new Uint8Array(0) : bytes),
  };
}

/** Decodes the same bytes once: a pure function's last answer, so it cannot make nodes differ. */
export const lastDecoded = <V>(codec: ValueCodec<V>): ValueCodec<V> => remembering(codec, false);

/**
 * `lastDecoded` for records that one transaction after the other reads and writes: what was written last is not decoded either. Only for values of numbers, and of text
 * that came out of the state: of these decoding gives just what was encoded.
 */
export const lastKnown = <V>(codec: ValueCodec<V>): ValueCodec<V> => remembering(codec, true);

function remembering<V>(codec: ValueCodec<V>, writes: boolean): ValueCodec<V> {
  let last: { readonly bytes: Uint8Array; readonly value: V } | undefined;
  return {
    ...(codec.fresh === true ? { fresh: true } : {}),
    encode(value) {
      const bytes = codec.encode(value);
      if (writes) last = { bytes, value };
      return bytes;
    },
    decode(bytes) {
      if (last === undefined || (last.bytes !== bytes && !equalBytes(last.bytes, bytes))) last = { bytes, value: codec.decode(bytes) };
      return last.value;
    },
  };
}

export const rawValue: ValueCodec<Uint8Array> = { encode: (v) => v, decode: (v) => v };
/** Text that is never empty. */
export const textValue: ValueCodec<string> = { fresh: true, encode: utf8, decode: fromUtf8 };
export const uint64Value: ValueCodec<bigint> = { fresh: true, encode: uint64Bytes, decode: (b) => readUint64(b) };
/** Decimal text, as the SDK stores Int. */
export const intValue: ValueCodec<bigint> = {
  fresh: true,
  encode: (v) => utf8(v.toString()),
  decode(b) {
    if (b.length > 15) return BigInt(fromUtf8(b));
    let n = 0;
    for (let i = 0; i < b.length; i++) {
      const digit = b[i]! - 48;
      if (digit < 0 || digit > 9) return BigInt(fromUtf8(b));
      n = n * 10 + digit;
    }
    return BigInt(n);
  },
};
/** A member of a set. */
export const present: ValueCodec<true> = { encode: () => Uint8Array.of(1), decode: () => true };

export const uint64Key: KeyCodec<bigint> = {
  encode: uint64Bytes,
  write(value, out, at) {
    writeUint64(out, at, value);
    return at + 8;
  },
  decode: (b, at) => [readUint64(b, at), at + 8],
};
export const uint32Key: KeyCodec<number> = {
  encode(value) {
    const out = new Uint8Array(4);
    writeUint32(value, out, 0);
    return out;
  },
  write: writeUint32,
  decode: (b, at) => [((b[at]! << 24) | (b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!) >>> 0, at + 4],
};
/** Up to 255 bytes with their length in front. */
export const bytesKey: KeyCodec<Uint8Array> = {
  encode(value) {
    assert(value.length <= 255, "a key part is at most 255 bytes");
    return concatBytes(Uint8Array.of(value.length), value);
  },
  write(value, out, at) {
    assert(value.length <= 255, "a key part is at most 255 bytes");
    out[at] = value.length;
    return writeBytes(value, out, at + 1);
  },
  decode(b, at) {
    const end = at + 1 + b[at]!;
    return [b.slice(at + 1, end), end];
  },
};
/** Bytes up to the key's end: only as the last part. */
export const tailKey: KeyCodec<Uint8Array> = { encode: (v) => v, write: writeBytes, decode: (b, at) => [b.slice(at), b.length] };
export const textKey: KeyCodec<string> = {
  encode: (v) => bytesKey.encode(utf8(v)),
  write(value, out, at) {
    const end = writeText(value, out, at + 1);
    assert(end - at - 1 <= 255, "a key part is at most 255 bytes");
    out[at] = end - at - 1;
    return end;
  },
  decode(b, at) {
    const end = at + 1 + b[at]!;
    return [fromUtf8(b.subarray(at + 1, end)), end];
  },
};
/** Text up to the key's end: only as the last part. */
export const textTailKey: KeyCodec<string> = { encode: utf8, write: writeText, decode: (b, at) => [fromUtf8(b.subarray(at)), b.length] };

function writeUint32(value: number, out: Uint8Array, at: number): number {
  out[at] = value >>> 24;
  out[at + 1] = value >>> 16;
  out[at + 2] = value >>> 8;
  out[at + 3] = value;
  return at + 4;
}

function writeBytes(value: Uint8Array, out: Uint8Array, at: number): number {
  for (let i = 0; i < value.length; i++) out[at + i] = value[i]!;
  return at + value.length;
}

/** Nearly all text in keys is ASCII. */
function writeText(text: string, out: Uint8Array, at: number): number {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) return writeBytes(utf8(text), out, at);
    out[at + i] = unit;
  }
  return at + text.length;
}

function writePart<K>(codec: KeyCodec<K>, key: K, out: Uint8Array, at: number): number {
  return codec.write === undefined ? writeBytes(codec.encode(key), out, at) : codec.write(key, out, at);
}

export function pairKey<A, B>(a: KeyCodec<A>, b: KeyCodec<B>): KeyCodec<readonly [A, B]> {
  const write = ([x, y]: readonly [A, B], out: Uint8Array, at: number): number => writePart(b, y, out, writePart(a, x, out, at));
  return {
    encode: (key) => written(write, key),
    write,
    decode(bytes, at) {
      const [x, next] = a.decode(bytes, at);
      const [y, end] = b.decode(bytes, next);
      return [[x, y], end];
    },
  };
}

export function tripleKey<A, B, C>(a: KeyCodec<A>, b: KeyCodec<B>, c: KeyCodec<C>): KeyCodec<readonly [A, B, C]> {
  const write = ([x, y, z]: readonly [A, B, C], out: Uint8Array, at: number): number => writePart(c, z, out, writePart(b, y, out, writePart(a, x, out, at)));
  return {
    encode: (key) => written(write, key),
    write,
    decode(bytes, at) {
      const [x, i] = a.decode(bytes, at);
      const [y, j] = b.decode(bytes, i);
      const [z, k] = c.decode(bytes, j);
      return [[x, y, z], k];
    },
  };
}

const noPrefix = new Uint8Array(0);
/** Where keys are put together, so that their parts never become arrays of their own; away while it is in use. */
let scratch: Uint8Array | undefined;

/** A key of its own, of what is written behind a prefix. */
function written<K>(write: (key: K, out: Uint8Array, at: number) => number, key: K, prefix: Uint8Array = noPrefix): Uint8Array {
  let room = scratch ?? new Uint8Array(512);
  scratch = undefined;
  let length = write(key, room, writeBytes(prefix, room, 0));
  if (length > room.length) {
    room = new Uint8Array(length);
    length = write(key, room, writeBytes(prefix, room, 0));
  }
  scratch = room;
  const out = new Uint8Array(length);
  for (let i = 0; i < length; i++) out[i] = room[i]!;
  return out;
}

export interface Item<V> {
  readonly prefix: Uint8Array;
  find(ctx: Context): V | undefined;
  /** Throws an assertion where it was never set. */
  get(ctx: Context): V;
  set(ctx: Context, value: V): void;
  remove(ctx: Context): void;
}

export function item<V>(store: string, prefix: Uint8Array, value: ValueCodec<V>): Item<V> {
  return {
    prefix,
    find: (ctx) => read(ctx, store, prefix, value),
    get(ctx) {
      const found = this.find(ctx);
      assert(found !== undefined, `${store}: an item is missing`);
      return found;
    },
    set: (ctx, v) => write(ctx, store, prefix, value, v),
    remove: (ctx) => ctx.store(store).delete(prefix),
  };
}

export interface Range {
  /** Only keys whose encoding begins with these bytes (an encoded first part). */
  readonly within?: Uint8Array;
  /** Encoded bounds behind the collection's prefix; `from` inclusive, `to` exclusive. */
  readonly from?: Uint8Array;
  readonly to?: Uint8Array;
  readonly reverse?: boolean;
}

export interface MapOf<K, V> {
  readonly storeName: string;
  readonly prefix: Uint8Array;
  readonly key: KeyCodec<K>;
  readonly value: ValueCodec<V>;
  find(ctx: Context, key: K): V | undefined;
  has(ctx: Context, key: K): boolean;
  set(ctx: Context, key: K, value: V): void;
  remove(ctx: Context, key: K): void;
  /** In key order. Collect before writing to the same collection. */
  entries(ctx: Context, range?: Range): IterableIterator<readonly [K, V]>;
  /** `entries` whose keys begin with the encoded part `first`, without it: what all of them have in common is not decoded for each. */
  tails<T>(ctx: Context, first: Uint8Array, rest: KeyCodec<T>, range?: Omit<Range, "within">): IterableIterator<readonly [T, V]>;
  /** The first entry in key order within the range. */
  first(ctx: Context, range?: Range): readonly [K, V] | undefined;
}

export function map<K, V>(store: string, prefix: Uint8Array, key: KeyCodec<K>, value: ValueCodec<V>): MapOf<K, V> {
  const part = (k: K, out: Uint8Array, at: number): number => writePart(key, k, out, at);
  const full = (k: K): Uint8Array => written(part, k, prefix);
  function* pairs<T>(ctx: Context, range: Range, decode: (bytes: Uint8Array) => T): IterableIterator<readonly [T, V]> {
    const base = range.within === undefined ? prefix : concatBytes(prefix, range.within);
    const start = range.from === undefined ? base : concatBytes(prefix, range.from);
    const baseEnd = prefixEnd(base);
    const to = range.to === undefined ? undefined : concatBytes(prefix, range.to);
    const end = to !== undefined && (baseEnd === undefined || compareBytes(to, baseEnd) < 0) ? to : baseEnd;
    for (const [k, v] of ctx.store(store).iterate(compareBytes(start, base) < 0 ? base : start, end, range.reverse)) {
      yield [decode(k), value.decode(v)];
    }
  }
  const keyOf = (bytes: Uint8Array): K => key.decode(bytes, prefix.length)[0];
  const entries = (ctx: Context, range: Range = {}): IterableIterator<readonly [K, V]> => pairs(ctx, range, keyOf);
  return {
    storeName: store,
    prefix,
    key,
    value,
    find: (ctx, k) => read(ctx, store, full(k), value),
    has: (ctx, k) => ctx.store(store).has(full(k)),
    set: (ctx, k, v) => write(ctx, store, full(k), value, v),
    remove: (ctx, k) => ctx.store(store).delete(full(k)),
    entries,
    tails: (ctx, first, rest, range) => pairs(ctx, { ...range, within: first }, (bytes) => rest.decode(bytes, prefix.length + first.length)[0]),
    first(ctx, range) {
      for (const entry of entries(ctx, range)) return entry;
      return undefined;
    },
  };
}

/**
 * Keys and records of the history database.
 *
 * | key | value |
 * |---|---|
 * | 0 | head: origin, oldest, last, keepEvery (uint32 each, big-endian) |
 * | 1, name length, name, escaped key, 0 1, version (uint32, big-endian) | what the key held before that version: 0 = nothing, or 1 and the value |
 * | 2, version (uint32, big-endian) | the changed keys of that version: each as length and the database key above without its version |
 *
 * Escaping writes a zero byte as 0 255, so that 0 1 ends a key and the order of keys is kept.
 */
import { concatBytes, utf8 } from "../../codec/bytes.ts";

export interface Head {
  /** Versions at or above this one and divisible by keepEvery can be read. */
  readonly origin: number;
  /** Every version at or above this one can be read. */
  readonly oldest: number;
  /** The last version whose changes are recorded. */
  readonly last: number;
  readonly keepEvery: number;
}

export const headKey: Uint8Array = Uint8Array.of(0);

export function uint32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

export function readUint32(bytes: Uint8Array, at = 0): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

export function encodeHead(head: Head): Uint8Array {
  return concatBytes(uint32(head.origin), uint32(head.oldest), uint32(head.last), uint32(head.keepEvery));
}

export function decodeHead(bytes: Uint8Array): Head {
  return { origin: readUint32(bytes, 0), oldest: readUint32(bytes, 4), last: readUint32(bytes, 8), keepEvery: readUint32(bytes, 12) };
}

export function listKey(version: number): Uint8Array {
  return concatBytes(Uint8Array.of(2), uint32(version));
}

/** What all database keys of a store begin with. */
export function storePrefix(name: string): Uint8Array {
  const bytes = utf8(name);
  return concatBytes(Uint8Array.of(1, bytes.length), bytes);
}

/** A key's database key without the version. */
export function entryPrefix(store: Uint8Array, key: Uint8Array): Uint8Array {
  let zeros = 0;
  for (let i = 0; i < key.length; i++) if (key[i] === 0) zeros++;
  const out = new Uint8Array(store.length + key.length + zeros + 2);
  out.set(store);
  let at = store.length;
  for (let i = 0; i < key.length; i++) {
    out[at++] = key[i]!;
    if (key[i] === 0) out[at++] = 255;
  }
  out[at + 1] = 1;
  return out;
}

export function withVersion(prefix: Uint8Array, version: number): Uint8Array {
  return concatBytes(prefix, uint32(version));
}

/** The key in a database key of a store whose prefix has `from` bytes. */
export function keyOfEntry(entry: Uint8Array, from: number): Uint8Array {
  const end = entry.length - 6;
  const out = new Uint8Array(end - from);
  let length = 0;
  for (let i = from; i < end; i++) {
    out[length++] = entry[i]!;
    if (entry[i] === 0) i++;
  }
  return out.slice(0, length);
}

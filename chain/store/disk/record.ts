/** One version as the log keeps it: what it changed, and what came of it. */
import { fromUtf8, utf8 } from "../../codec/bytes.ts";
import { maxKeyLength, maxValueLength } from "../limits.ts";
import type { Change, ChangeSet } from "../overlay.ts";
import { Reader, type Writer } from "./bytes.ts";

export interface VersionRecord {
  readonly version: number;
  /** 32 bytes. */
  readonly appHash: Uint8Array;
  /** The node's own bytes about this version. */
  readonly meta: Uint8Array;
  readonly changes: ChangeSet;
}

/** Bytes of meta. */
export const maxMetaLength = 65_536;
const maxNameLength = 127;
const maxStores = 4_096;

/** Version, hash, meta, then per store: name, number of changes, and each as key, value length + 1 (0 = deleted), value. */
export function encodeRecord(record: VersionRecord, into: Writer): void {
  into.uint(record.version);
  into.raw(record.appHash);
  into.string(record.meta);
  into.uint(record.changes.length);
  for (const [name, changes] of record.changes) {
    into.string(utf8(name));
    into.uint(changes.length);
    for (const [key, value] of changes) {
      into.string(key);
      into.uint(value === undefined ? 0 : value.length + 1);
      if (value !== undefined) into.raw(value);
    }
  }
}

/** Views into `bytes`. Throws a RangeError or TypeError on anything but one whole record. */
export function decodeRecord(bytes: Uint8Array): VersionRecord {
  const reader = new Reader(bytes);
  const version = reader.uint();
  const appHash = reader.raw(32);
  const meta = reader.string(maxMetaLength);
  const changes: [string, Change[]][] = [];
  for (let stores = reader.uint(maxStores); stores > 0; stores--) {
    const name = fromUtf8(reader.string(maxNameLength));
    const list: Change[] = [];
    for (let count = reader.uint(); count > 0; count--) {
      const key = reader.string(maxKeyLength);
      const length = reader.uint(maxValueLength + 1);
      list.push([key, length === 0 ? undefined : reader.raw(length - 1)]);
    }
    changes.push([name, list]);
  }
  if (!reader.done) throw new RangeError("bytes behind the record");
  return { version, appHash, meta, changes };
}

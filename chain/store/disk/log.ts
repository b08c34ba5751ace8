/**
 * The append log: one record a version, durable before `append` returns. It is the store's commit point.
 *
 * Segment file `<first version, 16 digits>.log`: `dcmlog1\n`, 16 random bytes (the salt), first version (uint64, big-endian),
 * first 8 bytes of the SHA-256 of the 32 bytes before. Then records: first 8 bytes of the salt, payload length (uint32,
 * little-endian), SHA-256 of salt, length and payload (32 bytes), payload. The salt keeps what users wrote into values from
 * ever looking like a record, and old disk content from looking like a new one.
 *
 * A record that does not check is a torn tail, and is cut, where no whole record follows it: only the last append can be
 * unfinished. Otherwise it is corruption, and an error.
 */
import { randomBytes } from "node:crypto";
import { closeSync, fdatasyncSync, fsyncSync, ftruncateSync, mkdirSync, openSync, readdirSync, unlinkSync } from "node:fs";
import { unlink } from "node:fs/promises";
import { join } from "node:path";
import { equalBytes, readUint64, uint64Bytes, utf8, concatBytes } from "../../codec/bytes.ts";
import { sha256 } from "../../codec/hash.ts";
import { StoreCorrupt } from "../errors.ts";
import { Writer } from "./bytes.ts";
import { readFileBytes, syncDirectory, writeAll } from "./files.ts";
import { decodeRecord, encodeRecord, type VersionRecord } from "./record.ts";

const magic = utf8("dcmlog1\n");
const headerLength = 40;
const saltLength = 16;
const markerLength = 8;
const recordHeader = markerLength + 4 + 32;

/** Takes a record, the last version that will come, and the record's bytes on disk. */
type Take = (record: VersionRecord, last: number, bytes: number) => void;

interface Segment {
  readonly path: string;
  readonly first: number;
}

interface Scan {
  readonly records: readonly { readonly start: number; readonly end: number }[];
  /** Bytes up to the end of the last whole record. */
  readonly end: number;
  readonly salt: Uint8Array;
}

export class Log {
  readonly #directory: string;
  readonly #segmentBytes: number;
  readonly #segments: Segment[];
  /** The segment that is being written; absent before the first append. */
  #file: number | undefined;
  #salt: Uint8Array = new Uint8Array(0);
  #end = 0;
  #last = 0;
  #broken: unknown;
  readonly #writer = new Writer(1 << 16);

  private constructor(directory: string, segmentBytes: number) {
    this.#directory = directory;
    this.#segmentBytes = segmentBytes;
    mkdirSync(directory, { recursive: true });
    this.#segments = readdirSync(directory)
      .filter((name) => /^\d{16}\.log$/.test(name))
      .sort((a, b) => (a < b ? -1 : 1))
      .map((name) => ({ path: join(directory, name), first: Number(name.slice(0, 16)) }));
  }

  /**
   * Opens the log of a directory and gives each record above version `after`, in order, to `take`. Throws StoreCorrupt where a record is damaged or missing.
   */
  static open(directory: string, segmentBytes: number, after: number, take: Take): Log {
    const log = new Log(directory, segmentBytes);
    log.#replay(after, take);
    return log;
  }

  /** The last version in the log; 0 where it is empty. */
  get last(): number {
    return this.#last;
  }

  /** The first version in the log; Infinity where it is empty. */
  get first(): number {
    return this.#segments[0]?.first ?? Infinity;
  }

  #replay(after: number, take: Take): void {
    this.#removeUnbegun();
    const newest = this.#segments.at(-1);
    if (newest === undefined) return;
    const bytes = readFileBytes(newest.path);
    const tail = scanSegment(newest, bytes, true);
    const lastVersion = newest.first + tail.records.length - 1;
    for (let i = 0; i < this.#segments.length - 1; i++) {
      const segment = this.#segments[i]!;
      // A segment whose successor begins at or below after + 1 holds nothing that is asked for.
      if (this.#segments[i + 1]!.first <= after + 1) continue;
      const content = readFileBytes(segment.path);
      this.#takeAll(segment, content, scanSegment(segment, content, false), after, lastVersion, take);
      if (this.#last + 1 !== this.#segments[i + 1]!.first) throw new StoreCorrupt(segment.path, `ends with version ${this.#last}, but the next segment begins with ${this.#segments[i + 1]!.first}`);
    }
    this.#takeAll(newest, bytes, tail, after, lastVersion, take);
    this.#continue(newest, tail, bytes.length);
  }

  #takeAll(segment: Segment, bytes: Uint8Array, scan: Scan, after: number, last: number, take: Take): void {
    let expected = segment.first;
    for (const { start, end } of scan.records) {
      const record = readRecord(segment, bytes.subarray(start + recordHeader, end), start);
      if (record.version !== expected) throw new StoreCorrupt(segment.path, `version ${record.version} where ${expected} is due`);
      if (this.#last === 0 && after !== 0 && record.version > after + 1) {
        throw new StoreCorrupt(segment.path, `the log begins with version ${record.version}, but the state to go on from is of ${after}`);
      }
      this.#last = record.version;
      if (record.version > after) take(record, last, end - start);
      expected++;
    }
  }

  /** A segment whose creation was interrupted holds no record: it goes. */
  #removeUnbegun(): void {
    const segment = this.#segments.at(-1);
    if (segment === undefined || readFileBytes(segment.path).length >= headerLength) return;
    unlinkSync(segment.path);
    syncDirectory(this.#directory);
    this.#segments.pop();
    this.#removeUnbegun();
  }

  #continue(segment: Segment, scan: Scan, length: number): void {
    const file = openSync(segment.path, "r+");
    if (length > scan.end) {
      ftruncateSync(file, scan.end);
      fsyncSync(file);
    }
    this.#file = file;
    this.#salt = scan.salt;
    this.#end = scan.end;
  }

  /**
   * Adds the next version; it is on disk when this returns. Gives its bytes on disk. After a failure the log takes nothing more: what is on disk is
   * not known, and opening it again finds out.
   */
  append(record: VersionRecord): number {
    if (this.#broken !== undefined) throw new Error("the log failed before; restart the node to recover", { cause: this.#broken });
    try {
      if (this.#file === undefined || this.#end >= this.#segmentBytes) this.#rotate(record.version);
      const writer = this.#writer;
      writer.clear();
      writer.raw(new Uint8Array(recordHeader));
      encodeRecord(record, writer);
      const bytes = writer.view();
      bytes.set(this.#salt.subarray(0, markerLength));
      const length = bytes.length - recordHeader;
      if (length > 0xffffffff) throw new RangeError(`a version of ${length} bytes does not fit a record`);
      new DataView(bytes.buffer, bytes.byteOffset).setUint32(markerLength, length, true);
      bytes.set(digestOf(this.#salt, bytes), markerLength + 4);
      writeAll(this.#file!, bytes, this.#end);
      fdatasyncSync(this.#file!);
      this.#end += bytes.length;
      this.#last = record.version;
      return bytes.length;
    } catch (cause) {
      this.#broken = cause;
      throw cause;
    }
  }

  #rotate(first: number): void {
    if (this.#file !== undefined) closeSync(this.#file);
    const path = join(this.#directory, `${String(first).padStart(16, "0")}.log`);
    const salt = new Uint8Array(randomBytes(saltLength));
    const head = concatBytes(magic, salt, uint64Bytes(BigInt(first)));
    const file = openSync(path, "w+", 0o644);
    writeAll(file, concatBytes(head, sha256(head).subarray(0, 8)), 0);
    fsyncSync(file);
    syncDirectory(this.#directory);
    this.#segments.push({ path, first });
    this.#file = file;
    this.#salt = salt;
    this.#end = headerLength;
  }

  /** Removes segments whose every version is at or below `version`; the one being written stays. */
  async dropUpTo(version: number): Promise<void> {
    while (this.#segments.length > 1 && this.#segments[1]!.first <= version + 1) await unlink(this.#segments.shift()!.path);
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    this.#broken = new Error("the log is closed");
  }
}

/** Cuts all versions above `version` from a directory's log, newest first, so that a stop in between leaves a whole log. */
export function cutLog(directory: string, version: number): void {
  mkdirSync(directory, { recursive: true });
  const names = readdirSync(directory).filter((name) => /^\d{16}\.log$/.test(name)).sort((a, b) => (a < b ? 1 : -1));
  for (const name of names) {
    const segment = { path: join(directory, name), first: Number(name.slice(0, 16)) };
    if (segment.first > version) {
      unlinkSync(segment.path);
      syncDirectory(directory);
      continue;
    }
    const bytes = readFileBytes(segment.path);
    const scan = scanSegment(segment, bytes, true);
    const end = scan.records[version - segment.first]?.end ?? scan.end;
    const file = openSync(segment.path, "r+");
    ftruncateSync(file, end);
    fsyncSync(file);
    closeSync(file);
    return;
  }
}

function digestOf(salt: Uint8Array, record: Uint8Array): Uint8Array {
  return sha256(salt, record.subarray(markerLength, markerLength + 4), record.subarray(recordHeader));
}

/** All whole records of a segment. Throws StoreCorrupt where something else than a torn tail is wrong. */
function scanSegment(segment: Segment, bytes: Uint8Array, mayBeTorn: boolean): Scan {
  const head = bytes.subarray(0, 32);
  if (!equalBytes(head.subarray(0, 8), magic) || !equalBytes(sha256(head).subarray(0, 8), bytes.subarray(32, headerLength))) {
    throw new StoreCorrupt(segment.path, "the header does not check");
  }
  if (readUint64(bytes, 24) !== BigInt(segment.first)) throw new StoreCorrupt(segment.path, "the header names another first version than the file's name");
  const salt = bytes.slice(8, 8 + saltLength);
  const records: { start: number; end: number }[] = [];
  let at = headerLength;
  while (at < bytes.length) {
    const end = recordEnd(bytes, at, salt);
    if (end === undefined) {
      if (!mayBeTorn || followed(bytes, at + 1, salt)) throw new StoreCorrupt(segment.path, `the record at byte ${at} does not check, and more follows it`);
      break;
    }
    records.push({ start: at, end });
    at = end;
  }
  return { records, end: at, salt };
}

function readRecord(segment: Segment, payload: Uint8Array, at: number): VersionRecord {
  try {
    return decodeRecord(payload);
  } catch (cause) {
    throw new StoreCorrupt(segment.path, `the record at byte ${at} checks but cannot be read (${String(cause)}); was it written by another release?`);
  }
}

/** The end of the whole record that begins at `at`; undefined where there is none. */
function recordEnd(bytes: Uint8Array, at: number, salt: Uint8Array): number | undefined {
  if (at + recordHeader > bytes.length || !equalBytes(bytes.subarray(at, at + markerLength), salt.subarray(0, markerLength))) return undefined;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(at + markerLength, true);
  const end = at + recordHeader + length;
  if (end > bytes.length) return undefined;
  const stated = bytes.subarray(at + markerLength + 4, at + recordHeader);
  return equalBytes(stated, digestOf(salt, bytes.subarray(at, end))) ? end : undefined;
}

/** Whether a whole record begins anywhere at or behind `from`. */
function followed(bytes: Uint8Array, from: number, salt: Uint8Array): boolean {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const marker = salt.subarray(0, markerLength);
  for (let at = buffer.indexOf(marker, from); at !== -1; at = buffer.indexOf(marker, at + 1)) {
    if (recordEnd(bytes, at, salt) !== undefined) return true;
  }
  return false;
}

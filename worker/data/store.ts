/** Blobs on disk, named by their SHA-256: written whole or not at all, checked when read, bounded by a quota. */
import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { fromHex, toHex } from "../../chain/codec/bytes.ts";

export interface BlobStoreOptions {
  readonly directory: string;
  /** Of all blobs together; the least recently used ones go first. 16 GiB where not given. */
  readonly quotaBytes?: number;
  /** Of one blob. 1 GiB where not given. */
  readonly maxBlobBytes?: number;
}

/** A blob is not taken: too large, not what its name says, or no room for it. */
export class BlobRefused extends Error {
  override readonly name = "BlobRefused";
  readonly code: "too-large" | "wrong-digest" | "wrong-size" | "full";
  constructor(code: BlobRefused["code"], message: string) {
    super(message);
    this.code = code;
  }
}

export class BlobStore {
  readonly maxBlobBytes: number;
  readonly #directory: string;
  readonly #quota: number;
  /** Size by name, least recently used first. */
  readonly #blobs = new Map<string, number>();
  readonly #pinned = new Set<string>();
  #stored = 0;
  #reserved = 0;

  private constructor(options: BlobStoreOptions) {
    this.#directory = options.directory;
    this.#quota = options.quotaBytes ?? 16 * 2 ** 30;
    this.maxBlobBytes = Math.min(options.maxBlobBytes ?? 2 ** 30, this.#quota);
  }

  /** Finds what an earlier run left, removes what it left half written. */
  static async open(options: BlobStoreOptions): Promise<BlobStore> {
    const store = new BlobStore(options);
    await rm(store.#path("tmp"), { recursive: true, force: true });
    await mkdir(store.#path("tmp"), { recursive: true, mode: 0o700 });
    const found: { name: string; size: number; used: number }[] = [];
    for (const folder of await readdir(options.directory)) {
      if (!/^[0-9a-f]{2}$/.test(folder)) continue;
      for (const name of await readdir(store.#path(folder))) {
        if (!/^[0-9a-f]{64}$/.test(name)) continue;
        const { size, mtimeMs } = await stat(store.#path(folder, name));
        found.push({ name, size, used: mtimeMs });
      }
    }
    for (const { name, size } of found.sort((a, b) => a.used - b.used)) store.#remember(name, size);
    await store.#room(0);
    return store;
  }

  /** Bytes of all blobs. */
  get storedBytes(): number {
    return this.#stored;
  }

  /** Keeps the blob and gives its digest, 32 bytes. Durable when it resolves. Throws BlobRefused. */
  async put(bytes: Uint8Array): Promise<Uint8Array> {
    const digest = createHash("sha256").update(bytes).digest();
    await this.putStream([bytes], bytes.length, digest);
    return new Uint8Array(digest);
  }

  /** The same from a stream of exactly `size` bytes whose digest is known; nothing stays where they turn out otherwise. */
  async putStream(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, size: number, digest: Uint8Array): Promise<void> {
    const name = nameOf(digest);
    if (size > this.maxBlobBytes) throw new BlobRefused("too-large", `the blob has ${size} bytes; this store takes ${this.maxBlobBytes}`);
    if (this.#blobs.has(name)) return this.#touch(name);
    await this.#room(size);
    const draft = this.#path("tmp", randomBytes(12).toString("hex"));
    try {
      await write(draft, source, size, name);
      await mkdir(this.#path(name.slice(0, 2)), { recursive: true, mode: 0o700 });
      await rename(draft, this.#file(name));
      await syncDirectory(this.#path(name.slice(0, 2)));
      if (!this.#blobs.has(name)) this.#remember(name, size);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    } finally {
      this.#reserved -= size;
    }
  }

  /** The blob, checked against its name; undefined where there is none. One that the disk has spoiled is removed. */
  async get(digest: Uint8Array): Promise<Uint8Array | undefined> {
    const name = nameOf(digest);
    if (!this.#blobs.has(name)) return undefined;
    const bytes = await readFile(this.#file(name)).catch(() => undefined);
    if (bytes === undefined || createHash("sha256").update(bytes).digest("hex") !== name) {
      await this.delete(digest);
      return undefined;
    }
    await this.#touch(name);
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** In bytes; undefined where there is none. */
  size(digest: Uint8Array): number | undefined {
    return this.#blobs.get(nameOf(digest));
  }

  /** Bytes `from` to `to`, both included, unchecked: whoever receives them checks the digest. */
  read(digest: Uint8Array, from: number, to: number): Readable {
    const name = nameOf(digest);
    void this.#touch(name);
    return createReadStream(this.#file(name), { start: from, end: to });
  }

  /** A pinned blob is never evicted: inputs of live jobs, results until they are accepted. */
  pin(digest: Uint8Array): void {
    this.#pinned.add(nameOf(digest));
  }

  unpin(digest: Uint8Array): void {
    this.#pinned.delete(nameOf(digest));
  }

  async delete(digest: Uint8Array): Promise<void> {
    await this.#remove(nameOf(digest));
  }

  async #remove(name: string): Promise<void> {
    this.#stored -= this.#blobs.get(name) ?? 0;
    this.#blobs.delete(name);
    await rm(this.#file(name), { force: true });
  }

  /** Makes room for `bytes` and reserves them. Evicts nothing where that would not suffice. */
  async #room(bytes: number): Promise<void> {
    const names = [...this.#blobs.keys()].filter((name) => !this.#pinned.has(name));
    const evictable = names.reduce((sum, name) => sum + (this.#blobs.get(name) ?? 0), 0);
    const fixed = this.#stored - evictable + this.#reserved;
    if (fixed + bytes > this.#quota) throw new BlobRefused("full", `no room for ${bytes} bytes: ${fixed} of ${this.#quota} are taken by pinned blobs and blobs on their way. Raise the quota.`);
    this.#reserved += bytes;
    for (const name of names) {
      if (this.#stored + this.#reserved <= this.#quota) return;
      await this.#remove(name);
    }
  }

  #remember(name: string, size: number): void {
    this.#blobs.set(name, size);
    this.#stored += size;
  }

  async #touch(name: string): Promise<void> {
    const size = this.#blobs.get(name);
    if (size === undefined) return;
    this.#blobs.delete(name);
    this.#blobs.set(name, size);
    const now = new Date();
    await utimes(this.#file(name), now, now).catch(() => undefined);
  }

  #file(name: string): string {
    return this.#path(name.slice(0, 2), name);
  }

  #path(...parts: string[]): string {
    return join(this.#directory, ...parts);
  }
}

/** Lower-case hexadecimal of a digest. Throws a RangeError where it has not 32 bytes. */
export function nameOf(digest: Uint8Array): string {
  if (digest.length !== 32) throw new RangeError(`a digest has 32 bytes, this one ${digest.length}`);
  return toHex(digest);
}

/** The digest of a name; undefined where it is none. */
export function digestOf(name: string): Uint8Array | undefined {
  return /^[0-9a-f]{64}$/.test(name) ? fromHex(name) : undefined;
}

async function write(path: string, source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, size: number, name: string): Promise<void> {
  const hash = createHash("sha256");
  let written = 0;
  const file = await open(path, "wx", 0o600);
  try {
    for await (const part of source) {
      written += part.length;
      if (written > size) throw new BlobRefused("wrong-size", `the blob has more than the ${size} bytes that were announced`);
      hash.update(part);
      await file.writeFile(part);
    }
    if (written !== size) throw new BlobRefused("wrong-size", `the blob ends after ${written} of ${size} bytes`);
    if (hash.digest("hex") !== name) throw new BlobRefused("wrong-digest", `the bytes are not those of ${name}`);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

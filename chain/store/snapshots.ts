/** State sync: snapshots of whole versions for peers, and taking theirs. */
import { readFile } from "node:fs/promises";
import { equalBytes, toHex } from "../codec/bytes.ts";
import { sha256 } from "../codec/hash.ts";
import { chunkBytes, imageFormat } from "./disk/image.ts";
import { chunkPath, decodeManifest, encodeManifest, imagePath, listImages, type Manifest, readManifest, removeImage, writeImage } from "./disk/image-files.ts";
import type { Restore } from "./disk/restore.ts";
import { StoreCorrupt } from "./errors.ts";
import type { MultiStore } from "./multistore.ts";

export type { Restore } from "./disk/restore.ts";

/** A snapshot as CometBFT's peers tell each other of it. The same bytes on every node. */
export interface Snapshot {
  /** The height, as CometBFT calls it. */
  readonly version: number;
  readonly format: number;
  /** Their number. */
  readonly chunks: number;
  /** SHA-256 of the metadata. */
  readonly hash: Uint8Array;
  /** The manifest: version, app hash, and the SHA-256 of each chunk. */
  readonly metadata: Uint8Array;
}

export interface SnapshotOptions {
  readonly directory: string;
  /** Snapshots to keep: at least 2, so that a peer can finish the one that it began. Default 2. */
  readonly keep?: number;
  /** Bytes at which a chunk is full: the same on all nodes of a network. Default 10 MB. */
  readonly chunkBytes?: number;
}

/** Why a snapshot that a peer offers is not taken: another format may do, or this one never will. */
export class SnapshotRefused extends Error {
  override readonly name = "SnapshotRefused";
  readonly reason: "format" | "snapshot";
  constructor(reason: "format" | "snapshot", what: string) {
    super(`snapshot refused: ${what}`);
    this.reason = reason;
  }
}

export class SnapshotStore {
  readonly #store: MultiStore;
  readonly #options: Required<SnapshotOptions>;
  readonly #abort = new AbortController();
  #manifests: Manifest[] = [];
  #writing: Promise<unknown> | undefined;

  private constructor(store: MultiStore, options: Required<SnapshotOptions>) {
    this.#store = store;
    this.#options = options;
  }

  /** Opens the snapshots of a store; unfinished, damaged ones, and those of versions that the store no longer has, are removed. */
  static open(store: MultiStore, given: SnapshotOptions): SnapshotStore {
    const options = { keep: 2, chunkBytes, ...given };
    if (!Number.isSafeInteger(options.keep) || options.keep < 2) throw new RangeError(`keep is ${options.keep}: at least 2 snapshots must be kept`);
    const snapshots = new SnapshotStore(store, options);
    for (const version of listImages(options.directory)) {
      try {
        if (version > store.version) throw new StoreCorrupt(options.directory, `snapshot ${version} is of a version that was rolled back`);
        snapshots.#manifests.push(readManifest(options.directory, version));
      } catch (error) {
        if (!(error instanceof StoreCorrupt)) throw error;
        removeImage(options.directory, version);
      }
    }
    return snapshots;
  }

  /**
   * Takes a snapshot of a version that is in memory while the chain goes on, and drops the oldest ones beyond `keep`. One at a
   * time: throws where another is still being written, and VersionNotKept.
   */
  async create(version: number): Promise<Snapshot> {
    if (this.#writing !== undefined) throw new Error(`snapshot ${version} is skipped: the one before is still being written; raise the interval`);
    const { state, release } = this.#store.hold(version);
    const { directory, keep, chunkBytes: fullAt } = this.#options;
    const writing = writeImage(state, version, directory, { chunkBytes: fullAt, signal: this.#abort.signal });
    this.#writing = writing;
    try {
      const manifest = await writing;
      this.#manifests = [...this.#manifests.filter((other) => other.version !== version), manifest].sort((a, b) => a.version - b.version);
      for (const old of this.#manifests.splice(0, Math.max(0, this.#manifests.length - keep))) removeImage(directory, old.version);
      return describe(manifest);
    } finally {
      this.#writing = undefined;
      release();
    }
  }

  /** All snapshots, the newest first. */
  list(): Snapshot[] {
    return this.#manifests.map(describe).reverse();
  }

  /** A chunk, checked; undefined where there is no such snapshot or chunk, or the disk lost it. */
  async chunk(version: number, format: number, index: number): Promise<Uint8Array | undefined> {
    const manifest = this.#manifests.find((one) => one.version === version && one.format === format);
    const expected = manifest?.chunkHashes[index];
    if (expected === undefined) return undefined;
    try {
      const bytes = new Uint8Array(await readFile(chunkPath(imagePath(this.#options.directory, version), index)));
      return equalBytes(sha256(bytes), expected) ? bytes : undefined;
    } catch {
      return undefined;
    }
  }

  /**
   * Begins to take a snapshot that a peer offers; `appHash` is the one that the light client verified for its version. Throws
   * SnapshotRefused; nothing is changed then.
   */
  accept(offered: Snapshot, appHash: Uint8Array): Restore {
    if (offered.format !== imageFormat) throw new SnapshotRefused("format", `format ${offered.format} is not known, only ${imageFormat}`);
    if (!equalBytes(sha256(offered.metadata), offered.hash)) throw new SnapshotRefused("snapshot", "the metadata does not match its hash");
    let manifest: Manifest;
    try {
      manifest = decodeManifest(offered.metadata);
      if (manifest.version !== offered.version || manifest.format !== offered.format || manifest.chunkHashes.length !== offered.chunks) throw new RangeError("the metadata is of another snapshot");
      if (!equalBytes(manifest.appHash, appHash)) throw new RangeError(`its app hash is not ${toHex(appHash)}`);
    } catch (error) {
      throw new SnapshotRefused("snapshot", error instanceof Error ? error.message : String(error));
    }
    return this.#store.restore(manifest, appHash);
  }

  /** Stops what is being written, leaving no half of it. */
  async close(): Promise<void> {
    this.#abort.abort();
    await this.#writing?.catch(() => undefined);
  }
}

function describe(manifest: Manifest): Snapshot {
  const metadata = encodeManifest(manifest);
  return { version: manifest.version, format: manifest.format, chunks: manifest.chunkHashes.length, hash: sha256(metadata), metadata };
}

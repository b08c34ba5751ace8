/**
 * Images on disk: directory `<version, 16 digits>` with chunk files `00000`, `00001`, ... and a `manifest`. It is written under
 * the name with `.tmp` and renamed when all of it is durable: an image is there as a whole or not at all.
 *
 * Manifest: `dcmimg1\n`, format, version, app hash (32 bytes), number of chunks, the SHA-256 of each chunk; then the SHA-256 of all that.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { concatBytes, equalBytes, utf8 } from "../../codec/bytes.ts";
import { sha256 } from "../../codec/hash.ts";
import { StoreCorrupt } from "../errors.ts";
import type { State } from "../state.ts";
import { Reader, Writer } from "./bytes.ts";
import { readFileBytes, syncDirectory, syncDirectoryLater, writeFileLater } from "./files.ts";
import { imageChunks, imageFormat } from "./image.ts";

const magic = utf8("dcmimg1\n");
/** CometBFT carries 4,000,000 bytes, what it says itself of a snapshot included: a manifest of so many chunks, more than a terabyte, leaves it 3,000 of them. */
export const maxChunks = 124_900;

/** What is known of an image without reading its chunks. */
export interface Manifest {
  readonly format: number;
  readonly version: number;
  readonly appHash: Uint8Array;
  /** 32 bytes for each chunk. */
  readonly chunkHashes: readonly Uint8Array[];
}

export function encodeManifest(manifest: Manifest): Uint8Array {
  const writer = new Writer();
  writer.raw(magic);
  writer.uint(manifest.format);
  writer.uint(manifest.version);
  writer.raw(manifest.appHash);
  writer.uint(manifest.chunkHashes.length);
  for (const hash of manifest.chunkHashes) writer.raw(hash);
  return concatBytes(writer.view(), sha256(writer.view()));
}

/** Throws a RangeError on anything but a whole manifest; the bytes may be hostile. */
export function decodeManifest(bytes: Uint8Array): Manifest {
  const content = bytes.subarray(0, Math.max(0, bytes.length - 32));
  if (!equalBytes(sha256(content), bytes.subarray(content.length))) throw new RangeError("the manifest does not check");
  const reader = new Reader(content);
  if (!equalBytes(reader.raw(magic.length), magic)) throw new RangeError("not a manifest");
  const format = reader.uint();
  const version = reader.uint(0x7fffffff);
  const appHash = reader.raw(32).slice();
  const chunkHashes: Uint8Array[] = [];
  for (let n = reader.uint(maxChunks); n > 0; n--) chunkHashes.push(reader.raw(32).slice());
  if (!reader.done || version === 0 || chunkHashes.length === 0) throw new RangeError("the manifest is not well-formed");
  return { format, version, appHash, chunkHashes };
}

export function imagePath(directory: string, version: number): string {
  return join(directory, String(version).padStart(16, "0"));
}

export function chunkPath(image: string, index: number): string {
  return join(image, String(index).padStart(5, "0"));
}

/** Versions of the whole images of a directory, oldest first; unfinished ones are removed. */
export function listImages(directory: string): number[] {
  mkdirSync(directory, { recursive: true });
  const versions: number[] = [];
  for (const name of readdirSync(directory)) {
    if (/^\d{16}$/.test(name)) versions.push(Number(name));
    else if (/^\d{16}\.(tmp|old)$/.test(name)) rmSync(join(directory, name), { recursive: true, force: true });
  }
  return versions.sort((a, b) => a - b);
}

/** Removes an image; a stop in between leaves no half of it. */
export function removeImage(directory: string, version: number): void {
  const path = imagePath(directory, version);
  if (!existsSync(path)) return;
  renameSync(path, `${path}.old`);
  syncDirectory(directory);
  rmSync(`${path}.old`, { recursive: true, force: true });
}

/** The same without holding up this thread. */
export async function removeImageLater(directory: string, version: number): Promise<void> {
  const path = imagePath(directory, version);
  if (!existsSync(path)) return;
  renameSync(path, `${path}.old`);
  await syncDirectoryLater(directory);
  await rm(`${path}.old`, { recursive: true, force: true });
}

/** Throws StoreCorrupt. */
export function readManifest(directory: string, version: number): Manifest {
  const path = join(imagePath(directory, version), "manifest");
  try {
    const manifest = decodeManifest(readFileBytes(path));
    if (manifest.version !== version || manifest.format !== imageFormat) throw new RangeError("the manifest is of another version or format");
    return manifest;
  } catch (error) {
    throw new StoreCorrupt(path, error instanceof Error ? error.message : String(error));
  }
}

/** A chunk of an image, checked against its manifest. Throws StoreCorrupt. */
export function readChunk(directory: string, manifest: Manifest, index: number): Uint8Array {
  const path = chunkPath(imagePath(directory, manifest.version), index);
  let bytes: Uint8Array;
  try {
    bytes = readFileBytes(path);
  } catch (error) {
    throw new StoreCorrupt(path, String(error));
  }
  if (!equalBytes(sha256(bytes), manifest.chunkHashes[index]!)) throw new StoreCorrupt(path, "the chunk does not match its hash in the manifest");
  return bytes;
}

/** An image that is being written, chunk by chunk. */
export class ImageFile {
  readonly #directory: string;
  readonly #version: number;
  readonly #temporary: string;
  readonly #hashes: Uint8Array[] = [];

  constructor(directory: string, version: number) {
    this.#directory = directory;
    this.#version = version;
    this.#temporary = `${imagePath(directory, version)}.tmp`;
    rmSync(this.#temporary, { recursive: true, force: true });
    mkdirSync(this.#temporary, { recursive: true });
  }

  /** Writes the next chunk, durably; the bytes are the caller's again when the promise is resolved. */
  async add(chunk: Uint8Array): Promise<void> {
    const index = this.#hashes.push(sha256(chunk)) - 1;
    await writeFileLater(chunkPath(this.#temporary, index), chunk);
  }

  /** Puts the image in its place, but for where `signal` is aborted before that one step. */
  async finish(appHash: Uint8Array, signal?: AbortSignal): Promise<Manifest> {
    const manifest = { format: imageFormat, version: this.#version, appHash, chunkHashes: this.#hashes };
    await writeFileLater(join(this.#temporary, "manifest"), encodeManifest(manifest));
    await syncDirectoryLater(this.#temporary);
    signal?.throwIfAborted();
    removeImage(this.#directory, this.#version);
    renameSync(this.#temporary, imagePath(this.#directory, this.#version));
    await syncDirectoryLater(this.#directory);
    return manifest;
  }

  discard(): void {
    rmSync(this.#temporary, { recursive: true, force: true });
  }
}

/** Milliseconds of work between two turns of the event loop. */
const slice = 5;

/**
 * Writes a kept version as an image while everything else goes on: the version is pinned, and the work comes in slices of a few
 * milliseconds. `before` is awaited when all chunks are written, just before the image is put in its place. Throws where
 * `signal` is aborted, leaving nothing.
 */
export async function writeImage(state: State, version: number, directory: string, options: { chunkBytes?: number; signal?: AbortSignal; before?: () => Promise<void> } = {}): Promise<Manifest> {
  const unpin = state.pin(version);
  const { appHash } = state.kept(version);
  const image = new ImageFile(directory, version);
  try {
    let since = performance.now();
    for (const chunk of imageChunks(state, version, options.chunkBytes)) {
      if (chunk !== undefined) await image.add(chunk);
      else if (performance.now() - since < slice) continue;
      await nextTurn();
      options.signal?.throwIfAborted();
      since = performance.now();
    }
    unpin();
    await options.before?.();
    return await image.finish(appHash, options.signal);
  } catch (error) {
    image.discard();
    throw error;
  } finally {
    unpin();
  }
}

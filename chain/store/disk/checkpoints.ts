/** Images from which opening goes on with the log. Two are kept, so that a rollback, or a damaged newer one, has one to begin from. */
import { StoreCorrupt } from "../errors.ts";
import { State } from "../state.ts";
import { ImageReader } from "./image.ts";
import { listImages, readChunk, readManifest, removeImage, removeImageLater, writeImage } from "./image-files.ts";

const kept = 2;

export class Checkpoints {
  readonly directory: string;
  /** Versions, oldest first. */
  #versions: number[];

  constructor(directory: string) {
    this.directory = directory;
    this.#versions = listImages(directory);
  }

  /** The last version with a checkpoint; 0 where there is none. */
  get last(): number {
    return this.#versions.at(-1) ?? 0;
  }

  /** The first version with a checkpoint. */
  get first(): number | undefined {
    return this.#versions[0];
  }

  /** Some checkpoint from which `version` can be reached. */
  oldestAtOrBelow(version: number): number | undefined {
    return this.#versions.find((other) => other <= version);
  }

  /** The version that the log may forget up to. */
  get dispensable(): number {
    return this.#versions.length < kept ? 0 : this.#versions[0]!;
  }

  /** The state of the newest sound checkpoint; an empty one where there is no checkpoint. Throws StoreCorrupt where none is sound. */
  load(stores: readonly string[], onDamage: (error: StoreCorrupt) => void): State {
    for (let i = this.#versions.length - 1; i >= 0; i--) {
      try {
        const state = this.#read(stores, this.#versions[i]!);
        for (const version of this.#versions.splice(i + 1)) removeImage(this.directory, version);
        return state;
      } catch (error) {
        if (!(error instanceof StoreCorrupt) || i === 0) throw error;
        onDamage(error);
      }
    }
    return new State(stores);
  }

  #read(stores: readonly string[], version: number): State {
    const manifest = readManifest(this.directory, version);
    const state = new State(stores);
    const reader = new ImageReader(state);
    for (let i = 0; i < manifest.chunkHashes.length; i++) {
      const chunk = readChunk(this.directory, manifest, i);
      try {
        reader.push(chunk);
      } catch (error) {
        throw new StoreCorrupt(this.directory, `checkpoint ${version}, chunk ${i}: ${String(error)}`);
      }
    }
    reader.finish(manifest);
    return state;
  }

  /** Writes the current version in the background; `before` is awaited just before it counts. Gives its number. */
  async write(state: State, signal: AbortSignal, before: () => Promise<void>): Promise<number> {
    const { version } = await writeImage(state, state.current.version, this.directory, { signal, before });
    signal.throwIfAborted();
    await this.add(version);
    return version;
  }

  /** Counts an image that was put into the directory, and lets the oldest go. */
  async add(version: number): Promise<void> {
    this.#versions = [...this.#versions.filter((other) => other !== version), version].sort((a, b) => a - b);
    for (const old of this.#versions.splice(0, Math.max(0, this.#versions.length - kept))) await removeImageLater(this.directory, old);
  }

  /** Removes those above `version`. */
  cut(version: number): void {
    const there = listImages(this.directory);
    for (const newer of there.filter((other) => other > version).reverse()) removeImage(this.directory, newer);
    this.#versions = there.filter((other) => other <= version);
  }
}

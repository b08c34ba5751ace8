/** A version that arrives from a peer, chunk by chunk, in order. Every chunk is checked before anything is made of it. */
import { equalBytes } from "../../codec/bytes.ts";
import { sha256 } from "../../codec/hash.ts";
import { State } from "../state.ts";
import { ImageReader, imageFormat } from "./image.ts";
import { ImageFile, type Manifest } from "./image-files.ts";

/** What became of a chunk: `retry` where it is not the one that the manifest names (its sender is wrong, not the snapshot). */
export type ChunkVerdict = "accept" | "retry";

export class Restore {
  readonly manifest: Manifest;
  readonly #appHash: Uint8Array;
  readonly #reader: ImageReader;
  readonly #state: State;
  readonly #file: ImageFile;
  readonly #adopt: (state: State) => Promise<void>;
  #next = 0;
  #before: Promise<unknown> = Promise.resolve();
  #failed = false;

  constructor(manifest: Manifest, appHash: Uint8Array, stores: readonly string[], directory: string, adopt: (state: State) => Promise<void>) {
    if (manifest.format !== imageFormat) throw new RangeError(`snapshot format ${manifest.format} is not known, only ${imageFormat}`);
    if (!equalBytes(manifest.appHash, appHash)) throw new RangeError("the snapshot names another app hash than the chain's header");
    this.manifest = manifest;
    this.#appHash = new Uint8Array(appHash);
    this.#state = new State(stores);
    this.#reader = new ImageReader(this.#state);
    this.#file = new ImageFile(directory, manifest.version);
    this.#adopt = adopt;
  }

  /** The index of the chunk that is due. */
  get next(): number {
    return this.#next;
  }

  /** Whether the last chunk is taken and the store has the new state. */
  get done(): boolean {
    return this.#next === this.manifest.chunkHashes.length;
  }

  /**
   * Takes a chunk; only the one that is due is accepted. With the last one the app hash is checked, and the store has the new
   * state, durably. Throws a RangeError where the snapshot itself is wrong: then nothing is left of it.
   */
  apply(index: number, chunk: Uint8Array): Promise<ChunkVerdict> {
    const verdict = this.#before.then(() => this.#apply(index, chunk));
    this.#before = verdict.catch(() => undefined);
    return verdict;
  }

  async #apply(index: number, chunk: Uint8Array): Promise<ChunkVerdict> {
    if (this.#failed || this.done) throw new RangeError("this restore is over; begin another one");
    if (index !== this.#next || !equalBytes(sha256(chunk), this.manifest.chunkHashes[index]!)) return "retry";
    try {
      this.#reader.push(chunk);
      await this.#file.add(chunk);
      if (index === this.manifest.chunkHashes.length - 1) await this.#finish();
      this.#next++;
      return "accept";
    } catch (error) {
      this.abandon();
      throw new RangeError(`the snapshot of version ${this.manifest.version} is not sound: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  async #finish(): Promise<void> {
    this.#reader.finish({ version: this.manifest.version, appHash: this.#appHash });
    await this.#file.finish(this.#appHash);
    await this.#adopt(this.#state);
  }

  /** Gives up, leaving nothing. */
  abandon(): void {
    this.#failed = true;
    this.#file.discard();
  }
}

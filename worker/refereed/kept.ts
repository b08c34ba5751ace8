/**
 * What refereed tasks were run on, as it was fetched: whoever answers for a result, or challenges one, needs it again in a dispute, and its consumer may serve nothing any more
 * just to see a stake or a bond lost. It is served to nobody, and goes when the task is over.
 */
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { BlobStore, digestOf, nameOf } from "../data/store.ts";
import { writeDurably } from "../durable.ts";

export class KeptInputs {
  readonly #folder: string;
  readonly #blobs: BlobStore;

  private constructor(folder: string, blobs: BlobStore) {
    this.#folder = folder;
    this.#blobs = blobs;
  }

  /** `quotaBytes` of all together; 16 GiB where not given. */
  static async open(folder: string, quotaBytes?: number): Promise<KeptInputs> {
    mkdirSync(join(folder, "tasks"), { recursive: true, mode: 0o700 });
    const blobs = await BlobStore.open({ directory: folder, ...(quotaBytes === undefined ? {} : { quotaBytes }) });
    const kept = new KeptInputs(folder, blobs);
    for (const task of kept.#tasks()) for (const digest of kept.#digests(task)) blobs.pin(digest);
    return kept;
  }

  find(digest: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#blobs.get(digest);
  }

  /** Durable when it resolves. Throws BlobRefused where tasks that are not over leave no room. */
  async keep(task: bigint, digest: Uint8Array, bytes: Uint8Array): Promise<void> {
    const record = this.#path(String(task), nameOf(digest));
    if (!existsSync(record)) {
      mkdirSync(this.#path(String(task)), { recursive: true, mode: 0o700 });
      writeDurably(record, "");
    }
    this.#blobs.pin(digest);
    await this.#blobs.putStream([bytes], bytes.length, digest);
  }

  /** Lets go of what no other task was run on. */
  async tidy(isOver: (task: bigint) => Promise<boolean>): Promise<void> {
    for (const task of this.#tasks()) {
      if (!(await isOver(BigInt(task)))) continue;
      const gone = this.#digests(task);
      rmSync(this.#path(task), { recursive: true, force: true });
      for (const digest of gone) {
        if (this.#tasks().some((other) => existsSync(this.#path(other, nameOf(digest))))) continue;
        this.#blobs.unpin(digest);
        await this.#blobs.delete(digest);
      }
    }
  }

  #tasks(): string[] {
    return readdirSync(this.#path()).filter((name) => /^\d+$/.test(name));
  }

  #digests(task: string): Uint8Array[] {
    return readdirSync(this.#path(task)).flatMap((name) => digestOf(name) ?? []);
  }

  #path(...parts: string[]): string {
    return join(this.#folder, "tasks", ...parts);
  }
}

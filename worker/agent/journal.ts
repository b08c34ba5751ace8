/** What a worker must not forget between commit and reveal: on disk before the commitment leaves. */
import { mkdirSync, readFileSync, renameSync, rmSync, openSync, writeSync, fsyncSync, closeSync } from "node:fs";
import { join } from "node:path";

export interface JournalEntry {
  readonly task: string;
  readonly round: number;
  /** Hexadecimal. */
  readonly digest: string;
  readonly size: string;
  readonly meter: string;
  readonly salt: string;
  /** Digest and size of the result as it is fetched. */
  readonly blob: { readonly digest: string; readonly size: string };
}

export class Journal {
  readonly #directory: string;
  constructor(directory: string) {
    this.#directory = directory;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }
  find(task: bigint, round: number): JournalEntry | undefined {
    try {
      return JSON.parse(readFileSync(this.#path(task, round), "utf8")) as JournalEntry;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }
  /** Durable when it returns. */
  keep(entry: JournalEntry): void {
    const path = this.#path(BigInt(entry.task), entry.round);
    const file = openSync(`${path}.new`, "w", 0o600);
    writeSync(file, JSON.stringify(entry));
    fsyncSync(file);
    closeSync(file);
    renameSync(`${path}.new`, path);
  }
  forget(task: bigint, round: number): void {
    rmSync(this.#path(task, round), { force: true });
  }
  #path(task: bigint, round: number): string {
    return join(this.#directory, `${task}-${round}.json`);
  }
}

/** What a worker must not forget between commit and reveal: on disk before the commitment leaves. */
import { mkdirSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeDurably } from "../durable.ts";

/** What a refereed run ended with, byte strings in hexadecimal, 64-bit numbers as text. */
export interface JournalFinal {
  readonly pc: number;
  readonly halt: number;
  readonly steps: string;
  readonly registers: string;
  readonly lowRoot: string;
  readonly inputRoot: string;
  readonly stateHash: string;
}

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
  readonly final?: JournalFinal;
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
    writeDurably(this.#path(BigInt(entry.task), entry.round), JSON.stringify(entry));
  }
  /** Task and round of every entry. */
  kept(): { readonly task: bigint; readonly round: number }[] {
    return readdirSync(this.#directory).flatMap((name) => {
      const match = /^(\d+)-(\d+)\.json$/.exec(name);
      return match === null ? [] : [{ task: BigInt(match[1]!), round: Number(match[2]!) }];
    });
  }
  forget(task: bigint, round: number): void {
    rmSync(this.#path(task, round), { force: true });
  }
  #path(task: bigint, round: number): string {
    return join(this.#directory, `${task}-${round}.json`);
  }
}

/** A job on the gateway's disk: its secrets and what it offered, so that a restart goes on where it stopped. Mode 0600; never logged. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { syncFolder, writeDurably } from "../durable.ts";

export interface JobFile {
  readonly id: string;
  readonly name: string;
  /** Hexadecimal secrets. */
  readonly jobKey: string;
  readonly consumerSecret: string;
  readonly saltSecret: string;
  readonly saltLength: number;
  /** Public; empty where the job is not sealed. Finds the job of a draft again. */
  readonly consumerKey: string;
}

export class JobFiles {
  readonly #directory: string;
  constructor(directory: string) {
    this.#directory = directory;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }
  /** Durable when it returns. `name` is the job's id, or a draft's name before the bid is in a block. */
  write(name: string, file: JobFile): void {
    writeDurably(this.#path(name), JSON.stringify(file));
  }
  /** A draft becomes a job once the chain has named it. */
  settle(draft: string, id: string): void {
    renameSync(this.#path(draft), this.#path(id));
    syncFolder(this.#directory);
  }
  /** For a draft whose bid was refused, and a job that is done with. */
  drop(draft: string): void {
    rmSync(this.#path(draft), { force: true });
  }
  /** The file of a job; undefined where this machine has none. */
  find(id: bigint): JobFile | undefined {
    try {
      return { ...(JSON.parse(readFileSync(this.#path(String(id)), "utf8")) as JobFile), id: String(id) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }
  /** Jobs and drafts, sorted by file name; `id` is the name. */
  all(): JobFile[] {
    return readdirSync(this.#directory).filter((f) => f.endsWith(".json")).sort().map((f) => ({ ...(JSON.parse(readFileSync(join(this.#directory, f), "utf8")) as JobFile), id: f.slice(0, -5) }));
  }
  #path(name: string): string {
    return join(this.#directory, `${name}.json`);
  }
}

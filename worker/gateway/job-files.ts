/** A job on the gateway's disk: its secrets and what it offered, so that a restart goes on where it stopped. Mode 0600; never logged. */
import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";

export interface JobFile {
  readonly id: string;
  readonly name: string;
  /** Hexadecimal secrets. */
  readonly jobKey: string;
  readonly consumerSecret: string;
  readonly saltSecret: string;
  readonly saltLength: number;
}

export class JobFiles {
  readonly #directory: string;
  constructor(directory: string) {
    this.#directory = directory;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }
  /** Durable when it returns. `name` is the job's id, or a draft's name before the bid is in a block. */
  write(name: string, file: JobFile): void {
    const path = join(this.#directory, `${name}.json`);
    const handle = openSync(`${path}.new`, "w", 0o600);
    writeSync(handle, JSON.stringify(file));
    fsyncSync(handle);
    closeSync(handle);
    renameSync(`${path}.new`, path);
  }
  /** A draft becomes a job once the chain has named it. */
  settle(draft: string, id: string): void {
    renameSync(join(this.#directory, `${draft}.json`), join(this.#directory, `${id}.json`));
  }
  all(): JobFile[] {
    return readdirSync(this.#directory).filter((f) => f.endsWith(".json")).sort().map((f) => ({ ...(JSON.parse(readFileSync(join(this.#directory, f), "utf8")) as JobFile), id: f.slice(0, -5) }));
  }
}

/** What this machine keeps of each job and service that it ordered: a folder with its keys, its data and a note. */
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { toHex } from "../chain/codec/bytes.ts";
import { JobFiles } from "../worker/gateway/job-files.ts";
import { CliError, exitCodes, jsonText, type Io } from "./io.ts";

/** What there is to know of a run beside what stands on chain. */
export interface RunNote {
  readonly title: string;
  /** Of the job file. */
  readonly path: string;
  /** Of the account that ordered, by its name here. */
  readonly key: string;
  /** Where providers fetch the data of the job. */
  readonly listen: { readonly host: string; readonly port: number };
  /** What the quote said, in the denom of the book. */
  readonly expected: string;
  readonly maximum: string;
}

export interface Run {
  readonly folder: string;
  readonly note: RunNote;
}

/** Of one chain. */
export class Runs {
  readonly #io: Io;
  readonly #root: string;
  constructor(io: Io, chainId: string) {
    this.#io = io;
    this.#root = join(io.folders.data, "runs", chainId);
  }

  /** A folder for a new run; sorts behind those before. */
  create(name: string): string {
    const folder = join(this.#root, `${this.#io.now().toISOString().replace(/[-:]|\.\d+/g, "")}-${name}-${randomBytes(3).toString("hex")}`);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return folder;
  }

  write(folder: string, note: RunNote): void {
    this.#io.writeFile(join(folder, "run.json"), `${jsonText(note)}\n`);
  }

  /** Of an order that was refused. */
  drop(folder: string): void {
    rmSync(folder, { recursive: true, force: true });
  }

  /** The run of a job or service, by its consumer key; undefined where this machine did not order it. Numbers come back when a test network begins anew, keys do not. */
  find(consumerKey: Uint8Array): Run | undefined {
    const key = toHex(consumerKey);
    for (const name of this.#folders()) {
      const folder = join(this.#root, name);
      if (new JobFiles(join(folder, "jobs")).all().some((file) => file.consumerKey === key)) return { folder, note: this.#note(folder) };
    }
    return undefined;
  }

  /** The latest first. */
  #folders(): string[] {
    try {
      return readdirSync(this.#root).sort().reverse();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    }
  }

  #note(folder: string): RunNote {
    try {
      return JSON.parse(this.#io.readFile(join(folder, "run.json"))) as RunNote;
    } catch (error) {
      throw new CliError(exitCodes.invalid, `${join(folder, "run.json")}: ${(error as Error).message}`);
    }
  }
}

/** What this machine keeps of each job and service that it ordered: a folder with its keys, its data and a note. */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fromHex, toHex } from "../chain/codec/bytes.ts";
import type { Job } from "../chain/codec/gen/dcm/market/v1/types.ts";
import { SaltChain } from "../client/protocol.ts";
import { JobFiles, type JobFile } from "../worker/gateway/job-files.ts";
import { CliError, exitCodes, jsonText, type Io } from "./io.ts";

/** What there is to know of a run beside what stands on chain. */
export interface RunNote {
  /** Absent in notes of before there was this field. */
  readonly kind?: "job" | "service";
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

/** By the consumer's key or, where nothing is sealed, by its number and the salts of its draws. */
function isOf(file: JobFile, { id, spec, saltHead }: Pick<Job, "id" | "spec" | "saltHead">): boolean {
  const { consumerKey } = spec!;
  if (file.consumerKey !== "" || consumerKey.length > 0) return file.consumerKey === toHex(consumerKey);
  return file.id === String(id) && (saltHead.length === 0 || new SaltChain(fromHex(file.saltSecret), file.saltLength).has(saltHead));
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

  /** The run of a job, by its secrets; undefined where this machine did not order it. Numbers come back when a test network begins anew, keys and salts do not. */
  find(job: Pick<Job, "id" | "spec" | "saltHead">): Run | undefined {
    return this.#run((file) => isOf(file, job));
  }

  /** What opens the data of a sealed job that this machine ordered; undefined of others. */
  jobKey(consumerKey: Uint8Array): Uint8Array | undefined {
    const key = toHex(consumerKey);
    const found = this.#find((file) => file.consumerKey === key);
    return found === undefined ? undefined : fromHex(found.file.jobKey);
  }

  /** The run of a service, by its consumer key. */
  findService(consumerKey: Uint8Array): Run | undefined {
    const key = toHex(consumerKey);
    return this.#run((file) => file.consumerKey === key);
  }

  /** Numbers of what was ordered, the latest first; those of before a test network began anew among them. */
  ids(kind: "job" | "service"): string[] {
    const folders = this.#folders().map((name) => join(this.#root, name)).filter((folder) => existsSync(join(folder, "run.json")) && (this.#note(folder).kind ?? "job") === kind);
    const ids = folders.flatMap((folder) => new JobFiles(join(folder, "jobs")).all().map(({ id }) => id));
    return [...new Set(ids.filter((id) => /^\d+$/.test(id)))];
  }

  #run(is: (file: JobFile) => boolean): Run | undefined {
    const found = this.#find(is);
    return found === undefined ? undefined : { folder: found.folder, note: this.#note(found.folder) };
  }

  #find(is: (file: JobFile) => boolean): { readonly folder: string; readonly file: JobFile } | undefined {
    for (const name of this.#folders()) {
      const folder = join(this.#root, name);
      const file = new JobFiles(join(folder, "jobs")).all().find(is);
      if (file !== undefined) return { folder, file };
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

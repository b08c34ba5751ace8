/** Tasks on the gateway's disk, a folder each: what was asked for (`task.json`, written once), where it stands (`progress.json`), and its files between two executors (`files-N`). Mode 0600. */
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { syncFolder, writeDurably } from "../../durable.ts";
import type { Image } from "./images.ts";
import type { OrderTerms } from "./order.ts";
import { endStates, type ExecutorLog, type OutputFileLog, type State, type TesTask } from "./types.ts";

/** What a task was accepted as. */
export interface Accepted {
  readonly task: TesTask;
  readonly terms: OrderTerms;
  /** Of each executor. */
  readonly images: readonly Image[];
}

/** Where a task stands; as durable as its last save. */
export interface Progress {
  readonly created: string;
  state: State;
  /** The executor whose turn it is; as many as there are: outputs. */
  executor: number;
  /** Digest of the module of each executor whose image is none of the task's files, in hexadecimal. */
  modules: (string | null)[];
  /** The market's job for that executor; absent: none that we know of. */
  job?: string;
  /** The client wants no more of it. */
  cancel?: true;
  started?: string;
  ended?: string;
  /** When the executor whose turn it is was first seen running. */
  running?: string;
  logs: ExecutorLog[];
  outputs: OutputFileLog[];
  metadata: Record<string, string>;
  system: string[];
}

export interface Filter {
  readonly namePrefix: string;
  readonly state: State | undefined;
  /** Empty: any value. */
  readonly tags: readonly (readonly [key: string, value: string])[];
}

interface Summary {
  readonly id: string;
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  state: State;
}

const systemLines = 200;

export class TaskStore {
  readonly #directory: string;
  readonly #kept: number;
  /** Sorted by id, so by creation. */
  readonly #all: Summary[] = [];

  /** `kept`: of tasks that have ended, the latest so many. */
  constructor(directory: string, kept: number) {
    this.#directory = directory;
    this.#kept = kept;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    for (const id of readdirSync(directory).sort()) {
      // A task that was not whole when the gateway was killed was never answered for, or is forgotten.
      if (/^[0-9a-z]{24}\.(?:new|gone)$/.test(id)) rmSync(join(directory, id), { recursive: true, force: true });
      else if (/^[0-9a-z]{24}$/.test(id)) this.#all.push(summaryOf(id, this.accepted(id).task, this.progress(id).state));
    }
  }

  /** Durable when it returns the id. */
  create(accepted: Accepted): string {
    const last = this.#all.at(-1)?.id.slice(0, 9) ?? "";
    const now = Date.now().toString(36).padStart(9, "0");
    // Ids rise even where the clock does not.
    const id = `${now > last ? now : last}${Buffer.from(randomBytes(10)).toString("hex").slice(0, 15)}`;
    const rising = this.#all.length > 0 && id <= this.#all.at(-1)!.id ? next(this.#all.at(-1)!.id) : id;
    const progress: Progress = { created: new Date().toISOString(), state: "QUEUED", executor: 0, modules: [], logs: [], outputs: [], metadata: {}, system: [] };
    const draft = join(this.#directory, `${rising}.new`);
    mkdirSync(draft, { mode: 0o700 });
    writeDurably(join(draft, "task.json"), JSON.stringify(accepted));
    writeDurably(join(draft, "progress.json"), JSON.stringify(progress));
    renameSync(draft, join(this.#directory, rising));
    syncFolder(this.#directory);
    this.#all.push(summaryOf(rising, accepted.task, progress.state));
    return rising;
  }

  has(id: string): boolean {
    return this.#at(id) !== undefined;
  }

  state(id: string): State {
    return this.#at(id)!.state;
  }

  accepted(id: string): Accepted {
    return this.#read(id, "task.json") as Accepted;
  }

  /** What a task takes on disk beside its files, in bytes: about as much as all that is told of it. */
  bytes(id: string): number {
    return ["task.json", "progress.json"].reduce((sum, file) => sum + statSync(join(this.#directory, id, file)).size, 0);
  }

  progress(id: string): Progress {
    return this.#read(id, "progress.json") as Progress;
  }

  /** Durable when it returns. */
  save(id: string, progress: Progress): void {
    progress.system.splice(0, Math.max(0, progress.system.length - systemLines));
    writeDurably(join(this.#directory, id, "progress.json"), JSON.stringify(progress));
    this.#at(id)!.state = progress.state;
  }

  /** A task's files as they are before an executor; undefined where they are not there. */
  files(id: string, executor: number): Uint8Array | undefined {
    try {
      return readFileSync(join(this.#directory, id, `files-${executor}`));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  saveFiles(id: string, executor: number, files: Uint8Array): void {
    writeDurably(join(this.#directory, id, `files-${executor}`), files);
  }

  dropFiles(id: string, executor: number): void {
    rmSync(join(this.#directory, id, `files-${executor}`), { force: true });
  }

  /** Those that have not ended, the first ones first. */
  live(): string[] {
    return this.#all.filter(({ state }) => !endStates.includes(state)).map(({ id }) => id);
  }

  /** A page of ids that fit, the latest first, behind the one with this id; and whether there are more. */
  page(filter: Filter, size: number, behind: string | undefined): { readonly ids: readonly string[]; readonly more: boolean } {
    const ids: string[] = [];
    for (let i = this.#all.length - 1; i >= 0; i--) {
      const one = this.#all[i]!;
      if ((behind !== undefined && one.id >= behind) || !fits(one, filter)) continue;
      if (ids.length === size) return { ids, more: true };
      ids.push(one.id);
    }
    return { ids, more: false };
  }

  /** Forgets the oldest of those that have ended, where there are too many. */
  prune(): void {
    const ended = this.#all.filter(({ state }) => endStates.includes(state));
    for (const { id } of ended.slice(0, Math.max(0, ended.length - this.#kept))) {
      // Half a task, where the gateway is killed meanwhile, would not be read at its next start.
      const gone = join(this.#directory, `${id}.gone`);
      renameSync(join(this.#directory, id), gone);
      rmSync(gone, { recursive: true, force: true });
      this.#all.splice(this.#all.findIndex((one) => one.id === id), 1);
    }
  }

  #at(id: string): Summary | undefined {
    return this.#all.find((one) => one.id === id);
  }

  #read(id: string, file: string): unknown {
    return JSON.parse(readFileSync(join(this.#directory, id, file), "utf8"));
  }
}

function summaryOf(id: string, { name = "", tags = {} }: TesTask, state: State): Summary {
  return { id, name, tags, state };
}

function fits({ name, tags, state }: Summary, filter: Filter): boolean {
  return name.startsWith(filter.namePrefix) && (filter.state === undefined || state === filter.state) && filter.tags.every(([key, value]) => Object.hasOwn(tags, key) && (value === "" || tags[key] === value));
}

/** The hexadecimal number behind the time, plus one. */
function next(id: string): string {
  return `${id.slice(0, 9)}${(BigInt(`0x${id.slice(9)}`) + 1n).toString(16).padStart(15, "0")}`;
}

/**
 * Child processes with nothing left to chance: each runs in a process group of its own, its output goes to a file, it is ended
 * with SIGTERM and, after a grace period, SIGKILL to the whole group, and it does not outlive its parent even where that is
 * killed.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, fstatSync, mkdirSync, openSync, readSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { forgetGroup, keepGroup } from "./keeper.ts";

export interface ProcessSpec {
  /** For messages, e.g. `validator-0/comet`. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** Default: this process's. */
  readonly environment?: NodeJS.ProcessEnv;
  /** Receives standard output and standard error, appended. */
  readonly logFile: string;
  /** Resolves once the process serves; asked again and again until then. Default: at once. */
  readonly ready?: () => Promise<boolean>;
  /** Start again whenever it ends by itself, with any status: CometBFT ends with status 0 when its application goes away. */
  readonly restart?: boolean;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const READY_POLL_MS = 50;
const FIRST_BACKOFF_MS = 200;
const LAST_BACKOFF_MS = 5000;
/** A process that lived this long was well: the next restart is quick again. */
const WELL_MS = 10_000;

export class ManagedProcess {
  readonly spec: ProcessSpec;
  #child: ChildProcess | undefined;
  #exit: Promise<Exit> | undefined;
  #wanted = false;
  #backoffMs = FIRST_BACKOFF_MS;
  #restarts = 0;
  #since = 0;

  constructor(spec: ProcessSpec) {
    this.spec = spec;
  }

  /** The id of the process, which is its group's too; undefined while it does not run. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Whether it runs or is about to start again. */
  get active(): boolean {
    return this.#wanted || this.#child !== undefined;
  }

  /** How often it was started again after it had ended by itself. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Starts it and waits until it is ready. Rejects, with the end of its log, where it ends before that or `timeoutMs` pass. */
  async start(timeoutMs = 30_000): Promise<void> {
    if (this.#wanted) throw new Error(`${this.spec.name} runs already`);
    this.#wanted = true;
    await this.#spawn();
    const until = Date.now() + timeoutMs;
    while (!((await this.spec.ready?.()) ?? true)) {
      const ended = this.#child === undefined && this.spec.restart !== true;
      if (ended || Date.now() > until) {
        await this.stop(0);
        throw new Error(`${this.spec.name} ${ended ? "ended before it was ready" : `was not ready after ${timeoutMs} ms`}.\n${this.tail()}`);
      }
      await sleep(READY_POLL_MS);
    }
  }

  /** SIGTERM, then SIGKILL to what is left of the group after `graceMs`. Resolves once it has ended; without an exit where it was not running. */
  async stop(graceMs = 10_000): Promise<Exit | undefined> {
    this.#wanted = false;
    const child = this.#child;
    const exit = this.#exit;
    if (child?.pid === undefined || exit === undefined) return undefined;
    const { pid } = child;
    child.kill("SIGTERM");
    const timer = setTimeout(() => signalGroup(pid, "SIGKILL"), graceMs);
    const status = await exit;
    clearTimeout(timer);
    return status;
  }

  /** SIGKILL to the whole group, as a crash would. A process that is to restart does so, unless `comesBack` is false. */
  async kill(comesBack = true): Promise<void> {
    const exit = this.#exit;
    if (!comesBack || this.spec.restart !== true) this.#wanted = false;
    if (this.#child?.pid !== undefined) signalGroup(this.#child.pid, "SIGKILL");
    await exit;
  }

  /** Sends a signal (SIGSTOP, SIGCONT, ...) to the whole group. */
  signal(signal: NodeJS.Signals): void {
    if (this.#child?.pid !== undefined) signalGroup(this.#child.pid, signal);
  }

  /** The end of the log, at most `bytes`, from a line's beginning. */
  tail(bytes = 2000): string {
    return tailFile(this.spec.logFile, bytes);
  }

  /** The program is started by a shell that waits for a word: it gets it only when the keeper knows the group. */
  async #spawn(): Promise<void> {
    const { command, args, cwd, environment, logFile } = this.spec;
    mkdirSync(dirname(logFile), { recursive: true });
    const log = openSync(logFile, "a");
    try {
      const child = spawn("/bin/sh", ["-c", 'read -r _ && exec "$@" </dev/null', "sh", command, ...args], {
        detached: true,
        stdio: ["pipe", log, log],
        ...(cwd === undefined ? {} : { cwd }),
        ...(environment === undefined ? {} : { env: environment }),
      });
      this.#child = child;
      this.#since = Date.now();
      this.#exit = new Promise((resolve) => {
        child.once("error", () => resolve({ code: null, signal: null }));
        child.once("exit", (code, signal) => resolve({ code, signal }));
      }).then((exit) => this.#ended(child, exit as Exit));
      const { pid } = child;
      if (pid === undefined) throw new Error(`${this.spec.name} could not be started in ${cwd ?? process.cwd()}`);
      child.stdin!.on("error", () => undefined);
      await new Promise<void>((resolve) => keepGroup(pid, resolve));
      child.stdin!.end("go\n");
    } finally {
      closeSync(log);
    }
  }

  /** Whatever the process started ends with it; then it begins anew where it should. */
  #ended(child: ChildProcess, exit: Exit): Exit {
    if (child.pid !== undefined) {
      signalGroup(child.pid, "SIGKILL");
      forgetGroup(child.pid);
    }
    this.#child = undefined;
    this.#exit = undefined;
    if (Date.now() - this.#since > WELL_MS) this.#backoffMs = FIRST_BACKOFF_MS;
    if (this.#wanted && this.spec.restart === true) this.#restartLater();
    else this.#wanted = false;
    return exit;
  }

  #restartLater(): void {
    const delay = this.#backoffMs;
    this.#backoffMs = Math.min(LAST_BACKOFF_MS, 2 * delay);
    setTimeout(() => {
      if (!this.#wanted) return;
      this.#restarts += 1;
      this.#spawn().catch(() => this.#restartLater());
    }, delay);
  }
}

/** A group that is gone already is no error. */
function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** The end of a text file, at most `bytes`, from a line's beginning; empty where there is no file. */
export function tailFile(path: string, bytes = 2000): string {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch {
    return "";
  }
  try {
    const { size } = fstatSync(file);
    const text = Buffer.alloc(Math.min(size, bytes));
    readSync(file, text, 0, text.length, size - text.length);
    return size > bytes ? text.toString().replace(/^[^\n]*\n/, "") : text.toString();
  } finally {
    closeSync(file);
  }
}

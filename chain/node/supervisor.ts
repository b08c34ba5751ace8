/** Keeps a CometBFT running beside the application: it goes away whenever the application does, with status 0, and must come back (ABCI-5). */
import { spawn, type ChildProcess } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Log } from "./log.ts";

export interface SupervisorOptions {
  readonly binary: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where the child's process id is written while it lives. */
  readonly pidFile: string;
  readonly log: Log;
  readonly onRestart: () => void;
  /** Called once where CometBFT cannot be kept running; the last things that it said. */
  readonly onGivenUp: (reason: string) => void;
}

/** Ends in quick succession before it ever worked: a wrong setting, not an accident. */
const hopeless = { ends: 3, withinMs: 15_000 };
const restartDelayMs = { first: 200, most: 5_000 };
const keptLines = 20;

export class CometSupervisor {
  readonly #options: SupervisorOptions;
  #child: ChildProcess | undefined;
  #stopping = false;
  #worked = false;
  #quickEnds = 0;
  #delay = restartDelayMs.first;
  #timer: NodeJS.Timeout | undefined;
  #lastLines: string[] = [];
  #inTrace = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  start(): void {
    const { binary, args, env, pidFile, log } = this.#options;
    const startedAt = Date.now();
    const child = spawn(binary, args, { stdio: ["ignore", "pipe", "pipe"], env });
    this.#child = child;
    this.#inTrace = false;
    if (child.pid !== undefined) writeFileSync(pidFile, String(child.pid));
    for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on("line", (line) => this.#line(line));
    let ended = false;
    const end = (how: string): void => {
      if (ended) return;
      ended = true;
      this.#child = undefined;
      rmSync(pidFile, { force: true });
      if (this.#stopping) return;
      this.#again(how, Date.now() - startedAt);
    };
    child.on("error", (error) => end(`cannot be run: ${error.message}`));
    child.on("exit", (code, signal) => end(signal === null ? `ended with status ${code}` : `was ended by ${signal}`));
    log("debug", "CometBFT started", { pid: child.pid, args: args.join(" ") });
  }

  /** The node made blocks, or at least spoke: from now on every end is an accident. */
  worked(): void {
    this.#worked = true;
    this.#quickEnds = 0;
    this.#delay = restartDelayMs.first;
  }

  #again(how: string, livedMs: number): void {
    const { log, onRestart, onGivenUp } = this.#options;
    this.#quickEnds = livedMs < hopeless.withinMs ? this.#quickEnds + 1 : 1;
    if (!this.#worked && this.#quickEnds >= hopeless.ends) {
      onGivenUp(`CometBFT ${how}, ${this.#quickEnds} times in a row. It said:\n${this.#lastLines.map((line) => `  ${line}`).join("\n") || "  nothing"}`);
      return;
    }
    log("warn", `CometBFT ${how}; starting it again`, { in_ms: this.#delay });
    this.#timer = setTimeout(() => {
      onRestart();
      this.start();
    }, this.#delay);
    this.#delay = Math.min(this.#delay * 2, restartDelayMs.most);
  }

  /** SIGTERM, and SIGKILL where that does not help within `patienceMs`. */
  async stop(patienceMs = 5_000): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    const child = this.#child;
    if (child === undefined) return;
    await new Promise<void>((resolve) => {
      const killer = setTimeout(() => child.kill("SIGKILL"), patienceMs);
      child.once("exit", () => {
        clearTimeout(killer);
        resolve();
      });
      child.kill("SIGTERM");
    });
  }

  /** CometBFT logs JSON lines: their level and words go into the node's log. */
  #line(line: string): void {
    let entry: Record<string, unknown> = {};
    try {
      entry = JSON.parse(line) as Record<string, unknown>;
    } catch {
      entry = { _msg: line, level: "error" };
    }
    const { level, _msg: message, ts: _time, module, ...fields } = entry;
    const text = typeof message === "string" ? message : line;
    // A panic's words help; the hundred lines of stack after them would push them out.
    if (text.startsWith("goroutine ")) this.#inTrace = true;
    if (level !== "info" && level !== "debug" && !this.#inTrace && text !== "") {
      this.#lastLines = [...this.#lastLines.slice(1 - keptLines), `${text} ${typeof fields["err"] === "string" ? fields["err"] : ""}`.trim().slice(0, 500)];
    }
    this.#options.log(level === "error" ? "warn" : level === "info" ? "info" : "debug", `comet: ${text}`, { ...(module === undefined ? {} : { module }), ...fields });
  }
}

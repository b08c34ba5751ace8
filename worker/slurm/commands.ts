/** Slurm's commands, each a process with a list of arguments; no shell is between, and no environment of the worker's gets through. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import type { SlurmSettings } from "./settings.ts";

/** A command that failed, in Slurm's own words. */
export class SlurmError extends Error {
  override readonly name = "SlurmError";
  /** Whether the same command may work some time later. */
  readonly temporary: boolean;
  constructor(message: string, temporary: boolean) {
    super(message);
    this.temporary = temporary;
  }
}

/** A job as squeue shows it. */
export interface SeenJob {
  readonly name: string;
  readonly id: number;
  readonly state: string;
  readonly nodes: string;
  /** Why it waits or failed: one word of Slurm's. */
  readonly reason: string;
}

export type Tool = "sbatch" | "squeue" | "scancel" | "sinfo" | "scontrol";

const timeoutMs = 30_000;
const outputBytes = 64 << 20;
/** So many ids stand in one command line. */
const idsAtOnce = 500;
/** What jobs and commands need to find; passwords and tokens of the worker's own environment are not among it. */
const passed = ["PATH", "HOME", "USER", "LOGNAME", "TZ", "SLURM_CONF"] as const;

/** Full queues, a controller that is away or busy, an authentication daemon that restarts. */
const passing =
  /unable to contact|socket timed out|temporarily un|resource temporarily|connection (?:refused|timed out|reset)|zero bytes|standby mode|communication|submit ?(?:job ?)?limit|limit on the number of jobs|partition not available|partition_down|authentication|credential|munge|time expired|try again|cannot allocate memory/i;

export class Commands {
  readonly #settings: SlurmSettings;
  readonly #environment: NodeJS.ProcessEnv;

  constructor(settings: SlurmSettings, environment: NodeJS.ProcessEnv) {
    this.#settings = settings;
    const kept = passed.flatMap((key) => (environment[key] === undefined ? [] : [[key, environment[key]] as const]));
    this.#environment = { ...Object.fromEntries(kept), LC_ALL: "C", ...(settings.slurmConf === undefined ? {} : { SLURM_CONF: settings.slurmConf }) };
  }

  /** Gives the job's id. Jobs get the environment of their sbatch. */
  async submit(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
    const said = await this.run("sbatch", args, environment);
    const id = /^(\d+)(?:;\S*)?$/m.exec(said.trim())?.[1];
    if (id === undefined) throw new SlurmError(`sbatch answered without a job id: ${said.slice(0, 200)}`, false);
    return Number(id);
  }

  /** All jobs of this user whose name begins so; those that ended stay for some minutes (MinJobAge). */
  async jobs(prefix: string): Promise<SeenJob[]> {
    const said = await this.run("squeue", ["--noheader", "--me", "--states=all", "--format=%j|%i|%T|%N|%r"]);
    return said.split("\n").flatMap((line) => {
      const [name = "", id = "", state = "", nodes = "", ...reason] = line.trim().split("|");
      return name.startsWith(prefix) && /^\d+$/.test(id) ? [{ name, id: Number(id), state, nodes, reason: reason.join("|") }] : [];
    });
  }

  /** Those that ended already are no error. */
  async cancel(ids: readonly number[]): Promise<void> {
    for (let from = 0; from < ids.length; from += idsAtOnce) await this.run("scancel", ["--quiet", ...ids.slice(from, from + idsAtOnce).map(String)]);
  }

  run(tool: Tool, args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<string> {
    const { commands } = this.#settings;
    const file = commands === undefined ? tool : join(commands, tool);
    return new Promise((resolve, reject) => {
      execFile(file, args, { env: { ...this.#environment, ...environment }, cwd: "/", timeout: timeoutMs, killSignal: "SIGKILL", maxBuffer: outputBytes, windowsHide: true }, (error, stdout, stderr) => {
        if (error === null) return resolve(stdout);
        if (error.code === "ENOENT") return reject(new SlurmError(`${file} is not there: install Slurm's client commands, or name their folder in backend.commands`, false));
        const said = stderr.replaceAll(`${tool}: error: `, "").replaceAll(`${tool}: `, "").replace(/\s+/g, " ").trim().slice(0, 400);
        const words = error.killed === true ? `${tool} did not answer within ${timeoutMs / 1000} s` : said === "" ? `${tool} ended with ${error.signal ?? `code ${error.code}`}` : `${tool}: ${said}`;
        reject(new SlurmError(words, error.killed === true || passing.test(said)));
      });
    });
  }
}

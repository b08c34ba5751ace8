/** What `worker.json` says of a Slurm cluster that runs the tasks. Nothing of it ever reaches a shell. */
import { object, string, wrong } from "../fields.ts";

export interface SlurmSettings {
  /** A folder that this machine and the compute nodes see under the same path. */
  readonly directory: string;
  readonly partition?: string;
  readonly account?: string;
  readonly qos?: string;
  readonly reservation?: string;
  readonly constraint?: string;
  /** Further options of sbatch, such as `--nice=100`. */
  readonly arguments?: readonly string[];
  /** Processors of a task; by default one, since a task has one thread. */
  readonly cpus?: number;
  /** The longest time limit that a job asks for, where the partition allows less than tasks may take. */
  readonly maxMinutes?: number;
  /** How long a job may wait for its node; by default half of what the task has. */
  readonly maxPendingMs?: number;
  /** The pinned runtime, as compute nodes see it; by default where it stands here. */
  readonly node?: string;
  /** This repository, as compute nodes see it; by default where it stands here. */
  readonly checkout?: string;
  /** The folder of sbatch and the others; by default they are found on PATH. */
  readonly commands?: string;
  /** Of the cluster, where it is not the system's own: SLURM_CONF. */
  readonly slurmConf?: string;
}

/** What this backend itself gives to sbatch, or what would change how a job is begun, seen or counted. */
const reserved = [
  "array", "batch", "chdir", "clusters", "cpus-per-task", "dependency", "error", "export", "export-file", "get-user-env", "gid", "help", "hold", "input", "job-name", "mem", "mem-per-cpu", "mem-per-gpu", "nodes", "no-requeue", "ntasks",
  "open-mode", "output", "parsable", "quiet", "requeue", "test-only", "time", "uid", "usage", "version", "wait", "wrap",
] as const;

/** Options that have a field of their own. */
const fields = ["partition", "account", "qos", "reservation", "constraint"] as const;

const name = /^[A-Za-z0-9_.,:@+=-]{1,128}$/;
/** `%` would be a pattern of Slurm's in names of files. */
const path = /^\/[A-Za-z0-9_.,:@+=/-]{0,512}$/;
const known = ["kind", "directory", ...fields, "arguments", "cpus", "maxMinutes", "maxPendingMs", "node", "checkout", "commands", "slurmConf"] as const;

/** Throws an Error that names the field, what it must be and what it is. */
export function checkSlurmSettings(value: unknown): SlurmSettings {
  const settings = object(value, "backend", known);
  const paths = "an absolute path of letters, digits and . _ , : @ + = -";
  string(settings["directory"], "backend.directory", path, paths);
  for (const field of ["node", "checkout", "commands", "slurmConf"]) optional(settings[field], (given) => string(given, `backend.${field}`, path, paths));
  for (const field of fields) {
    // A constraint is an expression: "intel&gpu", "[rack1|rack2]".
    const form = field === "constraint" ? /^[A-Za-z0-9_.,:&|!*()[\]-]{1,256}$/ : name;
    optional(settings[field], (given) => string(given, `backend.${field}`, form, "a name as Slurm knows it"));
  }
  for (const [field, most] of [["cpus", 1_024], ["maxMinutes", 1_000_000], ["maxPendingMs", 86_400_000]] as const) {
    optional(settings[field], (given) => {
      if (!Number.isInteger(given) || (given as number) < 1 || (given as number) > most) throw wrong(`backend.${field}`, `a whole number from 1 to ${most}`, given);
    });
  }
  optional(settings["arguments"], checkArguments);
  return settings as unknown as SlurmSettings;
}

function checkArguments(given: unknown): void {
  if (!Array.isArray(given) || given.length > 32) throw wrong("backend.arguments", "at most 32 options of sbatch, each a text such as \"--nice=100\"", given);
  for (const [i, one] of (given as unknown[]).entries()) {
    const at = `backend.arguments[${i}]`;
    const text = string(one, at, /^--[a-z][a-z-]*(=[\x21-\x7e]{1,256})?$/, "one long option with its value behind =, such as \"--nice=100\"");
    const option = /^--([a-z-]+)/.exec(text)![1]!;
    const own = fields.find((field) => field.startsWith(option));
    if (own !== undefined) throw new Error(`${at}: ${text} has a field of its own: backend.${own}`);
    // sbatch takes the beginning of an option's name for the option.
    const taken = reserved.find((other) => other.startsWith(option));
    if (taken !== undefined) throw new Error(`${at}: --${taken} is the worker's own to give; leave ${text} out`);
  }
}

function optional(value: unknown, check: (given: unknown) => unknown): void {
  if (value !== undefined) check(value);
}

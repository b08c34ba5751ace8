/** `dcm-worker check`: whether this home's tasks would run, looked at step by step, and what to do where one would not. */
import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import type { BackendConfig } from "./config.ts";
import type { Backend, TaskInput } from "./sandbox/backend.ts";
import { wasmBackend } from "./sandbox/wasm-backend.ts";
import { Cluster } from "./slurm/cluster.ts";
import { Commands, type Tool } from "./slurm/commands.ts";
import { Exchange } from "./slurm/exchange.ts";
import type { SlurmSettings } from "./slurm/settings.ts";

export interface Finding {
  readonly what: string;
  readonly ok: boolean;
  /** What was found. */
  readonly said: string;
  /** What to do about it. */
  readonly fix?: string;
}

/** A module that exports a memory and an empty `run`. */
const nothing = Buffer.from("0061736d01000000010401600000030201000503010001071002066d656d6f727902000372756e00000a040102000b", "hex");
const probe = (wallMs: number): TaskInput => ({ module: nothing, input: randomBytes(16), limits: { maxMeter: 1_000_000n, memoryBytes: 1 << 20, outputBytes: 1_024, wallMs } });
const localMs = 20_000;
const jobMs = 120_000;

/** Findings one after the other, as they come; after one that all others stand on, no more. */
export async function* checkBackend(backend: BackendConfig | undefined, environment: NodeJS.ProcessEnv): AsyncGenerator<Finding> {
  yield await runs("sandbox", wasmBackend(), localMs, "the worker's own sandbox must work in any case: look at the reason, and at the memory and processes that this user may have");
  if (backend?.kind !== "slurm") return;
  const commands = new Commands(backend, environment);
  const versions = await look("commands", async () => (await all(["sbatch", "squeue", "scancel", "sinfo", "scontrol"], (tool) => commands.run(tool, ["--version"]))).join(", "), "install Slurm's client commands (Debian: slurm-client), or name their folder in backend.commands");
  yield versions;
  if (!versions.ok) return;
  const controller = await look("controller", () => answers(commands), "is slurmctld up, does munge run on this machine, and is backend.slurmConf (or SLURM_CONF) that cluster's?");
  yield controller;
  if (!controller.ok) return;
  yield await look("partition", () => partition(commands, backend), "`sinfo` lists what there is: set backend.partition to one that is up and has processors");
  const directory = await look("directory", () => writable(backend), "make the directory, mount the share, or give this user the right to write there");
  yield directory;
  if (directory.ok) yield await job(backend, environment);
}

/** In the form in which people read it. */
export function wordsOf({ what, ok, said, fix }: Finding): string {
  return `${ok ? "ok  " : "FAIL"}  ${what}: ${said}\n${ok || fix === undefined ? "" : `      ${fix}\n`}`;
}

async function look(what: string, find: () => Promise<string>, fix: string): Promise<Finding> {
  try {
    return { what, ok: true, said: (await find()).replace(/\s+/g, " ").trim() };
  } catch (error) {
    return { what, ok: false, said: error instanceof Error ? error.message : String(error), fix };
  }
}

async function runs(what: string, backend: Backend, wallMs: number, fix: string): Promise<Finding> {
  const began = performance.now();
  const { status, reason } = await backend.run(probe(wallMs));
  const took = `${((performance.now() - began) / 1_000).toFixed(1)} s`;
  return status === "ok" ? { what, ok: true, said: `a task that does nothing took ${took}` } : { what, ok: false, said: `${status}, ${reason} (after ${took})`, fix };
}

async function all(tools: readonly Tool[], ask: (tool: Tool) => Promise<string>): Promise<string[]> {
  return [...new Set((await Promise.all(tools.map(ask))).map((said) => said.trim()))];
}

async function answers(commands: Commands): Promise<string> {
  const said = await commands.run("scontrol", ["ping"]);
  if (!said.includes("is UP")) throw new Error(said.trim());
  return said;
}

/** The one that jobs go to: time limit, processors, memory of its smallest nodes. */
async function partition(commands: Commands, { partition: name }: SlurmSettings): Promise<string> {
  const said = await commands.run("sinfo", ["--noheader", "--format=%P|%a|%l|%C|%m", ...(name === undefined ? [] : [`--partition=${name}`])]);
  const rows = said.split("\n").map((line) => line.trim().split("|")).filter((cells) => cells.length === 5);
  const row = rows.find(([found]) => (name === undefined ? found!.endsWith("*") : found!.replace(/\*$/, "") === name));
  if (row === undefined) throw new Error(name === undefined ? "the cluster has no default partition" : `the cluster has no partition ${name}`);
  const [found, state, limit, processors, memory] = row as [string, string, string, string, string];
  const [, idle, , total] = processors.split("/").map(Number);
  const words = `${found.replace(/\*$/, "")} is ${state}, time limit ${limit}, ${idle} of ${total} processors free, ${memory} MB a node`;
  if (state !== "up" || total === 0) throw new Error(words);
  return words;
}

async function writable({ directory }: SlurmSettings): Promise<string> {
  const exchange = new Exchange(directory, checkName());
  await exchange.open();
  try {
    await exchange.put("0".repeat(64), nothing);
  } finally {
    await rm(exchange.folder, { recursive: true, force: true });
  }
  return `${directory} can be written here`;
}

/** A task on a compute node: shows that it sees the directory, the runtime and the same version of this repository. */
async function job(settings: SlurmSettings, environment: NodeJS.ProcessEnv): Promise<Finding> {
  const worker = checkName();
  const said: string[] = [];
  const cluster = new Cluster({ settings: { ...settings, maxPendingMs: settings.maxPendingMs ?? jobMs }, worker, environment, log: (message, fields) => said.push(`${message} ${JSON.stringify(fields)}`) });
  try {
    const found = await runs("job", cluster.backend("wasm"), jobMs, "the job's own words stand above: compute nodes must see backend.directory, backend.node and backend.checkout under these paths, in this worker's version");
    return found.ok ? found : { ...found, said: [found.said, ...said].join("; ") };
  } finally {
    await cluster.close();
    // The runner ends a moment after its outcome, and keeps compiled code there.
    await rm(new Exchange(settings.directory, worker).folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

/** Beside the worker, which may run: its jobs and folders are not touched. */
function checkName(): string {
  return `check${randomBytes(4).toString("hex")}`;
}

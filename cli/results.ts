/** dcm cp and dcm logs: what a job's tasks left, and what happened to them, as often as one likes. */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import pc from "picocolors";
import { toHex } from "../chain/codec/bytes.ts";
import { sha256 } from "../chain/codec/hash.ts";
import { TaskState, type Job, type Task } from "../chain/codec/gen/dcm/market/v1/types.ts";
import { blockEvents, type NamedEvent } from "../client/chain-events.ts";
import type { Connection } from "../client/connection.ts";
import { allPages } from "../client/pages.ts";
import { encodeResult, type TaskResult } from "../client/protocol.ts";
import { fetchResult } from "../worker/gateway/gateway.ts";
import { JobFiles, type JobFile } from "../worker/gateway/job-files.ts";
import { closedBecause } from "../worker/gateway/run-job.ts";
import { decodeChanges, NoBundle } from "../worker/sandbox/bundle.ts";
import { CliError, exitCodes, jsonText, type Io } from "./io.ts";
import { whereGone } from "./job.ts";
import { jobNamed } from "./jobs.ts";
import { openNet, type Net, type NetOptions } from "./net.ts";
import { providerNames } from "./providers.ts";
import { Runs } from "./runs.ts";
import { grouped } from "./screen.ts";
import { stateName } from "./watch.ts";

export interface CopyOptions extends NetOptions {
  readonly json?: true | undefined;
}

export interface LogsOptions extends CopyOptions {
  readonly follow?: true | undefined;
}

const pollMs = 300;

/** Fetches results again, from the providers that have them, and holds each against the chain. */
export async function copy(io: Io, which: string, destination: string | undefined, options: CopyOptions): Promise<void> {
  const { id, index } = named(which);
  if (destination === "-" && (index === undefined || options.json === true)) throw new CliError(exitCodes.usage, "- is for the bytes of one task alone", `dcm cp ${id}/0 -`);
  const net = await openNet(io, options);
  try {
    const { job, tasks } = await tasksOf(net.connection, id, index);
    const file = secretsOf(io, net, job);
    const copied: object[] = [];
    for (const task of tasks.filter(({ state }) => state === TaskState.TASK_STATE_FINAL)) {
      const result = await resultOf(job, task, file, io.interrupted());
      if (destination === "-") return io.stdout(result.output);
      const path = index === undefined || isFolder(destination) ? join(destination ?? ".", `task-${task.index}`) : destination!;
      write(io, path, result.output);
      copied.push({ task: task.index, file: path, status: result.status, exit_code: result.exitCode, bytes: result.output.length, output_sha256: toHex(sha256(result.output)), digest: toHex(sha256(encodeResult(result))) });
      if (options.json !== true) io.stdout(`${path}\n`);
    }
    if (options.json === true) io.stdout(`${jsonText({ job: job.id, results: copied })}\n`);
    const missing = tasks.filter(({ state }) => state !== TaskState.TASK_STATE_FINAL);
    if (missing.length > 0) throw new CliError(exitCodes.noResult, `no result of ${missing.map((task) => `task ${task.index} (${stateOf(task)})`).join(", ")}`, `dcm logs ${id} -f shows what happens.`);
  } finally {
    net.connection.close();
  }
}

const isFolder = (destination: string | undefined): boolean => destination === undefined || destination.endsWith("/") || (existsSync(destination) && statSync(destination).isDirectory());

function write(io: Io, path: string, bytes: Uint8Array): void {
  try {
    io.writeBytes(path, bytes);
  } catch (error) {
    throw new CliError(exitCodes.failed, `cannot write ${path}: ${(error as Error).message}`, "dcm cp JOB/TASK - gives the bytes on standard output.");
  }
}

/** What happened to a job, or to one of its tasks, line by line; with `follow` until it is over. */
export async function logs(io: Io, which: string, options: LogsOptions): Promise<void> {
  const { id, index } = named(which);
  const net = await openNet(io, options);
  try {
    const { connection } = net;
    const { job, tasks } = await tasksOf(connection, id, index);
    const interrupted = io.interrupted();
    const telling = new Telling(tasks, await providerNames(connection), index !== undefined);
    const file = secretsOf(io, net, job, false);
    const { lastBlockHeight: now = 0 } = await connection.comet.abciInfo();
    for await (const { height, events, ofTransactions } of blockEvents(connection, Number(job.createdHeight), pollMs, interrupted)) {
      const ours = [...ofTransactions, ...events].filter(({ attributes }) => attributes["job_id"] === String(job.id));
      for (const line of ours.flatMap((event) => telling.lines(event))) {
        io.stdout(options.json === true ? `${jsonText({ height, ...line }, 0)}\n` : `${pc.createColors(io.colours).dim(`block ${height}`)}  ${line.task === undefined ? "" : `task ${line.task}: `}${line.what}\n`);
        if (line.final === true) await sayResult(io, net, { job, file, index: line.task!, json: options.json === true });
      }
      const over = ours.some(({ type, attributes }) => type === "dcm.market.v1.EventEscrowSettled" && attributes["held"] === "0");
      if (over || (options.follow !== true && height >= now)) break;
    }
    if (interrupted.aborted) throw new CliError(exitCodes.interrupted, `left the log of job ${id}`);
  } catch (error) {
    throw whereGone(error, net, id);
  } finally {
    net.connection.close();
  }
}

/** How a task ended, and what it said: a result has its program's stderr where it has files, as those that dcm tes orders. */
async function sayResult(io: Io, net: Net, { job, file, index, json }: { readonly job: Job; readonly file: JobFile | undefined; readonly index: number; readonly json: boolean }): Promise<void> {
  if (job.spec!.consumerKey.length > 0 && file === undefined) return;
  const { tasks: [task] } = await tasksOf(net.connection, String(job.id), index);
  const result = await resultOf(job, task!, file, io.interrupted()).catch((error: unknown) => error as CliError);
  if (result instanceof Error) return io.stderr(`${result.message}\n`);
  const said = stderrOf(result);
  if (json) io.stdout(`${jsonText({ task: index, what: "result", status: result.status, exit_code: result.exitCode, bytes: result.output.length, ...(said === undefined ? {} : { stderr: said }) }, 0)}\n`);
  else io.stdout(`task ${index}: ended with ${result.status}, exit code ${result.exitCode}; ${grouped(result.output.length)} bytes: dcm cp ${job.id}/${index}\n${said === undefined || said === "" ? "" : `${said.replace(/\n?$/, "\n").replace(/^/gm, `task ${index} | `).replace(/task \d+ \| $/, "")}`}`);
}

/** Undefined where the result keeps none. */
export function stderrOf({ output }: Pick<TaskResult, "output">): string | undefined {
  try {
    return Buffer.from(decodeChanges(output).stderr).toString("utf8");
  } catch (error) {
    if (error instanceof NoBundle) return undefined;
    throw error;
  }
}

/** `7`, `7/2` or `7:/2`: a job, or a task of it. Throws a CliError. */
export function named(which: string): { readonly id: string; readonly index: number | undefined } {
  const [, id, index] = /^([1-9]\d{0,17})(?::?\/(\d{1,9}))?$/.exec(which) ?? [];
  if (id === undefined) throw new CliError(exitCodes.usage, `${JSON.stringify(which.slice(0, 40))} is no job and no task`, "7 is a job, 7/2 its third task; dcm jobs lists yours.");
  return { id, index: index === undefined ? undefined : Number(index) };
}

async function tasksOf(connection: Connection, id: string, index: number | undefined): Promise<{ readonly job: Job; readonly tasks: readonly Task[] }> {
  const { job } = await jobNamed(connection, id);
  const all = await allPages((pagination) => connection.query.market.tasks({ jobId: job.id, pagination }), (page) => page.tasks);
  const tasks = all.filter((task) => index === undefined || task.index === index);
  if (tasks.length === 0) throw new CliError(exitCodes.notFound, `job ${id} has no task ${index}`, `Its tasks are 0 to ${all.length - 1}.`);
  return { job, tasks };
}

/** What opens a job's results. Throws a CliError where they are sealed and the keys are elsewhere, if that is asked for. */
function secretsOf(io: Io, { chainId }: Net, job: Job, needed = true): JobFile | undefined {
  const run = new Runs(io, chainId).find(job);
  const file = run === undefined ? undefined : new JobFiles(join(run.folder, "jobs")).find(job.id);
  if (file === undefined && needed && job.spec!.consumerKey.length > 0) throw new CliError(exitCodes.notFound, `the keys of job ${job.id} are not on this machine`, "Its results are sealed: they open where it was ordered.");
  return file;
}

async function resultOf(job: Job, task: Task, file: JobFile | undefined, signal: AbortSignal): Promise<TaskResult> {
  return fetchResult(job, task, file, signal).catch((error: unknown) => {
    throw new CliError(exitCodes.failed, (error as Error).message, "Providers keep results for a while; the digest is on chain, so a copy that you have can be held against it: dcm receipt --json.");
  });
}

const stateOf = (task: Task): string => (task.state === TaskState.TASK_STATE_CLOSED ? `closed: ${closedBecause(task)}` : stateName(TaskState, task.state, "TASK_STATE_"));

export interface Line {
  readonly task?: number;
  readonly what: string;
  /** Its result is there. */
  readonly final?: true;
}

/** Events of a job in words. */
export class Telling {
  readonly #tasks: readonly Pick<Task, "id" | "index">[];
  readonly #names: ReadonlyMap<string, string>;
  readonly #one: boolean;
  /** `one`: nothing but what is of these tasks. */
  constructor(tasks: readonly Pick<Task, "id" | "index">[], names: ReadonlyMap<string, string>, one: boolean) {
    this.#tasks = tasks;
    this.#names = names;
    this.#one = one;
  }

  lines({ type, attributes: of }: NamedEvent): Line[] {
    const task = this.#tasks.find(({ id }) => String(id) === of["task_id"])?.index;
    if (task === undefined && (this.#one || of["task_id"] !== undefined)) return [];
    const line = (what: string, more: Pick<Line, "final"> = {}): Line[] => [{ ...(task === undefined ? {} : { task }), what, ...more }];
    const name = (key: string): string => this.#names.get(of[key] ?? "") ?? of[key] ?? "";
    switch (type.replace(/^dcm\.(market|referee)\.v1\.Event/, "")) {
      case "BidPlaced": return line("bid placed");
      case "BidChanged": return of["status"] === "open" ? [] : line(`bid ${of["status"]!.replaceAll("_", " ")}`);
      case "StageOpened": return line(`stage ${Number(of["stage"]) + 1} opened, ${of["tasks"]} tasks`);
      case "StageFinal": return line(`stage ${Number(of["stage"]) + 1} final`);
      case "StageClosed": return line(`stage ${Number(of["stage"]) + 1} closed`);
      case "TaskChanged": return of["state"] === "open" || of["state"] === "waiting" ? [] : line(of["state"] === "final" ? "accepted and paid" : of["state"]!.replaceAll("_", " "), of["state"] === "final" ? { final: true } : {});
      case "ReplicaChanged": return line(`${name("provider")} ${of["state"]!.replaceAll("_", " ")}`);
      case "ProviderPenalized": return line(`${name("provider")} lost ${grouped(of["amount"]!)} ${of["denom"]} of its bond: ${of["reason"]!.replaceAll("_", " ")}`);
      case "DisputeOpened": return line(`${name("challenger")} challenges what ${name("provider")} said`);
      case "DisputeClosed": return line(`the dispute is over: ${of["outcome"]!.replaceAll("_", " ")}`);
      default: return [];
    }
  }
}

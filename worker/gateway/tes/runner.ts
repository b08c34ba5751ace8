/**
 * Runs accepted tasks on the market: gathers inputs, orders a job for each executor in turn, delivers outputs. What it does next follows from what lies on disk and what the chain says, so it may be
 * killed at any point and goes on.
 */
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { CloseReason, ReplicaState, TaskState, type Task } from "../../../chain/codec/gen/dcm/market/v1/types.ts";
import type { Connection } from "../../../client/connection.ts";
import { findProfile } from "../../../client/profiles.ts";
import { TxFailed } from "../../../client/sender.ts";
import { decodeChanges, encodeBundle, type Changes } from "../../sandbox/bundle.ts";
import { levels, type Verification } from "../bid.ts";
import type { Gateway } from "../gateway.ts";
import { closedBecause } from "../run-job.ts";
import { tryBid } from "../trial.ts";
import { closedState, exitCodeOf, liveState } from "./chain-states.ts";
import { addPlaces, checkInput, checkOutput, deliver, deliveriesOf, gather, type DataRules, type Delivery } from "./data.ts";
import { imagesOf, type Modules } from "./images.ts";
import { orderOf, requestOf, type ClassFacts, type OrderDefaults, type OrderTerms } from "./order.ts";
import { readTask } from "./read-task.ts";
import type { Accepted, Progress, TaskStore } from "./store.ts";
import { TaskFiles } from "./tree.ts";
import { endStates, Refused, type State, type TesTask } from "./types.ts";

export interface RunnerOptions {
  readonly connection: Connection;
  /** Started by whoever gives it. */
  readonly gateway: Gateway;
  /** Who orders; the public key has 33 bytes. */
  readonly consumer: { readonly address: string; readonly pubkey: Uint8Array };
  readonly store: TaskStore;
  readonly modules: Modules;
  readonly data: DataRules;
  readonly defaults: OrderDefaults;
  /** A limit from the book where neither task nor defaults name one; undefined where nobody offers. */
  readonly limitFromBook: (terms: Omit<OrderTerms, "limitPrice">) => Promise<bigint | undefined>;
  /** Tasks at a time; others are QUEUED. */
  readonly parallel: number;
  readonly pollMs: number;
  /** After how long without an answer of the node a task is UNKNOWN, and how long one waits for money before it tries again. */
  readonly unknownMs?: number;
  readonly pausedMs?: number;
  /** How long results and places for outputs are waited for; by default ten minutes. */
  readonly patienceMs?: number;
  readonly log: (message: string, fields?: Record<string, unknown>) => void;
}

/** The task cannot go on; the message stands in its system_logs. */
class Ended extends Error {
  readonly state: State;
  constructor(state: State, message: string) {
    super(message);
    this.state = state;
  }
}

/** The money or the budget is used up for now. */
class Penniless extends Error {}

/** Somebody else than the node does not do his part: a provider that has a result, a place where outputs go. It is tried again, and the task is as it was. */
class Elsewhere extends Error {}

const logBytes = 10_240;
const longestPauseMs = 10_000;
/** How long results are asked for where no provider that has one answers, and outputs offered where they are not taken. */
const patienceMs = 600_000;
const stopGraceMs = 5_000;
const maxWaiting = 10_000;
/** Urls and paths of all files that a task delivers: they stand in its log. */
const mostDeliveredText = 16 << 20;

export class Runner {
  readonly #options: RunnerOptions;
  readonly #driven = new Map<string, { readonly progress: Progress; readonly done: Promise<void> }>();
  readonly #waiting: string[];
  /** Jobs that the chain has taken back already, for us. */
  readonly #cancelled = new Set<bigint>();
  /** When jobs whose result is still to be fetched were first seen FINAL. */
  readonly #final = new Map<bigint, number>();
  /** Since when outputs are offered. */
  readonly #offered = new Map<string, number>();
  /** Of tasks whose modules and inputs are on their way. */
  readonly #gathering = new Map<string, AbortController>();
  readonly #stop = new AbortController();
  #wake = new AbortController();

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#waiting = options.store.live();
  }

  start(): void {
    this.#fill();
  }

  /** Ends after what is being written, or some seconds; tasks go on at the next start. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#wake.abort();
    const grace = new AbortController();
    await Promise.race([Promise.allSettled([...this.#driven.values()].map(({ done }) => done)), sleep(stopGraceMs, undefined, { signal: grace.signal }).catch(() => undefined)]);
    grace.abort();
  }

  /** Takes a task that can be tried; its id is durable when it resolves. Rejects with Refused. */
  async create(body: unknown): Promise<string> {
    const { store } = this.#options;
    if (this.#waiting.length >= maxWaiting) throw new Refused(503, `${maxWaiting} tasks wait already; try again when some have ended`);
    const { accepted, warnings } = await this.#accept(readTask(body));
    const id = store.create(accepted);
    if (warnings.length > 0) {
      const progress = store.progress(id);
      progress.system.push(...warnings.map((text) => line(text)));
      store.save(id, progress);
    }
    this.#waiting.push(id);
    this.#fill();
    return id;
  }

  /** Durable when it returns. What runs on the market already ends by itself. */
  cancel(id: string): void {
    const { store } = this.#options;
    const progress = this.#driven.get(id)?.progress ?? store.progress(id);
    if (endStates.includes(progress.state) || progress.cancel === true) return;
    progress.cancel = true;
    progress.state = "CANCELING";
    store.save(id, progress);
    this.#gathering.get(id)?.abort();
    this.#wake.abort();
    this.#wake = new AbortController();
    this.#fill();
  }

  async #accept(read: TesTask): Promise<{ readonly accepted: Accepted; readonly warnings: readonly string[] }> {
    const { modules, data, defaults, limitFromBook, log } = this.#options;
    const images = imagesOf(read, modules, data);
    for (const [i, input] of (read.inputs ?? []).entries()) checkInput(input, `inputs[${i}].url`, data);
    for (const [i, output] of (read.outputs ?? []).entries()) checkOutput(output, `outputs[${i}].url`, data);
    checkStdin(read);
    try {
      const { terms, limitPrice, resources, warnings } = await orderOf(read, defaults, (id) => this.#classOf(id));
      const limit = limitPrice ?? (await limitFromBook(terms));
      if (limit === undefined) throw new Refused(400, `nobody in the book of ${terms.classId} and ${terms.quoteDenom} can serve this now, so there is no price to go by: name the most that you would pay for a lot (backend_parameters.limit_price) and it waits`);
      const { resources: _, ...task } = read;
      const accepted: Accepted = { task: { ...task, ...(resources === undefined ? {} : { resources }) }, terms: { ...terms, limitPrice: String(limit) }, images };
      await this.#try(accepted);
      return { accepted, warnings };
    } catch (error) {
      if (error instanceof Refused) throw error;
      log("a task could not be tried", { error: words(error) });
      throw new Refused(503, `the node does not answer: ${words(error)}; try again`);
    }
  }

  /** What the chain would refuse is refused before anything is kept or spent. */
  async #try({ terms }: Accepted): Promise<void> {
    const { connection, consumer } = this.#options;
    const request = requestOf(terms, "0".repeat(24), 0, new Uint8Array(0), new Uint8Array(0));
    const profile = await findProfile(connection, request, request.wishes ?? {});
    const { refused } = await tryBid(connection, consumer, request, profile?.id ?? 0);
    if (refused !== undefined) throw new Refused(400, `the market would refuse this order: ${refused}`);
  }

  async #classOf(classId: string): Promise<ClassFacts | undefined> {
    const { classes } = await this.#options.connection.query.market.classes({});
    const found = classes.find(({ id }) => id === classId);
    return found === undefined ? undefined : { memoryBytes: found.resources?.memoryBytes ?? 0n, maxLots: found.maxLots, maxLotMs: found.maxLotMs };
  }

  /** As many tasks as may run; those that are to be cancelled wait for no place. */
  #fill(): void {
    const { store, parallel } = this.#options;
    for (let i = 0; i < this.#waiting.length && !this.#stop.signal.aborted; ) {
      const id = this.#waiting[i]!;
      if (this.#driven.size >= parallel && store.state(id) !== "CANCELING") {
        i++;
        continue;
      }
      this.#waiting.splice(i, 1);
      const progress = store.progress(id);
      const done = this.#drive(id, progress).finally(() => {
        this.#driven.delete(id);
        this.#fill();
      });
      this.#driven.set(id, { progress, done });
    }
  }

  async #drive(id: string, progress: Progress): Promise<void> {
    const { store, log, pollMs, unknownMs = 60_000, pausedMs = 30_000 } = this.#options;
    const accepted = store.accepted(id);
    let pauseMs = pollMs;
    let answered = Date.now();
    while (!this.#stop.signal.aborted) {
      try {
        if (await this.#step(id, accepted, progress)) return;
        pauseMs = pollMs;
        answered = Date.now();
        if (progress.state === "RUNNING" || progress.state === "QUEUED" || progress.state === "INITIALIZING" || progress.cancel === true) await this.#pause(pollMs);
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        if (error instanceof Ended) return this.#end(id, progress, error.state, error.message);
        log("a task's step failed; trying again", { task: id, error: words(error) });
        const state = progress.cancel === true ? "CANCELING" : error instanceof Penniless ? "PAUSED" : error instanceof Elsewhere ? progress.state : Date.now() - answered > unknownMs ? "UNKNOWN" : progress.state;
        if (state !== progress.state) this.#become(id, progress, state, words(error));
        pauseMs = Math.min(2 * pauseMs, longestPauseMs);
        await this.#pause(error instanceof Penniless ? pausedMs : pauseMs);
      }
    }
  }

  /** Brings a task one step further; gives whether it is over. Rejects with Ended where it cannot go on, with anything else where that is to be tried again. */
  async #step(id: string, accepted: Accepted, progress: Progress): Promise<boolean> {
    const { store, gateway, connection } = this.#options;
    const { task } = accepted;
    if (progress.executor === 0 && store.files(id, 0) === undefined) {
      if (progress.cancel === true) throw new Ended("CANCELED", "");
      await this.#gather(id, accepted, progress);
      return false;
    }
    if (progress.executor >= task.executors.length) {
      if (progress.cancel === true) throw new Ended("CANCELED", "");
      await this.#deliver(id, accepted, progress);
      return true;
    }
    const jobId = progress.job === undefined ? await gateway.jobNamed(`${id}-${progress.executor}`).catch(pausing) : BigInt(progress.job);
    if (jobId === undefined) {
      if (progress.cancel === true) throw new Ended("CANCELED", "");
      await this.#order(id, accepted, progress);
      return false;
    }
    if (progress.job === undefined) {
      progress.job = String(jobId);
      this.#note(progress, { job: progress.job });
      store.save(id, progress);
    }
    const { job } = await connection.query.market.job({ jobId }).catch((error: unknown) => {
      if (/does not exist or was pruned/.test(words(error))) throw new Ended("SYSTEM_ERROR", `the chain has forgotten job ${jobId} before the gateway saw how it ended: it was away for longer than records are kept`);
      throw error;
    });
    const [found] = await gateway.tasks(jobId);
    if (found?.state === TaskState.TASK_STATE_FINAL) {
      await this.#settle(id, accepted, progress, jobId, found);
      return false;
    }
    if (found?.state === TaskState.TASK_STATE_CLOSED || job!.endedTau > 0n) {
      this.#note(progress, costs(job!.escrow));
      const reason = found?.closeReason ?? CloseReason.CLOSE_REASON_CANCELLED;
      const state = progress.cancel === true ? "CANCELED" : closedState(reason);
      throw new Ended(state, `job ${jobId} was closed without a result: ${found === undefined ? "cancelled" : closedBecause(found)}`);
    }
    if (progress.cancel === true) {
      // What is matched already cannot be taken back: it ends, and is paid.
      if (!this.#cancelled.has(jobId) && (found === undefined || found.state === TaskState.TASK_STATE_OPEN)) {
        await gateway.cancel(jobId).catch((error: unknown) => {
          if (!(error instanceof TxFailed)) throw error;
        });
        this.#cancelled.add(jobId);
      }
      return false;
    }
    const state = liveState(found, progress.executor);
    const runs = found?.replicas.some((replica) => replica.state !== ReplicaState.REPLICA_STATE_MATCHED && replica.state !== ReplicaState.REPLICA_STATE_SEALING && replica.state !== ReplicaState.REPLICA_STATE_ASSIGNED) === true;
    if (runs && progress.running === undefined) {
      progress.running = now();
      progress.started ??= progress.running;
      store.save(id, progress);
    }
    if (state !== progress.state) this.#become(id, progress, state);
    return false;
  }

  /** Modules and inputs, before anything is ordered. */
  async #gather(id: string, { task, images }: Accepted, progress: Progress): Promise<void> {
    const { store, modules, data } = this.#options;
    const cancelled = new AbortController();
    const signal = AbortSignal.any([this.#stop.signal, cancelled.signal]);
    this.#gathering.set(id, cancelled);
    try {
      progress.modules = [];
      for (const image of images) progress.modules.push(image.kind === "file" ? null : image.kind === "known" ? image.digest : await modules.fetch(image, data, signal));
      const files = new TaskFiles();
      for (const input of task.inputs ?? []) await gather(input, files, data, signal);
      addPlaces(files, task);
      store.save(id, progress);
      store.saveFiles(id, 0, files.encode());
    } catch (error) {
      this.#stop.signal.throwIfAborted();
      throw progress.cancel === true ? new Ended("CANCELED", "") : new Ended("SYSTEM_ERROR", words(error));
    } finally {
      this.#gathering.delete(id);
    }
  }

  async #order(id: string, accepted: Accepted, progress: Progress): Promise<void> {
    const { store, gateway } = this.#options;
    const { executor } = progress;
    const { command, env = {}, workdir, stdin, stdout, stderr } = accepted.task.executors[executor]!;
    const files = TaskFiles.decode(store.files(id, executor)!);
    const program = await this.#program(accepted, progress, files);
    if (stdin !== undefined && files.get(stdin) === undefined) throw new Ended("SYSTEM_ERROR", `the stdin of executor ${executor}, ${stdin}, is not there: no input and no executor made it`);
    const places = Object.fromEntries(Object.entries({ workdir, stdin, stdout, stderr }).filter(([, path]) => path !== undefined));
    let bundle: Uint8Array;
    try {
      // An executor before this one may have removed them.
      addPlaces(files, accepted.task);
      bundle = encodeBundle({ argv: command, env, ...places, entries: files.entries() });
    } catch (error) {
      throw new Ended("SYSTEM_ERROR", words(error));
    }
    try {
      const placed = await gateway.place(requestOf(accepted.terms, id, executor, program, bundle));
      progress.job = String(placed.id);
      this.#note(progress, { job: progress.job, transaction: placed.sent.txHash, height: String(placed.sent.height), escrow: String(placed.escrow) });
    } catch (error) {
      if (!(error instanceof TxFailed) || isPenniless(error)) pausing(error);
      // A sequence that another process of the account used up, a mempool that is full: it was not judged.
      if (error.codespace === "sdk" && [13, 19, 20, 32].includes(error.code)) throw error;
      throw new Ended("SYSTEM_ERROR", `the market refused the order of executor ${executor}: ${words(error)}`);
    }
    this.#become(id, progress, progress.cancel === true ? "CANCELING" : liveState(undefined, executor));
  }

  async #program({ images }: Accepted, progress: Progress, files: TaskFiles): Promise<Uint8Array> {
    const { modules, data } = this.#options;
    const image = images[progress.executor]!;
    if (image.kind === "file") {
      const found = files.get(image.path);
      if (found === undefined) throw new Ended("SYSTEM_ERROR", `the image of executor ${progress.executor}, ${image.path}, is not there: no input and no executor made it`);
      return found;
    }
    const digest = progress.modules[progress.executor]!;
    const found = await modules.find(digest);
    if (found !== undefined) return found;
    if (image.kind === "known") throw new Ended("SYSTEM_ERROR", `the gateway does not have the module ${digest} any more`);
    await modules.fetch({ ...image, digest }, data, this.#stop.signal);
    return (await modules.find(digest))!;
  }

  /** Takes what an executor left and what it said. */
  async #settle(id: string, { task }: Accepted, progress: Progress, jobId: bigint, final: Task): Promise<void> {
    const { store, gateway, connection } = this.#options;
    const { executor } = progress;
    const seen = this.#final.get(jobId) ?? Date.now();
    this.#final.set(jobId, seen);
    const result = await gateway.result(jobId, final).catch((error: unknown) => {
      if (Date.now() - seen < this.#patienceMs) throw new Elsewhere(words(error), { cause: error });
      throw new Ended("SYSTEM_ERROR", words(error));
    });
    this.#final.delete(jobId);
    const ended = new Date(seen).toISOString();
    const { escrow, verification } = (await connection.query.market.job({ jobId })).job!;
    const { stdout, ignore_error: ignore = false } = task.executors[executor]!;
    const files = TaskFiles.decode(store.files(id, executor)!);
    const changes = result.status === "ok" ? applied(files, result.output) : undefined;
    const exitCode = exitCodeOf(result);
    const said = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).subarray(-logBytes).toString("utf8").replaceAll("\0", "\ufffd");
    const out = said(stdout === undefined ? changes?.stdout : files.get(stdout));
    const err = result.status === "ok" ? said(changes?.stderr) : `${result.status}\n`;
    progress.running ??= ended;
    progress.started ??= progress.running;
    progress.logs.push({ start_time: progress.running, end_time: ended, ...(out === "" ? {} : { stdout: out }), ...(err === "" ? {} : { stderr: err }), exit_code: exitCode });
    this.#note(progress, { ...costs(escrow), meter: String(final.result!.meter), providers: final.replicas.filter((replica) => replica.result !== undefined).map(({ provider }) => provider).join(","), verification: Object.keys(levels).find((level) => levels[level as Verification] === verification) ?? "" });
    if (progress.cancel === true) throw new Ended("CANCELED", `executor ${executor} ran already when the task was cancelled, and was paid`);
    if (exitCode !== 0 && !ignore) throw new Ended("EXECUTOR_ERROR", `executor ${executor} ended with ${result.status === "ok" ? `exit code ${exitCode}` : result.status}`);
    store.saveFiles(id, executor + 1, files.encode());
    progress.executor++;
    delete progress.job;
    delete progress.running;
    progress.state = "RUNNING";
    store.save(id, progress);
    store.dropFiles(id, executor);
    gateway.forget(jobId);
  }

  async #deliver(id: string, { task }: Accepted, progress: Progress): Promise<void> {
    const { store, data } = this.#options;
    const files = TaskFiles.decode(store.files(id, progress.executor)!);
    const deliveries = await this.#deliveries(task, files);
    const since = this.#offered.get(id) ?? Date.now();
    const outputs = [];
    try {
      for (const delivery of deliveries) outputs.push(await deliver(delivery, data, this.#stop.signal));
    } catch (error) {
      this.#stop.signal.throwIfAborted();
      if (Date.now() - since >= this.#patienceMs) throw new Ended("SYSTEM_ERROR", words(error));
      if (!this.#offered.has(id)) this.#become(id, progress, "RUNNING", `${words(error)}; it is tried again`);
      this.#offered.set(id, since);
      throw new Elsewhere(words(error), { cause: error });
    }
    progress.outputs = outputs;
    this.#end(id, progress, "COMPLETE", "");
  }

  async #deliveries({ outputs = [] }: TesTask, files: TaskFiles): Promise<Delivery[]> {
    const deliveries: Delivery[] = [];
    let text = 0;
    for (const output of outputs) {
      // Thousands of patterns, each held against tens of thousands of files, keep nobody else waiting.
      await nextTurn();
      try {
        for (const one of deliveriesOf(output, files)) {
          text += one.url.length + one.path.length;
          if (text > mostDeliveredText) throw new Error(`the outputs name more files than a log has room for: their urls and paths exceed ${mostDeliveredText} characters`);
          deliveries.push(one);
        }
      } catch (error) {
        throw new Ended("SYSTEM_ERROR", words(error));
      }
    }
    return deliveries;
  }

  #end(id: string, progress: Progress, state: State, message: string): void {
    const { store, gateway, log } = this.#options;
    this.#offered.delete(id);
    progress.ended = now();
    this.#become(id, progress, state, message);
    for (let i = 0; i <= progress.executor + 1; i++) store.dropFiles(id, i);
    if (progress.job !== undefined) {
      gateway.forget(BigInt(progress.job));
      this.#cancelled.delete(BigInt(progress.job));
    }
    store.prune();
    log("a task ended", { task: id, state, ...(message === "" ? {} : { why: message }) });
  }

  #become(id: string, progress: Progress, state: State, message = ""): void {
    progress.state = state;
    if (message !== "") progress.system.push(line(`${state}: ${message}`));
    this.#options.store.save(id, progress);
  }

  /** Under the number of the executor whose turn it is. */
  #note(progress: Progress, fields: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(fields)) progress.metadata[`executors.${progress.executor}.${name}`] = value;
  }

  get #patienceMs(): number {
    return this.#options.patienceMs ?? patienceMs;
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: AbortSignal.any([this.#stop.signal, this.#wake.signal]) }).catch(() => undefined);
  }
}

/** What an executor left, with its files put to the others. A single provider, which nobody checked, may give anything. */
function applied(files: TaskFiles, output: Uint8Array): Changes {
  try {
    const changes = decodeChanges(output);
    files.apply(changes.entries);
    return changes;
  } catch (error) {
    throw new Ended("SYSTEM_ERROR", `the provider's result cannot be used: ${words(error)}; verification v2 has two providers agree`);
  }
}

/** The first executor reads what the inputs bring; later ones may read what others made. */
function checkStdin({ executors: [first], inputs = [] }: TesTask): void {
  const { stdin } = first!;
  if (stdin === undefined || inputs.some(({ path, type }) => path === stdin || (type === "DIRECTORY" && (path === "/" || stdin.startsWith(`${path}/`))))) return;
  throw new Refused(400, `executors[0].stdin is ${stdin}, which none of the inputs brings`);
}

/** Funds of the account, or what remains of a budget. */
function isPenniless({ codespace, code }: TxFailed): boolean {
  return (codespace === "sdk" && code === 5) || (codespace === "organization" && code === 12);
}

function pausing(error: unknown): never {
  throw error instanceof TxFailed && isPenniless(error) ? new Penniless(words(error), { cause: error }) : error;
}

function costs(escrow: { readonly denom: string; readonly paid: string; readonly fees: string; readonly burned: string; readonly refunded: string } | undefined): Record<string, string> {
  if (escrow === undefined) return {};
  return { paid: escrow.paid, fee: escrow.fees, burned: escrow.burned, refunded: escrow.refunded, denom: escrow.denom };
}

function now(): string {
  return new Date().toISOString();
}

function line(text: string): string {
  return `${now()} ${text}`;
}

function words(error: unknown): string {
  if (error instanceof TxFailed) return `${error.codespace} ${error.code}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}

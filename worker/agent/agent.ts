/**
 * A provider's worker: looks at the tasks that the chain gave to its provider, and brings each one step further, again and again.
 * It decides by what the chain says, not by events it saw, so it may be killed at any point and started again.
 */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Connection } from "../../client/connection.ts";
import { commitment, decodeWasmArguments, encodeResult, inputsOf, type ResultStatus, type TaskInputs } from "../../client/protocol.ts";
import type { Sender } from "../../client/sender.ts";
import { TxFailed } from "../../client/sender.ts";
import { concatBytes, fromHex, toHex } from "../../chain/codec/bytes.ts";
import { sha256 } from "../../chain/codec/hash.ts";
import { ReplicaState, TaskState, type CapacityClass, type Job, type Params, type Replica, type Stage, type Task } from "../../chain/codec/gen/dcm/market/v1/types.ts";
import { finalHash } from "../../chain/vm/state-hash.ts";
import type { BlobStore } from "../data/store.ts";
import { isVerdict, type Backend, type TaskOutcome } from "../sandbox/backend.ts";
import { taskLimits } from "../sandbox/wasm-backend.ts";
import { sealTo } from "../seal/index.ts";
import type { Faults } from "./faults.ts";
import type { KeptInputs } from "../refereed/kept.ts";
import { finalOf, isRefereed, journalFinal, refereedTask } from "../refereed/runs.ts";
import { Trace } from "../refereed/trace.ts";
import { Journal, type JournalFinal } from "./journal.ts";
import { InputUnavailable, loadTask, type Loaded } from "./load.ts";
import { Slots } from "./slots.ts";

export interface AgentOptions {
  readonly connection: Connection;
  readonly sender: Sender;
  /** The provider that it works for; here the sender's own account. */
  readonly provider: string;
  /** X25519 secret of the provider's encryption key. */
  readonly encryptionSecret: Uint8Array;
  readonly backend: Backend;
  /** Runs programs of classes whose runtime has its name. */
  readonly refereed: Backend;
  /** What refereed tasks were run on, for disputes. */
  readonly kept: KeptInputs;
  /** Where results are kept and served from. */
  readonly blobs: BlobStore;
  /** The base URL under which `blobs` is reached. */
  readonly dataUrl: string;
  /** For the journal. */
  readonly directory: string;
  /** Tasks run at a time on this machine. */
  readonly slots: number;
  readonly pollMs: number;
  readonly log: (message: string, fields?: Record<string, unknown>) => void;
  /** Called now and then: puts right what must stand on chain for the provider to be matched, such as an ask that expired. */
  readonly renew?: () => Promise<unknown>;
  /** Misbehaviour to order, for tests and localnets. */
  readonly faults?: Faults;
}

const { TASK_STATE_ASSIGNED, TASK_STATE_RUNNING, TASK_STATE_AUDITING, TASK_STATE_REVEALING, TASK_STATE_TIEBREAK, TASK_STATE_FINAL, TASK_STATE_CLOSED } = TaskState;
const { REPLICA_STATE_ASSIGNED, REPLICA_STATE_RUNNING, REPLICA_STATE_COMMITTED } = ReplicaState;

/** A step that failed is tried again after a pause that doubles, so that a lasting fault does not eat the account by fees. */
const firstPauseMs = 500;
const longestPauseMs = 10_000;
/** How long `stop` waits for transactions that are on their way. */
const stopGraceMs = 5_000;

interface Known {
  readonly job: Job;
  readonly stages: readonly Stage[];
}

export class Agent {
  readonly #options: AgentOptions;
  readonly #journal: Journal;
  /** Steps under way, by task and round: at most one each. */
  readonly #busy = new Map<string, Promise<void>>();
  /** Steps that failed: when they may be tried again. */
  readonly #failed = new Map<string, { readonly until: number; readonly pauseMs: number }>();
  readonly #jobs = new Map<bigint, Promise<Known>>();
  readonly #classes = new Map<string, Promise<CapacityClass>>();
  readonly #params = new Map<bigint, Promise<Params>>();
  readonly #stop = new AbortController();
  readonly #sandbox: Slots;
  /** Tasks between start and commitment. */
  #open = 0;
  #loop: Promise<void> | undefined;

  constructor(options: AgentOptions) {
    this.#options = options;
    this.#journal = new Journal(options.directory);
    this.#sandbox = new Slots(options.slots);
  }

  start(): void {
    this.#loop ??= Promise.all([this.#run(), this.#keepUp()]).then(() => undefined);
  }

  /** Ends after the transactions that are on their way, or some seconds; a task that runs is given up and begun again at the next start. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
    const grace = new AbortController();
    await Promise.race([Promise.allSettled(this.#busy.values()), sleep(stopGraceMs, undefined, { signal: grace.signal }).catch(() => undefined)]);
    grace.abort();
  }

  async #run(): Promise<void> {
    const { log, pollMs } = this.#options;
    while (!this.#stop.signal.aborted) {
      try {
        for (const state of [TASK_STATE_ASSIGNED, TASK_STATE_RUNNING, TASK_STATE_AUDITING, TASK_STATE_REVEALING, TASK_STATE_TIEBREAK]) {
          for await (const task of this.#tasks(state)) await this.#step(task);
        }
      } catch (error) {
        if (!this.#stop.signal.aborted) log("the node did not answer; trying again", { error: words(error) });
      }
      await this.#pause(pollMs);
    }
  }

  /** The provider's tasks in a state, page by page: however many wait for others, none is overlooked. */
  async *#tasks(state: TaskState): AsyncGenerator<Task> {
    let key: Uint8Array = new Uint8Array(0);
    do {
      const page = await this.#options.connection.query.market.tasks({ provider: this.#options.provider, state, pagination: { key, offset: 0n, limit: 200n, countTotal: false, reverse: false } });
      yield* page.tasks;
      key = page.pagination?.nextKey ?? new Uint8Array(0);
    } while (key.length > 0 && !this.#stop.signal.aborted);
  }

  /** Beside the tasks: heartbeats, the ask, an empty journal. None of them may keep a task waiting. */
  async #keepUp(): Promise<void> {
    const { log, connection, renew } = this.#options;
    while (!this.#stop.signal.aborted) {
      let pauseMs = longestPauseMs;
      try {
        const { params } = await connection.query.providers.params();
        await this.#options.sender.send({ typeUrl: "/dcm.staking.v1.MsgHeartbeat", value: { operator: this.#options.provider } });
        pauseMs = Math.max(1_000, Number(params?.heartbeatWindowMs ?? 60_000n) / 3);
      } catch (error) {
        if (!this.#stop.signal.aborted) log("no heartbeat; trying again", { error: words(error) });
      }
      await Promise.all([renew?.(), this.#tidy()]).catch((error: unknown) => {
        if (!this.#stop.signal.aborted) log("could not renew the ask or tidy the journal; trying again with the next heartbeat", { error: words(error) });
      });
      await this.#pause(pauseMs);
    }
  }

  /** Forgets what no reveal and no dispute will need: tasks that are over, or pruned. */
  async #tidy(): Promise<void> {
    const { connection, kept } = this.#options;
    for (const { task: id, round } of this.#journal.kept()) if (await isOver(connection, id)) this.#journal.forget(id, round);
    await kept.tidy((id) => isOver(connection, id));
  }

  /** Starts the next step of each of our parts in the task, unless one is under way. */
  async #step(task: Task): Promise<void> {
    for (const replica of task.replicas) {
      if (replica.provider !== this.#options.provider) continue;
      const id = `${task.id}-${replica.round}`;
      const failed = this.#failed.get(id);
      if (this.#busy.has(id) || (failed !== undefined && Date.now() < failed.until)) continue;
      const step = await this.#next(task, replica);
      if (step === undefined) continue;
      const done = step().then(
        () => void this.#failed.delete(id),
        (error: unknown) => {
          if (this.#stop.signal.aborted) return;
          const pauseMs = Math.min(longestPauseMs, failed === undefined ? firstPauseMs : 2 * failed.pauseMs);
          if (this.#failed.size >= 10_000) this.#failed.clear();
          this.#failed.set(id, { until: Date.now() + pauseMs, pauseMs });
          this.#options.log("a step failed; trying again", { task: String(task.id), error: words(error) });
        },
      );
      this.#busy.set(id, done.finally(() => this.#busy.delete(id)));
    }
  }

  async #next(task: Task, replica: Replica): Promise<(() => Promise<void>) | undefined> {
    const { faults } = this.#options;
    switch (replica.state) {
      case REPLICA_STATE_ASSIGNED:
        return (await this.#hasRoom(task)) ? () => this.#counted(() => this.#work(task, replica, true)) : undefined;
      case REPLICA_STATE_RUNNING:
        return this.#journal.find(task.id, replica.round) !== undefined || (await this.#hasRoom(task)) ? () => this.#counted(() => this.#work(task, replica, false)) : undefined;
      case REPLICA_STATE_COMMITTED: {
        // In a tie-break the others may still be at work; a deadline stands there once both may reveal.
        const may = task.state === TASK_STATE_REVEALING || (task.state === TASK_STATE_TIEBREAK && replica.dueTau !== 0n);
        return may && faults?.silentAfterCommit !== true ? () => this.#reveal(task, replica) : undefined;
      }
      default:
        return undefined;
    }
  }

  /**
   * Whether one more task may be started. Fetching and the way through a block overlap with the runs of others, but a task that would wait
   * for its turn beyond its deadline is better not started.
   */
  async #hasRoom(task: Task): Promise<boolean> {
    const { slots } = this.#options;
    if (this.#open < slots) return true;
    if (this.#open >= slots + ahead) return false;
    const { job } = await this.#job(task.jobId);
    const turns = BigInt(Math.ceil((this.#open + 1) / slots));
    return turns * job.spec!.duration <= (await this.#commitDue(job));
  }

  async #counted(work: () => Promise<void>): Promise<void> {
    this.#open++;
    try {
      await work();
    } finally {
      this.#open--;
    }
  }

  /** Fetches, starts (unless it was started before), runs, commits. */
  async #work(task: Task, replica: Replica, fresh: boolean): Promise<void> {
    const { log, sender, provider } = this.#options;
    const known = this.#journal.find(task.id, replica.round);
    if (known !== undefined && !fresh) return this.#commit(task, replica);
    const { job, inputs } = await this.#inputs(task);
    let loaded: Loaded;
    try {
      loaded = await loadTask({ ...this.#options, signal: this.#stop.signal }, job, inputs, task);
    } catch (error) {
      if (!fresh || !(error instanceof InputUnavailable)) throw error;
      log("declining a task: its input is not to be had", { task: String(task.id), error: error.message });
      await sender.send(this.#message("MsgDeclineTask", { taskId: task.id, reason: printable(error.message) }));
      return;
    }
    if (fresh) await sender.send(this.#message("MsgStartTask", { taskId: task.id }));
    const ran = await this.#sandbox.run(() => (isRefereed(job) ? this.#referee(job, inputs, task, loaded) : this.#runPlain(job, inputs, task, loaded)));
    const { clear, size } = ran;
    const blob = job.spec!.consumerKey.length > 0 ? sealTo(job.spec!.consumerKey, clear) : clear;
    const digest = await this.#options.blobs.put(blob);
    this.#journal.keep({
      task: String(task.id), round: replica.round, digest: toHex(ran.digest), size: String(size), meter: String(ran.meter),
      salt: randomBytes(32).toString("hex"), blob: { digest: toHex(digest), size: String(blob.length) }, ...(ran.final === undefined ? {} : { final: ran.final }),
    });
    log("ran", { task: String(task.id), provider, status: ran.status, meter: String(ran.meter) });
    await this.#commit(task, replica);
  }

  async #commit(task: Task, replica: Replica): Promise<void> {
    const entry = this.#journal.find(task.id, replica.round);
    if (entry === undefined) return;
    const result = { digest: fromHex(entry.digest), size: BigInt(entry.size), meter: BigInt(entry.meter), ...(entry.final === undefined ? {} : { stateHash: fromHex(entry.final.stateHash) }) };
    await this.#options.sender.send(this.#message("MsgCommitResult", { taskId: task.id, commitment: commitment(this.#options.sender.address, task.id, result, fromHex(entry.salt)) }));
  }

  async #reveal(task: Task, replica: Replica): Promise<void> {
    const entry = this.#journal.find(task.id, replica.round);
    if (entry === undefined) throw new Error("cannot reveal: the journal has no entry for this commitment");
    const blob = { digest: fromHex(entry.blob.digest), size: BigInt(entry.blob.size) };
    const result = { digest: fromHex(entry.digest), size: BigInt(entry.size), meter: BigInt(entry.meter), blob, url: this.#options.dataUrl, final: entry.final === undefined ? undefined : finalOf(entry.final, BigInt(entry.meter)) };
    await this.#options.sender.send(this.#message("MsgRevealResult", { taskId: task.id, result, salt: fromHex(entry.salt) }));
    this.#options.log("revealed", { task: String(task.id) });
  }

  #message(name: string, fields: object): { typeUrl: string; value: object } {
    return { typeUrl: `/dcm.market.v1.${name}`, value: { worker: this.#options.sender.address, provider: this.#options.provider, ...fields } };
  }

  /** A run whose every state can be asked for later; what it ends with is claimed. */
  async #referee(job: Job, inputs: TaskInputs, task: Task, loaded: Loaded): Promise<Ran> {
    const { machine, output, meter, status } = this.#options.faults?.lie === true ? await this.#lie(job, inputs, task, loaded) : await this.#execute(job, inputs, task, loaded);
    if (machine === undefined) throw new Error("the sandbox gave no final state of the machine");
    const { final, outputRoot, behind } = machine;
    return { status, clear: behind === undefined ? output : concatBytes(output, behind), size: output.length, digest: outputRoot, meter, final: journalFinal(final, finalHash(final, outputRoot)) };
  }

  async #lie(job: Job, inputs: TaskInputs, task: Task, loaded: Loaded): Promise<Pick<TaskOutcome, "machine" | "output" | "meter" | "status">> {
    const trace = new Trace(refereedTask(await this.#class(job.classId), inputs, task, loaded), { lie: true });
    try {
      const { final, outputRoot, output } = await trace.outcome(job.spec!.maxResultSize);
      return { status: "ok", output, meter: final.meter, machine: { final, outputRoot } };
    } finally {
      await trace.close();
    }
  }

  async #runPlain(job: Job, inputs: TaskInputs, task: Task, loaded: Loaded): Promise<Ran> {
    const outcome = await this.#execute(job, inputs, task, loaded);
    const result = encodeOutcome(outcome);
    const clear = this.#options.faults?.tamper?.(result) ?? result;
    return { status: outcome.status, clear, size: clear.length, digest: sha256(clear), meter: outcome.meter };
  }

  async #execute(job: Job, inputs: TaskInputs, task: Task, loaded: Loaded): Promise<TaskOutcome> {
    await this.#pause(this.#options.faults?.delayMs ?? 0);
    const capacity = await this.#class(job.classId);
    const outcome = await (capacity.runtimes.includes(this.#options.refereed.name) ? this.#runProgram(capacity, job, inputs, task, loaded) : this.#runModule(capacity, job, inputs, task, loaded));
    if (!isVerdict(outcome.status)) {
      // Says something about this machine only: nothing to commit. It is tried again until the task is late.
      throw new Error(`the sandbox failed on this machine: ${outcome.status}, ${outcome.reason}`);
    }
    return outcome;
  }

  async #runProgram(capacity: CapacityClass, job: Job, inputs: TaskInputs, task: Task, { program, input }: Loaded): Promise<TaskOutcome> {
    return this.#options.refereed.run({
      module: program, input, arguments: inputs.arguments, taskIndex: task.index - inputs.first, signal: this.#stop.signal,
      limits: {
        maxMeter: task.lots * capacity.meterPerLot, memoryBytes: 0, outputBytes: Math.min(taskLimits.outputBytes, Number(job.spec!.maxResultSize)),
        wallMs: Math.min(taskLimits.wallMs, Number(await this.#commitDue(job))),
      },
    });
  }

  async #runModule(capacity: CapacityClass, job: Job, inputs: TaskInputs, task: Task, loaded: Loaded): Promise<TaskOutcome> {
    const spec = job.spec!;
    const wasm = decodeWasmArguments(inputs.arguments);
    // They stand on chain: every honest machine finds the same.
    if (wasm === undefined) return { status: "invalid-module", output: new Uint8Array(0), meter: 0n, stderr: new Uint8Array(0), reason: "the arguments are not of the runtime's form" };
    return this.#options.backend.run({
      module: loaded.program,
      input: loaded.input,
      ...(wasm.args === undefined ? {} : { args: wasm.args }),
      ...(wasm.env === undefined ? {} : { env: wasm.env }),
      files: wasm.bundle !== undefined,
      seed: sha256(Buffer.from(`dcm/seed/v1/${task.id}`)),
      signal: this.#stop.signal,
      limits: {
        maxMeter: task.lots * capacity.meterPerLot,
        memoryBytes: Number(capacity.resources?.memoryBytes ?? 256n << 20n),
        outputBytes: Math.min(taskLimits.outputBytes, Math.max(0, Number(spec.maxResultSize) - 2)),
        wallMs: Math.min(taskLimits.wallMs, Number(await this.#commitDue(job))),
      },
    });
  }

  #job(id: bigint): Promise<Known> {
    return remember(this.#jobs, id, async () => {
      const { job, stages } = await this.#options.connection.query.market.job({ jobId: id });
      return { job: job!, stages };
    });
  }

  /** Those of the task's stage may have come after the job was first looked at. */
  async #inputs(task: Task): Promise<{ readonly job: Job; readonly inputs: TaskInputs }> {
    for (const again of [false, true]) {
      if (again) this.#jobs.delete(task.jobId);
      const { job, stages } = await this.#job(task.jobId);
      const inputs = inputsOf(job.spec!, stages, task.index);
      if (inputs !== undefined) return { job, inputs };
    }
    throw new Error("the node does not know the inputs of the task's stage yet");
  }

  #class(id: string): Promise<CapacityClass> {
    return remember(this.#classes, id, async () => (await this.#options.connection.query.market.class({ classId: id })).class!);
  }

  /** How long a started task may take until its commitment, in milliseconds. */
  async #commitDue(job: Job): Promise<bigint> {
    const params = await remember(this.#params, job.paramsVersion, async () => (await this.#options.connection.query.market.params({ version: job.paramsVersion })).params!);
    const byDuration = BigInt(params.commitDurations) * job.spec!.duration;
    return byDuration > params.commitDue ? byDuration : params.commitDue;
  }

  async #pause(ms: number): Promise<void> {
    if (ms > 0 && !this.#stop.signal.aborted) await sleep(ms, undefined, { signal: this.#stop.signal }).catch(() => undefined);
  }
}

/** What a run came to, in the form that is committed. */
interface Ran {
  readonly status: string;
  /** What is served, in clear: the result, and what holds it against its digest where its bytes alone do not. */
  readonly clear: Uint8Array;
  /** Of the result. */
  readonly size: number;
  readonly digest: Uint8Array;
  readonly meter: bigint;
  readonly final?: JournalFinal;
}

/** Tasks that are started while others still run. */
const ahead = 3;

/** A failed look-up is not remembered. */
function remember<K, V>(cache: Map<K, Promise<V>>, key: K, load: () => Promise<V>): Promise<V> {
  let value = cache.get(key);
  if (value === undefined) {
    if (cache.size >= 1_000) cache.clear();
    value = load();
    cache.set(key, value);
    value.catch(() => cache.delete(key));
  }
  return value;
}

/** A program of the refereed machine frames its result itself, where it ended by itself. */
function encodeOutcome(outcome: TaskOutcome): Uint8Array {
  if (outcome.machine !== undefined && outcome.output.length > 0) return outcome.output;
  return encodeResult({ status: outcome.status as ResultStatus, exitCode: outcome.exitCode ?? 0, output: outcome.output });
}

export function words(error: unknown): string {
  if (error instanceof TxFailed) return `${error.codespace} ${error.code}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}

/** Whether a query was answered by "there is no such thing", not by trouble. */
/** Whether nothing can become of the task any more. */
export async function isOver(connection: Connection, taskId: bigint): Promise<boolean> {
  const found = await connection.query.market.task({ taskId }).catch((error: unknown) => {
    if (isUnknown(error)) return undefined;
    throw error;
  });
  return found === undefined || found.task?.state === TASK_STATE_FINAL || found.task?.state === TASK_STATE_CLOSED;
}

function isUnknown(error: unknown): boolean {
  return /does not exist or was pruned/.test(words(error));
}

/** What the chain takes as a reason, whatever a server's address has in it. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?").slice(0, 200);
}

/**
 * A provider's worker: looks at the tasks that the chain gave to its provider, and brings each one step further, again and again.
 * It decides by what the chain says, not by events it saw, so it may be killed at any point and started again.
 */
import { randomBytes } from "node:crypto";
import type { Connection } from "../../client/connection.ts";
import { commitment, encodeResult, type ResultStatus, type WasmArguments } from "../../client/protocol.ts";
import type { Sender } from "../../client/sender.ts";
import { TxFailed } from "../../client/sender.ts";
import { fromHex, toHex } from "../../chain/codec/bytes.ts";
import { sha256 } from "../../chain/codec/hash.ts";
import { Manifest, ReplicaState, TaskState, type CapacityClass, type Job, type Replica, type Task } from "../../chain/codec/gen/dcm/market/v1/types.ts";
import { fetchBlob } from "../data/fetch.ts";
import type { BlobStore } from "../data/store.ts";
import { isVerdict, type Backend, type TaskOutcome } from "../sandbox/backend.ts";
import { openBlob, openKey, sealTo } from "../seal/index.ts";
import type { Faults } from "./faults.ts";
import { Journal } from "./journal.ts";

export interface AgentOptions {
  readonly connection: Connection;
  readonly sender: Sender;
  /** The provider that it works for; here the sender's own account. */
  readonly provider: string;
  /** X25519 secret of the provider's encryption key. */
  readonly encryptionSecret: Uint8Array;
  readonly backend: Backend;
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
  /** Misbehaviour to order, for tests and localnets. */
  readonly faults?: Faults;
}

export class Agent {
  readonly #options: AgentOptions;
  readonly #journal: Journal;
  /** Steps under way, by task and round: at most one each. */
  readonly #busy = new Set<string>();
  readonly #jobs = new Map<bigint, Promise<Job>>();
  readonly #classes = new Map<string, Promise<CapacityClass>>();
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
    this.#loop ??= this.#run();
  }

  /** Ends after the steps that are under way; a task that runs is given up and begun again at the next start. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { log, pollMs, connection, provider } = this.#options;
    let heartbeatDue = 0;
    while (!this.#stop.signal.aborted) {
      try {
        if (Date.now() >= heartbeatDue) heartbeatDue = Date.now() + (await this.#heartbeat());
        for (const state of [TaskState.TASK_STATE_ASSIGNED, TaskState.TASK_STATE_RUNNING, TaskState.TASK_STATE_REVEALING, TaskState.TASK_STATE_TIEBREAK]) {
          const { tasks } = await connection.query.market.tasks({ provider, state });
          for (const task of tasks) this.#step(task);
        }
      } catch (error) {
        if (!this.#stop.signal.aborted) log("the node did not answer; trying again", { error: words(error) });
      }
      await this.#pause(pollMs);
    }
  }

  /** Says that the provider is there; gives the milliseconds until it must be said again. */
  async #heartbeat(): Promise<number> {
    const { params } = await this.#options.connection.query.providers.params();
    await this.#options.sender.send({ typeUrl: "/dcm.staking.v1.MsgHeartbeat", value: { operator: this.#options.provider } });
    return Math.max(1_000, Number(params?.heartbeatWindowMs ?? 60_000n) / 3);
  }

  /** Starts the next step of each of our parts in the task, unless one is under way. */
  #step(task: Task): void {
    for (const replica of task.replicas) {
      if (replica.provider !== this.#options.provider) continue;
      const id = `${task.id}-${replica.round}`;
      if (this.#busy.has(id)) continue;
      const step = this.#next(task, replica);
      if (step === undefined) continue;
      this.#busy.add(id);
      step()
        .catch((error: unknown) => {
          if (!this.#stop.signal.aborted) this.#options.log("a step failed", { task: String(task.id), error: words(error) });
        })
        .finally(() => this.#busy.delete(id));
    }
  }

  #next(task: Task, replica: Replica): (() => Promise<void>) | undefined {
    const { faults, slots } = this.#options;
    // Fetching and the way through a block overlap with the runs of others, but not so many that a started task waits beyond its deadline.
    const room = this.#open < slots + ahead;
    if (replica.state === ReplicaState.REPLICA_STATE_ASSIGNED && room) return () => this.#counted(() => this.#work(task, replica, true));
    if (replica.state === ReplicaState.REPLICA_STATE_RUNNING && room) return () => this.#counted(() => this.#work(task, replica, false));
    const revealing = task.state === TaskState.TASK_STATE_REVEALING || task.state === TaskState.TASK_STATE_TIEBREAK;
    if (replica.state === ReplicaState.REPLICA_STATE_COMMITTED && revealing && faults?.silentAfterCommit !== true) return () => this.#reveal(task, replica);
    return undefined;
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
    const job = await this.#job(task.jobId);
    let loaded: Loaded;
    try {
      loaded = await this.#load(job, task);
    } catch (error) {
      if (!fresh) throw error;
      log("declining a task: its input is not to be had", { task: String(task.id), error: words(error) });
      await sender.send(this.#message("MsgDeclineTask", { taskId: task.id, reason: words(error).slice(0, 200) }));
      return;
    }
    if (fresh) await sender.send(this.#message("MsgStartTask", { taskId: task.id }));
    const outcome = await this.#sandbox.run(() => this.#execute(job, task, loaded));
    if (!isVerdict(outcome.status)) {
      // Says something about this machine only: nothing to commit. The next poll tries again until the task is late.
      log("the sandbox failed on this machine", { task: String(task.id), status: outcome.status, reason: outcome.reason });
      return;
    }
    const clear = this.#options.faults?.tamper?.(encodeOutcome(outcome)) ?? encodeOutcome(outcome);
    const blob = job.spec!.consumerKey.length > 0 ? sealTo(job.spec!.consumerKey, clear) : clear;
    const digest = await this.#options.blobs.put(blob);
    this.#journal.keep({
      task: String(task.id), round: replica.round, digest: toHex(sha256(clear)), size: String(clear.length), meter: String(outcome.meter),
      salt: randomBytes(32).toString("hex"), blob: { digest: toHex(digest), size: String(blob.length) },
    });
    log("ran", { task: String(task.id), provider, status: outcome.status, meter: String(outcome.meter) });
    await this.#commit(task, replica);
  }

  async #commit(task: Task, replica: Replica): Promise<void> {
    const entry = this.#journal.find(task.id, replica.round);
    if (entry === undefined) return;
    const result = { digest: fromHex(entry.digest), size: BigInt(entry.size), meter: BigInt(entry.meter) };
    await this.#options.sender.send(this.#message("MsgCommitResult", { taskId: task.id, commitment: commitment(this.#options.sender.address, task.id, result, fromHex(entry.salt)) }));
  }

  async #reveal(task: Task, replica: Replica): Promise<void> {
    const entry = this.#journal.find(task.id, replica.round);
    if (entry === undefined) {
      this.#options.log("cannot reveal: the journal has no entry for this commitment", { task: String(task.id) });
      await this.#pause(60_000);
      return;
    }
    const blob = { digest: fromHex(entry.blob.digest), size: BigInt(entry.blob.size) };
    const result = { digest: fromHex(entry.digest), size: BigInt(entry.size), meter: BigInt(entry.meter), blob, url: this.#options.dataUrl };
    await this.#options.sender.send(this.#message("MsgRevealResult", { taskId: task.id, result, salt: fromHex(entry.salt) }));
    this.#options.log("revealed", { task: String(task.id) });
  }

  #message(name: string, fields: object): { typeUrl: string; value: object } {
    return { typeUrl: `/dcm.market.v1.${name}`, value: { worker: this.#options.sender.address, provider: this.#options.provider, ...fields } };
  }

  /** Program and input, in clear. Rejects where they cannot be had or are not what the job says. */
  async #load(job: Job, task: Task): Promise<Loaded> {
    const spec = job.spec!;
    const sealed = spec.consumerKey.length > 0;
    let key: Uint8Array | undefined;
    if (sealed) {
      const { seals } = await this.#options.connection.query.market.seals({ jobId: job.id, provider: this.#options.provider });
      const seal = seals[0];
      if (seal === undefined) throw new Error("the job key was not sealed to this provider");
      key = openKey(seal.sealedKey, this.#options.encryptionSecret);
    }
    const fetch = async (blob: { digest: Uint8Array; size: bigint }): Promise<Uint8Array> => {
      const bytes = await fetchBlob(spec.dataUrls, blob.digest, { maxBytes: Number(blob.size), signal: this.#stop.signal });
      return key === undefined ? bytes : openBlob(key, bytes);
    };
    const manifest = Manifest.decode(await fetchBlob(spec.dataUrls, spec.manifest!.digest, { maxBytes: Number(spec.manifest!.size), signal: this.#stop.signal }));
    const input = manifest.inputs[task.index];
    if (input === undefined) throw new Error(`the manifest has no input ${task.index}`);
    return { program: await fetch(spec.program!), input: await fetch(input) };
  }

  async #execute(job: Job, task: Task, loaded: Loaded): Promise<TaskOutcome> {
    const spec = job.spec!;
    const wasm = spec.arguments.length === 0 ? {} : (JSON.parse(Buffer.from(spec.arguments).toString("utf8")) as WasmArguments);
    const capacity = await this.#class(job.classId);
    await this.#pause(this.#options.faults?.delayMs ?? 0);
    return this.#options.backend.run({
      module: loaded.program,
      input: loaded.input,
      ...(wasm.args === undefined ? {} : { args: wasm.args }),
      ...(wasm.env === undefined ? {} : { env: wasm.env }),
      seed: sha256(Buffer.from(`dcm/seed/v1/${task.id}`)),
      signal: this.#stop.signal,
      limits: {
        maxMeter: task.lots * capacity.meterPerLot,
        memoryBytes: Number(capacity.resources?.memoryBytes ?? 256n << 20n),
        outputBytes: Number(spec.maxResultSize) - 2,
        wallMs: Math.max(20_000, Number(spec.duration) * 3),
      },
    });
  }

  #job(id: bigint): Promise<Job> {
    return remember(this.#jobs, id, async () => (await this.#options.connection.query.market.job({ jobId: id })).job!);
  }

  #class(id: string): Promise<CapacityClass> {
    return remember(this.#classes, id, async () => (await this.#options.connection.query.market.class({ classId: id })).class!);
  }

  #pause(ms: number): Promise<void> {
    if (ms <= 0 || this.#stop.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(done, ms);
      const signal = this.#stop.signal;
      function done(): void {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        resolve();
      }
      signal.addEventListener("abort", done);
    });
  }
}

/** Tasks that are started while others still run. */
const ahead = 3;

/** At most so many at a time; the others wait in order. */
class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];
  constructor(count: number) {
    this.#free = count;
  }
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#free--;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}

interface Loaded {
  readonly program: Uint8Array;
  readonly input: Uint8Array;
}

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

function encodeOutcome(outcome: TaskOutcome): Uint8Array {
  return encodeResult({ status: outcome.status as ResultStatus, exitCode: outcome.exitCode ?? 0, output: outcome.output });
}

function words(error: unknown): string {
  if (error instanceof TxFailed) return `${error.codespace} ${error.code}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}

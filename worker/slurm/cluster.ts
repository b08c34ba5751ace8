/**
 * A Slurm cluster that runs a worker's tasks: each is a job that runs this repository's own sandbox on a compute node and leaves its outcome in a folder that both see.
 * The worker looks for outcomes first, and asks Slurm with one squeue for all jobs, seldom. Whatever Slurm does to a job is a fault of the host and no verdict.
 */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Backend, HostFault, TaskInput, TaskOutcome } from "../sandbox/backend.ts";
import { hostFault } from "../sandbox/child.ts";
import { submission } from "./arguments.ts";
import { Commands, SlurmError, type SeenJob } from "./commands.ts";
import { claimFile, Exchange, outcomeFile } from "./exchange.ts";
import { decodeOutcome, digestOf, encodeOrder, mostOutcomeBytes, type Runtime } from "./order.ts";
import type { SlurmSettings } from "./settings.ts";
import { endOf, phaseOf } from "./states.ts";

export interface ClusterOptions {
  readonly settings: SlurmSettings;
  /** Of one worker's home: its folder and its jobs bear it. */
  readonly worker: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly log: (message: string, fields?: Record<string, unknown>) => void;
  readonly timings?: Partial<Timings>;
}

export interface Timings {
  /** The shortest and longest pause between two looks for outcomes, and between two squeues; a young job is looked after more often. */
  readonly outcomeMs: readonly [number, number];
  readonly queueMs: readonly [number, number];
  /** How long the outcome of a job that ended well may take to show on a shared file system. */
  readonly settleMs: number;
  /** How long what a killed worker left behind is kept for the same tasks to come again. */
  readonly adoptMs: number;
  /** The first and the longest pause before a command that failed for the moment is tried again. */
  readonly retryMs: readonly [number, number];
  /** How long who asks for a cluster waits for it. */
  readonly availableMs: number;
}

const defaults: Timings = { outcomeMs: [100, 2_000], queueMs: [2_000, 30_000], settleMs: 15_000, adoptMs: 120_000, retryMs: [1_000, 30_000], availableMs: 10_000 };
/** As small as they come: whether Slurm would take jobs at all. */
const nominal: TaskInput = { module: new Uint8Array(0), input: new Uint8Array(0), limits: { maxMeter: 0n, memoryBytes: 0, outputBytes: 0, wallMs: 1 } };

type End = { readonly kind: "outcome" } | { readonly kind: "over"; readonly status: HostFault; readonly reason: string; readonly alive: boolean };

/** A job on its way. */
interface Watch {
  readonly folder: string;
  readonly job: number;
  readonly since: number;
  readonly pendingUntil: number;
  readonly ends: number;
  readonly end: (how: End) => void;
  begun: boolean;
  /** Slurm's last word on why it waits. */
  waits: string;
  /** Since when Slurm says that it is over, or no longer knows it. */
  gone: number | undefined;
}

/** What a worker that was killed left on the cluster. */
interface Left {
  readonly folder: string;
  readonly job: number | undefined;
}

const repository = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
const stoppedReason = "stopped by the worker";

export class Cluster {
  readonly #options: ClusterOptions;
  readonly #timings: Timings;
  readonly #commands: Commands;
  readonly #exchange: Exchange;
  readonly #watches = new Map<string, Watch>();
  readonly #left = new Map<string, Left[]>();
  readonly #closed = new AbortController();
  readonly #ready: Promise<void>;
  #looking: Promise<void> | undefined;
  #wake = new AbortController();
  #silent = false;
  #trouble = "it has not answered yet";

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.#timings = { ...defaults, ...options.timings };
    this.#commands = new Commands(options.settings, options.environment);
    this.#exchange = new Exchange(options.settings.directory, options.worker);
    this.#ready = this.#recover();
  }

  /** Resolves once the cluster answers and would take this worker's jobs. Rejects after some seconds, with what stands against it. */
  async available(): Promise<void> {
    await this.#until(this.#ready, performance.now() + this.#timings.availableMs, undefined).catch(() => {
      throw new Error(`the cluster takes no jobs: ${this.#trouble}. \`dcm-worker check\` looks at each step`);
    });
  }

  /** Runs the tasks of one runtime. */
  backend(runtime: Runtime): Backend {
    return { name: runtime, run: (task) => this.#run(runtime, task) };
  }

  /** Ends what looks after jobs; jobs that are still watched stay on the cluster, as after a kill. */
  async close(): Promise<void> {
    this.#closed.abort();
    this.#wake.abort();
    await Promise.allSettled([this.#ready, this.#looking]);
  }

  async #run(runtime: Runtime, task: TaskInput): Promise<TaskOutcome> {
    const since = performance.now();
    const { wallMs } = task.limits;
    const ends = since + wallMs;
    const pendingUntil = Math.min(ends, since + (this.#options.settings.maxPendingMs ?? wallMs / 2));
    let folder: string | undefined;
    try {
      await this.#until(this.#ready, pendingUntil, task.signal);
      const order = encodeOrder(runtime, task);
      const key = digestOf(order);
      const left = this.#left.get(key)?.shift();
      folder = left?.folder ?? (await this.#exchange.put(key, order));
      const job = left === undefined ? await this.#submit(runtime, task, folder, pendingUntil) : left.job;
      if (left !== undefined) this.#options.log("taking up a job that was there before", { job, folder });
      const how = await this.#follow({ folder, job: job ?? 0, since, pendingUntil, ends }, task.signal);
      if (how.kind === "outcome") return decodeOutcome(await this.#exchange.read(folder, outcomeFile, mostOutcomeBytes(task.limits)), runtime, key, task.limits);
      if (how.alive && job !== undefined) await this.#cancel([job]);
      const said = how.alive ? "" : await this.#exchange.complaint(folder);
      return hostFault(said === "" ? how.reason : `${how.reason}: ${said}`, how.status);
    } catch (error) {
      return hostFault(error instanceof Error ? error.message : String(error));
    } finally {
      if (folder !== undefined) await this.#remove(folder);
    }
  }

  /** Gives the job's id. Tries again while the trouble may pass and the task has time. */
  async #submit(runtime: Runtime, task: TaskInput, folder: string, until: number): Promise<number> {
    const args = this.#arguments(runtime, task, folder);
    for (let pauseMs = this.#timings.retryMs[0]; ; pauseMs = Math.min(2 * pauseMs, this.#timings.retryMs[1])) {
      if (task.signal?.aborted === true) throw new Error(stoppedReason);
      try {
        return await this.#commands.submit(args, { NODE_COMPILE_CACHE: this.#exchange.cache });
      } catch (error) {
        if (!(error instanceof SlurmError) || !error.temporary || performance.now() + pauseMs > until) throw error;
        this.#options.log("Slurm does not take a job now; trying again", { error: error.message });
      }
      await sleep(pauseMs, undefined, { ...(task.signal === undefined ? {} : { signal: task.signal }) }).catch(() => undefined);
      // The answer may have been lost, and not the job.
      const [known] = await this.#commands.jobs(this.#nameOf(folder)).catch((): SeenJob[] => []);
      if (known !== undefined) return known.id;
    }
  }

  #arguments(runtime: Runtime, task: TaskInput, folder: string): string[] {
    const { settings } = this.#options;
    const { checkout = repository, node = process.execPath } = settings;
    return submission(settings, runtime, task, { name: this.#nameOf(folder), folder: this.#exchange.path(folder), script: join(repository, "worker/slurm/job.sh"), node, runner: `${checkout}/worker/slurm/task.ts` });
  }

  #follow(of: Pick<Watch, "folder" | "job" | "since" | "pendingUntil" | "ends">, signal: AbortSignal | undefined): Promise<End> {
    return new Promise((resolve) => {
      const stopped = (): void => watch.end({ kind: "over", status: "host-fault", reason: stoppedReason, alive: true });
      const watch: Watch = {
        ...of, begun: false, waits: "", gone: undefined,
        end: (how) => {
          signal?.removeEventListener("abort", stopped);
          this.#watches.delete(of.folder);
          resolve(how);
        },
      };
      this.#watches.set(of.folder, watch);
      signal?.addEventListener("abort", stopped, { once: true });
      if (signal?.aborted === true) stopped();
      this.#wake.abort();
      this.#looking ??= this.#look().finally(() => (this.#looking = undefined));
    });
  }

  /** One loop for all jobs, as long as there are any. */
  async #look(): Promise<void> {
    const { outcomeMs, queueMs } = this.#timings;
    let asked = performance.now();
    while (this.#watches.size > 0 && !this.#closed.signal.aborted) {
      await Promise.all([...this.#watches.values()].map((watch) => this.#lookAt(watch)));
      const doubtful = [...this.#watches.values()].some((watch) => watch.gone !== undefined);
      if (this.#watches.size > 0 && performance.now() - asked > (doubtful ? queueMs[0] : between(queueMs, this.#age() / 4))) {
        await this.#ask();
        asked = performance.now();
      }
      for (const watch of this.#watches.values()) this.#judge(watch);
      await this.#pause(between(outcomeMs, this.#age() / 10));
    }
  }

  /** Of the youngest job. */
  #age(): number {
    return performance.now() - Math.max(...[...this.#watches.values()].map(({ since }) => since));
  }

  async #lookAt(watch: Watch): Promise<void> {
    const found = await this.#exchange.list(watch.folder).catch((error: NodeJS.ErrnoException) => error);
    if (found instanceof Error) {
      if (found.code === "ENOENT") watch.end({ kind: "over", status: "host-fault", reason: "the task's folder is gone from the shared directory", alive: true });
      return;
    }
    if (found.includes(outcomeFile)) watch.end({ kind: "outcome" });
    else if (found.includes(claimFile)) watch.begun = true;
  }

  /** One squeue for all. A controller that is away is waited for: the tasks' own time bounds that. */
  async #ask(): Promise<void> {
    let jobs: Map<number, SeenJob>;
    try {
      jobs = new Map((await this.#commands.jobs(this.#prefix)).map((job) => [job.id, job]));
      this.#silent = false;
    } catch (error) {
      if (!this.#silent) this.#options.log("Slurm does not say what becomes of the jobs; trying again", { error: (error as Error).message });
      this.#silent = true;
      return;
    }
    for (const watch of this.#watches.values()) {
      const seen = jobs.get(watch.job);
      const phase = seen === undefined ? "completed" : phaseOf(seen.state);
      watch.gone = phase === "completed" ? (watch.gone ?? performance.now()) : undefined;
      if (phase === "running") watch.begun = true;
      watch.waits = seen === undefined ? "" : seen.reason;
      const ended = seen === undefined ? undefined : endOf(seen);
      if (ended === undefined) continue;
      // It may have left its outcome in the moment before.
      await this.#lookAt(watch);
      watch.end({ kind: "over", status: ended.status, reason: ended.reason, alive: ended.queued });
    }
  }

  #judge(watch: Watch): void {
    const now = performance.now();
    const { job, since, gone, begun } = watch;
    if (gone !== undefined && now - gone > this.#timings.settleMs) watch.end({ kind: "over", status: "host-fault", reason: `job ${job} is over and left no outcome`, alive: false });
    else if (!begun && gone === undefined && now > watch.pendingUntil) {
      watch.end({ kind: "over", status: "host-fault", reason: `the cluster did not begin job ${job} within ${Math.round(now - since)} ms${watch.waits === "" ? "" : ` (${watch.waits})`}`, alive: true });
    } else if (now > watch.ends) watch.end({ kind: "over", status: "timeout", reason: `job ${job} did not end within ${Math.round(now - since)} ms, its wait in the queue included`, alive: true });
  }

  /** Jobs and folders of a worker that was killed: kept for their tasks to come again where they may still give an outcome, removed otherwise. */
  async #recover(): Promise<void> {
    const { log } = this.#options;
    for (let pauseMs = this.#timings.retryMs[0]; !this.#closed.signal.aborted; pauseMs = Math.min(2 * pauseMs, this.#timings.retryMs[1])) {
      try {
        await this.#exchange.open();
        await this.#try();
        return await this.#takeStock();
      } catch (error) {
        this.#trouble = error instanceof Error ? error.message : String(error);
        log("the cluster is not to be had; trying again", { error: this.#trouble });
      }
      await sleep(pauseMs, undefined, { signal: this.#closed.signal }).catch(() => undefined);
    }
  }

  /** Whether sbatch takes the configuration: partition, account, QOS and the rest. What passes by itself stands against nothing. */
  async #try(): Promise<void> {
    await this.#commands.run("sbatch", ["--test-only", ...this.#arguments("wasm", nominal, "test")]).catch((error: unknown) => {
      if (!(error instanceof SlurmError && error.temporary)) throw error;
    });
  }

  async #takeStock(): Promise<void> {
    const living = (await this.#commands.jobs(this.#prefix)).filter(({ state }) => ["waiting", "running"].includes(phaseOf(state)));
    const names = await this.#exchange.names();
    const orphans = living.filter((job, i) => !names.includes(this.#folderOf(job.name)) || living.findIndex(({ name }) => name === job.name) !== i);
    if (orphans.length > 0) await this.#commands.cancel(orphans.map(({ id }) => id));
    let kept = 0;
    for (const folder of names) {
      const job = living.find(({ name }) => name === this.#nameOf(folder))?.id;
      if (job === undefined && !(await this.#exchange.list(folder)).includes(outcomeFile)) {
        await this.#remove(folder);
        continue;
      }
      const key = folder.split("-")[0]!;
      this.#left.set(key, [...(this.#left.get(key) ?? []), { folder, job }]);
      kept++;
    }
    if (kept + orphans.length > 0) this.#options.log("the last worker left jobs behind", { kept, cancelled: orphans.length, of: names.length });
    if (kept > 0) setTimeout(() => void this.#sweep(), this.#timings.adoptMs).unref();
  }

  /** Nobody came for these. */
  async #sweep(): Promise<void> {
    const left = [...this.#left.values()].flat();
    this.#left.clear();
    if (left.length === 0 || this.#closed.signal.aborted) return;
    this.#options.log("cancelling jobs whose tasks did not come again", { jobs: left.map(({ job }) => job) });
    await this.#cancel(left.flatMap(({ job }) => (job === undefined ? [] : [job])));
    for (const { folder } of left) await this.#remove(folder);
  }

  /** Where Slurm does not answer, the job ends all the same: without its folder it cannot begin, and its time limit bounds it. */
  async #cancel(jobs: readonly number[]): Promise<void> {
    await this.#commands.cancel(jobs).catch((error: unknown) => this.#options.log("could not cancel jobs; their time limit ends them", { jobs, error: (error as Error).message }));
  }

  async #remove(folder: string): Promise<void> {
    await this.#exchange.remove(folder).catch((error: unknown) => this.#options.log("could not remove a task's folder; the next start tries again", { folder, error: (error as Error).message }));
  }

  async #until(what: Promise<void>, ends: number, signal: AbortSignal | undefined): Promise<void> {
    const over = new AbortController();
    const late = (async (): Promise<never> => {
      await sleep(Math.max(0, ends - performance.now()), undefined, { signal: signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]), ref: false }).catch(() => undefined);
      throw new Error(signal?.aborted === true ? stoppedReason : "the cluster was not to be had in time");
    })();
    try {
      await Promise.race([what, late]);
    } finally {
      late.catch(() => undefined);
      over.abort();
    }
    if (signal?.aborted === true) throw new Error(stoppedReason);
  }

  async #pause(ms: number): Promise<void> {
    this.#wake = new AbortController();
    await sleep(ms, undefined, { signal: this.#wake.signal }).catch(() => undefined);
  }

  get #prefix(): string {
    return `dcm-${this.#options.worker}-`;
  }

  #nameOf(folder: string): string {
    return this.#prefix + folder;
  }

  #folderOf(name: string): string {
    return name.slice(this.#prefix.length);
  }
}

function between([least, most]: readonly [number, number], wanted: number): number {
  return Math.min(most, Math.max(least, wanted));
}

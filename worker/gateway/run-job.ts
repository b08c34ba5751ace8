/** A whole job file on the market: one job, whose waves are its stages. The gateway makes each stage's input of the results before it. */
import { CloseReason, TaskState, type Job, type Stage, type Task } from "../../chain/codec/gen/dcm/market/v1/types.ts";
import type { TaskResult } from "../../client/protocol.ts";
import type { JobFile, LoadedJob, Wave } from "../job-file.ts";
import type { Connection } from "../../client/connection.ts";
import type { JobRequest } from "./bid.ts";
import { succeeded, type Gateway, type PlacedJob } from "./gateway.ts";

/** Where a wave stands, for those who watch. */
export interface WaveProgress {
  readonly wave: number;
  readonly kind: Wave["kind"];
  readonly job: Job;
  /** Of the whole job; none where it has one wave. */
  readonly stages: readonly Stage[];
  /** Of the wave. */
  readonly tasks: readonly Task[];
  /** Of the whole job. */
  readonly all: readonly Task[];
}

export interface FollowOptions {
  readonly connection: Connection;
  readonly gateway: Gateway;
  readonly waves: readonly Pick<Wave, "kind">[];
  readonly pollMs: number;
  readonly onProgress?: (progress: WaveProgress) => void;
  readonly signal?: AbortSignal;
}

export interface RunOptions extends Omit<FollowOptions, "waves"> {
  readonly loaded: LoadedJob;
  readonly onPlaced?: (placed: PlacedJob) => void | Promise<void>;
}

export interface FinishedWave extends WaveProgress {
  readonly results: readonly TaskResult[];
}

/** A wave whose tasks did not all come to an accepted, successful result. */
export class JobFailed extends Error {
  override readonly name = "JobFailed";
  /** What the task's program ended with, where it ended by itself and not with 0. */
  readonly exitCode: number | undefined;
  constructor(message: string, exitCode?: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** The waves in order; the last one's first result is the job's. Rejects with JobFailed, saying which task ended how, once the whole job has ended. */
export async function runJob(options: RunOptions): Promise<FinishedWave[]> {
  const { gateway, loaded, connection } = options;
  await checkDurations(connection, loaded.job);
  const placed = await gateway.place(requestOf(loaded));
  await options.onPlaced?.(placed);
  return followJob({ ...options, waves: loaded.job.waves }, placed.id);
}

/** What the market is asked for; the limit price is the job file's, where no other is given. Throws an Error where there is none. */
export function requestOf({ job, program, inputs }: LoadedJob, limitPrice: bigint | undefined = job.limitPrice): JobRequest {
  if (limitPrice === undefined) throw new Error("limitPrice is missing: the most that one lot may cost");
  const most = (pick: (wave: Wave) => bigint): bigint => job.waves.reduce((greatest, wave) => (pick(wave) > greatest ? pick(wave) : greatest), 0n);
  // All stages of a job share what a task may use: the greatest of what the waves want. Paid is what was used.
  return {
    name: job.name, classId: job.classId, quoteDenom: job.quoteDenom, limitPrice, lots: most(({ lots }) => lots), verification: job.verification, replicas: job.replicas, wishes: job.wishes,
    program, inputs, arguments: { args: job.waves[0]!.args }, durationMs: most(({ durationMs }) => durationMs), maxResultSize: most(({ maxResultBytes }) => maxResultBytes),
    sealed: job.sealed, later: job.waves.slice(1).map(({ args }, i) => ({ after: [i], arguments: { args } })), costTags: { job: job.name, ...job.costTags }, ...(job.organization === "" ? {} : { organization: job.organization }),
  };
}

/** A job that is placed, until it ends: as `runJob`. */
export async function followJob(options: FollowOptions, id: bigint): Promise<FinishedWave[]> {
  const finished: FinishedWave[] = [];
  for (const index of options.waves.keys()) {
    const done = await follow(options, index, id);
    try {
      finished.push({ ...done, results: await resultsOf(options, index, done) });
    } catch (error) {
      if (!(error instanceof JobFailed)) throw error;
      // What waits for it closes: by itself, or because the gateway cancels.
      await look(options, index, id, ({ job: { endedTau } }) => endedTau > 0n);
      throw error;
    }
  }
  return finished;
}

async function resultsOf({ gateway }: FollowOptions, index: number, { tasks, job: { id } }: WaveProgress): Promise<TaskResult[]> {
  const results: TaskResult[] = [];
  for (const task of tasks) {
    if (task.state !== TaskState.TASK_STATE_FINAL) throw new JobFailed(`task ${task.index} (wave ${index + 1}) of job ${id} was closed without a result: ${closedBecause(task)}`);
    const result = await gateway.result(id, task);
    if (!succeeded(result)) throw new JobFailed(`task ${task.index} (wave ${index + 1}) ended with ${result.status}, exit code ${result.exitCode}`, result.status === "ok" ? result.exitCode : undefined);
    results.push(result);
  }
  return results;
}

/** Why a task has no result, in words: `no salt`, `input unavailable` ... */
export function closedBecause({ closeReason }: Task): string {
  const [name = String(closeReason)] = Object.entries(CloseReason).find(([, number]) => number === closeReason) ?? [];
  return name.replace("CLOSE_REASON_", "").toLowerCase().replaceAll("_", " ");
}

/** The chain refuses a bid that declares too little time for its lots: better that the wave is named. */
export async function checkDurations(connection: Connection, { classId, waves }: JobFile): Promise<void> {
  const { maxLotMs } = (await connection.query.market.class({ classId })).class!;
  for (const [i, { lots, durationMs }] of waves.entries()) {
    if (durationMs < lots * maxLotMs) throw new Error(`waves[${i}].durationMs is ${durationMs}; ${lots} lots of ${classId} take up to ${lots * maxLotMs} ms on a conforming host: declare at least that, or fewer lots`);
  }
}

const isOver = ({ state }: Task): boolean => state === TaskState.TASK_STATE_FINAL || state === TaskState.TASK_STATE_CLOSED;

/** Until the wave's tasks are over; with the last wave the job is. */
function follow(options: FollowOptions, index: number, id: bigint): Promise<WaveProgress> {
  const last = index === options.waves.length - 1;
  return look(options, index, id, ({ job, tasks }) => (last ? job.endedTau > 0n : tasks.every(isOver)));
}

async function look(options: FollowOptions, index: number, jobId: bigint, until: (progress: WaveProgress) => boolean): Promise<WaveProgress> {
  for (;;) {
    options.signal?.throwIfAborted();
    const { job, stages } = await options.connection.query.market.job({ jobId });
    const all = await options.gateway.tasks(jobId);
    const stage = stages[index];
    const tasks = stage === undefined ? all : all.slice(stage.firstTask, stage.firstTask + stage.tasks);
    const progress: WaveProgress = { wave: index, kind: options.waves[index]!.kind, job: job!, stages, tasks, all };
    options.onProgress?.(progress);
    if (until(progress)) return progress;
    await new Promise((resolve) => setTimeout(resolve, options.pollMs));
  }
}

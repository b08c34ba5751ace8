/** A whole job file on the market: wave by wave, each wave a job of its own whose results are the next one's input. */
import { TaskState, type Job, type Task } from "../../chain/codec/gen/dcm/market/v1/types.ts";
import type { TaskResult } from "../../client/protocol.ts";
import { frameOutputs, type JobFile, type LoadedJob, type Wave } from "../job-file.ts";
import type { Connection } from "../../client/connection.ts";
import type { Gateway, PlacedJob } from "./gateway.ts";

/** Where a wave stands, for those who watch. */
export interface WaveProgress {
  readonly wave: number;
  readonly kind: Wave["kind"];
  readonly placed: PlacedJob;
  readonly job: Job;
  readonly tasks: readonly Task[];
}

export interface RunOptions {
  readonly connection: Connection;
  readonly gateway: Gateway;
  readonly loaded: LoadedJob;
  readonly pollMs: number;
  readonly onPlaced?: (wave: number, placed: PlacedJob) => void | Promise<void>;
  readonly onProgress?: (progress: WaveProgress) => void;
  readonly signal?: AbortSignal;
}

export interface FinishedWave extends WaveProgress {
  readonly results: readonly TaskResult[];
}

/** A wave whose tasks did not all come to an accepted, successful result. */
export class JobFailed extends Error {
  override readonly name = "JobFailed";
}

/** The waves in order; the last one's first result is the job's. Rejects with JobFailed, saying which task ended how. */
export async function runJob(options: RunOptions): Promise<FinishedWave[]> {
  const { gateway, loaded } = options;
  const { job } = loaded;
  await checkDurations(options.connection, job);
  const finished: FinishedWave[] = [];
  let inputs = loaded.inputs;
  for (const [index, wave] of job.waves.entries()) {
    const placed = await gateway.place({
      name: `${job.name}/${wave.kind}`, classId: job.classId, quoteDenom: job.quoteDenom, limitPrice: job.limitPrice, lots: wave.lots, verification: job.verification, wishes: job.wishes,
      program: loaded.program, inputs, arguments: { args: wave.args }, durationMs: wave.durationMs, maxResultSize: wave.maxResultBytes, costTags: { job: job.name, wave: wave.kind },
    });
    await options.onPlaced?.(index, placed);
    const done = await follow(options, index, wave, placed);
    const results: TaskResult[] = [];
    for (const task of done.tasks) {
      if (task.state !== TaskState.TASK_STATE_FINAL) throw new JobFailed(`task ${task.index} of wave ${index + 1} was closed without a result (reason ${task.closeReason}); see job ${placed.id}`);
      const result = await gateway.result(placed.id, task);
      if (result.status !== "ok" || result.exitCode !== 0) throw new JobFailed(`task ${task.index} of wave ${index + 1} ended with ${result.status}, exit code ${result.exitCode}`);
      results.push(result);
    }
    finished.push({ ...done, results });
    inputs = [frameOutputs(results.map(({ output }) => output))];
  }
  return finished;
}

/** The chain refuses a bid that declares too little time for its lots: better now than after earlier waves were paid. */
async function checkDurations(connection: Connection, { classId, waves }: JobFile): Promise<void> {
  const { maxLotMs } = (await connection.query.market.class({ classId })).class!;
  for (const [i, { lots, durationMs }] of waves.entries()) {
    if (durationMs < lots * maxLotMs) throw new Error(`waves[${i}].durationMs is ${durationMs}; ${lots} lots of ${classId} take up to ${lots * maxLotMs} ms on a conforming host: declare at least that, or fewer lots`);
  }
}

async function follow(options: RunOptions, index: number, wave: Wave, placed: PlacedJob): Promise<WaveProgress> {
  for (;;) {
    options.signal?.throwIfAborted();
    const { job } = await options.connection.query.market.job({ jobId: placed.id });
    const progress: WaveProgress = { wave: index, kind: wave.kind, placed, job: job!, tasks: await options.gateway.tasks(placed.id) };
    options.onProgress?.(progress);
    if (job!.endedTau > 0n) return progress;
    await new Promise((resolve) => setTimeout(resolve, options.pollMs));
  }
}

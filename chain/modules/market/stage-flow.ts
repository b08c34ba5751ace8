/** What ends in one stage, carried to the stages behind it: into the book, or out of the job with the money back. */
import { CloseReason, StageState, TaskState, type Stage, type Task } from "../../codec/gen/dcm/market/v1/types.ts";
import { loadBid, loadJob, saveBid, saveJob } from "./bids.ts";
import { payOut } from "./escrow.ts";
import { paramsAt } from "./params.ts";
import { bringUp, stageOf, taskEnded, type Moment } from "./stage-graph.ts";
import { saveStages, stagesOf } from "./stages.ts";
import { jobs } from "./state.ts";
import type { Context } from "../../runtime/context.ts";
import type { Job } from "../../codec/gen/dcm/market/v1/types.ts";
import type { MarketPorts } from "./ports.ts";

export function momentOf(ctx: Context, ports: MarketPorts, job: Job): Moment {
  return { tau: ports.clock.tau(ctx), inputsDue: paramsAt(ctx, job.paramsVersion).inputsDue };
}

/** The task of a job with stages is FINAL or CLOSED, and counted. */
export function afterTask(ctx: Context, ports: MarketPorts, task: Task): void {
  const job = loadJob(ctx, task.jobId);
  const { stages } = job.spec!;
  const before = stagesOf(ctx, job);
  const reason = task.state === TaskState.TASK_STATE_FINAL ? CloseReason.CLOSE_REASON_UNSPECIFIED : task.closeReason;
  moveStages(ctx, ports, job, before, taskEnded(job.spec!, before, stageOf(stages, task.index), reason, momentOf(ctx, ports, job)));
}

/** The inputs of a stage of the job did not come: it closes, with everything behind it. */
export function overdueInputs(ctx: Context, ports: MarketPorts, jobId: bigint): void {
  const job = jobs.find(ctx, jobId);
  if (job === undefined) return;
  const before = stagesOf(ctx, job);
  moveStages(ctx, ports, job, before, bringUp(job.spec!, before, momentOf(ctx, ports, job)));
}

/** Stores the stages; tasks that opened are in the book then, the escrow of those that never will is back. */
export function moveStages(ctx: Context, ports: MarketPorts, job: Job, before: readonly Stage[], after: readonly Stage[]): void {
  const { opened, closed } = saveStages(ctx, job, before, after);
  if (opened.length > 0) {
    const bid = loadBid(ctx, job.id);
    saveBid(ctx, { ...bid, unmatched: [...bid.unmatched, ...opened] });
  }
  if (closed === 0) return;
  const paid = payOut(ctx, ports, job, { payments: [], fee: 0n, burned: 0n, refund: BigInt(job.escrow!.perTask) * BigInt(closed) }, undefined);
  saveJob(ctx, ports, { ...paid, tasksClosed: paid.tasksClosed + closed });
}

/** The job's stages as they are at this tau, nothing stored: for queries. */
export function presentStages(ctx: Context, ports: MarketPorts, job: Job): readonly Stage[] {
  return bringUp(job.spec!, stagesOf(ctx, job), momentOf(ctx, ports, job));
}

/** True where the inputs would come in time. */
export function awaitsInputs({ state, inputsDueTau }: Stage, tau: bigint): boolean {
  return state === StageState.STAGE_STATE_INPUTS && tau <= inputsDueTau;
}

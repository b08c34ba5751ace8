/** Stages of a job in the state, with the events that tell of them. */
import { StageState, type Bid, type CloseReason, type Job, type Stage, type TaskRange } from "../../codec/gen/dcm/market/v1/types.ts";
import { stageClosed, stageFinal, stageOpened, stageReady } from "./events.ts";
import { isUnopened, newStages, orderLeft, stageOf, type Moment } from "./stage-graph.ts";
import { dueKinds, reschedule, stages, tasksPerJob, taskIdOf, within } from "./state.ts";
import type { Context } from "../../runtime/context.ts";

/** In order; none where the job has none. */
export function stagesOf(ctx: Context, job: Job): Stage[] {
  return job.spec!.stages.length === 0 ? [] : Array.from(stages.entries(ctx, { within: within.id(job.id) }), ([, stage]) => stage);
}

/** What changed, for the bid and the job's money. */
export interface Moved {
  /** Tasks that came into the book. */
  readonly opened: readonly TaskRange[];
  /** How many tasks closed that never were in the book. */
  readonly closed: number;
}

/** Writes the stages that are not what they were; tells of them, and keeps their deadlines. */
export function saveStages(ctx: Context, job: Job, before: readonly Stage[], after: readonly Stage[]): Moved {
  const opened: TaskRange[] = [];
  let closed = 0;
  for (const [i, stage] of after.entries()) {
    const was = before[i];
    if (was === stage) continue;
    stages.set(ctx, [job.id, i], stage);
    reschedule(ctx, dueKinds.stageInputs, taskIdOf(job.id, i), was?.inputsDueTau ?? 0n, stage.inputsDueTau);
    if (was?.state === stage.state) continue;
    if (stage.state === StageState.STAGE_STATE_INPUTS) stageReady(ctx, job, stage);
    if (stage.state === StageState.STAGE_STATE_FINAL) stageFinal(ctx, job, stage);
    if (stage.state === StageState.STAGE_STATE_CLOSED) stageClosed(ctx, job, stage);
    if (stage.state === StageState.STAGE_STATE_CLOSED && isUnopened(stage)) closed += stage.tasks;
    if (stage.state === StageState.STAGE_STATE_OPEN) {
      stageOpened(ctx, job, stage);
      opened.push({ first: stage.firstTask, count: stage.tasks });
    }
  }
  return { opened, closed };
}

/** The stages of a new job. */
export function placeStages(ctx: Context, job: Job, now: Moment): readonly TaskRange[] {
  return saveStages(ctx, job, [], newStages(job.id, job.spec!, now)).opened;
}

/** The bid leaves the book. Gives how many tasks close that never were in it. */
export function closeStages(ctx: Context, job: Job, bid: Bid, reason: CloseReason, tau: bigint): number {
  const before = stagesOf(ctx, job);
  const open = before.map(() => 0);
  for (const { first, count } of bid.unmatched) open[stageOf(job.spec!.stages, first)]! += count;
  if (before.length > 0) for (const id of bid.reopened) open[stageOf(job.spec!.stages, Number(id % tasksPerJob))]! += 1;
  return saveStages(ctx, job, before, orderLeft(before, open, reason, tau)).closed;
}

/**
 * Stages of a job as pure functions: which tasks belong to which, what opens and what closes when a task ends. A stage waits for earlier ones
 * only, so one pass in their order settles them all.
 */
import { CloseReason, Stage, StageState, type Bid, type Blob, type JobSpec, type StageSpec, type TaskRange } from "../../codec/gen/dcm/market/v1/types.ts";
import { assert } from "../../runtime/errors.ts";
import { taskIdOf } from "./state.ts";

/** Stages that a job may have. */
export const maxStages = 16;

const { STAGE_STATE_WAITING: WAITING, STAGE_STATE_INPUTS: INPUTS, STAGE_STATE_OPEN: OPEN, STAGE_STATE_FINAL: FINAL, STAGE_STATE_CLOSED: CLOSED } = StageState;

/** The present, and how long inputs are waited for from then on. */
export interface Moment {
  readonly tau: bigint;
  readonly inputsDue: bigint;
}

/** Its inputs are known: there is a manifest with a digest. */
export const isKnown = ({ manifest }: { readonly manifest: Blob | undefined }): boolean => (manifest?.digest.length ?? 0) > 0;

/** True for a stage of which no task was ever in the book. */
export const isUnopened = ({ state, openedTau }: Stage): boolean => state === WAITING || state === INPUTS || (state === CLOSED && openedTau === 0n);

/** As the bid makes them; those that wait for nothing are OPEN. */
export function newStages(jobId: bigint, spec: JobSpec, now: Moment): Stage[] {
  let first = 0;
  const made = spec.stages.map(({ tasks, inputRoot, manifest }, index) => {
    const stage = Stage.fromPartial({ jobId, index, firstTask: first, tasks, state: WAITING, inputRoot, ...(isKnown({ manifest }) ? { manifest: manifest! } : {}) });
    first += tasks;
    return stage;
  });
  return advance(spec, made, now);
}

/** Where a task of the job belongs. */
export function stageOf(stages: readonly StageSpec[], task: number): number {
  let end = 0;
  const index = stages.findIndex(({ tasks }) => task < (end += tasks));
  assert(index >= 0, `task ${task} is beyond the last stage`);
  return index;
}

/** A task of stage `index` came to its end. */
export function taskEnded(spec: JobSpec, stages: readonly Stage[], index: number, reason: CloseReason, now: Moment): Stage[] {
  const stage = stages[index]!;
  if (reason !== CloseReason.CLOSE_REASON_UNSPECIFIED) return advance(spec, put(stages, closed({ ...stage, tasksClosed: stage.tasksClosed + 1 }, reason, now.tau)), now);
  const tasksFinal = stage.tasksFinal + 1;
  return advance(spec, put(stages, { ...stage, tasksFinal, ...(tasksFinal === stage.tasks ? { state: FINAL, endedTau: now.tau } : {}) }), now);
}

/** The consumer has said what the inputs are. */
export function inputsSupplied(stages: readonly Stage[], index: number, inputRoot: Uint8Array, manifest: Blob, tau: bigint): Stage[] {
  return put(stages, { ...stages[index]!, state: OPEN, inputRoot, manifest, inputsDueTau: 0n, openedTau: tau });
}

/** Stages whose inputs did not come in time close at their due time, with what waits for them. */
export function bringUp(spec: JobSpec, stages: readonly Stage[], now: Moment): readonly Stage[] {
  let next = stages;
  for (const stage of stages) {
    if (stage.state !== INPUTS || stage.inputsDueTau >= now.tau) continue;
    next = advance(spec, put(next, neverOpened(stage, CloseReason.CLOSE_REASON_NO_INPUTS, stage.inputsDueTau)), { ...now, tau: stage.inputsDueTau });
  }
  return next;
}

/** The bid leaves the book: what never opened closes, and of what did the `open` tasks, by stage. */
export function orderLeft(stages: readonly Stage[], open: readonly number[], reason: CloseReason, tau: bigint): Stage[] {
  return stages.map((stage, i) => {
    if (stage.state === WAITING || stage.state === INPUTS) return neverOpened(stage, reason, tau);
    return open[i] === 0 ? stage : closed({ ...stage, tasksClosed: stage.tasksClosed + open[i]! }, reason, tau);
  });
}

/** What the stages that ended or closed mean for those behind them. */
function advance(spec: JobSpec, stages: readonly Stage[], { tau, inputsDue }: Moment): Stage[] {
  const next: Stage[] = [];
  for (const [i, stage] of stages.entries()) {
    const before = spec.stages[i]!.after.map((index) => next[index]!.state);
    if (stage.state !== WAITING) next.push(stage);
    else if (before.includes(CLOSED)) next.push(neverOpened(stage, CloseReason.CLOSE_REASON_PREDECESSOR, tau));
    else if (before.some((state) => state !== FINAL)) next.push(stage);
    else next.push(isKnown(stage) ? { ...stage, state: OPEN, openedTau: tau } : { ...stage, state: INPUTS, inputsDueTau: tau + inputsDue });
  }
  return next;
}

/** The first reason stays. */
function closed(stage: Stage, reason: CloseReason, tau: bigint): Stage {
  return stage.state === CLOSED ? stage : { ...stage, state: CLOSED, closeReason: reason, inputsDueTau: 0n, endedTau: tau };
}

function neverOpened(stage: Stage, reason: CloseReason, tau: bigint): Stage {
  return closed({ ...stage, tasksClosed: stage.tasks }, reason, tau);
}

function put(stages: readonly Stage[], stage: Stage): Stage[] {
  return stages.map((one) => (one.index === stage.index ? stage : one));
}

/** OPEN tasks, or instances of a service, that were never matched. */
export function unmatchedTasks(bid: Bid): number {
  return bid.staged ? bid.unmatched.reduce((sum, { count }) => sum + count, 0) : bid.tasks - bid.nextTask;
}

/** Tasks for a match: those that came back first, then new ones, of the earliest stage first. Gives the bid without them. */
export function takeTasks(bid: Bid, count: number): { readonly ids: bigint[]; readonly bid: Bid } {
  const ids = bid.reopened.slice(0, count);
  const fresh = count - ids.length;
  const ranges = bid.staged ? bid.unmatched : [{ first: bid.nextTask, count: bid.tasks - bid.nextTask }];
  const unmatched: TaskRange[] = [];
  for (const range of ranges) {
    const taken = Math.min(range.count, count - ids.length);
    for (let i = 0; i < taken; i++) ids.push(taskIdOf(bid.id, range.first + i));
    if (taken < range.count) unmatched.push({ first: range.first + taken, count: range.count - taken });
  }
  return { ids, bid: { ...bid, reopened: bid.reopened.slice(count), nextTask: bid.nextTask + fresh, unmatched: bid.staged ? unmatched : [] } };
}

/** The edge around the task machine: loads a task brought up to date, carries out what a step asks for, stores. */
import { CloseReason, StageState, TaskState, type Bid, type Job, type Params, type Replica, type Stage, type Task } from "../../codec/gen/dcm/market/v1/types.ts";
import { addressBytes } from "../../codec/address.ts";
import { assert, fail } from "../../runtime/errors.ts";
import { bookOf, releaseHold, returnUnit, spareUnit } from "./asks.ts";
import { closedBy, exclude, isTerminal, loadBid, loadJob, saveBid, saveJob } from "./bids.ts";
import { openBook } from "./books.ts";
import { requestDraw, dropDraw } from "./draw-queue.ts";
import { payOut, type UsageLine } from "./escrow.ts";
import { errors } from "./errors.ts";
import { billedTo, emit, replicaChanged, taskChanged } from "./events.ts";
import { openHold } from "./holds.ts";
import { paramsAt } from "./params.ts";
import { countSettled } from "./prices.ts";
import { rateOf } from "./rate.ts";
import { countReserved } from "./reserved-tasks.ts";
import { asks, claimedTasks, classes, dueKinds, jobs, liveTasksByProvider, requeue, schedule, seals, tasks, tasksByProvider, tasksPerJob } from "./state.ts";
import { afterTask, presentStages } from "./stage-flow.ts";
import { isUnopened, stageOf } from "./stage-graph.ts";
import { bringUp, closeOpen, mayAwaitDraw } from "./task-machine.ts";
import type { Effect, Step, Terms } from "./task-run.ts";
import type { Context } from "../../runtime/context.ts";
import type { MarketPorts } from "./ports.ts";

export const isOver = (state: TaskState): boolean => state === TaskState.TASK_STATE_FINAL || state === TaskState.TASK_STATE_CLOSED;

/** V3: its provider has claimed a state that others may challenge. */
export const isClaimed = (state: TaskState): boolean => state === TaskState.TASK_STATE_CHALLENGE || state === TaskState.TASK_STATE_DISPUTE;

export function termsOf(ctx: Context, job: Job): Terms {
  const capacity = classes.find(ctx, job.classId);
  assert(capacity !== undefined, `class ${job.classId} is missing`);
  return {
    params: paramsAt(ctx, job.paramsVersion),
    verification: job.verification,
    escrow: BigInt(job.escrow!.perTask),
    rate: rateOf(job),
    meterPerLot: capacity.meterPerLot,
    duration: job.spec!.duration,
    colocated: job.colocated,
    sealed: job.spec!.consumerKey.length > 0,
    sealedTau: (provider) => seals.find(ctx, [job.id, addressBytes(provider)])?.sealedTau,
    held: job.acceptance !== undefined,
    // A shape that the book does not trade has no price there.
    reference: () => (job.askId !== 0n && asks.find(ctx, job.askId)?.resources !== undefined ? 0n : openBook(ctx, bookOf(job)).referencePrice),
  };
}

/** A task as it is at this tau, nothing stored: for queries. */
export function presentTask(ctx: Context, ports: MarketPorts, task: Task, job: Job): Task {
  return bareTask(isOver(task.state) ? task : bringUp(task, termsOf(ctx, job), ports.clock.tau(ctx)).task);
}

/** A task with the job that it belongs to, as they are written. */
export interface Found {
  readonly task: Task;
  readonly job: Job;
  readonly terms: Terms;
}

/** The task with its job, brought up to date and stored; undefined where it has no record. */
export function loadTask(ctx: Context, ports: MarketPorts, id: bigint): Found | undefined {
  const before = tasks.find(ctx, id);
  if (before === undefined) return undefined;
  const job = loadJob(ctx, before.jobId);
  const terms = termsOf(ctx, job);
  if (isOver(before.state)) return { task: before, job, terms };
  const task = apply(ctx, ports, before, bringUp(before, terms, ports.clock.tau(ctx)), { job, terms });
  return task === before ? { task, job, terms } : { task, job: loadJob(ctx, before.jobId), terms };
}

/**
 * The live replica that a message is about. A late message finds the task as its missed deadlines left it and fails; what they
 * changed is not kept with it, the sweep does the same.
 */
export function loadReplica(ctx: Context, ports: MarketPorts, id: bigint, provider: string): Found & { readonly replica: Replica } {
  const found = loadTask(ctx, ports, id);
  if (found === undefined) fail(errors.unknownTask, { id });
  const replica = found.task.replicas.find((one) => one.provider === provider);
  if (replica === undefined || isOver(found.task.state)) fail(errors.notAssigned, { task: id, provider });
  return { ...found, replica };
}

/** Stores the step and carries out its effects, in order. Gives the task as it is then. `found`: its records, where the caller has just read them. */
export function apply(ctx: Context, ports: MarketPorts, before: Task, step: Step, found?: Pick<Found, "job" | "terms">): Task {
  if (step.effects.length === 0 && step.task === before) return before;
  let { task } = step;
  const after = new Ledger(ctx, ports, found?.job ?? loadJob(ctx, task.jobId), found?.terms.params);
  if (needsNoDraw(before, task)) dropDraw(ctx, task.id);
  for (const effect of step.effects) task = carryOut(ctx, ports, before, task, after, effect, step.effects);
  task = store(ctx, before, task);
  report(ctx, before, task, after.job);
  after.save();
  if (before.replicas.length > 0 && (isOver(task.state) || task.state === TaskState.TASK_STATE_OPEN)) {
    if (after.job.askId !== 0n) countReserved(ctx, ports, after.job.askId, before, task, step.effects);
  }
  if (isOver(task.state) && !isOver(before.state) && after.job.spec!.stages.length > 0) afterTask(ctx, ports, task);
  for (const effect of step.effects) {
    if (effect.kind === "differs") ports.referee.auditDiffers(ctx, task.id, effect.auditor, effect.stateHash);
    else if (effect.kind === "contested") ports.referee.replicasDiffer(ctx, task.id, effect.replica, effect.stateHash);
    else continue;
    task = tasks.find(ctx, task.id)!;
  }
  // A bid that left the book takes no task back.
  if (task.state === TaskState.TASK_STATE_OPEN && before.state !== TaskState.TASK_STATE_OPEN && isTerminal(loadBid(ctx, task.jobId).status)) {
    return apply(ctx, ports, task, closeOpen(task, termsOf(ctx, after.job), closedBy(loadBid(ctx, task.jobId)), ports.clock.tau(ctx)));
  }
  return task;
}

/** The job while a step is carried out; written once, where it changed. */
class Ledger {
  job: Job;
  readonly #params: Params | undefined;
  readonly #ctx: Context;
  readonly #ports: MarketPorts;
  readonly #before: Job;
  constructor(ctx: Context, ports: MarketPorts, job: Job, params: Params | undefined) {
    this.#ctx = ctx;
    this.#ports = ports;
    this.#before = job;
    this.job = job;
    this.#params = params;
  }
  save(): void {
    if (this.job !== this.#before) saveJob(this.#ctx, this.#ports, this.job, this.#params);
  }
}

function needsNoDraw(before: Task, after: Task): boolean {
  return mayAwaitDraw(before.state) && (!mayAwaitDraw(after.state) || after.replicas.length > before.replicas.length);
}

function carryOut(ctx: Context, ports: MarketPorts, before: Task, task: Task, after: Ledger, effect: Effect, all: readonly Effect[]): Task {
  const { job } = after;
  switch (effect.kind) {
    case "slash": {
      const { penalty, provers } = effect;
      const awards = [
        ...(penalty.consumer > 0n ? [{ to: addressBytes(job.payer), amount: penalty.consumer }] : []),
        ...(penalty.prover > 0n ? provers.map((prover) => ({ to: addressBytes(prover), amount: penalty.prover })) : []),
      ];
      ports.providers.slash(ctx, addressBytes(effect.provider), penalty.amount, awards, effect.reason);
      emit(ctx, "EventProviderPenalized", {
        task_id: task.id, job_id: job.id, provider: effect.provider, ...billedTo(job), reason: effect.reason, amount: penalty.amount,
        to_consumer: penalty.consumer, to_provers: penalty.prover * BigInt(provers.length), denom: ports.providers.bondDenom(ctx),
      });
      return task;
    }
    case "ended":
      if (effect.replica.unitOut) returnUnit(ctx, ports, effect.replica.askId, effect.unlock);
      else if (effect.unlock > 0n) ports.providers.unlock(ctx, addressBytes(effect.replica.provider), effect.unlock);
      return task;
    case "unit": {
      if (all.some((one) => one.kind === "ended" && one.replica.provider === effect.provider)) return task;
      const replica = task.replicas.find((one) => one.provider === effect.provider)!;
      if (!spareUnit(ctx, ports, replica.askId)) return task;
      return { ...task, replicas: task.replicas.map((one) => (one === replica ? { ...one, unitOut: false } : one)) };
    }
    case "record":
      ports.providers.record(ctx, addressBytes(effect.provider), effect.outcome, effect.worth);
      return task;
    case "exclude": {
      exclude(ctx, job.id, effect.provider);
      return task;
    }
    case "draw":
      requestDraw(ctx, task, effect.round, effect.count, paramsAt(ctx, job.paramsVersion).drawDelayBlocks);
      return task;
    case "release":
      for (const id of before.heldAsks) releaseHold(ctx, ports, id);
      return { ...task, heldAsks: [] };
    case "reopened": {
      const bid = loadBid(ctx, job.id);
      if (!isTerminal(bid.status)) saveBid(ctx, { ...bid, reopened: [...bid.reopened, task.id] });
      return task;
    }
    case "settled": {
      const lines = effect.settlement.payments.map(({ provider, amount }): UsageLine => {
        const { organization, jurisdiction, leaseId, price } = before.replicas.find((one) => one.provider === provider)!;
        return { provider, providerOrganization: organization, jurisdiction, leaseId, price, lots: amount / price };
      });
      const paid = payOut(ctx, ports, job, effect.settlement, task.id, lines);
      const final = task.state === TaskState.TASK_STATE_FINAL;
      // What two agreed between themselves says nothing of the market.
      if (final && paid.escrow!.fees !== job.escrow!.fees && job.askId === 0n) {
        for (const { provider, amount } of effect.settlement.payments) {
          const { price, stake } = before.replicas.find((one) => one.provider === provider)!;
          countSettled(ctx, ports, job, { provider, amount, lots: amount / price, stake: BigInt(stake) });
        }
      }
      after.job = { ...paid, tasksFinal: paid.tasksFinal + (final ? 1 : 0), tasksClosed: paid.tasksClosed + (final ? 0 : 1) };
      return task;
    }
    case "held":
      after.job = { ...openHold(ctx, ports, job, before, effect.settlement), tasksFinal: job.tasksFinal + 1, tasksHeld: job.tasksHeld + 1 };
      return task;
    case "differs":
    case "contested":
      return task;
    case "flag":
      after.job = { ...job, programFlagged: true };
      return task;
  }
}

/** Writes the task, its deadline and who takes part in it. Gives it with its place in the queue. */
function store(ctx: Context, before: Task, after: Task): Task {
  const task = { ...after, queuedTau: requeue(ctx, dueKinds.task, after.id, before.queuedTau, after.dueTau) };
  tasks.set(ctx, task.id, task);
  if (isClaimed(task.state) && !isClaimed(before.state)) claimedTasks.set(ctx, task.id, true);
  if (!isClaimed(task.state) && isClaimed(before.state)) claimedTasks.remove(ctx, task.id);
  const has = (list: readonly Replica[], provider: string): boolean => list.some((one) => one.provider === provider);
  for (const { provider } of before.replicas) {
    if (!has(task.replicas, provider)) tasksByProvider.remove(ctx, [addressBytes(provider), task.id]);
    if (!isOver(before.state) && !(!isOver(task.state) && has(task.replicas, provider))) liveTasksByProvider.remove(ctx, [addressBytes(provider), task.id]);
  }
  for (const { provider } of task.replicas) {
    if (!has(before.replicas, provider)) tasksByProvider.set(ctx, [addressBytes(provider), task.id], true);
    if (!isOver(task.state) && !(!isOver(before.state) && has(before.replicas, provider))) liveTasksByProvider.set(ctx, [addressBytes(provider), task.id], true);
  }
  return task;
}

/** The sweep has come to the task's place in the queue: the task as it is now, queued again for what it waits for next. */
export function sweepTask(ctx: Context, ports: MarketPorts, id: bigint, place: bigint): void {
  const task = loadTask(ctx, ports, id)?.task;
  if (task?.queuedTau !== place) return;
  tasks.set(ctx, id, { ...task, queuedTau: task.dueTau });
  schedule(ctx, task.dueTau, dueKinds.task, id);
}

/** The task without its place in the queue: as it is shown and exported. */
export const bareTask = (task: Task): Task => ({ ...task, queuedTau: 0n });

function report(ctx: Context, before: Task, task: Task, job: Job): void {
  for (const replica of task.replicas) {
    const old = before.replicas.find((one) => one.provider === replica.provider);
    if (old === undefined || old.state !== replica.state || old.paid !== replica.paid || old.slashed !== replica.slashed) replicaChanged(ctx, task, job, replica);
  }
  if (before.state !== task.state) taskChanged(ctx, task, job);
}

/** A task of the job without a record: WAITING for its stage, OPEN while the bid lives, CLOSED with it. Undefined where the id names none. */
export function unmatchedTask(ctx: Context, ports: MarketPorts, id: bigint): Task | undefined {
  const job = jobs.find(ctx, id / tasksPerJob);
  const index = Number(id % tasksPerJob);
  if (job === undefined || index >= job.spec!.tasks) return undefined;
  return blankTask(loadBid(ctx, job.id), job, index, presentStages(ctx, ports, job));
}

/** `stages` where the task may belong to one that has not opened. */
export function blankTask(bid: Bid, job: Job, index: number, stages: readonly Stage[] = []): Task {
  const stage = stages.length === 0 ? undefined : stages[stageOf(job.spec!.stages, index)]!;
  const unopened = stage !== undefined && isUnopened(stage) ? stage : undefined;
  const closed = unopened === undefined ? isTerminal(bid.status) : unopened.state === StageState.STAGE_STATE_CLOSED;
  const waiting = unopened !== undefined && !closed;
  const reason = unopened?.closeReason ?? closedBy(bid);
  return {
    id: job.id * tasksPerJob + BigInt(index), jobId: job.id, index, state: closed ? TaskState.TASK_STATE_CLOSED : waiting ? TaskState.TASK_STATE_WAITING : TaskState.TASK_STATE_OPEN,
    price: 0n, lots: bid.lots, stake: "0", auditProbabilityBps: 0, paramsVersion: job.paramsVersion, misses: 0, declinedBy: [], replicas: [], dueTau: 0n,
    closeReason: closed ? reason : CloseReason.CLOSE_REASON_UNSPECIFIED, result: undefined, endedTau: closed ? (unopened?.endedTau ?? bid.endedTau) : 0n, heldAsks: [], matchedTau: 0n, queuedTau: 0n, challengeLeft: 0n,
  };
}

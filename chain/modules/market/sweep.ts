/** What is due: at most `max_sweep` entries a block, fewer where they close or remove many records, the oldest first. Rights do not wait for it: handlers look at tau themselves. */
import { CloseReason, OrderStatus } from "../../codec/gen/dcm/market/v1/types.ts";
import { addressBytes } from "../../codec/address.ts";
import { closeAsk, pruneAsk, saveAsk } from "./asks.ts";
import { closeBid, closingWeight, isImmediate, loadBacking, loadBid, loadJob, recordsPerEntry, removeBid } from "./bids.ts";
import { returnBidDeposit } from "./escrow.ts";
import { emit } from "./events.ts";
import { removeLease } from "./leases.ts";
import { currentParams } from "./params.ts";
import { endIndexHour } from "./prices.ts";
import { endRequest } from "./requests.ts";
import { overdueInputs } from "./stage-flow.ts";
import {
  asks, bids, collect, declines, draws, dueKinds, dueQueue, jobs, jobsByConsumer, leasesByJob, quoteRequests, schedule, seals, stages, tasks, tasksByProvider, tasksPerJob, within, type DueKind,
} from "./state.ts";
import { pruneService } from "./services/sweep.ts";
import { mayAwaitDraw, saltMissed } from "./task-machine.ts";
import { apply, sweepTask, termsOf } from "./tasks.ts";
import { retryMs } from "../../runtime/retry.ts";
import type { Context } from "../../runtime/context.ts";
import type { MarketPorts } from "./ports.ts";

export function sweep(ctx: Context, ports: MarketPorts): void {
  const tau = ports.clock.tau(ctx);
  let room = currentParams(ctx).params.maxSweep;
  for (const [[due, kind, id]] of collect(ctx, dueQueue, room, undefined, within.id(tau))) {
    if (room <= 0) return;
    let weight = 1;
    const done = ctx.isolate(`market: due entry ${kind}/${id}`, (item) => (weight = handle(item, ports, kind as DueKind, id, due)));
    room -= weight;
    // An entry whose object moved on has gone already; what is left of it goes now.
    dueQueue.remove(ctx, [due, kind, id]);
    if (!done) putOff(ctx, kind as DueKind, id, due, tau + retryMs);
  }
}

/** Another place in the queue for what could not be handled. A task knows its place. */
function putOff(ctx: Context, kind: DueKind, id: bigint, from: bigint, to: bigint): void {
  schedule(ctx, to, kind, id);
  if (kind !== dueKinds.task) return;
  const task = tasks.find(ctx, id);
  if (task?.queuedTau === from) tasks.set(ctx, id, { ...task, queuedTau: to });
}

/** Its object may have moved on, have got more time since it was put off, or be gone. Gives what it weighs, in entries. */
function handle(ctx: Context, ports: MarketPorts, kind: DueKind, id: bigint, due: bigint): number {
  switch (kind) {
    case dueKinds.task:
      sweepTask(ctx, ports, id, due);
      return 1;
    case dueKinds.draw:
      overdueSalt(ctx, ports, id);
      return 1;
    case dueKinds.bidExpiry: {
      const bid = bids.find(ctx, id);
      if (bid === undefined || bid.expiresTau >= ports.clock.tau(ctx) || loadBacking(ctx, bid).endedTau !== 0n) return 1;
      closeBid(ctx, ports, id, OrderStatus.ORDER_STATUS_EXPIRED, isImmediate(bid) ? CloseReason.CLOSE_REASON_UNFILLED : CloseReason.CLOSE_REASON_EXPIRED);
      return closingWeight(bid);
    }
    case dueKinds.askExpiry: {
      const ask = asks.find(ctx, id);
      if (ask?.status === OrderStatus.ORDER_STATUS_OPEN && ask.expiresTau < ports.clock.tau(ctx)) closeAsk(ctx, ports, ask, OrderStatus.ORDER_STATUS_EXPIRED);
      return 1;
    }
    case dueKinds.askOpening: {
      const ask = asks.find(ctx, id);
      if (ask?.waiting === true) saveAsk(ctx, { ...ask, waiting: false });
      return 1;
    }
    case dueKinds.stageInputs:
      overdueInputs(ctx, ports, id / tasksPerJob);
      return 1;
    case dueKinds.requestEnd: {
      const request = quoteRequests.find(ctx, id);
      if (request !== undefined) endRequest(ctx, ports, request, "expired");
      return 1;
    }
    case dueKinds.indexHour:
      endIndexHour(ctx, ports, id);
      return 1;
    case dueKinds.askPrune:
      pruneAsk(ctx, ports, id);
      return 1;
    case dueKinds.jobPrune:
      return 1 + Math.floor(pruneJob(ctx, ports, id) / recordsPerEntry);
    case dueKinds.servicePrune:
      return 1 + Math.floor(pruneService(ctx, ports, id) / recordsPerEntry);
  }
}

function overdueSalt(ctx: Context, ports: MarketPorts, taskId: bigint): void {
  const draw = draws.find(ctx, taskId);
  const tau = ports.clock.tau(ctx);
  if (draw === undefined || draw.salt.length > 0 || draw.saltDueTau === 0n || draw.saltDueTau >= tau) return;
  const task = tasks.find(ctx, taskId);
  if (task === undefined || !mayAwaitDraw(task.state)) return;
  apply(ctx, ports, task, saltMissed(task, termsOf(ctx, loadJob(ctx, task.jobId)), tau));
}

/** Records that one visit removes; a job with more is visited again. */
const pruneStep = 100;

/** The records' time is over: tasks, seals, declines, stages and leases first, the job and its deposit last. Gives how many records went. */
function pruneJob(ctx: Context, ports: MarketPorts, id: bigint): number {
  const job = jobs.find(ctx, id);
  if (job === undefined) return 0;
  let room = pruneStep;
  for (const [taskId, task] of collect(ctx, tasks, room, within.job(id))) {
    for (const replica of task.replicas) tasksByProvider.remove(ctx, [addressBytes(replica.provider), taskId]);
    tasks.remove(ctx, taskId);
    room--;
  }
  for (const [key] of collect(ctx, seals, room, within.id(id))) {
    seals.remove(ctx, key);
    room--;
  }
  for (const [key] of collect(ctx, declines, room, within.id(id))) {
    declines.remove(ctx, key);
    room--;
  }
  for (const [key] of collect(ctx, stages, room, within.id(id))) {
    stages.remove(ctx, key);
    room--;
  }
  for (const [[, leaseId]] of collect(ctx, leasesByJob, room, within.id(id))) {
    removeLease(ctx, leaseId);
    room--;
  }
  if (room <= 0) {
    schedule(ctx, ports.clock.tau(ctx), dueKinds.jobPrune, id);
    return pruneStep;
  }
  jobs.remove(ctx, id);
  removeBid(ctx, loadBid(ctx, id));
  jobsByConsumer.remove(ctx, [addressBytes(job.consumer), id]);
  returnBidDeposit(ctx, ports, job);
  emit(ctx, "EventJobPruned", { job_id: id, consumer: job.consumer, storage_deposit: job.escrow!.storageDeposit });
  return pruneStep - room;
}

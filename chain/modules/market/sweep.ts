/** What is due: at most `max_sweep` entries a block, the oldest first. Rights do not wait for it: handlers look at tau themselves. */
import { CloseReason, OrderStatus } from "../../codec/gen/dcm/market/v1/types.ts";
import { addressBytes } from "../../codec/address.ts";
import { closeAsk, pruneAsk, saveAsk } from "./asks.ts";
import { closeBid, isImmediate, loadBacking, loadBid, loadJob, removeBid } from "./bids.ts";
import { returnBidDeposit } from "./escrow.ts";
import { emit } from "./events.ts";
import { removeLease } from "./leases.ts";
import { currentParams } from "./params.ts";
import { endIndexHour } from "./prices.ts";
import { endRequest } from "./requests.ts";
import { overdueInputs } from "./stage-flow.ts";
import {
  asks, collect, declines, draws, dueKinds, dueQueue, jobs, jobsByConsumer, leasesByJob, quoteRequests, schedule, seals, stages, tasks, tasksByProvider, tasksPerJob, within, type DueKind,
} from "./state.ts";
import { pruneService } from "./services/sweep.ts";
import { mayAwaitDraw, saltMissed } from "./task-machine.ts";
import { apply, sweepTask, termsOf } from "./tasks.ts";
import type { Context } from "../../runtime/context.ts";
import type { MarketPorts } from "./ports.ts";

export function sweep(ctx: Context, ports: MarketPorts): void {
  const tau = ports.clock.tau(ctx);
  for (const [[due, kind, id]] of collect(ctx, dueQueue, currentParams(ctx).params.maxSweep, undefined, within.id(tau))) {
    ctx.isolate(`market: due entry ${kind}/${id}`, (item) => handle(item, ports, kind as DueKind, id, due));
    // An entry whose object moved on has gone already; what is left of it goes now.
    dueQueue.remove(ctx, [due, kind, id]);
  }
}

function handle(ctx: Context, ports: MarketPorts, kind: DueKind, id: bigint, due: bigint): void {
  switch (kind) {
    case dueKinds.task:
      sweepTask(ctx, ports, id, due);
      return;
    case dueKinds.draw:
      overdueSalt(ctx, ports, id);
      return;
    case dueKinds.bidExpiry: {
      const bid = loadBid(ctx, id);
      if (loadBacking(ctx, bid).endedTau === 0n) closeBid(ctx, ports, id, OrderStatus.ORDER_STATUS_EXPIRED, isImmediate(bid) ? CloseReason.CLOSE_REASON_UNFILLED : CloseReason.CLOSE_REASON_EXPIRED);
      return;
    }
    case dueKinds.askExpiry: {
      const ask = asks.find(ctx, id);
      if (ask?.status === OrderStatus.ORDER_STATUS_OPEN) closeAsk(ctx, ports, ask, OrderStatus.ORDER_STATUS_EXPIRED);
      return;
    }
    case dueKinds.askOpening: {
      const ask = asks.find(ctx, id);
      if (ask?.waiting === true) saveAsk(ctx, { ...ask, waiting: false });
      return;
    }
    case dueKinds.stageInputs:
      overdueInputs(ctx, ports, id / tasksPerJob);
      return;
    case dueKinds.requestEnd: {
      const request = quoteRequests.find(ctx, id);
      if (request !== undefined) endRequest(ctx, ports, request, "expired");
      return;
    }
    case dueKinds.indexHour:
      endIndexHour(ctx, ports, id);
      return;
    case dueKinds.askPrune:
      pruneAsk(ctx, ports, id);
      return;
    case dueKinds.jobPrune:
      pruneJob(ctx, ports, id);
      return;
    case dueKinds.servicePrune:
      pruneService(ctx, ports, id);
      return;
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

/** The records' time is over: tasks, seals, declines, stages and leases first, the job and its deposit last. */
function pruneJob(ctx: Context, ports: MarketPorts, id: bigint): void {
  const job = jobs.find(ctx, id);
  if (job === undefined) return;
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
    return;
  }
  jobs.remove(ctx, id);
  removeBid(ctx, loadBid(ctx, id));
  jobsByConsumer.remove(ctx, [addressBytes(job.consumer), id]);
  returnBidDeposit(ctx, ports, job);
  emit(ctx, "EventJobPruned", { job_id: id, consumer: job.consumer, storage_deposit: job.escrow!.storageDeposit });
}

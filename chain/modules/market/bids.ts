/** Bids: which of their tasks are OPEN, and what happens to those when the bid leaves the book. */
import type { CloseReason} from "../../codec/gen/dcm/market/v1/types.ts";
import { OrderStatus, TaskState, TimeInForce, type Bid, type Job } from "../../codec/gen/dcm/market/v1/types.ts";
import { assert } from "../../runtime/errors.ts";
import { bookOf } from "./asks.ts";
import { markDirty, openBook } from "./books.ts";
import { payOut } from "./escrow.ts";
import { bidChanged } from "./events.ts";
import { paramsAt } from "./params.ts";
import { bidBook, bidOrder, bids, books, cancelledBids, dueKinds, iocBids, jobs, reschedule, schedule, tasks } from "./state.ts";
import type { Context } from "../../runtime/context.ts";
import type { MarketPorts } from "./ports.ts";

export function loadBid(ctx: Context, id: bigint): Bid {
  const bid = bids.find(ctx, id);
  assert(bid !== undefined, `bid ${id} is missing`);
  return bid;
}

export function loadJob(ctx: Context, id: bigint): Job {
  const job = jobs.find(ctx, id);
  assert(job !== undefined, `job ${id} is missing`);
  return job;
}

/** OPEN tasks: those never matched and those that came back. */
export function openTasks(bid: Bid, job: Job): number {
  return job.spec!.tasks - bid.nextTask + bid.reopened.length;
}

export const isTerminal = (status: OrderStatus): boolean => status !== OrderStatus.ORDER_STATUS_OPEN && status !== OrderStatus.ORDER_STATUS_FILLED;

/** Writes the bid and keeps the book in step with it. */
export function saveBid(ctx: Context, bid: Bid, job: Job): void {
  const open = openTasks(bid, job);
  const status = isTerminal(bid.status) ? bid.status : open > 0 ? OrderStatus.ORDER_STATUS_OPEN : OrderStatus.ORDER_STATUS_FILLED;
  const next = { ...bid, status };
  bids.set(ctx, bid.id, next);
  const book = bookOf(bid);
  const key = [book, [bidOrder(bid.limitPrice), bid.createdHeight, bid.id]] as const;
  const listed = status === OrderStatus.ORDER_STATUS_OPEN;
  if (listed !== bidBook.has(ctx, key)) {
    const ioc = bid.timeInForce === TimeInForce.TIME_IN_FORCE_IOC;
    if (listed) {
      bidBook.set(ctx, key, true);
      if (ioc) iocBids.set(ctx, [book, bid.id], true);
    } else {
      bidBook.remove(ctx, key);
      if (ioc) iocBids.remove(ctx, [book, bid.id]);
    }
    const record = openBook(ctx, book);
    books.set(ctx, book, { ...record, openBids: record.openBids + (listed ? 1n : -1n) });
  }
  if (listed) markDirty(ctx, book);
  bidChanged(ctx, next, open);
}

/** Takes the bid out of the book for good: its OPEN tasks are CLOSED and their escrow goes back. */
export function closeBid(ctx: Context, ports: MarketPorts, id: bigint, status: OrderStatus, reason: CloseReason): void {
  const bid = loadBid(ctx, id);
  if (isTerminal(bid.status)) return;
  let job = loadJob(ctx, id);
  const tau = ports.clock.tau(ctx);
  const count = openTasks(bid, job);
  for (const taskId of bid.reopened) {
    const task = tasks.find(ctx, taskId);
    assert(task !== undefined && task.state === TaskState.TASK_STATE_OPEN, `task ${taskId} is listed as open`);
    tasks.set(ctx, taskId, { ...task, state: TaskState.TASK_STATE_CLOSED, closeReason: reason, endedTau: tau });
  }
  reschedule(ctx, dueKinds.bidExpiry, id, bid.expiresTau, 0n);
  cancelledBids.remove(ctx, id);
  if (count > 0) {
    job = payOut(ctx, ports, job, { payments: [], fee: 0n, burned: 0n, refund: BigInt(job.escrow!.perTask) * BigInt(count) }, undefined);
    job = { ...job, tasksClosed: job.tasksClosed + count };
  }
  saveBid(ctx, { ...bid, status, nextTask: job.spec!.tasks, reopened: [], endedTau: tau }, job);
  saveJob(ctx, ports, job);
}

/** Writes the job; with its last task it ends, and the records' time begins to run. */
export function saveJob(ctx: Context, ports: MarketPorts, job: Job): void {
  const over = job.endedTau === 0n && job.tasksFinal + job.tasksClosed === job.spec!.tasks;
  if (!over) {
    jobs.set(ctx, job.id, job);
    return;
  }
  const tau = ports.clock.tau(ctx);
  assert(BigInt(job.escrow!.held) === 0n, `job ${job.id} ends with ${job.escrow!.held} in escrow`);
  jobs.set(ctx, job.id, { ...job, endedTau: tau });
  const bid = loadBid(ctx, job.id);
  if (!isTerminal(bid.status)) {
    reschedule(ctx, dueKinds.bidExpiry, bid.id, bid.expiresTau, 0n);
    cancelledBids.remove(ctx, bid.id);
    bids.set(ctx, bid.id, { ...bid, endedTau: tau });
  }
  schedule(ctx, tau + paramsAt(ctx, job.paramsVersion).recordLifetime, dueKinds.jobPrune, job.id);
}

/** Bids: which of their tasks are OPEN, and what happens to those when the bid leaves the book. */
import type { CloseReason } from "../../codec/gen/dcm/market/v1/types.ts";
import { OrderStatus, TaskState, TimeInForce, type Bid, type Job } from "../../codec/gen/dcm/market/v1/types.ts";
import { assert } from "../../runtime/errors.ts";
import { bookOf } from "./asks.ts";
import { markDirty, openBook } from "./books.ts";
import { payOut } from "./escrow.ts";
import { bidChanged, bidReplaced } from "./events.ts";
import { paramsAt } from "./params.ts";
import { bidBook, bidOrder, bidPlaceKey, bids, books, cancelledBids, demands, dueKinds, iocBids, jobs, joinKey, replacedBids, reschedule, schedule, tasks, within, type BidPlace, type BookKey, type ProfileKey } from "./state.ts";
import { countJob, demandOf, unpark } from "./profiles.ts";
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

/** Bids that leave after their first batch. */
export const isImmediate = ({ timeInForce }: Pick<Bid, "timeInForce">): boolean => timeInForce === TimeInForce.TIME_IN_FORCE_IOC || timeInForce === TimeInForce.TIME_IN_FORCE_FOK;

const keyOf = (bid: Bid): readonly [ProfileKey, BidPlace] => [[bookOf(bid), bid.profileId], [bidOrder(bid.limitPrice), bid.createdHeight, bid.id]];

/** Writes the bid and keeps the book in step with it; `bid` is the new value, with the limit that it had. */
export function saveBid(ctx: Context, bid: Bid, job: Job): void {
  const open = openTasks(bid, job);
  const status = isTerminal(bid.status) ? bid.status : open > 0 ? OrderStatus.ORDER_STATUS_OPEN : OrderStatus.ORDER_STATUS_FILLED;
  const next = { ...bid, status };
  bids.set(ctx, bid.id, next);
  const book = bookOf(bid);
  const key = keyOf(bid);
  const listed = status === OrderStatus.ORDER_STATUS_OPEN;
  if (listed !== bidBook.has(ctx, key)) {
    if (listed) {
      bidBook.set(ctx, key, true);
      if (isImmediate(bid)) iocBids.set(ctx, [book, bid.id], true);
    } else {
      bidBook.remove(ctx, key);
      if (isImmediate(bid)) iocBids.remove(ctx, [book, bid.id]);
    }
    const demand = demandOf(ctx, book, bid.profileId);
    demands.set(ctx, key[0], { ...demand, openBids: demand.openBids + (listed ? 1n : -1n) });
    const record = openBook(ctx, book);
    books.set(ctx, book, { ...record, openBids: record.openBids + (listed ? 1n : -1n) });
  }
  if (listed) {
    markDirty(ctx, book);
    unpark(ctx, book, bid.profileId);
  }
  bidChanged(ctx, next, open);
}

/** Profiles whose bids may find something, in the order of their numbers. */
export function profilesWithBids(ctx: Context, key: BookKey): number[] {
  const out: number[] = [];
  for (const [[, profile], { openBids, parked }] of demands.entries(ctx, { within: within.book(key) })) if (openBids > 0n && !parked) out.push(profile);
  return out;
}

export function comparePlaces(a: BidPlace, b: BidPlace): number {
  for (let i = 0; i < 3; i++) if (a[i]! !== b[i]!) return a[i]! < b[i]! ? -1 : 1;
  return 0;
}

/** The bids of several profiles in one sequence, highest limit first; from behind a place on, where one is given. */
export function* bidsByPrice(ctx: Context, key: BookKey, of: readonly number[], behind?: BidPlace): IterableIterator<BidPlace> {
  const streams = of.map((profile) => {
    const prefix = within.profile(key, profile);
    return bidBook.entries(ctx, { within: prefix, ...(behind === undefined ? {} : { from: joinKey(prefix, bidPlaceKey.encode(behind), Uint8Array.of(0)) }) });
  });
  const next = (stream: (typeof streams)[number]): BidPlace | undefined => {
    const step = stream.next();
    return step.done === true ? undefined : step.value[0][1];
  };
  const heads = streams.map(next);
  for (;;) {
    let best = -1;
    for (let i = 0; i < heads.length; i++) if (heads[i] !== undefined && (best < 0 || comparePlaces(heads[i]!, heads[best]!) < 0)) best = i;
    if (best < 0) return;
    yield heads[best]!;
    heads[best] = next(streams[best]!);
  }
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
  job = dropReplacement(ctx, ports, job);
  if (count > 0) {
    job = payOut(ctx, ports, job, { payments: [], fee: 0n, burned: 0n, refund: BigInt(job.escrow!.perTask) * BigInt(count) }, undefined);
    job = { ...job, tasksClosed: job.tasksClosed + count };
  }
  saveBid(ctx, { ...bid, status, nextTask: job.spec!.tasks, reopened: [], endedTau: tau }, job);
  saveJob(ctx, ports, job);
}

/** Gives a bid none of whose tasks was matched another limit; it queues as a new one. The escrow for it is there, what is too much goes back. */
export function repriceBid(ctx: Context, ports: MarketPorts, bid: Bid, change: Pick<Bid, "limitPrice" | "expiresTau">, perTask: bigint): void {
  const key = keyOf(bid);
  assert(bidBook.has(ctx, key), `bid ${bid.id} is to be replaced and not in the book`);
  bidBook.remove(ctx, key);
  reschedule(ctx, dueKinds.bidExpiry, bid.id, bid.expiresTau, change.expiresTau);
  let job = loadJob(ctx, bid.id);
  const surplus = BigInt(job.escrow!.held) - perTask * BigInt(openTasks(bid, job));
  if (surplus > 0n) job = payOut(ctx, ports, job, { payments: [], fee: 0n, burned: 0n, refund: surplus }, undefined);
  job = { ...job, escrow: { ...job.escrow!, perTask: perTask.toString() } };
  jobs.set(ctx, job.id, job);
  const next = { ...bid, ...change, createdHeight: ctx.height };
  bidBook.set(ctx, keyOf(next), true);
  bidReplaced(ctx, next, job);
  saveBid(ctx, next, job);
}

/** The bid is not replaced any more: what was paid for a higher limit goes back. Gives the job as it is then. */
export function dropReplacement(ctx: Context, ports: MarketPorts, job: Job): Job {
  const replacement = replacedBids.find(ctx, job.id);
  if (replacement === undefined) return job;
  replacedBids.remove(ctx, job.id);
  const added = BigInt(replacement.added);
  return added === 0n ? job : payOut(ctx, ports, job, { payments: [], fee: 0n, burned: 0n, refund: added }, undefined);
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
  countJob(ctx, ports, bookOf(bid), bid.profileId, -1n);
  if (!isTerminal(bid.status)) {
    reschedule(ctx, dueKinds.bidExpiry, bid.id, bid.expiresTau, 0n);
    cancelledBids.remove(ctx, bid.id);
    bids.set(ctx, bid.id, { ...bid, endedTau: tau });
  }
  schedule(ctx, tau + paramsAt(ctx, job.paramsVersion).recordLifetime, dueKinds.jobPrune, job.id);
}

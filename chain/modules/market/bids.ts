/** Bids: which of their tasks or instances are OPEN, and what happens to those when the bid leaves the book. */
import { CloseReason, InstanceState, OrderStatus, TaskState, TimeInForce, type Bid, type Job, type Params, type Service } from "../../codec/gen/dcm/market/v1/types.ts";
import { assert } from "../../runtime/errors.ts";
import { bookOf } from "./asks.ts";
import { markDirty, openBook } from "./books.ts";
import { disburse, payOut, type Account } from "./escrow.ts";
import { bidChanged, bidReplaced, subjectOf } from "./events.ts";
import { paramsAt } from "./params.ts";
import { balanceOf } from "./services/deposits.ts";
import { escrowOf } from "./settlement.ts";
import { unmatchedTasks } from "./stage-graph.ts";
import { closeStages } from "./stages.ts";
import {
  bidBook, bidOrder, bidPlaceKey, bids, bidsByOrganization, books, cancelledBids, demands, dueKinds, dueQueue, instances, iocBids, jobs, joinKey, replacedBids, reschedule, schedule, services, tasks, within, type BidPlace, type BookKey, type DueKind,
  type ProfileKey,
} from "./state.ts";
import { countJob, demandOf, unpark } from "./profiles.ts";
import { listReserved } from "./reserved.ts";
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

export function loadService(ctx: Context, id: bigint): Service {
  const service = services.find(ctx, id);
  assert(service !== undefined, `service ${id} is missing`);
  return service;
}

/** What a bid carries. */
export type Backing = Job | Service;

export function loadBacking(ctx: Context, bid: Bid): Backing {
  return bid.service ? loadService(ctx, bid.id) : loadJob(ctx, bid.id);
}

/** Writes it as it is; nothing of it ended. */
export function storeBacking(ctx: Context, bid: Bid, backing: Backing): void {
  if (bid.service) services.set(ctx, bid.id, backing as Service);
  else jobs.set(ctx, bid.id, backing as Job);
}

/** What one task or instance sets aside at a limit. */
export function setAside(ctx: Context, bid: Bid, backing: Backing, limit: bigint): bigint {
  const { k, r } = bid.service ? { k: 1, r: 0 } : (backing as Job);
  return escrowOf(limit, bid.lots, k, r, paramsAt(ctx, backing.paramsVersion).feeBps);
}

/** OPEN tasks or instances: those never matched and those that came back. */
export function openTasks(bid: Bid): number {
  return unmatchedTasks(bid) + bid.reopened.length;
}

export const isTerminal = (status: OrderStatus): boolean => status !== OrderStatus.ORDER_STATUS_OPEN && status !== OrderStatus.ORDER_STATUS_FILLED;

/** Excluded providers that a bid remembers; the oldest is forgotten beyond that. */
const maxExcluded = 64;

/** The provider gets nothing more of the bid. */
export function exclude(ctx: Context, id: bigint, provider: string): void {
  const bid = loadBid(ctx, id);
  if (!bid.excluded.includes(provider)) saveBid(ctx, { ...bid, excluded: [...bid.excluded, provider].slice(-maxExcluded) });
}

/** Records whose closing or removal weighs as much as an entry of a queue that is handled. */
export const recordsPerEntry = 20;

/** What taking the bid out of the book weighs, in entries: what came back has a record, and each is written [bids of thousands of such tasks that all leave at one tau]. */
export const closingWeight = ({ reopened }: Pick<Bid, "reopened">): number => 1 + Math.floor(reopened.length / recordsPerEntry);

/** Why the tasks or instances of a bid that left the book are CLOSED. */
export function closedBy(bid: Bid): CloseReason {
  if (bid.status === OrderStatus.ORDER_STATUS_CANCELLED) return CloseReason.CLOSE_REASON_CANCELLED;
  if (bid.status === OrderStatus.ORDER_STATUS_SELF_TRADE) return CloseReason.CLOSE_REASON_SELF_TRADE;
  if (bid.status === OrderStatus.ORDER_STATUS_BARRED) return CloseReason.CLOSE_REASON_BARRED;
  return isImmediate(bid) ? CloseReason.CLOSE_REASON_UNFILLED : CloseReason.CLOSE_REASON_EXPIRED;
}

/** Bids that leave after their first batch. */
export const isImmediate = ({ timeInForce }: Pick<Bid, "timeInForce">): boolean => timeInForce === TimeInForce.TIME_IN_FORCE_IOC || timeInForce === TimeInForce.TIME_IN_FORCE_FOK;

const keyOf = (bid: Bid): readonly [ProfileKey, BidPlace] => [[bookOf(bid), bid.profileId], [bidOrder(bid.limitPrice), bid.createdHeight, bid.id]];

/** Writes the bid and keeps the book in step with it; `bid` is the new value, with the limit that it had. */
export function saveBid(ctx: Context, bid: Bid): void {
  const open = openTasks(bid);
  const status = isTerminal(bid.status) ? bid.status : open > 0 ? OrderStatus.ORDER_STATUS_OPEN : OrderStatus.ORDER_STATUS_FILLED;
  const next = { ...bid, status };
  bids.set(ctx, bid.id, next);
  const listed = status === OrderStatus.ORDER_STATUS_OPEN;
  listForOrganization(ctx, next, listed);
  if (bid.askId !== 0n) {
    listReserved(ctx, bid.askId, bid.id, listed);
    bidChanged(ctx, next, open);
    return;
  }
  const book = bookOf(bid);
  const key = keyOf(bid);
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

/** A bid that spends an organization's money is found by what changes its policy or members. */
export function listForOrganization(ctx: Context, { organization, id }: Bid, listed: boolean): void {
  if (organization === "") return;
  if (listed) bidsByOrganization.set(ctx, [organization, id], true);
  else bidsByOrganization.remove(ctx, [organization, id]);
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
    return bidBook.tails(ctx, prefix, bidPlaceKey, behind === undefined ? {} : { from: joinKey(prefix, bidPlaceKey.encode(behind), Uint8Array.of(0)) });
  });
  const next = (stream: (typeof streams)[number]): BidPlace | undefined => {
    const step = stream.next();
    return step.done === true ? undefined : step.value[0];
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

/** Takes the bid out of the book for good: its OPEN tasks or instances, and stages that have not opened, are CLOSED and their escrow goes back. */
export function closeBid(ctx: Context, ports: MarketPorts, id: bigint, status: OrderStatus, reason: CloseReason): void {
  const bid = loadBid(ctx, id);
  if (isTerminal(bid.status)) return;
  const tau = ports.clock.tau(ctx);
  reschedule(ctx, dueKinds.bidExpiry, id, bid.expiresTau, 0n);
  cancelledBids.remove(ctx, id);
  const backing = dropReplacement(ctx, ports, loadBacking(ctx, bid));
  const closed = bid.service ? closeInstances(ctx, ports, bid, backing as Service, reason, tau) : closeTasks(ctx, ports, bid, backing as Job, reason, tau);
  saveBid(ctx, { ...bid, status, nextTask: bid.tasks, unmatched: [], reopened: [], endedTau: tau });
  if (bid.service) saveService(ctx, ports, closed as Service);
  else saveJob(ctx, ports, closed as Job);
}

function closeTasks(ctx: Context, ports: MarketPorts, bid: Bid, job: Job, reason: CloseReason, tau: bigint): Job {
  const count = openTasks(bid) + closeStages(ctx, job, bid, reason, tau);
  for (const taskId of bid.reopened) {
    const task = tasks.find(ctx, taskId);
    assert(task !== undefined && task.state === TaskState.TASK_STATE_OPEN, `task ${taskId} is listed as open`);
    tasks.set(ctx, taskId, { ...task, state: TaskState.TASK_STATE_CLOSED, closeReason: reason, endedTau: tau });
  }
  if (count === 0) return job;
  const paid = payOut(ctx, ports, job, { payments: [], fee: 0n, burned: 0n, refund: BigInt(job.escrow!.perTask) * BigInt(count) }, undefined);
  return { ...paid, tasksClosed: paid.tasksClosed + count };
}

/** All of it is the payer's of the bid: what others put into instances that came back has gone home. */
function closeInstances(ctx: Context, ports: MarketPorts, bid: Bid, service: Service, reason: CloseReason, tau: bigint): Service {
  const count = openTasks(bid);
  if (count === 0) return service;
  let refund = BigInt(service.escrow!.perTask) * BigInt(count - bid.reopened.length);
  for (const instanceId of bid.reopened) {
    const instance = instances.find(ctx, instanceId);
    assert(instance !== undefined && instance.state === InstanceState.INSTANCE_STATE_OPEN, `instance ${instanceId} is listed as open`);
    const refunded = balanceOf(instance);
    refund += refunded;
    instances.set(ctx, instanceId, { ...instance, state: InstanceState.INSTANCE_STATE_CLOSED, closeReason: reason, endedTau: tau, refunded: refunded.toString() });
  }
  const paid = disburse(ctx, ports, service, { payments: [], fee: 0n, burned: 0n, refund }, subjectOf(bid));
  return { ...paid, instancesClosed: paid.instancesClosed + count };
}

/** Gives a bid of which nothing was matched another limit; it queues as a new one. The escrow for it is there, what is too much goes back. */
export function repriceBid(ctx: Context, ports: MarketPorts, bid: Bid, change: Pick<Bid, "limitPrice" | "expiresTau">): void {
  const key = keyOf(bid);
  assert(bidBook.has(ctx, key), `bid ${bid.id} is to be replaced and not in the book`);
  bidBook.remove(ctx, key);
  reschedule(ctx, dueKinds.bidExpiry, bid.id, bid.expiresTau, change.expiresTau);
  let backing = loadBacking(ctx, bid);
  const perTask = setAside(ctx, bid, backing, change.limitPrice);
  const surplus = BigInt(backing.escrow!.held) - perTask * BigInt(bid.tasks);
  if (surplus > 0n) backing = disburse(ctx, ports, backing, { payments: [], fee: 0n, burned: 0n, refund: surplus }, subjectOf(bid));
  backing = { ...backing, escrow: { ...backing.escrow!, perTask: perTask.toString() } };
  storeBacking(ctx, bid, backing);
  const next = { ...bid, ...change, createdHeight: ctx.height };
  bidBook.set(ctx, keyOf(next), true);
  bidReplaced(ctx, next, backing);
  saveBid(ctx, next);
}

/** The bid is not replaced any more: what was paid for a higher limit goes back. Gives the job or service as it is then. */
export function dropReplacement<T extends Account>(ctx: Context, ports: MarketPorts, account: T): T {
  const replacement = replacedBids.find(ctx, account.id);
  if (replacement === undefined) return account;
  replacedBids.remove(ctx, account.id);
  const added = BigInt(replacement.added);
  return added === 0n ? account : disburse(ctx, ports, account, { payments: [], fee: 0n, burned: 0n, refund: added }, subjectOf(loadBid(ctx, account.id)));
}

/** Something of the bid is matched: it stays as it was agreed. At once, however many replacements wait [a job that is over before what was paid for its higher limit is back]. */
export function keepAsAgreed(ctx: Context, ports: MarketPorts, bid: Bid): void {
  if (replacedBids.has(ctx, bid.id)) storeBacking(ctx, bid, dropReplacement(ctx, ports, loadBacking(ctx, bid)));
}

/** Writes the job; with its last task it ends, and the records' time begins to run. `params`: where the caller has them. */
export function saveJob(ctx: Context, ports: MarketPorts, job: Job, params?: Params): void {
  const over = job.endedTau === 0n && job.tasksFinal + job.tasksClosed === job.spec!.tasks && job.tasksHeld === 0;
  jobs.set(ctx, job.id, over ? { ...job, endedTau: ports.clock.tau(ctx) } : job);
  if (over) endBacking(ctx, ports, job, job.profileId, dueKinds.jobPrune, params);
}

/** Writes the service; with its last instance, and the last of what is held, it ends, as a job with its last task. */
export function saveService(ctx: Context, ports: MarketPorts, service: Service): void {
  const over = service.endedTau === 0n && service.instancesClosed === service.spec!.instances && service.holds === 0;
  services.set(ctx, service.id, over ? { ...service, endedTau: ports.clock.tau(ctx) } : service);
  if (over) endBacking(ctx, ports, service, loadBid(ctx, service.id).profileId, dueKinds.servicePrune);
}

function endBacking(ctx: Context, ports: MarketPorts, backing: Backing, profileId: number, prune: DueKind, params: Params = paramsAt(ctx, backing.paramsVersion)): void {
  const tau = ports.clock.tau(ctx);
  assert(BigInt(backing.escrow!.held) === 0n, `what bid ${backing.id} carries ends with ${backing.escrow!.held} in escrow`);
  countJob(ctx, ports, bookOf(backing), profileId, -1n);
  if (cancelledBids.has(ctx, backing.id)) cancelledBids.remove(ctx, backing.id);
  schedule(ctx, tau + params.recordLifetime, prune, backing.id);
}

/** The bid as it is shown: one whose job or service is over has left with it. */
export function shownBid(ctx: Context, bid: Bid): Bid {
  return bid.endedTau === 0n ? { ...bid, endedTau: loadBacking(ctx, bid).endedTau } : bid;
}

/** The bid of a job or service that is pruned; its place in the queue goes with it, where the sweep has not come to it. */
export function removeBid(ctx: Context, bid: Bid): void {
  bids.remove(ctx, bid.id);
  dueQueue.remove(ctx, [bid.expiresTau, dueKinds.bidExpiry, bid.id]);
}

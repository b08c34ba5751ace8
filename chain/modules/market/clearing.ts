/** The batch of a block: loads what can trade, clears it, turns fills into leases and tasks. */
import { CloseReason, OrderStatus, Trade, type Ask, type Bid, type Job, type Params, type Task } from "../../codec/gen/dcm/market/v1/types.ts";
import { addressBytes } from "../../codec/address.ts";
import { compareBytes, utf8, uint64Bytes } from "../../codec/bytes.ts";
import { sha256 } from "../../codec/hash.ts";
import { assert } from "../../runtime/errors.ts";
import { closeAsk, holdUnit, loadAsk, lockUnit, saveAsk } from "./asks.ts";
import { closeBid, isTerminal, loadBid, loadJob, openTasks, saveBid } from "./bids.ts";
import { markDirty, openBook, referenceAfter, unmarkDirty } from "./books.ts";
import { offered } from "./draws.ts";
import { emit } from "./events.ts";
import { createLease } from "./leases.ts";
import { clear, type AskOrder, type Batch, type BidOrder, type Fill } from "./matching.ts";
import { currentParams, paramsAt } from "./params.ts";
import { stakeOf } from "./settlement.ts";
import {
  askBook, asks, bidBook, bidCursors, bids, books, cancelledAsks, cancelledBids, collect, dirtyQueue, freshBooks, iocBids, joinKey, placeKey, taskIdOf, tasks, trades, within, type BookKey, type OrderPlace,
} from "./state.ts";
import { match } from "./task-machine.ts";
import { apply, blankTask, termsOf } from "./tasks.ts";
import type { Context } from "../../runtime/context.ts";
import type { MarketPorts } from "./ports.ts";

/** Asks that bids may pass over because they may not take them: for one unit, and in one batch. */
const skipsPerUnit = 256;
const maxSkips = 100_000;
/** Bids that a batch looks at: the first, as many as a block can match, and by turns those behind them. */
export const firstBids = 5_000;
export const turnBids = 1_000;
/** Books cleared in one block. */
const maxBooks = 500;

/** Clears the books that wait, in turn, until the block's fills are used up; then cancellations take effect. */
export function clearBooks(ctx: Context, ports: MarketPorts): void {
  const { params } = currentParams(ctx);
  let fills = params.maxFills;
  const seed = ports.beacon.seed(ctx, ctx.height) ?? sha256(utf8("dcm/market/no-seed"), utf8(ctx.header.chainId), uint64Bytes(ctx.height));
  const waiting = new Set<string>();
  for (const [i, [, book]] of collect(ctx, dirtyQueue, maxBooks + 1).entries()) {
    if (fills > 0 && i < maxBooks) {
      const cleared = ctx.isolate(`market: book ${book.join("/")}`, (item) => {
        fills -= clearBook(item, ports, book, sha256(seed, within.book(book)), fills, params);
      });
      // A book that cannot be cleared must not come back every block.
      if (!cleared) unmarkDirty(ctx, book);
    } else waiting.add(book.join(" "));
  }
  cancelOrders(ctx, ports, params.maxSweep, waiting);
  for (const [book] of collect(ctx, freshBooks, params.maxSweep)) {
    freshBooks.remove(ctx, book);
    markDirty(ctx, book);
  }
}

/** Gives the number of tasks matched. */
function clearBook(ctx: Context, ports: MarketPorts, book: BookKey, seed: Uint8Array, maxFills: number, params: Params): number {
  const crowd: Crowd = { last: undefined };
  const batch = clear(askOrders(ctx, ports, book), bidOrders(ctx, ports, book, crowd), seed, { maxFills, skipsPerUnit, maxSkips });
  let matched = 0;
  for (const fill of batch.fills) matched += fillBid(ctx, ports, fill);
  for (const ask of batch.selfTrades.asks) closeAsk(ctx, ports, loadAsk(ctx, ask.id), OrderStatus.ORDER_STATUS_SELF_TRADE);
  for (const bid of batch.selfTrades.bids) closeBid(ctx, ports, bid.id, OrderStatus.ORDER_STATUS_SELF_TRADE, CloseReason.CLOSE_REASON_SELF_TRADE);
  if (matched > 0) recordTrade(ctx, ports, book, batch, matched, params);
  // What this batch itself changed needs no further one; what was cut off does.
  unmarkDirty(ctx, book);
  if (batch.cut || crowd.last !== undefined) markDirty(ctx, book);
  if (crowd.last !== undefined) bidCursors.set(ctx, book, crowd.last);
  else if (bidCursors.has(ctx, book)) bidCursors.remove(ctx, book);
  if (!batch.cut) leaveImmediate(ctx, ports, book, params.maxSweep);
  return matched;
}

/** Orders accepted before this block. */
function* askOrders(ctx: Context, ports: MarketPorts, book: BookKey): IterableIterator<AskOrder> {
  const tau = ports.clock.tau(ctx);
  for (const [[, [, height, id]]] of askBook.entries(ctx, { within: within.book(book) })) {
    if (height >= ctx.height) continue;
    const ask = loadAsk(ctx, id);
    if (!offered(ask, tau)) continue;
    const view = ports.providers.find(ctx, addressBytes(ask.provider));
    if (view?.active !== true) continue;
    yield {
      id, owner: ask.provider, organization: view.organization, height, base: ask.basePrice, units: ask.freeUnits,
      bond: ask.bondPerUnit, free: ports.providers.free(ctx, view.address),
    };
  }
}

/** The last bid that a batch looked at, where there are more behind it. */
interface Crowd {
  last: OrderPlace | undefined;
}

/**
 * Bids accepted before this block. Bids that cross and that nobody can serve stay in the book, any number of them: a batch looks at the first
 * `firstBids`, then at `turnBids` more, which batch after batch are others, until it was everybody's turn.
 */
function* bidOrders(ctx: Context, ports: MarketPorts, book: BookKey, crowd: Crowd): IterableIterator<BidOrder> {
  const tau = ports.clock.tau(ctx);
  const prefix = within.book(book);
  const cursor = bidCursors.find(ctx, book);
  let from = prefix;
  for (const [part, most] of [["first", firstBids], ["turn", turnBids]] as const) {
    let seen = 0;
    let last: OrderPlace | undefined;
    for (const [[, place]] of bidBook.entries(ctx, { within: prefix, from })) {
      if (place[1] >= ctx.height) continue;
      if (seen === most) break;
      seen++;
      last = place;
      const order = bidOrder(ctx, place, tau);
      if (order !== undefined) yield order;
    }
    if (last === undefined || seen < most) return;
    if (part === "turn") crowd.last = last;
    else from = joinKey(prefix, behind(cursor !== undefined && comparePlaces(cursor, last) > 0 ? cursor : last));
  }
}

function bidOrder(ctx: Context, [, height, id]: OrderPlace, tau: bigint): BidOrder | undefined {
  const bid = loadBid(ctx, id);
  if (bid.expiresTau < tau) return undefined;
  const job = loadJob(ctx, id);
  return {
    id, owner: bid.consumer, organization: bid.organization, height, limit: bid.limitPrice, tasks: openTasks(bid, job), replicas: bid.k,
    stake: stakeAt(ctx, job, bid.limitPrice * bid.lots), excluded: bid.excluded,
  };
}

/** The first key behind a place. */
const behind = (place: OrderPlace): Uint8Array => joinKey(placeKey.encode(place), Uint8Array.of(0));
const comparePlaces = (a: OrderPlace, b: OrderPlace): number => compareBytes(placeKey.encode(a), placeKey.encode(b));

/** What one replica stakes where F is `f`. V2 runs every replica: p = 1. */
function stakeAt(ctx: Context, job: Job, f: bigint): bigint {
  return stakeOf(job.verification, f, BigInt(job.risk), 10_000, paramsAt(ctx, job.paramsVersion));
}

/** Gives tasks of the bid to the ask: those that came back first, then new ones. */
function fillBid(ctx: Context, ports: MarketPorts, fill: Fill): number {
  const job = loadJob(ctx, fill.bid.id);
  const tau = ports.clock.tau(ctx);
  const stake = stakeAt(ctx, job, fill.price * loadBid(ctx, job.id).lots);
  let ask = loadAsk(ctx, fill.ask.id);
  const bid = loadBid(ctx, job.id);
  for (let i = 0; i < fill.tasks; i++) {
    const locked = ask.freeUnits > 0 && lockUnit(ctx, ports, ask, stake);
    assert(locked, `ask ${ask.id} was matched but cannot serve`);
    ask = { ...ask, freeUnits: ask.freeUnits - 1 };
  }
  saveAsk(ctx, ask);
  const chosen = [...bid.reopened.slice(0, fill.tasks)];
  const fresh = fill.tasks - chosen.length;
  for (let i = 0; i < fresh; i++) chosen.push(taskIdOf(job.id, bid.nextTask + i));
  saveBid(ctx, { ...bid, reopened: bid.reopened.slice(fill.tasks), nextTask: bid.nextTask + fresh }, job);
  for (const held of fill.held) holdUnit(ctx, held.id);
  const lease = createLease(ctx, job, ask, { units: fill.tasks, lots: bid.lots, price: fill.price, drawn: false, tau });
  for (const id of chosen) {
    const before = tasks.find(ctx, id) ?? blankTask({ ...bid, status: OrderStatus.ORDER_STATUS_OPEN }, job, Number(id % 65_536n));
    const open: Task = { ...before, price: fill.price, lots: bid.lots, stake: stake.toString(), auditProbabilityBps: bid.k > 1 ? 10_000 : 0, heldAsks: fill.held.map((held) => held.id) };
    const seat = { provider: ask.provider, organization: fill.ask.organization, askId: ask.id, leaseId: lease.id };
    apply(ctx, ports, open, match(open, termsOf(ctx, job), seat, bid.k, tau));
  }
  return fill.tasks;
}

function recordTrade(ctx: Context, ports: MarketPorts, key: BookKey, batch: Batch, matched: number, params: Params): void {
  const tau = ports.clock.tau(ctx);
  assert(batch.price !== undefined, "a batch with fills has a price");
  let lots = 0n;
  for (const fill of batch.fills) lots += loadBid(ctx, fill.bid.id).lots * BigInt(fill.tasks);
  trades.set(ctx, [key, ctx.height], Trade.fromPartial({ classId: key[0], quoteDenom: key[1], height: ctx.height, tau, price: batch.price, units: matched, lots, fills: batch.fills.length }));
  const known = collect(ctx, trades, Number.MAX_SAFE_INTEGER, within.book(key));
  for (const [[, height]] of known.slice(0, Math.max(0, known.length - params.tradeHistory))) trades.remove(ctx, [key, height]);
  const book = referenceAfter(openBook(ctx, key), batch.price, tau, params);
  books.set(ctx, key, book);
  emit(ctx, "EventBatchCleared", {
    class_id: key[0], quote_denom: key[1], price: batch.price, units: matched, lots, fills: batch.fills.length, reference_price: book.referencePrice, cut: String(batch.cut),
  });
}

/** IOC bids that had their batch leave with what it did not fill; where there are more than a block takes out, the book comes up again. */
function leaveImmediate(ctx: Context, ports: MarketPorts, book: BookKey, limit: number): void {
  const waiting = collect(ctx, iocBids, limit, within.book(book));
  if (waiting.length === limit) markDirty(ctx, book);
  for (const [[, id]] of waiting) {
    if (loadBid(ctx, id).createdHeight < ctx.height) closeBid(ctx, ports, id, OrderStatus.ORDER_STATUS_EXPIRED, CloseReason.CLOSE_REASON_UNFILLED);
  }
}

/** Cancellations take effect once the book had its batch: nobody leaves after seeing what it will trade with. */
function cancelOrders(ctx: Context, ports: MarketPorts, limit: number, waiting: ReadonlySet<string>): void {
  const waits = (order: Ask | Bid): boolean => waiting.has(`${order.classId} ${order.quoteDenom}`);
  for (const [id] of collect(ctx, cancelledAsks, limit)) {
    const ask = asks.find(ctx, id);
    if (ask !== undefined && ask.status === OrderStatus.ORDER_STATUS_OPEN) {
      if (waits(ask)) continue;
      ctx.isolate(`market: cancellation of ask ${id}`, (item) => closeAsk(item, ports, ask, OrderStatus.ORDER_STATUS_CANCELLED));
    }
    cancelledAsks.remove(ctx, id);
  }
  for (const [id] of collect(ctx, cancelledBids, limit)) {
    const bid = bids.find(ctx, id);
    if (bid !== undefined && !isTerminal(bid.status)) {
      if (waits(bid)) continue;
      ctx.isolate(`market: cancellation of bid ${id}`, (item) => closeBid(item, ports, id, OrderStatus.ORDER_STATUS_CANCELLED, CloseReason.CLOSE_REASON_CANCELLED));
    }
    cancelledBids.remove(ctx, id);
  }
}

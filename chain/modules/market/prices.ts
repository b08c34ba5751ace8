/** What a book remembers of its prices: trades, candles, the reference price, and the index of what was settled. */
import { Candle, IndexBucket, Trade, type Book, type Job, type Params } from "../../codec/gen/dcm/market/v1/types.ts";
import { addressBytes } from "../../codec/address.ts";
import { maxInt, minInt, mulDivFloor } from "../../math/int.ts";
import { assert } from "../../runtime/errors.ts";
import { bookOf } from "./asks.ts";
import { loadBid } from "./bids.ts";
import { openBook } from "./books.ts";
import { emit } from "./events.ts";
import { rateOf, toBond } from "./rate.ts";
import { books, candles, collect, dueKinds, indexBuckets, indexShares, schedule, trades, within, type BookKey } from "./state.ts";
import type { Context } from "../../runtime/context.ts";
import type { Batch } from "./matching.ts";
import type { MarketPorts } from "./ports.ts";

const minute = 60_000n;
export const hour = 60n * minute;
/** Of candles, in milliseconds of tau. */
export const intervals = [minute, hour, 24n * hour] as const;
/** Hours that make the index. */
export const indexHours = 24n;

/** The batch traded: its trade, its part of the candles, the reference price. */
export function recordTrade(ctx: Context, ports: MarketPorts, key: BookKey, batch: Batch, params: Params): void {
  const tau = ports.clock.tau(ctx);
  const { price, fills } = batch;
  assert(price !== undefined, "a batch with fills has a price");
  let lots = 0n;
  let units = 0;
  for (const fill of fills) {
    lots += loadBid(ctx, fill.bid.id).lots * BigInt(fill.tasks);
    units += fill.tasks;
  }
  trades.set(ctx, [key, ctx.height], Trade.fromPartial({ classId: key[0], quoteDenom: key[1], height: ctx.height, tau, price, units, lots, fills: fills.length }));
  const known = collect(ctx, trades, params.tradeHistory + pruneStep, within.book(key));
  for (const [[, height]] of known.slice(0, Math.max(0, known.length - params.tradeHistory))) trades.remove(ctx, [key, height]);
  for (const interval of intervals) addToCandle(ctx, key, interval, { tau, price, units, lots }, params.candleHistory);
  const book = referenceAfter(openBook(ctx, key), price, tau, params);
  books.set(ctx, key, book);
  emit(ctx, "EventBatchCleared", {
    class_id: key[0], quote_denom: key[1], price, units, lots, fills: fills.length, reference_price: book.referencePrice, cut: String(batch.cut),
  });
}

/** Records beyond the history that one batch removes: more than it adds, so that a shorter history is reached by and by. */
const pruneStep = 10;

function addToCandle(ctx: Context, key: BookKey, interval: bigint, trade: { readonly tau: bigint; readonly price: bigint; readonly units: number; readonly lots: bigint }, history: number): void {
  const startTau = trade.tau - (trade.tau % interval);
  const { price } = trade;
  const known = candles.find(ctx, [key, interval, startTau]);
  const candle = known ?? Candle.fromPartial({ classId: key[0], quoteDenom: key[1], interval, startTau, open: price, high: price, low: price });
  candles.set(ctx, [key, interval, startTau], {
    ...candle, high: maxInt(candle.high, price), low: minInt(candle.low, price), close: price, units: candle.units + BigInt(trade.units), lots: candle.lots + trade.lots,
  });
  if (known !== undefined) return;
  const all = collect(ctx, candles, history + pruneStep, within.candles(key, interval));
  for (const [oldest] of all.slice(0, Math.max(0, all.length - history))) candles.remove(ctx, oldest);
}

/**
 * The reference price after a batch at `price`: it follows the price that held since the last batch, by that time's part of the window and
 * by at most 5 % (`reference_move_bps`; at least one unit, so that small prices can move).
 */
export function referenceAfter(book: Book, price: bigint, tau: bigint, params: Params): Book {
  if (book.referencePrice === 0n) return { ...book, referencePrice: price, referenceTau: tau, lastPrice: price, lastTradeTau: tau };
  const held = minInt(tau - book.referenceTau, params.referenceWindow);
  const most = maxInt(1n, (book.referencePrice * BigInt(params.referenceMoveBps)) / 10_000n);
  const wanted = ((book.lastPrice - book.referencePrice) * held) / params.referenceWindow;
  const move = maxInt(-most, minInt(most, wanted));
  return { ...book, referencePrice: maxInt(1n, book.referencePrice + move), referenceTau: tau, lastPrice: price, lastTradeTau: tau };
}

/**
 * Counts a settled payment for the index of its hour: of each provider at most what it has locked as stake, and nothing that paid no fee
 * [wash trades that move an index for free]. Informational: nothing on chain reads it.
 */
export function countSettled(ctx: Context, ports: MarketPorts, job: Pick<Job, "classId" | "quoteDenom" | "rate">, settled: { readonly provider: string; readonly amount: bigint; readonly lots: bigint; readonly stake: bigint }): void {
  const { provider, amount, lots, stake } = settled;
  const key = bookOf(job);
  const tau = ports.clock.tau(ctx);
  const startTau = tau - (tau % hour);
  const address = addressBytes(provider);
  const before = indexShares.find(ctx, [startTau, key, address]) ?? 0n;
  const locked = ports.providers.locked(ctx, address) + stake;
  // Stake is bond: so is what a provider counts for. What counts of the payment is in the quote denom, as the bucket is.
  const worth = toBond(amount, rateOf(job), "up");
  const counted = minInt(worth, locked - before);
  if (counted <= 0n) return;
  const value = mulDivFloor(amount, counted, worth);
  indexShares.set(ctx, [startTau, key, address], before + counted);
  const known = indexBuckets.find(ctx, [startTau, key]);
  if (known === undefined) scheduleHour(ctx, startTau);
  const bucket = known ?? IndexBucket.fromPartial({ classId: key[0], quoteDenom: key[1], startTau, value: "0" });
  // The lots that belong to what counts, so that the cap does not shift the price.
  indexBuckets.set(ctx, [startTau, key], { ...bucket, value: (BigInt(bucket.value) + value).toString(), lots: bucket.lots + (lots * value) / amount });
}

/** Its shares go when it is over, the hour itself a day later. */
export function scheduleHour(ctx: Context, startTau: bigint): void {
  for (const due of [startTau + hour, startTau + (indexHours + 1n) * hour]) schedule(ctx, due, dueKinds.indexHour, startTau);
}

/** Records of an hour that one visit removes. */
const hourStep = 100;

/** The hour is over: nobody's share of it is asked for any more. A day later the hour itself goes. */
export function endIndexHour(ctx: Context, ports: MarketPorts, startTau: bigint): void {
  const tau = ports.clock.tau(ctx);
  const shares = collect(ctx, indexShares, hourStep, within.id(startTau));
  for (const [at] of shares) indexShares.remove(ctx, at);
  const old = tau > startTau + (indexHours + 1n) * hour ? collect(ctx, indexBuckets, hourStep - shares.length, within.id(startTau)) : [];
  for (const [at] of old) indexBuckets.remove(ctx, at);
  if (shares.length + old.length === hourStep) schedule(ctx, tau, dueKinds.indexHour, startTau);
}

/** The buckets of a book that make its index now, oldest first. */
export function indexOf(ctx: Context, key: BookKey, tau: bigint): IndexBucket[] {
  const now = tau - (tau % hour);
  const out: IndexBucket[] = [];
  for (let back = indexHours - 1n; back >= 0n; back--) {
    const bucket = back * hour > now ? undefined : indexBuckets.find(ctx, [now - back * hour, key]);
    if (bucket !== undefined) out.push(bucket);
  }
  return out;
}

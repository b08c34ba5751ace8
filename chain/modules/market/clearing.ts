/** The batch of a block: loads what can trade, clears it, turns fills into leases, and these into tasks or instances. */
import { CloseReason, OrderStatus, Term, TimeInForce, type Ask, type Bid, type Job, type Params, type Task } from "../../codec/gen/dcm/market/v1/types.ts";
import { addressBytes } from "../../codec/address.ts";
import { utf8, uint64Bytes } from "../../codec/bytes.ts";
import { sha256 } from "../../codec/hash.ts";
import { assert } from "../../runtime/errors.ts";
import { closeAsk, holdUnit, loadAsk, lockUnit, saveAsk } from "./asks.ts";
import { bidsByPrice, closeBid, closingWeight, comparePlaces, isTerminal, keepAsAgreed, loadBid, loadJob, loadService, openTasks, profilesWithBids, recordsPerEntry, saveBid } from "./bids.ts";
import { markDirty, unmarkDirty } from "./books.ts";
import { maxTau } from "./checks.ts";
import { offered } from "./draws.ts";
import { waitOf, windowOf } from "./holds.ts";
import { createLease } from "./leases.ts";
import { Mandates } from "./guards.ts";
import { jurisdictionOf } from "./mandates.ts";
import { clear, type AskOrder, type Batch, type BidOrder, type Fill } from "./matching.ts";
import { levelBit, levelsOf } from "./levels.ts";
import { currentParams, paramsAt } from "./params.ts";
import { recordTrade } from "./prices.ts";
import { demandOf, premiumIn, satisfies } from "./profiles.ts";
import { rateOf } from "./rate.ts";
import { applyReplacements } from "./replacements.ts";
import { fillInstances, stakeOfInstance } from "./services/services.ts";
import { auditProbability, stakeOf } from "./settlement.ts";
import { takeTasks } from "./stage-graph.ts";
import {
  askBook, askPlaceKey, asks, bidCursors, bids, cancelledAsks, cancelledBids, collect, demands, dirtyQueue, freshBooks, iocBids, profiles, tasks, within, type BidPlace, type BookKey,
} from "./state.ts";
import { match } from "./task-machine.ts";
import { apply, blankTask, termsOf } from "./tasks.ts";
import type { Context } from "../../runtime/context.ts";
import { membershipsIn } from "../organization/ports.ts";
import type { ProviderView } from "../staking/providers/ports.ts";
import type { MarketPorts } from "./ports.ts";

/** Asks that bids may pass over because they may not take them: for one unit, and in one batch. */
const skipsPerUnit = 256;
const maxSkips = 100_000;
/** Bids that a batch looks at: the first, as many as a block can match, and by turns those behind them. */
export const firstBids = 5_000;
export const turnBids = 1_000;
/** Asks that a batch passes over because they have expired or their provider may not serve: the sweep and the followers take them out by and by. */
const maxPassed = 5_000;
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
  applyReplacements(ctx, ports, params.maxSweep, waiting);
  for (const [book] of collect(ctx, freshBooks, params.maxSweep)) {
    freshBooks.remove(ctx, book);
    markDirty(ctx, book);
  }
}

/** Gives the number of tasks matched. */
function clearBook(ctx: Context, ports: MarketPorts, book: BookKey, seed: Uint8Array, maxFills: number, params: Params): number {
  const crowd: Crowd = { last: undefined, all: false, passable: maxPassed };
  const active = profilesWithBids(ctx, book);
  const membershipsOf = membershipsIn(ctx, ports.organizations);
  const views = new Views(ctx, ports, membershipsOf);
  const batch = clear({ profiles: active, asks: (profile) => askOrders(ctx, ports, book, profile, views, crowd), bids: bidOrders(ctx, ports, book, active, crowd), membershipsOf }, seed, {
    maxFills, skipsPerUnit, maxSkips, maxWhole: params.maxFills,
  });
  let matched = 0;
  for (const fill of batch.fills) matched += fillBid(ctx, ports, fill);
  for (const ask of batch.selfTrades.asks) closeAsk(ctx, ports, loadAsk(ctx, ask.id), OrderStatus.ORDER_STATUS_SELF_TRADE);
  const stay = closeSelfTrades(ctx, ports, batch, params.maxSweep);
  if (matched > 0) recordTrade(ctx, ports, book, batch, params);
  const passedAll = crowd.passable >= 0;
  if (batch.complete && !batch.cut && crowd.all && passedAll && !freshBooks.has(ctx, book)) park(ctx, book, active, batch);
  // What this batch itself changed needs no further one; what was cut off does, behind the other books. But one whose first bid fills whole and found too little room left in the
  // block had no turn: it keeps its place [books ahead of it that leave too little room, block after block].
  if (!batch.cut || matched > 0) unmarkDirty(ctx, book);
  if (batch.cut || crowd.last !== undefined || !passedAll || stay) markDirty(ctx, book);
  if (crowd.last !== undefined) bidCursors.set(ctx, book, crowd.last);
  else if (bidCursors.has(ctx, book)) bidCursors.remove(ctx, book);
  if (!batch.cut) leaveImmediate(ctx, ports, book, params.maxSweep);
  return matched;
}

/** Bids of several tasks that came back take much work; what is left of them trades with nobody, and leaves with a later batch. True where some stay. */
function closeSelfTrades(ctx: Context, ports: MarketPorts, { selfTrades }: Batch, limit: number): boolean {
  let room = limit * recordsPerEntry;
  for (const { id } of selfTrades.bids) {
    const records = loadBid(ctx, id).reopened.length;
    if (records > 0 && room <= 0) return true;
    room -= records;
    closeBid(ctx, ports, id, OrderStatus.ORDER_STATUS_SELF_TRADE, CloseReason.CLOSE_REASON_SELF_TRADE);
  }
  return false;
}

/** Profiles whose bids found nothing wait until their supply changes [impossible high bids that eat every batch]. */
function park(ctx: Context, book: BookKey, active: readonly number[], batch: Batch): void {
  const served = new Set(batch.fills.map(({ bid }) => bid.profile));
  for (const profile of active) {
    if (profile === 0 || served.has(profile)) continue;
    const demand = demandOf(ctx, book, profile);
    if (demand.openBids > 0n) demands.set(ctx, [book, profile], { ...demand, parked: true });
  }
}

interface Seen {
  readonly view: ProviderView;
  readonly free: bigint;
  readonly memberships: readonly string[];
}

/** Providers as this batch finds them; each is looked up once, however many asks it has. */
class Views {
  readonly #ctx: Context;
  readonly #ports: MarketPorts;
  readonly #membershipsOf: (account: string) => readonly string[];
  readonly #known = new Map<string, Seen | undefined>();

  constructor(ctx: Context, ports: MarketPorts, membershipsOf: (account: string) => readonly string[]) {
    this.#ctx = ctx;
    this.#ports = ports;
    this.#membershipsOf = membershipsOf;
  }

  /** Undefined where it may not be matched. */
  find(provider: string): Seen | undefined {
    if (this.#known.has(provider)) return this.#known.get(provider);
    const view = this.#ports.providers.find(this.#ctx, addressBytes(provider));
    const found = view?.active === true ? { view, free: this.#ports.providers.free(this.#ctx, view.address), memberships: this.#membershipsOf(provider) } : undefined;
    this.#known.set(provider, found);
    return found;
  }
}

/** Asks of a profile that were accepted before this block and satisfy it now. */
function* askOrders(ctx: Context, ports: MarketPorts, book: BookKey, profileId: number, views: Views, crowd: Crowd): IterableIterator<AskOrder> {
  const tau = ports.clock.tau(ctx);
  const profile = profileId === 0 ? undefined : profiles.find(ctx, [book, profileId]);
  if (profileId !== 0 && profile === undefined) return;
  for (const [[[rank], height, id]] of askBook.tails(ctx, within.profile(book, profileId), askPlaceKey)) {
    if (height >= ctx.height) continue;
    const ask = loadAsk(ctx, id);
    const found = offered(ask, tau) ? views.find(ask.provider) : undefined;
    if (found === undefined || (profile !== undefined && !satisfies(ctx, ports, profile, ask.premiums, found.view))) {
      if (--crowd.passable < 0) return;
      continue;
    }
    yield {
      id, owner: ask.provider, organization: found.view.organization, height, base: ask.basePrice, premium: profile === undefined ? 0n : premiumIn(ask, profileId), rank,
      attributes: ask.premiums.length, units: ask.freeUnits, colocated: Math.max(1, ask.maxColocated), until: ask.availableUntil === 0n ? maxTau : ask.availableUntil,
      notice: ask.reclaimNotice, acceptance: ask.maxAcceptanceWindow, levels: levelsOf(ask), preemptible: ask.term === Term.TERM_PREEMPTIBLE,
      bond: ask.bondPerUnit, free: found.free, memberships: found.memberships, kind: kindOf(ask),
    };
  }
}

/** What makes two asks of one price different to some bid. */
function kindOf({ premiums, maxColocated, availableUntil, reclaimNotice, maxAcceptanceWindow, term, levels }: Ask): string {
  const preemptible = term === Term.TERM_PREEMPTIBLE;
  if (premiums.length === 0 && maxColocated <= 1 && availableUntil === 0n && reclaimNotice === 0n && maxAcceptanceWindow === 0n && levels.length === 0 && !preemptible) return "";
  return [maxColocated, availableUntil, reclaimNotice, maxAcceptanceWindow, levels.join("+"), preemptible, ...premiums.map(({ attribute, price }) => `${attribute!.key}=${attribute!.value}:${price}`)].join(" ");
}

/** How far a batch has looked. */
interface Crowd {
  /** The last bid, where there are more behind it. */
  last: BidPlace | undefined;
  /** No bid was left out. */
  all: boolean;
  /** Asks that it may still pass over; below zero, asks behind them were not seen. */
  passable: number;
}

/**
 * Bids accepted before this block. Bids that cross and that nobody can serve stay in the book, any number of them: a batch looks at the first
 * `firstBids`, then at `turnBids` more, which batch after batch are others, until it was everybody's turn.
 */
function* bidOrders(ctx: Context, ports: MarketPorts, book: BookKey, active: readonly number[], crowd: Crowd): IterableIterator<BidOrder> {
  const mandates = new Mandates(ctx, ports);
  const tau = ports.clock.tau(ctx);
  const cursor = bidCursors.find(ctx, book);
  let from: BidPlace | undefined;
  crowd.all = true;
  for (const [part, most] of [["first", firstBids], ["turn", turnBids]] as const) {
    let seen = 0;
    let last: BidPlace | undefined;
    for (const place of bidsByPrice(ctx, book, active, from)) {
      if (place[1] >= ctx.height) continue;
      if (seen === most) {
        crowd.all = false;
        break;
      }
      seen++;
      last = place;
      const order = bidOrder(ctx, place, tau, mandates);
      if (order !== undefined) yield order;
    }
    if (last === undefined || seen < most) return;
    if (part === "turn") crowd.last = last;
    else from = cursor !== undefined && comparePlaces(cursor, last) > 0 ? cursor : last;
  }
}

/** Undefined for one that may not be matched any more, and will leave by and by. */
function bidOrder(ctx: Context, [, height, id]: BidPlace, tau: bigint, mandates: Mandates): BidOrder | undefined {
  const bid = loadBid(ctx, id);
  if (bid.expiresTau < tau || mandates.bars(bid)) return undefined;
  const untouched = bid.nextTask === 0 && bid.reopened.length === 0;
  return {
    id, owner: bid.consumer, organization: bid.organization, height, limit: bid.limitPrice, tasks: openTasks(bid), profile: bid.profileId,
    whole: bid.minColocated > 1 || (bid.timeInForce === TimeInForce.TIME_IN_FORCE_FOK && untouched), colocated: Math.max(1, bid.minColocated), ...termsOfBid(ctx, bid, tau), replicas: bid.k, excluded: bid.excluded,
    guard: mandates.guardOf(bid.organization),
  };
}

/** What the bid needs of an ask, by what it carries. */
function termsOfBid(ctx: Context, bid: Bid, tau: bigint): Pick<BidOrder, "end" | "notice" | "acceptance" | "level" | "preemptible" | "stake"> {
  if (bid.service) return { end: tau, notice: bid.reclaimNotice, acceptance: waitOf(loadService(ctx, bid.id)), level: 0, preemptible: bid.term === Term.TERM_PREEMPTIBLE, stake: stakeOfInstance(ctx, bid, bid.limitPrice) };
  const job = loadJob(ctx, bid.id);
  return { end: tau + job.spec!.duration, notice: 0n, acceptance: windowOf(job), level: levelBit(job.verification), preemptible: false, stake: stakeAt(ctx, job, bid.limitPrice * bid.lots) };
}

/** What one replica stakes, in bond, where F is `f` of the quote denom. */
export function stakeAt(ctx: Context, job: Job, f: bigint): bigint {
  const params = paramsAt(ctx, job.paramsVersion);
  return stakeOf(job.verification, f, BigInt(job.risk), auditProbability(job.verification, params), params, rateOf(job));
}

/** What was agreed, by a batch or between two. */
type Agreed = Pick<Fill, "tasks" | "price"> & { readonly bid: Pick<BidOrder, "id">; readonly ask: Pick<AskOrder, "id" | "organization">; readonly held: readonly Pick<AskOrder, "id">[] };

/** Gives tasks or instances of the bid to the ask: those that came back first, then new ones. */
export function fillBid(ctx: Context, ports: MarketPorts, fill: Agreed): number {
  const bid = loadBid(ctx, fill.bid.id);
  if (bid.nextTask === 0) keepAsAgreed(ctx, ports, bid);
  const tau = ports.clock.tau(ctx);
  const job = bid.service ? undefined : loadJob(ctx, bid.id);
  const stake = job === undefined ? stakeOfInstance(ctx, bid, fill.price) : stakeAt(ctx, job, fill.price * bid.lots);
  let ask = loadAsk(ctx, fill.ask.id);
  for (let i = 0; i < fill.tasks; i++) {
    const locked = ask.freeUnits > 0 && lockUnit(ctx, ports, ask, stake);
    assert(locked, `ask ${ask.id} was matched but cannot serve`);
    ask = { ...ask, freeUnits: ask.freeUnits - 1 };
  }
  saveAsk(ctx, ask);
  const taken = takeTasks(bid, fill.tasks);
  saveBid(ctx, taken.bid);
  for (const held of fill.held) holdUnit(ctx, held.id);
  const jurisdiction = jurisdictionOf(ports.providers.find(ctx, addressBytes(ask.provider)));
  if (job === undefined) fillInstances(ctx, ports, { bid, ask, organization: fill.ask.organization, jurisdiction, ids: taken.ids, price: fill.price, stake, tau });
  else fillTasks(ctx, ports, job, bid, ask, fill, taken.ids, { stake, jurisdiction });
  return fill.tasks;
}

function fillTasks(ctx: Context, ports: MarketPorts, job: Job, bid: Bid, ask: Ask, fill: Agreed, ids: readonly bigint[], { stake, jurisdiction }: { readonly stake: bigint; readonly jurisdiction: string }): void {
  const tau = ports.clock.tau(ctx);
  const lease = createLease(ctx, bid, job.paramsVersion, ask, { units: fill.tasks, lots: bid.lots, price: fill.price, profileId: bid.profileId, drawn: false, costTags: job.costTags, jurisdiction, tau });
  const auditProbabilityBps = auditProbability(job.verification, paramsAt(ctx, job.paramsVersion));
  const terms = termsOf(ctx, job);
  for (const id of ids) {
    const before = tasks.find(ctx, id) ?? blankTask({ ...bid, status: OrderStatus.ORDER_STATUS_OPEN }, job, Number(id % 65_536n));
    const open: Task = { ...before, price: fill.price, lots: bid.lots, stake: stake.toString(), auditProbabilityBps, heldAsks: fill.held.map((held) => held.id) };
    const seat = { provider: ask.provider, organization: fill.ask.organization, askId: ask.id, leaseId: lease.id, jurisdiction };
    apply(ctx, ports, open, match(open, terms, seat, bid.k, tau), { job, terms });
  }
}

/** IOC and FOK bids that had their batch leave with what it did not fill; where there are more than a block takes out, the book comes up again. */
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
  let room = limit;
  for (const [id] of collect(ctx, cancelledBids, limit)) {
    const bid = bids.find(ctx, id);
    if (bid !== undefined && !isTerminal(bid.status)) {
      if (waits(bid)) continue;
      if (room <= 0) break;
      room -= closingWeight(bid);
      ctx.isolate(`market: cancellation of bid ${id}`, (item) => closeBid(item, ports, id, OrderStatus.ORDER_STATUS_CANCELLED, CloseReason.CLOSE_REASON_CANCELLED));
    }
    cancelledBids.remove(ctx, id);
  }
}

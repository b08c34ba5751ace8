/**
 * Clears one batch of one book: a pure function of orders and seed. Protocol section 2; the README has the rules as MKT-10 to MKT-19.
 * Orders come sorted (bids by limit from the highest, asks by base from the lowest, then height, then id) and are only pulled as far as they can trade.
 */
import { utf8 } from "../../codec/bytes.ts";
import { assert } from "../../runtime/errors.ts";
import { proRata, seeded, tieHash } from "./pro-rata.ts";

interface Order {
  readonly id: bigint;
  /** The account. */
  readonly owner: string;
  /** Empty: none. */
  readonly organization: string;
  /** Of its acceptance. */
  readonly height: bigint;
}

export interface AskOrder extends Order {
  /** For one lot. */
  readonly base: bigint;
  readonly units: number;
  /** Set aside for each unit. */
  readonly bond: bigint;
  /** The provider's free bond, shared by all its asks. */
  readonly free: bigint;
}

export interface BidOrder extends Order {
  readonly limit: bigint;
  /** One unit each. */
  readonly tasks: number;
  /** Organizations that each task needs: the first replica and those that will be drawn. */
  readonly replicas: number;
  /** The bond that one replica locks at the limit. */
  readonly stake: bigint;
  /** Providers that may not serve it. */
  readonly excluded: readonly string[];
}

/** Tasks of a bid that go to an ask. */
export interface Fill {
  readonly bid: BidOrder;
  readonly ask: AskOrder;
  readonly tasks: number;
  /** For one lot. */
  readonly price: bigint;
  /** With replicas > 1 (then `tasks` is 1): a unit of each of these asks stays promised until the draw. */
  readonly held: readonly AskOrder[];
}

export interface Batch {
  readonly fills: readonly Fill[];
  /** Orders that would have traded with their own owner: the newer one of each pair. */
  readonly selfTrades: { readonly asks: readonly AskOrder[]; readonly bids: readonly BidOrder[] };
  /** The uniform base price; undefined where nothing traded. */
  readonly price: bigint | undefined;
  /** True where `maxFills` ended the batch: the rest waits for the next one. */
  readonly cut: boolean;
}

export interface Limits {
  /** Tasks matched in one batch. */
  readonly maxFills: number;
  /** Asks passed over because a bid may not take them: for one unit, and in the whole batch. A bid that comes to the end of it waits. */
  readonly skipsPerUnit: number;
  readonly maxSkips: number;
}

/** A part of an order within its group of equals. */
interface Segment<T> {
  readonly order: T;
  readonly group: number;
  left: number;
}

interface Group<T> {
  readonly orders: readonly T[];
  readonly total: number;
  taken: number;
}

/** One side of the book, pulled group by group. Groups are orders of one price and height. */
class Side<T extends Order> {
  readonly groups: Group<T>[] = [];
  segments: Segment<T>[] = [];
  readonly #source: Iterator<T>;
  readonly #units: (order: T) => number;
  readonly #price: (order: T) => bigint;
  readonly #seed: Uint8Array;
  #next: T | undefined;
  #opened = false;

  constructor(source: Iterable<T>, units: (order: T) => number, price: (order: T) => bigint, seed: Uint8Array) {
    this.#source = source[Symbol.iterator]();
    this.#units = units;
    this.#price = price;
    this.#seed = seed;
  }

  #pull(): T | undefined {
    const step = this.#source.next();
    return step.done === true ? undefined : step.value;
  }

  /** The segment at a position, pulled where it is not known yet. */
  at(index: number): Segment<T> | undefined {
    while (index >= this.segments.length) if (!this.#more()) return undefined;
    return this.segments[index];
  }

  #more(): boolean {
    if (!this.#opened) {
      this.#opened = true;
      this.#next = this.#pull();
    }
    const first = this.#next;
    if (first === undefined) return false;
    const group = this.groups.length;
    let next = this.#pull();
    if (next === undefined || next.height !== first.height || this.#price(next) !== this.#price(first)) {
      const units = this.#units(first);
      this.groups.push({ orders: [first], total: units, taken: 0 });
      this.segments.push({ order: first, group, left: units });
      this.#next = next;
      return true;
    }
    const keyed = [{ order: first, hash: tieHash(this.#seed, first.id) }];
    while (next !== undefined && next.height === first.height && this.#price(next) === this.#price(first)) {
      keyed.push({ order: next, hash: tieHash(this.#seed, next.id) });
      next = this.#pull();
    }
    this.#next = next;
    keyed.sort((a, b) => (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : a.order.id < b.order.id ? -1 : 1));
    let total = 0;
    for (const { order } of keyed) {
      total += this.#units(order);
      this.segments.push({ order, group, left: this.#units(order) });
    }
    this.groups.push({ orders: keyed.map(({ order }) => order), total, taken: 0 });
    return true;
  }

  take(segment: Segment<T>, units: number): void {
    segment.left -= units;
    this.groups[segment.group]!.taken += units;
  }

  /**
   * Starts again; equals that could not all be served stand in the order of their shares: first what is each one's due, then the rest.
   * False where every group was served whole or not at all.
   */
  share(label: Uint8Array): boolean {
    let shared = false;
    const segments: Segment<T>[] = [];
    for (const [group, { orders, total, taken }] of this.groups.entries()) {
      const units = orders.map(this.#units);
      if (orders.length > 1 && taken > 0 && taken < total) {
        shared = true;
        const due = proRata(units, taken, seeded(this.#seed, label, orders[0]!.id, BigInt(total)));
        for (const [i, order] of orders.entries()) if (due[i]! > 0) segments.push({ order, group, left: due[i]! });
        for (const [i, order] of orders.entries()) if (units[i]! > due[i]!) segments.push({ order, group, left: units[i]! - due[i]! });
      } else {
        for (const [i, order] of orders.entries()) segments.push({ order, group, left: units[i]! });
      }
    }
    for (const group of this.groups) group.taken = 0;
    this.segments = segments;
    return shared;
  }
}

interface Round {
  readonly fills: Omit<Fill, "price">[];
  /** The highest base that set the price. */
  highestBase: bigint | undefined;
  unfilledLimit: bigint | undefined;
  cut: boolean;
}

export function clear(asks: Iterable<AskOrder>, bids: Iterable<BidOrder>, seed: Uint8Array, limits: Limits): Batch {
  const offers = new Side(asks, (ask) => ask.units, (ask) => ask.base, seed);
  const wants = new Side(bids, (bid) => bid.tasks, (bid) => bid.limit, seed);
  const leaving = { asks: new Set<AskOrder>(), bids: new Set<BidOrder>() };
  let round = pass(wants, offers, leaving, limits);
  const bidsShared = wants.share(utf8("bids"));
  const asksShared = offers.share(utf8("asks"));
  if (bidsShared || asksShared) round = pass(wants, offers, leaving, limits);
  const price = uniformPrice(round);
  return {
    fills: round.fills.map((fill) => ({ ...fill, price: fillPrice(fill, price) })),
    selfTrades: { asks: Array.from(leaving.asks), bids: Array.from(leaving.bids) },
    price: round.fills.length === 0 ? undefined : (price ?? round.fills.reduce((most, fill) => maxBase(most, fill.ask, fill.held), 0n)),
    cut: round.cut,
  };
}

function uniformPrice(round: Round): bigint | undefined {
  const { highestBase, unfilledLimit } = round;
  if (highestBase === undefined) return unfilledLimit;
  return unfilledLimit !== undefined && unfilledLimit > highestBase ? unfilledLimit : highestBase;
}

/** min(limit, max(p*, base)): never less than any ask of the fill wants, never more than the bid allows. */
function fillPrice(fill: Omit<Fill, "price">, price: bigint | undefined): bigint {
  const most = maxBase(price ?? 0n, fill.ask, fill.held);
  return most < fill.bid.limit ? most : fill.bid.limit;
}

function maxBase(start: bigint, ask: AskOrder, held: readonly AskOrder[]): bigint {
  let most = ask.base > start ? ask.base : start;
  for (const other of held) if (other.base > most) most = other.base;
  return most;
}

type Leaving = { readonly asks: Set<AskOrder>; readonly bids: Set<BidOrder> };

/** One pass over the bids by priority; each takes the cheapest asks that it may. */
function pass(wants: Side<BidOrder>, offers: Side<AskOrder>, leaving: Leaving, limits: Limits): Round {
  const round: Round = { fills: [], highestBase: undefined, unfilledLimit: undefined, cut: false };
  /** Free bond taken in this batch, by provider; kept only where a stake exceeds what is set aside for the unit. */
  const taken = new Map<string, bigint>();
  const beyond = (bid: BidOrder, ask: AskOrder): bigint => (bid.stake > ask.bond ? bid.stake - ask.bond : 0n);
  const room = (ask: AskOrder): bigint => ask.free - (taken.get(ask.owner) ?? 0n);
  let head = 0;
  let matched = 0;
  let skips = limits.maxSkips;

  /** The first segment from `from` on that still has units of an ask that stays. */
  const open = (from: number): number => {
    let i = from;
    for (let segment = offers.at(i); segment !== undefined && (segment.left === 0 || leaving.asks.has(segment.order)); segment = offers.at(i)) i++;
    return i;
  };

  /** The next ask at or below the limit that the bid may take a unit of; organizations in `others` are taken already. */
  const find = (bid: BidOrder, from: number, others: readonly AskOrder[]): number | undefined => {
    let own = limits.skipsPerUnit;
    for (let i = open(from); ; i = open(i + 1)) {
      const segment = offers.at(i);
      if (segment === undefined || segment.order.base > bid.limit) return undefined;
      const ask = segment.order;
      if (sameOwner(bid, ask)) {
        if (isNewer(bid, ask)) {
          leaving.bids.add(bid);
          return undefined;
        }
        leaving.asks.add(ask);
        continue;
      }
      const need = beyond(bid, ask);
      if ((need === 0n || room(ask) >= need) && !bid.excluded.includes(ask.owner) && !others.some((other) => other.owner === ask.owner || sameOrganization(other, ask))) return i;
      skips--;
      own--;
      if (skips < 0 || own < 0) return undefined;
    }
  };

  for (let b = 0; ; b++) {
    const want = wants.at(b);
    if (want === undefined) break;
    const bid = want.order;
    head = open(head);
    while (want.left > 0 && !leaving.bids.has(bid)) {
      if (matched >= limits.maxFills) {
        round.cut = true;
        return round;
      }
      const first = find(bid, head, []);
      if (first === undefined) break;
      const segment = offers.at(first)!;
      if (bid.replicas === 1) {
        const need = beyond(bid, segment.order);
        const bond = need === 0n ? want.left : capped(room(segment.order) / need, want.left);
        const units = Math.min(want.left, segment.left, bond, limits.maxFills - matched);
        settle(bid, want, [segment], units);
      } else {
        const chosen = [segment];
        const organizations = [segment.order];
        for (let from = first + 1; chosen.length < bid.replicas; ) {
          const i = find(bid, from, organizations);
          if (i === undefined) break;
          chosen.push(offers.at(i)!);
          organizations.push(offers.at(i)!.order);
          from = i + 1;
        }
        if (chosen.length < bid.replicas || leaving.bids.has(bid)) break;
        settle(bid, want, chosen, 1);
      }
      head = open(head);
    }
    if (want.left === 0 || leaving.bids.has(bid)) continue;
    const cheapest = offers.at(head);
    if (cheapest !== undefined && cheapest.order.base <= bid.limit) continue;
    // Supply at its limit is used up: an unconditional bid marks the price, and no lower one can trade.
    if (bid.excluded.length === 0) {
      round.unfilledLimit = bid.limit;
      return round;
    }
    if (--skips < 0) return round;
  }
  return round;

  function settle(bid: BidOrder, want: Segment<BidOrder>, chosen: readonly Segment<AskOrder>[], units: number): void {
    assert(units > 0, "a fill without units");
    const [ask, ...held] = chosen.map((segment) => segment.order);
    wants.take(want, units);
    for (const segment of chosen) {
      offers.take(segment, units);
      const need = beyond(bid, segment.order);
      if (need > 0n) taken.set(segment.order.owner, (taken.get(segment.order.owner) ?? 0n) + need * BigInt(units));
      if (bid.excluded.length === 0 && (round.highestBase === undefined || segment.order.base > round.highestBase)) round.highestBase = segment.order.base;
    }
    matched += units;
    round.fills.push({ bid, ask: ask!, tasks: units, held });
  }
}

function capped(value: bigint, most: number): number {
  return value < BigInt(most) ? Number(value) : most;
}

function sameOrganization(a: Order, b: Order): boolean {
  return a.organization !== "" && a.organization === b.organization;
}

function sameOwner(bid: BidOrder, ask: AskOrder): boolean {
  return bid.owner === ask.owner || sameOrganization(bid, ask);
}

/** Of two orders accepted in one block the bid counts as the newer one. */
function isNewer(bid: BidOrder, ask: AskOrder): boolean {
  return bid.height >= ask.height;
}

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

/** Orders of one price and height; only where there are several. */
interface Group<T> {
  readonly orders: readonly T[];
  readonly total: number;
  taken: number;
}

const alone = -1;
const noAsks: readonly AskOrder[] = [];

/**
 * One side of the book, pulled as far as it is looked at. Three arrays side by side, as books are large: an order (or, once equals share,
 * a part of it), what is left of it, and its group of equals.
 */
class Side<T extends Order> {
  readonly #groups: Group<T>[] = [];
  #orders: T[] = [];
  #left: number[] = [];
  #groupOf: number[] = [];
  readonly #source: Iterator<T>;
  readonly #units: (order: T) => number;
  readonly #price: (order: T) => bigint;
  readonly #seed: Uint8Array;
  #next: T | undefined;

  constructor(source: Iterable<T>, units: (order: T) => number, price: (order: T) => bigint, seed: Uint8Array) {
    this.#source = source[Symbol.iterator]();
    this.#units = units;
    this.#price = price;
    this.#seed = seed;
    this.#next = this.#pull();
  }

  #pull(): T | undefined {
    const step = this.#source.next();
    return step.done === true ? undefined : step.value;
  }

  /** The order at a position, pulled where it is not known yet. */
  at(index: number): T | undefined {
    while (index >= this.#orders.length) if (!this.#more()) return undefined;
    return this.#orders[index];
  }

  left(index: number): number {
    return this.#left[index]!;
  }

  take(index: number, units: number): void {
    this.#left[index]! -= units;
    const group = this.#groupOf[index]!;
    if (group !== alone) this.#groups[group]!.taken += units;
  }

  #add(order: T, left: number, group: number): void {
    this.#orders.push(order);
    this.#left.push(left);
    this.#groupOf.push(group);
  }

  #more(): boolean {
    const first = this.#next;
    if (first === undefined) return false;
    const price = this.#price(first);
    let next = this.#pull();
    if (next === undefined || next.height !== first.height || this.#price(next) !== price) {
      this.#add(first, this.#units(first), alone);
      this.#next = next;
      return true;
    }
    const keyed = [{ order: first, hash: tieHash(this.#seed, first.id) }];
    while (next !== undefined && next.height === first.height && this.#price(next) === price) {
      keyed.push({ order: next, hash: tieHash(this.#seed, next.id) });
      next = this.#pull();
    }
    this.#next = next;
    keyed.sort((a, b) => (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : a.order.id < b.order.id ? -1 : 1));
    let total = 0;
    for (const { order } of keyed) {
      total += this.#units(order);
      this.#add(order, this.#units(order), this.#groups.length);
    }
    this.#groups.push({ orders: keyed.map(({ order }) => order), total, taken: 0 });
    return true;
  }

  /** Equals were served in part: they must share. */
  get unshared(): boolean {
    return this.#groups.some(({ taken, total }) => taken > 0 && taken < total);
  }

  /** Starts again; equals that could not all be served stand in the order of their shares: first what is each one's due, then the rest. */
  restart(label: Uint8Array): void {
    const orders = this.#orders;
    const groupOf = this.#groupOf;
    [this.#orders, this.#left, this.#groupOf] = [[], [], []];
    for (let i = 0; i < orders.length; ) {
      const group = groupOf[i]!;
      if (group === alone) {
        this.#add(orders[i]!, this.#units(orders[i]!), alone);
        i++;
        continue;
      }
      this.#addShared(group, label);
      i += this.#groups[group]!.orders.length;
    }
    for (const group of this.#groups) group.taken = 0;
  }

  #addShared(index: number, label: Uint8Array): void {
    const { orders, total, taken } = this.#groups[index]!;
    const units = orders.map(this.#units);
    const due = taken > 0 && taken < total ? proRata(units, taken, seeded(this.#seed, label, orders[0]!.id, BigInt(total))) : units;
    for (const [i, order] of orders.entries()) if (due[i]! > 0) this.#add(order, due[i]!, index);
    for (const [i, order] of orders.entries()) if (units[i]! > due[i]!) this.#add(order, units[i]! - due[i]!, index);
  }
}

/** A fill whose price is known once all are. */
type Draft = { -readonly [K in keyof Fill]: Fill[K] };

interface Round {
  readonly fills: Draft[];
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
  if (wants.unshared || offers.unshared) {
    wants.restart(utf8("bids"));
    offers.restart(utf8("asks"));
    round = pass(wants, offers, leaving, limits);
  }
  const { fills } = round;
  let price = uniformPrice(round);
  for (const fill of fills) fill.price = fillPrice(fill, price);
  if (price === undefined) for (const fill of fills) if (price === undefined || fill.price > price) price = fill.price;
  return {
    fills,
    selfTrades: { asks: Array.from(leaving.asks), bids: Array.from(leaving.bids) },
    price: fills.length === 0 ? undefined : price,
    cut: round.cut,
  };
}

function uniformPrice(round: Round): bigint | undefined {
  const { highestBase, unfilledLimit } = round;
  if (highestBase === undefined) return unfilledLimit;
  return unfilledLimit !== undefined && unfilledLimit > highestBase ? unfilledLimit : highestBase;
}

/** min(limit, max(p*, base)): never less than any ask of the fill wants, never more than the bid allows. */
function fillPrice(fill: Fill, price: bigint | undefined): bigint {
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

  /** The first position from `from` on that still has units of an ask that stays. */
  const open = (from: number): number => {
    let i = from;
    for (let ask = offers.at(i); ask !== undefined && (offers.left(i) === 0 || (leaving.asks.size > 0 && leaving.asks.has(ask))); ask = offers.at(i)) i++;
    return i;
  };

  /** The next ask at or below the limit that the bid may take a unit of; `others` are in the task already. */
  const find = (bid: BidOrder, from: number, others: readonly AskOrder[]): number | undefined => {
    let own = limits.skipsPerUnit;
    for (let i = open(from); ; i = open(i + 1)) {
      const ask = offers.at(i);
      if (ask === undefined || ask.base > bid.limit) return undefined;
      if (sameOwner(bid, ask)) {
        if (isNewer(bid, ask)) {
          leaving.bids.add(bid);
          return undefined;
        }
        leaving.asks.add(ask);
        continue;
      }
      const need = beyond(bid, ask);
      const served = (need === 0n || room(ask) >= need) && (bid.excluded.length === 0 || !bid.excluded.includes(ask.owner));
      if (served && !others.some((other) => other.owner === ask.owner || sameOrganization(other, ask))) return i;
      skips--;
      own--;
      if (skips < 0 || own < 0) return undefined;
    }
  };

  const settle = (b: number, bid: BidOrder, positions: readonly number[], units: number): void => {
    assert(units > 0, "a fill without units");
    const first = offers.at(positions[0]!)!;
    wants.take(b, units);
    for (const i of positions) {
      const ask = offers.at(i)!;
      offers.take(i, units);
      const need = beyond(bid, ask);
      if (need > 0n) taken.set(ask.owner, (taken.get(ask.owner) ?? 0n) + need * BigInt(units));
      if (bid.excluded.length === 0 && (round.highestBase === undefined || ask.base > round.highestBase)) round.highestBase = ask.base;
    }
    matched += units;
    round.fills.push({ bid, ask: first, tasks: units, price: 0n, held: positions.length === 1 ? noAsks : positions.slice(1).map((i) => offers.at(i)!) });
  };

  /** The cheapest asks of distinct organizations that one task needs; undefined where there are too few. */
  const seatsFor = (bid: BidOrder, first: number): number[] | undefined => {
    const positions = [first];
    const chosen = [offers.at(first)!];
    while (positions.length < bid.replicas) {
      const i = find(bid, positions.at(-1)! + 1, chosen);
      if (i === undefined || leaving.bids.has(bid)) return undefined;
      positions.push(i);
      chosen.push(offers.at(i)!);
    }
    return positions;
  };

  for (let b = 0; ; b++) {
    const bid = wants.at(b);
    if (bid === undefined) return round;
    while (wants.left(b) > 0 && !leaving.bids.has(bid)) {
      if (matched >= limits.maxFills) {
        round.cut = true;
        return round;
      }
      head = open(head);
      const first = find(bid, head, noAsks);
      if (first === undefined) break;
      if (bid.replicas === 1) {
        const need = beyond(bid, offers.at(first)!);
        const bond = need === 0n ? wants.left(b) : capped(room(offers.at(first)!) / need, wants.left(b));
        settle(b, bid, [first], Math.min(wants.left(b), offers.left(first), bond, limits.maxFills - matched));
      } else {
        const positions = seatsFor(bid, first);
        if (positions === undefined) break;
        settle(b, bid, positions, 1);
      }
    }
    if (wants.left(b) === 0 || leaving.bids.has(bid)) continue;
    head = open(head);
    const cheapest = offers.at(head);
    if (cheapest !== undefined && cheapest.base <= bid.limit) continue;
    // Supply at its limit is used up: an unconditional bid marks the price, and no lower one can trade.
    if (bid.excluded.length === 0) {
      round.unfilledLimit = bid.limit;
      return round;
    }
    if (--skips < 0) return round;
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

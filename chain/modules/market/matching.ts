/**
 * Clears one batch of one book: a pure function of orders and seed. Protocol section 2; the README has the rules as MKT-10 to MKT-19 and MKT-60 to MKT-66.
 * Orders come sorted (bids by limit from the highest, then height, then id; asks, once for each profile, by rank, then attributes, height, id) and are only
 * pulled as far as they can trade.
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

/** An ask as one profile sees it. */
export interface AskOrder extends Order {
  /** For one lot. */
  readonly base: bigint;
  /** On top of the base, for the attributes that the profile takes. */
  readonly premium: bigint;
  /** The profile takes the lowest first: base + premium - what the attributes it merely likes are worth to it. Never above base + premium. */
  readonly rank: bigint;
  /** Attributes that it offers, taken or not: of equal rank the fewest go first [spending the only enclave on a bid that needs none]. */
  readonly attributes: number;
  readonly units: number;
  /** The most units in one place. */
  readonly colocated: number;
  /** tau at which what it serves must be over. */
  readonly until: bigint;
  /** The longest notice that it gives before it takes back what it serves. */
  readonly notice: bigint;
  /** The longest acceptance window that it takes. */
  readonly acceptance: bigint;
  /** Takes back for nothing: serves only bids that accept it. */
  readonly preemptible: boolean;
  /** Set aside for each unit. */
  readonly bond: bigint;
  /** The provider's free bond, shared by all its asks. */
  readonly free: bigint;
  /** Organizations that the provider is a member of. */
  readonly memberships: readonly string[];
  /** Asks of one base, height and kind are equals: every bid sees them alike. */
  readonly kind: string;
}

/** What a bid's organization asks of who serves it. One object for all bids of an organization: it gives the same answer all through a batch. */
export interface Guard {
  /** Undefined: unknown, as the batch has read all that it may; then the ask does not serve. */
  admits(ask: AskOrder): boolean | undefined;
}

export interface BidOrder extends Order {
  readonly limit: bigint;
  /** One unit each. */
  readonly tasks: number;
  /** 0: takes any ask. */
  readonly profile: number;
  /** Fills in one batch, or not at all. */
  readonly whole: boolean;
  /** Tasks that must run in one place, at least 1; a divisor of `tasks` where it is more. */
  readonly colocated: number;
  /** tau at which a task that starts now is over. */
  readonly end: bigint;
  /** The notice that it needs. */
  readonly notice: bigint;
  /** The acceptance window that it has. */
  readonly acceptance: bigint;
  readonly preemptible: boolean;
  /** Organizations that each task needs: the first replica and those that will be drawn. */
  readonly replicas: number;
  /** The bond that one replica locks at the limit. */
  readonly stake: bigint;
  /** Providers that may not serve it. */
  readonly excluded: readonly string[];
  /** Undefined: nothing is asked. */
  readonly guard: Guard | undefined;
}

export interface Orders {
  /** Profiles that bids of this batch may have. */
  readonly profiles: readonly number[];
  asks(profile: number): Iterable<AskOrder>;
  readonly bids: Iterable<BidOrder>;
  /** Organizations that the owner of a bid is a member of; asked only where an ask's provider is a member of any. */
  membershipsOf(owner: string): readonly string[];
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
  /** Orders that would have traded with their own owner, or a declared affiliate of it: of each pair the newer one leaves, with what it has not traded before. */
  readonly selfTrades: { readonly asks: readonly AskOrder[]; readonly bids: readonly BidOrder[] };
  /** The uniform base price, or the highest base that traded where nothing set one; undefined where nothing traded. */
  readonly price: bigint | undefined;
  /** True where `maxFills` ended the batch: the rest waits for the next one. */
  readonly cut: boolean;
  /** False where a limit of work ended it: there may be bids that it could have filled. */
  readonly complete: boolean;
}

export interface Limits {
  /** Tasks matched in one batch. */
  readonly maxFills: number;
  /** Asks passed over because a bid may not take them: for one unit, and in the whole batch. A bid that comes to the end of it waits. */
  readonly skipsPerUnit: number;
  readonly maxSkips: number;
  /** A bid that fills whole and has more tasks finds no batch: it is passed over. */
  readonly maxWhole: number;
}

/** Whether the ask serves long enough, and ends what it serves in no other way than the bid accepts. */
export function keepsTerms(bid: BidOrder, ask: AskOrder): boolean {
  return ask.until >= bid.end && ask.notice >= bid.notice && ask.acceptance >= bid.acceptance && (bid.preemptible || !ask.preemptible);
}

const alone = -1;
const noAsks: readonly AskOrder[] = [];
const none: readonly number[] = [];

/** Orders that are equals, and what was taken of all of them. */
interface Group {
  readonly members: { readonly index: number; readonly id: bigint; readonly hash: bigint }[];
  total: number;
  taken: number;
}

const isPartial = ({ members, total, taken }: Group): boolean => members.length > 1 && taken > 0 && taken < total;

/** What each member is due of what the group got, in the order of the hashes. */
function shares(group: Group, units: readonly number[], seed: Uint8Array, label: Uint8Array): (readonly [index: number, due: number])[] {
  const members = group.members.sort((a, b) => (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : a.id < b.id ? -1 : 1));
  const due = proRata(members.map(({ index }) => units[index]!), group.taken, seeded(seed, label, members[0]!.id, BigInt(group.total)));
  return members.map(({ index }, i) => [index, due[i]!]);
}

/** Pulls orders; those of one place in the sequence come together, sorted by hash. */
class Source<T extends Order> {
  readonly #source: Iterator<T>;
  readonly #tied: (a: T, b: T) => boolean;
  readonly #seed: Uint8Array;
  #next: T | undefined;

  constructor(source: Iterable<T>, tied: (a: T, b: T) => boolean, seed: Uint8Array) {
    this.#source = source[Symbol.iterator]();
    this.#tied = tied;
    this.#seed = seed;
    this.#next = this.#pull();
  }

  #pull(): T | undefined {
    const step = this.#source.next();
    return step.done === true ? undefined : step.value;
  }

  /** Adds the next order, or the next tie, by one of the two functions; false at the end. */
  more(one: (order: T) => void, tie: (orders: readonly { readonly order: T; readonly hash: bigint }[]) => void): boolean {
    const first = this.#next;
    if (first === undefined) return false;
    this.#next = this.#pull();
    if (this.#next === undefined || !this.#tied(first, this.#next)) {
      one(first);
      return true;
    }
    const keyed = [{ order: first, hash: tieHash(this.#seed, first.id) }];
    while (this.#next !== undefined && this.#tied(first, this.#next)) {
      keyed.push({ order: this.#next, hash: tieHash(this.#seed, this.#next.id) });
      this.#next = this.#pull();
    }
    tie(keyed.sort((a, b) => (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : a.order.id < b.order.id ? -1 : 1)));
    return true;
  }
}

/** The bids, pulled as far as they are looked at. Arrays side by side, as books are large. Once equals share, a bid may stand at two positions: for its due, and for all. */
class Demand {
  readonly #source: Source<BidOrder>;
  readonly #seed: Uint8Array;
  readonly #orders: BidOrder[] = [];
  readonly #taken: number[] = [];
  readonly #due: number[] = [];
  readonly #groupOf: number[] = [];
  /** The tie of each; only a sequence of numbers that differ between neighbours. */
  readonly #tieOf: number[] = [];
  #ties = 0;
  readonly #groups: Group[] = [];
  /** Which bid stands at a position, and whether only for its due; undefined while each stands once, in the order in which they came. */
  #positions: { readonly slot: number; readonly front: boolean }[] | undefined;
  /** Bids that were in the sequence when it was made anew. */
  #shared = 0;

  constructor(bids: Iterable<BidOrder>, seed: Uint8Array) {
    this.#source = new Source(bids, (a, b) => a.height === b.height && a.limit === b.limit, seed);
    this.#seed = seed;
  }

  /** Positions behind those of the sequence that was made anew are those that came later. */
  #slot(position: number): number {
    const positions = this.#positions;
    if (positions === undefined) return position;
    return position < positions.length ? positions[position]!.slot : position - positions.length + this.#shared;
  }

  at(position: number): BidOrder | undefined {
    const slot = this.#slot(position);
    while (slot >= this.#orders.length) if (!this.#more()) return undefined;
    return this.#orders[slot];
  }

  left(position: number): number {
    const slot = this.#slot(position);
    const front = this.#positions?.[position]?.front === true;
    return (front ? this.#due[slot]! : this.#orders[slot]!.tasks) - this.#taken[slot]!;
  }

  take(position: number, tasks: number): void {
    const slot = this.#slot(position);
    this.#taken[slot]! += tasks;
    const group = this.#groupOf[slot]!;
    if (group !== alone) this.#groups[group]!.taken += tasks;
  }

  #add(order: BidOrder, group: number, tie: number): void {
    this.#orders.push(order);
    this.#taken.push(0);
    this.#due.push(order.tasks);
    this.#groupOf.push(group);
    this.#tieOf.push(tie);
  }

  #more(): boolean {
    return this.#source.more(
      (order) => this.#add(order, alone, this.#ties++),
      (orders) => {
        const tie = this.#ties++;
        // Of a tie, those that want the same share; what fills whole or not at all cannot.
        const groups = new Map<number, number>();
        for (const { order, hash } of orders) {
          let group = alone;
          if (!order.whole) {
            group = groups.get(order.profile) ?? this.#groups.push({ members: [], total: 0, taken: 0 }) - 1;
            groups.set(order.profile, group);
            this.#groups[group]!.members.push({ index: this.#orders.length, id: order.id, hash });
            this.#groups[group]!.total += order.tasks;
          }
          this.#add(order, group, tie);
        }
      },
    );
  }

  /** Equals were served in part: they must share. */
  get unshared(): boolean {
    return this.#groups.some(isPartial);
  }

  /** Starts again; equals that could not all be served stand in the order of their shares: first what is each one's due, then the rest. */
  restart(label: Uint8Array): void {
    const tasks = this.#orders.map((order) => order.tasks);
    for (const group of this.#groups) {
      if (isPartial(group)) for (const [slot, due] of shares(group, tasks, this.#seed, label)) this.#due[slot] = due;
      group.taken = 0;
    }
    this.#taken.fill(0);
    this.#shared = this.#orders.length;
    const positions: { slot: number; front: boolean }[] = [];
    for (let from = 0, to = 0; from < this.#shared; from = to) {
      for (to = from; to < this.#shared && this.#tieOf[to] === this.#tieOf[from]; to++) positions.push({ slot: to, front: this.#due[to]! < tasks[to]! });
      for (let slot = from; slot < to; slot++) if (this.#due[slot]! < tasks[slot]!) positions.push({ slot, front: false });
    }
    this.#positions = positions;
  }
}

/** The asks of all profiles, each once, with what is taken of it. */
class Supply {
  readonly #seed: Uint8Array;
  /** By id; not kept where one profile sees them all. */
  readonly #slots: Map<bigint, number> | undefined;
  readonly #units: number[] = [];
  readonly #taken: number[] = [];
  readonly #due: number[] = [];
  readonly #gone: boolean[] = [];
  readonly #groupOf: number[] = [];
  readonly #groups: Group[] = [];
  readonly #groupNames = new Map<string, number>();
  /** True once the equals' shares are known. */
  sharing = false;

  constructor(seed: Uint8Array, manyProfiles: boolean) {
    this.#seed = seed;
    this.#slots = manyProfiles ? new Map() : undefined;
  }

  /** The ask's slot, the same for every profile. */
  slotOf(ask: AskOrder): number {
    const known = this.#slots?.get(ask.id);
    if (known !== undefined) return known;
    const slot = this.#units.length;
    this.#slots?.set(ask.id, slot);
    this.#units.push(ask.units);
    this.#taken.push(0);
    this.#due.push(ask.units);
    this.#gone.push(false);
    this.#groupOf.push(alone);
    return slot;
  }

  /** The ask has equals, of which this is one. */
  join(slot: number, ask: AskOrder, hash: bigint): void {
    if (this.#groupOf[slot] !== alone || this.sharing) return;
    const name = `${ask.base} ${ask.height} ${ask.kind}`;
    const index = this.#groupNames.get(name) ?? this.#groups.push({ members: [], total: 0, taken: 0 }) - 1;
    this.#groupNames.set(name, index);
    const group = this.#groups[index]!;
    group.members.push({ index: slot, id: ask.id, hash });
    group.total += ask.units;
    group.taken += this.#taken[slot]!;
    this.#groupOf[slot] = index;
  }

  /** Units that may be taken: in front only what is due, behind that the rest too. */
  left(slot: number, front: boolean): number {
    return this.#gone[slot]! ? 0 : (front ? this.#due[slot]! : this.#units[slot]!) - this.#taken[slot]!;
  }

  take(slot: number, units: number): void {
    this.#taken[slot]! += units;
    const group = this.#groupOf[slot]!;
    if (group !== alone) this.#groups[group]!.taken += units;
  }

  remove(slot: number): void {
    this.#gone[slot] = true;
  }

  /** True where the ask gets less than all in front. */
  splits(slot: number): boolean {
    return this.#due[slot]! < this.#units[slot]!;
  }

  get unshared(): boolean {
    return this.#groups.some(isPartial);
  }

  restart(label: Uint8Array): void {
    for (const group of this.#groups) {
      if (isPartial(group)) for (const [slot, due] of shares(group, this.#units, this.#seed, label)) this.#due[slot] = due;
      group.taken = 0;
    }
    this.#taken.fill(0);
    this.#gone.fill(false);
    this.sharing = true;
  }
}

/** The asks as one profile sees them, cheapest first. */
class Stream {
  readonly #supply: Supply;
  readonly #source: Source<AskOrder>;
  #orders: AskOrder[] = [];
  #slots: number[] = [];
  #front: boolean[] = [];
  #tieOf: number[] = [];
  #ties = 0;
  /** Everything before it is used up. */
  head = 0;
  /** For each guard: everything before it is used up, or not admitted. So the asks that an organization refuses are passed over once, not by each of its bids. */
  readonly admitted = new Map<Guard, number>();

  constructor(asks: Iterable<AskOrder>, supply: Supply, seed: Uint8Array) {
    this.#supply = supply;
    this.#source = new Source(asks, (a, b) => a.height === b.height && a.rank === b.rank && a.attributes === b.attributes, seed);
  }

  #add(ask: AskOrder, slot: number, front: boolean, tie: number): void {
    this.#orders.push(ask);
    this.#slots.push(slot);
    this.#front.push(front);
    this.#tieOf.push(tie);
  }

  #more(): boolean {
    return this.#source.more(
      (ask) => this.#add(ask, this.#supply.slotOf(ask), false, this.#ties++),
      (asks) => {
        const tie = this.#ties++;
        for (const { order, hash } of asks) {
          const slot = this.#supply.slotOf(order);
          this.#supply.join(slot, order, hash);
          this.#add(order, slot, false, tie);
        }
      },
    );
  }

  at(index: number): AskOrder | undefined {
    while (index >= this.#orders.length) if (!this.#more()) return undefined;
    return this.#orders[index];
  }

  slot(index: number): number {
    return this.#slots[index]!;
  }

  left(index: number): number {
    return this.#supply.left(this.#slots[index]!, this.#front[index]!);
  }

  /** The first position from `from` on that still has units. */
  open(from: number): number {
    let i = from;
    while (this.at(i) !== undefined && this.left(i) <= 0) i++;
    return i;
  }

  /** Starts again: of each tie first what is due, then the rest. */
  restart(): void {
    const orders = this.#orders;
    const slots = this.#slots;
    const tieOf = this.#tieOf;
    [this.#orders, this.#slots, this.#front, this.#tieOf] = [[], [], [], []];
    for (let from = 0, to = 0; from < orders.length; from = to) {
      for (to = from; to < orders.length && tieOf[to] === tieOf[from]; to++) this.#add(orders[to]!, slots[to]!, this.#supply.splits(slots[to]!), tieOf[from]!);
      for (let i = from; i < to; i++) if (this.#supply.splits(slots[i]!)) this.#add(orders[i]!, slots[i]!, false, tieOf[from]!);
    }
    this.rewind(0);
  }

  /** What was used up may be free again. */
  rewind(head: number): void {
    this.head = head;
    this.admitted.clear();
  }
}

/** A fill whose price is known once all are. */
type Draft = { -readonly [K in keyof Fill]: Fill[K] };

interface Leaving {
  readonly asks: Map<bigint, AskOrder>;
  readonly bids: Set<BidOrder>;
}

interface Round {
  readonly fills: Draft[];
  readonly leaving: Leaving;
  /** The highest base that a bid which sets the price took, or the limit of one that got too little; undefined where there was none. */
  uniform: bigint | undefined;
  cut: boolean;
  complete: boolean;
}

export function clear(orders: Orders, seed: Uint8Array, limits: Limits): Batch {
  const supply = new Supply(seed, orders.profiles.length > 1);
  const wants = new Demand(orders.bids, seed);
  const streams = new Map<number, Stream>();
  const streamOf = (profile: number): Stream => {
    let stream = streams.get(profile);
    if (stream === undefined) streams.set(profile, (stream = new Stream(orders.asks(profile), supply, seed)));
    return stream;
  };
  const affiliated = (bid: BidOrder, ask: AskOrder): boolean => bid.owner === ask.owner || sameOrganization(bid, ask) || (ask.memberships.length > 0 && shareOne(ask.memberships, orders.membershipsOf(bid.owner)));
  let round = pass(wants, supply, streamOf, affiliated, limits);
  if (wants.unshared || supply.unshared) {
    wants.restart(utf8("bids"));
    supply.restart(utf8("asks"));
    for (const profile of orders.profiles) streams.get(profile)?.restart();
    round = pass(wants, supply, streamOf, affiliated, limits);
  }
  const { fills, leaving } = round;
  const uniform = fills.length === 0 ? undefined : round.uniform;
  for (const fill of fills) fill.price = fillPrice(fill, uniform ?? 0n);
  return {
    fills,
    selfTrades: { asks: Array.from(leaving.asks.values()), bids: Array.from(leaving.bids) },
    price: fills.length === 0 ? undefined : (uniform ?? fills.reduce((most, fill) => highestBase(fill, most), 0n)),
    cut: round.cut,
    complete: round.complete,
  };
}

/** Takes any ask, in parts: such bids set the price. */
function isUnconstrained(bid: BidOrder): boolean {
  return bid.profile === 0 && !bid.whole && bid.colocated === 1 && bid.excluded.length === 0 && bid.guard === undefined;
}

function highestBase({ ask, held }: Fill, start: bigint): bigint {
  let most = ask.base > start ? ask.base : start;
  for (const other of held) if (other.base > most) most = other.base;
  return most;
}

/** A sum is a number of its own in memory, and most premiums are none. */
const withPremium = (price: bigint, premium: bigint): bigint => (premium === 0n ? price : price + premium);

/** min(limit, max(p*, base) + premium): never less than any ask of the fill wants, never more than the bid allows. */
function fillPrice({ bid, ask, held }: Fill, uniform: bigint): bigint {
  let most = withPremium(ask.base > uniform ? ask.base : uniform, ask.premium);
  for (const other of held) {
    const wanted = withPremium(other.base > uniform ? other.base : uniform, other.premium);
    if (wanted > most) most = wanted;
  }
  return most < bid.limit ? most : bid.limit;
}

/** One pass over the bids by priority; each takes the cheapest asks that it may. */
function pass(wants: Demand, supply: Supply, streamOf: (profile: number) => Stream, affiliated: (bid: BidOrder, ask: AskOrder) => boolean, limits: Limits): Round {
  const round: Round = { fills: [], leaving: { asks: new Map(), bids: new Set() }, uniform: undefined, cut: false, complete: true };
  const { fills, leaving } = round;
  /** The slot of each fill's ask, or of all asks of its task: so that it can be taken back. */
  const slots: (number | readonly number[])[] = [];
  /** Free bond taken in this batch, by provider; kept only where a stake exceeds what is set aside for the unit. */
  const bonds = new Map<string, bigint>();
  const beyond = (bid: BidOrder, ask: AskOrder): bigint => (bid.stake > ask.bond ? bid.stake - ask.bond : 0n);
  const room = (ask: AskOrder): bigint => ask.free - (bonds.get(ask.owner) ?? 0n);
  let matched = 0;
  let skips = limits.maxSkips;

  /** The next position at or below the limit that the bid may take a unit (or one place's units) of; `others` are in the task already. */
  const find = (bid: BidOrder, stream: Stream, from: number, others: readonly AskOrder[]): number | undefined => {
    const { guard } = bid;
    let own = limits.skipsPerUnit;
    const known = guard === undefined ? 0 : (stream.admitted.get(guard) ?? 0);
    // Nothing before the present position is open and admitted.
    let gapless = from <= known || from <= stream.head;
    for (let i = stream.open(from > known ? from : known); ; i = stream.open(i + 1)) {
      const ask = stream.at(i);
      if (ask === undefined || ask.rank > bid.limit) return undefined;
      if (guard !== undefined) {
        const admitted = guard.admits(ask);
        if (admitted === undefined) round.complete = false;
        if (admitted !== true) {
          gapless &&= admitted === false;
          if (gapless) stream.admitted.set(guard, i + 1);
          // Within the batch's bound alone: a policy may refuse most of a market.
          if (--skips >= 0) continue;
          round.complete = false;
          return undefined;
        }
      }
      if (affiliated(bid, ask)) {
        if (isNewer(bid, ask)) {
          leaving.bids.add(bid);
          return undefined;
        }
        leaving.asks.set(ask.id, ask);
        supply.remove(stream.slot(i));
        continue;
      }
      const each = beyond(bid, ask);
      const need = each === 0n ? 0n : each * BigInt(bid.colocated);
      const served = withPremium(ask.base, ask.premium) <= bid.limit && keepsTerms(bid, ask) && ask.colocated >= bid.colocated && stream.left(i) >= bid.colocated &&
        (need === 0n || room(ask) >= need) && (bid.excluded.length === 0 || !bid.excluded.includes(ask.owner));
      if (served && !others.some((other) => other.owner === ask.owner || sameOrganization(other, ask) || shareOne(other.memberships, ask.memberships))) return i;
      gapless = false;
      skips--;
      own--;
      if (skips < 0 || own < 0) {
        round.complete = false;
        return undefined;
      }
    }
  };

  const takeBond = (bid: BidOrder, ask: AskOrder, tasks: number): void => {
    const need = beyond(bid, ask);
    if (need > 0n) bonds.set(ask.owner, (bonds.get(ask.owner) ?? 0n) + BigInt(tasks) * need);
  };

  const move = (b: number, { bid, ask, held, tasks }: Draft, of: number | readonly number[], sign: 1 | -1): void => {
    wants.take(b, sign * tasks);
    if (typeof of === "number") supply.take(of, sign * tasks);
    else for (const slot of of) supply.take(slot, sign * tasks);
    takeBond(bid, ask, sign * tasks);
    for (const other of held) takeBond(bid, other, sign * tasks);
    matched += sign * tasks;
  };

  const settle = (b: number, bid: BidOrder, stream: Stream, first: number, others: readonly number[], tasks: number): void => {
    assert(tasks > 0, "a fill without tasks");
    const fill: Draft = { bid, ask: stream.at(first)!, tasks, price: 0n, held: others.length === 0 ? noAsks : others.map((i) => stream.at(i)!) };
    const taken = others.length === 0 ? stream.slot(first) : [first, ...others].map((i) => stream.slot(i));
    move(b, fill, taken, 1);
    fills.push(fill);
    slots.push(taken);
    // Such a bid is never taken back.
    if (isUnconstrained(bid)) round.uniform = highestBase(fill, round.uniform ?? 0n);
  };

  /** The cheapest asks of distinct organizations that one task needs beside the first; undefined where there are too few. */
  const seatsBeside = (bid: BidOrder, stream: Stream, first: number): number[] | undefined => {
    const positions: number[] = [];
    const chosen = [stream.at(first)!];
    while (chosen.length < bid.replicas) {
      const i = find(bid, stream, (positions.at(-1) ?? first) + 1, chosen);
      if (i === undefined || leaving.bids.has(bid)) return undefined;
      positions.push(i);
      chosen.push(stream.at(i)!);
    }
    return positions;
  };

  /** Takes one ask's part of the bid, or one task's seats; false where nothing is left for it. */
  const step = (b: number, bid: BidOrder, stream: Stream): boolean => {
    stream.head = stream.open(stream.head);
    const first = find(bid, stream, stream.head, noAsks);
    if (first === undefined) return false;
    if (bid.replicas > 1) {
      const others = seatsBeside(bid, stream, first);
      if (others !== undefined) settle(b, bid, stream, first, others, 1);
      return others !== undefined;
    }
    if (bid.colocated > 1) {
      settle(b, bid, stream, first, none, bid.colocated);
      return true;
    }
    const need = beyond(bid, stream.at(first)!);
    const bond = need === 0n ? wants.left(b) : capped(room(stream.at(first)!) / need, wants.left(b));
    settle(b, bid, stream, first, none, Math.min(wants.left(b), stream.left(first), bond, limits.maxFills - matched));
    return true;
  };

  for (let b = 0; ; b++) {
    const bid = wants.at(b);
    if (bid === undefined) return round;
    const stream = streamOf(bid.profile);
    const { head } = stream;
    const mark = fills.length;
    if (bid.whole && wants.left(b) > limits.maxWhole) continue;
    // What fills whole waits for a batch that has room for it.
    if (matched >= limits.maxFills || (bid.whole && matched + wants.left(b) > limits.maxFills)) {
      round.cut = true;
      return round;
    }
    while (wants.left(b) > 0 && !leaving.bids.has(bid)) {
      if (matched >= limits.maxFills) {
        round.cut = true;
        return round;
      }
      if (!step(b, bid, stream)) break;
    }
    if (bid.whole && wants.left(b) > 0) {
      const back = slots.splice(mark);
      for (const [i, fill] of fills.splice(mark).entries()) move(b, fill, back[i]!, -1);
      stream.rewind(head);
    }
    if (wants.left(b) === 0 || leaving.bids.has(bid)) continue;
    stream.head = stream.open(stream.head);
    const cheapest = stream.at(stream.head);
    if (cheapest !== undefined && cheapest.rank <= bid.limit) continue;
    // Supply at its limit is used up: an unconditional bid marks the price, and no lower one can trade.
    if (isUnconstrained(bid)) {
      if (round.uniform === undefined || round.uniform < bid.limit) round.uniform = bid.limit;
      return round;
    }
    if (--skips < 0) {
      round.complete = false;
      return round;
    }
  }
}

function capped(value: bigint, most: number): number {
  return value < BigInt(most) ? Number(value) : most;
}

function sameOrganization(a: Order, b: Order): boolean {
  return a.organization !== "" && a.organization === b.organization;
}

function shareOne(a: readonly string[], b: readonly string[]): boolean {
  for (const one of a) if (b.includes(one)) return true;
  return false;
}

/** Of two orders accepted in one block the bid counts as the newer one. */
function isNewer(bid: BidOrder, ask: AskOrder): boolean {
  return bid.height >= ask.height;
}

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
  /** The levels of verification at which it serves, a bit each. */
  readonly levels: number;
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
  /** The bit of its level of verification; 0: none, as nothing is verified. */
  readonly level: number;
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

/** Whether the ask serves long enough and at the bid's level, and ends what it serves in no other way than the bid accepts. */
export function keepsTerms(bid: BidOrder, ask: AskOrder): boolean {
  return ask.until >= bid.end && ask.notice >= bid.notice && ask.acceptance >= bid.acceptance && (bid.level & ~ask.levels) === 0 && (bid.preemptible || !ask.preemptible);
}

const noAsks: readonly AskOrder[] = [];
const none: readonly number[] = [];

/** An order among its equals. */
interface Member {
  /** Its slot. */
  readonly index: number;
  readonly id: bigint;
  readonly hash: bigint;
  readonly size: number;
}

/** Orders that are equals, and what was taken of all of them. */
class Group {
  readonly #members: Member[] = [];
  #total = 0;
  taken = 0;

  add(member: Member): void {
    this.#members.push(member);
    this.#total += member.size;
  }

  /** Not all of it was served: its members must share. */
  get isPartial(): boolean {
    return this.#members.length > 1 && this.taken > 0 && this.taken < this.#total;
  }

  /** Writes what each member is due of what the group got, in the order of the hashes, where that is less than all of the member. */
  share(dues: Map<number, number>, seed: Uint8Array, label: Uint8Array): void {
    const members = this.#members.sort((a, b) => (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : a.id < b.id ? -1 : 1));
    const shares = proRata(members.map(({ size }) => size), this.taken, seeded(seed, label, members[0]!.id, BigInt(this.#total)));
    for (const [i, { index, size }] of members.entries()) if (shares[i]! < size) dues.set(index, shares[i]!);
  }
}

/** The groups of one side, and who is in which. */
class Groups {
  readonly #all: Group[] = [];
  /** By slot, up to the last one that is in a group: most orders have no equals. */
  readonly #of: (Group | undefined)[] = [];

  create(): Group {
    const group = new Group();
    this.#all.push(group);
    return group;
  }

  join(group: Group, member: Member): void {
    group.add(member);
    while (this.#of.length < member.index) this.#of.push(undefined);
    this.#of[member.index] = group;
  }

  of(index: number): Group | undefined {
    return index < this.#of.length ? this.#of[index] : undefined;
  }

  take(index: number, units: number): void {
    const group = this.of(index);
    if (group !== undefined) group.taken += units;
  }

  get unshared(): boolean {
    return this.#all.some((group) => group.isPartial);
  }

  /** Nothing is taken any more; gives what is due to those that cannot have all. */
  restart(seed: Uint8Array, label: Uint8Array): ReadonlyMap<number, number> {
    const dues = new Map<number, number>();
    for (const group of this.#all) {
      if (group.isPartial) group.share(dues, seed, label);
      group.taken = 0;
    }
    return dues;
  }
}

/** Pulls orders, one ahead: so that it shows which of them are of one place in the sequence. */
class Source<T extends Order> {
  readonly #source: Iterator<T>;
  readonly #seed: Uint8Array;
  /** What comes after the one that was taken. */
  next: T | undefined;

  constructor(source: Iterable<T>, seed: Uint8Array) {
    this.#source = source[Symbol.iterator]();
    this.#seed = seed;
    this.next = this.#pull();
  }

  #pull(): T | undefined {
    const step = this.#source.next();
    return step.done === true ? undefined : step.value;
  }

  take(): T | undefined {
    const order = this.next;
    if (order !== undefined) this.next = this.#pull();
    return order;
  }

  /** The order with those that come after it at the same place in the sequence, by hash. */
  takeTie(first: T, tied: (a: T, b: T) => boolean): readonly { readonly order: T; readonly hash: bigint }[] {
    const keyed = [{ order: first, hash: tieHash(this.#seed, first.id) }];
    for (let { next } = this; next !== undefined && tied(first, next); next = this.next) {
      keyed.push({ order: next, hash: tieHash(this.#seed, next.id) });
      this.next = this.#pull();
    }
    return keyed.sort((a, b) => (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : a.order.id < b.order.id ? -1 : 1));
  }
}

/** Orders of one place in the sequence: from, and up to without. */
interface Tie {
  readonly from: number;
  readonly to: number;
}

/** The sequence made anew: of each tie first what is due, then the rest of those that are due less than all. */
function placeAnew(length: number, ties: readonly Tie[], splits: (index: number) => boolean, add: (index: number, front: boolean) => void): void {
  let tie = 0;
  for (let from = 0, to = 0; from < length; from = to) {
    to = ties[tie]?.from === from ? ties[tie++]!.to : from + 1;
    for (let index = from; index < to; index++) add(index, splits(index));
    for (let index = from; index < to; index++) if (splits(index)) add(index, false);
  }
}

// The height first: of neighbours it is hardly ever the same, of prices one cannot tell.
const sameBidPlace = (a: BidOrder, b: BidOrder): boolean => a.height === b.height && a.limit === b.limit;
const sameAskPlace = (a: AskOrder, b: AskOrder): boolean => a.height === b.height && a.rank === b.rank && a.attributes === b.attributes;

/** How bids stand once equals share; before that each stands once, in the order in which they came. */
interface Shared {
  /** Which bid stands at a position, and whether only for its due. */
  readonly slots: readonly number[];
  readonly front: readonly boolean[];
  /** Bids that were in the sequence when it was made anew. */
  readonly orders: number;
  /** Of those that are due less than all, and what they took of it. */
  readonly dues: ReadonlyMap<number, number>;
  readonly taken: Map<number, number>;
}

/** The bids, pulled as far as they are looked at. Once equals share, a bid may stand at two positions: for its due, and for all. */
class Demand {
  readonly #source: Source<BidOrder>;
  readonly #seed: Uint8Array;
  readonly #orders: BidOrder[] = [];
  readonly #ties: Tie[] = [];
  readonly #groups = new Groups();
  #shared: Shared | undefined;

  constructor(bids: Iterable<BidOrder>, seed: Uint8Array) {
    this.#source = new Source(bids, seed);
    this.#seed = seed;
  }

  /** Which bid stands at the position; those behind the sequence that was made anew came later. */
  #slot(position: number): number {
    const shared = this.#shared;
    if (shared === undefined) return position;
    return position < shared.slots.length ? shared.slots[position]! : position - shared.slots.length + shared.orders;
  }

  at(position: number): BidOrder | undefined {
    const slot = this.#slot(position);
    return slot < this.#orders.length || this.#more() ? this.#orders[slot] : undefined;
  }

  /** What the bid wants at the position, before it takes anything there. */
  left(position: number): number {
    const slot = this.#slot(position);
    const { tasks } = this.#orders[slot]!;
    const due = this.#shared?.dues.get(slot);
    if (due === undefined) return tasks;
    return this.#shared!.front[position]! ? due : tasks - (this.#shared!.taken.get(slot) ?? 0);
  }

  take(position: number, tasks: number): void {
    const slot = this.#slot(position);
    this.#groups.take(slot, tasks);
    if (this.#shared?.dues.has(slot) === true) this.#shared.taken.set(slot, (this.#shared.taken.get(slot) ?? 0) + tasks);
  }

  #more(): boolean {
    const order = this.#source.take();
    if (order === undefined) return false;
    const { next } = this.#source;
    if (next === undefined || !sameBidPlace(order, next)) this.#orders[this.#orders.length] = order;
    else this.#addTie(order);
    return true;
  }

  #addTie(first: BidOrder): void {
    const from = this.#orders.length;
    // Of a tie, those that want the same share; what fills whole or not at all cannot.
    const groups = new Map<number, Group>();
    for (const { order, hash } of this.#source.takeTie(first, sameBidPlace)) {
      if (!order.whole) {
        const group = groups.get(order.profile) ?? this.#groups.create();
        groups.set(order.profile, group);
        this.#groups.join(group, { index: this.#orders.length, id: order.id, hash, size: order.tasks });
      }
      this.#orders[this.#orders.length] = order;
    }
    this.#ties.push({ from, to: this.#orders.length });
  }

  /** Equals were served in part: they must share. */
  get unshared(): boolean {
    return this.#groups.unshared;
  }

  /** Starts again; equals that could not all be served stand in the order of their shares: first what is each one's due, then the rest. */
  restart(label: Uint8Array): void {
    const dues = this.#groups.restart(this.#seed, label);
    const slots: number[] = [];
    const front: boolean[] = [];
    placeAnew(this.#orders.length, this.#ties, (slot) => dues.has(slot), (slot, isFront) => {
      slots.push(slot);
      front.push(isFront);
    });
    this.#shared = { slots, front, orders: this.#orders.length, dues, taken: new Map() };
  }
}

/** The asks of all profiles, each once, with what is taken of it. */
class Supply {
  readonly #seed: Uint8Array;
  /** An ask may stand in more than one stream. */
  readonly manyProfiles: boolean;
  /** By id; not kept where one profile sees them all. */
  readonly #slots: Map<bigint, number> | undefined;
  /** Of an ask that is gone, all. */
  readonly #taken: number[] = [];
  /** What was taken of those that are gone, before they went. */
  readonly #gone = new Map<number, number>();
  readonly #groups = new Groups();
  readonly #groupNames = new Map<string, Group>();
  /** Undefined until the equals' shares are known. */
  #dues: ReadonlyMap<number, number> | undefined;

  constructor(seed: Uint8Array, manyProfiles: boolean) {
    this.#seed = seed;
    this.manyProfiles = manyProfiles;
    this.#slots = manyProfiles ? new Map() : undefined;
  }

  /** The ask's slot, the same for every profile. */
  slotOf(ask: AskOrder): number {
    const known = this.#slots?.get(ask.id);
    if (known !== undefined) return known;
    const slot = this.#taken.length;
    this.#slots?.set(ask.id, slot);
    this.#taken[slot] = 0;
    return slot;
  }

  /** The ask has equals, of which this is one. */
  join(slot: number, ask: AskOrder, hash: bigint): void {
    if (this.#dues !== undefined || this.#groups.of(slot) !== undefined) return;
    const name = `${ask.base} ${ask.height} ${ask.kind}`;
    const group = this.#groupNames.get(name) ?? this.#groups.create();
    this.#groupNames.set(name, group);
    this.#groups.join(group, { index: slot, id: ask.id, hash, size: ask.units });
    group.taken += this.#gone.get(slot) ?? this.#taken[slot]!;
  }

  /** Units that may be taken: in front only what is due, behind that the rest too. */
  left(slot: number, { units }: AskOrder, front: boolean): number {
    return (front ? this.#dues!.get(slot)! : units) - this.#taken[slot]!;
  }

  take(slot: number, units: number): void {
    this.#taken[slot]! += units;
    this.#groups.take(slot, units);
  }

  remove(slot: number, { units }: AskOrder): void {
    this.#gone.set(slot, this.#taken[slot]!);
    this.#taken[slot] = units;
  }

  /** True where the ask is due less than all. */
  splits(slot: number): boolean {
    return this.#dues!.has(slot);
  }

  get unshared(): boolean {
    return this.#groups.unshared;
  }

  restart(label: Uint8Array): void {
    this.#dues = this.#groups.restart(this.#seed, label);
    this.#taken.fill(0);
    this.#gone.clear();
  }
}

/** The asks as one profile sees them, cheapest first. */
class Stream {
  readonly #supply: Supply;
  readonly #source: Source<AskOrder>;
  #orders: AskOrder[] = [];
  /** Undefined while a position is a slot: where one profile sees all asks, until equals share. */
  #slots: number[] | undefined;
  readonly #ties: Tie[] = [];
  /** Which positions hold only what is due; none until equals share. */
  #front: readonly boolean[] = [];
  /** Everything before it is used up. */
  head = 0;
  /** For each guard: everything before it is used up, or not admitted. So the asks that an organization refuses are passed over once, not by each of its bids. */
  readonly admitted = new Map<Guard, number>();

  constructor(asks: Iterable<AskOrder>, supply: Supply, seed: Uint8Array) {
    this.#supply = supply;
    this.#slots = supply.manyProfiles ? [] : undefined;
    this.#source = new Source(asks, seed);
  }

  #more(): boolean {
    const order = this.#source.take();
    if (order === undefined) return false;
    const { next } = this.#source;
    if (next === undefined || !sameAskPlace(order, next)) this.#add(order, this.#supply.slotOf(order));
    else this.#addTie(order);
    return true;
  }

  #add(order: AskOrder, slot: number): void {
    this.#orders[this.#orders.length] = order;
    if (this.#slots !== undefined) this.#slots[this.#slots.length] = slot;
  }

  #addTie(first: AskOrder): void {
    const from = this.#orders.length;
    for (const { order, hash } of this.#source.takeTie(first, sameAskPlace)) {
      const slot = this.#supply.slotOf(order);
      this.#supply.join(slot, order, hash);
      this.#add(order, slot);
    }
    this.#ties.push({ from, to: this.#orders.length });
  }

  at(index: number): AskOrder | undefined {
    return index < this.#orders.length || this.#more() ? this.#orders[index] : undefined;
  }

  slot(index: number): number {
    return this.#slots === undefined ? index : this.#slots[index]!;
  }

  left(index: number): number {
    return this.#supply.left(this.slot(index), this.#orders[index]!, index < this.#front.length && this.#front[index]!);
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
    const slots = orders.map((_, i) => this.slot(i));
    const front: boolean[] = [];
    [this.#orders, this.#slots, this.#front] = [[], [], front];
    placeAnew(orders.length, this.#ties, (i) => this.#supply.splits(slots[i]!), (i, isFront) => {
      this.#add(orders[i]!, slots[i]!);
      front.push(isFront);
    });
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

/** Fills, and whether they can all have one price. */
class Drafts {
  readonly #fills: Draft[] = [];
  /** Of all that were ever added. */
  #lowestLimit: bigint | undefined;
  #highestBase = 0n;
  #premiums = false;

  get length(): number {
    return this.#fills.length;
  }

  add(bid: BidOrder, ask: AskOrder, tasks: number, held: readonly AskOrder[]): void {
    if (this.#lowestLimit === undefined || bid.limit < this.#lowestLimit) this.#lowestLimit = bid.limit;
    this.#look(ask);
    for (const other of held) this.#look(other);
    this.#fills[this.#fills.length] = { bid, ask, tasks, price: 0n, held };
  }

  #look({ base, premium }: AskOrder): void {
    if (base > this.#highestBase) this.#highestBase = base;
    if (premium !== 0n) this.#premiums = true;
  }

  /** Takes back all from `length` on. */
  truncate(length: number): void {
    this.#fills.length = length;
  }

  priced(uniform: bigint): readonly Fill[] {
    // Between all bases and all limits it is the price of each; the orders of a large book are far away in memory by now.
    const isOne = !this.#premiums && this.#highestBase <= uniform && (this.#lowestLimit === undefined || uniform <= this.#lowestLimit);
    for (const fill of this.#fills) fill.price = isOne ? uniform : fillPrice(fill, uniform);
    return this.#fills;
  }
}

interface Leaving {
  readonly asks: Map<bigint, AskOrder>;
  readonly bids: Set<BidOrder>;
}

interface Round {
  readonly drafts: Drafts;
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
  const { leaving } = round;
  const uniform = round.drafts.length === 0 ? undefined : round.uniform;
  const fills = round.drafts.priced(uniform ?? 0n);
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

function highestBase({ ask, held }: Pick<Fill, "ask" | "held">, start: bigint): bigint {
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
  const round: Round = { drafts: new Drafts(), leaving: { asks: new Map(), bids: new Set() }, uniform: undefined, cut: false, complete: true };
  const { drafts, leaving } = round;
  /** What a bid that fills whole has taken, and where: so that it can be taken back. */
  const parts: { readonly first: number; readonly others: readonly number[]; readonly tasks: number }[] = [];
  /** Free bond taken in this batch, by provider; kept only where a stake exceeds what is set aside for the unit. */
  const bonds = new Map<string, bigint>();
  const beyond = (bid: BidOrder, ask: AskOrder): bigint => (bid.stake > ask.bond ? bid.stake - ask.bond : 0n);
  const room = (ask: AskOrder): bigint => ask.free - (bonds.get(ask.owner) ?? 0n);
  /** It would have traded with its own owner. */
  const leaves = (bid: BidOrder): boolean => leaving.bids.size > 0 && leaving.bids.has(bid);
  let matched = 0;
  let skips = limits.maxSkips;

  /** The next position at or below the limit, from one that is open on, that the bid may take a unit (or one place's units) of; `others` are in the task already. */
  const find = (bid: BidOrder, stream: Stream, from: number, others: readonly AskOrder[]): number | undefined => {
    const { guard } = bid;
    let own = limits.skipsPerUnit;
    const known = guard === undefined ? 0 : (stream.admitted.get(guard) ?? 0);
    // Nothing before the present position is open and admitted.
    let gapless = from <= known || from <= stream.head;
    for (let i = from >= known ? from : stream.open(known); ; i = stream.open(i + 1)) {
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
        supply.remove(stream.slot(i), ask);
        continue;
      }
      const each = beyond(bid, ask);
      const need = each === 0n ? 0n : each * BigInt(bid.colocated);
      const served = withPremium(ask.base, ask.premium) <= bid.limit && keepsTerms(bid, ask) && ask.colocated >= bid.colocated && stream.left(i) >= bid.colocated &&
        (need === 0n || room(ask) >= need) && (bid.excluded.length === 0 || !bid.excluded.includes(ask.owner));
      if (served && (others.length === 0 || !others.some((other) => other.owner === ask.owner || sameOrganization(other, ask) || shareOne(other.memberships, ask.memberships)))) return i;
      gapless = false;
      skips--;
      own--;
      if (skips < 0 || own < 0) {
        round.complete = false;
        return undefined;
      }
    }
  };

  const take = (bid: BidOrder, stream: Stream, i: number, tasks: number): void => {
    supply.take(stream.slot(i), tasks);
    const ask = stream.at(i)!;
    const need = beyond(bid, ask);
    if (need > 0n) bonds.set(ask.owner, (bonds.get(ask.owner) ?? 0n) + BigInt(tasks) * need);
  };

  /** Takes tasks of the bid to the asks at these positions, or back. */
  const move = (b: number, bid: BidOrder, stream: Stream, first: number, others: readonly number[], tasks: number): void => {
    wants.take(b, tasks);
    take(bid, stream, first, tasks);
    for (const i of others) take(bid, stream, i, tasks);
    matched += tasks;
  };

  const settle = (b: number, bid: BidOrder, stream: Stream, setsPrice: boolean, first: number, others: readonly number[], tasks: number): void => {
    assert(tasks > 0, "a fill without tasks");
    const ask = stream.at(first)!;
    const held = others.length === 0 ? noAsks : others.map((i) => stream.at(i)!);
    move(b, bid, stream, first, others, tasks);
    drafts.add(bid, ask, tasks, held);
    if (bid.whole) parts.push({ first, others, tasks });
    // Such a bid is never taken back.
    if (setsPrice) round.uniform = highestBase({ ask, held }, round.uniform ?? 0n);
  };

  /** The cheapest asks of distinct organizations that one task needs beside the first; undefined where there are too few. */
  const seatsBeside = (bid: BidOrder, stream: Stream, first: number): number[] | undefined => {
    const positions: number[] = [];
    const chosen = [stream.at(first)!];
    while (chosen.length < bid.replicas) {
      const i = find(bid, stream, stream.open((positions.at(-1) ?? first) + 1), chosen);
      if (i === undefined || leaves(bid)) return undefined;
      positions.push(i);
      chosen.push(stream.at(i)!);
    }
    return positions;
  };

  /** Takes one ask's part of the `left` tasks of the bid, or one task's seats; gives how many, 0 where nothing is there for them. */
  const step = (b: number, bid: BidOrder, stream: Stream, setsPrice: boolean, left: number): number => {
    stream.head = stream.open(stream.head);
    const first = find(bid, stream, stream.head, noAsks);
    if (first === undefined) return 0;
    let others = none;
    let tasks: number;
    if (bid.replicas > 1) {
      const seats = seatsBeside(bid, stream, first);
      if (seats === undefined) return 0;
      others = seats;
      tasks = 1;
    } else if (bid.colocated > 1) {
      tasks = bid.colocated;
    } else {
      const need = beyond(bid, stream.at(first)!);
      tasks = Math.min(need === 0n ? left : capped(room(stream.at(first)!) / need, left), stream.left(first), limits.maxFills - matched);
    }
    settle(b, bid, stream, setsPrice, first, others, tasks);
    return tasks;
  };

  for (let b = 0; ; b++) {
    const bid = wants.at(b);
    if (bid === undefined) return round;
    const stream = streamOf(bid.profile);
    const { head } = stream;
    const mark = drafts.length;
    const setsPrice = isUnconstrained(bid);
    let left = wants.left(b);
    if (bid.whole && left > limits.maxWhole) continue;
    // What fills whole waits for a batch that has room for it.
    if (matched >= limits.maxFills || (bid.whole && matched + left > limits.maxFills)) {
      round.cut = true;
      return round;
    }
    while (left > 0 && !leaves(bid)) {
      if (matched >= limits.maxFills) {
        round.cut = true;
        return round;
      }
      const tasks = step(b, bid, stream, setsPrice, left);
      if (tasks === 0) break;
      left -= tasks;
    }
    if (bid.whole) {
      if (left > 0) {
        for (const { first, others, tasks } of parts) move(b, bid, stream, first, others, -tasks);
        drafts.truncate(mark);
        stream.rewind(head);
      }
      parts.length = 0;
    }
    if (left === 0 || leaves(bid)) continue;
    stream.head = stream.open(stream.head);
    const cheapest = stream.at(stream.head);
    if (cheapest !== undefined && cheapest.rank <= bid.limit) continue;
    // Supply at its limit is used up: an unconditional bid marks the price, and no lower one can trade.
    if (setsPrice) {
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

/**
 * The batch auction once more, as the text of protocol section 2 reads: unit by unit over plain lists, without limits of work, as slow as it is simple.
 * Tests and benchmarks hold `matching.ts` against it.
 */
import { utf8 } from "../../codec/bytes.ts";
import { proRata, seeded, tieHash } from "./pro-rata.ts";
import type { AskOrder, BidOrder } from "./matching.ts";

export interface Match {
  readonly bid: BidOrder;
  /** The first replica's ask, then those of the others. */
  readonly asks: readonly AskOrder[];
  readonly price: bigint;
}

export interface Outcome {
  /** One for each task. */
  readonly matches: readonly Match[];
  readonly price: bigint | undefined;
  readonly leavingAsks: ReadonlySet<bigint>;
  readonly leavingBids: ReadonlySet<bigint>;
}

type Seats = readonly AskOrder[];
interface Task {
  readonly bid: BidOrder;
  readonly seats: Seats;
}
interface Round {
  readonly tasks: Task[];
  readonly unfilled: bigint | undefined;
  readonly leavingAsks: ReadonlySet<bigint>;
  readonly leavingBids: ReadonlySet<bigint>;
}
/** What of each order's size stands in front of its tie; the rest stands behind it. */
type Dues = ReadonlyMap<bigint, number>;

const most = (values: readonly bigint[]): bigint => values.reduce((a, b) => (a > b ? a : b));
const count = <T>(items: readonly T[], test: (item: T) => boolean): number => items.filter(test).length;
const isFree = (bid: BidOrder): boolean => bid.profile === 0 && !bid.whole && bid.colocated === 1 && bid.excluded.length === 0 && bid.guard === undefined;

/** `asksOf` gives the asks that a profile sees, in any order; so may the bids come. */
export function clearByTheBook(bids: readonly BidOrder[], asksOf: (profile: number) => readonly AskOrder[], seed: Uint8Array, membershipsOf: (owner: string) => readonly string[] = () => []): Outcome {
  const none: Dues = new Map();
  let round = allocate(bids, asksOf, seed, none, none, membershipsOf);
  // Equals that could not all be served share what they got.
  const all = new Map([...new Set(bids.map((bid) => bid.profile))].flatMap((profile) => asksOf(profile)).map((ask) => [ask.id, ask]));
  const got = { bid: (id: bigint) => count(round.tasks, ({ bid }) => bid.id === id), ask: (id: bigint) => count(round.tasks, ({ seats }) => seats.some((ask) => ask.id === id)) };
  const bidDues = share(bids.filter((bid) => !bid.whole), (bid) => `${bid.limit} ${bid.height} ${bid.profile}`, (bid) => bid.tasks, got.bid, seed, "bids");
  const askDues = share([...all.values()], (ask) => `${ask.base} ${ask.height} ${ask.kind}`, (ask) => ask.units, got.ask, seed, "asks");
  if (bidDues.size + askDues.size > 0) round = allocate(bids, asksOf, seed, bidDues, askDues, membershipsOf);
  const { tasks, unfilled, leavingAsks, leavingBids } = round;
  const setters = [...tasks.filter(({ bid }) => isFree(bid)).flatMap(({ seats }) => seats.map((ask) => ask.base)), ...(unfilled === undefined ? [] : [unfilled])];
  const uniform = setters.length === 0 ? 0n : most(setters);
  const matches = tasks.map(({ bid, seats }) => {
    const wanted = most(seats.map((ask) => most([uniform, ask.base]) + ask.premium));
    return { bid, asks: seats, price: wanted < bid.limit ? wanted : bid.limit };
  });
  const price = tasks.length === 0 ? undefined : setters.length > 0 ? uniform : most(tasks.flatMap(({ seats }) => seats.map((ask) => ask.base)));
  return { matches, price, leavingAsks, leavingBids };
}

/** What is due to each member of a group of which only a part was served. */
function share<T extends { readonly id: bigint }>(orders: readonly T[], name: (order: T) => string, size: (order: T) => number, got: (id: bigint) => number, seed: Uint8Array, label: string): Dues {
  const out = new Map<bigint, number>();
  for (const group of Array.from(new Set(orders.map(name)))) {
    const members = orders.filter((order) => name(order) === group).sort((a, b) => compare([tieHash(seed, a.id), a.id], [tieHash(seed, b.id), b.id]));
    const sizes = members.map(size);
    const total = sizes.reduce((a, b) => a + b, 0);
    const taken = members.reduce((sum, { id }) => sum + got(id), 0);
    if (members.length < 2 || taken === 0 || taken === total) continue;
    const dues = proRata(sizes, taken, seeded(seed, utf8(label), members[0]!.id, BigInt(total)));
    members.forEach(({ id }, i) => out.set(id, dues[i]!));
  }
  return out;
}

function compare(a: readonly bigint[], b: readonly bigint[]): number {
  for (let i = 0; i < a.length; i++) if (a[i]! !== b[i]!) return a[i]! < b[i]! ? -1 : 1;
  return 0;
}

/** Orders by place; of a tie, first what is due to each and then the rest, each time by hash. */
function sequence<T extends { readonly id: bigint }>(orders: readonly T[], place: (order: T) => readonly bigint[], size: (order: T) => number, dues: Dues, seed: Uint8Array): { order: T; upTo: number }[] {
  const parts = orders.flatMap((order) => {
    const due = dues.get(order.id) ?? size(order);
    return [{ order, upTo: due, behind: 0n }, ...(due < size(order) ? [{ order, upTo: size(order), behind: 1n }] : [])];
  });
  return parts.sort((a, b) => compare([...place(a.order), a.behind, tieHash(seed, a.order.id), a.order.id], [...place(b.order), b.behind, tieHash(seed, b.order.id), b.order.id]));
}

function allocate(bids: readonly BidOrder[], asksOf: (profile: number) => readonly AskOrder[], seed: Uint8Array, bidDues: Dues, askDues: Dues, membershipsOf: (owner: string) => readonly string[]): Round {
  const tasks: Task[] = [];
  const leavingAsks = new Set<bigint>();
  const leavingBids = new Set<bigint>();
  const taken = (ask: AskOrder): number => count(tasks, ({ seats }) => seats.some((one) => one.id === ask.id));
  const need = (bid: BidOrder, ask: AskOrder): bigint => (bid.stake > ask.bond ? bid.stake - ask.bond : 0n);
  const bonded = (owner: string): bigint => tasks.flatMap(({ bid, seats }) => seats.filter((ask) => ask.owner === owner).map((ask) => need(bid, ask))).reduce((a, b) => a + b, 0n);
  const queue = (profile: number): { order: AskOrder; upTo: number }[] => sequence(asksOf(profile), (ask) => [ask.rank, BigInt(ask.attributes), ask.height], (ask) => ask.units, askDues, seed);
  const queues = new Map<number, { order: AskOrder; upTo: number }[]>();

  /** The first ask that gives `units` in one place; "leave" where the bid would trade with an older order of its owner or of an affiliate. */
  const find = (bid: BidOrder, seats: Seats): AskOrder | "leave" | undefined => {
    if (!queues.has(bid.profile)) queues.set(bid.profile, queue(bid.profile));
    for (const { order: ask, upTo } of queues.get(bid.profile)!) {
      if (ask.rank > bid.limit) return undefined;
      const left = upTo - taken(ask);
      if (leavingAsks.has(ask.id) || left <= 0 || bid.guard?.admits(ask) === false) continue;
      if (ask.owner === bid.owner || (ask.organization !== "" && ask.organization === bid.organization) || ask.memberships.some((one) => membershipsOf(bid.owner).includes(one))) {
        if (bid.height >= ask.height) return "leave";
        leavingAsks.add(ask.id);
        continue;
      }
      const fits = ask.base + ask.premium <= bid.limit && ask.until >= bid.end && ask.notice >= bid.notice && ask.acceptance >= bid.acceptance && (bid.level === 0 || (ask.levels & bid.level) !== 0) && (!ask.preemptible || bid.preemptible) && ask.colocated >= bid.colocated && left >= bid.colocated;
      const bondFits = need(bid, ask) === 0n || ask.free - bonded(ask.owner) >= need(bid, ask) * BigInt(bid.colocated);
      const apart = seats.every((other) => other.owner !== ask.owner && (other.organization === "" || other.organization !== ask.organization) && !other.memberships.some((one) => ask.memberships.includes(one)));
      if (fits && bondFits && apart && !bid.excluded.includes(ask.owner)) return ask;
    }
    return undefined;
  };

  for (const { order: bid, upTo } of sequence(bids, (one) => [-one.limit, one.height], (one) => one.tasks, bidDues, seed)) {
    const before = tasks.length;
    let short = false;
    while (!short && !leavingBids.has(bid.id) && count(tasks, (task) => task.bid.id === bid.id) < upTo) {
      const seats: AskOrder[] = [];
      while (!short && seats.length < bid.replicas) {
        const found = find(bid, seats);
        if (found === "leave") leavingBids.add(bid.id);
        if (found === undefined || found === "leave") short = true;
        else seats.push(found);
      }
      if (!short) for (let i = 0; i < bid.colocated; i++) tasks.push({ bid, seats });
    }
    if (bid.whole && tasks.length - before < bid.tasks) tasks.splice(before);
    if (!short || leavingBids.has(bid.id) || !isFree(bid)) continue;
    const open = queues.get(bid.profile)!.some(({ order, upTo: end }) => order.rank <= bid.limit && !leavingAsks.has(order.id) && end > taken(order));
    if (!open) return { tasks, unfilled: bid.limit, leavingAsks, leavingBids };
  }
  return { tasks, unfilled: undefined, leavingAsks, leavingBids };
}

/** What protocol section 2 says of every batch, on generated books. `DCM_BOOKS` asks for another number of them, `DCM_FIRST_BOOK` for others. */
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { sha256 } from "../../codec/hash.ts";
import { uint64Bytes } from "../../codec/bytes.ts";
import { clear, keepsTerms, type AskOrder, type Batch, type BidOrder, type Fill } from "./matching.ts";
import { clearByTheBook } from "./matching-reference.ts";
import { ask, askPlace, bid, bidPlace, bookOf, boundless, clearBook, Dice, plainBook, randomBook, type RandomBook } from "./testing-books.ts";

const books = Number(process.env.DCM_BOOKS ?? 100_000);
const firstBook = Number(process.env.DCM_FIRST_BOOK ?? 0);

const seedOf = (number: number): Uint8Array => sha256(uint64Bytes(BigInt(number)));
const add = <K>(counts: Map<K, number>, name: K, n: number): void => void counts.set(name, (counts.get(name) ?? 0) + n);
const seatsOf = ({ ask, held }: Pick<Fill, "ask" | "held">): AskOrder[] => [ask, ...held];
const volumeOf = ({ fills }: Batch): number => fills.reduce((sum, { tasks }) => sum + tasks, 0);
const linesOf = ({ fills }: Batch): string[] => fills.map(({ bid, ask, held, tasks, price }) => `${bid.id} ${ask.id} ${held.map(({ id }) => id).join()} ${tasks} ${price}`);

/** The check on so many books, in turn; a failure says which book it was. */
function onBooks(count: number, check: (number: number) => void): void {
  for (let number = firstBook; number < firstBook + count; number++) {
    try {
      check(number);
    } catch (error) {
      if (error instanceof Error) error.message = `DCM_FIRST_BOOK=${number}: ${error.message}`;
      throw error;
    }
  }
}

const isFree = (one: BidOrder): boolean => one.profile === 0 && !one.whole && one.colocated === 1 && one.excluded.length === 0 && one.guard === undefined;

/** What an ask and a bid may not have in common. */
function affiliated(book: RandomBook, bid: BidOrder, ask: AskOrder): boolean {
  return bid.owner === ask.owner || (bid.organization !== "" && bid.organization === ask.organization) || ask.memberships.some((house) => book.membershipsOf(bid.owner).includes(house));
}

function agrees(batch: Batch, book: RandomBook, seed: Uint8Array): void {
  const slow = clearByTheBook(book.bids, (profile) => book.supply[profile]!, seed, book.membershipsOf);
  const [fast, want] = [new Map<string, number>(), new Map<string, number>()];
  for (const { bid, ask, held, tasks, price } of batch.fills) add(fast, `${bid.id} from ${[ask, ...held].map(({ id }) => id).join()} at ${price}`, tasks);
  for (const { bid, asks, price } of slow.matches) add(want, `${bid.id} from ${asks.map(({ id }) => id).join()} at ${price}`, 1);
  assert.equal(fast.size, want.size);
  for (const [line, tasks] of want) assert.equal(fast.get(line), tasks, line);
  assert.equal(batch.price, slow.price);
  const { asks, bids } = batch.selfTrades;
  assert.ok(asks.length === slow.leavingAsks.size && asks.every(({ id }) => slow.leavingAsks.has(id)) && bids.length === slow.leavingBids.size && bids.every(({ id }) => slow.leavingBids.has(id)), "others leave than by the text");
}

/** Units, bond and money that each order and provider has given; fails where a condition of either side is not kept. */
function keepsConditions(batch: Batch, book: RandomBook): { readonly asks: Map<bigint, number>; readonly bids: Map<bigint, number>; readonly bonds: Map<string, bigint> } {
  const [asks, bids, bonds] = [new Map<bigint, number>(), new Map<bigint, number>(), new Map<string, bigint>()];
  let [units, seated] = [0, 0];
  for (const fill of batch.fills) {
    const { bid, tasks, price } = fill;
    const seats = seatsOf(fill);
    assert.ok(tasks > 0 && tasks % bid.colocated === 0 && (bid.replicas === 1 || tasks === 1) && price <= bid.limit && seats.length === bid.replicas);
    add(bids, bid.id, tasks);
    for (const [i, seat] of seats.entries()) {
      assert.ok(book.supply[bid.profile]!.includes(seat), "an ask that the profile does not see");
      assert.ok(seat.base + seat.premium <= price, "below what the provider asks");
      assert.ok(keepsTerms(bid, seat) && seat.colocated >= bid.colocated && !bid.excluded.includes(seat.owner) && bid.guard?.admits(seat) !== false);
      assert.ok(!affiliated(book, bid, seat), "a self-trade");
      for (const other of seats.slice(0, i)) assert.ok(other.owner !== seat.owner && (seat.organization === "" || other.organization !== seat.organization) && !other.memberships.some((house) => seat.memberships.includes(house)), "two replicas of one hand");
      add(asks, seat.id, tasks);
      bonds.set(seat.owner, (bonds.get(seat.owner) ?? 0n) + (bid.stake > seat.bond ? bid.stake - seat.bond : 0n) * BigInt(tasks));
    }
    [units, seated] = [units + tasks * bid.replicas, seated + tasks * seats.length];
  }
  for (const { id, owner, units: size, free } of book.supply[0]!) assert.ok((asks.get(id) ?? 0) <= size && (bonds.get(owner) ?? 0n) <= free, `ask ${id} gives more than it has`);
  for (const { id, tasks, whole } of book.bids) {
    const got = bids.get(id) ?? 0;
    assert.ok(got <= tasks, `bid ${id} gets more than it wants`);
    assert.ok(!whole || batch.selfTrades.bids.some((one) => one.id === id) || got === 0 || got === tasks, `bid ${id} fills whole or not at all`);
  }
  assert.equal(Array.from(asks.values()).reduce((sum, one) => sum + one, 0), units, "a unit sold is a unit bought");
  assert.equal(seated, units);
  return { asks, bids, bonds };
}

/** min(limit, max(p*, base) + premium), p* from what a bid without conditions took, or wanted in vain. */
function keepsPrice({ fills, price }: Batch, book: RandomBook): void {
  if (fills.length === 0) return void assert.equal(price, undefined);
  const taken = new Map<bigint, number>();
  for (const { bid, tasks } of fills) add(taken, bid.id, tasks);
  const most = (values: readonly bigint[]): bigint => values.reduce((a, b) => (a > b ? a : b), 0n);
  const bases = most(fills.filter(({ bid }) => isFree(bid)).flatMap((fill) => seatsOf(fill).map(({ base }) => base)));
  const highest = most(fills.flatMap((fill) => seatsOf(fill).map(({ base }) => base)));
  const limits = most(book.bids.filter((bid) => isFree(bid) && (taken.get(bid.id) ?? 0) < bid.tasks).map(({ limit }) => limit));
  assert.ok(price! >= bases && (price! <= highest || price! <= limits), "p* is a base that traded or the limit of a bid that wanted more");
  const alone = bases === 0n && !fills.some((fill) => fill.price > most(seatsOf(fill).map((seat) => seat.base + seat.premium)));
  for (const fill of fills) {
    const wanted = most(seatsOf(fill).map((seat) => (alone || seat.base > price! ? seat.base : price!) + seat.premium));
    assert.equal(fill.price, wanted < fill.bid.limit ? wanted : fill.bid.limit);
  }
}

/** What leaves would have met an older order of the same hand. */
function leavesTheNewer({ selfTrades: { asks, bids } }: Batch, book: RandomBook): void {
  for (const one of bids) assert.ok(book.supply[one.profile]!.some((other) => other.height <= one.height && affiliated(book, one, other)), `bid ${one.id} leaves for nobody`);
  for (const one of asks) assert.ok(book.bids.some((other) => other.height < one.height && affiliated(book, other, one)), `ask ${one.id} leaves for nobody`);
}

/** The book after its batch. */
function rest(batch: Batch, book: RandomBook, used: ReturnType<typeof keepsConditions>): RandomBook {
  const gone = { asks: new Set(batch.selfTrades.asks.map(({ id }) => id)), bids: new Set(batch.selfTrades.bids.map(({ id }) => id)) };
  return {
    ...book,
    supply: book.supply.map((asks) => asks.map((one) => ({ ...one, units: one.units - (used.asks.get(one.id) ?? 0), free: one.free - (used.bonds.get(one.owner) ?? 0n) })).filter(({ id, units }) => units > 0 && !gone.asks.has(id))),
    bids: book.bids.map((one) => ({ ...one, tasks: one.tasks - (used.bids.get(one.id) ?? 0) })).filter(({ id, tasks }) => tasks > 0 && !gone.bids.has(id)),
  };
}

/** Looks at a batch with tight limits as it works: how many orders it reads, how often it asks a policy. */
function boundedWork(book: RandomBook, dice: Dice, seed: Uint8Array): void {
  const limits = { maxFills: dice.between(1, 12), skipsPerUnit: dice.between(0, 4), maxSkips: dice.between(0, 12), maxWhole: dice.between(1, 9) };
  const read = { asks: 0, bids: 0, asked: 0, wanted: 0 };
  function* counted<T>(orders: readonly T[], count: (order: T) => void): IterableIterator<T> {
    for (const order of orders) {
      count(order);
      yield order;
    }
  }
  const policies = new Map(book.bids.map(({ guard }) => [guard, guard === undefined ? undefined : { admits: (ask: AskOrder) => (read.asked++, guard.admits(ask)) }]));
  const bids = book.bids.map((one) => ({ ...one, guard: policies.get(one.guard) })).sort(bidPlace);
  const batch = clear({
    profiles: book.supply.map((_, i) => i), membershipsOf: book.membershipsOf,
    asks: (profile) => counted([...book.supply[profile]!].sort(askPlace), () => read.asks++),
    bids: counted(bids, (one) => {
      read.bids++;
      read.wanted += one.tasks * one.replicas;
    }),
  }, seed, limits);
  keepsConditions(batch, { ...book, bids });
  const matched = volumeOf(batch);
  assert.ok(matched <= limits.maxFills, `${matched} of ${limits.maxFills}`);
  for (const { bid } of batch.fills) assert.ok(!bid.whole || bid.tasks <= limits.maxWhole);
  // Two passes; in each, one look for each unit wanted, each bid's end, each order that leaves and each ask passed over.
  const looks = 2 * (read.wanted + read.bids + book.supply[0]!.length + limits.maxSkips + 1);
  assert.ok(read.asked <= looks, `asked ${read.asked} times, at most ${looks}`);
  if (matched < limits.maxFills && !bids.some(({ whole }) => whole)) assert.ok(!batch.cut, "cut by nothing");
}

/** Twenty asks in a row, of which one in eight may serve; bids that refuse the others by exclusion or by policy. */
function hedge(number: number): { readonly asks: readonly AskOrder[]; readonly bids: readonly BidOrder[] } {
  const dice = new Dice(number);
  return {
    asks: Array.from({ length: 20 }, (_, i) => ask(BigInt(i + 1), 1n, 1, dice.chance(88) ? { owner: "refused" } : {})),
    bids: Array.from({ length: dice.between(1, 4) }, (_, i) => bid(BigInt(i + 1), 9n, dice.between(1, 2), dice.chance(50) ? { excluded: ["refused"] } : {})),
  };
}

/** Where an ask is dearer for every profile than every limit, no profile reads on behind it and those tied with it, but for one look ahead. */
function readsNoDearer(book: RandomBook, seed: Uint8Array): void {
  const highest = book.bids.reduce((most, { limit }) => (limit > most ? limit : most), 0n);
  const within = new Set(book.supply.flatMap((asks) => asks.filter(({ rank }) => rank <= highest).map(({ id }) => id)));
  clear({
    profiles: book.supply.map((_, i) => i), membershipsOf: book.membershipsOf, bids: [...book.bids].sort(bidPlace),
    *asks(profile) {
      let first: AskOrder | undefined;
      let behind = 0;
      for (const one of [...book.supply[profile]!].sort(askPlace)) {
        if (first !== undefined && askPlace(first, one) !== 0) behind++;
        assert.ok(behind <= 1, `profile ${profile} reads on at ask ${one.id}`);
        if (!within.has(one.id)) first ??= one;
        yield one;
      }
    },
  }, seed, boundless);
}

/** The shortest reference, for books without conditions: where supply and demand cross, unit by unit. */
function crossing(asks: readonly AskOrder[], bids: readonly BidOrder[]): { volume: number; price: bigint | undefined; groups: Map<string, number> } {
  const supply = [...asks].sort(askPlace).flatMap((one) => Array.from({ length: one.units }, () => one));
  const demand = [...bids].sort(bidPlace).flatMap((one) => Array.from({ length: one.tasks }, () => one));
  let volume = 0;
  while (volume < supply.length && volume < demand.length && supply[volume]!.base <= demand[volume]!.limit) volume++;
  const groups = new Map<string, number>();
  for (const one of supply.slice(0, volume)) groups.set(`ask ${one.base} ${one.height}`, (groups.get(`ask ${one.base} ${one.height}`) ?? 0) + 1);
  for (const one of demand.slice(0, volume)) groups.set(`bid ${one.limit} ${one.height}`, (groups.get(`bid ${one.limit} ${one.height}`) ?? 0) + 1);
  if (volume === 0) return { volume, price: undefined, groups };
  const highestBase = supply[volume - 1]!.base;
  const unfilled = demand[volume]?.limit ?? 0n;
  return { volume, price: unfilled > highestBase ? unfilled : highestBase, groups };
}

describe("properties of clearing", function () {
  this.timeout(300_000);

  it(`MKT-60, 61, 11, 12, 13: ${books} books clear as the slow reference says; limits, sizes, windows, places, bond, profiles, distinct organizations, all-or-none; no self-trade, the newer leaves; units are conserved; one base price`, () => {
    let [traded, left, whole, several] = [0, 0, 0, 0];
    onBooks(books, (number) => {
      const book = randomBook(number);
      const seed = seedOf(number);
      const batch = clearBook(book, seed);
      agrees(batch, book, seed);
      keepsConditions(batch, book);
      keepsPrice(batch, book);
      leavesTheNewer(batch, book);
      traded += Number(batch.fills.length > 0);
      left += Number(batch.selfTrades.asks.length + batch.selfTrades.bids.length > 0);
      whole += Number(batch.fills.some(({ bid }) => bid.whole));
      several += Number(batch.fills.some(({ held }) => held.length > 0));
    });
    for (const [what, count, part] of [["trade", traded, 2], ["have self-trades", left, 20], ["fill a whole bid", whole, 20], ["fill replicas", several, 50]] as const) assert.ok(count >= books / part, `only ${count} of ${books} books ${what}`);
  });

  it(`MKT-18, 19: ${books} books with tight limits: no more is matched, read or asked than they allow, and every condition holds all the same`, () => {
    onBooks(books, (number) => {
      const book = randomBook(number);
      boundedWork(book, new Dice(number + 1_000_000_007), seedOf(number));
      readsNoDearer(book, seedOf(number));
    });
  });

  it(`MKT-18, 19: ${books} books in which most asks may not serve: a batch reads and asks after no more of them than it may pass over, and those that its bids take`, () => {
    onBooks(books, (number) => {
      const { asks, bids } = hedge(number);
      const dice = new Dice(number + 1_000_000_007);
      const limits = { ...boundless, skipsPerUnit: dice.between(0, 3), maxSkips: dice.between(0, 6) };
      const wanted = bids.reduce((sum, { tasks }) => sum + tasks, 0);
      let [read, asked] = [0, 0];
      const guard = { admits: ({ owner }: AskOrder) => (asked++, owner !== "refused") };
      clear({
        profiles: [0], membershipsOf: () => [], bids: bids.map((one) => (one.excluded.length > 0 ? one : { ...one, guard })),
        *asks() {
          for (const one of asks) {
            read++;
            yield one;
          }
        },
      }, seedOf(number), limits);
      // One is read ahead, and one is the first that the last bid finds too dear or no room to pass over.
      assert.ok(read <= wanted + limits.maxSkips + 3, `read ${read} asks, ${wanted} wanted, ${limits.maxSkips} to pass over`);
      assert.ok(asked <= wanted + bids.length + limits.maxSkips + 1, `asked ${asked} times`);
    });
  });

  it(`MKT-70: in ${books} books parking costs nobody a trade: what a batch left trades nothing when it is looked at again, and without the profiles that got nothing the others trade as before`, () => {
    onBooks(books, (number) => {
      const book = randomBook(number);
      const seed = seedOf(number);
      const batch = clearBook(book, seed);
      const again = clearBook(rest(batch, book, keepsConditions(batch, book)), seed);
      assert.deepEqual([again.fills.length, again.selfTrades.asks.length, again.selfTrades.bids.length], [0, 0, 0], "the batch left a trade behind");
      const served = new Set(batch.fills.map(({ bid }) => bid.profile));
      const parked = (one: BidOrder): boolean => one.profile !== 0 && !served.has(one.profile);
      if (!book.bids.some(parked) || batch.selfTrades.asks.length + batch.selfTrades.bids.length > 0) return;
      assert.deepEqual(linesOf(clearBook({ ...book, bids: book.bids.filter((one) => !parked(one)) }, seed)), linesOf(batch));
    });
  });

  it(`MKT-14: in ${books} books it changes nothing in which order the orders of one place come`, () => {
    onBooks(books, (number) => {
      const book = randomBook(number);
      const seed = seedOf(number);
      const dice = new Dice(number + 1_000_000_007);
      const { supply, membershipsOf } = book;
      const shuffled = clear({ profiles: supply.map((_, i) => i), asks: (profile) => dice.shuffled(supply[profile]!).sort(askPlace), bids: dice.shuffled(book.bids).sort(bidPlace), membershipsOf }, seed, boundless);
      const batch = clearBook(book, seed);
      assert.deepEqual(linesOf(shuffled), linesOf(batch));
      assert.equal(shuffled.price, batch.price);
    });
  });

  /** Tasks and units by what makes orders equals. */
  const groupsOf = ({ fills }: Batch): Map<string, number> => {
    const out = new Map<string, number>();
    for (const { ask, bid, tasks } of fills) {
      add(out, `ask ${ask.base} ${ask.height}`, tasks);
      add(out, `bid ${bid.limit} ${bid.height}`, tasks);
    }
    return out;
  };
  const sameMarket = (a: Batch, b: Batch): void => {
    assert.equal(a.price, b.price);
    const [one, other] = [groupsOf(a), groupsOf(b)];
    assert.equal(one.size, other.size);
    for (const [name, tasks] of one) assert.equal(other.get(name), tasks, name);
  };
  const perOrder = ({ fills }: Batch): Map<string, number> => {
    const out = new Map<string, number>();
    for (const { ask, bid, tasks } of fills) {
      add(out, `ask ${ask.id}`, tasks);
      add(out, `bid ${bid.id}`, tasks);
    }
    return out;
  };

  it(`MKT-10, 14: in ${books} books without conditions the price and each group's part are where supply and demand cross; messages of one block in another order (so that orders have each other's numbers) change no price, no volume and no group's part, and no order's part by more than one unit`, () => {
    onBooks(books, (number) => {
      const book = plainBook(number);
      const dice = new Dice(number + 1_000_000_007);
      const renumber = <T extends { readonly id: bigint; readonly height: bigint }>(orders: readonly T[]): Map<bigint, bigint> => {
        const heights = Array.from(new Set(orders.map(({ height }) => height)));
        return new Map(heights.flatMap((height) => {
          const ids = orders.filter((one) => one.height === height).map(({ id }) => id);
          return dice.shuffled(ids).map((to, i) => [ids[i]!, to] as const);
        }));
      };
      const [asks, bids] = [renumber(book.supply[0]!), renumber(book.bids)];
      const batch = clearBook(book, seedOf(number));
      const other = clearBook(bookOf(book.supply[0]!.map((one) => ({ ...one, id: asks.get(one.id)! })), book.bids.map((one) => ({ ...one, id: bids.get(one.id)! }))), seedOf(number));
      const want = crossing(book.supply[0]!, book.bids);
      assert.deepEqual([batch.price, volumeOf(batch)], [want.price, want.volume]);
      const groups = groupsOf(batch);
      assert.equal(groups.size, want.groups.size);
      for (const [name, tasks] of want.groups) assert.equal(groups.get(name), tasks, name);
      sameMarket(batch, other);
      const [before, after] = [perOrder(batch), perOrder(other)];
      for (const [from, to] of asks) assert.ok(Math.abs((before.get(`ask ${from}`) ?? 0) - (after.get(`ask ${to}`) ?? 0)) <= 1);
      for (const [from, to] of bids) assert.ok(Math.abs((before.get(`bid ${from}`) ?? 0) - (after.get(`bid ${to}`) ?? 0)) <= 1);
    });
  });

  for (const side of ["ask", "bid"] as const) {
    it(`MKT-15, 66: in ${books} books without conditions, splitting one ${side}, or merging what was split, changes no price, no volume and no group's part; each order's part is its exact share but for less than one unit; on average over the seeds splitting gains nothing`, () => {
      let [gained, squares, partial] = [0, 0, 0];
      onBooks(books, (number) => {
        const book = plainBook(number);
        const seed = seedOf(number);
        const dice = new Dice(number + 1_000_000_007);
        const split = <T extends AskOrder | BidOrder>(orders: readonly T[], size: (one: T) => number, part: (one: T, size: number) => T): { all: T[]; ids: Set<bigint>; one: T } => {
          const one = dice.pick(orders);
          const parts: T[] = [];
          for (let left = size(one), id = 100n + dice.big(0, 1_000); left > 0; id++) {
            const units = dice.between(1, left);
            parts.push({ ...part(one, units), id });
            left -= units;
          }
          return { all: [...orders.filter((other) => other !== one), ...parts], ids: new Set(parts.map(({ id }) => id)), one };
        };
        const asks = side === "ask" ? split(book.supply[0]!, ({ units }) => units, (one, units) => ({ ...one, units })) : undefined;
        const bids = side === "bid" ? split(book.bids, ({ tasks }) => tasks, (one, tasks) => ({ ...one, tasks })) : undefined;
        const { ids, one } = (asks ?? bids)!;
        const inParts = bookOf(asks?.all ?? book.supply[0]!, bids?.all ?? book.bids);
        const [whole, parts] = [clearBook(book, seed), clearBook(inParts, seed)];
        sameMarket(whole, parts);
        const [before, after] = [perOrder(whole), perOrder(parts)];
        for (const [batch, orders] of [[whole, book], [parts, inParts]] as const) sharesExactly(batch, orders);
        const gain = Array.from(ids).reduce((sum, id) => sum + (after.get(`${side} ${id}`) ?? 0), 0) - (before.get(`${side} ${one.id}`) ?? 0);
        for (const other of side === "ask" ? book.supply[0]! : book.bids) if (other !== one) assert.ok(Math.abs((before.get(`${side} ${other.id}`) ?? 0) - (after.get(`${side} ${other.id}`) ?? 0)) <= 1, "an equal loses more than one unit");
        [gained, squares, partial] = [gained + gain, squares + gain * gain, partial + Number(gain !== 0)];
      });
      assert.ok(partial > books / 100, `only ${partial} of ${books} books show a difference`);
      assert.ok(Math.abs(gained) <= 4.5 * Math.sqrt(squares), `splitting gains ${gained} units in ${partial} books`);
    });
  }

  /** Each order has, of what its equals got, its share by size, rounded up or down. */
  function sharesExactly(batch: Batch, book: RandomBook): void {
    const [groups, orders] = [groupsOf(batch), perOrder(batch)];
    const all = [
      ...book.supply[0]!.map(({ id, base, height, units }) => ({ name: `ask ${id}`, group: `ask ${base} ${height}`, size: units })),
      ...book.bids.map(({ id, limit, height, tasks }) => ({ name: `bid ${id}`, group: `bid ${limit} ${height}`, size: tasks })),
    ];
    const sizes = new Map<string, number>();
    for (const { group, size } of all) add(sizes, group, size);
    for (const { name, group, size } of all) {
      const share = (size * (groups.get(group) ?? 0)) / sizes.get(group)!;
      assert.ok(Math.abs((orders.get(name) ?? 0) - share) < 1, `${name} has ${orders.get(name) ?? 0}, its share is ${share}`);
    }
  }
});

import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { sha256 } from "../../codec/hash.ts";
import { utf8 } from "../../codec/bytes.ts";
import { clear, type AskOrder, type Batch, type BidOrder, type Guard } from "./matching.ts";
import { clearByTheBook } from "./matching-reference.ts";
import { proRata } from "./pro-rata.ts";

const seed = sha256(utf8("a seed"));
const limits = { maxFills: 100_000, skipsPerUnit: 1_000, maxSkips: 100_000, maxWhole: 100_000 };

const ask = (id: bigint, base: bigint, units: number, more: Partial<AskOrder> = {}): AskOrder => {
  const premium = more.premium ?? 0n;
  return { id, owner: `p${id}`, organization: "", height: id, base, premium, rank: base + premium, attributes: 0, units, colocated: 1, until: 100n, notice: 0n, acceptance: 0n, preemptible: false, bond: 0n, free: 1n << 60n, memberships: [], kind: "", ...more };
};
const bid = (id: bigint, limit: bigint, tasks: number, more: Partial<BidOrder> = {}): BidOrder => ({
  id, owner: `c${id}`, organization: "", height: id, limit, tasks, profile: 0, whole: (more.colocated ?? 1) > 1, colocated: 1, end: 0n, notice: 0n, acceptance: 0n, preemptible: false, replicas: 1, stake: 0n, excluded: [], guard: undefined, ...more,
});
const byAsk = (a: AskOrder, b: AskOrder): number =>
  a.rank !== b.rank ? (a.rank < b.rank ? -1 : 1) : a.attributes !== b.attributes ? a.attributes - b.attributes : a.height !== b.height ? (a.height < b.height ? -1 : 1) : a.id < b.id ? -1 : 1;
const byBid = (a: BidOrder, b: BidOrder): number => (a.limit !== b.limit ? (a.limit > b.limit ? -1 : 1) : a.height !== b.height ? (a.height < b.height ? -1 : 1) : a.id < b.id ? -1 : 1);
/** Asks of each profile; all of them where there is only profile 0. */
type Supply = readonly (readonly AskOrder[])[];
const none: readonly string[] = [];
const runAll = (supply: Supply, bids: readonly BidOrder[], more: Partial<typeof limits> = {}, membershipsOf: (owner: string) => readonly string[] = () => none): Batch =>
  clear({ profiles: supply.map((_, i) => i), asks: (profile) => [...(supply[profile] ?? [])].sort(byAsk), bids: [...bids].sort(byBid), membershipsOf }, seed, { ...limits, ...more });
const run = (asks: readonly AskOrder[], bids: readonly BidOrder[], more: Partial<typeof limits> = {}): Batch => runAll([asks], bids, more);
const filled = (batch: Batch): Map<string, number> => {
  const out = new Map<string, number>();
  for (const fill of batch.fills) {
    out.set(`bid ${fill.bid.id}`, (out.get(`bid ${fill.bid.id}`) ?? 0) + fill.tasks);
    for (const one of [fill.ask, ...fill.held]) out.set(`ask ${one.id}`, (out.get(`ask ${one.id}`) ?? 0) + fill.tasks);
  }
  return out;
};

/** The slow reference for books without conditions: unit by unit, straight from the text of section 2. */
function reference(asks: AskOrder[], bids: BidOrder[]): { volume: number; price: bigint | undefined; groups: Map<string, number> } {
  const supply = [...asks].sort(byAsk).flatMap((one) => Array.from({ length: one.units }, () => one));
  const demand = [...bids].sort(byBid).flatMap((one) => Array.from({ length: one.tasks }, () => one));
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

const askArb = fc.record({ base: fc.bigInt(1n, 12n), height: fc.bigInt(1n, 4n), units: fc.integer({ min: 1, max: 5 }) });
const bidArb = fc.record({ limit: fc.bigInt(1n, 12n), height: fc.bigInt(1n, 4n), tasks: fc.integer({ min: 1, max: 5 }) });
const bookArb = fc.tuple(fc.array(askArb, { maxLength: 14 }), fc.array(bidArb, { maxLength: 14 })).map(([a, b]) => ({
  asks: a.map((one, i) => ask(BigInt(i + 1), one.base, one.units, { height: one.height })),
  bids: b.map((one, i) => bid(BigInt(i + 1), one.limit, one.tasks, { height: one.height })),
}));
/** With owners on both sides, organizations, replicas, exclusions and scarce bond. */
const wildArb = fc.tuple(
  fc.array(fc.tuple(askArb, fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 2 }), fc.bigInt(0n, 30n)), { maxLength: 12 }),
  fc.array(fc.tuple(bidArb, fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 3 }), fc.subarray(["u1", "u2", "u3"]), fc.bigInt(0n, 12n)), { maxLength: 12 }),
).map(([a, b]) => ({
  asks: a.map(([one, owner, organization], i) => ask(BigInt(i + 1), one.base, one.units, { height: one.height, owner: `u${owner}`, organization: organization === 0 ? "" : `o${organization}`, bond: 2n, free: BigInt(owner * 5) })),
  bids: b.map(([one, owner, replicas, excluded, stake], i) => bid(BigInt(i + 1), one.limit, one.tasks, { height: one.height, owner: `u${owner}`, replicas, excluded, stake })),
}));

const add = (counts: Map<string, number>, name: string, n: number): void => void counts.set(name, (counts.get(name) ?? 0) + n);
/** Random books that the market-wide properties look at, each; `DCM_BOOKS` asks for more. */
const books = Number(process.env.DCM_BOOKS ?? 50_000);

/** Organizations' policies: those that refuse one provider, two, or all but two. */
const guards: readonly (Guard | undefined)[] = [undefined, undefined, refusing("u1"), refusing("u2", "u3"), refusing("u1", "u2", "u4"), refusing("u3", "u4", "u5")];

function refusing(...owners: string[]): Guard {
  return { admits: ({ owner }) => !owners.includes(owner) };
}

/** Who is a member of what: u1 and u6, u2 and u7, and u7 of both. */
const memberships: Readonly<Record<string, readonly string[]>> = { u1: ["h1"], u2: ["h2"], u6: ["h1"], u7: ["h1", "h2"] };
const membershipsOf = (owner: string): readonly string[] => memberships[owner] ?? none;

/** Everything at once: two profiles beside profile 0, one that requires "a" (1 to 3 more), one that likes "b"; and every other condition. */
const marketArb = fc.tuple(
  fc.array(fc.record({
    base: fc.bigInt(1n, 8n), height: fc.bigInt(1n, 3n), units: fc.integer({ min: 1, max: 5 }), owner: fc.integer({ min: 1, max: 5 }), organization: fc.integer({ min: 0, max: 3 }),
    a: fc.option(fc.bigInt(0n, 3n)), b: fc.option(fc.bigInt(0n, 4n)), colocated: fc.integer({ min: 1, max: 3 }), until: fc.bigInt(3n, 6n), notice: fc.bigInt(0n, 3n), acceptance: fc.bigInt(0n, 2n), preemptible: fc.boolean(), free: fc.bigInt(0n, 12n),
  }), { maxLength: 9 }),
  fc.array(fc.record({
    limit: fc.bigInt(1n, 10n), height: fc.bigInt(1n, 4n), tasks: fc.integer({ min: 1, max: 3 }), guard: fc.integer({ min: 0, max: 5 }), owner: fc.integer({ min: 1, max: 9 }), profile: fc.integer({ min: 0, max: 2 }),
    shape: fc.constantFrom("plain", "plain", "whole", "replicated", "colocated"), end: fc.bigInt(0n, 5n), notice: fc.bigInt(0n, 3n), acceptance: fc.bigInt(0n, 2n), preemptible: fc.boolean(), stake: fc.bigInt(0n, 4n), excluded: fc.subarray(["u1", "u2"]),
  }), { maxLength: 9 }),
).map(([a, b]) => {
  const worth = 2n;
  const offers = a.map((one, i) => ({
    a: one.a, b: one.b,
    ask: ask(BigInt(i + 1), one.base, one.units, {
      height: one.height, owner: `u${one.owner}`, organization: one.organization === 0 ? "" : `o${one.organization}`, attributes: Number(one.a !== null) + Number(one.b !== null), colocated: one.colocated,
      until: one.until, notice: one.notice, acceptance: one.acceptance, preemptible: one.preemptible, bond: 1n, free: BigInt(one.owner * 3), memberships: membershipsOf(`u${one.owner}`), kind: [one.a, one.b, one.colocated, one.until, one.notice, one.acceptance, one.preemptible].join(),
    }),
  }));
  return {
    supply: [
      offers.map((one) => one.ask),
      offers.filter((one) => one.a !== null).map((one) => ({ ...one.ask, premium: one.a!, rank: one.ask.base + one.a! })),
      offers.map((one) => (one.b === null || one.b > worth ? { ...one.ask } : { ...one.ask, premium: one.b, rank: one.ask.base + one.b - worth })),
    ],
    bids: b.map(({ shape, ...one }, i) => {
      const colocated = shape === "colocated" ? 2 : 1;
      return bid(BigInt(i + 1), one.limit, one.tasks * colocated, {
        height: one.height, owner: `u${one.owner}`, organization: one.owner === 9 ? "o1" : "", profile: one.profile, whole: shape === "whole" || shape === "colocated", colocated,
        replicas: shape === "replicated" ? 2 : 1, end: one.end, notice: one.notice, acceptance: one.acceptance, preemptible: one.preemptible, stake: one.stake, excluded: one.excluded, guard: guards[one.guard],
      });
    }),
  };
});

describe("batch clearing", () => {
  it("MKT-10: agrees with the slow reference on volume, price and what each group of equals gets", () => {
    fc.assert(fc.property(bookArb, ({ asks, bids }) => {
      const batch = run(asks, bids);
      const want = reference(asks, bids);
      assert.equal(batch.fills.reduce((sum, fill) => sum + fill.tasks, 0), want.volume);
      assert.equal(batch.price, want.price);
      const got = new Map<string, number>();
      for (const fill of batch.fills) {
        for (const key of [`ask ${fill.ask.base} ${fill.ask.height}`, `bid ${fill.bid.limit} ${fill.bid.height}`]) got.set(key, (got.get(key) ?? 0) + fill.tasks);
      }
      assert.deepEqual([...got].sort(), [...want.groups].sort());
      for (const fill of batch.fills) assert.equal(fill.price, want.price, "one uniform price");
    }), { numRuns: 500 });
  });

  it("MKT-11: trades nothing outside the limits of either side", () => {
    fc.assert(fc.property(wildArb, ({ asks, bids }) => {
      for (const fill of run(asks, bids).fills) {
        assert.ok(fill.price <= fill.bid.limit);
        for (const one of [fill.ask, ...fill.held]) assert.ok(one.base <= fill.price);
      }
    }), { numRuns: 500 });
  });

  it("MKT-12: fills no order beyond its size, no bond beyond what is free, each task from distinct organizations and never an excluded provider", () => {
    fc.assert(fc.property(wildArb, ({ asks, bids }) => {
      const batch = run(asks, bids);
      const got = filled(batch);
      for (const one of asks) assert.ok((got.get(`ask ${one.id}`) ?? 0) <= one.units);
      for (const one of bids) assert.ok((got.get(`bid ${one.id}`) ?? 0) <= one.tasks);
      const used = new Map<string, bigint>();
      for (const fill of batch.fills) {
        const all = [fill.ask, ...fill.held];
        assert.equal(all.length, fill.bid.replicas);
        assert.equal(new Set(all.map((one) => one.owner)).size, all.length);
        const organizations = all.map((one) => one.organization).filter((one) => one !== "");
        assert.equal(new Set(organizations).size, organizations.length);
        for (const one of all) {
          assert.ok(!fill.bid.excluded.includes(one.owner));
          const need = fill.bid.stake > one.bond ? (fill.bid.stake - one.bond) * BigInt(fill.tasks) : 0n;
          used.set(one.owner, (used.get(one.owner) ?? 0n) + need);
        }
      }
      for (const one of asks) assert.ok((used.get(one.owner) ?? 0n) <= one.free);
    }), { numRuns: 500 });
  });

  it("MKT-13: never trades an order with its own owner; the newer one leaves", () => {
    fc.assert(fc.property(wildArb, ({ asks, bids }) => {
      const batch = run(asks, bids);
      for (const fill of batch.fills) for (const one of [fill.ask, ...fill.held]) assert.notEqual(one.owner, fill.bid.owner);
    }), { numRuns: 500 });
    const old = run([ask(1n, 5n, 1, { owner: "x", height: 1n })], [bid(1n, 9n, 1, { owner: "x", height: 2n })]);
    assert.deepEqual([old.selfTrades.bids.length, old.selfTrades.asks.length], [1, 0]);
    const young = run([ask(1n, 5n, 1, { owner: "x", height: 3n }), ask(2n, 6n, 1)], [bid(1n, 9n, 1, { owner: "x", height: 2n })]);
    assert.deepEqual([young.selfTrades.bids.length, young.selfTrades.asks.length, young.fills[0]?.ask.id], [0, 1, 2n]);
  });

  it("MKT-14: does not depend on the order in which equals arrived in the block", () => {
    fc.assert(fc.property(wildArb, fc.nat(), ({ asks, bids }, turn) => {
      const rotate = <T>(list: T[]): T[] => [...list.slice(turn % (list.length || 1)), ...list.slice(0, turn % (list.length || 1))];
      const noId = <T extends { id: bigint; height: bigint }>(price: (one: T) => bigint) => (a: T, b: T): number => (price(a) !== price(b) ? (price(a) < price(b) ? -1 : 1) : a.height < b.height ? -1 : a.height > b.height ? 1 : 0);
      const sorted = run(asks, bids);
      const shuffled = clear({ profiles: [0], asks: () => rotate(asks).sort(noId((one) => one.base)), bids: rotate(bids).sort(noId((one) => -one.limit)), membershipsOf: () => none }, seed, limits);
      assert.deepEqual(shuffled.fills.map((one) => [one.bid.id, one.ask.id, one.tasks, one.price]), sorted.fills.map((one) => [one.bid.id, one.ask.id, one.tasks, one.price]));
    }), { numRuns: 300 });
  });

  it("MKT-15: equals share pro rata: averaged over the seed, each gets exactly its part, split or not", () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 5 }), fc.nat(), (demands, pick) => {
      const total = demands.reduce((a, b) => a + b, 0);
      const supply = pick % (total + 1);
      const sums = demands.map(() => 0);
      for (let u = 0; u < total; u++) {
        const shares = proRata(demands, supply, BigInt(u));
        assert.equal(shares.reduce((a, b) => a + b, 0), supply);
        shares.forEach((share, i) => {
          assert.ok(share >= 0 && share <= demands[i]!);
          sums[i]! += share;
        });
      }
      demands.forEach((demand, i) => assert.equal(sums[i], demand * supply));
    }));
  });

  it("MKT-15: three equal bids of 2 tasks over 3 units get 1 each", () => {
    const batch = run([ask(1n, 1n, 3)], [1n, 2n, 3n].map((id) => bid(id, 9n, 2, { height: 1n })));
    assert.deepEqual([...filled(batch)].filter(([key]) => key.startsWith("bid")).map(([, n]) => n), [1, 1, 1]);
  });

  it("MKT-16: an unfilled bid raises the price to its limit; without one the marginal ask sets it", () => {
    assert.equal(run([ask(1n, 3n, 1), ask(2n, 5n, 1)], [bid(1n, 9n, 1), bid(2n, 8n, 1)]).price, 5n);
    assert.equal(run([ask(1n, 3n, 1)], [bid(1n, 9n, 1), bid(2n, 8n, 1)]).price, 8n);
    assert.equal(run([ask(1n, 3n, 1), ask(2n, 7n, 1)], [bid(1n, 9n, 1), bid(2n, 6n, 1)]).price, 6n);
  });

  it("MKT-17: a task of k replicas is matched only where k organizations offer at or below its price", () => {
    const one = run([ask(1n, 3n, 5)], [bid(1n, 9n, 1, { replicas: 2 })]);
    assert.equal(one.fills.length, 0);
    const two = run([ask(1n, 3n, 5, { organization: "a" }), ask(2n, 4n, 5, { organization: "a" }), ask(3n, 6n, 1, { organization: "b" })], [bid(1n, 9n, 2, { replicas: 2 })]);
    assert.deepEqual(two.fills.map((fill) => [fill.ask.id, fill.held.map((held) => held.id), fill.price]), [[1n, [3n], 6n]]);
  });

  it("MKT-18: does no more than its limits allow, and says that it was cut", () => {
    const asks = Array.from({ length: 50 }, (_, i) => ask(BigInt(i + 1), 1n, 1));
    const batch = run(asks, [bid(1n, 9n, 40)], { maxFills: 10 });
    assert.deepEqual([batch.cut, batch.fills.length], [true, 10]);
    const skipping = run(asks, [bid(1n, 9n, 1, { stake: 1n << 61n }), bid(2n, 8n, 1)], { skipsPerUnit: 5 });
    assert.deepEqual(skipping.fills.map((fill) => fill.bid.id), [2n], "a bid that no bond can serve stops nobody");
  });

  it("MKT-19: pulls no more of the book than can trade", () => {
    let pulled = 0;
    function* many(): IterableIterator<AskOrder> {
      for (let i = 1n; ; i++) {
        pulled++;
        yield ask(i, i, 1);
      }
    }
    clear({ profiles: [0], asks: many, bids: [bid(1n, 3n, 10)], membershipsOf: () => none }, seed, limits);
    assert.ok(pulled <= 6, `pulled ${pulled}`);
  });

  it("MKT-60: agrees with the slow reference to the unit, on books with profiles, premiums, windows, co-location, fill-or-kill, replicas, exclusions, organizations' policies, orders of one owner or of affiliates, and scarce bond", function () {
    this.timeout(120_000);
    let traded = 0;
    fc.assert(fc.property(marketArb, ({ supply, bids }) => {
      const batch = runAll(supply, bids, {}, membershipsOf);
      const slow = clearByTheBook(bids, (profile) => supply[profile]!, seed, membershipsOf);
      const fast = new Map<string, number>();
      for (const { bid: { id }, ask: first, held, tasks, price } of batch.fills) add(fast, `${id} from ${[first, ...held].map((one) => one.id).join()} at ${price}`, tasks);
      const want = new Map<string, number>();
      for (const { bid: { id }, asks, price } of slow.matches) add(want, `${id} from ${asks.map((one) => one.id).join()} at ${price}`, 1);
      assert.deepEqual([...fast].sort(), [...want].sort());
      assert.equal(batch.price, slow.price);
      assert.deepEqual([batch.selfTrades.asks.map(({ id }) => id).sort(), batch.selfTrades.bids.map(({ id }) => id).sort()], [[...slow.leavingAsks].sort(), [...slow.leavingBids].sort()]);
      traded += batch.fills.length;
    }), { numRuns: books });
    assert.ok(traded > books / 2, `${traded} fills in ${books} books`);
  });

  it("MKT-61: whatever a book holds, its fills keep every limit, size, window, place, bond and profile, and all-or-none bids fill whole or not at all", function () {
    this.timeout(120_000);
    fc.assert(fc.property(marketArb, ({ supply, bids }) => {
      const batch = runAll(supply, bids, {}, membershipsOf);
      const units = new Map<string, number>();
      const bonds = new Map<string, bigint>();
      for (const { bid: one, ask: first, held, tasks, price } of batch.fills) {
        assert.ok(tasks > 0 && price <= one.limit);
        assert.equal(1 + held.length, one.replicas);
        for (const offer of [first, ...held]) {
          assert.ok(supply[one.profile]!.includes(offer), "an ask that the profile does not see");
          assert.ok(offer.base + offer.premium <= price && offer.until >= one.end && offer.notice >= one.notice && offer.acceptance >= one.acceptance && (one.preemptible || !offer.preemptible) && offer.colocated >= one.colocated && offer.owner !== one.owner && !one.excluded.includes(offer.owner) && one.guard?.admits(offer) !== false && !offer.memberships.some((house) => membershipsOf(one.owner).includes(house)));
          add(units, `ask ${offer.id}`, tasks);
          bonds.set(offer.owner, (bonds.get(offer.owner) ?? 0n) + (one.stake > offer.bond ? one.stake - offer.bond : 0n) * BigInt(tasks));
          assert.ok(bonds.get(offer.owner)! <= offer.free);
          assert.ok(units.get(`ask ${offer.id}`)! <= offer.units);
        }
        if (one.colocated > 1) assert.equal(tasks % one.colocated, 0);
        add(units, `bid ${one.id}`, tasks);
      }
      for (const one of bids) {
        const got = units.get(`bid ${one.id}`) ?? 0;
        assert.ok(got <= one.tasks && (!one.whole || got === 0 || got === one.tasks));
      }
      const open = batch.fills.filter(({ bid: one }) => one.profile === 0 && !one.whole && one.excluded.length === 0 && one.guard === undefined && one.replicas === 1 && one.colocated === 1);
      const base = new Set(open.filter(({ bid: one, price }) => price < one.limit).map(({ price }) => price));
      assert.ok(base.size <= 1, "unconstrained trades have one base price, but for limits below it");
    }), { numRuns: books });
  });

  it("MKT-62: an enclave goes to the bid that needs one, not to one that takes any ask", () => {
    const plain = ask(1n, 5n, 1);
    const enclave = ask(2n, 5n, 1, { height: 1n, attributes: 1, kind: "tee" });
    const inProfile = { ...enclave, premium: 2n, rank: 7n };
    const batch = runAll([[plain, enclave], [inProfile]], [bid(1n, 9n, 1), bid(2n, 8n, 1, { profile: 1 })]);
    assert.deepEqual(batch.fills.map((fill) => [fill.bid.id, fill.ask.id, fill.price]), [[1n, 1n, 5n], [2n, 2n, 7n]]);
  });

  it("MKT-63: constrained and all-or-none bids never set the price; alone, each trades at its ask", () => {
    const offers = [ask(1n, 3n, 2), ask(2n, 6n, 2)];
    const alone = runAll([offers, offers.map((one) => ({ ...one, premium: 1n, rank: one.base + 1n }))], [bid(1n, 20n, 3, { profile: 1 })]);
    assert.deepEqual(alone.fills.map(({ ask: { id }, price }) => [id, price]), [[1n, 4n], [2n, 7n]]);
    const killed = run([ask(1n, 3n, 2)], [bid(1n, 20n, 5, { whole: true }), bid(2n, 9n, 1)]);
    assert.deepEqual([killed.fills.map((fill) => fill.bid.id), killed.price], [[2n], 3n]);
  });

  it("MKT-64: what is liked counts its worth, is paid by its premium, and never beyond the limit", () => {
    const plain = ask(1n, 10n, 1);
    const liked = ask(2n, 12n, 1, { premium: 3n, rank: 7n, attributes: 1 });
    assert.deepEqual(runAll([[plain], [plain, liked]], [bid(1n, 20n, 1, { profile: 1 })]).fills.map(({ ask: { id }, price }) => [id, price]), [[2n, 15n]]);
    assert.deepEqual(runAll([[plain], [plain, liked]], [bid(1n, 14n, 1, { profile: 1 })]).fills.map(({ ask: { id }, price }) => [id, price]), [[1n, 10n]]);
  });

  it("MKT-65: tasks that belong together come to one ask with room for them", () => {
    const batch = run([ask(1n, 1n, 8, { colocated: 2 }), ask(2n, 5n, 8, { colocated: 4 })], [bid(1n, 9n, 8, { colocated: 4 })]);
    assert.deepEqual(batch.fills.map(({ ask: { id }, tasks }) => [id, tasks]), [[2n, 4], [2n, 4]]);
    assert.equal(run([ask(1n, 1n, 7, { colocated: 4 })], [bid(1n, 9n, 8, { colocated: 4 })]).fills.length, 0);
  });

  it("MKT-66: splitting or merging an ask changes what its owner sells by less than one unit, on average over seeds by nothing", () => {
    const others = [ask(10n, 5n, 4, { height: 1n }), ask(11n, 5n, 3, { height: 1n })];
    const demand = bid(1n, 9n, 6);
    const sold = (mine: readonly AskOrder[], at: Uint8Array): number =>
      clear({ profiles: [0], asks: () => [...mine, ...others].sort(byAsk), bids: [demand], membershipsOf: () => none }, at, limits).fills.filter((fill) => fill.ask.owner === "me").reduce((sum, fill) => sum + fill.tasks, 0);
    const whole = [ask(1n, 5n, 5, { height: 1n, owner: "me" })];
    const split = [1n, 2n, 3n, 4n, 5n].map((id) => ask(id, 5n, 1, { height: 1n, owner: "me" }));
    const sums = { whole: 0, split: 0 };
    const seeds = 2_000;
    for (let i = 0; i < seeds; i++) {
      const at = sha256(utf8(`seed ${i}`));
      sums.whole += sold(whole, at);
      sums.split += sold(split, at);
      assert.ok(Math.abs(sold(whole, at) - 2.5) < 1 && Math.abs(sold(split, at) - 2.5) < 1);
    }
    assert.ok(Math.abs(sums.whole - sums.split) / seeds < 0.06, `${sums.whole / seeds} whole, ${sums.split / seeds} split`);
  });

  it("ORG-10: serves a bid by those alone whom its organization admits; such a bid never sets the price", () => {
    const offers = [ask(1n, 3n, 2, { owner: "us" }), ask(2n, 7n, 2, { owner: "eu" })];
    const guard = refusing("us");
    const batch = run(offers, [bid(1n, 9n, 1, { guard }), bid(2n, 8n, 1)]);
    assert.deepEqual(batch.fills.map((fill) => [fill.bid.id, fill.ask.id, fill.price]), [[1n, 2n, 7n], [2n, 1n, 3n]]);
    assert.deepEqual([batch.price, batch.complete], [3n, true]);
    const nobody = run(offers, [bid(1n, 9n, 5, { guard: refusing("us", "eu") }), bid(2n, 4n, 1)]);
    assert.deepEqual(nobody.fills.map((fill) => [fill.bid.id, fill.ask.id, fill.price]), [[2n, 1n, 3n]]);
  });

  it("ORG-10: what an organization refuses is asked once for all its bids, any number of asks ahead of those that serve", () => {
    const refused = Array.from({ length: 2_000 }, (_, i) => ask(BigInt(i + 1), 1n, 1, { owner: i % 3 === 0 ? "us" : "cn", units: 1 + (i % 2) }));
    const served = Array.from({ length: 40 }, (_, i) => ask(BigInt(5_000 + i), 2n, 1, { owner: `eu${i}` }));
    let asked = 0;
    const guard: Guard = {
      admits({ owner }) {
        asked++;
        return owner.startsWith("eu");
      },
    };
    const batch = run([...refused, ...served], Array.from({ length: 40 }, (_, i) => bid(BigInt(i + 1), 9n, 1, { guard })), { skipsPerUnit: 5, maxSkips: 4_000 });
    assert.deepEqual([batch.fills.length, batch.complete], [40, true]);
    assert.ok(asked <= 2_040, `asked ${asked} times`);
  });

  it("ORG-10: an all-or-none bid that is taken back leaves to others of its organization what it had taken", () => {
    const guard = refusing("us");
    const offers = [ask(1n, 1n, 1, { owner: "eu" }), ask(2n, 2n, 1, { owner: "us" }), ask(3n, 3n, 1, { owner: "de" })];
    const batch = run(offers, [bid(1n, 9n, 3, { guard, whole: true }), bid(2n, 8n, 2, { guard })]);
    assert.deepEqual(batch.fills.map((fill) => [fill.bid.id, fill.ask.id]), [[2n, 1n], [2n, 3n]]);
  });

  it("ORG-16: orders of members of one organization do not trade with each other; the newer one leaves", () => {
    const houses: Readonly<Record<string, readonly string[]>> = { ann: ["acme", "union"], bob: ["acme"], eve: ["other"] };
    const of = (owner: string): readonly string[] => houses[owner] ?? none;
    const offer = (owner: string, height: bigint): AskOrder => ask(1n, 5n, 1, { owner, height, memberships: of(owner) });
    const cases: readonly [AskOrder, Partial<BidOrder>, readonly [fills: number, bids: number, asks: number]][] = [
      [offer("ann", 1n), { owner: "bob", height: 2n }, [0, 1, 0]], [offer("ann", 3n), { owner: "bob", height: 2n }, [0, 0, 1]], [offer("ann", 2n), { owner: "bob", height: 2n }, [0, 1, 0]],
      [offer("ann", 1n), { owner: "eve", height: 2n }, [1, 0, 0]], [offer("dan", 1n), { owner: "bob", height: 2n }, [1, 0, 0]],
    ];
    for (const [one, more, want] of cases) {
      const batch = runAll([[one]], [bid(1n, 9n, 1, more)], {}, of);
      assert.deepEqual([batch.fills.length, batch.selfTrades.bids.length, batch.selfTrades.asks.length], want);
    }
  });

  it("ORG-13: where the batch may not read any further, nobody unknown serves, and the batch says that it is not complete", () => {
    const guard: Guard = { admits: ({ owner }) => (owner === "unknown" ? undefined : true) };
    const batch = run([ask(1n, 1n, 1, { owner: "unknown" }), ask(2n, 2n, 1, { owner: "known" })], [bid(1n, 9n, 2, { guard }), bid(2n, 9n, 1)]);
    assert.deepEqual(batch.fills.map((fill) => [fill.bid.id, fill.ask.id]), [[1n, 2n], [2n, 1n]]);
    assert.equal(batch.complete, false);
  });
});

import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { sha256 } from "../../codec/hash.ts";
import { utf8 } from "../../codec/bytes.ts";
import { clear, type AskOrder, type Batch, type BidOrder } from "./matching.ts";
import { proRata } from "./pro-rata.ts";

const seed = sha256(utf8("a seed"));
const limits = { maxFills: 100_000, skipsPerUnit: 1_000, maxSkips: 100_000 };

const ask = (id: bigint, base: bigint, units: number, more: Partial<AskOrder> = {}): AskOrder => ({ id, owner: `p${id}`, organization: "", height: id, base, units, bond: 0n, free: 1n << 60n, ...more });
const bid = (id: bigint, limit: bigint, tasks: number, more: Partial<BidOrder> = {}): BidOrder => ({ id, owner: `c${id}`, organization: "", height: id, limit, tasks, replicas: 1, stake: 0n, excluded: [], ...more });
const byAsk = (a: AskOrder, b: AskOrder): number => (a.base !== b.base ? (a.base < b.base ? -1 : 1) : a.height !== b.height ? (a.height < b.height ? -1 : 1) : a.id < b.id ? -1 : 1);
const byBid = (a: BidOrder, b: BidOrder): number => (a.limit !== b.limit ? (a.limit > b.limit ? -1 : 1) : a.height !== b.height ? (a.height < b.height ? -1 : 1) : a.id < b.id ? -1 : 1);
const run = (asks: AskOrder[], bids: BidOrder[], more: Partial<typeof limits> = {}): Batch => clear([...asks].sort(byAsk), [...bids].sort(byBid), seed, { ...limits, ...more });
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
      const shuffled = clear(rotate(asks).sort(noId((one) => one.base)), rotate(bids).sort(noId((one) => -one.limit)), seed, limits);
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
    clear(many(), [bid(1n, 3n, 10)], seed, limits);
    assert.ok(pulled <= 6, `pulled ${pulled}`);
  });
});

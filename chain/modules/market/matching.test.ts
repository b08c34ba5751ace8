import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { sha256 } from "../../codec/hash.ts";
import { utf8 } from "../../codec/bytes.ts";
import { clear, type AskOrder, type Batch, type BidOrder, type Guard, type Limits } from "./matching.ts";
import { proRata } from "./pro-rata.ts";
import { ask, bid, bookOf, boundless as limits, clearBook } from "./testing-books.ts";

const seed = sha256(utf8("a seed"));
/** Asks of each profile; all of them where there is only profile 0. */
type Supply = readonly (readonly AskOrder[])[];
const none: readonly string[] = [];
const runAll = (supply: Supply, bids: readonly BidOrder[], more: Partial<Limits> = {}, membershipsOf: (owner: string) => readonly string[] = () => none): Batch => clearBook({ supply, bids, membershipsOf }, seed, more);
const run = (asks: readonly AskOrder[], bids: readonly BidOrder[], more: Partial<Limits> = {}): Batch => runAll([asks], bids, more);
const filled = (batch: Batch): Map<string, number> => {
  const out = new Map<string, number>();
  for (const fill of batch.fills) {
    out.set(`bid ${fill.bid.id}`, (out.get(`bid ${fill.bid.id}`) ?? 0) + fill.tasks);
    for (const one of [fill.ask, ...fill.held]) out.set(`ask ${one.id}`, (out.get(`ask ${one.id}`) ?? 0) + fill.tasks);
  }
  return out;
};

function refusing(...owners: string[]): Guard {
  return { admits: ({ owner }) => !owners.includes(owner) };
}

describe("batch clearing", () => {
  it("MKT-13: of two orders of one owner the newer one leaves", () => {
    const old = run([ask(1n, 5n, 1, { owner: "x", height: 1n })], [bid(1n, 9n, 1, { owner: "x", height: 2n })]);
    assert.deepEqual([old.selfTrades.bids.length, old.selfTrades.asks.length], [1, 0]);
    const young = run([ask(1n, 5n, 1, { owner: "x", height: 3n }), ask(2n, 6n, 1)], [bid(1n, 9n, 1, { owner: "x", height: 2n })]);
    assert.deepEqual([young.selfTrades.bids.length, young.selfTrades.asks.length, young.fills[0]?.ask.id], [0, 1, 2n]);
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
      clearBook(bookOf([...mine, ...others], [demand]), at).fills.filter((fill) => fill.ask.owner === "me").reduce((sum, fill) => sum + fill.tasks, 0);
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

import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { OrderStatus, TaskState, TimeInForce, type Ask, type Bid, type Candle, type Job, type Lease } from "../../codec/gen/dcm/market/v1/types.ts";
import type { GenesisState } from "../../codec/gen/dcm/market/v1/genesis.ts";
import type { Level, ProfileInfo } from "../../codec/gen/dcm/market/v1/query.ts";
import { testContext } from "../../runtime/testing.ts";
import { hour } from "./prices.ts";
import { authority, denom, fails, TestMarket } from "./testing.ts";

const book = { classId: "wasm.core", quoteDenom: denom };
const attribute = (key: string, value: string): { key: string; value: string } => ({ key, value });
const offering = (...premiums: [key: string, value: string, price: bigint][]): object => ({ premiums: premiums.map(([key, value, price]) => ({ attribute: attribute(key, value), price })) });
const requires = (...all: [key: string, value: string][]): object[] => all.map(([key, value]) => ({ attribute: attribute(key, value), attested: false, auditors: [] }));
const register = (m: TestMarket, registrant: string, wishes: object): number => m.send<{ profileId: number }>("MsgRegisterProfile", { registrant, ...book, requirements: [], preferences: [], ...wishes }).profileId;
const profileOf = (m: TestMarket, id: number): ProfileInfo => m.query<{ profiles: ProfileInfo[] }>("Profiles", book).profiles.find(({ profile }) => profile!.id === id)!;
const bidOf = (m: TestMarket, id: bigint): { bid: Bid; job: Job } => m.query("Job", { jobId: id });
const askOf = (m: TestMarket, id: bigint): Ask => m.query<{ ask: Ask }>("Ask", { askId: id }).ask;
const depth = (m: TestMarket, profileId = 0): { asks: [bigint, bigint][]; bids: [bigint, bigint][] } => {
  const { asks, bids } = m.query<{ asks: Level[]; bids: Level[] }>("Book", { ...book, levels: 0, profileId });
  const short = (levels: Level[]): [bigint, bigint][] => levels.map(({ price, units }) => [price, units]);
  return { asks: short(asks), bids: short(bids) };
};
const eu: [string, string] = ["zone", "eu"];
const gpu: [string, string] = ["gpu", "h100"];

function market(): { m: TestMarket; p: string; c: string } {
  const m = new TestMarket({ profileDeposit: 500n });
  return { m, p: m.provider("p", undefined, undefined, [gpu, eu]), c: m.fund("c") };
}

describe("profiles", () => {
  it("MKT-67: a bid of a profile is served by an ask that offers what it requires, and pays its premiums", () => {
    const { m, p, c } = market();
    m.ask(m.provider("plain"), 5n);
    const ask = m.ask(p, 10n, 1, offering([...gpu, 7n], [...eu, 2n]));
    const id = register(m, c, { requirements: requires(gpu) });
    m.block();
    const job = m.bid(c, 30n, { profileId: id });
    m.block(1_000n, 2);
    const { leases } = m.query<{ leases: Lease[] }>("Leases", { jobId: job, provider: "" });
    assert.deepEqual(leases.map((lease) => [lease.askId, lease.price, lease.attributes]), [[ask, 17n, [attribute(...gpu)]]]);
    assert.equal(m.task(job * 65_536n).state, TaskState.TASK_STATE_ASSIGNED);
  });

  it("MKT-67: what the provider no longer declares it cannot sell", () => {
    const { m, p, c } = market();
    m.ask(p, 10n, 1, offering([...gpu, 7n]));
    const id = register(m, c, { requirements: requires(gpu) });
    m.block();
    m.providers.get(p)!.attributes = [eu];
    const job = m.bid(c, 30n, { profileId: id });
    m.block(1_000n, 3);
    assert.equal(m.task(job * 65_536n).state, TaskState.TASK_STATE_OPEN);
  });

  it("MKT-67: where the profile wants it attested, the provider's word is not enough; when an attestation comes, its parked bids are looked at again", () => {
    const { m, p, c } = market();
    m.ask(p, 10n, 1, offering([...gpu, 7n]));
    const id = register(m, c, { requirements: [{ attribute: attribute(...gpu), attested: true, auditors: [] }] });
    m.block();
    const job = m.bid(c, 30n, { profileId: id });
    m.block(1_000n, 2);
    assert.equal(profileOf(m, id).demand!.parked, true);
    m.providers.get(p)!.attested.push("gpu=h100");
    m.setActive(p, true);
    m.block(1_000n, 2);
    assert.equal(m.task(job * 65_536n).state, TaskState.TASK_STATE_ASSIGNED);
  });

  it("MKT-68: are registered once, for a deposit, and retired when nobody uses them", () => {
    const { m, p, c } = market();
    const before = m.balances.get(c)!;
    const id = register(m, c, { requirements: requires(gpu) });
    assert.equal(m.balances.get(c), before - 500n);
    fails(() => m.bid(c, 30n, { profileId: id }), 27, /no profile 1 that is ready/);
    fails(() => register(m, p, { requirements: requires(gpu) }), 28, /use profile_id 1/);
    fails(() => register(m, c, {}), 2, /requirements is empty/);
    fails(() => register(m, c, { requirements: [{ attribute: attribute(...gpu), attested: false, auditors: [p] }] }), 2, /requirements.auditors is gpu; it must be empty, or the attribute attested/);
    fails(() => register(m, c, { requirements: [{ attribute: attribute(...gpu), attested: true, auditors: ["dcm1x"] }] }), 7, /invalid auditor address/, "sdk");
    fails(() => register(m, c, { requirements: requires(gpu), preferences: [{ attribute: attribute("gpu", "a100"), worth: 1n }] }), 2, /preferences is gpu/);
    m.block();
    const job = m.bid(c, 30n, { profileId: id });
    const retire = (signer: string): void => void m.send("MsgRetireProfile", { signer, ...book, profileId: id });
    fails(() => retire(c), 30, /1 jobs that have not ended use profile 1/);
    m.send("MsgCancelBid", { consumer: c, jobId: job });
    m.block();
    fails(() => retire(p), 31, /idle beyond tau/);
    fails(() => m.send("MsgRetireProfile", { signer: c, ...book, profileId: 9 }), 27, /no profile 9/);
    retire(c);
    assert.equal(m.balances.get(c)! + BigInt(bidOf(m, job).job.escrow!.storageDeposit), before);
    assert.equal(register(m, c, { requirements: requires(gpu) }), 2, "a number is never used again");
    m.block(8n * 24n * hour, 2);
    m.send("MsgRetireProfile", { signer: p, ...book, profileId: 2 });
    register(m, c, { requirements: requires(eu) });
    m.send("MsgRetireProfile", { signer: authority, ...book, profileId: 3 });
  });

  it("MKT-68: a book has 64 at most", () => {
    const { m, c } = market();
    for (let i = 0; i < 64; i++) register(m, c, { requirements: requires(["zone", `z${i}`]) });
    fails(() => register(m, c, { requirements: requires(eu) }), 29, /64 profiles, the most there may be/);
  });

  it("MKT-69: asks that are in the book are sorted in, a bounded number a block; those that come meanwhile at once", () => {
    const m = new TestMarket({ profileDeposit: 500n });
    const c = m.fund("c");
    const providers = Array.from({ length: 10 }, (_, i) => m.provider(`p${i}`, undefined, undefined, [eu]));
    for (const p of providers) for (let i = 0; i < 120; i++) m.ask(p, 10n + BigInt(i), 1, offering([...eu, 1n]));
    m.block();
    const id = register(m, c, { requirements: requires(eu) });
    m.block();
    assert.equal(profileOf(m, id).profile!.ready, false);
    m.ask(providers[0]!, 3n, 1, offering([...eu, 1n]));
    m.block();
    assert.equal(profileOf(m, id).profile!.ready, true);
    assert.deepEqual(depth(m, id).asks.slice(0, 2), [[4n, 1n], [11n, 10n]]);
    const { asks } = m.query<{ asks: Level[] }>("Book", { ...book, levels: 500, profileId: id });
    assert.equal(asks.reduce((sum, level) => sum + level.units, 0n), 1_201n);
  });

  it("MKT-70: bids of a profile that finds nothing are parked, cost later batches nothing, and come up again with its supply", () => {
    const { m, p, c } = market();
    const id = register(m, c, { requirements: requires(gpu) });
    m.block();
    const job = m.bid(c, 30n, { profileId: id });
    m.block(1_000n, 2);
    assert.deepEqual([profileOf(m, id).demand!.openBids, profileOf(m, id).demand!.parked], [1n, true]);
    m.ask(p, 5n);
    m.block(1_000n, 2);
    assert.equal(profileOf(m, id).demand!.parked, true, "an ask that it does not see changes nothing");
    m.ask(p, 5n, 1, offering([...gpu, 1n]));
    assert.equal(profileOf(m, id).demand!.parked, false);
    m.block(1_000n, 2);
    assert.equal(m.task(job * 65_536n).state, TaskState.TASK_STATE_ASSIGNED);
  });

  it("MKT-71: depth is that of the whole book, or as one profile sees it", () => {
    const { m, p, c } = market();
    m.ask(m.provider("plain"), 5n, 3);
    m.ask(p, 10n, 2, offering([...gpu, 7n]));
    const id = register(m, c, { requirements: requires(gpu) });
    m.block();
    m.bid(c, 4n);
    m.bid(c, 9n, { profileId: id }, { tasks: 2 });
    m.block();
    assert.deepEqual(depth(m), { asks: [[5n, 3n], [10n, 2n]], bids: [[9n, 2n], [4n, 1n]] });
    assert.deepEqual(depth(m, id), { asks: [[17n, 2n]], bids: [[9n, 2n]] });
  });
});

describe("orders", () => {
  it("MKT-72: fill-or-kill fills whole in its first batch, or leaves with all its money", () => {
    const { m, p, c } = market();
    m.ask(p, 5n, 3);
    m.block();
    const before = m.balances.get(c)!;
    const kill = m.bid(c, 9n, { timeInForce: TimeInForce.TIME_IN_FORCE_FOK }, { tasks: 4 });
    m.block(1_000n, 2);
    const killed = bidOf(m, kill);
    assert.equal(killed.bid.status, OrderStatus.ORDER_STATUS_EXPIRED);
    assert.equal(m.balances.get(c)! + BigInt(killed.job.escrow!.storageDeposit), before);
    const fill = m.bid(c, 9n, { timeInForce: TimeInForce.TIME_IN_FORCE_FOK }, { tasks: 3 });
    m.block(1_000n, 2);
    assert.equal(bidOf(m, fill).bid.status, OrderStatus.ORDER_STATUS_FILLED);
    assert.equal(askOf(m, 1n).freeUnits, 0);
  });

  it("MKT-73: an ask whose window has not begun is not in the book; one whose window ends too early takes no task", () => {
    const { m, p, c } = market();
    const later = m.ask(p, 5n, 1, { availableFrom: m.tau + 10_000n });
    m.ask(m.provider("short"), 4n, 1, { availableUntil: m.tau + 60_000n });
    m.block();
    assert.deepEqual(depth(m).asks, [[4n, 1n]]);
    const job = m.bid(c, 9n, {}, { duration: 60_000n });
    m.block(1_000n, 2);
    assert.equal(m.task(job * 65_536n).state, TaskState.TASK_STATE_OPEN);
    m.block(10_000n, 3);
    assert.equal(m.task(job * 65_536n).replicas[0]?.askId, later);
  });

  it("MKT-74: tasks that belong together are matched to one ask, all at once; one that is lost is not matched alone", () => {
    const { m, p, c } = market();
    m.ask(m.provider("apart"), 4n, 8);
    m.ask(p, 6n, 8, { maxColocated: 4 });
    m.block();
    const job = m.bid(c, 9n, { minColocated: 4 }, { tasks: 4 });
    m.block(1_000n, 2);
    const { tasks } = m.query<{ tasks: { state: TaskState; replicas: { provider: string }[] }[] }>("Tasks", { jobId: job, provider: "", state: 0 });
    assert.deepEqual(tasks.map(({ replicas }) => replicas[0]?.provider), [p, p, p, p]);
    m.block(30_000n, 3);
    assert.deepEqual(m.query<{ tasks: { state: TaskState }[] }>("Tasks", { jobId: job, provider: "", state: 0 }).tasks.map(({ state }) => state), Array(4).fill(TaskState.TASK_STATE_CLOSED));
  });

  it("MKT-75: an ask is replaced behind the batch, and queues as a new one", () => {
    const { m, p, c } = market();
    const ask = m.ask(p, 5n, 2);
    m.block();
    m.bid(c, 9n);
    m.block();
    m.send("MsgReplaceAsk", { provider: p, askId: ask, basePrice: 8n, premiums: [{ attribute: attribute(...gpu), price: 3n }], expiresTau: 0n });
    fails(() => m.send("MsgReplaceAsk", { provider: c, askId: ask, basePrice: 8n, premiums: [], expiresTau: 0n }), 12, /belongs to/);
    fails(() => m.send("MsgReplaceAsk", { provider: p, askId: ask, basePrice: 8n, premiums: [{ attribute: attribute("a", "b"), price: 0n }], expiresTau: 0n }), 32, /does not declare a=b/);
    m.block();
    assert.deepEqual([m.task(65_536n).price, askOf(m, ask).basePrice, askOf(m, ask).createdHeight], [5n, 8n, m.height - 1n]);
    assert.deepEqual(depth(m).asks, [[8n, 1n]]);
    assert.equal(m.named("EventAskReplaced").length, 1);
    m.send("MsgReplaceAsk", { provider: p, askId: ask, basePrice: 9n, premiums: [], expiresTau: 0n });
    m.send("MsgCancelAsk", { provider: p, askId: ask });
    fails(() => m.send("MsgReplaceAsk", { provider: p, askId: ask, basePrice: 8n, premiums: [], expiresTau: 0n }), 26, /being cancelled/);
    m.block();
    assert.deepEqual(depth(m).asks, [], "a cancellation wins");
  });

  it("MKT-76: a bid of which nothing is matched gets another limit behind the batch; escrow follows, and comes back where it is matched before", () => {
    const { m, p, c } = market();
    const start = m.balances.get(c)!;
    const job = m.bid(c, 9n, {}, { tasks: 2 });
    const deposit = BigInt(bidOf(m, job).job.escrow!.storageDeposit);
    const replace = (limitPrice: bigint): string => m.send<{ added: string }>("MsgReplaceBid", { consumer: c, jobId: job, limitPrice, expiresTau: 0n }).added;
    const perTask = (limit: bigint): bigint => limit * 10n + (limit * 10n + 99n) / 100n;
    m.block();
    assert.equal(BigInt(replace(20n)), 2n * (perTask(20n) - perTask(9n)));
    assert.equal(BigInt(replace(12n)), 2n * (perTask(12n) - perTask(9n)), "the last one counts");
    assert.equal(start - m.balances.get(c)!, deposit + 2n * perTask(12n));
    m.block();
    assert.deepEqual([bidOf(m, job).bid.limitPrice, depth(m).bids], [12n, [[12n, 2n]]]);
    replace(7n);
    m.block();
    assert.equal(start - m.balances.get(c)!, deposit + 2n * perTask(7n));
    m.ask(p, 7n, 1);
    m.block();
    replace(20n);
    m.block();
    assert.equal(bidOf(m, job).bid.limitPrice, 7n, "it was matched in that batch");
    assert.equal(start - m.balances.get(c)!, deposit + 2n * perTask(7n));
    fails(() => replace(20n), 33, /has tasks that are matched/);
  });
});

describe("orders that are replaced in masses", () => {
  it("MKT-199: a bid that is matched has what was paid for its higher limit back at once, however many replacements wait before it", () => {
    const m = new TestMarket({ maxSweep: 10 });
    const [p, c, crowd] = [m.provider("p"), m.fund("c"), m.fund("crowd")];
    const others = Array.from({ length: 10 }, () => m.bid(crowd, 1n));
    m.ask(p, 10n);
    const job = m.bid(c, 10n);
    m.block();
    const before = m.balances.get(c)!;
    const replaceAll = (): void => others.forEach((jobId, i) => m.send("MsgReplaceBid", { consumer: crowd, jobId, limitPrice: 1n + BigInt(i % 2), expiresTau: 0n }));
    replaceAll();
    m.send("MsgReplaceBid", { consumer: c, jobId: job, limitPrice: 30n, expiresTau: 0n });
    m.block();
    assert.equal(m.balances.get(c), before);
    replaceAll();
    // Else what is still held keeps the job from ending, and the worker from revealing.
    m.finish(job * 65_536n, p);
    m.block(1_000n, 3);
    assert.equal(bidOf(m, job).bid.limitPrice, 10n);
  });
});

describe("prices", () => {
  it("MKT-77: candles have open, high, low, close and volume of their interval, and a bounded history", () => {
    const m = new TestMarket({ candleHistory: 3 });
    const p = m.provider("p");
    const c = m.fund("c");
    m.ask(p, 5n);
    m.ask(p, 8n);
    m.bid(c, 20n);
    m.block(1_000n, 2);
    m.bid(c, 20n);
    m.block(1_000n, 2);
    const of = (interval: bigint): Candle[] => m.query<{ candles: Candle[] }>("Candles", { ...book, interval }).candles;
    const [first] = of(0n);
    assert.deepEqual([first!.open, first!.high, first!.low, first!.close, first!.units, first!.lots], [5n, 8n, 5n, 8n, 2n, 20n]);
    assert.equal(first!.startTau % 60_000n, 0n);
    for (let i = 0; i < 6; i++) {
      m.tau += 60_000n;
      m.ask(p, 5n);
      m.bid(c, 20n);
      m.block(1_000n, 2);
    }
    assert.deepEqual([of(60_000n).length, of(hour).length], [3, 1]);
    assert.throws(() => of(7n), /interval is 7; candles are of 60000, 3600000, 86400000 ms/);
  });

  it("MKT-78: the index counts what was settled with a fee, of a provider at most its locked stake, and forgets after a day", () => {
    const m = new TestMarket();
    const p = m.provider("p");
    const c = m.fund("c");
    m.ask(p, 500n);
    const settle = (): void => {
      const job = m.bid(c, 2_000n);
      m.block(1_000n, 2);
      m.finish(job * 65_536n, p);
      m.block();
    };
    const index = (): { price: bigint; value: string; lots: bigint; buckets: unknown[] } => m.query("Index", book);
    assert.deepEqual(index(), { price: 0n, value: "0", lots: 0n, buckets: [] });
    settle();
    assert.deepEqual([index().price, index().value, index().lots], [500n, "1000", 2n]);
    for (let i = 0; i < 20; i++) settle();
    assert.deepEqual([index().price, index().value], [500n, "5000"], "the stake of a task is 5,000: the same money does not count twice");
    m.block(hour, 2);
    settle();
    assert.equal(index().buckets.length, 2);
    m.block(26n * hour, 3);
    assert.deepEqual(index().buckets, []);
    const state = m.module.genesis!.export(testContext(m.stores)) as GenesisState;
    assert.deepEqual([state.index, state.indexShares], [[], []]);
  });
});

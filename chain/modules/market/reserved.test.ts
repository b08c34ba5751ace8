import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { OrderStatus, Term, TimeInForce, type Allotment, type Ask, type Bid, type Job, type Lease, type QuoteRequest } from "../../codec/gen/dcm/market/v1/types.ts";
import { initGenesis, memoryStores, testContext } from "../../runtime/testing.ts";
import { maxQuotes } from "./requests.ts";
import { authority, bidMessage, denom, fails, name, replicated, resultOf, saltChain, TestMarket } from "./testing.ts";

const IOC = { timeInForce: TimeInForce.TIME_IN_FORCE_IOC };
const FOK = { timeInForce: TimeInForce.TIME_IN_FORCE_FOK };

function askOf(market: TestMarket, askId: bigint): Ask {
  return market.query<{ ask: Ask }>("Ask", { askId }).ask;
}

function bidOf(market: TestMarket, bidId: bigint): Bid {
  return market.query<{ bid: Bid }>("Bid", { bidId }).bid;
}

function allotment(market: TestMarket, askId: bigint): Allotment {
  return market.query<{ allotment: Allotment }>("Allotment", { askId }).allotment;
}

function request(market: TestMarket, requester: string, more: object = {}): bigint {
  const message = { requester, classId: "wasm.core", quoteDenom: denom, resources: undefined, tasks: 2, lots: 10n, requirements: [], deadlineTau: 0n, organization: "", costTags: [], ...more };
  return market.send<{ requestId: bigint }>("MsgRequestQuotes", message).requestId;
}

function quote(market: TestMarket, provider: string, requestId: bigint, price: bigint, units = 1, more: object = {}): bigint {
  return market.send<{ askId: bigint }>("MsgQuote", { provider, requestId, price, units, expiresTau: 0n, maxAcceptanceWindow: 0n, levels: [], ...more }).askId;
}

describe("asks that are reserved for one account", () => {
  it("MKT-130: a reserved ask stands in no book, sets bond aside, and serves the bid that names it in the block after its acceptance, at its price", () => {
    const market = new TestMarket();
    const [seller, consumer] = [market.provider("seller"), market.fund("consumer")];
    const before = market.money;
    const askId = market.ask(seller, 7n, 2, { reservedFor: consumer });
    assert.equal(market.providers.get(seller)!.reserved, 2_000n);
    market.block();
    const book = market.query<{ asks: unknown[]; book: { openAsks: bigint } }>("Book", { classId: "wasm.core", quoteDenom: denom, levels: 0, profileId: 0 });
    assert.deepEqual([book.asks.length, book.book.openAsks], [0, 0n]);
    const job = market.bid(consumer, 20n, { askId }, { tasks: 2 });
    market.block();
    assert.equal(market.named("EventLeaseCreated").length, 0, "not in the block of its acceptance");
    market.block();
    const { leases } = market.query<{ leases: Lease[] }>("Leases", { jobId: job, provider: "" });
    assert.deepEqual(leases.map(({ askId: ask, units, price, term }) => [ask, units, price, term]), [[askId, 2, 7n, Term.TERM_SPOT]]);
    assert.equal(market.named("EventBatchCleared").length, 0);
    for (const task of [job * 65_536n, job * 65_536n + 1n]) market.finish(task, seller);
    market.block();
    assert.deepEqual(market.query<{ price: bigint }>("ReferencePrice", { classId: "wasm.core", quoteDenom: denom }).price, 0n);
    assert.equal(market.query<{ value: string }>("Index", { classId: "wasm.core", quoteDenom: denom }).value, "0");
    assert.deepEqual([askOf(market, askId).freeUnits, market.providers.get(seller)!.reserved], [2, 2_000n]);
    assert.equal(market.money, before);
  });

  it("MKT-130: a batch of the book passes a reserved ask over, and a draw does too", () => {
    const market = new TestMarket();
    const consumer = market.fund("consumer");
    market.ask(market.provider("seller"), 1n, 2, { reservedFor: market.fund("other") });
    market.bid(consumer, 20n);
    market.block(1_000n, 3);
    assert.equal(market.named("EventLeaseCreated").length, 0);
  });

  it("MKT-131: a bid may only name an open ask that is reserved for its consumer, at its price or above, and wants nothing of others", () => {
    const market = new TestMarket();
    const [seller, consumer, other] = [market.provider("seller"), market.fund("consumer"), market.fund("other")];
    const askId = market.ask(seller, 7n, 1, { reservedFor: consumer });
    const open = market.ask(seller, 7n);
    fails(() => market.bid(consumer, 7n, { askId: 99n }), 9, /no ask 99/);
    fails(() => market.bid(other, 7n, { askId }), 80, /reserved for/);
    fails(() => market.bid(consumer, 7n, { askId: open }), 80, /leave ask_id out/);
    fails(() => market.bid(consumer, 6n, { askId }), 81, /limit_price is 6; ask 1 takes 7/);
    fails(() => market.bid(consumer, 7n, { askId, profileId: 3 }), 3, /profile_id 3 with ask_id/);
    fails(() => market.bid(consumer, 7n, { askId, minColocated: 2 }, { tasks: 2 }), 3, /min_colocated/);
    fails(() => market.ask(seller, 7n, 1, { reservedFor: seller }), 2, /reserved_for/);
    fails(() => market.ask(seller, 7n, 1, { classId: "cpu.x64.small", reservedFor: consumer }), 3, /reserved_for with class cpu.x64.small, which is metered by time, is not served yet/);
    fails(() => market.deliveries.contract(testContext(market.stores), "cpu.x64.small", denom, "price", 1n), 3, /forwards with class cpu.x64.small/);
    fails(() => market.send("MsgReplaceAsk", { provider: seller, askId, basePrice: 9n, premiums: [], expiresTau: 0n }), 86, /ask 1/);
    const job = market.bid(consumer, 7n, { askId });
    fails(() => market.send("MsgReplaceBid", { consumer, jobId: job, limitPrice: 9n, expiresTau: 0n }), 86, /bid 1/);
    market.send("MsgCancelAsk", { provider: seller, askId });
    market.block(1_000n, 2);
    fails(() => market.bid(consumer, 7n, { askId }), 13, /cancelled/);
  });

  it("MKT-132: bids of one ask are served in turn as units come back; IOC and FOK bids leave with what is not there", () => {
    const market = new TestMarket();
    const [seller, consumer] = [market.provider("seller"), market.fund("consumer")];
    const askId = market.ask(seller, 7n, 1, { reservedFor: consumer });
    const [first, second] = [market.bid(consumer, 7n, { askId }, { tasks: 2 }), market.bid(consumer, 7n, { askId })];
    market.block(1_000n, 2);
    assert.equal(bidOf(market, first).nextTask, 1);
    market.finish(first * 65_536n, seller);
    market.block();
    market.finish(first * 65_536n + 1n, seller);
    market.block();
    assert.equal(bidOf(market, second).status, OrderStatus.ORDER_STATUS_FILLED);
    const [ioc, fok] = [market.bid(consumer, 7n, { askId, ...IOC }, { tasks: 2 }), market.bid(consumer, 7n, { askId, ...FOK }, { tasks: 2 })];
    market.finish(second * 65_536n, seller);
    market.block(1_000n, 2);
    assert.deepEqual([bidOf(market, ioc).status, bidOf(market, ioc).nextTask], [OrderStatus.ORDER_STATUS_EXPIRED, 2]);
    assert.equal(market.task(ioc * 65_536n).price, 7n);
    assert.equal(market.task(ioc * 65_536n + 1n).price, 0n);
    market.block();
    assert.equal(market.task(fok * 65_536n).price, 0n, "all or nothing");
  });

  it("MKT-132: a bid leaves, with all its money, where its ask closes, its provider may not be matched, lacks bond, or missed a task of it", () => {
    const market = new TestMarket();
    const [seller, poor, consumer] = [market.provider("seller"), market.provider("poor", 1_000n), market.fund("consumer")];
    const start = market.balances.get(consumer)!;
    const askId = market.ask(seller, 7n, 1, { reservedFor: consumer });
    market.setActive(seller, false);
    const silent = market.bid(consumer, 7n, { askId });
    market.block(1_000n, 2);
    assert.equal(bidOf(market, silent).status, OrderStatus.ORDER_STATUS_EXPIRED);
    market.setActive(seller, true);
    const small = market.bid(consumer, 1_000n, { askId: market.ask(poor, 1_000n, 1, { reservedFor: consumer }) });
    const missed = market.bid(consumer, 7n, { askId }, { tasks: 2 });
    market.block(1_000n, 2);
    assert.equal(bidOf(market, small).status, OrderStatus.ORDER_STATUS_EXPIRED);
    market.block(30_000n, 3);
    assert.equal(bidOf(market, missed).status, OrderStatus.ORDER_STATUS_EXPIRED, "its only provider is excluded");
    market.block(700_000_000n, 8);
    assert.equal(market.balances.get(consumer)!, start);
  });

  it("MKT-136: a bid that waits for lots is matched when a task leaves them, though its unit came back before", () => {
    const market = new TestMarket();
    const [consumer, seller, other] = [market.fund("consumer"), market.provider("seller"), market.provider("other")];
    market.ask(other, 5n);
    const askId = quote(market, seller, request(market, consumer), 7n, 2);
    const salts = saltChain(3);
    const first = market.bid(consumer, 7n, { ...replicated(salts), askId, lots: 12n }, { duration: 1_200n });
    const second = market.bid(consumer, 7n, { askId, lots: 12n }, { duration: 1_200n });
    market.block(1_000n, 5);
    market.send("MsgRevealSalt", { consumer, jobId: first, salt: salts[1]! });
    market.block();
    for (const one of [seller, other]) market.start(first * 65_536n, one);
    for (const one of [seller, other]) market.commit(first * 65_536n, one);
    market.reveal(first * 65_536n, seller);
    market.block(1_000n, 2);
    assert.deepEqual([allotment(market, askId).taken, bidOf(market, second).nextTask], [12n, 0]);
    market.reveal(first * 65_536n, other);
    market.block(1_000n, 2);
    assert.deepEqual([allotment(market, askId).served, allotment(market, askId).taken, bidOf(market, second).nextTask], [2n, 12n, 1]);
  });

  it("MKT-133: requests for quotes: what they ask, who answers, what is refused, and the deposit", () => {
    const market = new TestMarket();
    const [consumer, seller] = [market.fund("consumer"), market.provider("seller", 10_000_000n, name("seller"), [["zone", "a"]])];
    const start = market.balances.get(consumer)!;
    const id = request(market, consumer, { requirements: [{ key: "zone", value: "a" }], resources: { cpuMilli: 4_000, memoryBytes: 1n << 30n, storageBytes: 0n } });
    const { request: stored } = market.query<{ request: QuoteRequest }>("QuoteRequest", { requestId: id });
    assert.equal(start - market.balances.get(consumer)!, BigInt(stored.storageDeposit));
    fails(() => request(market, consumer, { classId: "cpu.x64.small" }), 3, /quotes with class cpu.x64.small, which is metered by time/);
    fails(() => request(market, consumer, { quoteDenom: "uusd" }), 6, /uusd/);
    fails(() => request(market, consumer, { resources: { cpuMilli: 999, memoryBytes: 0n, storageBytes: 0n } }), 2, /resources\.cpu_milli is 999/);
    fails(() => request(market, consumer, { resources: { cpuMilli: 1_024_001, memoryBytes: 0n, storageBytes: 0n } }), 2, /from 1000 to 1024000/);
    fails(() => request(market, consumer, { classId: "no.such" }), 4, /no\.such/);
    fails(() => request(market, consumer, { deadlineTau: 1n }), 2, /deadline_tau/);
    fails(() => quote(market, market.provider("elsewhere"), id, 5n), 32, /zone=a/);
    fails(() => quote(market, market.fund("nobody"), id, 5n), 7, /not an active provider/);
    fails(() => quote(market, seller, 99n, 5n), 82, /99/);
    fails(() => quote(market, seller, id, 5n, 3), 2, /units is 3/);
    const askId = quote(market, seller, id, 5n, 2);
    assert.equal(market.providers.get(seller)!.reserved, 2_000n);
    fails(() => quote(market, seller, id, 4n), 85, /ask 1/);
    market.provider("seller", 10_000_000n, name("seller"), [["zone", "a"]]);
    const own = request(market, seller);
    fails(() => quote(market, seller, own, 5n), 83, /own/);
    fails(() => market.send("MsgCancelRequest", { requester: market.fund("other"), requestId: id }), 12, /request 1/);
    assert.equal(market.query<{ quotes: Ask[] }>("Quotes", { requestId: id }).quotes[0]!.id, askId);
    assert.equal(market.query<{ requests: unknown[] }>("QuoteRequests", {}).requests.length, 2);
  });

  it("MKT-134: naming a quote accepts it: the others leave, the job runs, lots that it does not use serve another", () => {
    const market = new TestMarket();
    const consumer = market.fund("consumer");
    const sellers = ["a", "b", "c"].map((label) => market.provider(label));
    const before = market.money;
    const id = request(market, consumer);
    const asks = sellers.map((seller, i) => quote(market, seller, id, BigInt(5 + i), 2));
    fails(() => market.bid(consumer, 9n, { askId: asks[1]! }, { tasks: 3 }), 87, /30 lots; ask 2 has 20 left/);
    const job = market.bid(consumer, 9n, { askId: asks[1]! }, { tasks: 2 });
    assert.deepEqual(asks.map((ask) => askOf(market, ask).status), [OrderStatus.ORDER_STATUS_CANCELLED, OrderStatus.ORDER_STATUS_OPEN, OrderStatus.ORDER_STATUS_CANCELLED]);
    assert.equal(market.providers.get(sellers[0]!)!.reserved, 0n);
    assert.equal(market.query<{ requests: unknown[] }>("QuoteRequests", {}).requests.length, 0);
    market.block(1_000n, 2);
    for (const i of [0n, 1n]) market.finish(job * 65_536n + i, sellers[1]!, resultOf("right", 3_000_000_000n));
    market.block();
    assert.deepEqual(allotment(market, asks[1]!), { askId: asks[1]!, lots: 20n, taken: 0n, served: 6n, failed: 0n, voided: 0n, positionId: 0n });
    const more = market.bid(consumer, 9n, { askId: asks[1]!, lots: 14n }, { duration: 1_400n });
    market.block(1_000n, 2);
    market.finish(more * 65_536n, sellers[1]!, resultOf("right", 99_000_000_000n));
    market.block();
    assert.equal(askOf(market, asks[1]!).status, OrderStatus.ORDER_STATUS_FILLED, "nothing is left to serve");
    assert.equal(market.providers.get(sellers[1]!)!.reserved, 0n);
    market.block(700_000_000n, 6);
    assert.equal(market.money, before);
    assert.equal(market.balances.get(name("market")) ?? 0n, 0n);
  });

  it("MKT-135: a request ends at its deadline and its quotes at their own; cancelling ends both; at most so many quotes", () => {
    const market = new TestMarket();
    const consumer = market.fund("consumer");
    const start = market.balances.get(consumer)!;
    const id = request(market, consumer, { deadlineTau: market.tau + 5_000n });
    const asks = Array.from({ length: maxQuotes }, (_, i) => quote(market, market.provider(`p${i}`), id, 5n, 1, { expiresTau: market.tau + 20_000n }));
    fails(() => quote(market, market.provider("late"), id, 5n), 84, /32 quotes/);
    market.block(6_000n, 2);
    fails(() => quote(market, market.provider("late"), id, 5n), 82, /request for quotes 1/);
    assert.equal(market.balances.get(consumer)!, start, "the deposit is back");
    assert.equal(askOf(market, asks[0]!).status, OrderStatus.ORDER_STATUS_OPEN);
    const job = market.bid(consumer, 5n, { askId: asks[3]! });
    assert.equal(askOf(market, asks[0]!).status, OrderStatus.ORDER_STATUS_CANCELLED);
    market.block(1_000n, 2);
    market.block(15_000n, 2);
    assert.equal(askOf(market, asks[3]!).status, OrderStatus.ORDER_STATUS_EXPIRED);
    assert.equal(market.query<{ job: { tasksClosed: number } }>("Job", { jobId: job }).job.tasksClosed, 0, "what was matched goes on");
    const second = request(market, consumer);
    const standing = quote(market, market.provider("again"), second, 5n);
    market.send("MsgCancelRequest", { requester: consumer, requestId: second });
    assert.equal(askOf(market, standing).status, OrderStatus.ORDER_STATUS_CANCELLED);
  });

  it("MKT-136: what a task leaves of an allotment: paid lots are served, missed ones failed, declined ones nobody's", () => {
    const market = new TestMarket();
    const consumer = market.fund("consumer");
    const seller = market.provider("seller");
    const delivery = { positionId: 9n, provider: seller, holder: consumer, classId: "wasm.core", quoteDenom: denom, price: 7n, units: 4, lots: 10n, untilTau: market.tau + 60_000n };
    const askId = market.deliver(delivery)!;
    const job = market.bid(consumer, 7n, { askId }, { tasks: 1 });
    const [missed, declined] = [market.bid(consumer, 7n, { askId }), market.bid(consumer, 7n, { askId })];
    market.block(1_000n, 2);
    assert.equal(market.query<{ leases: Lease[] }>("Leases", { jobId: job, provider: "" }).leases[0]!.term, Term.TERM_FORWARD);
    market.finish(job * 65_536n, seller, resultOf("right", 4_000_000_000n));
    market.send("MsgDeclineTask", { worker: seller, provider: seller, taskId: declined * 65_536n, reason: "" });
    market.block(25_000n, 2);
    assert.deepEqual(allotment(market, askId), { askId, lots: 40n, taken: 0n, served: 4n, failed: 10n, voided: 10n, positionId: 9n });
    assert.equal(bidOf(market, missed).status, OrderStatus.ORDER_STATUS_EXPIRED);
    market.setActive(seller, false);
    market.bid(consumer, 7n, { askId, lots: 2n });
    market.block(1_000n, 2);
    assert.equal(allotment(market, askId).failed, 12n, "who is not there has failed what was asked of it");
    assert.deepEqual(market.ended(), []);
    market.block(40_000n, 2);
    assert.deepEqual(market.ended(), [{ positionId: 9n, served: 4n, failed: 12n, voided: 10n }]);
    assert.deepEqual(market.ended(), []);
  });

  it("MKT-137: a provider that withdraws a delivery before its time has failed what is left; one without the bond delivers nothing", () => {
    const market = new TestMarket();
    const consumer = market.fund("consumer");
    const seller = market.provider("seller", 10_000n);
    const delivery = { positionId: 1n, provider: seller, holder: consumer, classId: "wasm.core", quoteDenom: denom, price: 500n, units: 2, lots: 10n, untilTau: market.tau + 60_000n };
    const askId = market.deliver(delivery)!;
    assert.equal(market.providers.get(seller)!.reserved, 10_000n, "the bond is what the lots cost");
    assert.equal(market.deliver({ ...delivery, positionId: 2n }), undefined);
    market.setActive(seller, false);
    assert.equal(market.deliver({ ...delivery, positionId: 3n, units: 1, price: 1n }), undefined);
    market.setActive(seller, true);
    market.send("MsgCancelAsk", { provider: seller, askId });
    market.block(1_000n, 2);
    assert.deepEqual(market.ended(), [{ positionId: 1n, served: 0n, failed: 20n, voided: 0n }]);
    market.deliver({ ...delivery, positionId: 4n });
    market.retire(seller);
    market.block(1_000n, 2);
    assert.deepEqual(market.ended(), [{ positionId: 4n, served: 0n, failed: 20n, voided: 0n }]);
  });

  it("MKT-137: the bond of a delivery in a quote denom is what its lots cost there; what was sold can be used, though class and denom were closed since", () => {
    const quoteDenom = { denom: "uusd", rate: { bondUnits: 7n, quoteUnits: 3n }, closed: false };
    const market = new TestMarket({}, (state) => void (state.quoteDenoms = [quoteDenom]));
    const [seller, consumer] = [market.provider("seller"), market.fund("consumer")];
    market.fund("consumer", 10_000n, "uusd");
    const ask = { classId: "wasm.core", quoteDenom: "uusd" };
    const askId = market.deliver({ ...ask, positionId: 1n, provider: seller, holder: consumer, price: 100n, units: 2, lots: 10n, untilTau: market.tau + 60_000n })!;
    assert.equal(market.providers.get(seller)!.reserved, 2n * 2_334n, "1,000 x 7 / 3, rounded up");
    const capacity = market.query<{ class: object }>("Class", { classId: "wasm.core" }).class;
    market.send("MsgSetQuoteDenom", { authority, quoteDenom: { ...quoteDenom, closed: true } });
    market.send("MsgSetClass", { authority, class: { ...capacity, closed: true } });
    fails(() => market.bid(consumer, 100n, ask), 5, /wasm.core/);
    const job = market.bid(consumer, 100n, { ...ask, askId }, { tasks: 2 });
    market.block(1_000n, 2);
    assert.deepEqual([market.providers.get(seller)!.reserved, market.providers.get(seller)!.locked], [0n, 2n * 2_334n]);
    const before = market.moneyIn("uusd");
    for (const task of [job * 65_536n, job * 65_536n + 1n]) market.finish(task, seller);
    assert.equal(market.query<{ job: Job }>("Job", { jobId: job }).job.escrow!.paid, String(allotment(market, askId).served * 100n));
    assert.equal(market.moneyIn("uusd"), before);
  });

  it("MKT-137: the tasks of a staged job come to their delivery stage by stage", () => {
    const market = new TestMarket();
    const [seller, consumer] = [market.provider("seller"), market.fund("consumer")];
    const askId = market.deliver({ positionId: 1n, provider: seller, holder: consumer, classId: "wasm.core", quoteDenom: denom, price: 7n, units: 2, lots: 20n, untilTau: market.tau + 60_000n })!;
    const { inputRoot, manifest } = bidMessage(consumer, 7n).job!;
    const stage = { arguments: new Uint8Array(0), inputRoot, manifest };
    const job = market.bid(consumer, 7n, { askId }, { tasks: 3, inputRoot: new Uint8Array(0), manifest: undefined, stages: [{ ...stage, tasks: 2, after: [] }, { ...stage, tasks: 1, after: [0] }] });
    market.block(1_000n, 2);
    assert.equal(allotment(market, askId).taken, 20n);
    for (const task of [job * 65_536n, job * 65_536n + 1n]) market.finish(task, seller);
    market.block(1_000n, 2);
    market.finish(job * 65_536n + 2n, seller);
    assert.equal(market.query<{ job: Job }>("Job", { jobId: job }).job.tasksFinal, 3);
    assert.equal(allotment(market, askId).taken, 0n);
  });

  it("MKT-138: replicas of a reserved ask's task are drawn from the book at or below its price", () => {
    const market = new TestMarket();
    const salts = saltChain(4);
    const [seller, other, consumer] = [market.provider("seller"), market.provider("other"), market.fund("consumer")];
    market.ask(other, 6n);
    const askId = market.ask(seller, 7n, 1, { reservedFor: consumer });
    const job = market.bid(consumer, 7n, { askId, ...replicated(salts) });
    market.block(1_000n, 5);
    market.send("MsgRevealSalt", { consumer, jobId: job, salt: salts[1]! });
    market.block();
    assert.deepEqual(market.task(job * 65_536n).replicas.map((one) => [one.provider, one.price]), [[seller, 7n], [other, 7n]]);
  });

  it("MKT-138: what is agreed is served in a class that was closed since", () => {
    const market = new TestMarket();
    const [seller, consumer] = [market.provider("seller"), market.fund("consumer")];
    const askId = market.ask(seller, 7n, 1, { reservedFor: consumer });
    const { class: capacity } = market.query<{ class: object }>("Class", { classId: "wasm.core" });
    market.send("MsgSetClass", { authority, class: { ...capacity, closed: true } });
    fails(() => market.bid(consumer, 7n), 5, /no new orders/);
    const job = market.bid(consumer, 7n, { askId });
    market.block(1_000n, 2);
    market.finish(job * 65_536n, seller);
    market.block();
  });

  it("MKT-169: what is agreed between two may hold pay back as far as the ask takes it: a quote, an ask that is reserved, a delivery", () => {
    const market = new TestMarket();
    const [seller, consumer] = [market.provider("seller"), market.fund("consumer")];
    const acceptance = { window: 60_000n, providerShareBps: 0 };
    const delivery = { positionId: 1n, provider: seller, holder: consumer, classId: "wasm.core", quoteDenom: denom, price: 7n, units: 1, lots: 10n, untilTau: market.tau + 60_000n };
    const none = [quote(market, seller, request(market, consumer), 7n), market.ask(seller, 7n, 1, { reservedFor: consumer }), market.deliver(delivery)!];
    for (const askId of none) fails(() => market.bid(consumer, 7n, { askId, acceptance }), 103, /serves only bids that pay at once/);
    const taking = [
      quote(market, seller, request(market, consumer), 7n, 1, { maxAcceptanceWindow: 60_000n }), market.ask(seller, 7n, 1, { reservedFor: consumer, maxAcceptanceWindow: 60_000n }),
      market.deliver({ ...delivery, positionId: 2n, acceptanceWindow: 60_000n })!,
    ];
    fails(() => market.bid(consumer, 7n, { askId: taking[0]!, acceptance: { ...acceptance, window: 60_001n } }), 103, /windows of at most 60000 ms/);
    const jobs = taking.map((askId) => market.bid(consumer, 7n, { askId, acceptance }));
    market.block(1_000n, 2);
    const before = market.balances.get(seller)!;
    for (const job of jobs) market.finish(job * 65_536n, seller, resultOf("right", 4_000_000_000n));
    assert.equal(market.balances.get(seller), before, "held");
    const lotsOf = ({ taken, served }: Allotment): bigint[] => [taken, served];
    assert.deepEqual([lotsOf(allotment(market, taking[0]!)), lotsOf(allotment(market, taking[2]!))], [[0n, 4n], [0n, 4n]], "held lots are served: nobody uses them twice");
    market.block();
    for (const job of jobs) market.send("MsgAcceptResult", { consumer, taskId: job * 65_536n, instanceId: 0n, period: 0n });
    assert.equal(market.balances.get(seller)! - before, 84n);
    market.block(60_000n, 3);
    assert.deepEqual(market.ended().find(({ positionId }) => positionId === 2n), { positionId: 2n, served: 4n, failed: 0n, voided: 0n });
  });

  it("MKT-139: genesis goes round with requests, quotes, waiting bids and deliveries that are over", () => {
    const market = new TestMarket();
    const [seller, consumer] = [market.provider("seller"), market.fund("consumer")];
    const id = request(market, consumer);
    quote(market, seller, id, 5n);
    const accepted = quote(market, market.provider("taken"), request(market, consumer), 5n);
    market.bid(consumer, 5n, { askId: accepted }, { tasks: 2 });
    market.deliver({ positionId: 1n, provider: seller, holder: consumer, classId: "wasm.core", quoteDenom: denom, price: 5n, units: 1, lots: 10n, untilTau: market.tau + 1_000n });
    market.block(2_000n, 2);
    const exported = market.module.genesis!.export(testContext(market.stores, { height: market.height }));
    const stores = memoryStores();
    initGenesis(stores, [market.module], { market: exported }, { height: market.height });
    assert.deepEqual(market.module.genesis!.export(testContext(stores, { height: market.height })), exported);
    assert.equal(market.ended(stores).length, 1);
  });

  it("MKT-139: any run of messages on reserved asks keeps money, bonds, lots and invariants", () => {
    const step = fc.record({ kind: fc.integer({ min: 0, max: 8 }), who: fc.integer({ min: 0, max: 2 }), at: fc.nat(), price: fc.integer({ min: 1, max: 9 }), units: fc.integer({ min: 1, max: 3 }) });
    fc.assert(fc.property(fc.array(step, { minLength: 5, maxLength: 40 }), (steps) => {
      const market = new TestMarket({ recordLifetime: 5_000n });
      const sellers = ["a", "b", "c"].map((label) => market.provider(label, 40_000n));
      const consumers = ["x", "y", "z"].map((label) => market.fund(label));
      const before = market.money;
      const ids: { asks: bigint[]; requests: bigint[]; jobs: bigint[] } = { asks: [], requests: [], jobs: [] };
      const pick = (from: readonly bigint[], at: number): bigint => from[at % Math.max(1, from.length)] ?? 1n;
      let position = 0n;
      for (const { kind, who, at, price, units } of steps) {
        const [seller, consumer, job] = [sellers[who]!, consumers[at % 3]!, pick(ids.jobs, at)];
        const attempt = (run: () => void): void => {
          try {
            run();
          } catch (error) {
            if (!(error instanceof Error) || (error.name !== "TxError" && error.name !== "QueryError")) throw error;
          }
        };
        attempt(() => {
          if (kind === 0) ids.requests.push(request(market, consumer, { tasks: units, lots: 3n }));
          else if (kind === 1) ids.asks.push(quote(market, seller, pick(ids.requests, at), BigInt(price), 1));
          else if (kind === 2) ids.asks.push(market.ask(seller, BigInt(price), units, { reservedFor: consumer }));
          else if (kind === 3) {
            const named = askOf(market, pick(ids.asks, at));
            ids.jobs.push(market.bid(named.reservedFor, 9n, { askId: named.id, lots: 2n, ...(price > 7 ? IOC : {}) }, { tasks: units }));
          } else if (kind === 4) market.finish(job * 65_536n, market.task(job * 65_536n).replicas[0]?.provider ?? seller);
          else if (kind === 5) market.send("MsgCancelAsk", { provider: seller, askId: pick(ids.asks, at) });
          else if (kind === 6) market.send("MsgDeclineTask", { worker: seller, provider: seller, taskId: job * 65_536n, reason: "" });
          else if (kind === 7) {
            const opened = market.deliver({ positionId: ++position, provider: seller, holder: consumer, classId: "wasm.core", quoteDenom: denom, price: BigInt(price), units, lots: 4n, untilTau: market.tau + 15_000n });
            if (opened !== undefined) ids.asks.push(opened);
          } else market.setActive(seller, price > 4);
        });
        market.block(BigInt(price) * 1_000n);
        for (const { served, failed, voided } of market.ended()) assert.ok(served + failed + voided <= 12n);
        assert.equal(market.money, before);
      }
    }), { numRuns: 60 });
  });
});

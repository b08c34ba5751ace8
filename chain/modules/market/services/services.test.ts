import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { CloseReason, InstanceState, OrderStatus, Term, TimeInForce, type Bid, type Instance, type Lease, type Service } from "../../../codec/gen/dcm/market/v1/types.ts";
import type { InstanceView } from "../../../codec/gen/dcm/market/v1/query.ts";
import type { GenesisState } from "../../../codec/gen/dcm/market/v1/genesis.ts";
import { brokenInvariants, initGenesis, memoryStores, testContext } from "../../../runtime/testing.ts";
import { denom, fails, name, serviceMessage, TestMarket } from "../testing.ts";

const { INSTANCE_STATE_OPEN, INSTANCE_STATE_SEALING, INSTANCE_STATE_PENDING, INSTANCE_STATE_RUNNING, INSTANCE_STATE_GRACE, INSTANCE_STATE_RECLAIMING, INSTANCE_STATE_CLOSED } = InstanceState;
const idOf = (service: bigint, index = 0): bigint => service * 65_536n + BigInt(index);
const serviceOf = (m: TestMarket, serviceId: bigint): { service: Service; bid: Bid } => m.query("Service", { serviceId });
const stateOf = (m: TestMarket, id: bigint): InstanceState => m.instance(id).instance!.state;

interface Scene {
  readonly m: TestMarket;
  readonly p: string;
  readonly c: string;
  readonly service: bigint;
  readonly id: bigint;
}

/** One ask at 10, one bid with a limit of 20 for 10 lots: 202 in escrow, matched at 10 and waiting for its key. */
function matched(more: object = {}, ask: object = {}, service: object = {}): Scene {
  const m = new TestMarket();
  const p = m.provider("p");
  const c = m.fund("c");
  m.serviceAsk(p, 10n, 3, ask);
  m.block();
  const id = m.serviceBid(c, 20n, more, service);
  m.block(1_000n, 2);
  return { m, p, c, service: id, id: idOf(id) };
}

/** As `matched`, and it runs: 10 a minute, so 202 reach for 20 minutes and 5,999 ms. */
function running(more: object = {}, ask: object = {}): Scene {
  const scene = matched(more, ask);
  scene.m.sealFor(scene.c, scene.service, scene.p);
  scene.m.startService(scene.id, scene.p);
  return scene;
}

const reach = 20n * 60_000n + 5_999n;
const pass = (m: TestMarket, ms: bigint): void => m.block(ms);
const closedWith = (view: InstanceView): [InstanceState, CloseReason] => [view.instance!.state, view.instance!.closeReason];

describe("service bids", () => {
  const bad: [string, object, object, number, RegExp][] = [
    ["a class metered by work", { classId: "wasm.core" }, {}, 61, /metered by work and serves jobs only/],
    ["less than the notice prefunded", { reclaimNotice: 120_001n, lots: 2n }, {}, 67, /lots is 2; a notice of 120001 ms takes at least 3/],
    ["a notice below the least", { reclaimNotice: 9_999n }, {}, 2, /reclaim_notice is 9999; it must be from 10000/],
    ["forwards", { term: Term.TERM_FORWARD }, {}, 3, /term forward/],
    ["no instance", {}, { instances: 0 }, 2, /service.instances is 0/],
    ["no key", {}, { consumerKey: new Uint8Array(0) }, 2, /service.consumer_key is 0 bytes/],
    ["no fuel", {}, { requestMeter: 0n }, 2, /service.request_meter is 0/],
    ["a URL that is none", {}, { dataUrls: ["ftp://x"] }, 2, /service.data_urls/],
    ["too many arguments", {}, { arguments: new Uint8Array(5_000) }, 2, /service.arguments is 5000 bytes/],
    ["a group that does not fit", { minColocated: 2 }, { instances: 3 }, 2, /service.instances is 3; it must be a multiple of min_colocated 2/],
    ["no service", {}, undefined as unknown as object, 2, /service is missing/],
    ["another payer", { payer: name("other") }, {}, 3, /payer/],
    ["a profile that is not there", { profileId: 4 }, {}, 27, /no profile 4/],
  ];
  for (const [what, more, service, code, text] of bad) {
    it(`MKT-100: refuses ${what}`, () => {
      const m = new TestMarket();
      const c = m.fund("c");
      const money = m.money;
      const message = serviceMessage(c, 20n, more, service);
      fails(() => m.send("MsgPlaceServiceBid", service === undefined ? { ...message, service: undefined } : message), code, text);
      assert.equal(m.balances.get(c), 1_000_000_000n);
      assert.equal(m.money, money);
    });
  }

  it("MKT-100: a class serves jobs or services, and only what serves services has notices and preemption", () => {
    const m = new TestMarket();
    const p = m.provider("p");
    fails(() => m.bid(m.fund("c"), 20n, { classId: "cpu.x64.small" }), 60, /metered by time and serves services only/);
    fails(() => m.ask(p, 10n, 1, { reclaimNotice: 60_000n }), 68, /reclaim_notice is 60000; class wasm.core is metered by work/);
    fails(() => m.ask(p, 10n, 1, { term: Term.TERM_PREEMPTIBLE }), 68, /term is preemptible/);
    fails(() => m.serviceAsk(p, 10n, 1, { availableUntil: 9_000_000n }), 69, /no declared end/);
    fails(() => m.serviceAsk(p, 10n, 1, { reclaimNotice: 5n }), 2, /reclaim_notice is 5/);
    fails(() => m.serviceAsk(p, 10n, 1, { term: Term.TERM_FORWARD }), 3, /term forward/);
  });

  it("MKT-101: sets aside limit x lots and the fee for each instance, and gives it back where nothing serves it", () => {
    const m = new TestMarket();
    const c = m.fund("c");
    const placed = m.send<{ serviceId: bigint; escrow: string; storageDeposit: string }>("MsgPlaceServiceBid", serviceMessage(c, 20n, {}, { instances: 3 }));
    assert.equal(placed.escrow, String(3 * 202));
    assert.equal(m.balances.get(c), 1_000_000_000n - BigInt(placed.escrow) - BigInt(placed.storageDeposit));
    m.send("MsgReplaceBid", { consumer: c, jobId: placed.serviceId, limitPrice: 30n, expiresTau: 0n });
    m.block(1_000n, 2);
    assert.equal(serviceOf(m, placed.serviceId).service.escrow!.held, String(3 * 303));
    m.send("MsgReplaceBid", { consumer: c, jobId: placed.serviceId, limitPrice: 10n, expiresTau: 0n });
    m.block(1_000n, 2);
    assert.equal(serviceOf(m, placed.serviceId).service.escrow!.held, String(3 * 101));
    m.send("MsgCancelBid", { consumer: c, jobId: placed.serviceId });
    m.block();
    assert.equal(m.balances.get(c), 1_000_000_000n - BigInt(placed.storageDeposit));
    assert.deepEqual(closedWith(m.instance(idOf(placed.serviceId, 2))), [INSTANCE_STATE_CLOSED, CloseReason.CLOSE_REASON_CANCELLED]);
    m.block(8n * 24n * 3_600_000n, 2);
    assert.equal(m.balances.get(c), 1_000_000_000n);
    assert.throws(() => serviceOf(m, placed.serviceId), /does not exist or was pruned/);
  });

  it("MKT-102: is matched in the book's batch like a job: a lease for each instance, by price, fill-or-kill and co-location", () => {
    const m = new TestMarket();
    const [a, b, c] = [m.provider("a"), m.provider("b"), m.fund("c")];
    m.serviceAsk(a, 12n, 2, { maxColocated: 2 });
    m.serviceAsk(b, 10n, 1);
    m.block();
    const kill = m.serviceBid(c, 20n, { timeInForce: TimeInForce.TIME_IN_FORCE_FOK }, { instances: 4 });
    const spread = m.serviceBid(c, 20n, {}, { instances: 1 });
    const pair = m.serviceBid(c, 20n, { minColocated: 2 }, { instances: 2 });
    m.block(1_000n, 2);
    assert.equal(serviceOf(m, kill).bid.status, OrderStatus.ORDER_STATUS_EXPIRED);
    const leases = (id: bigint): [string, bigint, number][] => m.query<{ leases: Lease[] }>("Leases", { jobId: id, provider: "" }).leases.map(({ provider, price, units }) => [provider, price, units]);
    assert.deepEqual(leases(spread), [[b, 10n, 1]]);
    assert.deepEqual(leases(pair), [[a, 12n, 1], [a, 12n, 1]]);
    const { instances } = m.query<{ instances: InstanceView[] }>("Instances", { serviceId: 0n, provider: a });
    assert.deepEqual(instances.map(({ instance }) => instance!.id), [idOf(pair, 0), idOf(pair, 1)]);
    assert.equal(m.query<{ services: Service[] }>("Services", { consumer: c }).services.length, 3);
  });

  it("MKT-102: takes what its profile requires, for the premium, from asks whose window has begun", () => {
    const m = new TestMarket({ profileDeposit: 500n });
    const attribute = { key: "zone", value: "eu" };
    const [plain, late, p, c] = [m.provider("plain"), m.provider("late", undefined, undefined, [["zone", "eu"]]), m.provider("p", undefined, undefined, [["zone", "eu"]]), m.fund("c")];
    m.serviceAsk(plain, 5n);
    m.serviceAsk(late, 6n, 1, { premiums: [{ attribute, price: 1n }], availableFrom: m.tau + 3_600_000n });
    m.serviceAsk(p, 10n, 1, { premiums: [{ attribute, price: 3n }] });
    const { profileId } = m.send<{ profileId: number }>("MsgRegisterProfile", { registrant: c, classId: "cpu.x64.small", quoteDenom: denom, requirements: [{ attribute, attested: false, auditors: [] }], preferences: [] });
    m.block();
    const service = m.serviceBid(c, 20n, { profileId });
    m.block(1_000n, 2);
    const [lease] = m.query<{ leases: Lease[] }>("Leases", { jobId: service, provider: "" }).leases;
    assert.deepEqual([lease!.provider, lease!.price, lease!.attributes], [p, 13n, [attribute]]);
  });

  it("MKT-103: takes only asks that give its notice, and preemptible ones only where it says so", () => {
    const m = new TestMarket();
    const [short, long, cheap, c] = [m.provider("short"), m.provider("long"), m.provider("cheap"), m.fund("c")];
    m.serviceAsk(cheap, 5n, 1, { term: Term.TERM_PREEMPTIBLE, reclaimNotice: 600_000n });
    m.serviceAsk(short, 10n, 1);
    m.serviceAsk(long, 15n, 1, { reclaimNotice: 600_000n });
    m.block();
    const wants = m.serviceBid(c, 20n, { reclaimNotice: 300_000n });
    const accepts = m.serviceBid(c, 20n, { reclaimNotice: 300_000n, term: Term.TERM_PREEMPTIBLE });
    m.block(1_000n, 2);
    const of = (id: bigint): [string, Term] => [m.instance(idOf(id)).instance!.provider, m.instance(idOf(id)).instance!.term];
    assert.deepEqual(of(wants), [long, Term.TERM_SPOT]);
    assert.deepEqual(of(accepts), [cheap, Term.TERM_PREEMPTIBLE]);
    assert.equal(m.providers.get(long)!.locked, 15n * 5n, "the stake is what the notice costs, five lots");
  });
});

describe("an instance before its start", () => {
  it("MKT-104: waits for its key and then for its start; nothing streams before", () => {
    const { m, p, c, service, id } = matched();
    assert.equal(stateOf(m, id), INSTANCE_STATE_SEALING);
    fails(() => m.startService(id, p), 64, /is sealing; this needs pending/);
    m.sealFor(c, service, p);
    assert.equal(stateOf(m, id), INSTANCE_STATE_PENDING);
    fails(() => m.sealFor(c, service, p), 20, /sealed to .* already/);
    fails(() => m.startService(id, m.provider("q")), 65, /does not have instance/);
    fails(() => m.send("MsgStartService", { worker: c, provider: p, instanceId: id }), 22, /may not act for/);
    fails(() => m.startService(77n, p), 62, /no instance 77/);
    pass(m, 5_000n);
    assert.deepEqual([m.instance(id).balance, m.instance(id).debt, m.instance(id).runwayMs], ["202", "0", reach]);
    m.startService(id, p);
    assert.deepEqual([stateOf(m, id), m.instance(id).runwayMs], [INSTANCE_STATE_RUNNING, reach]);
  });

  it("MKT-104: without its key in time it is CLOSED, 0.1 F burned, the rest back", () => {
    const { m, p, id, service } = matched();
    m.block(10_001n);
    const burned = m.burned;
    m.block();
    assert.deepEqual(closedWith(m.instance(id)), [INSTANCE_STATE_CLOSED, CloseReason.CLOSE_REASON_NO_SEAL]);
    assert.equal(m.burned - burned, 1n);
    assert.deepEqual([serviceOf(m, service).service.escrow!.refunded, m.providers.get(p)!.locked], ["201", 0n]);
  });

  it("MKT-105: a start that does not come is a miss: the stake pays, the provider is out of the service, the instance is matched again with its money", () => {
    const { m, p, c, service, id } = matched();
    m.sealFor(c, service, p);
    const friend = m.fund("friend");
    for (const [payer, amount] of [[c, "90"], [friend, "50"], [c, "8"]]) m.send("MsgTopUpService", { organization: "", costTags: [], payer, instanceId: id, amount });
    m.block(20_001n);
    m.block();
    assert.equal(stateOf(m, id), INSTANCE_STATE_OPEN);
    assert.equal(m.balances.get(friend), 1_000_000_000n, "what others put in goes back to them");
    const record = m.providers.get(p)!;
    assert.deepEqual([record.bond, record.locked, record.outcomes], [10_000_000n - 1n, 0n, ["matched", "missed"]]);
    fails(() => m.send("MsgTopUpService", { organization: "", costTags: [], payer: c, instanceId: id, amount: "5" }), 63, /is open: no provider has it/);
    m.block(1_000n, 3);
    assert.equal(stateOf(m, id), INSTANCE_STATE_OPEN, "nobody else offers");
    const q = m.provider("q");
    m.serviceAsk(q, 10n);
    m.block(1_000n, 2);
    assert.deepEqual([m.instance(id).instance!.provider, m.instance(id).balance, m.instance(id).instance!.misses], [q, "300", 1]);
  });

  it("MKT-105: the third miss closes it", () => {
    const { m, c, service, id } = matched();
    for (const label of ["q", "r"]) m.serviceAsk(m.provider(label), 10n);
    for (let i = 0; i < 3; i++) {
      m.sealFor(c, service, m.instance(id).instance!.provider);
      m.block(20_001n);
      m.block(1_000n, 2);
    }
    assert.deepEqual(closedWith(m.instance(id)), [INSTANCE_STATE_CLOSED, CloseReason.CLOSE_REASON_MISSED]);
    assert.equal(serviceOf(m, service).service.escrow!.refunded, "202");
  });

  it("MKT-105: what comes back to a bid that left the book closes with it; what is OPEN goes with its cancellation", () => {
    const scene = matched({ timeInForce: TimeInForce.TIME_IN_FORCE_IOC }, {}, { instances: 4 });
    const { m, p, c, service, id } = scene;
    m.block();
    assert.deepEqual(closedWith(m.instance(idOf(service, 3))), [INSTANCE_STATE_CLOSED, CloseReason.CLOSE_REASON_UNFILLED]);
    m.sealFor(c, service, p);
    m.block(20_001n);
    m.block();
    assert.deepEqual(closedWith(m.instance(id)), [INSTANCE_STATE_CLOSED, CloseReason.CLOSE_REASON_UNFILLED]);
    assert.deepEqual([serviceOf(m, service).service.escrow!.held, serviceOf(m, service).service.escrow!.refunded], ["0", String(4 * 202)]);
    const open = matched();
    open.m.sealFor(open.c, open.service, open.p);
    open.m.block(20_001n);
    open.m.block();
    open.m.send("MsgCancelBid", { consumer: open.c, jobId: open.service });
    open.m.block();
    assert.deepEqual(closedWith(open.m.instance(open.id)), [INSTANCE_STATE_CLOSED, CloseReason.CLOSE_REASON_CANCELLED]);
  });

  it("MKT-105: of instances that must be in one place none is matched alone again", () => {
    const { m, p, c, service } = matched({ minColocated: 2 }, { maxColocated: 2 }, { instances: 2 });
    m.sealFor(c, service, p);
    m.startService(idOf(service, 0), p);
    m.block(20_001n);
    m.block();
    assert.deepEqual([stateOf(m, idOf(service, 0)), stateOf(m, idOf(service, 1))], [INSTANCE_STATE_RUNNING, INSTANCE_STATE_CLOSED]);
  });

  it("MKT-106: closing it before the start costs what a missing key costs", () => {
    const { m, p, c, service, id } = matched();
    fails(() => m.send("MsgCloseService", { consumer: p, instanceId: id }), 12, /belongs to/);
    assert.equal(m.send<{ refunded: string }>("MsgCloseService", { consumer: c, instanceId: id }).refunded, "201");
    assert.deepEqual([m.burned, m.providers.get(p)!.locked, serviceOf(m, service).service.endedTau > 0n], [1n, 0n, true]);
    fails(() => m.send("MsgCloseService", { consumer: c, instanceId: id }), 63, /is closed/);
  });
});

describe("an instance that runs", () => {
  it("MKT-107: pays by tau, rounded down, with the fee; the rest goes back when its consumer closes it", () => {
    const { m, p, c, service, id } = running();
    const [before, collected] = [m.balances.get(p)!, serviceOf(m, service).service];
    assert.equal(collected.escrow!.paid, "0");
    pass(m, 599_999n);
    assert.equal(m.send<{ paid: string }>("MsgSettleService", { signer: p, instanceId: id }).paid, "99");
    pass(m, 1n);
    const closed = m.send<{ refunded: string }>("MsgCloseService", { consumer: c, instanceId: id });
    assert.equal(m.balances.get(p)! - before, 100n);
    assert.equal(closed.refunded, "101");
    const { escrow } = serviceOf(m, service).service;
    assert.deepEqual([escrow!.paid, escrow!.fees, escrow!.refunded, escrow!.held], ["100", "1", "101", "0"]);
    assert.deepEqual(closedWith(m.instance(id)), [INSTANCE_STATE_CLOSED, CloseReason.CLOSE_REASON_CLOSED_BY_CONSUMER]);
    const provider = m.providers.get(p)!;
    assert.deepEqual([provider.bond, provider.locked, provider.outcomes], [10_000_000n, 0n, ["matched", "finished"]]);
    const lines = m.named("EventEscrowSettled").map(({ attributes }) => Object.fromEntries(attributes.map(([key, value]) => [key, value])));
    assert.deepEqual(lines.map((line) => [line["paid"], line["fee"], line["refunded"], BigInt(line["to_tau"]!) - BigInt(line["from_tau"]!)]), [["99", "0", "0", 599_999n], ["1", "1", "0", 1n], ["0", "0", "101", 0n]]);
  });

  it("MKT-108: goes into GRACE when the escrow is used up, and is CLOSED behind it, unpaid for the grace", () => {
    const { m, p, service, id } = running();
    pass(m, reach);
    assert.deepEqual([stateOf(m, id), m.instance(id).runwayMs], [INSTANCE_STATE_RUNNING, 0n]);
    pass(m, 9_999n);
    assert.deepEqual([stateOf(m, id), m.instance(id).debt, m.instance(id).balance], [INSTANCE_STATE_GRACE, "2", "0"]);
    pass(m, 1n);
    assert.equal(stateOf(m, id), INSTANCE_STATE_GRACE);
    pass(m, 1n);
    m.block();
    assert.deepEqual(closedWith(m.instance(id)), [INSTANCE_STATE_CLOSED, CloseReason.CLOSE_REASON_DEPLETED]);
    const { escrow } = serviceOf(m, service).service;
    assert.deepEqual([escrow!.paid, escrow!.fees, escrow!.refunded, m.instance(id).instance!.unpaid], ["200", "2", "0", "2"]);
    assert.equal(m.providers.get(p)!.locked, 0n);
  });

  it("MKT-108: grace is at most a part of what was paid for", () => {
    const { m, id } = running({ lots: 1n, limitPrice: 10n });
    // 11 reach for 71,999 ms at 10 a minute, the fee rounded down; a quarter of that is more than 10 s.
    assert.equal(m.instance(id).endsTau - m.tau, 71_999n + 10_000n);
    const short = new TestMarket({ serviceGrace: 600_000n, serviceGraceShareBps: 1_000 });
    const [p, c] = [short.provider("p"), short.fund("c")];
    short.serviceAsk(p, 10n);
    short.block();
    const service = short.serviceBid(c, 10n, { lots: 1n });
    short.block(1_000n, 2);
    short.sealFor(c, service, p);
    short.startService(idOf(service), p);
    assert.equal(short.instance(idOf(service)).endsTau - short.tau, 71_999n + 7_199n);
  });

  it("MKT-109: a top-up by anybody pays what is owed first, prolongs it, and what is left of it goes back to whoever paid it", () => {
    const { m, p, c, id } = running();
    const friend = m.fund("friend");
    fails(() => m.send("MsgTopUpService", { organization: "", costTags: [], payer: friend, instanceId: id, amount: "0" }), 2, /amount is 0/);
    fails(() => m.send("MsgTopUpService", { organization: "", costTags: [], payer: m.fund("poor", 3n), instanceId: id, amount: "4" }), 5, /has 3/, "sdk");
    pass(m, reach + 6_001n);
    assert.equal(m.instance(id).debt, "2");
    const before = m.balances.get(p)!;
    m.send("MsgTopUpService", { organization: "", costTags: [], payer: friend, instanceId: id, amount: "1" });
    assert.deepEqual([stateOf(m, id), m.instance(id).debt, m.balances.get(p)! - before], [INSTANCE_STATE_GRACE, "1", 200n + 1n]);
    m.send("MsgTopUpService", { organization: "", costTags: [], payer: friend, instanceId: id, amount: "100" });
    assert.deepEqual([stateOf(m, id), m.instance(id).debt, m.balances.get(p)! - before], [INSTANCE_STATE_RUNNING, "0", 200n + 2n]);
    const [own, others] = [m.balances.get(c)!, m.balances.get(friend)!];
    m.send("MsgCloseService", { consumer: c, instanceId: id });
    assert.deepEqual([m.balances.get(c)! - own, m.balances.get(friend)! - others], [0n, 101n - 2n]);
  });

  it("MKT-109: keeps at most 16 deposits apart, and who has one can always add to it; a late top-up fails, swept or not", () => {
    const { m, c, id } = running();
    for (let i = 0; i < 15; i++) m.send("MsgTopUpService", { organization: "", costTags: [], payer: m.fund(`f${i}`), instanceId: id, amount: "1" });
    fails(() => m.send("MsgTopUpService", { organization: "", costTags: [], payer: m.fund("last"), instanceId: id, amount: "1" }), 66, /has 16 deposits/);
    for (const payer of [c, name("f3"), name("f14")]) m.send("MsgTopUpService", { organization: "", costTags: [], payer, instanceId: id, amount: "1" });
    assert.equal(m.instance(id).balance, String(202 + 15 + 3));
    m.tau = m.instance(id).endsTau + 1n;
    fails(() => m.send("MsgTopUpService", { organization: "", costTags: [], payer: name("f14"), instanceId: id, amount: "1000" }), 63, /is closed/);
  });

  it("MKT-110: a notice of a spot lease costs what a start miss costs; it serves until the notice is over", () => {
    const { m, p, c, service, id } = running({ reclaimNotice: 600_000n, lots: 20n }, { reclaimNotice: 600_000n });
    assert.equal(m.providers.get(p)!.locked, 100n);
    pass(m, 60_000n);
    const given = m.send<{ penalty: string; reclaimTau: bigint }>("MsgReclaimService", { worker: p, provider: p, instanceId: id });
    assert.deepEqual([given.penalty, given.reclaimTau], ["10", m.tau + 600_000n]);
    assert.equal(m.slashedBurned, 10n);
    fails(() => m.send("MsgReclaimService", { worker: p, provider: p, instanceId: id }), 64, /is reclaiming; this needs running or grace/);
    m.send("MsgTopUpService", { organization: "", costTags: [], payer: c, instanceId: id, amount: "50" });
    pass(m, 600_000n);
    assert.equal(stateOf(m, id), INSTANCE_STATE_RECLAIMING);
    pass(m, 1n);
    m.block();
    assert.deepEqual(closedWith(m.instance(id)), [INSTANCE_STATE_CLOSED, CloseReason.CLOSE_REASON_RECLAIMED]);
    assert.deepEqual([serviceOf(m, service).service.escrow!.paid, m.providers.get(p)!.locked, m.providers.get(p)!.bond], ["110", 0n, 10_000_000n - 10n]);
  });

  it("MKT-110: where the market became dearer, the difference goes to the consumer, at most F", () => {
    const { m, p, c, id } = running({ reclaimNotice: 600_000n, lots: 20n }, { reclaimNotice: 600_000n });
    const dear = m.provider("dear");
    m.send("MsgCancelAsk", { provider: p, askId: 1n });
    m.send("MsgTopUpService", { organization: "", costTags: [], payer: c, instanceId: id, amount: "10000" });
    for (let i = 0; i < 6; i++) {
      m.serviceAsk(dear, 18n);
      m.block(3_600_000n);
      m.serviceBid(m.fund(`c${i}`), 18n, { lots: 1n });
      m.block(1_000n, 2);
    }
    const { price } = m.query<{ price: bigint }>("ReferencePrice", { classId: "cpu.x64.small", quoteDenom: denom });
    assert.ok(price > 11n, `the reference price rose to ${price}`);
    const before = m.balances.get(c)!;
    const { penalty } = m.send<{ penalty: string }>("MsgReclaimService", { worker: p, provider: p, instanceId: id });
    const difference = (price - 10n) * 10n < 100n ? (price - 10n) * 10n : 100n;
    assert.deepEqual([penalty, m.balances.get(c)! - before], [String(difference), difference]);
  });

  it("MKT-111: a preemptible lease is reclaimed for nothing, and with the notice", () => {
    const { m, p, id } = running({ term: Term.TERM_PREEMPTIBLE }, { term: Term.TERM_PREEMPTIBLE });
    const { penalty, reclaimTau } = m.send<{ penalty: string; reclaimTau: bigint }>("MsgReclaimService", { worker: p, provider: p, instanceId: id });
    assert.deepEqual([penalty, reclaimTau], ["0", m.tau + 10_000n]);
    pass(m, 10_000n);
    assert.equal(stateOf(m, id), INSTANCE_STATE_RECLAIMING);
    pass(m, 1n);
    assert.equal(stateOf(m, id), INSTANCE_STATE_CLOSED);
    m.block();
    assert.equal(m.providers.get(p)!.bond, 10_000_000n);
  });

  it("MKT-112: who serves unpaid may give notice for nothing; a notice ends no later than the grace", () => {
    const { m, p, id } = running({ reclaimNotice: 600_000n, lots: 10n }, { reclaimNotice: 600_000n });
    pass(m, reach + 1n);
    assert.equal(m.send<{ penalty: string }>("MsgReclaimService", { worker: p, provider: p, instanceId: id }).penalty, "0");
    assert.equal(m.instance(id).endsTau, m.tau - 1n + 10_000n);
    pass(m, 10_000n);
    assert.deepEqual(closedWith(m.instance(id)), [INSTANCE_STATE_CLOSED, CloseReason.CLOSE_REASON_DEPLETED]);
  });

  it("MKT-113: a consumer may close at once where its provider is silent, which then pays as for a notice, also behind one", () => {
    const { m, p, c, service, id } = running({ reclaimNotice: 600_000n, lots: 20n }, { reclaimNotice: 600_000n });
    pass(m, 60_000n);
    m.send("MsgReclaimService", { worker: p, provider: p, instanceId: id });
    m.providers.get(p)!.silent = true;
    m.setActive(p, false);
    pass(m, 60_000n);
    assert.equal(stateOf(m, id), INSTANCE_STATE_RECLAIMING, "silence ends nothing by itself");
    m.send("MsgCloseService", { consumer: c, instanceId: id });
    assert.deepEqual(closedWith(m.instance(id)), [INSTANCE_STATE_CLOSED, CloseReason.CLOSE_REASON_ABANDONED]);
    const provider = m.providers.get(p)!;
    assert.deepEqual([provider.bond, provider.locked, provider.outcomes, serviceOf(m, service).service.escrow!.paid], [10_000_000n - 20n, 0n, ["matched", "finished", "missed"], "20"]);
  });

  it("MKT-113: who is jailed or retires serves on what it has, and gets no more", () => {
    const { m, p, c, id } = running();
    m.setActive(p, false);
    m.retire(p);
    m.block();
    assert.equal(stateOf(m, id), INSTANCE_STATE_RUNNING);
    assert.deepEqual([m.providers.get(p)!.reserved, m.providers.get(p)!.locked], [0n, 10n]);
    m.serviceBid(c, 20n);
    m.block(1_000n, 2);
    m.send("MsgReclaimService", { worker: p, provider: p, instanceId: id });
    pass(m, 10_001n);
    m.block();
    assert.deepEqual([m.providers.get(p)!.reserved, m.providers.get(p)!.locked], [0n, 0n]);
  });

  it("MKT-114: exports what it needs to go on, and goes on as before", () => {
    const { m, p, c, id } = running();
    m.serviceBid(c, 20n, {}, { instances: 3 });
    m.block(30_000n, 2);
    m.send("MsgReclaimService", { worker: p, provider: p, instanceId: id });
    const state = m.module.genesis!.export(testContext(m.stores)) as GenesisState;
    assert.equal(state.services.length, 2);
    assert.ok(state.instances.length >= 3);
    const stores = memoryStores();
    m.module.genesis!.check(state);
    initGenesis(stores, [m.module], { market: state });
    assert.deepEqual(brokenInvariants(stores, [m.module]), []);
    assert.deepEqual(m.module.genesis!.export(testContext(stores)), state);
    assert.throws(() => m.module.genesis!.check({ ...state, services: state.services.slice(1) }), /every service has a bid of its id/);
  });
});

type Action = { readonly kind: "settle" | "topUp" | "reclaim" | "close" | "wait"; readonly ms: number; readonly amount: number; readonly who: number };

describe("money that streams", () => {
  it("MKT-115: whatever is settled, topped up, reclaimed and closed when: the provider gets exactly what its time is worth, as far as the deposits reach, and every coin has its place", () => {
    const action: fc.Arbitrary<Action> = fc.record({
      kind: fc.constantFrom("settle", "settle", "topUp", "wait", "wait", "wait", "reclaim", "close"), ms: fc.integer({ min: 0, max: 400_000 }), amount: fc.integer({ min: 1, max: 90 }), who: fc.integer({ min: 0, max: 2 }),
    });
    fc.assert(fc.property(fc.bigInt(1n, 1_000n), fc.bigInt(1n, 6n), fc.integer({ min: 0, max: 1_000 }), fc.array(action, { maxLength: 14 }), (price, lots, feeBps, actions) => {
      const m = new TestMarket({ feeBps });
      const [p, c] = [m.provider("p"), m.fund("c")];
      const payers = [c, m.fund("d"), m.fund("e")];
      m.serviceAsk(p, price);
      m.block();
      const service = m.serviceBid(c, price, { lots, term: Term.TERM_SPOT });
      m.block(1_000n, 2);
      const id = idOf(service);
      m.sealFor(c, service, p);
      m.startService(id, p);
      const [money, started, fund] = [m.money, m.tau, m.balances.get(p)!];
      for (const { kind, ms, amount, who } of actions) {
        try {
          if (kind === "settle") m.send("MsgSettleService", { signer: payers[who], instanceId: id });
          if (kind === "topUp") m.send("MsgTopUpService", { organization: "", costTags: [], payer: payers[who], instanceId: id, amount: String(amount) });
          if (kind === "reclaim") m.send("MsgReclaimService", { worker: p, provider: p, instanceId: id });
          if (kind === "close") m.send("MsgCloseService", { consumer: c, instanceId: id });
        } catch (error) {
          assert.equal((error as Error).name, "TxError", String((error as Error).stack));
        }
        m.block(BigInt(ms));
        assert.equal(m.money, money);
      }
      const { instance, debt } = m.instance(id);
      const until = instance!.endedTau === 0n ? m.tau : instance!.endedTau;
      const deposited = instance!.deposits.reduce((sum, one) => sum + BigInt(one.amount), 0n);
      const earned = (price * (until - started)) / 60_000n;
      const fee = (amount: bigint): bigint => (amount * BigInt(feeBps)) / 10_000n;
      const paid = BigInt(instance!.paid);
      assert.equal(paid + BigInt(debt), earned, "paid or owed is what the time is worth");
      assert.ok(paid + BigInt(instance!.fees) <= deposited);
      assert.equal(BigInt(instance!.fees), fee(paid));
      // Nothing is owed that could be paid.
      if (BigInt(debt) > 0n) assert.ok(paid + 1n + fee(paid + 1n) > deposited);
      if (instance!.endedTau !== 0n) assert.equal(paid + BigInt(instance!.fees) + BigInt(instance!.refunded), deposited);
      m.block();
      assert.equal(m.balances.get(p)! - fund, BigInt(recordOf(m, id).paid), "it has what the record says");
    }), { numRuns: 60 });
  });
});

/** As it stands in the state, settled or not. */
function recordOf(m: TestMarket, id: bigint): Instance {
  return (m.module.genesis!.export(testContext(m.stores)) as GenesisState).instances.find((one) => one.id === id)!;
}

describe("many instances that are depleted at one tau", () => {
  it("MKT-116: a block looks at a bounded number of them; whoever waits for its turn has the rights of its tau", () => {
    const m = new TestMarket({ maxSweep: 20, maxTasks: 200 });
    const p = m.provider("p", 10n ** 12n);
    const [c, d] = [m.fund("c"), m.fund("d")];
    m.serviceAsk(p, 10n, 200);
    m.block();
    const service = m.serviceBid(c, 10n, { lots: 1n }, { instances: 200 });
    m.block(1_000n, 2);
    m.sealFor(c, service, p);
    for (let i = 0; i < 200; i++) m.startService(idOf(service, i), p);
    const { endsTau } = m.instance(idOf(service));
    m.tau = endsTau;
    m.send("MsgTopUpService", { organization: "", costTags: [], payer: d, instanceId: idOf(service, 199), amount: "1000" });
    m.tau = endsTau + 1n;
    const closed = (): number => m.named("EventInstanceChanged").filter(({ attributes }) => attributes.some(([key, value]) => key === "state" && value === "closed")).length;
    m.block(1_000n);
    assert.equal(closed(), 20);
    // Its turn has not come, its time is over.
    fails(() => m.send("MsgTopUpService", { organization: "", costTags: [], payer: d, instanceId: idOf(service, 150), amount: "1000" }), 63, /is closed/);
    assert.equal(stateOf(m, idOf(service, 150)), INSTANCE_STATE_CLOSED);
    m.block(1_000n, 9);
    assert.equal(closed(), 199);
    const views = m.query<{ instances: InstanceView[] }>("Instances", { serviceId: service, provider: "", pagination: { key: new Uint8Array(0), offset: 0n, limit: 500n, countTotal: false, reverse: false } }).instances;
    assert.ok(views.slice(0, 199).every(({ instance }) => instance!.endedTau === endsTau && instance!.paid === "11"), "each ended at its own tau, however late its turn");
    assert.equal(views[199]!.instance!.state, INSTANCE_STATE_RUNNING);
  });
});

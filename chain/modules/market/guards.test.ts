import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { addressText } from "../../codec/address.ts";
import { CloseReason, OrderStatus, TaskState, VerificationLevel, type Bid, type Instance, type Job, type Lease, type Params, type ProbeRound, type QuoteRequest, type Task } from "../../codec/gen/dcm/market/v1/types.ts";
import { Role } from "../../codec/gen/dcm/organization/v1/types.ts";
import { initGenesis, memoryStores, testContext } from "../../runtime/testing.ts";
import { accountOf } from "../organization/names.ts";
import { denom, fails, name, replicated, saltChain } from "./testing.ts";
import { TestOrganizations } from "./testing-organizations.ts";

const { ROLE_SPENDER: spender, ROLE_VIEWER: viewer, ROLE_ADMIN: admin } = Role;
const acme = { organization: "acme" };
const account = addressText(accountOf("acme"));

/** Acme, owned by olga, for which sam spends; providers ch and us say where they are. */
function world(params: Partial<Params> = {}, amount = 1_000_000n): TestOrganizations {
  const m = new TestOrganizations(params);
  m.found("acme", "olga", amount);
  m.member("olga", "acme", "sam", spender);
  m.provider("ch", 10_000_000n, name("ch"), [["jurisdiction", "CH"]]);
  m.provider("us", 10_000_000n, name("us"), [["jurisdiction", "US"]]);
  return m;
}

const bidOf = (m: TestOrganizations, bidId: bigint): Bid => m.query<{ bid: Bid }>("Bid", { bidId }).bid;
const jobOf = (m: TestOrganizations, jobId: bigint): Job => m.query<{ job: Job }>("Job", { jobId }).job;
const leasesOf = (m: TestOrganizations, jobId: bigint): Lease[] => m.query<{ leases: Lease[] }>("Leases", { jobId, provider: "" }).leases;
const providersOf = (m: TestOrganizations, jobId: bigint): string[] => leasesOf(m, jobId).map(({ provider }) => provider);
const barred = [OrderStatus.ORDER_STATUS_BARRED, "0"];
const state = (m: TestOrganizations, id: bigint): unknown[] => [bidOf(m, id).status, jobOf(m, id).escrow!.held];

describe("organizations at the match", () => {
  it("ORG-10 a standing bid is served by those whom the policy admits when it is matched, not when it was placed", () => {
    const m = world();
    const job = m.bid(name("sam"), 20n, acme, { tasks: 2 });
    m.block();
    m.policy("olga", "acme", { allowedJurisdictions: ["CH"] });
    m.ask(name("us"), 5n, 4);
    m.block(1_000n, 2);
    assert.deepEqual(providersOf(m, job), []);
    m.ask(name("ch"), 9n, 4);
    m.block(1_000n, 2);
    assert.deepEqual(leasesOf(m, job).map(({ provider, price, units, jurisdiction }) => [provider, price, units, jurisdiction]), [[name("ch"), 9n, 2, "CH"]]);
  });

  it("ORG-10 a bid that is accepted under one policy is not matched in the next block's batch against another of that block", () => {
    const m = world();
    m.ask(name("us"), 5n);
    m.block();
    const job = m.bid(name("sam"), 20n, acme);
    m.block();
    m.policy("olga", "acme", { deniedProviders: [name("us")] });
    m.block(1_000n, 2);
    assert.deepEqual(providersOf(m, job), []);
    m.policy("olga", "acme", {});
    m.block(1_000n, 2);
    assert.deepEqual(providersOf(m, job), [name("us")], "a wider policy has the book looked at again");
  });

  it("ORG-10 what must be attested is asked of the attestations of this moment", () => {
    const m = world();
    m.policy("olga", "acme", { allowedJurisdictions: ["CH"], attestedJurisdiction: true, rules: [{ attribute: { key: "jurisdiction", value: "CH" }, attested: true, auditors: [] }] });
    m.ask(name("ch"), 9n, 2);
    m.block();
    const job = m.bid(name("sam"), 20n, acme);
    m.block(1_000n, 2);
    assert.deepEqual(providersOf(m, job), []);
    m.providers.get(name("ch"))!.attested.push("jurisdiction=CH");
    m.setActive(name("ch"), true);
    m.block(1_000n, 2);
    assert.deepEqual(providersOf(m, job), [name("ch")]);
    const late = m.bid(name("sam"), 20n, acme);
    m.providers.get(name("ch"))!.attested.pop();
    m.block(1_000n, 2);
    assert.deepEqual(providersOf(m, late), []);
  });

  it("ORG-10 bids of a profile that parked for the policy are looked at again when it changes", () => {
    const m = world();
    m.fund("registrant");
    m.send("MsgRegisterProfile", { registrant: name("registrant"), classId: "wasm.core", quoteDenom: denom, requirements: [{ attribute: { key: "jurisdiction", value: "US" }, attested: false, auditors: [] }], preferences: [] });
    m.block(1_000n, 2);
    m.policy("olga", "acme", { deniedJurisdictions: ["US"] });
    m.ask(name("us"), 5n, 1, { premiums: [{ attribute: { key: "jurisdiction", value: "US" }, price: 1n }] });
    m.block();
    const job = m.bid(name("sam"), 20n, { ...acme, profileId: 1 });
    m.block(1_000n, 3);
    assert.deepEqual(providersOf(m, job), []);
    m.policy("olga", "acme", { deniedJurisdictions: ["CH"] });
    m.block(1_000n, 2);
    assert.deepEqual(providersOf(m, job), [name("us")]);
  });

  it("ORG-10 services are held against it as jobs are", () => {
    const m = world();
    m.policy("olga", "acme", { deniedJurisdictions: ["US"] });
    m.serviceAsk(name("us"), 5n, 2);
    m.serviceAsk(name("ch"), 9n, 2);
    m.block();
    const service = m.serviceBid(name("sam"), 20n, acme);
    m.block(1_000n, 2);
    assert.equal(m.query<{ instances: Instance[] }>("Instances", { serviceId: service, provider: "" }).instances.length > 0, true);
    assert.deepEqual(m.named("EventLeaseCreated").map((event) => event.attributes.find(([key]) => key === "provider")?.[1]), [name("ch")]);
  });
});

describe("bids that their organization does not allow any more", () => {
  it("ORG-11 of a member that was removed leave: its money goes back to the organization, its budgets get it back", () => {
    const m = world();
    const before = m.money;
    const job = m.bid(name("sam"), 20n, acme, { tasks: 3 });
    m.block();
    const deposit = BigInt(jobOf(m, job).escrow!.storageDeposit);
    assert.ok(m.remaining("acme")[0]! < 1_000_000n - deposit);
    m.remove("olga", "acme", "sam");
    m.ask(name("ch"), 5n, 4);
    m.block(1_000n, 2);
    assert.deepEqual(state(m, job), barred);
    assert.deepEqual([m.remaining("acme")[0], m.balanceOf(account, denom)], [1_000_000n - deposit, 1_000_000n - deposit]);
    assert.deepEqual([jobOf(m, job).tasksClosed, m.money], [3, before]);
    m.block(8n * 86_400_000n, 2);
    assert.deepEqual([m.remaining("acme")[0], m.balanceOf(account, denom)], [1_000_000n, 1_000_000n]);
  });

  it("ORG-11 leave where the role, the classes or the least level changed; others stay", () => {
    const changes: readonly [string, (m: TestOrganizations) => void, boolean][] = [
      ["role", (m) => void m.order("MsgSetMember", { admin: name("olga"), organization: "acme", member: name("sam"), role: viewer }), true],
      ["higher role", (m) => void m.order("MsgSetMember", { admin: name("olga"), organization: "acme", member: name("sam"), role: admin }), false],
      ["class", (m) => m.policy("olga", "acme", { deniedClasses: ["wasm.core"] }), true],
      ["another class", (m) => m.policy("olga", "acme", { deniedClasses: ["cpu.x64.small"] }), false],
      ["level", (m) => m.policy("olga", "acme", { minVerification: VerificationLevel.VERIFICATION_LEVEL_V2_REPLICATED }), true],
      ["its own word", (m) => m.remove("sam", "acme", "sam"), true],
      ["another member", (m) => m.remove("olga", "acme", "ada"), false],
    ];
    for (const [what, change, leaves] of changes) {
      const m = world();
      m.member("olga", "acme", "ada", spender);
      const mine = m.bid(name("sam"), 20n, acme);
      const own = m.bid(name("sam"), 21n);
      m.block(1_000n, 2);
      change(m);
      m.block();
      assert.deepEqual([bidOf(m, mine).status, bidOf(m, own).status], [leaves ? OrderStatus.ORDER_STATUS_BARRED : OrderStatus.ORDER_STATUS_OPEN, OrderStatus.ORDER_STATUS_OPEN], what);
    }
  });

  it("ORG-11 close what came back to them too; what runs goes on and is paid", () => {
    const m = world();
    const [first, second] = [m.ask(name("ch"), 5n), m.ask(name("us"), 6n)];
    const job = m.bid(name("sam"), 20n, acme, { tasks: 2 });
    m.block(1_000n, 2);
    assert.deepEqual([first, second].map((id) => leasesOf(m, job).some(({ askId }) => askId === id)), [true, true]);
    const tasks = m.query<{ tasks: Task[] }>("Tasks", { jobId: job, provider: "", state: 0 }).tasks;
    const [back, runs] = [tasks[0]!, tasks[1]!];
    m.send("MsgDeclineTask", { worker: back.replicas[0]!.provider, provider: back.replicas[0]!.provider, taskId: back.id, reason: "no input" });
    m.remove("olga", "acme", "sam");
    m.block();
    const ended = m.task(back.id);
    assert.deepEqual([ended.state, ended.closeReason], [TaskState.TASK_STATE_CLOSED, CloseReason.CLOSE_REASON_BARRED]);
    m.finish(runs.id, runs.replicas[0]!.provider);
    m.block();
    assert.equal(m.task(runs.id).state, TaskState.TASK_STATE_FINAL);
    assert.deepEqual(state(m, job), barred);
  });

  it("ORG-11 are many: a bounded number leaves in a block, and none is served while it waits", () => {
    const m = world({ maxSweep: 10 });
    const jobs = Array.from({ length: 25 }, () => m.bid(name("sam"), 20n, acme));
    m.member("olga", "acme", "ada", spender);
    const stays = m.bid(name("ada"), 19n, acme);
    m.block(1_000n, 2);
    m.remove("olga", "acme", "sam");
    m.ask(name("ch"), 5n, 40);
    const left: number[] = [];
    for (let i = 0; i < 4; i++) {
      m.block();
      left.push(jobs.filter((id) => bidOf(m, id).status === OrderStatus.ORDER_STATUS_OPEN).length);
    }
    assert.deepEqual(left, [15, 5, 0, 0]);
    assert.deepEqual(jobs.flatMap((id) => providersOf(m, id)), []);
    assert.deepEqual(providersOf(m, stays), [name("ch")]);
  });

  it("ORG-11 of two organizations leave in turn, and a change in between begins anew behind the other's", () => {
    const m = world({ maxSweep: 10 });
    m.found("beta", "bert");
    m.member("bert", "beta", "sam", spender);
    const acmes = Array.from({ length: 15 }, () => m.bid(name("sam"), 20n, acme));
    const betas = Array.from({ length: 5 }, () => m.bid(name("sam"), 20n, { organization: "beta" }));
    m.block(1_000n, 2);
    m.policy("olga", "acme", { deniedClasses: ["wasm.core"] });
    m.policy("bert", "beta", { deniedClasses: ["wasm.core"] });
    m.policy("olga", "acme", { deniedClasses: ["wasm.core"], deniedJurisdictions: ["US"] });
    m.block();
    const open = (ids: readonly bigint[]): number => ids.filter((id) => bidOf(m, id).status === OrderStatus.ORDER_STATUS_OPEN).length;
    assert.deepEqual([open(acmes), open(betas)], [10, 0]);
    m.block();
    assert.deepEqual([open(acmes), open(betas)], [0, 0]);
  });

  it("ORG-11 leave after an export too, whose queue is made anew", () => {
    const m = world({ maxSweep: 10 });
    const jobs = Array.from({ length: 15 }, () => m.bid(name("sam"), 20n, acme));
    m.block(1_000n, 2);
    m.remove("olga", "acme", "sam");
    m.block();
    const sections = Object.fromEntries(m.modules.map((module) => [module.name, module.genesis!.export(testContext(m.stores, { time: m.time }))]));
    const again = memoryStores();
    initGenesis(again, m.modules, sections);
    const ctx = testContext(again, { height: m.height, time: m.time, mode: "block" });
    m.module.endBlock!(ctx);
    const closed = ctx.events.filter(({ type, attributes }) => type === "dcm.market.v1.EventBidChanged" && attributes.some(([key, value]) => key === "status" && value === "barred"));
    assert.deepEqual([jobs.filter((id) => bidOf(m, id).status === OrderStatus.ORDER_STATUS_OPEN).length, closed.length], [5, 5]);
  });
});

describe("organizations and whoever is drawn or named", () => {
  const salts = saltChain(4);

  it("ORG-12 no replica is drawn that the policy does not admit, though it offers the lowest price", () => {
    const m = world();
    m.policy("olga", "acme", { deniedJurisdictions: ["US"] });
    m.provider("ch 2", 10_000_000n, name("ch 2"), [["jurisdiction", "CH"]]);
    for (const [label, price] of [["ch", 10n], ["us", 1n], ["ch 2", 12n]] as const) m.ask(name(label), price, 2);
    const job = m.bid(name("sam"), 20n, { ...acme, ...replicated(salts) });
    m.block(1_000n, 4);
    m.send("MsgRevealSalt", { consumer: name("sam"), jobId: job, salt: salts[1]! });
    m.block();
    assert.deepEqual(providersOf(m, job).sort(), [name("ch"), name("ch 2")].sort());
  });

  it("ORG-12 a policy that changes between match and draw holds for the draw", () => {
    const m = world();
    for (const label of ["x1", "x2", "x3"]) m.provider(label, 10_000_000n, name(label), [["jurisdiction", label === "x1" ? "CH" : "US"]]);
    for (const label of ["x1", "x2", "x3"]) m.ask(name(label), 10n, 2);
    const job = m.bid(name("sam"), 20n, { ...acme, ...replicated(salts) });
    m.block(1_000n, 4);
    const [first] = providersOf(m, job);
    const other = ["x1", "x2", "x3"].map(name).find((one) => one !== first)!;
    m.policy("olga", "acme", { allowedProviders: [first!, other].sort() });
    m.send("MsgRevealSalt", { consumer: name("sam"), jobId: job, salt: salts[1]! });
    m.block();
    assert.deepEqual(providersOf(m, job).sort(), [first!, other].sort());
  });

  it("ORG-12 no prober is drawn that the policy does not admit", () => {
    const m = world();
    m.policy("olga", "acme", { deniedJurisdictions: ["US"] });
    for (const label of ["q1", "q2", "q3"]) m.provider(label, 10_000_000n, name(label), [["jurisdiction", "CH"]]);
    for (const label of ["u1", "u2", "u3", "u4", "u5"]) m.provider(label, 90_000_000n, name(label), [["jurisdiction", "US"]]);
    m.serviceAsk(name("ch"), 6_000n);
    m.block();
    const service = m.serviceBid(name("sam"), 6_000n, { ...acme, lots: 10n, sla: { minAvailabilityBps: 9_000, maxLatencyMs: 500n, periodMs: 60_000n, creditBps: 5_000 } });
    m.block(1_000n, 2);
    m.sealFor(name("sam"), service, name("ch"));
    m.startService(service * 65_536n, name("ch"));
    m.block(1_000n, 5);
    const { round } = m.query<{ round: ProbeRound }>("ProbeRound", { instanceId: service * 65_536n });
    assert.deepEqual(round.probes.map(({ prober }) => prober).sort(), ["q1", "q2", "q3"].map(name).sort());
  });

  it("ORG-12 a bid on a reserved ask is refused where its provider is not admitted, and leaves where it is not any more", () => {
    const m = world();
    m.policy("olga", "acme", { deniedJurisdictions: ["US"] });
    const askId = m.ask(name("us"), 7n, 1, { reservedFor: name("sam") });
    fails(() => m.bid(name("sam"), 20n, { ...acme, askId }), 10, /denied_jurisdictions has US/, "organization");
    m.policy("olga", "acme", {});
    const [served, waits] = [m.bid(name("sam"), 20n, { ...acme, askId }), m.bid(name("sam"), 20n, { ...acme, askId })];
    m.block(1_000n, 2);
    assert.deepEqual([providersOf(m, served), bidOf(m, waits).status], [[name("us")], OrderStatus.ORDER_STATUS_OPEN]);
    m.policy("olga", "acme", { deniedJurisdictions: ["US"] });
    m.block(1_000n, 2);
    assert.deepEqual(state(m, waits), barred);
    m.finish(served * 65_536n, name("us"));
    m.block();
    assert.equal(m.task(served * 65_536n).state, TaskState.TASK_STATE_FINAL);
  });
});

describe("owners and admins", () => {
  it("ORG-17 cancel bids and close services that members ordered with the organization's money, and no others", () => {
    const m = world();
    m.member("olga", "acme", "ada", admin);
    m.member("olga", "acme", "spencer", spender);
    const cancel = (signer: string, jobId: bigint): unknown => m.send("MsgCancelBid", { consumer: name(signer), jobId });
    const [of, other, own] = [m.bid(name("sam"), 20n, acme), m.bid(name("sam"), 21n, acme), m.bid(name("sam"), 22n)];
    m.block();
    for (const signer of ["spencer", "us"]) fails(() => cancel(signer, of), 12, /belongs to|is another|bid/);
    fails(() => cancel("olga", own), 12, /bid/);
    cancel("ada", of);
    m.remove("olga", "acme", "ada");
    fails(() => cancel("ada", other), 12, /bid/);
    m.block();
    assert.deepEqual([bidOf(m, of).status, jobOf(m, of).escrow!.held, bidOf(m, other).status], [OrderStatus.ORDER_STATUS_CANCELLED, "0", OrderStatus.ORDER_STATUS_OPEN]);
    fails(() => m.send("MsgReplaceBid", { consumer: name("olga"), jobId: other, limitPrice: 30n, expiresTau: 0n }), 12, /bid/);
    m.serviceAsk(name("ch"), 5n);
    m.block();
    const service = m.serviceBid(name("sam"), 20n, acme);
    m.block(1_000n, 2);
    m.sealFor(name("sam"), service, name("ch"));
    m.startService(service * 65_536n, name("ch"));
    fails(() => m.send("MsgCloseService", { consumer: name("spencer"), instanceId: service * 65_536n }), 12, /instance/);
    m.send("MsgCloseService", { consumer: name("olga"), instanceId: service * 65_536n });
    m.block();
    assert.equal(m.instance(service * 65_536n).instance!.closeReason, CloseReason.CLOSE_REASON_CLOSED_BY_CONSUMER);
  });
});

describe("members that were removed", () => {
  it("MKT-201: accept no result and close no service that the organization pays for; its owners do", () => {
    const m = world();
    m.serviceAsk(name("ch"), 5n);
    m.ask(name("us"), 5n, 1, { maxAcceptanceWindow: 600_000n });
    m.block();
    const service = m.serviceBid(name("sam"), 20n, acme);
    const job = m.bid(name("sam"), 20n, { ...acme, acceptance: { window: 600_000n, providerShareBps: 0 } });
    m.block(1_000n, 2);
    m.sealFor(name("sam"), service, name("ch"));
    m.startService(service * 65_536n, name("ch"));
    m.finish(job * 65_536n, name("us"));
    m.remove("olga", "acme", "sam");
    const close = (consumer: string): unknown => m.send("MsgCloseService", { consumer, instanceId: service * 65_536n });
    const accept = (consumer: string): unknown => m.send("MsgAcceptResult", { consumer, taskId: job * 65_536n, instanceId: 0n, period: 0n });
    fails(() => close(name("sam")), 12, /instance .* does not allow it to .* any more/);
    fails(() => accept(name("sam")), 12, /task/);
    m.block();
    close(name("olga"));
    accept(name("olga"));
    m.block();
    assert.deepEqual([m.instance(service * 65_536n).instance!.closeReason, jobOf(m, job).escrow!.paid], [CloseReason.CLOSE_REASON_CLOSED_BY_CONSUMER, "10"]);
  });
});

describe("declared affiliates", () => {
  it("ORG-16 members of one organization do not trade with each other, with its money or their own: the newer order leaves", () => {
    const m = world();
    m.member("olga", "acme", "ch", Role.ROLE_OPERATOR);
    const older = m.ask(name("ch"), 5n);
    m.block();
    const [of, own] = [m.bid(name("sam"), 20n, acme), m.bid(name("sam"), 20n)];
    m.block(1_000n, 2);
    assert.deepEqual([bidOf(m, of).status, bidOf(m, own).status], [OrderStatus.ORDER_STATUS_SELF_TRADE, OrderStatus.ORDER_STATUS_SELF_TRADE]);
    const askStatus = (askId: bigint): OrderStatus => m.query<{ ask: { status: OrderStatus } }>("Ask", { askId }).ask.status;
    assert.equal(askStatus(older), OrderStatus.ORDER_STATUS_OPEN);
    m.send("MsgCancelAsk", { provider: name("ch"), askId: older });
    const waits = m.bid(name("sam"), 20n, acme);
    m.block(1_000n, 2);
    const newer = m.ask(name("ch"), 5n);
    m.ask(name("us"), 9n);
    m.block(1_000n, 2);
    assert.deepEqual([askStatus(newer), providersOf(m, waits)], [OrderStatus.ORDER_STATUS_SELF_TRADE, [name("us")]]);
  });

  it("ORG-16 an invitation makes nobody an affiliate, and who left trades again", () => {
    const m = world();
    m.order("MsgSetMember", { admin: name("olga"), organization: "acme", member: name("ch"), role: Role.ROLE_OPERATOR });
    m.ask(name("ch"), 5n, 3);
    m.block();
    const first = m.bid(name("sam"), 20n, acme);
    m.block(1_000n, 2);
    m.order("MsgAcceptMembership", { member: name("ch"), organization: "acme" });
    const second = m.bid(name("sam"), 20n, acme);
    m.block(1_000n, 2);
    m.remove("ch", "acme", "ch");
    const third = m.bid(name("sam"), 20n, acme);
    m.block(1_000n, 2);
    assert.deepEqual([first, second, third].map((id) => providersOf(m, id)), [[name("ch")], [], [name("ch")]]);
  });

  it("ORG-16 no affiliate of the consumer is drawn as replica or prober", () => {
    const m = world();
    m.member("olga", "acme", "kin", Role.ROLE_OPERATOR);
    m.provider("kin", 90_000_000n, name("kin"), [["jurisdiction", "CH"]]);
    for (const label of ["ch", "us"]) m.ask(name(label), 10n, 2);
    const salts = saltChain(4);
    const job = m.bid(name("sam"), 20n, replicated(salts));
    m.block(1_000n, 3);
    m.ask(name("kin"), 1n, 2);
    m.block(1_000n, 2);
    m.send("MsgRevealSalt", { consumer: name("sam"), jobId: job, salt: salts[1]! });
    m.block();
    assert.deepEqual(providersOf(m, job).sort(), [name("ch"), name("us")].sort());
    for (const label of ["q1", "q2"]) m.provider(label);
    m.serviceAsk(name("ch"), 6_000n);
    m.block();
    const service = m.serviceBid(name("sam"), 6_000n, { lots: 10n, sla: { minAvailabilityBps: 9_000, maxLatencyMs: 500n, periodMs: 60_000n, creditBps: 5_000 } });
    m.block(1_000n, 2);
    m.sealFor(name("sam"), service, name("ch"));
    m.startService(service * 65_536n, name("ch"));
    m.block(1_000n, 5);
    const { round } = m.query<{ round: ProbeRound }>("ProbeRound", { instanceId: service * 65_536n });
    assert.deepEqual(round.probes.map(({ prober }) => prober).sort(), ["q1", "q2", "us"].map(name).sort());
  });

  it("ORG-16 a bid on a reserved ask leaves where its provider became a member of the organization that pays", () => {
    const m = world();
    const askId = m.ask(name("ch"), 7n, 1, { reservedFor: name("sam") });
    const job = m.bid(name("sam"), 20n, { ...acme, askId });
    m.member("olga", "acme", "ch", Role.ROLE_VIEWER);
    m.block(1_000n, 2);
    assert.deepEqual(state(m, job), barred);
    fails(() => m.bid(name("sam"), 20n, { ...acme, askId }), 10, /members do not sell to their organization/, "organization");
  });
});

describe("quotes for an organization", () => {
  const ask = (m: TestOrganizations, requester: string, more: object = acme): bigint =>
    m.send<{ requestId: bigint }>("MsgRequestQuotes", { requester: name(requester), classId: "wasm.core", quoteDenom: denom, resources: undefined, tasks: 2, lots: 10n, requirements: [], deadlineTau: 0n, costTags: [{ key: "team", value: "ml" }], ...more }).requestId;
  const quote = (m: TestOrganizations, provider: string, requestId: bigint): bigint => m.send<{ askId: bigint }>("MsgQuote", { provider: name(provider), requestId, price: 9n, units: 2, expiresTau: 0n, maxAcceptanceWindow: 0n, levels: [] }).askId;
  const request = (m: TestOrganizations, requestId: bigint): QuoteRequest => m.query<{ request: QuoteRequest }>("QuoteRequest", { requestId }).request;

  it("ORG-20 its account pays the deposit within its budget, any member that may spend accepts with its money, and the deposit is back in both", () => {
    const m = world();
    m.member("olga", "acme", "tom", spender);
    const id = ask(m, "sam");
    const deposit = BigInt(request(m, id).storageDeposit);
    assert.deepEqual([request(m, id).payer, m.balanceOf(account, denom), m.remaining("acme")], [account, 1_000_000n - deposit, [1_000_000n - deposit]]);
    m.block();
    const askId = quote(m, "ch", id);
    fails(() => m.bid(name("sam"), 9n, { askId }), 80, /reserved for/);
    fails(() => m.bid(m.fund("eve"), 9n, { ...acme, askId }), 5, /no member/, "organization");
    const job = m.bid(name("tom"), 9n, { ...acme, askId });
    m.block(1_000n, 2);
    assert.deepEqual(providersOf(m, job), [name("ch")]);
    const { deposited, storageDeposit } = jobOf(m, job).escrow!;
    const held = BigInt(deposited) + BigInt(storageDeposit);
    assert.deepEqual([m.balanceOf(account, denom), m.remaining("acme")], [1_000_000n - held, [1_000_000n - held]]);
    const [accepted] = m.named("EventQuoteAccepted").map(({ attributes }) => Object.fromEntries(attributes));
    assert.deepEqual([accepted!["consumer"], accepted!["organization"]], [name("tom"), "acme"]);
  });

  it("ORG-20 needs role, policy and budget; members and whom the policy refuses need not answer", () => {
    const m = world();
    m.member("olga", "acme", "viv", viewer);
    fails(() => ask(m, "viv"), 6, /may not spend/, "organization");
    fails(() => ask(m, "us"), 5, /no member/, "organization");
    m.policy("olga", "acme", { deniedClasses: ["wasm.core"] });
    fails(() => ask(m, "sam"), 10, /denied_classes/, "organization");
    m.policy("olga", "acme", { deniedJurisdictions: ["US"], minVerification: VerificationLevel.VERIFICATION_LEVEL_V2_REPLICATED });
    const id = ask(m, "sam");
    fails(() => quote(m, "us", id), 88, /cannot serve acme: denied_jurisdictions has US/);
    m.member("olga", "acme", "ch", viewer);
    fails(() => quote(m, "ch", id), 88, /members do not sell to their organization/);
    m.budget("olga", "acme", 1n);
    fails(() => ask(m, "sam"), 12, /more than remains/, "organization");
    m.block();
  });

  it("ORG-17 an owner or admin cancels it, and nobody else who did not make it; it expires with the deposit back", () => {
    const m = world();
    m.member("olga", "acme", "ada", admin);
    m.member("olga", "acme", "tom", spender);
    const [first, second, own] = [ask(m, "sam"), ask(m, "sam"), ask(m, "sam", { organization: "", costTags: [] })];
    const cancel = (signer: string, requestId: bigint): unknown => m.send("MsgCancelRequest", { requester: name(signer), requestId });
    fails(() => cancel("tom", first), 12, /request/);
    fails(() => cancel("ada", own), 12, /request/);
    cancel("ada", first);
    m.block(31n * 86_400_000n, 2);
    assert.throws(() => request(m, second), /request/);
    assert.deepEqual([m.balanceOf(account, denom), m.remaining("acme")], [1_000_000n, [1_000_000n]]);
  });
});

describe("any run of policies, members and orders", () => {
  it("ORG-14 no lease is made against the policy and the members of its block, and every coin is there", () => {
    const places = ["CH", "DE", "US"];
    const step = fc.record({
      kind: fc.constantFrom("bid", "bid", "bid", "ask", "ask", "policy", "policy", "remove", "join", "cancel", "block", "block"), who: fc.constantFrom("sam", "ada"), price: fc.bigInt(1n, 40n), where: fc.integer({ min: 0, max: 5 }), denied: fc.subarray(places), pick: fc.nat(9),
    });
    let made = 0;
    let refused = 0;
    fc.assert(fc.property(fc.array(step, { minLength: 10, maxLength: 40 }), (steps) => {
      const m = world({ maxSweep: 10 });
      m.member("olga", "acme", "ada", spender);
      const providers = Array.from({ length: 6 }, (_, i) => m.provider(`p${i}`, 10_000_000n, name(`p${i}`), [["jurisdiction", places[i % 3]!]]));
      const { money } = m;
      const jobs: { id: bigint; who: string }[] = [];
      let denied: readonly string[] = [];
      const inside = new Set(["sam", "ada"]);
      for (const { kind, who, price, where, denied: next, pick } of steps) {
        const job = jobs[pick % Math.max(1, jobs.length)];
        try {
          if (kind === "bid") jobs.push({ id: m.bid(name(who), price, acme, { tasks: 1 + (pick % 3) }), who });
          else if (kind === "ask") m.ask(providers[where]!, price, 2);
          else if (kind === "cancel" && job !== undefined) m.send("MsgCancelBid", { consumer: name(job.who), jobId: job.id });
          else if (kind === "policy") {
            m.policy("olga", "acme", { deniedJurisdictions: next });
            denied = next;
          } else if (kind === "remove") {
            m.remove("olga", "acme", who);
            inside.delete(who);
          } else if (kind === "join") {
            m.member("olga", "acme", who, spender);
            inside.add(who);
          }
        } catch (error) {
          assert.match((error as Error).message, /no member|cancelled|barred|expired|open|matched|not allow/);
          refused++;
        }
        if (kind !== "block") continue;
        const from = m.events.length;
        m.block();
        for (const { type, attributes } of m.events.slice(from)) {
          if (type !== "dcm.market.v1.EventLeaseCreated") continue;
          const of = (key: string): string => attributes.find(([label]) => label === key)![1];
          const bid = jobs.find(({ id }) => String(id) === of("job_id"))!;
          assert.ok(inside.has(bid.who) && !denied.includes(places[providers.indexOf(of("provider")) % 3]!), `${bid.who} is served by ${of("provider")}`);
          made++;
        }
      }
      m.block(8n * 86_400_000n, 3);
      m.block(8n * 86_400_000n, 3);
      assert.equal(m.money, money);
    }), { numRuns: 60 });
    assert.ok(made > 0 && refused > 0, `${made} leases, ${refused} refusals`);
  });
});

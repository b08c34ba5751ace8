/** Pay of services that is held for its acceptance (acceptance.ts, periods.ts), with a dispute played by the test through the port. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import type { GenesisState } from "../../../codec/gen/dcm/market/v1/genesis.ts";
import type { QueryHoldsResponse } from "../../../codec/gen/dcm/market/v1/query.ts";
import { CloseReason, InstanceState, type Hold, type Instance, type Service, type ServiceAcceptance } from "../../../codec/gen/dcm/market/v1/types.ts";
import { brokenInvariants, initGenesis, memoryStores, query, testContext, transact } from "../../../runtime/testing.ts";
import { denom, fails, TestMarket } from "../testing.ts";
import { maxHolds } from "./acceptance.ts";
import { fundersOf } from "./deposits.ts";

const period = 60_000n;
const terms: ServiceAcceptance = { window: 120_000n, providerShareBps: 0, heldBps: 5_000, period };

class Scene extends TestMarket {
  readonly p = this.provider("p");
  readonly c = this.fund("c");
  readonly service: bigint;
  readonly id: bigint;
  readonly started: bigint;

  /** At 100 a minute, 1 % of fee, half of it held, a minute at a time; 40 lots are prefunded. */
  constructor(acceptance: Partial<ServiceAcceptance> = {}, more: object = {}, params: object = {}) {
    super(params);
    this.serviceAsk(this.p, 100n, 3, { maxAcceptanceWindow: 30n * 86_400_000n });
    this.block();
    this.service = this.serviceBid(this.c, 100n, { lots: 40n, acceptance: { ...terms, ...acceptance }, ...more });
    this.block(1_000n, 2);
    this.id = this.service * 65_536n;
    this.sealFor(this.c, this.service, this.p);
    this.startService(this.id, this.p);
    this.started = this.tau;
  }

  /** Blocks of a second until it is this long since the start. */
  at(ms: bigint): void {
    while (this.tau < this.started + ms) this.block(1_000n);
    assert.equal(this.tau, this.started + ms);
  }

  get held(): Hold[] {
    return this.query<QueryHoldsResponse>("Holds", { jobId: this.service }).holds;
  }

  /** As it is in the state. */
  get record(): Instance {
    return (this.module.genesis!.export(testContext(this.stores)) as GenesisState).instances.find((one) => one.id === this.id)!;
  }

  get backing(): Service {
    return this.query<{ service: Service }>("Service", { serviceId: this.service }).service;
  }

  balance(account: string): bigint {
    return this.balanceOf(account, denom);
  }

  accept(consumer = this.c, of = 0n): void {
    this.send("MsgAcceptResult", { consumer, taskId: 0n, instanceId: this.id, period: of });
  }

  /** As a case would, with its verdict at once. */
  dispute(of: bigint, caseId = 7n): void {
    this.port((ctx, holds) => {
      holds.touch(ctx, { id: this.id, period: of });
      holds.hold(ctx, { id: this.id, period: of }, caseId);
    });
  }

  split(of: bigint, share: number): void {
    this.port((ctx, holds) => holds.split(ctx, { id: this.id, period: of }, share));
  }

  port(run: (ctx: Parameters<Parameters<typeof transact>[1]>[0], holds: TestMarket["holds"]) => void): void {
    transact(this.stores, (ctx) => run(ctx, this.holds), { height: this.height });
  }

  close(): void {
    this.send("MsgCloseService", { consumer: this.c, instanceId: this.id });
  }
}

describe("acceptance of services", () => {
  it("MKT-160: bad terms are refused by name", () => {
    const m = new TestMarket();
    const c = m.fund("c");
    const bid = (acceptance: Partial<ServiceAcceptance>) => () => m.serviceBid(c, 100n, { acceptance: { ...terms, ...acceptance } });
    fails(bid({ window: 999n }), 2, /acceptance.window is 999/);
    fails(bid({ window: 8n * 86_400_000n, period: 86_400_000n }), 2, /acceptance.window/);
    fails(bid({ heldBps: 0 }), 2, /acceptance.held_bps is 0/);
    fails(bid({ heldBps: 10_001 }), 2, /acceptance.held_bps is 10001/);
    fails(bid({ providerShareBps: 10_001 }), 2, /acceptance.provider_share_bps/);
    fails(bid({ window: 480_001n }), 2, /acceptance.period is 60000; it must be from 60001/);
    fails(bid({ window: 1_000n, period: 4_999n }), 2, /acceptance.period is 4999; it must be from 5000/);
    fails(bid({ period: 86_400_001n }), 2, /acceptance.period/);
  });

  it("MKT-160: only asks that take period and window together serve such a bid; without one all is as ever", () => {
    const m = new TestMarket();
    const [c, short, long] = [m.fund("c"), m.provider("short"), m.provider("long")];
    m.serviceAsk(short, 50n, 1, { maxAcceptanceWindow: period + terms.window - 1n });
    m.serviceAsk(long, 100n, 1, { maxAcceptanceWindow: period + terms.window });
    const disputable = m.serviceBid(c, 200n, { acceptance: terms });
    m.block(1_000n, 2);
    const plain = m.serviceBid(c, 200n);
    m.block(1_000n, 2);
    assert.deepEqual([disputable, plain].map((service) => m.instance(service * 65_536n).instance!.provider), [long, short]);
  });

  it("MKT-161: a part of each period is held, the rest is paid at once; behind its window the part is paid, whoever is gone", () => {
    const s = new Scene();
    const before = s.balance(s.p);
    s.at(30_000n);
    s.send("MsgSettleService", { signer: s.c, instanceId: s.id });
    assert.deepEqual(s.held.map(({ period: of, payments, fee, untilTau, dueTau, sinceTau }) => [of, payments[0]!.amount, fee, untilTau - s.started, dueTau - untilTau, sinceTau - s.started]), [[1n, "25", "0", period, terms.window, 0n]]);
    assert.deepEqual([s.record.paid, s.record.accrued, s.record.held], ["25", "50", "25"]);
    s.at(2n * period + 2_000n);
    assert.deepEqual(s.held.map(({ period: of, payments }) => [of, payments[0]!.amount]), [[1n, "50"], [2n, "50"]], "each period of its own, settled at its end by itself");
    s.at(3n * period);
    assert.equal(s.held.length, 2, "the window counts at its own tau");
    const atOnce = (): bigint => BigInt(s.record.accrued) - BigInt(s.record.accrued) / 2n;
    assert.equal(s.balance(s.p) - before, atOnce());
    s.block(2n);
    s.block(1n);
    assert.deepEqual(s.held[0]!.period, 2n, "the first is paid");
    assert.equal(s.balance(s.p) - before, atOnce() + 50n);
    s.close();
    s.retire(s.p);
    s.block(1_000n);
    s.leave(s.p);
    s.block(terms.window + period, 3);
    assert.deepEqual([s.held.length, s.backing.escrow!.held, s.backing.escrow!.paid], [0, "0", s.record.accrued]);
    assert.notEqual(s.backing.endedTau, 0n, "the service ends when nothing of it is held");
  });

  it("MKT-161: it is the same whoever settles how often", () => {
    const outcome = (settle: (s: Scene) => void): unknown => {
      const s = new Scene({ heldBps: 3_333 }, {}, { feeBps: 777 });
      for (let i = 0; i < 150; i++) {
        settle(s);
        s.block(1_000n);
      }
      s.close();
      const { paid, accrued, accruedFees } = s.record;
      return [paid, accrued, accruedFees, s.held.map((one) => [one.period, one.payments[0]!.amount, one.untilTau - s.started])];
    };
    assert.deepEqual(outcome((s) => s.send("MsgSettleService", { signer: s.c, instanceId: s.id })), outcome(() => undefined));
  });

  it("MKT-162: the consumer accepts periods that are over, one or all; nobody else does, nor what a case decides on", () => {
    const s = new Scene();
    s.at(3n * period + 2_000n);
    fails(() => s.accept(s.p), 12, /belongs to/);
    fails(() => s.accept(s.c, 4n), 102, /lasts until/);
    fails(() => s.accept(s.c, 9n), 100, /nothing is held of period 9/);
    fails(() => s.send("MsgAcceptResult", { consumer: s.c, taskId: 1n, instanceId: s.id, period: 0n }), 2, /one of both/);
    fails(() => s.send("MsgAcceptResult", { consumer: s.c, taskId: 1n, instanceId: 0n, period: 1n }), 2, /a task has none/);
    fails(() => s.send("MsgAcceptResult", { consumer: s.c, taskId: 0n, instanceId: 1n, period: 0n }), 62, /instance 1/);
    s.dispute(2n);
    fails(() => s.accept(s.c, 2n), 101, /case 7/);
    const before = BigInt(s.record.paid);
    s.accept(s.c, 3n);
    assert.equal(BigInt(s.record.paid) - before, 50n);
    s.close();
    s.accept();
    assert.deepEqual(s.held.map(({ period: of }) => of), [2n], "all but what waits for its case");
    fails(() => s.accept(), 100, /nothing is held/);
    s.block();
  });

  for (const [share, toProvider, fee] of [[0, 0n, 0n], [3_333, 16n, 0n], [10_000, 50n, 1n]] as const) {
    for (const live of [true, false]) {
      it(`MKT-163: a case holds pay beyond its window and splits it to the unit, ${live ? "while the lease lives" : "behind its end"}: ${share} of 10,000 to the provider`, () => {
        // A fee of 2 on a period's 100, 1 of it on what is held.
        const s = new Scene({}, {}, { feeBps: 200 });
        s.at(period + 2_000n);
        if (!live) s.close();
        s.dispute(1n);
        s.at(period + terms.window + 4_000n);
        if (live) s.send("MsgSettleService", { signer: s.c, instanceId: s.id });
        assert.equal(s.held[0]!.caseId, 7n);
        const [ofProvider, ofConsumer, bonds] = [s.balance(s.p), s.balance(s.c), s.providers.get(s.p)!.bond];
        s.split(1n, share);
        assert.deepEqual([s.balance(s.p) - ofProvider, s.balance(s.c) - ofConsumer], [toProvider, 51n - toProvider - fee]);
        assert.deepEqual([s.record.refunded === "0", s.providers.get(s.p)!.bond], [live && share === 10_000, bonds], "no bond is touched");
        s.block(terms.window, 3);
        assert.deepEqual(s.held.filter(({ period: of }) => of === 1n), []);
      });
    }
  }

  it("MKT-163: what comes back goes to whoever's deposits it was out of, in proportion", () => {
    const s = new Scene({ heldBps: 10_000, period: 600_000n, window: 600_000n }, { lots: 1n, reclaimNotice: 0n }, {});
    const other = s.fund("other");
    s.send("MsgTopUpService", { organization: "", costTags: [], payer: other, instanceId: s.id, amount: "300" });
    s.at(120_000n);
    s.close();
    // 200 of pay and 2 of fee: 101 out of the bid's deposit, 101 out of the other's.
    assert.deepEqual(s.held.map(({ funders }) => funders), [[{ payer: s.c, amount: "101" }, { payer: other, amount: "101" }]]);
    const [ofConsumer, ofOther] = [s.balance(s.c), s.balance(other)];
    s.dispute(1n);
    s.split(1n, 0);
    assert.deepEqual([s.balance(s.c) - ofConsumer, s.balance(other) - ofOther], [101n, 101n]);
    s.block();
    fc.assert(fc.property(fc.array(fc.bigInt(1n, 1_000n), { minLength: 1, maxLength: 16 }), fc.bigInt(0n, 1_000n), fc.bigInt(1n, 1_000n), fc.bigInt(0n, 1_000n), (amounts, a, b, share) => {
      const all = amounts.reduce((sum, one) => sum + one, 0n);
      const [from, to] = [(all * a) / 2_001n, (all * a) / 2_001n + 1n + ((all - 1n) * b) / 2_001n];
      const parts = fundersOf(amounts.map((amount, i) => ({ payer: String(i), amount: String(amount) })), from, to, ((to - from) * share) / 1_000n);
      assert.equal(parts.reduce((sum, { amount }) => sum + BigInt(amount), 0n), ((to - from) * share) / 1_000n);
      for (const { payer, amount } of parts) assert.ok(BigInt(amount) <= amounts[Number(payer)]!);
    }));
  });

  it("MKT-164: depletion, grace, debts and top-ups are as without; what is owed and paid late belongs to the period that it was earned in", () => {
    const [held, plain] = [new Scene({}, { lots: 1n }), new Scene({ heldBps: 1 }, { lots: 1n })];
    for (const s of [held, plain]) {
      s.at(62_000n);
      assert.equal(s.instance(s.id).instance!.state, InstanceState.INSTANCE_STATE_GRACE);
      assert.equal(s.instance(s.id).debt, "3");
      s.send("MsgTopUpService", { organization: "", costTags: [], payer: s.c, instanceId: s.id, amount: "1" });
      s.send("MsgTopUpService", { organization: "", costTags: [], payer: s.c, instanceId: s.id, amount: "100" });
      assert.equal(s.instance(s.id).instance!.state, InstanceState.INSTANCE_STATE_RUNNING);
      s.block(240_000n, 2);
    }
    const end = ({ record: { accrued, accruedFees, unpaid, endedTau, closeReason }, started }: Scene): unknown => [accrued, accruedFees, unpaid, endedTau - started, closeReason];
    assert.deepEqual(end(held), end(plain));
    assert.equal(held.record.closeReason, CloseReason.CLOSE_REASON_DEPLETED);
  });

  it("MKT-164: a lease that ends cuts its period: the window counts from there", () => {
    for (const end of ["close", "reclaim"] as const) {
      const s = new Scene();
      s.at(20_000n);
      if (end === "close") s.close();
      else s.send("MsgReclaimService", { worker: s.p, provider: s.p, instanceId: s.id });
      s.block(15_000n, 2);
      const { endedTau } = s.record;
      assert.equal(endedTau - s.started, end === "close" ? 20_000n : 30_000n);
      assert.deepEqual(s.held.map(({ untilTau, dueTau }) => [untilTau, dueTau]), [[endedTau, endedTau + terms.window]]);
    }
  });

  it("MKT-165: there are at most so many holds of an instance: where cases keep them, the present period goes on until one of them ends", () => {
    const s = new Scene({ window: 40_000n, period: 5_000n }, { reclaimNotice: 10_000n });
    for (let i = 1n; i <= BigInt(maxHolds) + 8n; i++) {
      s.at(i * 5_000n + 2_000n);
      const over = s.held.filter(({ caseId, untilTau }) => caseId === 0n && untilTau < s.tau);
      for (const { period: of } of over) s.dispute(of);
      assert.ok(s.record.holds <= maxHolds);
    }
    assert.equal(s.record.holds, maxHolds);
    const last = s.held.at(-1)!;
    assert.deepEqual([last.caseId, last.untilTau - last.sinceTau > 5_000n], [0n, true]);
    fails(() => s.accept(s.c, last.period), 102, /lasts until/);
    s.split(1n, 10_000);
    s.block(20_000n, 2);
    assert.ok(s.held.at(-1)!.period > last.period, "a place came free");
  });

  it("MKT-165: windows that are over at one tau are paid a bounded number a block, apart from all other deadlines", () => {
    const m = new TestMarket({ maxSweep: 10, maxTasks: 40 });
    const [p, c] = [m.provider("p", 10n ** 12n), m.fund("c")];
    m.serviceAsk(p, 100n, 40, { maxAcceptanceWindow: 10n ** 9n });
    m.block();
    const service = m.serviceBid(c, 100n, { acceptance: terms }, { instances: 40 });
    m.block(1_000n, 2);
    m.sealFor(c, service, p);
    for (let i = 0n; i < 40n; i++) m.startService(service * 65_536n + i, p);
    m.block(10_000n);
    for (let i = 0n; i < 40n; i++) m.send("MsgCloseService", { consumer: c, instanceId: service * 65_536n + i });
    const count = (): number => m.query<QueryHoldsResponse>("Holds", { jobId: service }).holds.length;
    m.block(terms.window);
    m.block(1n);
    const left = [count()];
    for (let i = 0; i < 5; i++) {
      m.block(1n);
      left.push(count());
    }
    assert.deepEqual(left, [40, 30, 20, 10, 0, 0]);
  });

  it("MKT-166: credits are reckoned from what was paid at once: no failing is made good by bond and by a jury", () => {
    const creditOf = (heldBps: number | undefined): bigint => {
      const sla = { minAvailabilityBps: 10_000, maxLatencyMs: 100n, periodMs: 60_000n, creditBps: 10_000 };
      const s = new Scene({}, { sla, acceptance: heldBps === undefined ? undefined : { ...terms, heldBps } });
      for (const label of ["x", "y", "z"]) s.provider(label);
      s.block(1_000n, 4);
      const { probes } = s.query<{ round: { round: bigint; probes: { prober: string }[] } }>("ProbeRound", { instanceId: s.id }).round;
      for (const { prober } of probes) s.send("MsgReportProbe", { prober, instanceId: s.id, round: 1n, available: false, latencyMs: 0n });
      s.at(62_000n);
      const judged = s.named("EventProbeJudged")[0]!.attributes;
      return BigInt(judged.find(([key]) => key === "credit_due")![1]);
    };
    const all = creditOf(undefined);
    assert.equal(all, 101n, "the 100 of the minute, and what streamed until the sweep came");
    assert.deepEqual([creditOf(5_000), creditOf(10_000)], [51n, 0n]);
  });

  it("MKT-167: genesis goes round in the middle of periods, windows and cases, and goes on where it was; contradictions are refused", () => {
    const s = new Scene();
    s.at(2n * period + 10_000n);
    s.dispute(1n);
    const state = s.module.genesis!.export(testContext(s.stores, { height: s.height })) as GenesisState;
    assert.equal(state.holds.length, 3);
    const stores = memoryStores();
    s.module.genesis!.check(state);
    initGenesis(stores, [s.module], { market: state });
    assert.deepEqual(brokenInvariants(stores, [s.module]), []);
    assert.deepEqual(s.module.genesis!.export(testContext(stores, { height: s.height })), state);
    assert.equal(query<QueryHoldsResponse>(stores, [s.module], "/dcm.market.v1.Query/Holds", { jobId: 0n, pagination: undefined }, { height: s.height }).holds.length, 3);
    assert.throws(() => s.module.genesis!.check({ ...state, holds: state.holds.slice(1) }), /counts 3, there are 2/);
    assert.throws(() => s.module.genesis!.check({ ...state, instances: state.instances.map((one) => ({ ...one, accrued: "0" })) }), /of 2 that accrued/);
    assert.throws(() => s.module.genesis!.check({ ...state, holds: state.holds.map((hold) => ({ ...hold, period: hold.period + 9n })) }), /has no period 10/);
  });

  type Action = { readonly kind: "settle" | "topUp" | "reclaim" | "close" | "wait" | "accept" | "dispute" | "decide"; readonly ms: number; readonly amount: number; readonly who: number };

  it("MKT-168: whatever is settled, topped up, accepted, disputed, split, reclaimed and closed when: what accrued is what the time is worth, and it is paid, charged, held or given back, to the unit", () => {
    const action: fc.Arbitrary<Action> = fc.record({
      kind: fc.constantFrom("settle", "topUp", "wait", "wait", "wait", "accept", "dispute", "dispute", "decide", "reclaim", "close"), ms: fc.integer({ min: 0, max: 90_000 }), amount: fc.integer({ min: 1, max: 10_000 }), who: fc.integer({ min: 0, max: 2 }),
    });
    const acceptance = fc.record({ window: fc.bigInt(1_000n, 100_000n), period: fc.bigInt(13_000n, 100_000n), heldBps: fc.constantFrom(1, 3_333, 9_999, 10_000), providerShareBps: fc.constant(0) });
    fc.assert(fc.property(acceptance, fc.bigInt(1n, 1_000n), fc.bigInt(1n, 6n), fc.integer({ min: 0, max: 1_000 }), fc.array(action, { maxLength: 24 }), (wanted, price, lots, feeBps, actions) => {
      const m = new TestMarket({ feeBps });
      const [p, c] = [m.provider("p"), m.fund("c")];
      const payers = [c, m.fund("d"), m.fund("e")];
      m.serviceAsk(p, price, 1, { maxAcceptanceWindow: 10n ** 9n });
      m.block();
      const service = m.serviceBid(c, price, { lots, acceptance: wanted });
      m.block(1_000n, 2);
      const id = service * 65_536n;
      m.sealFor(c, service, p);
      m.startService(id, p);
      const [money, started, fund] = [m.money, m.tau, m.balances.get(p)!];
      const record = (): Instance => (m.module.genesis!.export(testContext(m.stores)) as GenesisState).instances.find((one) => one.id === id)!;
      const held = (): Hold[] => m.query<QueryHoldsResponse>("Holds", { jobId: service }).holds;
      const port = (run: Parameters<typeof transact>[1]): void => void transact(m.stores, run, { height: m.height });
      let given = 0n;
      for (const { kind, ms, amount, who } of actions) {
        const waits = held().filter(({ caseId, untilTau }) => caseId === 0n && untilTau < m.tau);
        const disputed = held().filter(({ caseId }) => caseId !== 0n);
        try {
          if (kind === "settle") m.send("MsgSettleService", { signer: payers[who], instanceId: id });
          if (kind === "topUp") m.send("MsgTopUpService", { organization: "", costTags: [], payer: payers[who], instanceId: id, amount: String(amount) });
          if (kind === "reclaim") m.send("MsgReclaimService", { worker: p, provider: p, instanceId: id });
          if (kind === "close") m.send("MsgCloseService", { consumer: c, instanceId: id });
          if (kind === "accept") m.send("MsgAcceptResult", { consumer: c, taskId: 0n, instanceId: id, period: 0n });
        } catch (error) {
          assert.equal((error as Error).name, "TxError", String((error as Error).stack));
        }
        if (kind === "dispute" && waits.length > 0) {
          const ref = { id, period: waits[amount % waits.length]!.period };
          port((ctx) => {
            m.holds.touch(ctx, ref);
            if (m.holds.find(ctx, ref)!.gathersUntil === 0n) m.holds.hold(ctx, ref, 7n);
          });
        }
        if (kind === "decide" && disputed.length > 0) {
          const before = BigInt(record().refunded);
          const closed = record().endedTau !== 0n;
          port((ctx) => m.holds.split(ctx, { id, period: disputed[amount % disputed.length]!.period }, amount));
          if (closed || record().endedTau === 0n) given += BigInt(record().refunded) - before;
        }
        m.block(BigInt(ms));
        assert.equal(m.money, money);
        assert.ok(record().holds <= maxHolds);
      }
      const { instance, debt } = m.instance(id);
      const { accrued, accruedFees, paid, fees, endedTau, refunded } = instance!;
      const earned = (price * ((endedTau === 0n ? m.tau : endedTau) - started)) / 60_000n;
      assert.equal(BigInt(accrued) + BigInt(debt), earned, "accrued or owed is what the time is worth");
      assert.equal(BigInt(accruedFees), (BigInt(accrued) * BigInt(feeBps)) / 10_000n);
      const deposited = instance!.deposits.reduce((sum, one) => sum + BigInt(one.amount), 0n);
      const gone = BigInt(paid) + BigInt(fees) + BigInt(instance!.held);
      if (endedTau === 0n) assert.equal(BigInt(accrued) + BigInt(accruedFees), gone + BigInt(refunded), "paid, charged, held, or given back by a case");
      else assert.equal(gone + BigInt(refunded), deposited);
      assert.ok(given >= 0n);
      m.block();
      assert.equal(m.balances.get(p)! - fund, BigInt(record().paid), "it has what the record says");
      // All ends well: cases are decided, windows end, and nothing is left behind.
      for (const { period: of, caseId } of held()) if (caseId !== 0n) port((ctx) => m.holds.split(ctx, { id, period: of }, 5_000));
      try {
        m.send("MsgCloseService", { consumer: c, instanceId: id });
      } catch (error) {
        assert.equal((error as Error).name, "TxError");
      }
      m.block(400_000n, 3);
      const { service: over } = m.query<{ service: Service }>("Service", { serviceId: service });
      assert.deepEqual([over.escrow!.held, held().length, over.endedTau !== 0n], ["0", 0, true]);
      m.block(8n * 24n * 3_600_000n, 2);
      assert.equal(m.money, money);
    }), { numRuns: 60 });
  });
});

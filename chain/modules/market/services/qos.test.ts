import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { InstanceState, type Probe, type ProbeRound, type ProviderQuality, type Sla } from "../../../codec/gen/dcm/market/v1/types.ts";
import type { GenesisState } from "../../../codec/gen/dcm/market/v1/genesis.ts";
import type { QueryProbesResponse } from "../../../codec/gen/dcm/market/v1/query.ts";
import { brokenInvariants, initGenesis, memoryStores, testContext, transact } from "../../../runtime/testing.ts";
import { denom, fails, name, serviceMessage, TestMarket } from "../testing.ts";
import { probeQueue } from "../state.ts";
import { creditOf, judge, medianOf } from "./probes.ts";

const sla: Sla = { minAvailabilityBps: 9_000, maxLatencyMs: 500n, periodMs: 60_000n, creditBps: 5_000 };
const others = ["q1", "q2", "q3", "q4"];
const idOf = (service: bigint, index = 0): bigint => service * 65_536n + BigInt(index);

interface Scene {
  readonly m: TestMarket;
  readonly p: string;
  readonly c: string;
  readonly service: bigint;
  readonly id: bigint;
}

interface Setting {
  readonly sla?: Partial<Sla>;
  readonly probers?: readonly string[];
  readonly bond?: bigint;
  readonly price?: bigint;
  readonly lots?: bigint;
  readonly market?: TestMarket;
}

/** p serves an instance of c's at 6,000 a minute, a notice costs as much; q1 to q4 are there to probe. */
function served({ sla: terms = {}, probers = others, bond = 10_000_000n, price = 6_000n, lots = 30n, market: m = new TestMarket() }: Setting = {}): Scene {
  const p = m.provider("p", bond);
  for (const label of probers) m.provider(label);
  const c = m.fund("c");
  m.serviceAsk(p, price);
  m.block();
  const service = m.serviceBid(c, price, { lots, sla: { ...sla, ...terms } });
  m.block(1_000n, 2);
  m.sealFor(c, service, p);
  m.startService(idOf(service), p);
  return { m, p, c, service, id: idOf(service) };
}

const roundOf = (m: TestMarket, instanceId: bigint): ProbeRound => m.query<{ round: ProbeRound }>("ProbeRound", { instanceId }).round;
const qualityOf = (m: TestMarket, provider: string): ProviderQuality => m.query<{ quality: ProviderQuality }>("ProviderQuality", { provider }).quality;
const attributesOf = (m: TestMarket, type: string): Record<string, string>[] => m.named(type).map(({ attributes }) => Object.fromEntries(attributes));

/** To the draw: three blocks in which no time goes by. */
function drawn({ m, id }: Scene): string[] {
  m.block(0n, 3);
  return roundOf(m, id).probes.map(({ prober }) => prober);
}

function report({ m, id }: Scene, prober: string, latencyMs: bigint | "down", more: object = {}): void {
  m.send("MsgReportProbe", { prober, instanceId: id, round: roundOf(m, id).round, available: latencyMs !== "down", latencyMs: latencyMs === "down" ? 0n : latencyMs, ...more });
}

/** The rest of the period, and the block that judges it. */
function judged({ m, id }: Scene): Record<string, string> {
  m.block(roundOf(m, id).dueTau - m.tau + 1n);
  m.block(0n);
  return attributesOf(m, "EventProbeJudged").at(-1)!;
}

function roundWith(scene: Scene, ...answers: (bigint | "down")[]): Record<string, string> {
  const probers = drawn(scene);
  answers.forEach((answer, i) => report(scene, probers[i]!, answer));
  return judged(scene);
}

describe("the terms of a service", () => {
  const bad: [string, Partial<Sla>, RegExp][] = [
    ["no availability", { minAvailabilityBps: 0 }, /sla.min_availability_bps is 0; it must be from 1 to 10000/],
    ["more than always", { minAvailabilityBps: 10_001 }, /min_availability_bps is 10001/],
    ["no time to answer", { maxLatencyMs: 0n }, /max_latency_ms is 0/],
    ["too much time", { maxLatencyMs: 600_001n }, /max_latency_ms is 600001/],
    ["no credit", { creditBps: 0 }, /credit_bps is 0/],
    ["more than was paid", { creditBps: 10_001 }, /credit_bps is 10001/],
    ["a period below the parameter", { periodMs: 4_999n }, /period_ms is 4999; it must be from 5000 to 86400000/],
    ["a period above it", { periodMs: 86_400_001n }, /period_ms is 86400001/],
  ];
  for (const [what, change, text] of bad) {
    it(`MKT-140: refuses ${what}`, () => {
      const m = new TestMarket();
      const c = m.fund("c");
      fails(() => m.send("MsgPlaceServiceBid", serviceMessage(c, 20n, { sla: { ...sla, ...change } })), 90, text);
      assert.equal(m.balances.get(c), 1_000_000_000n);
    });
  }

  it("MKT-140: stand with the service, and no instance without them is probed", () => {
    const { m, service, id } = served();
    assert.deepEqual(m.query<{ service: { sla: Sla } }>("Service", { serviceId: service }).service.sla, sla);
    const other = m.serviceBid(name("c"), 20n);
    assert.equal(attributesOf(m, "EventBidPlaced").map((one) => one["sla"]).join(), "9000:500:60000:5000,");
    assert.equal(roundOf(m, id).round, 1n);
    assert.throws(() => roundOf(m, idOf(other)), /a probe round of instance/);
  });
});

describe("who probes", () => {
  it("MKT-141: three of distinct organizations, by the seed of a later block; neither side's affiliates nor who may not be matched", () => {
    const m = new TestMarket();
    m.provider("friend of p", 10n ** 9n, name("p"));
    m.provider("friend of c", 10n ** 9n, "house");
    m.provider("idle", 10n ** 9n);
    m.setActive(name("idle"), false);
    m.provider("twin 1", 10n ** 7n, "twins");
    m.provider("twin 2", 10n ** 7n, "twins");
    m.provider("c", 10n ** 9n, "house");
    const scene = served({ market: m, probers: ["q1", "q2"] });
    assert.deepEqual(roundOf(m, scene.id).seedHeight, m.height + 2n);
    m.block(0n, 2);
    assert.deepEqual(roundOf(m, scene.id).probes, [], "the seed is not known yet");
    const probers = drawn(scene);
    assert.equal(probers.length, 3);
    assert.equal(probers.filter((one) => [name("q1"), name("q2")].includes(one)).length, 2);
    assert.equal(probers.filter((one) => [name("twin 1"), name("twin 2")].includes(one)).length, 1);
    const [event] = attributesOf(m, "EventProbeDrawn");
    assert.deepEqual([event!["probers"], event!["round"], event!["due_tau"]], [probers.join(), "1", String(roundOf(m, scene.id).dueTau)]);
  });

  it("MKT-141: each is drawn in its turn, none always", () => {
    const scene = served({ lots: 1_000n });
    const counts = new Map<string, number>();
    for (let i = 0; i < 40; i++) {
      for (const prober of drawn(scene)) counts.set(prober, (counts.get(prober) ?? 0) + 1);
      judged(scene);
    }
    assert.deepEqual([...counts.keys()].toSorted(), others.map(name).toSorted());
    for (const count of counts.values()) assert.ok(count >= 18 && count < 40, `${count} of 40`);
  });

  it("MKT-141: where only two organizations may be, both are drawn", () => {
    const scene = served({ probers: ["q1", "q2"] });
    assert.deepEqual(drawn(scene).toSorted(), [name("q1"), name("q2")].toSorted());
  });

  it("MKT-141: with too few organizations the round says nothing", () => {
    const scene = served({ probers: ["q1"] });
    assert.deepEqual(drawn(scene), []);
    const event = judged(scene);
    assert.deepEqual([event["verdict"], event["absent"], event["credit_due"]], ["void", "", "0"]);
    assert.deepEqual([qualityOf(scene.m, scene.p).void, qualityOf(scene.m, scene.p).rounds], [1n, 0n]);
  });
});

describe("reports", () => {
  it("MKT-142: only of those who were drawn, once, for the present round, until its due tau", () => {
    const scene = served();
    const { m, p, id } = scene;
    fails(() => report(scene, name("q1"), 5n), 92, /was not drawn for round 1/);
    const [a, b] = drawn(scene) as [string, string];
    const left = others.map(name).find((one) => !roundOf(m, id).probes.some(({ prober }) => prober === one))!;
    fails(() => report(scene, left, 5n), 92, /was not drawn/);
    fails(() => report(scene, p, 5n), 92, /was not drawn/);
    fails(() => report(scene, a, 5n, { round: 2n }), 91, /is not in probe round 2; its round is 1/);
    fails(() => report(scene, a, 5n, { instanceId: 7n }), 62, /no instance 7/);
    fails(() => report(scene, a, 600_001n), 2, /latency_ms is 600001/);
    fails(() => report(scene, a, 5n, { available: false }), 2, /latency_ms is 5; it must be from 0 to 0/);
    const owed = (prober: string): bigint[] => m.query<QueryProbesResponse>("Probes", { prober }).probes.map(({ instanceId }) => instanceId);
    assert.deepEqual(owed(a), [id]);
    report(scene, a, 5n);
    assert.deepEqual(owed(a), []);
    fails(() => report(scene, a, 6n), 93, /has reported on round 1/);
    m.tau = roundOf(m, id).dueTau;
    report(scene, b, 5n);
    m.tau += 1n;
    const c = roundOf(m, id).probes.find(({ reported }) => !reported)!.prober;
    assert.deepEqual(owed(c), [], "its time is over, swept or not");
    fails(() => report(scene, c, 5n), 94, /counted up to tau/);
  });

  it("MKT-142: an entry of the queue that outlived its round ends no later one before its time", () => {
    const scene = served();
    const { m, id } = scene;
    m.block(0n, 3);
    const before = roundOf(m, id);
    transact(m.stores, (ctx) => probeQueue.set(ctx, [m.tau - 1n, id], true), { height: m.height });
    m.block(1_000n, 2);
    assert.deepEqual(roundOf(m, id), before);
    assert.deepEqual(attributesOf(m, "EventProbeJudged"), []);
    assert.equal(judged(scene)["round"], String(before.round));
  });

  it("MKT-142: a closed instance has no round, and one without an SLA none either", () => {
    const scene = served();
    const [a] = drawn(scene);
    scene.m.send("MsgCloseService", { consumer: scene.c, instanceId: scene.id });
    fails(() => scene.m.send("MsgReportProbe", { prober: a, instanceId: scene.id, round: 1n, available: true, latencyMs: 1n }), 63, /is closed/);
    const { m, id } = plain();
    fails(() => m.send("MsgReportProbe", { prober: name("q1"), instanceId: id, round: 1n, available: true, latencyMs: 1n }), 91, /it has no SLA, or is not served/);
  });

  function plain(): { m: TestMarket; id: bigint } {
    const m = new TestMarket();
    const [p, c] = [m.provider("p"), m.fund("c")];
    m.serviceAsk(p, 10n);
    m.block();
    const service = m.serviceBid(c, 10n);
    m.block(1_000n, 2);
    m.sealFor(c, service, p);
    m.startService(idOf(service), p);
    return { m, id: idOf(service) };
  }
});

const probes = (...answers: (bigint | "down" | "none")[]): Probe[] =>
  answers.map((answer, i) => ({ prober: `q${i}`, reported: answer !== "none", available: typeof answer === "bigint", latencyMs: typeof answer === "bigint" ? answer : 0n }));

describe("what a round says", () => {
  const cases: [string, Probe[], bigint | "down" | ""][] = [
    ["three answers: the middle one", probes(30n, 10n, 20n), 20n],
    ["one liar of three: nothing", probes("down", 10n, 20n), 20n],
    ["two of three: down", probes("down", 10n, "down"), "down"],
    ["two answers: the faster", probes(30n, "none", 20n), 20n],
    ["one of two says down: it answered", probes("down", "none", 20n), 20n],
    ["both of two say down", probes("down", "none", "down"), "down"],
    ["one report", probes("none", "down", "none"), ""],
    ["no report", probes("none", "none", "none"), ""],
    ["nobody drawn", [], ""],
  ];
  for (const [what, given, median] of cases) it(`MKT-143: ${what}`, () => assert.equal(medianOf(given), median));

  it("MKT-143: a bad round misses the terms where too few of the last 64 were good", () => {
    const good = probes(500n, 500n, 500n);
    const slow = probes(501n, 501n, 501n);
    let past = { history: 0n, judged: 0 };
    const next = (given: Probe[]): ReturnType<typeof judge> => {
      const judgement = judge({ ...past, probes: given }, sla);
      past = judgement;
      return judgement;
    };
    assert.deepEqual([next(slow).missed, past.judged], [true, 1], "none of one");
    for (let i = 0; i < 18; i++) assert.equal(next(good).missed, false);
    assert.equal(next(slow).missed, false, "18 of 20");
    assert.equal(next(slow).missed, true, "18 of 21");
    assert.equal(next([]).judged, 21, "a void round counts as none");
    for (let i = 0; i < 80; i++) next(good);
    assert.deepEqual([past.judged, past.history], [64, (1n << 64n) - 1n]);
    for (let i = 0; i < 6; i++) assert.deepEqual([next(slow).missed, next(good).verdict], [false, "good"], "at least 58 of 64 are good");
    assert.equal(next(slow).missed, true, "57 of 64");
  });

  it("MKT-143: whoever is in the minority cannot move the verdict", () => {
    const answer = fc.oneof(fc.constant("down" as const), fc.bigInt(0n, 1_000n));
    fc.assert(fc.property(answer, answer, answer, answer, (a, b, x, y) => {
      const within = (median: bigint | "down" | ""): boolean => median !== "down" && median !== "" && median <= 500n;
      fc.pre(within(a) === within(b));
      assert.equal(within(medianOf(probes(a, b, x))), within(medianOf(probes(y, a, b))));
    }));
  });
});

describe("credits", () => {
  it("MKT-144: what was missed is paid at once, out of the free bond, to whoever paid; all else stays", () => {
    const scene = served();
    const { m, p, c, id } = scene;
    const money = m.money;
    const [had, locked] = [m.balances.get(c)!, m.providers.get(p)!.locked];
    const event = roundWith(scene, "down", 501n, 400n);
    assert.deepEqual([event["verdict"], event["median_latency_ms"], event["missed"], event["paid"], event["credit_due"]], ["bad", "501", "true", "6000", "3000"]);
    assert.deepEqual([m.balances.get(c)! - had, m.providers.get(p)!.bond, m.providers.get(p)!.locked, m.slashedBurned], [3_000n, 10_000_000n - 3_000n, locked, 0n]);
    const [credit] = attributesOf(m, "EventCreditPaid");
    assert.deepEqual([credit!["amount"], credit!["from_stake"], credit!["denom"], credit!["payer"], credit!["round"]], ["3000", "0", denom, c, "1"]);
    assert.deepEqual([roundOf(m, id).round, roundOf(m, id).judged, m.money], [2n, 1, money]);
    assert.equal(m.instance(id).instance!.state, InstanceState.INSTANCE_STATE_RUNNING);
  });

  it("MKT-144: nothing for a good round, nor for one that says nothing", () => {
    for (const answers of [[500n, 500n, "down"], ["down"], []] as const) {
      const scene = served();
      const had = scene.m.balances.get(scene.c)!;
      assert.equal(roundWith(scene, ...answers)["missed"], "false");
      assert.equal(scene.m.balances.get(scene.c), had);
      assert.deepEqual(attributesOf(scene.m, "EventCreditPaid"), []);
    }
  });

  it("MKT-145: without free bond the stake pays, and never more than there is", () => {
    // The stake is the notice's: 10 s of it are one lot.
    const scene = served({ bond: 6_500n, sla: { creditBps: 10_000 } });
    const { m, p, c, id } = scene;
    const had = m.balances.get(c)!;
    roundWith(scene, "down", "down", "down");
    assert.deepEqual([m.balances.get(c)! - had, m.providers.get(p)!.bond, m.providers.get(p)!.locked], [6_000n, 500n, 500n]);
    assert.deepEqual([m.instance(id).instance!.stake, m.instance(id).instance!.slashed, attributesOf(m, "EventCreditPaid")[0]!["from_stake"]], ["500", "5500", "5500"]);
    roundWith(scene, "down", "down", "down");
    roundWith(scene, "down", "down", "down");
    assert.deepEqual([m.balances.get(c)! - had, m.providers.get(p)!.bond, attributesOf(m, "EventCreditPaid").map((one) => one["amount"]).join()], [6_500n, 0n, "6000,500,0"]);
    m.send("MsgCloseService", { consumer: c, instanceId: id });
    m.block();
  });

  it("MKT-145: nothing was paid for a period, nothing comes back", () => {
    const scene = served({ lots: 1n, market: new TestMarket({ serviceGrace: 600_000n, serviceGraceShareBps: 10_000 }), sla: { creditBps: 10_000, periodMs: 30_000n } });
    const { m } = scene;
    const paid = [1, 2, 3, 4].map(() => roundWith(scene, "down", "down", "down")["paid"]);
    assert.ok(BigInt(paid[2]!) < 3_000n && paid[3] === "0", `the deposits were used up: ${paid.join()}`);
    assert.equal(attributesOf(m, "EventCreditPaid").reduce((sum, one) => sum + BigInt(one["amount"]!), 0n), paid.reduce((sum, one) => sum + BigInt(one!), 0n));
  });

  it("MKT-145: a debt of earlier periods that is paid in a bad one brings no more than that one cost", () => {
    const scene = served({ lots: 1n, market: new TestMarket({ serviceGrace: 600_000n, serviceGraceShareBps: 10_000 }), sla: { creditBps: 10_000, periodMs: 30_000n } });
    const { m, c, id } = scene;
    for (let i = 0; i < 3; i++) judged(scene);
    const debt = BigInt(m.instance(id).debt);
    assert.ok(debt > 2_000n, `${debt} is owed`);
    m.send("MsgTopUpService", { organization: "", costTags: [], payer: c, instanceId: id, amount: "60000" });
    const last = roundWith(scene, "down", "down", "down");
    const earned = (6_000n * (BigInt(last["to_tau"]!) - BigInt(last["from_tau"]!))) / 60_000n;
    assert.ok(BigInt(m.instance(id).instance!.paid) - 6_000n > earned + 2_000n, "far more came in");
    assert.deepEqual([last["paid"], attributesOf(m, "EventCreditPaid").at(-1)!["amount"]], [String(earned), String(earned)]);
  });

  it("MKT-146: a lease that ends is judged by the reports that came, who had time left missed nothing", () => {
    const scene = served();
    const { m, p, c, id } = scene;
    const probers = drawn(scene);
    report(scene, probers[0]!, "down");
    report(scene, probers[1]!, "down");
    m.block(30_000n);
    const had = m.balances.get(c)!;
    const { refunded } = m.send<{ refunded: string }>("MsgCloseService", { consumer: c, instanceId: id });
    const event = attributesOf(m, "EventProbeJudged").at(-1)!;
    assert.deepEqual([event["verdict"], event["reported"], event["absent"], event["paid"]], ["bad", probers.slice(0, 2).join(), "", "3000"]);
    assert.equal(m.balances.get(c)! - had - BigInt(refunded), 1_500n);
    assert.deepEqual([qualityOf(m, p).missed, qualityOf(m, probers[2]!).reportsDue], [1n, 0n]);
    m.block();
    assert.throws(() => roundOf(m, id), /a probe round/);
  });

  it("MKT-146: whatever is reported, settled, topped up and closed when: no credit is more than its part of the fees of its period, and all money is there", () => {
    const answer = fc.oneof(fc.constantFrom("down" as const, "down" as const, "none" as const), fc.bigInt(0n, 900n));
    const act = fc.record({
      kind: fc.constantFrom("reports", "reports", "reports", "wait", "wait", "settle", "topUp", "topUp", "reclaim", "close"), answers: fc.tuple(answer, answer, answer), ms: fc.integer({ min: 0, max: 90_000 }),
    });
    let [credits, short] = [0, 0];
    fc.assert(fc.property(fc.bigInt(100n, 50_000n), fc.oneof(fc.constant(10_000), fc.integer({ min: 1, max: 10_000 })), fc.bigInt(0n, 5_000n), fc.array(act, { minLength: 5, maxLength: 40 }), (price, creditBps, spare, acts) => {
      const scene = served({ price, lots: 8n, bond: (price > 1_000n ? price : 1_000n) + spare, sla: { creditBps, periodMs: 20_000n } });
      const { m, p, c, id } = scene;
      const money = m.money;
      for (const { kind, answers, ms } of acts) {
        // Time for a draw.
        if (kind === "reports") m.block(0n, 3);
        try {
          if (kind === "reports") for (const [i, answer] of answers.entries()) if (answer !== "none") report(scene, roundOf(m, id).probes[i]!.prober, answer);
          if (kind === "settle") m.send("MsgSettleService", { signer: c, instanceId: id });
          if (kind === "topUp") m.send("MsgTopUpService", { organization: "", costTags: [], payer: c, instanceId: id, amount: String(price) });
          if (kind === "reclaim" && ms < 5_000) m.send("MsgReclaimService", { worker: p, provider: p, instanceId: id });
          if (kind === "close" && ms < 5_000) m.send("MsgCloseService", { consumer: c, instanceId: id });
        } catch (error) {
          if (!["TxError", "TypeError", "QueryError"].includes((error as Error).name)) throw error;
        }
        m.block(BigInt(kind === "wait" ? ms : 0));
        assert.equal(m.money, money);
      }
      m.block(0n);
      const judgements = attributesOf(m, "EventProbeJudged");
      for (const credit of attributesOf(m, "EventCreditPaid")) {
        const { paid, missed, credit_due } = judgements.find((one) => one["round"] === credit["round"])!;
        credits++;
        if (BigInt(credit["amount"]!) < BigInt(credit_due!)) short++;
        assert.equal(missed, "true");
        assert.ok(BigInt(credit["amount"]!) <= (BigInt(paid!) * BigInt(creditBps)) / 10_000n);
      }
      // Each coin that the provider was paid belongs to one period at most.
      assert.ok(judgements.reduce((sum, { paid }) => sum + BigInt(paid!), 0n) <= BigInt(m.instance(id).instance!.paid));
      for (const { paid, from_tau, to_tau } of judgements) assert.ok(BigInt(paid!) <= (price * (BigInt(to_tau!) - BigInt(from_tau!))) / 60_000n + 1n);
      assert.deepEqual(qualitiesBy(m), storedQualities(m));
    }), { numRuns: 80 });
    assert.ok(credits > 10 && short > 2, `${credits} credits, ${short} beyond the bond`);
  });
});

/** What anybody finds who adds the events up. */
function qualitiesBy(m: TestMarket): Record<string, ProviderQuality> {
  const sums: Record<string, ProviderQuality> = {};
  const of = (provider: string): ProviderQuality => (sums[provider] ??= { provider, rounds: 0n, bad: 0n, missed: 0n, void: 0n, credits: "0", reportsDue: 0n, reportsMissed: 0n });
  for (const one of attributesOf(m, "EventProbeJudged")) {
    const provider = of(one["provider"]!);
    if (one["verdict"] === "void") provider.void++;
    else provider.rounds++;
    if (one["verdict"] === "bad") provider.bad++;
    if (one["missed"] === "true") provider.missed++;
    for (const [field, missed] of [["reported", false], ["absent", true]] as const) {
      for (const prober of one[field]!.split(",").filter((text) => text !== "")) {
        of(prober).reportsDue++;
        if (missed) of(prober).reportsMissed++;
      }
    }
  }
  for (const { provider, amount } of attributesOf(m, "EventCreditPaid")) of(provider!).credits = String(BigInt(of(provider!).credits) + BigInt(amount!));
  return sums;
}

function storedQualities(m: TestMarket): Record<string, ProviderQuality> {
  return Object.fromEntries((m.module.genesis!.export(testContext(m.stores)) as GenesisState).qualities.map((one) => [one.provider, one]));
}

describe("the quality of providers", () => {
  it("MKT-147: is what the events sum to", () => {
    const scene = served({ lots: 100n });
    const { m, p } = scene;
    roundWith(scene, 10n, 20n, 30n);
    roundWith(scene, "down", "down");
    roundWith(scene, 900n);
    roundWith(scene, 700n, 700n, 20n);
    assert.deepEqual(storedQualities(m), qualitiesBy(m));
    assert.deepEqual(qualityOf(m, p), { provider: p, rounds: 3n, bad: 2n, missed: 2n, void: 1n, credits: "6000", reportsDue: 0n, reportsMissed: 0n });
    const owed = others.map((label) => qualityOf(m, name(label)));
    assert.deepEqual([owed.reduce((sum, one) => sum + one.reportsDue, 0n), owed.reduce((sum, one) => sum + one.reportsMissed, 0n)], [12n, 3n]);
    assert.equal(qualityOf(m, name("nobody")).rounds, 0n);
  });

  it("MKT-147: reports and verdicts stand in the events: whoever has them judges anew", () => {
    const scene = served();
    const { m } = scene;
    roundWith(scene, "down", 20n, 900n);
    const reports = attributesOf(m, "EventProbeReported").map(({ available, latency_ms, prober }): Probe => ({ prober: prober!, reported: true, available: available === "true", latencyMs: BigInt(latency_ms!) }));
    const event = attributesOf(m, "EventProbeJudged").at(-1)!;
    const again = judge({ probes: reports, history: 0n, judged: 0 }, sla);
    assert.deepEqual([event["verdict"], event["median_latency_ms"], event["good_rounds"], event["judged_rounds"], event["missed"]], [again.verdict, String(again.median), String(again.good), String(again.judged), String(again.missed)]);
    assert.equal(event["credit_due"], String(creditOf(BigInt(event["paid"]!), sla, { bondUnits: 1n, quoteUnits: 1n })));
  });

  it("MKT-144: in another denom a credit is paid in bond, rounded down", () => {
    assert.equal(creditOf(999n, { ...sla, creditBps: 3_333 }, { bondUnits: 2n, quoteUnits: 7n }), 94n);
  });
});

describe("many rounds", () => {
  it("MKT-148: what is due at one tau is judged a bounded number a block, and drawn so", () => {
    const m = new TestMarket({ maxSweep: 20, maxDraws: 30, maxTasks: 100 });
    const p = m.provider("p", 10n ** 12n);
    for (const label of others) m.provider(label);
    const c = m.fund("c");
    m.serviceAsk(p, 10n, 100);
    m.block();
    const service = m.serviceBid(c, 10n, { lots: 10n, sla }, { instances: 100 });
    m.block(1_000n, 2);
    m.sealFor(c, service, p);
    for (let i = 0; i < 100; i++) m.startService(idOf(service, i), p);
    m.block(0n, 2);
    const counts = (type: string): number[] => [1, 2, 3, 4, 5, 6].map(() => {
      const before = m.named(type).length;
      m.block(0n);
      return m.named(type).length - before;
    });
    assert.deepEqual(counts("EventProbeDrawn"), [30, 30, 30, 10, 0, 0]);
    m.tau += 60_001n;
    assert.deepEqual(counts("EventProbeJudged"), [20, 20, 20, 20, 20, 0]);
  });

  it("MKT-149: exports what it needs to go on, and goes on as before; a round too few is refused", () => {
    const scene = served();
    const { m, id } = scene;
    roundWith(scene, "down", 20n, 900n);
    const probers = drawn(scene);
    report(scene, probers[0]!, 3n);
    const state = m.module.genesis!.export(testContext(m.stores)) as GenesisState;
    assert.deepEqual([state.probeRounds.length, state.probeRounds[0]!.instanceId, state.qualities.length], [1, id, 4]);
    const stores = memoryStores();
    m.module.genesis!.check(state);
    initGenesis(stores, [m.module], { market: state });
    assert.deepEqual(brokenInvariants(stores, [m.module]), []);
    assert.deepEqual(m.module.genesis!.export(testContext(stores)), state);
    assert.throws(() => m.module.genesis!.check({ ...state, probeRounds: [] }), /market.probe_rounds are not, in order/);
  });

  it("MKT-149: nothing of a round is left when its lease has ended", () => {
    const scene = served({ lots: 1n });
    drawn(scene);
    scene.m.block(500_000n);
    scene.m.block(0n);
    const state = scene.m.module.genesis!.export(testContext(scene.m.stores)) as GenesisState;
    assert.deepEqual([state.probeRounds, scene.m.instance(scene.id).instance!.state], [[], InstanceState.INSTANCE_STATE_CLOSED]);
    for (const label of others) assert.deepEqual(scene.m.query<QueryProbesResponse>("Probes", { prober: name(label) }).probes, []);
  });
});

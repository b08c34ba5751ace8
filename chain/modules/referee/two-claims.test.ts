/** Two replicas of one task before the referee: against each other, and each for itself against others. */
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { CloseReason, TaskState } from "../../codec/gen/dcm/market/v1/types.ts";
import type { GenesisState } from "../../codec/gen/dcm/referee/v1/genesis.ts";
import { DisputeState, Outcome, type Dispute } from "../../codec/gen/dcm/referee/v1/types.ts";
import { brokenInvariants, execute, testContext } from "../../runtime/testing.ts";
import { wholeRange } from "../../vm/bisection.ts";
import { fails, name } from "./testing.ts";
import { Run } from "./testing-runs.ts";
import { bond, Court, lie, resultIn, stake, truth } from "./testing-court.ts";

const { TASK_STATE_CHALLENGE: CHALLENGE, TASK_STATE_DISPUTE: DISPUTE, TASK_STATE_FINAL: FINAL, TASK_STATE_CLOSED: CLOSED } = TaskState;
const { OUTCOME_PROVIDER_WRONG: PROVIDER_WRONG, OUTCOME_PROVIDER_LATE: PROVIDER_LATE, OUTCOME_CHALLENGER_WRONG: CHALLENGER_WRONG, OUTCOME_CHALLENGER_LATE: CHALLENGER_LATE, OUTCOME_BOTH_WRONG: BOTH_WRONG, OUTCOME_UNDECIDED: UNDECIDED } = Outcome;
const other = new Run(truth.job, { at: 1_200n, bits: 1 });

/** A V3 task with k = 2; p1 is its first replica, p2 or p3 its second. */
class Pair extends Court {
  readonly first = name("p1");

  constructor() {
    super({ k: 2 }, ["p1", "p2", "p3"]);
    this.draw();
  }

  get second(): string {
    return this.now.replicas[1]!.provider;
  }

  /** Both claim what they ran; with an audit where one is given. */
  claims(first: Run, second: Run, audit?: Run): this {
    this.runAs(this.first, first);
    this.runAs(this.second, second);
    if (audit === undefined) {
      this.block(1_000n, 3);
      this.block(10_001n);
      this.block();
    } else {
      this.draw();
      this.runAs(this.now.replicas[2]!.provider, audit);
    }
    const runs = [first, second, audit];
    for (const [i, { provider }] of this.now.replicas.entries()) this.reveal(this.id, provider, resultIn(runs[i]!));
    return this;
  }

  get live(): Dispute[] {
    return this.all.filter(({ state }) => state !== DisputeState.DISPUTE_STATE_CLOSED);
  }

  get all(): Dispute[] {
    return this.query<{ views: { dispute: Dispute }[] }>("/dcm.referee.v1.Query/Disputes", { taskId: this.id, party: "", state: DisputeState.DISPUTE_STATE_UNSPECIFIED }).views.map(({ dispute }) => dispute);
  }

  /** From here to its end, by the run of each side. */
  decide(id: bigint, provider: Run, challenger: Run): Dispute {
    this.narrow(id, provider, challenger);
    this.proveAlone(id, provider);
    return this.dispute(id);
  }

  lostBy(provider: string): bigint {
    return bond - this.providers.get(provider)!.bond;
  }

  windowOver(): this {
    this.block(10_001n);
    this.block();
    return this;
  }
}

describe("two replicas and the referee", () => {
  it("REF-21: two that differ are in dispute with each other at once, each for its stake; the first answers, the second picks, and the run decides", () => {
    const pair = new Pair().claims(lie, truth);
    const [dispute, ...none] = pair.live;
    assert.deepEqual([none, dispute!.rival, dispute!.audit, dispute!.bond, dispute!.provider, dispute!.challenger, pair.held], [[], true, false, "0", pair.first, pair.second, 0n]);
    assert.deepEqual([pair.of("EventDisputeOpened").at(-1)!.rival, pair.of("EventDisputeOpened").at(-1)!.queued], ["true", "false"]);
    const before = pair.balance(pair.second);
    assert.equal(pair.decide(dispute!.id, lie, truth).outcome, PROVIDER_WRONG);
    assert.deepEqual([pair.now.state, pair.lostBy(pair.first), pair.lostBy(pair.second), pair.balance(pair.second) - before], [CHALLENGE, stake, 0n, stake / 10n]);
    pair.windowOver();
    assert.deepEqual([pair.now.state, pair.now.result!.digest], [FINAL, truth.result.digest], "the consumer has its result");
    pair.settled(10n);
  });

  it("REF-21: the second may be the one that is wrong, or late", () => {
    const wrong = new Pair().claims(truth, lie);
    const [{ id }] = wrong.live as [Dispute];
    const before = wrong.balance(wrong.first);
    assert.equal(wrong.decide(id, truth, lie).outcome, CHALLENGER_WRONG);
    assert.deepEqual([wrong.now.state, wrong.lostBy(wrong.second), wrong.balance(wrong.first) - before], [CHALLENGE, stake, stake / 10n]);
    wrong.windowOver().settled(10n);
    const late = new Pair().claims(truth, lie);
    late.answer(late.live[0]!.id, truth);
    late.windowOver();
    assert.deepEqual([late.all[0]!.outcome, late.now.state, late.lostBy(late.second)], [CHALLENGER_LATE, CHALLENGE, stake]);
    late.windowOver().settled(10n);
  });

  it("REF-21: what is left when the first is late is as good as its run: a stranger disproves it in its window", () => {
    const pair = new Pair().claims(truth, lie).windowOver();
    assert.deepEqual([pair.all[0]!.outcome, pair.now.state, pair.lostBy(pair.first)], [PROVIDER_LATE, CHALLENGE, stake]);
    const id = pair.challenge(name("anybody"), pair.id, truth);
    assert.equal(pair.dispute(id).provider, pair.second);
    assert.equal(pair.decide(id, lie, truth).outcome, PROVIDER_WRONG);
    assert.deepEqual([pair.now.state, pair.now.closeReason, pair.lostBy(pair.second)], [CLOSED, CloseReason.CLOSE_REASON_DISPROVED, stake]);
    pair.settled(0n);
  });

  it("REF-21: where the run comes to neither's state both lose, and nobody is paid for it", () => {
    const pair = new Pair().claims(lie, other);
    const before = [pair.first, pair.second].map((one) => pair.balance(one));
    assert.equal(pair.decide(pair.live[0]!.id, lie, other).outcome, BOTH_WRONG);
    assert.deepEqual([pair.now.state, pair.lostBy(pair.first), pair.lostBy(pair.second), [pair.first, pair.second].map((one) => pair.balance(one))], [CLOSED, stake, stake, before]);
    pair.settled(0n);
  });

  it("REF-21: nobody else has a part in it: a challenge waits for what is left", () => {
    const pair = new Pair().claims(lie, truth);
    fails(() => pair.challenge(name("anybody"), pair.id, other), 21, /in dispute with each other/);
    fails(() => pair.challenge(pair.second, pair.id, other), 6, /was run by the challenger itself/);
    pair.decide(pair.live[0]!.id, lie, truth);
    assert.equal(pair.dispute(pair.challenge(name("anybody"), pair.id, other)).provider, pair.second);
  });

  it("REF-21: an audit that differs from what is left has its dispute then", () => {
    const pair = new Pair().claims(lie, truth, other);
    assert.equal(pair.live.length, 1);
    pair.decide(pair.live[0]!.id, lie, truth);
    const [{ id, audit, provider }] = pair.live as [Dispute];
    assert.deepEqual([audit, provider, pair.now.state], [true, pair.second, DISPUTE]);
    assert.equal(pair.decide(id, truth, other).outcome, CHALLENGER_WRONG);
    pair.windowOver().settled(10n);
  });

  it("REF-22: a challenge of what both claim goes on with the second when the first is convicted, under the same bond; both fall, a tenth of each S is the challenger's", () => {
    const pair = new Pair().claims(lie, lie);
    const before = pair.balance(name("anybody"));
    const id = pair.challenge(name("anybody"), pair.id, truth);
    const { bond } = pair.dispute(id);
    assert.equal(pair.decide(id, lie, truth).outcome, PROVIDER_WRONG);
    const [next, ...none] = pair.live;
    assert.deepEqual([none, next!.provider, next!.challenger, next!.bond, next!.moves, pair.held], [[], pair.second, name("anybody"), bond, 0, BigInt(bond)]);
    assert.equal(pair.of("EventDisputeClosed").at(-1)!.carried, bond);
    assert.deepEqual([pair.now.state, pair.lostBy(pair.first), pair.lostBy(pair.second)], [DISPUTE, stake, 0n]);
    pair.decide(next!.id, lie, truth);
    assert.deepEqual([pair.now.state, pair.lostBy(pair.second), pair.balance(name("anybody")) - before], [CLOSED, stake, 2n * (stake / 10n)]);
    pair.settled(0n);
  });

  it("REF-22: a first that is silent, whoever it is in league with, costs the second nothing: it answers for itself, has half the bond, and is paid", () => {
    const pair = new Pair().claims(truth, truth);
    pair.block(4_000n);
    const id = pair.challenge(name("anybody"), pair.id, lie);
    const { bond } = pair.dispute(id);
    pair.windowOver();
    assert.equal(pair.dispute(id).outcome, PROVIDER_LATE);
    const before = pair.balance(pair.second);
    assert.equal(pair.decide(pair.live[0]!.id, truth, lie).outcome, CHALLENGER_WRONG);
    assert.deepEqual([pair.lostBy(pair.first), pair.lostBy(pair.second), pair.balance(pair.second) - before], [stake, 0n, BigInt(bond) / 2n]);
    pair.block(6_001n);
    pair.block();
    assert.equal(pair.now.state, FINAL);
    pair.settled(10n);
  });

  it("REF-22: nor does a first that plays the lie of an accomplice, up to where the chain's own run convicts it of its right claim: what it agreed to binds nobody else", () => {
    const pair = new Pair().claims(truth, truth);
    const id = pair.challenge(name("anybody"), pair.id, lie);
    assert.equal(pair.decide(id, lie, lie).outcome, PROVIDER_WRONG);
    assert.deepEqual([pair.now.state, pair.lostBy(pair.first), pair.lostBy(pair.second)], [DISPUTE, stake, 0n]);
    assert.equal(pair.decide(pair.live[0]!.id, truth, lie).outcome, CHALLENGER_WRONG);
    pair.windowOver().settled(10n);
  });

  it("REF-22: whoever was wrong with the first stays out; without others the rest of the window runs", () => {
    const pair = new Pair().claims(lie, lie);
    const id = pair.challenge(name("anybody"), pair.id, other);
    const { bond } = pair.dispute(id);
    assert.equal(pair.decide(id, lie, other).outcome, BOTH_WRONG);
    assert.deepEqual([pair.live, pair.held, pair.of("EventDisputeClosed").at(-1)!.burned, pair.now.state, pair.lostBy(pair.first)], [[], 0n, bond, CHALLENGE, stake]);
  });

  it("REF-22: all disputes of a claim go on with it in their order, as many open as may be, audits without a bond", () => {
    const pair = new Pair().claims(lie, lie, truth);
    const strangers = Array.from({ length: 9 }, (_, i) => pair.fund(`stranger ${i}`, 100_000_000n));
    for (const stranger of strangers) pair.challenge(stranger, pair.id, truth);
    const before = pair.held;
    const audit = pair.live[0]!;
    assert.ok(audit.audit);
    pair.decide(audit.id, lie, truth);
    assert.deepEqual([pair.all[0]!.outcome, pair.all.slice(1, 10).every(({ outcome }) => outcome === UNDECIDED), pair.held], [PROVIDER_WRONG, true, before]);
    assert.deepEqual(pair.live.map(({ challenger, provider, audit: own }) => [challenger, provider, own]), [audit.challenger, ...strangers].map((one, i) => [one, pair.second, i === 0]));
    assert.deepEqual(pair.live.map(({ state }) => state === DisputeState.DISPUTE_STATE_QUEUED), [false, false, false, false, false, false, false, false, true, true]);
    pair.decide(pair.live[0]!.id, lie, truth);
    assert.deepEqual([pair.now.state, pair.held, pair.lostBy(pair.second)], [CLOSED, 0n, stake]);
  });

  it("REF-22: who challenges a claim of two pays for both ends", () => {
    const gasFor = (court: Court): number => {
      const message = { challenger: name("anybody"), taskId: court.id, finalHash: truth.hashAt(wholeRange(truth.job.meterLimit).length) };
      return execute(court.stores, court.modules, "/dcm.referee.v1.MsgChallenge", message, { height: court.height, time: court.time }).gasUsed;
    };
    assert.equal(gasFor(new Pair().claims(lie, lie)), 2 * gasFor(new Court().claimed(lie)));
  });

  it("REF-23: genesis goes round while two are in dispute with each other, and is refused where the market has no such dispute", () => {
    const pair = new Pair().claims(lie, truth);
    pair.answer(pair.live[0]!.id, lie);
    pair.block();
    assert.deepEqual(brokenInvariants(pair.stores, pair.modules), []);
    const section = pair.refereeing.genesis!.export(testContext(pair.stores, { height: pair.height })) as GenesisState;
    const type = pair.refereeing.genesis!.type;
    const read = type.decode(type.encode(section).finish()) as GenesisState;
    assert.deepEqual(read, section);
    pair.refereeing.genesis!.check(read);
    for (const [change, text] of [
      [{ rival: false }, /has replicas in dispute with each other/], [{ challenger: name("anybody") }, /is not claimed by/], [{ provider: pair.second }, /the dispute is with/], [{ providerFinal: truth.result.digest }, /the dispute is with/],
    ] as const) {
      const wrong = { ...section, disputes: section.disputes.map((dispute) => ({ ...dispute, ...change })) };
      assert.throws(() => pair.refereeing.genesis!.init(testContext(pair.stores, { height: pair.height }), wrong), text);
    }
    const none = { ...section, disputes: [], answers: [] };
    assert.throws(() => pair.refereeing.genesis!.init(testContext(pair.stores, { height: pair.height }), none), /task \d+ is in dispute in market\.tasks, and no dispute here is open about it/);
  });
});

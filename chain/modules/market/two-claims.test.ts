/** V3 with k = 2: two replicas of a task, and what becomes of what each of them claims. */
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { CloseReason, ReplicaState, TaskState, type Bid, type Job, type Params } from "../../codec/gen/dcm/market/v1/types.ts";
import { finalHash } from "../../vm/state-hash.ts";
import type { TestMarket } from "./testing.ts";
import { fails, refereedResult } from "./testing.ts";
import { pay, Refereed, stake, window } from "./testing-refereed.ts";

const {
  TASK_STATE_MATCHED: MATCHED, TASK_STATE_ASSIGNED: ASSIGNED, TASK_STATE_DRAWING: DRAWING, TASK_STATE_CHALLENGE: CHALLENGE, TASK_STATE_DISPUTE: DISPUTE, TASK_STATE_FINAL: FINAL, TASK_STATE_CLOSED: CLOSED,
} = TaskState;
const { REPLICA_STATE_OUT: OUT } = ReplicaState;

const hashOf = (label: string): Uint8Array => {
  const { final, digest } = refereedResult(label);
  return finalHash(final!, digest);
};

/** A V3 task that two replicas are to run. */
class Two extends Refereed {
  constructor(providers = 5, params: Partial<Params> = {}, bid: object = {}, job: object = {}, prepare: (market: TestMarket) => void = () => undefined) {
    super(providers, params, { k: 2, ...bid }, job, prepare);
  }

  /** The second replica is drawn. */
  get pair(): [string, string] {
    const [first, second] = this.of(0);
    return [first!, second!];
  }

  committed(first: string, second: string): this {
    this.draw();
    const [one, other] = this.pair;
    return this.commitAll([one], first).commitAll([other], second);
  }

  /** Both committed and revealed, unaudited. */
  revealed(first: string, second: string): this {
    this.committed(first, second).waive();
    const [one, other] = this.pair;
    return this.reveal([one], first).reveal([other], second);
  }

  /** The same, with an audit. */
  checked(first: string, second: string, audit: string): this {
    this.committed(first, second).draw();
    const [one, other] = this.pair;
    return this.commitAll(this.of(2), audit).reveal([one], first).reveal([other], second).reveal(this.of(2), audit);
  }

  disputed(): this {
    this.market.asReferee((port, ctx) => port.dispute(ctx, this.task));
    return this;
  }

  convict(wrong: readonly string[], prover?: string): this {
    this.market.asReferee((port, ctx) => port.convict(ctx, this.task, wrong, prover));
    return this;
  }

  resume(): this {
    this.market.asReferee((port, ctx) => port.resume(ctx, this.task));
    return this;
  }

  /** Nothing is disputed until the window is over. */
  undisputed(left = window): this {
    this.market.block(left + 1n);
    this.market.block();
    return this;
  }

  get paid(): string[] {
    return this.now.replicas.map(({ paid }) => paid);
  }
}

describe("two refereed replicas", () => {
  it("MKT-191: a bid sets aside (k + R) x limit x lots; the second replica is drawn from others before either starts, and has the same price and stake", () => {
    const two = new Two();
    const { escrow, k, r } = two.market.query<{ job: Job }>("Job", { jobId: two.job }).job;
    assert.deepEqual([escrow!.deposited, k, r], ["606", 2, 1], "3 x 20 x 10 and 1 %");
    assert.deepEqual([two.now.state, two.now.replicas.length], [MATCHED, 1]);
    fails(() => two.market.start(two.task, two.provider), 15, /is matched; this needs assigned/);
    two.draw();
    assert.deepEqual([two.now.state, two.now.replicas.map(({ round, stake: own, price }) => [round, own, price])], [ASSIGNED, [[0, "2000", 10n], [0, "2000", 10n]]]);
    assert.equal(new Set(two.now.replicas.map(({ organization }) => organization)).size, 2);
    two.commitAll([two.pair[0]]);
    assert.notEqual(two.now.state, DRAWING, "the other has not committed");
    two.commitAll([two.pair[1]]);
    assert.equal(two.now.state, DRAWING);
    two.draw();
    assert.equal(new Set(two.now.replicas.map(({ provider }) => provider)).size, 3, "who audits has run it for nobody else");
  });

  it("MKT-191: without a salt, or too few organizations, the task closes as one of V2 does", () => {
    const unsalted = new Two();
    unsalted.market.block(1_000n, 3);
    unsalted.market.block(10_001n);
    unsalted.market.block();
    assert.deepEqual([unsalted.now.state, unsalted.now.closeReason], [CLOSED, CloseReason.CLOSE_REASON_NO_SALT]);
    unsalted.settled(0n, 10n);
    const alone = new Two(1);
    assert.equal(alone.now.replicas.length, 0, "clearing wants two organizations at the price");
  });

  it("MKT-192: two that agree share one window, and neither's stake is free before; then both are paid", () => {
    const two = new Two().revealed("right", "right");
    const [first, second] = two.pair;
    assert.deepEqual([two.now.state, two.replica(first).dueTau - two.market.tau, two.replica(second).dueTau], [CHALLENGE, window, 0n]);
    assert.deepEqual([two.claim!.provider, two.claim!.claimants, two.claim!.contested], [first, [first, second], false]);
    for (const one of two.pair) assert.equal(two.market.providers.get(one)!.locked, stake);
    two.undisputed();
    assert.deepEqual([two.now.state, two.paid], [FINAL, ["20", "20"]]);
    two.settled(2n * pay);
  });

  it("MKT-192: what both claim falls with the second of them, each for its own part: both lose S by the same split, and the escrow is back", () => {
    const two = new Two().revealed("a lie", "a lie").disputed();
    const [first, second] = two.pair;
    const challenger = two.market.fund("anybody", 0n);
    two.convict([first], challenger);
    assert.deepEqual([two.now.state, two.replica(first).state, two.lost(first), two.lost(second)], [DISPUTE, OUT, stake, 0n]);
    assert.deepEqual([two.claim!.provider, two.claim!.claimants], [second, [second]]);
    assert.equal(two.market.providers.get(second)!.locked, stake, "the second's stands");
    two.market.block();
    two.convict([second], challenger);
    assert.deepEqual([two.now.state, two.now.closeReason, two.lost(second)], [CLOSED, CloseReason.CLOSE_REASON_DISPROVED, stake]);
    assert.deepEqual([two.market.balances.get(challenger), two.market.slashedBurned], [2n * stake / 10n, 2n * stake - 2n * stake / 10n]);
    assert.deepEqual(two.market.query<{ bid: Bid }>("Bid", { bidId: two.job }).bid.excluded, [first, second]);
    two.settled(0n);
  });

  it("MKT-192: one that lost its own dispute takes nothing from the other: the rest of the window runs for that one's claim, and it is paid alone", () => {
    const two = new Two().revealed("right", "right");
    two.market.block(4_000n);
    const [first, second] = two.pair;
    two.disputed().convict([first]).resume();
    assert.deepEqual([two.now.state, two.replica(second).dueTau - two.market.tau], [CHALLENGE, 6_000n]);
    two.undisputed(6_000n);
    assert.deepEqual([two.now.state, two.paid, two.lost(second)], [FINAL, ["0", "20"], 0n]);
    two.settled(pay);
  });

  for (const at of [0, 1]) {
    it(`MKT-193: two that differ are in dispute at once, and nobody else; the ${["second", "first"][at]}'s claim is left, has a window of its own, and the consumer its result`, () => {
      const labels: [string, string] = at === 0 ? ["a lie", "right"] : ["right", "a lie"];
      const two = new Two().revealed(...labels);
      const [wrong, other] = [two.pair[at]!, two.pair[1 - at]!];
      assert.deepEqual(two.market.contested, [{ taskId: two.task, replica: two.pair[1], stateHash: hashOf(labels[1]) }]);
      assert.deepEqual([two.now.state, two.now.dueTau, two.now.challengeLeft, two.claim!.contested, two.claim!.stateHash], [DISPUTE, 0n, window, true, hashOf(labels[0])]);
      two.market.block(30_000n);
      const before = two.market.balances.get(other)!;
      two.convict([wrong], other);
      assert.deepEqual([two.now.state, two.now.dueTau - two.market.tau, two.now.challengeLeft], [CHALLENGE, window, 0n], "it is not right because the other was wrong");
      assert.deepEqual([two.lost(wrong), two.market.balances.get(other)! - before, two.market.slashedBurned], [stake, stake / 10n, stake - stake / 10n]);
      assert.deepEqual([two.claim!.provider, two.claim!.contested, two.claim!.stateHash], [other, false, hashOf("right")]);
      two.undisputed();
      assert.deepEqual([two.now.state, two.now.result!.digest, two.replica(wrong).paid, two.replica(other).paid], [FINAL, refereedResult("right").digest, "0", "20"]);
      two.settled(pay);
    });
  }

  it("MKT-193: what is left of two can be disproved like any claim; then the escrow is back", () => {
    const two = new Two().revealed("a lie", "another");
    const [first, second] = two.pair;
    two.convict([first], second).disputed().convict([second]);
    assert.deepEqual([two.now.state, two.now.closeReason, two.lost(first), two.lost(second)], [CLOSED, CloseReason.CLOSE_REASON_DISPROVED, stake, stake]);
    two.settled(0n);
  });

  it("MKT-193: where neither is right both lose S, nobody is paid for it, and the escrow is back", () => {
    const two = new Two().revealed("a lie", "another");
    two.convict(two.pair);
    assert.deepEqual([two.now.state, two.now.closeReason, two.market.slashedBurned], [CLOSED, CloseReason.CLOSE_REASON_DISPROVED, 2n * stake]);
    two.settled(0n);
  });

  it("MKT-194: an audit is held against what is left: who agrees with that is paid with it, who differs is in dispute at once", () => {
    const fine = new Two().checked("a lie", "right", "right");
    assert.deepEqual([fine.now.state, fine.market.differing], [DISPUTE, []], "not before the two are through");
    fine.convict([fine.pair[0]], fine.pair[1]);
    assert.equal(fine.now.state, CHALLENGE);
    fine.undisputed();
    assert.deepEqual(fine.paid, ["0", "20", "20"]);
    fine.settled(2n * pay);
    const other = new Two().checked("right", "a lie", "a lie");
    const [auditor] = other.of(2);
    other.convict([other.pair[1]], other.pair[0]);
    assert.deepEqual([other.now.state, other.now.challengeLeft, other.market.differing], [DISPUTE, window, [{ taskId: other.task, auditor, stateHash: hashOf("a lie") }]]);
    other.market.asReferee((port, ctx) => port.forfeit(ctx, other.task, auditor!, other.pair[0]));
    other.resume().undisputed();
    assert.deepEqual([other.now.state, other.paid, other.lost(auditor!)], [FINAL, ["20", "0", "0"], stake]);
    other.settled(pay);
  });

  it("MKT-194: an audit of two that agree disputes what both claim, and is free when it falls", () => {
    const two = new Two().checked("a lie", "a lie", "right");
    const [auditor] = two.of(2);
    assert.deepEqual([two.now.state, two.market.differing.length], [DISPUTE, 1]);
    for (const one of two.pair) two.convict([one], auditor);
    assert.deepEqual([two.now.state, two.lost(auditor!), two.market.balances.get(auditor!)! - two.market.balances.get(two.pair[0])!], [CLOSED, 0n, 2n * stake / 10n]);
    two.settled(0n);
  });

  it("MKT-195: before the commitments a miss of one opens the task again, and the other leaves unpaid and unslashed", () => {
    for (const started of [false, true]) {
      const two = new Two().draw();
      const [first, second] = two.pair;
      two.commitAll([second]);
      if (started) two.market.start(two.task, first);
      two.market.block(30_001n);
      two.market.block();
      assert.deepEqual([two.now.misses, two.lost(second), two.lost(first)], [1, 0n, started ? stake / 10n : 10n]);
      assert.ok(!two.now.replicas.some(({ provider }) => provider === first));
      assert.deepEqual(two.market.query<{ bid: Bid }>("Bid", { bidId: two.job }).bid.excluded, [first]);
    }
  });

  it("MKT-195: who is silent after the commitments loses S, whatever it saw; the other's claim stands alone, and whoever audited is paid with it", () => {
    const two = new Two().committed("right", "right").draw();
    const [first, second] = two.pair;
    two.commitAll(two.of(2)).reveal([second]).reveal(two.of(2));
    two.market.block(10_001n);
    two.market.block();
    assert.deepEqual([two.now.state, two.lost(first), two.market.slashedBurned, two.claim!.claimants], [CHALLENGE, stake, stake, [second]]);
    two.undisputed();
    assert.deepEqual([two.now.state, two.now.misses, two.paid], [FINAL, 0, ["0", "20", "20"]]);
    two.settled(2n * pay);
  });

  it("MKT-195: where both are silent both lose S, a tenth of each to whoever audited, and the task is matched again", () => {
    const two = new Two(7).committed("right", "right").draw();
    const [first, second] = two.pair;
    const [auditor] = two.of(2);
    two.commitAll([auditor!]).reveal([auditor!]);
    const before = two.market.balances.get(auditor!)!;
    two.market.block(10_001n);
    two.market.block();
    assert.deepEqual([two.lost(first), two.lost(second), two.market.balances.get(auditor!)! - before, two.now.misses], [stake, stake, 2n * stake / 10n, 1]);
    assert.deepEqual([two.now.state, two.claim], [MATCHED, undefined]);
  });

  it("MKT-195: two that differ are in dispute however long after an auditor's silence the task is looked at", () => {
    const two = new Two().committed("right", "a lie").draw();
    const [first, second] = two.pair;
    two.commitAll(two.of(2)).reveal([first]).reveal([second], "a lie");
    two.market.block(10_001n + 2n * window);
    two.market.block();
    assert.deepEqual([two.now.state, two.market.contested.length, two.lost(two.of(2)[0]!)], [DISPUTE, 1, stake]);
    two.convict([second], first).undisputed();
    assert.deepEqual([two.now.state, two.paid], [FINAL, ["20", "0", "0"]]);
    two.settled(pay);
  });

  it("MKT-196: pay of both is held for its acceptance", () => {
    const two = new Two(5, {}, { acceptance: { window: 5_000n, providerShareBps: 0 } }).revealed("right", "right").undisputed();
    assert.deepEqual([two.now.state, two.paid], [FINAL, ["0", "0"]]);
    two.undisputed(5_000n);
    assert.deepEqual(two.paid, ["20", "20"]);
  });

  const states: readonly (readonly [string, () => Two])[] = [
    ["before the draw", () => new Two()],
    ["in the window of both", () => new Two().revealed("right", "right")],
    ["in dispute with each other", () => new Two().revealed("right", "a lie")],
    ["with both in dispute with another", () => new Two().revealed("right", "right").disputed()],
    ["with one of both convicted", () => {
      const two = new Two().revealed("right", "right").disputed();
      return two.convict([two.pair[0]]);
    }],
    ["in the window of what is left", () => {
      const two = new Two().revealed("a lie", "right");
      return two.convict([two.pair[0]], two.pair[1]);
    }],
  ];
  for (const [what, build] of states) {
    it(`MKT-196: genesis goes round ${what}`, () => {
      const live = build();
      live.market.block();
      const again = live.market.carriedOver();
      again.block();
      assert.deepEqual(again.task(live.task), live.now);
    });
  }
});

/** A market with its referee: from a bid to what a dispute leaves of it. */
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { CloseReason, TaskState } from "../../codec/gen/dcm/market/v1/types.ts";
import { DisputeState, Outcome } from "../../codec/gen/dcm/referee/v1/types.ts";
import { name } from "./testing.ts";
import { Court, lie, stake, truth } from "./testing-court.ts";

const { TASK_STATE_CHALLENGE, TASK_STATE_DISPUTE, TASK_STATE_FINAL, TASK_STATE_CLOSED } = TaskState;

describe("a market with its referee", () => {
  it("REF-20: an honest claim that nobody challenges is paid when its window is over", () => {
    const court = new Court().claimed(truth);
    assert.equal(court.now.state, TASK_STATE_CHALLENGE);
    assert.equal(court.now.result, undefined, "accepted is nothing yet");
    court.block(10_001n);
    court.block();
    assert.deepEqual([court.now.state, court.now.result!.digest], [TASK_STATE_FINAL, truth.result.digest]);
    court.settled(10n);
  });

  it("REF-20: a lie that anybody challenges is disproved: S is lost, a tenth of it the challenger's, and all escrow is back", () => {
    const court = new Court().claimed(lie);
    const before = court.balance(name("anybody"));
    const id = court.challenge(name("anybody"), court.id, truth);
    assert.equal(court.now.state, TASK_STATE_DISPUTE);
    court.narrow(id, lie, truth);
    court.proveAlone(id, lie);
    assert.deepEqual([court.dispute(id).outcome, court.now.state, court.now.closeReason], [Outcome.OUTCOME_PROVIDER_WRONG, TASK_STATE_CLOSED, CloseReason.CLOSE_REASON_DISPROVED]);
    assert.deepEqual([court.lost("p1"), court.balance(name("anybody")) - before], [stake, stake / 10n]);
    court.settled(0n);
  });

  it("REF-20: an honest provider that is challenged keeps its stake, has half the bond, and is paid when the rest of the window is over", () => {
    const court = new Court().claimed(truth);
    court.block(4_000n);
    const before = court.balance(name("p1"));
    const id = court.challenge(name("anybody"), court.id, lie);
    const posted = BigInt(court.dispute(id).bond);
    court.answer(id, truth);
    court.block(70_000n);
    court.block();
    assert.equal(court.dispute(id).outcome, Outcome.OUTCOME_CHALLENGER_LATE);
    assert.equal(court.balance(name("p1")) - before, posted / 2n);
    assert.equal(court.now.state, TASK_STATE_CHALLENGE);
    court.block(6_001n);
    court.block();
    assert.deepEqual([court.now.state, court.lost("p1")], [TASK_STATE_FINAL, 0n]);
    court.settled(10n);
  });

  it("REF-20: an audit that contradicts a lie opens the dispute by itself; the provider that cannot answer is convicted, the auditor has a tenth of S", () => {
    const court = new Court().claimed(lie, truth);
    assert.equal(court.now.state, TASK_STATE_DISPUTE);
    const [opened] = court.of("EventDisputeOpened");
    assert.deepEqual([opened!["audit"], opened!["challenger"]], ["true", name("p2")]);
    const before = court.balance(name("p2"));
    court.block(10_001n);
    court.block();
    assert.deepEqual([court.now.state, court.lost("p1"), court.lost("p2"), court.balance(name("p2")) - before], [TASK_STATE_CLOSED, stake, 0n, stake / 10n]);
    court.settled(0n);
  });

  it("REF-20: an audit that contradicts the truth costs the auditor its stake, half of it the provider's, and the task is paid", () => {
    const court = new Court().claimed(truth, lie);
    const id = BigInt(court.of("EventDisputeOpened")[0]!["dispute_id"]!);
    const before = court.balance(name("p1"));
    court.narrow(id, truth, lie);
    court.proveAlone(id, truth);
    assert.deepEqual([court.stateOf(id), court.dispute(id).outcome], [DisputeState.DISPUTE_STATE_CLOSED, Outcome.OUTCOME_CHALLENGER_WRONG]);
    assert.deepEqual([court.now.state, court.lost("p2"), court.balance(name("p1")) - before], [TASK_STATE_CHALLENGE, stake, stake / 2n]);
    court.block(10_001n);
    court.block();
    assert.deepEqual(court.now.replicas.map(({ paid }) => paid), ["10", "0"]);
    court.settled(10n);
  });
});

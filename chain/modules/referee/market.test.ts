/** A market with its referee: from a bid to what a dispute leaves of it. */
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { CloseReason, TaskState, type Job as MarketJob, type Result, type Task } from "../../codec/gen/dcm/market/v1/types.ts";
import { DisputeState, Outcome } from "../../codec/gen/dcm/referee/v1/types.ts";
import { refereed, resultOf, saltChain } from "../market/testing.ts";
import { taskIdOf } from "../market/state.ts";
import { TestReferee, inputsAround, name } from "./testing.ts";
import { Run, inputTree, sampleJob, type Job } from "./testing-runs.ts";

const salts = saltChain(10);
const { TASK_STATE_CHALLENGE, TASK_STATE_DISPUTE, TASK_STATE_FINAL, TASK_STATE_CLOSED } = TaskState;
/** 4 + 7 x 300 + 2 transitions. One lot of the class is more than enough, and its limit needs an answer and a pick. */
const job: Job = sampleJob(300, { stride: 4, meterLimit: 1_000_000_000n });
const truth = new Run(job);
const lie = new Run(job, { at: 1_000n, bits: 1 });
const [stake, bond] = [200n, 10_000_000n];

const resultIn = (run: Run): Result => ({ ...resultOf("of the run"), ...run.result });

/** A V3 task of one lot at 10, whose provider ran this. */
class Court extends TestReferee {
  readonly consumer: string;
  readonly job: bigint;
  readonly id: bigint;
  readonly money0: bigint;
  #salt = 1;

  constructor() {
    super({}, undefined, undefined, { auditProbabilityBps: 10_000 });
    this.consumer = this.fund("c");
    // Of equals the older ask serves.
    for (const label of ["p1", "p2"]) {
      this.ask(this.provider(label), 10n, 1, { classId: "rv32.core" });
      this.block();
    }
    this.fund("anybody", 100_000_000n);
    this.money0 = this.money;
    const inputs = inputsAround(job);
    this.job = this.bid(this.consumer, 10n, { ...refereed(salts), lots: 1n }, { tasks: 1, programRoot: truth.programRoot, inputRoot: inputTree(inputs.slice(0, 1)).root, arguments: job.arguments });
    this.id = taskIdOf(this.job, 0);
    this.block(1_000n, 2);
  }

  get now(): Task {
    return this.task(this.id);
  }

  runAs(provider: string, run: Run): void {
    this.start(this.id, provider);
    this.commit(this.id, provider, resultIn(run));
  }

  draw(): void {
    this.block(1_000n, 3);
    this.send("MsgRevealSalt", { consumer: this.consumer, jobId: this.job, salt: salts[this.#salt++]! });
    this.block();
  }

  /** The provider claims one run, its auditor another; undefined: the audit is waived. */
  claimed(run: Run, audit?: Run): this {
    this.runAs(name("p1"), run);
    if (audit === undefined) {
      this.block(1_000n, 3);
      this.block(10_001n);
      this.block();
    } else {
      this.draw();
      this.runAs(name("p2"), audit);
    }
    this.reveal(this.id, name("p1"), resultIn(run));
    if (audit !== undefined) this.reveal(this.id, name("p2"), resultIn(audit));
    return this;
  }

  settled(paid: bigint): void {
    this.block();
    const { escrow } = this.query<{ job: MarketJob }>("Job", { jobId: this.job }).job;
    assert.deepEqual([escrow!.paid, escrow!.burned, escrow!.held, this.held], [String(paid), "0", "0", 0n]);
    for (const [, { locked }] of this.providers) assert.equal(locked, 0n);
    assert.equal(this.money, this.money0);
  }

  lost(label: string): bigint {
    return bond - this.providers.get(name(label))!.bond;
  }

  /** As the only input of its job has it. */
  proveAlone(id: bigint, run: Run): void {
    const proof = this.proof(id, run);
    this.message("Prove", { ...proof, input: proof.input === undefined ? undefined : { ...proof.input, path: new Uint8Array(0) } });
    this.block();
  }
}

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

/** V1: spot checks. */
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { CloseReason, ReplicaState, TaskState, VerificationLevel, type Bid, type Draw, type Job, type Params, type Replica, type Task } from "../../codec/gen/dcm/market/v1/types.ts";
import { bidMessage, fails, name, resultOf, saltChain, spotChecked, TestMarket } from "./testing.ts";
import { taskIdOf } from "./state.ts";

const salts = saltChain(40);
const v1 = spotChecked(salts);
/** F of a task, its stake (20 F) and what two lots at 10 pay. */
const [f, stake, pay] = [100n, 2_000n, 20n];
const bond = 10_000_000n;

/** A market with a V1 job of one task at 10, whose provider has committed. */
class Checked {
  readonly market: TestMarket;
  readonly consumer: string;
  readonly job: bigint;
  readonly task: bigint;
  readonly money: bigint;
  #salt = 1;

  constructor(providers: number, params: Partial<Params> = {}, job: object = {}) {
    this.market = new TestMarket({ auditProbabilityBps: 10_000, ...params });
    this.consumer = this.market.fund("c");
    for (let i = 1; i <= providers; i++) this.market.ask(this.market.provider(`p${i}`), 10n);
    this.money = this.market.money;
    this.job = this.market.bid(this.consumer, 20n, v1, job);
    this.task = taskIdOf(this.job, 0);
    this.market.block(1_000n, 2);
  }

  get now(): Task {
    return this.market.task(this.task);
  }

  get provider(): string {
    return this.of(0)[0]!;
  }

  /** Providers of a round. */
  of(round: number): string[] {
    return this.now.replicas.filter((one) => one.round === round).map((one) => one.provider);
  }

  replica(provider: string): Replica {
    return this.now.replicas.find((one) => one.provider === provider)!;
  }

  get escrow(): Record<"deposited" | "paid" | "fees" | "burned" | "refunded" | "held", string> {
    return this.market.query<{ job: Job }>("Job", { jobId: this.job }).job.escrow!;
  }

  lost(provider: string): bigint {
    return bond - this.market.providers.get(provider)!.bond;
  }

  commitAll(providers: readonly string[], label = "right"): void {
    for (const one of providers) this.market.start(this.task, one);
    for (const one of providers) this.market.commit(this.task, one, resultOf(label));
  }

  /** The provider starts and commits; a draw is asked for. */
  commit(label = "right"): this {
    this.commitAll([this.provider], label);
    return this;
  }

  /** The seed, the next salt, the draw. */
  draw(): this {
    this.market.block(1_000n, 3);
    this.market.send("MsgRevealSalt", { consumer: this.consumer, jobId: this.job, salt: salts[this.#salt++]! });
    this.market.block();
    return this;
  }

  reveal(providers: readonly string[], label = "right"): this {
    for (const one of providers) this.market.reveal(this.task, one, resultOf(label));
    return this;
  }

  /** What is due in `ms` has been swept. */
  pass(ms: bigint): this {
    this.market.block(ms);
    this.market.block();
    return this;
  }

  /** Everything is over: each coin is somewhere, nothing is locked or held. */
  settled(paid: bigint, burned = 0n): void {
    this.market.block();
    const { escrow } = this;
    assert.deepEqual([escrow.paid, escrow.burned, escrow.held], [String(paid), String(burned), "0"]);
    assert.equal(BigInt(escrow.refunded), BigInt(escrow.deposited) - paid - BigInt(escrow.fees) - burned);
    for (const [, { locked }] of this.market.providers) assert.equal(locked, 0n);
    assert.equal(this.market.money, this.money);
  }
}

const { TASK_STATE_DRAWING, TASK_STATE_AUDITING, TASK_STATE_REVEALING, TASK_STATE_TIEBREAK, TASK_STATE_FINAL, TASK_STATE_CLOSED, TASK_STATE_ASSIGNED } = TaskState;

describe("spot checks", () => {
  it("MKT-172: a bid needs a salt, takes k = 1, and puts four times its limit into escrow", () => {
    const market = new TestMarket();
    const consumer = market.fund("c");
    market.ask(market.provider("p1"), 10n);
    fails(() => market.bid(consumer, 20n, { ...v1, saltHead: new Uint8Array(0) }), 2, /salt_head/);
    fails(() => market.bid(consumer, 20n, { ...v1, k: 2 }), 2, /k is 2/);
    fails(() => market.bid(consumer, 20n, { ...v1, minColocated: 2 }, { tasks: 2 }), 3, /min_colocated/);
    const job = market.bid(consumer, 20n, v1);
    const { escrow, r } = market.query<{ job: Job }>("Job", { jobId: job }).job;
    assert.deepEqual([escrow!.deposited, r], ["808", 3], "4 x 20 x 10 and 1 %");
  });

  it("MKT-172: the stake is reckoned with the probability that the task keeps, whatever becomes of the parameter", () => {
    const checked = new Checked(2, { auditProbabilityBps: 500 });
    assert.equal(checked.market.providers.get(checked.provider)!.locked, 4_341n, "F / (0.9 x 0.05 x 0.8 x 0.8 x 0.8)");
    checked.market.send("MsgUpdateParams", { authority: name("gov"), params: { ...checked.market.query<{ params: Params }>("Params", { version: 0n }).params, auditProbabilityBps: 10_000 } });
    assert.equal(checked.now.auditProbabilityBps, 500);
    const dear = { ...checked.market.query<{ params: Params }>("Params", { version: 0n }).params, auditProbabilityBps: 499 };
    fails(() => checked.market.send("MsgUpdateParams", { authority: name("gov"), params: dear }), 24, /audit_probability_bps/);
  });

  it("MKT-173: an audit that agrees: the auditor is another organization's, commits before anybody reveals, and both are paid", () => {
    const checked = new Checked(3).commit();
    assert.equal(checked.now.state, TASK_STATE_DRAWING);
    fails(() => checked.reveal([checked.provider]), 16, /not every replica has committed/);
    checked.draw();
    assert.equal(checked.now.state, TASK_STATE_AUDITING);
    const [auditor] = checked.of(2);
    assert.ok(auditor !== undefined && auditor !== checked.provider);
    assert.equal(checked.market.providers.get(auditor)!.locked, stake, "it stakes what the provider does");
    checked.market.start(checked.task, auditor);
    assert.equal(checked.now.state, TASK_STATE_AUDITING);
    fails(() => checked.reveal([checked.provider]), 16, /not every replica has committed/);
    checked.market.commit(checked.task, auditor);
    assert.equal(checked.now.state, TASK_STATE_REVEALING);
    checked.reveal([auditor, checked.provider]);
    assert.equal(checked.now.state, TASK_STATE_FINAL);
    assert.deepEqual(checked.now.replicas.map((one) => one.paid), ["20", "20"]);
    checked.settled(2n * pay);
  });

  it("MKT-174: about as many tasks are audited as the probability says; the others are revealed without", () => {
    const market = new TestMarket({ auditProbabilityBps: 2_500 });
    const consumer = market.fund("c");
    const tasks = 200;
    for (const label of ["p1", "p2", "p3"]) market.ask(market.provider(label, 10_000_000_000n), 10n, tasks);
    const job = market.bid(consumer, 10n, v1, { tasks });
    market.block(1_000n, 2);
    for (let i = 0; i < tasks; i++) {
      const { id, replicas } = market.task(taskIdOf(job, i));
      market.start(id, replicas[0]!.provider);
      market.commit(id, replicas[0]!.provider);
    }
    market.block(1_000n, 3);
    market.send("MsgRevealSalt", { consumer, jobId: job, salt: salts[1]! });
    market.block();
    const count = (state: TaskState): number => Array.from({ length: tasks }, (_, i) => market.task(taskIdOf(job, i))).filter((task) => task.state === state).length;
    const [audited, open] = [count(TASK_STATE_AUDITING), count(TASK_STATE_REVEALING)];
    assert.equal(audited + open, tasks);
    assert.ok(audited > 25 && audited < 75, `${audited} of ${tasks} at a quarter`);
    const plain = Array.from({ length: tasks }, (_, i) => market.task(taskIdOf(job, i))).find(({ state }) => state === TASK_STATE_REVEALING)!;
    market.reveal(plain.id, plain.replicas[0]!.provider);
    assert.equal(market.task(plain.id).state, TASK_STATE_FINAL);
    market.block();
  }).timeout(20_000);

  it("MKT-175: no salt in time waives the audit: the provider reveals and is paid", () => {
    const checked = new Checked(3).commit();
    checked.market.block(1_000n, 3);
    checked.pass(10_001n);
    assert.equal(checked.now.state, TASK_STATE_REVEALING);
    fails(() => checked.draw(), 19, /keep the salt/);
    checked.reveal([checked.provider]);
    assert.equal(checked.now.state, TASK_STATE_FINAL);
    checked.settled(pay);
  });

  it("MKT-175: too few organizations waive it once the draw's time is over", () => {
    const checked = new Checked(1).commit().draw();
    assert.equal(checked.now.state, TASK_STATE_DRAWING, "it looks on while there is time");
    checked.pass(20_001n);
    assert.equal(checked.now.state, TASK_STATE_REVEALING);
    checked.reveal([checked.provider]).settled(pay);
  });

  it("MKT-175: no key for the auditor waives it: the auditor leaves with its stake, and nobody takes its place", () => {
    const checked = new Checked(4, {}, { consumerKey: new Uint8Array(32).fill(7) });
    checked.market.sealFor(checked.consumer, checked.job, checked.provider);
    checked.commit().draw();
    const [auditor] = checked.of(2);
    assert.equal(checked.replica(auditor!).state, ReplicaState.REPLICA_STATE_SEALING);
    checked.pass(10_001n);
    assert.deepEqual([checked.now.state, checked.replica(auditor!).state, checked.lost(auditor!)], [TASK_STATE_REVEALING, ReplicaState.REPLICA_STATE_RELEASED, 0n]);
    assert.deepEqual(checked.market.providers.get(auditor!)!.outcomes, ["matched"]);
    checked.reveal([checked.provider]).settled(pay);
  });

  it("MKT-176: an auditor that does not start, then one that does not commit: each loses 0.1 S, burned whole; one replacement, then the result is revealed without", () => {
    const checked = new Checked(5).commit().draw();
    const [first] = checked.of(2);
    checked.pass(20_001n);
    assert.deepEqual([checked.now.state, checked.replica(first!).state, checked.lost(first!)], [TASK_STATE_AUDITING, ReplicaState.REPLICA_STATE_OUT, stake / 10n]);
    checked.draw();
    const [second] = checked.of(3);
    assert.ok(second !== undefined && second !== first);
    checked.market.start(checked.task, second);
    checked.pass(20_001n);
    assert.deepEqual([checked.now.state, checked.lost(second)], [TASK_STATE_REVEALING, stake / 10n]);
    assert.equal(checked.market.slashedBurned, stake / 5n, "nothing of it to the consumer");
    assert.deepEqual(checked.market.query<{ bid: Bid }>("Bid", { bidId: checked.job }).bid.excluded, [first, second]);
    assert.equal(checked.now.misses, 0);
    checked.reveal([checked.provider]).settled(pay);
  });

  it("MKT-176: who takes an auditor's place may confirm or contradict as it could have; without a salt for it the result is revealed", () => {
    const replaced = new Checked(4).commit().draw().pass(20_001n).draw();
    replaced.commitAll(replaced.of(3));
    replaced.reveal([...replaced.of(3), replaced.provider]).settled(2n * pay);
    const unsalted = new Checked(4).commit().draw().pass(20_001n);
    unsalted.market.block(1_000n, 3);
    unsalted.pass(10_001n);
    assert.equal(unsalted.now.state, TASK_STATE_REVEALING);
    unsalted.reveal([unsalted.provider]).settled(pay);
  });

  it("MKT-176: an auditor may decline as anybody may: free, replaced, no miss of the task", () => {
    const checked = new Checked(4).commit().draw();
    const [auditor] = checked.of(2);
    checked.market.send("MsgDeclineTask", { worker: auditor!, provider: auditor!, taskId: checked.task, reason: "404" });
    assert.deepEqual([checked.now.state, checked.lost(auditor!), checked.now.declinedBy], [TASK_STATE_AUDITING, 0n, []]);
    checked.draw();
    checked.commitAll(checked.of(3));
    checked.reveal([checked.provider, ...checked.of(3)]).settled(2n * pay);
  });

  it("MKT-177: a provider that is silent once its audit is drawn loses S, a tenth of it to the auditor, and the task is OPEN again with its whole reserve", () => {
    const checked = new Checked(5).commit("a lie").draw();
    const [liar, auditor] = [checked.provider, checked.of(2)[0]!];
    checked.commitAll([auditor]);
    checked.reveal([auditor]);
    const before = checked.market.balances.get(auditor)!;
    checked.pass(10_001n);
    assert.deepEqual([checked.now.state, checked.now.misses, checked.lost(liar), checked.lost(auditor)], [TASK_STATE_ASSIGNED, 1, stake, 0n], "matched again in the same block");
    assert.equal(checked.market.balances.get(auditor)! - before, stake / 10n, "more than the 20 that it would have been paid");
    assert.equal(checked.escrow.held, checked.escrow.deposited);
    // Whoever is next is audited as if nothing had been.
    assert.ok(checked.now.replicas.length === 1 && checked.provider !== liar);
    checked.commit().draw();
    checked.commitAll(checked.of(2));
    checked.reveal([checked.provider, ...checked.of(2)]);
    checked.settled(2n * pay);
  });

  it("MKT-177: a silent provider and a silent auditor both lose S", () => {
    const checked = new Checked(4).commit().draw();
    const [provider, auditor] = [checked.provider, checked.of(2)[0]!];
    checked.commitAll([auditor]);
    checked.pass(10_001n);
    assert.deepEqual([checked.now.misses, checked.lost(provider), checked.lost(auditor)], [1, stake, stake]);
    assert.equal(checked.market.slashedBurned, 2n * stake);
  });

  it("MKT-177: an auditor that is silent after its commitment loses S, all of it burned, and the result is accepted", () => {
    const checked = new Checked(4).commit().draw();
    const [auditor] = checked.of(2);
    checked.commitAll([auditor!]);
    checked.reveal([checked.provider]);
    assert.equal(checked.now.state, TASK_STATE_REVEALING);
    checked.pass(10_001n);
    assert.deepEqual([checked.now.state, checked.lost(auditor!), checked.market.slashedBurned], [TASK_STATE_FINAL, stake, stake]);
    checked.settled(pay);
  });

  it("MKT-178: a lie is caught: two more are drawn, three agree, the liar loses S and those who proved it share a tenth", () => {
    const checked = new Checked(5).commit("a lie").draw();
    const [liar, auditor] = [checked.provider, checked.of(2)[0]!];
    checked.commitAll([auditor]);
    checked.reveal([liar], "a lie").reveal([auditor]);
    assert.equal(checked.now.state, TASK_STATE_TIEBREAK);
    checked.draw();
    const reruns = checked.of(1);
    assert.equal(reruns.length, 2);
    const before = reruns.map((one) => checked.market.balances.get(one)!);
    checked.commitAll(reruns);
    checked.reveal(reruns);
    assert.deepEqual([checked.now.state, checked.lost(liar)], [TASK_STATE_FINAL, stake]);
    assert.deepEqual(checked.now.replicas.map((one) => one.paid), ["0", "20", "20", "20"]);
    assert.deepEqual(reruns.map((one, i) => checked.market.balances.get(one)! - before[i]!), [86n, 86n], "20 and a third of 200");
    checked.settled(3n * pay);
  });

  it("MKT-178: an auditor that contradicts an honest provider loses S to the re-runs and the rest is burned", () => {
    const checked = new Checked(5).commit().draw();
    const [auditor] = checked.of(2);
    checked.commitAll([auditor!], "a lie");
    checked.reveal([checked.provider]).reveal([auditor!], "a lie");
    checked.draw();
    checked.commitAll(checked.of(1));
    checked.reveal(checked.of(1));
    assert.deepEqual([checked.now.state, checked.lost(auditor!), checked.lost(checked.provider)], [TASK_STATE_FINAL, stake, 0n]);
    assert.equal(checked.market.slashedBurned, stake - stake / 10n);
    checked.settled(3n * pay);
  });

  it("MKT-179: without a salt for the tie-break both that revealed are paid and nobody is slashed", () => {
    const checked = new Checked(5).commit("a lie").draw();
    checked.commitAll(checked.of(2));
    checked.reveal([checked.provider], "a lie").reveal(checked.of(2));
    checked.market.block(1_000n, 3);
    checked.pass(10_001n);
    assert.deepEqual([checked.now.state, checked.now.closeReason], [TASK_STATE_CLOSED, CloseReason.CLOSE_REASON_NO_SALT]);
    for (const { provider } of checked.now.replicas) assert.equal(checked.lost(provider), 0n);
    checked.settled(2n * pay);
  });

  it("MKT-179: a tie-break that decides nothing, or finds nobody, is INCONCLUSIVE: re-runs are paid, provider and auditor are not, 0.25 F is burned", () => {
    const differing = (providers: number): Checked => {
      const checked = new Checked(providers).commit("one").draw();
      checked.commitAll(checked.of(2), "two");
      checked.reveal([checked.provider], "one").reveal(checked.of(2), "two");
      return checked.draw();
    };
    const split = differing(4);
    const [a, b] = split.of(1);
    split.commitAll([a!], "one");
    split.commitAll([b!], "three");
    split.reveal([a!], "one").reveal([b!], "three");
    const alone = differing(3).pass(20_001n);
    for (const [checked, paid] of [[split, ["0", "0", "20", "20"]], [alone, ["0", "0"]]] as const) {
      assert.deepEqual([checked.now.state, checked.now.closeReason], [TASK_STATE_CLOSED, CloseReason.CLOSE_REASON_INCONCLUSIVE]);
      assert.deepEqual(checked.now.replicas.map((one) => one.paid), paid);
      for (const { provider } of checked.now.replicas) assert.equal(checked.lost(provider), 0n);
      assert.equal(checked.market.query<{ job: Job }>("Job", { jobId: checked.job }).job.programFlagged, true);
    }
    split.settled(2n * pay, f / 4n);
    alone.settled(0n, f / 4n);
  });

  it("MKT-180: two auditors: one that misses is replaced while the other's commitment stands; of two only one need contradict", () => {
    const checked = new Checked(7, { auditors: 2 }).commit().draw();
    assert.equal(checked.escrow.deposited, "1010", "five replicas");
    const [first, late] = checked.of(2);
    checked.commitAll([first!], "a lie");
    checked.pass(20_001n);
    assert.deepEqual([checked.now.state, checked.replica(late!).state], [TASK_STATE_AUDITING, ReplicaState.REPLICA_STATE_OUT]);
    assert.deepEqual(checked.market.query<{ draws: Draw[] }>("DrawsPending", { jobId: checked.job }).draws.map(({ round, count }) => [round, count]), [[3, 1]]);
    checked.draw();
    const [second] = checked.of(3);
    checked.commitAll([second!]);
    checked.reveal([checked.provider, second!]).reveal([first!], "a lie");
    assert.equal(checked.now.state, TASK_STATE_TIEBREAK);
    checked.draw();
    checked.commitAll(checked.of(1));
    checked.reveal(checked.of(1));
    assert.deepEqual([checked.now.state, checked.lost(first!)], [TASK_STATE_FINAL, stake]);
    checked.settled(4n * pay);
  });

  it("MKT-180: a member of the consumer's or the provider's organization is not drawn, and an auditor above the match price is paid what it asked", () => {
    const market = new TestMarket({ auditProbabilityBps: 10_000 });
    const consumer = market.fund("c");
    market.ask(market.provider("p1", bond, "one"), 10n);
    market.ask(market.provider("p2", bond, "one"), 11n);
    market.ask(market.provider("p3"), 15n);
    market.ask(market.provider("p4"), 21n);
    const job = market.bid(consumer, 20n, v1);
    const task = taskIdOf(job, 0);
    market.block(1_000n, 2);
    market.start(task, name("p1"));
    market.commit(task, name("p1"));
    market.block(1_000n, 3);
    market.send("MsgRevealSalt", { consumer, jobId: job, salt: salts[1]! });
    market.block();
    const [, auditor] = market.task(task).replicas;
    assert.deepEqual([auditor!.provider, auditor!.price, auditor!.stake], [name("p3"), 15n, "3000"]);
    market.start(task, name("p3"));
    market.commit(task, name("p3"));
    for (const one of [name("p1"), name("p3")]) market.reveal(task, one);
    assert.deepEqual(market.task(task).replicas.map((one) => one.paid), ["20", "30"]);
    market.block();
  });

  it("MKT-181: an export in every state of a check goes round, and goes on as it would have", () => {
    for (const until of [0, 1, 2, 3]) {
      const checked = new Checked(5).commit();
      if (until > 0) checked.draw();
      if (until > 1) checked.market.start(checked.task, checked.of(2)[0]!);
      if (until > 2) checked.market.commit(checked.task, checked.of(2)[0]!);
      checked.market.block();
      const again = checked.market.carriedOver();
      again.block();
      assert.deepEqual(again.task(checked.task), checked.now, `after ${until} steps`);
    }
  });

  it("MKT-172: other levels are still refused by name", () => {
    const market = new TestMarket();
    const consumer = market.fund("c");
    for (const level of [VerificationLevel.VERIFICATION_LEVEL_V4_ENCLAVE, VerificationLevel.VERIFICATION_LEVEL_V5_PROOF]) {
      fails(() => market.send("MsgPlaceBid", bidMessage(consumer, 20n, { ...v1, verification: level })), 3, /verification v[45]_/);
    }
  });
});

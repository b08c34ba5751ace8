import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { CloseReason, OrderStatus, ReplicaState, TaskState, TimeInForce, type Ask, type Bid, type Job } from "../../codec/gen/dcm/market/v1/types.ts";
import { testContext } from "../../runtime/testing.ts";
import { firstBids, turnBids } from "./clearing.ts";
import { followProvider } from "./followers.ts";
import { maxDeclined } from "./messages/decline-task.ts";
import { bidCursors, dueKinds, dueQueue, followQueue, readyDraws, sellers, taskIdOf } from "./state.ts";
import { fails, name, replicated, resultOf, saltChain, TestMarket } from "./testing.ts";

const salts = saltChain(20);
const jobOf = (market: TestMarket, id: bigint): Job => market.query<{ job: Job }>("Job", { jobId: id }).job;
const bidOf = (market: TestMarket, id: bigint): Bid => market.query<{ bid: Bid }>("Bid", { bidId: id }).bid;
const askOf = (market: TestMarket, id: bigint): Ask => market.query<{ ask: Ask }>("Ask", { askId: id }).ask;

/** One provider, one V0 task, matched at 10. */
function single(): { market: TestMarket; provider: string; consumer: string; job: bigint; task: bigint; ask: bigint } {
  const market = new TestMarket();
  const provider = market.provider("p1");
  const consumer = market.fund("c");
  const ask = market.ask(provider, 10n);
  const job = market.bid(consumer, 20n);
  market.block(1_000n, 2);
  return { market, provider, consumer, job, task: taskIdOf(job, 0), ask };
}

/** Providers p1.. with one unit each at 10, a V2 job with k = 2 whose replicas are drawn. */
function pair(providers: number, tasks = 1, units = 1): { market: TestMarket; consumer: string; job: bigint; task: bigint } {
  const market = new TestMarket();
  const consumer = market.fund("c");
  for (let i = 1; i <= providers; i++) market.ask(market.provider(`p${i}`), 10n, units);
  const job = market.bid(consumer, 20n, replicated(salts), { tasks });
  market.block(1_000n, 4);
  market.send("MsgRevealSalt", { consumer, jobId: job, salt: salts[1]! });
  market.block();
  return { market, consumer, job, task: taskIdOf(job, 0) };
}

const seats = (market: TestMarket, task: bigint, round = 0): string[] => market.task(task).replicas.filter((one) => one.round === round).map((one) => one.provider);

describe("tasks", () => {
  it("MKT-30: a V0 task is matched, started, committed, revealed and paid; the rest of the escrow goes back", () => {
    const { market, provider, consumer, job, task, ask } = single();
    assert.equal(market.task(task).state, TaskState.TASK_STATE_ASSIGNED);
    assert.equal(market.providers.get(provider)!.locked, 100n, "S = F = 10 x 10");
    const before = market.balances.get(provider)!;
    const money = market.money;
    market.finish(task, provider);
    market.block();
    const done = market.task(task);
    assert.equal(done.state, TaskState.TASK_STATE_FINAL);
    assert.equal(market.balances.get(provider)! - before, 20n, "two lots of 10^9 at 10");
    const { escrow } = jobOf(market, job);
    assert.deepEqual([escrow!.deposited, escrow!.paid, escrow!.fees, escrow!.burned, escrow!.refunded, escrow!.held], ["202", "20", "0", "0", "182", "0"]);
    assert.equal(market.providers.get(provider)!.locked, 0n);
    assert.equal(askOf(market, ask).freeUnits, 1);
    assert.equal(market.money, money);
    assert.equal(market.balances.get(consumer), 1_000_000_000n - 20n - BigInt(escrow!.storageDeposit));
  });

  it("MKT-31: a start that does not come costs max(0.1 F, shortfall), the task is OPEN again and the offender gets no more of the job", () => {
    const { market, provider, job, task } = single();
    const bond = market.providers.get(provider)!.bond;
    market.block(20_001n);
    market.block();
    assert.equal(market.task(task).state, TaskState.TASK_STATE_OPEN);
    assert.equal(bond - market.providers.get(provider)!.bond, 10n);
    assert.deepEqual(bidOf(market, job).excluded, [provider]);
    market.block(1_000n, 3);
    assert.equal(market.task(task).state, TaskState.TASK_STATE_OPEN, "its own ask is passed over");
    const other = market.provider("p2");
    market.ask(other, 15n);
    market.block(1_000n, 2);
    assert.equal(market.task(task).replicas[0]!.provider, other);
    market.finish(task, other);
    assert.equal(market.task(task).state, TaskState.TASK_STATE_FINAL);
  });

  it("MKT-32: a deadline counts at its own tau, and a late message fails even where nothing was swept", () => {
    const { market, provider, task } = single();
    const due = market.task(task).dueTau;
    market.tau = due + 1n;
    fails(() => market.start(task, provider), 14, /no live replica/);
    market.tau = due;
    market.start(task, provider);
    assert.equal(market.task(task).state, TaskState.TASK_STATE_RUNNING);
  });

  it("MKT-33: a missed commitment costs 0.1 S; the third miss closes the task and all escrow goes back", () => {
    const market = new TestMarket();
    const consumer = market.fund("c");
    const providers = ["p1", "p2", "p3"].map((label) => market.provider(label));
    for (const provider of providers) market.ask(provider, 10n);
    const job = market.bid(consumer, 10n);
    const task = taskIdOf(job, 0);
    market.block(1_000n, 2);
    for (let i = 0; i < 3; i++) {
      market.start(task, market.task(task).replicas[0]!.provider);
      market.block(20_001n);
      market.block(1_000n, 2);
    }
    const closed = market.task(task);
    assert.deepEqual([closed.state, closed.closeReason, closed.misses], [TaskState.TASK_STATE_CLOSED, CloseReason.CLOSE_REASON_MISSED, 3]);
    for (const provider of providers) assert.equal(market.providers.get(provider)!.bond, 10_000_000n - 10n);
    assert.equal(jobOf(market, job).escrow!.refunded, jobOf(market, job).escrow!.deposited);
  });

  it("MKT-57: a task that got more time is put off when the sweep comes to it, and missed at its own tau; what has ended leaves no place in the queue", () => {
    const { market, provider, job, task } = single();
    const places = (kind: number): bigint[] => Array.from(dueQueue.entries(testContext(market.stores)), ([[tau, of]]) => [tau, of] as const).filter(([, of]) => of === kind).map(([tau]) => tau);
    const first = market.task(task).dueTau;
    market.start(task, provider);
    market.tau += 10_000n;
    market.commit(task, provider);
    const due = market.task(task).dueTau;
    assert.ok(due > first);
    assert.deepEqual(places(dueKinds.task), [first]);
    const blocksBehind = (tau: bigint): void => {
      while (market.tau <= tau) market.block(100n);
      market.block(100n);
    };
    blocksBehind(first);
    assert.deepEqual(places(dueKinds.task), [due]);
    assert.equal(market.task(task).state, TaskState.TASK_STATE_REVEALING);
    blocksBehind(due);
    assert.deepEqual([market.task(task).state, places(dueKinds.task)], [TaskState.TASK_STATE_OPEN, []]);
    const other = market.provider("p2");
    market.ask(other, 10n);
    market.block(1_000n, 2);
    market.finish(task, other);
    assert.deepEqual([places(dueKinds.task), places(dueKinds.bidExpiry).length, places(dueKinds.jobPrune).length], [[], 1, 1]);
    assert.equal(bidOf(market, job).endedTau, market.tau);
    market.tau += 8n * 86_400_000n;
    market.block();
    assert.deepEqual([places(dueKinds.bidExpiry), places(dueKinds.jobPrune)], [[], []]);
  });

  it("MKT-51: time for the commitment is there for as long as a conforming host needs for the lots", () => {
    const market = new TestMarket();
    const provider = market.provider("p1");
    market.ask(provider, 10n);
    const lots = 1_000n;
    fails(() => market.bid(market.fund("c"), 20n, { lots }, { duration: 1n }), 35, /declare at least that, or fewer lots/);
    const job = market.bid(market.fund("c"), 20n, { lots }, { duration: lots * 100n });
    market.block(1_000n, 2);
    market.start(taskIdOf(job, 0), provider);
    market.tau += lots * 100n;
    market.commit(taskIdOf(job, 0), provider);
    assert.equal(market.task(taskIdOf(job, 0)).state, TaskState.TASK_STATE_REVEALING);
  });

  it("MKT-34: silence after the commitment costs the whole stake", () => {
    const { market, provider, task } = single();
    market.start(task, provider);
    market.commit(task, provider);
    market.block(10_001n);
    market.block();
    assert.equal(market.providers.get(provider)!.bond, 10_000_000n - 100n);
    assert.equal(market.task(task).state, TaskState.TASK_STATE_OPEN);
  });

  it("MKT-35: a wrong opening is refused and changes nothing", () => {
    const { market, provider, task } = single();
    market.start(task, provider);
    market.commit(task, provider);
    fails(() => market.reveal(task, provider, resultOf("wrong")), 17, /do not hash to the commitment/);
    fails(() => market.reveal(task, provider, resultOf("right"), new Uint8Array(32)), 17, /do not hash/);
    market.reveal(task, provider);
    assert.equal(market.task(task).state, TaskState.TASK_STATE_FINAL);
    fails(() => market.reveal(task, provider), 14, /no live replica/);
  });

  it("MKT-36: V2 waits for seed and salt, draws the other replica from another organization, and pays both that agree", () => {
    const { market, job, task } = pair(3);
    const [a, b] = seats(market, task);
    assert.ok(a !== undefined && b !== undefined && a !== b);
    assert.equal(market.providers.get(a)!.locked, 2_000n, "S = 20 F");
    for (const provider of [a, b]) market.start(task, provider);
    market.commit(task, a);
    fails(() => market.reveal(task, a), 16, /not every replica has committed/);
    market.commit(task, b);
    market.reveal(task, a);
    assert.equal(market.task(task).state, TaskState.TASK_STATE_REVEALING);
    market.reveal(task, b);
    assert.equal(market.task(task).state, TaskState.TASK_STATE_FINAL);
    market.block();
    assert.deepEqual([jobOf(market, job).escrow!.paid, jobOf(market, job).escrow!.held], ["40", "0"]);
  });

  it("MKT-37: the salt comes too late: CLOSED, 0.1 F burned, the rest back; the provider keeps its stake", () => {
    const market = new TestMarket();
    const consumer = market.fund("c");
    for (const label of ["p1", "p2"]) market.ask(market.provider(label), 10n);
    const job = market.bid(consumer, 20n, replicated(salts));
    market.block(1_000n, 2);
    fails(() => market.send("MsgRevealSalt", { consumer, jobId: job, salt: salts[1]! }), 19, /keep the salt/);
    market.block(1_000n, 2);
    market.tau += 20_000n;
    fails(() => market.send("MsgRevealSalt", { consumer, jobId: job, salt: salts[1]! }), 19, /keep the salt/);
    market.block();
    const task = market.task(taskIdOf(job, 0));
    assert.deepEqual([task.state, task.closeReason], [TaskState.TASK_STATE_CLOSED, CloseReason.CLOSE_REASON_NO_SALT]);
    assert.equal(jobOf(market, job).escrow!.burned, "10");
    assert.equal(market.providers.get(name("p1"))!.bond, 10_000_000n);
  });

  it("MKT-38: replicas that differ go to a tie-break; three that agree are paid, the liar loses its stake", () => {
    const { market, consumer, job, task } = pair(4);
    const [a, b] = seats(market, task);
    for (const provider of [a!, b!]) market.start(task, provider);
    market.commit(task, a!);
    market.commit(task, b!, resultOf("a lie"));
    market.reveal(task, a!);
    market.reveal(task, b!, resultOf("a lie"));
    assert.equal(market.task(task).state, TaskState.TASK_STATE_TIEBREAK);
    market.block(1_000n, 3);
    market.send("MsgRevealSalt", { consumer, jobId: job, salt: salts[2]! });
    market.block();
    const reruns = seats(market, task, 1);
    assert.equal(reruns.length, 2);
    for (const provider of reruns) market.start(task, provider);
    market.commit(task, reruns[0]!);
    fails(() => market.reveal(task, reruns[0]!), 16, /not every replica has committed/);
    market.commit(task, reruns[1]!);
    for (const provider of reruns) market.reveal(task, provider);
    const done = market.task(task);
    assert.equal(done.state, TaskState.TASK_STATE_FINAL);
    assert.equal(market.providers.get(b!)!.bond, 10_000_000n - 2_000n);
    assert.equal(market.slashedBurned, 1_800n, "10 % to those who proved it, no shortfall, the rest burned");
    assert.deepEqual(done.replicas.map((one) => one.paid), ["20", "0", "20", "20"]);
    market.block();
  });

  it("MKT-39: a tie-break without a majority is INCONCLUSIVE: the re-runs are paid, 0.25 F is burned, the program is flagged", () => {
    const { market, consumer, job, task } = pair(4);
    const [a, b] = seats(market, task);
    const all = [a!, b!];
    const reveal = (providers: string[], labels: string[]): void => {
      for (const one of providers) market.start(task, one);
      providers.forEach((one, i) => market.commit(task, one, resultOf(labels[i]!)));
      providers.forEach((one, i) => market.reveal(task, one, resultOf(labels[i]!)));
    };
    reveal(all, ["1", "2"]);
    market.block(1_000n, 3);
    market.send("MsgRevealSalt", { consumer, jobId: job, salt: salts[2]! });
    market.block();
    reveal(seats(market, task, 1), ["1", "3"]);
    const done = market.task(task);
    assert.deepEqual([done.state, done.closeReason], [TaskState.TASK_STATE_CLOSED, CloseReason.CLOSE_REASON_INCONCLUSIVE]);
    assert.deepEqual(done.replicas.map((one) => one.paid), ["0", "0", "20", "20"]);
    const { escrow, programFlagged } = jobOf(market, job);
    assert.deepEqual([escrow!.burned, escrow!.paid, programFlagged], ["25", "40", true]);
    assert.equal(market.slashedBurned, 0n);
  });

  it("MKT-40: too few organizations for the tie-break end as INCONCLUSIVE once the draw's time is over", () => {
    const { market, consumer, job, task } = pair(3);
    const [a, b] = seats(market, task);
    for (const provider of [a!, b!]) market.start(task, provider);
    market.commit(task, a!);
    market.commit(task, b!, resultOf("a lie"));
    market.reveal(task, a!);
    market.reveal(task, b!, resultOf("a lie"));
    market.block(1_000n, 3);
    market.send("MsgRevealSalt", { consumer, jobId: job, salt: salts[2]! });
    market.block(1_000n, 3);
    assert.equal(market.task(task).state, TaskState.TASK_STATE_TIEBREAK, "it looks on while there is time");
    market.block(20_001n);
    market.block();
    assert.equal(market.task(task).closeReason, CloseReason.CLOSE_REASON_INCONCLUSIVE);
    for (const label of ["p1", "p2", "p3"]) assert.equal(market.providers.get(name(label))!.bond, 10_000_000n);
  });

  it("MKT-200: a result is not had for less than it costs by a contradiction that nobody decides", () => {
    for (const [lots, burned] of [[2n, 20n], [3n, 20n], [10n, 25n]] as const) {
      const market = new TestMarket();
      const consumer = market.fund("c");
      for (const label of ["accomplice", "honest"]) market.ask(market.provider(label), 10n);
      const job = market.bid(consumer, 10n, { ...replicated(salts), lots });
      const task = taskIdOf(job, 0);
      market.block(1_000n, 4);
      market.send("MsgRevealSalt", { consumer, jobId: job, salt: salts[1]! });
      market.block();
      const [honest, accomplice] = [name("honest"), name("accomplice")];
      for (const one of [honest, accomplice]) market.start(task, one);
      market.commit(task, honest);
      // It claims that it used nothing.
      market.commit(task, accomplice, resultOf("a lie", 0n));
      market.reveal(task, honest);
      market.reveal(task, accomplice, resultOf("a lie", 0n));
      market.block(1_000n, 3);
      market.send("MsgRevealSalt", { consumer, jobId: job, salt: salts[2]! });
      market.block(20_001n, 2);
      assert.equal(market.task(task).closeReason, CloseReason.CLOSE_REASON_INCONCLUSIVE);
      assert.equal(BigInt(jobOf(market, job).escrow!.burned), burned, `${lots} lots`);
    }
  });

  /** Asks at 90 (the liar), 100 and up, with a V2 task limited to 200 whose two replicas differ and whose tie-break has its salt. Another height, other seeds. */
  function contested(others: readonly bigint[], height = 1n, meanwhile: (market: TestMarket) => void = () => undefined): { market: TestMarket; liar: string; honest: string; job: bigint; task: bigint } {
    const market = new TestMarket();
    market.height = height;
    const consumer = market.fund("c");
    const [liar, honest] = [market.provider("liar"), market.provider("honest")];
    market.ask(liar, 90n);
    market.ask(honest, 100n);
    for (const base of others) market.ask(market.provider(`at ${base}`), base);
    const job = market.bid(consumer, 200n, replicated(salts));
    const task = taskIdOf(job, 0);
    market.block(1_000n, 4);
    market.send("MsgRevealSalt", { consumer, jobId: job, salt: salts[1]! });
    market.block();
    assert.equal(market.task(task).price, 100n);
    for (const provider of [liar, honest]) market.start(task, provider);
    market.commit(task, liar, resultOf("a lie"));
    market.commit(task, honest);
    market.reveal(task, liar, resultOf("a lie"));
    market.reveal(task, honest);
    meanwhile(market);
    market.block(1_000n, 3);
    market.send("MsgRevealSalt", { consumer, jobId: job, salt: salts[2]! });
    market.block();
    return { market, liar, honest, job, task };
  }

  it("MKT-50: a thin book does not save a liar: a tie-break draws above the match price, up to the limit, and each re-run is paid what it asked", () => {
    const { market, liar, job, task } = contested([110n, 120n, 130n]);
    const { money } = market;
    const reruns = market.task(task).replicas.filter((one) => one.round === 1);
    assert.equal(reruns.length, 2);
    for (const one of reruns) {
      assert.equal(name(`at ${one.price}`), one.provider);
      assert.equal(one.stake, String(20n * one.price * 10n), "it stakes for what it is paid");
      assert.equal(market.query<{ lease: { price: bigint } }>("Lease", { leaseId: one.leaseId }).lease.price, one.price);
      market.start(task, one.provider);
    }
    for (const one of reruns) market.commit(task, one.provider);
    for (const one of reruns) market.reveal(task, one.provider);
    const done = market.task(task);
    assert.equal(done.state, TaskState.TASK_STATE_FINAL);
    assert.equal(market.providers.get(liar)!.bond, 10_000_000n - 20_000n, "S = 20 F at the match price");
    for (const one of done.replicas) assert.equal(one.paid, one.provider === liar ? "0" : String(2n * one.price));
    assert.equal(jobOf(market, job).escrow!.burned, "0");
    market.block();
    assert.equal(market.money, money);
  });

  it("MKT-50: a tie-break never goes beyond the limit", () => {
    const { market, task } = contested([110n, 201n]);
    market.block(20_001n);
    market.block();
    assert.equal(market.task(task).closeReason, CloseReason.CLOSE_REASON_INCONCLUSIVE);
  });

  it("MKT-50: two affiliates of a liar just above the price are not drawn for certain", () => {
    const drawn = Array.from({ length: 8 }, (_, i) => {
      const { market, task } = contested([101n, 102n, 110n, 120n, 130n, 140n], BigInt(100 * i + 1));
      const prices = market.task(task).replicas.filter((one) => one.round === 1).map((one) => one.price);
      assert.ok(prices.every((one) => one <= 130n), "five organizations are enough for a draw");
      return prices.sort().join();
    });
    assert.ok(new Set(drawn).size > 3 && drawn.some((prices) => !/101|102/.test(prices)), drawn.join(" "));
  });

  it("MKT-50: nor do the many asks of the liar's affiliates hide the others", () => {
    const affiliates = ["a1", "a2"];
    const drawn = [1n, 101n, 201n, 301n].map((height) => {
      const { market, task } = contested([110n, 120n, 130n], height, (before) => {
        for (const label of affiliates) before.provider(label);
        for (let i = 0; i < 256; i++) for (const label of affiliates) before.ask(name(label), 1n);
      });
      return market.task(task).replicas.filter((one) => one.round === 1).map((one) => one.price);
    });
    assert.ok(drawn.some((prices) => prices.some((price) => price > 100n)), drawn.join(" "));
  }).timeout(30_000);

  it("MKT-41: one of two is silent after its commitment: it loses its stake, two re-runs decide", () => {
    const { market, consumer, job, task } = pair(4);
    const [a, b] = seats(market, task);
    for (const provider of [a!, b!]) market.start(task, provider);
    for (const provider of [a!, b!]) market.commit(task, provider);
    market.reveal(task, a!);
    market.block(10_001n);
    market.block(1_000n, 3);
    assert.equal(market.providers.get(b!)!.bond, 10_000_000n - 2_000n);
    market.send("MsgRevealSalt", { consumer, jobId: job, salt: salts[2]! });
    market.block();
    const reruns = seats(market, task, 1);
    for (const provider of reruns) market.start(task, provider);
    for (const provider of reruns) market.commit(task, provider);
    for (const provider of reruns) market.reveal(task, provider);
    assert.equal(market.task(task).state, TaskState.TASK_STATE_FINAL);
  });

  it("MKT-42: keys: a replica waits for its seal, one seal serves all tasks of a provider, a missing one closes the task", () => {
    const market = new TestMarket();
    const consumer = market.fund("c");
    const provider = market.provider("p1");
    market.ask(provider, 10n, 2);
    const job = market.bid(consumer, 20n, {}, { consumerKey: new Uint8Array(32).fill(7), tasks: 2 });
    market.block(1_000n, 2);
    const [first, second] = [taskIdOf(job, 0), taskIdOf(job, 1)];
    assert.equal(market.task(first).replicas[0]!.state, ReplicaState.REPLICA_STATE_SEALING);
    fails(() => market.start(first, provider), 15, /is sealing; this needs assigned/);
    const keys = [{ provider, sealedKey: Uint8Array.of(1) }];
    fails(() => market.send("MsgSealKeys", { consumer, jobId: job, keys: [{ provider: name("x"), sealedKey: Uint8Array.of(1) }] }), 21, /no replica/);
    market.send("MsgSealKeys", { consumer, jobId: job, keys });
    fails(() => market.send("MsgSealKeys", { consumer, jobId: job, keys }), 20, /sealed to .* already/);
    for (const task of [first, second]) {
      assert.equal(market.task(task).replicas[0]!.state, ReplicaState.REPLICA_STATE_ASSIGNED);
      market.finish(task, provider);
    }
    assert.equal(jobOf(market, job).tasksFinal, 2);
    const unsealed = market.bid(consumer, 20n, {}, { consumerKey: new Uint8Array(32).fill(7) });
    market.block(1_000n, 2);
    market.block(10_001n);
    market.block();
    assert.equal(market.task(taskIdOf(unsealed, 0)).closeReason, CloseReason.CLOSE_REASON_NO_SEAL);
    assert.equal(jobOf(market, unsealed).escrow!.burned, "10");
    assert.equal(market.providers.get(provider)!.bond, 10_000_000n);
  });

  it("MKT-198: a provider that does not wait for the key any more keeps no other from it", () => {
    const market = new TestMarket();
    const consumer = market.fund("c");
    for (let i = 1; i <= 3; i++) market.ask(market.provider(`p${i}`), 10n);
    const salts = saltChain(5);
    const job = market.bid(consumer, 20n, replicated(salts), { consumerKey: new Uint8Array(32).fill(7) });
    const task = taskIdOf(job, 0);
    market.block(1_000n, 4);
    market.send("MsgRevealSalt", { consumer, jobId: job, salt: salts[1]! });
    market.block();
    const [a, b] = seats(market, task) as [string, string];
    market.sealFor(consumer, job, a);
    // It had its key already, and makes the message that carries the other's useless.
    market.send("MsgDeclineTask", { worker: a, provider: a, taskId: task, reason: "gone" });
    fails(() => market.sealFor(consumer, job, a, b), 20, /sealed to .* already/);
    market.block(1_000n, 4);
    market.send("MsgRevealSalt", { consumer, jobId: job, salt: salts[2]! });
    market.block();
    const waiting = seats(market, task).filter((one) => market.task(task).replicas.find(({ provider }) => provider === one)!.state === ReplicaState.REPLICA_STATE_SEALING);
    assert.equal(waiting.length, 2);
    market.sealFor(consumer, job, a, ...waiting);
    for (const one of waiting) market.start(task, one);
  });

  it("MKT-43: a decline is free, a second organization's closes the task at 0.05 F, one beyond the allowance costs as much as a start miss", () => {
    const market = new TestMarket();
    const consumer = market.fund("c");
    const providers = ["p1", "p2"].map((label) => market.provider(label));
    for (const provider of providers) market.ask(provider, 10n);
    const decline = (task: bigint): string => {
      const { provider } = market.task(task).replicas[0]!;
      market.send("MsgDeclineTask", { worker: provider, provider, taskId: task, reason: "404" });
      return provider;
    };
    const job = market.bid(consumer, 20n);
    market.block(1_000n, 2);
    decline(taskIdOf(job, 0));
    market.block(1_000n, 1);
    decline(taskIdOf(job, 0));
    assert.equal(market.task(taskIdOf(job, 0)).closeReason, CloseReason.CLOSE_REASON_INPUT_UNAVAILABLE);
    assert.equal(jobOf(market, job).escrow!.burned, "5");
    for (const provider of providers) market.providers.get(provider)!.freeDeclines = 0;
    const next = market.bid(consumer, 20n);
    market.block(1_000n, 2);
    const offender = decline(taskIdOf(next, 0));
    assert.equal(market.providers.get(offender)!.bond, 10_000_000n - 10n);
    market.block();
  });

  it("MKT-52: one free decline takes a provider out of the whole job: withheld inputs of 100 tasks cost it one use of the allowance, no bond and no miss", () => {
    const market = new TestMarket();
    const consumer = market.fund("c");
    const provider = market.provider("p1");
    market.ask(provider, 10n, 101);
    const other = market.bid(consumer, 20n);
    const job = market.bid(consumer, 20n, {}, { tasks: 100 });
    market.block(1_000n, 2);
    const decline = (index: number): number => market.send<{ tasks: number }>("MsgDeclineTask", { worker: provider, provider, taskId: taskIdOf(job, index), reason: "404" }).tasks;
    market.start(taskIdOf(job, 3), provider);
    assert.equal(decline(0), maxDeclined - 1, "the one that runs is left alone");
    market.block();
    assert.equal(decline(70), 30);
    assert.equal(decline(65), 5, "however many messages it takes");
    assert.equal(decline(64), 1);
    market.block();
    const found = market.providers.get(provider)!;
    assert.deepEqual([found.bond, found.freeDeclines, found.outcomes.filter((one) => one !== "matched")], [10_000_000n, 4, ["declined"]]);
    assert.deepEqual([found.locked, market.task(taskIdOf(other, 0)).state, market.task(taskIdOf(job, 3)).state], [200n, TaskState.TASK_STATE_ASSIGNED, TaskState.TASK_STATE_RUNNING]);
    assert.equal(bidOf(market, job).reopened.length, 99);
    const second = market.provider("p2");
    market.ask(second, 10n, 40);
    market.block(1_000n, 2);
    market.send("MsgDeclineTask", { worker: second, provider: second, taskId: market.query<{ tasks: { id: bigint }[] }>("Tasks", { provider: second, jobId: 0n, state: 0 }).tasks[0]!.id, reason: "404" });
    assert.deepEqual([jobOf(market, job).tasksClosed, jobOf(market, job).escrow!.burned], [40, "200"], "each of the second organization's closes at 0.05 F");
    market.block();
  });

  it("MKT-52: a decline beyond the allowance is burned whole, counts as a decline, and concerns its one task", () => {
    const market = new TestMarket();
    const consumer = market.fund("c");
    // The reference price is far above what the provider asks.
    market.ask(market.provider("dear"), 1_000n);
    market.bid(consumer, 1_000n);
    market.block(1_000n, 2);
    const provider = market.provider("p1");
    market.providers.get(provider)!.freeDeclines = 0;
    market.ask(provider, 10n, 2);
    const job = market.bid(consumer, 10n, {}, { tasks: 2 });
    market.block(1_000n, 2);
    const before = market.balances.get(consumer)!;
    assert.equal(market.send<{ tasks: number }>("MsgDeclineTask", { worker: provider, provider, taskId: taskIdOf(job, 0), reason: "404" }).tasks, 1);
    assert.equal(market.balances.get(consumer), before);
    const found = market.providers.get(provider)!;
    assert.deepEqual([found.bond, market.slashedBurned, found.outcomes], [10_000_000n - 100n, 100n, ["matched", "matched", "declined"]]);
    assert.equal(market.task(taskIdOf(job, 0)).misses, 0);
    assert.equal(market.task(taskIdOf(job, 1)).state, TaskState.TASK_STATE_ASSIGNED);
    market.block();
  });

  it("MKT-52: a reference price out of a self-trade raises what a miss costs to F, not to S", () => {
    const market = new TestMarket();
    const consumer = market.fund("c");
    market.ask(market.provider("attacker"), 100_000n);
    market.bid(market.fund("friend"), 100_000n, { lots: 1n });
    market.block(1_000n, 2);
    for (const label of ["p1", "p2"]) market.ask(market.provider(label), 10n);
    const job = market.bid(consumer, 20n, replicated(salts));
    market.block(1_000n, 4);
    market.send("MsgRevealSalt", { consumer, jobId: job, salt: salts[1]! });
    market.block();
    const before = market.balances.get(consumer)!;
    market.block(20_001n);
    market.block();
    for (const label of ["p1", "p2"]) assert.equal(market.providers.get(name(label))!.bond, 10_000_000n - 100n, "F, of a stake of 2,000");
    assert.equal(market.balances.get(consumer)! - before, 200n);
  });

  it("MKT-44: IOC takes what the batch gives and leaves; an expired GTT bid gets its escrow back", () => {
    const market = new TestMarket();
    const consumer = market.fund("c");
    market.ask(market.provider("p1"), 10n, 1);
    const ioc = market.bid(consumer, 20n, { timeInForce: TimeInForce.TIME_IN_FORCE_IOC }, { tasks: 3 });
    market.block(1_000n, 2);
    assert.equal(bidOf(market, ioc).status, OrderStatus.ORDER_STATUS_EXPIRED);
    assert.equal(market.task(taskIdOf(ioc, 1)).closeReason, CloseReason.CLOSE_REASON_UNFILLED);
    assert.equal(jobOf(market, ioc).tasksClosed, 2);
    const gtt = market.bid(consumer, 5n, { expiresTau: market.tau + 3_000n });
    market.block(1_000n, 3);
    assert.equal(bidOf(market, gtt).status, OrderStatus.ORDER_STATUS_OPEN);
    market.block(1_000n, 2);
    assert.deepEqual([bidOf(market, gtt).status, jobOf(market, gtt).escrow!.held], [OrderStatus.ORDER_STATUS_EXPIRED, "0"]);
  });

  it("MKT-44: IOC bids beyond what a block takes out leave in the next blocks, and trade no more", () => {
    const market = new TestMarket({ maxSweep: 10 });
    const consumer = market.fund("c");
    market.provider("p1");
    const jobs = Array.from({ length: 25 }, () => market.bid(consumer, 20n, { timeInForce: TimeInForce.TIME_IN_FORCE_IOC }));
    market.block(1_000n, 4);
    assert.deepEqual(new Set(jobs.map((job) => bidOf(market, job).status)), new Set([OrderStatus.ORDER_STATUS_EXPIRED]));
  });

  it("MKT-49: a block looks at 20,000 asks for its draws at most; the draws behind keep their turn", () => {
    const market = new TestMarket();
    const consumer = market.fund("c");
    const [first, sibling, other] = [market.provider("p1", undefined, "one"), market.provider("p2", undefined, "one"), market.provider("p3")];
    market.ask(first, 1n, 60);
    market.ask(other, 2n, 60);
    const job = market.bid(consumer, 20n, { ...replicated(salts), lots: 1n }, { tasks: 60 });
    market.block(10n, 2);
    // Whoever was promised to the draws is gone, and all other asks are of the first replica's organization.
    market.setActive(other, false);
    for (let i = 0; i < 255; i++) for (const provider of [first, sibling]) market.ask(provider, 1n);
    market.ask(sibling, 1n);
    market.block(10n, 2);
    market.send("MsgRevealSalt", { consumer, jobId: job, salt: salts[1]! });
    const tickets = (): bigint[] => Array.from(readyDraws.entries(testContext(market.stores)), ([[ticket]]) => ticket);
    const before = new Set(tickets());
    assert.equal(before.size, 60);
    market.block(10n);
    const after = tickets();
    assert.equal(after.length, 60, "a draw that finds nobody goes behind the others");
    // 511 asks in the book and one that is held: 40 draws look at 20,480.
    assert.equal(after.filter((ticket) => before.has(ticket)).length, 20);
  });

  it("MKT-49: a draw that has not had a turn goes before those that found too few", () => {
    const market = new TestMarket();
    const consumer = market.fund("c");
    const [first, sibling, other] = [market.provider("p1", undefined, "one"), market.provider("p2", undefined, "one"), market.provider("p3")];
    market.ask(first, 1n, 60);
    market.ask(other, 2n, 60);
    const stuck = market.bid(consumer, 20n, { ...replicated(salts), lots: 1n }, { tasks: 60 });
    const elsewhere = { classId: "rv32.core" };
    for (const label of ["p4", "p5"]) market.ask(market.provider(label), 10n, 1, elsewhere);
    const job = market.bid(consumer, 20n, { ...replicated(salts), lots: 1n, ...elsewhere });
    market.block(10n, 2);
    market.setActive(other, false);
    for (let i = 0; i < 255; i++) for (const provider of [first, sibling]) market.ask(provider, 1n);
    market.block(10n, 2);
    market.send("MsgRevealSalt", { consumer, jobId: stuck, salt: salts[1]! });
    market.block(10n, 2);
    market.send("MsgRevealSalt", { consumer, jobId: job, salt: salts[1]! });
    market.block(10n);
    assert.equal(market.task(job * 65_536n).replicas.length, 2);
    assert.equal(market.task(stuck * 65_536n).replicas.length, 1);
  });

  it("MKT-202: a draw that an error nobody expected keeps from going on is tried again, and given up once its time is over", () => {
    for (const recovers of [true, false]) {
      const market = new TestMarket();
      const consumer = market.fund("c");
      for (const label of ["p1", "p2"]) market.ask(market.provider(label), 10n);
      const { money } = market;
      const job = market.bid(consumer, 20n, replicated(salts));
      const task = taskIdOf(job, 0);
      market.block(1_000n, 4);
      const { lock } = market.ports.providers;
      (market.ports.providers as { lock: typeof lock }).lock = () => false;
      market.send("MsgRevealSalt", { consumer, jobId: job, salt: salts[1]! });
      for (let i = 0; i < 3; i++) market.blockHearing();
      assert.equal(market.task(task).state, TaskState.TASK_STATE_MATCHED);
      if (recovers) (market.ports.providers as { lock: typeof lock }).lock = lock;
      market.blockHearing(recovers ? 1_000n : 20_001n);
      market.blockHearing();
      assert.equal(market.task(task).state, recovers ? TaskState.TASK_STATE_ASSIGNED : TaskState.TASK_STATE_CLOSED);
      market.block();
      if (!recovers) assert.deepEqual([jobOf(market, job).escrow!.held, market.money], ["0", money]);
    }
  });

  it("MKT-18: of a crowd of bids that nobody can serve a batch sees a part, by turns, and nobody waits for ever", function () {
    this.timeout(60_000);
    const market = new TestMarket();
    const [crowd, honest] = [market.fund("crowd", 10n ** 12n), market.fund("c")];
    market.ask(market.provider("p1"), 90n);
    market.ask(market.provider("p2"), 90n);
    for (let i = 0; i < firstBids + turnBids + 10; i++) market.bid(crowd, 100n, { ...replicated(salts), k: 3, lots: 1n });
    const job = market.bid(honest, 95n, { lots: 1n });
    const end = (): void => {
      market.module.endBlock!(testContext(market.stores, { height: market.height, mode: "block" }));
      market.height++;
    };
    const stands = (): boolean => bidCursors.has(testContext(market.stores), ["wasm.core", "udcm"]);
    end();
    end();
    assert.deepEqual([stands(), bidOf(market, job).status], [true, OrderStatus.ORDER_STATUS_OPEN]);
    market.block();
    assert.deepEqual([stands(), bidOf(market, job).status], [false, OrderStatus.ORDER_STATUS_FILLED]);
  });

  it("MKT-45: a cancellation acts after the batch: an order that was to trade trades", () => {
    const market = new TestMarket();
    const consumer = market.fund("c");
    const provider = market.provider("p1");
    const ask = market.ask(provider, 10n);
    const job = market.bid(consumer, 20n);
    market.block();
    market.send("MsgCancelBid", { consumer, jobId: job });
    market.send("MsgCancelAsk", { provider, askId: ask });
    market.block();
    assert.equal(market.task(taskIdOf(job, 0)).state, TaskState.TASK_STATE_ASSIGNED);
    assert.equal(askOf(market, ask).status, OrderStatus.ORDER_STATUS_CANCELLED);
    market.finish(taskIdOf(job, 0), provider);
    market.block();
    const idle = market.ask(provider, 10n);
    market.send("MsgCancelAsk", { provider, askId: idle });
    market.block();
    assert.equal(market.providers.get(provider)!.reserved, 0n);
    fails(() => market.send("MsgCancelAsk", { provider, askId: idle }), 13, /cancelled/);
  });

  it("MKT-46: records go after their time and the deposits go home", () => {
    const { market, provider, consumer, job, task, ask } = single();
    market.finish(task, provider);
    market.send("MsgCancelAsk", { provider, askId: ask });
    market.block();
    market.tau += 8n * 86_400_000n;
    market.block(1_000n, 2);
    assert.throws(() => jobOf(market, job), /does not exist or was pruned/);
    assert.throws(() => askOf(market, ask), /does not exist or was pruned/);
    assert.equal(market.balances.get(consumer), 1_000_000_000n - 20n);
    assert.equal(market.balances.get(provider), 1_000_000n + 20n);
  });

  it("MKT-47: many tasks of one job run in turns over few units, V2 with three providers", () => {
    const { market, consumer, job } = pair(3, 7);
    let salt = 2;
    for (let round = 0; round < 60 && jobOf(market, job).endedTau === 0n; round++) {
      for (let i = 0; i < 7; i++) {
        const task = market.task(taskIdOf(job, i));
        for (const { provider, state } of task.replicas) {
          if (state === ReplicaState.REPLICA_STATE_ASSIGNED) market.start(task.id, provider);
        }
        for (const { provider, state } of market.task(task.id).replicas) if (state === ReplicaState.REPLICA_STATE_RUNNING) market.commit(task.id, provider);
        if (market.task(task.id).state === TaskState.TASK_STATE_REVEALING) for (const { provider } of task.replicas) market.reveal(task.id, provider);
      }
      const { draws } = market.query<{ draws: { salt: Uint8Array; saltDueTau: bigint }[] }>("DrawsPending", { jobId: job });
      if (draws.some((draw) => draw.salt.length === 0 && draw.saltDueTau > 0n)) market.send("MsgRevealSalt", { consumer, jobId: job, salt: salts[salt++]! });
      market.block();
    }
    assert.equal(jobOf(market, job).tasksFinal, 7);
  });

  it("MKT-48: a provider that may no longer be matched is out of the books, and comes back with its state", () => {
    const market = new TestMarket();
    const provider = market.provider("p1");
    const consumer = market.fund("c");
    market.ask(provider, 10n);
    market.setActive(provider, false);
    const job = market.bid(consumer, 20n);
    market.block(1_000n, 3);
    assert.equal(market.task(taskIdOf(job, 0)).state, TaskState.TASK_STATE_OPEN);
    market.setActive(provider, true);
    market.block(1_000n, 2);
    assert.equal(market.task(taskIdOf(job, 0)).state, TaskState.TASK_STATE_ASSIGNED);
  });

  it("MKT-53: the asks of many that fall silent leave the book a bounded number a block, and none of them is matched meanwhile", () => {
    const market = new TestMarket({ maxSweep: 100 });
    const consumer = market.fund("c");
    const silent = ["p1", "p2"].map((label) => market.provider(label));
    for (const provider of silent) for (let i = 0; i < 120; i++) market.ask(provider, 10n);
    const there = market.provider("p3");
    market.ask(there, 20n);
    const openAsks = (): bigint => market.query<{ book: { openAsks: bigint } }>("Book", { classId: "wasm.core", quoteDenom: "udcm", levels: 1, profileId: 0 }).book.openAsks;
    const counted = (): bigint[] => Array.from({ length: 4 }, () => {
      market.block();
      return openAsks();
    });
    market.block();
    for (const provider of silent) market.setActive(provider, false);
    const job = market.bid(consumer, 20n);
    assert.deepEqual(counted(), [141n, 40n, 0n, 0n]);
    assert.equal(market.task(taskIdOf(job, 0)).replicas[0]!.provider, there);
    // One that changes again before its asks have all moved is looked at from its first ask on, behind the others.
    for (const provider of silent) market.setActive(provider, true);
    market.block();
    assert.equal(openAsks(), 100n);
    market.setActive(silent[0]!, false);
    assert.deepEqual(counted(), [200n, 140n, 120n, 120n]);
  });

  it("MKT-54: retiring withdraws all asks and frees their bond; what runs is finished; who has left leaves no trace in the books", () => {
    const market = new TestMarket({ maxSweep: 10 });
    const provider = market.provider("p1");
    for (let i = 0; i < 25; i++) market.ask(provider, 10n, 2);
    const job = market.bid(market.fund("c"), 20n);
    market.block(1_000n, 2);
    market.retire(provider);
    market.block(1_000n, 3);
    const found = market.providers.get(provider)!;
    assert.deepEqual([found.reserved, found.locked], [0n, 100n]);
    market.finish(taskIdOf(job, 0), provider);
    market.block();
    assert.deepEqual([found.reserved, found.locked], [0n, 0n]);
    const open = market.query<{ asks: Ask[] }>("Asks", { provider, classId: "", quoteDenom: "" }).asks.filter(({ status }) => status !== OrderStatus.ORDER_STATUS_CANCELLED);
    assert.deepEqual(open, []);
    market.leave(provider);
    const left = (): number[] => [Array.from(followQueue.entries(testContext(market.stores))).length, Array.from(sellers.entries(testContext(market.stores))).filter(([, { suspended }]) => suspended).length];
    assert.deepEqual(left(), [1, 1]);
    market.block(1_000n, 3);
    assert.deepEqual(left(), [0, 0]);
  });

  it("MKT-48: whom the sweep sends to jail is out of the books in the same block", () => {
    const { market, provider, task } = single();
    market.ask(provider, 30n, 2);
    const { record } = market.ports.providers;
    (market.ports.providers as { record: typeof record }).record = (ctx, address, outcome, worth) => {
      record(ctx, address, outcome, worth);
      if (outcome !== "missed") return;
      market.providers.get(provider)!.active = false;
      followProvider(ctx, market.ports, address);
    };
    market.block(20_001n);
    const openAsks = (): bigint => market.query<{ book: { openAsks: bigint } }>("Book", { classId: "wasm.core", quoteDenom: "udcm", levels: 0, profileId: 0 }).book.openAsks;
    assert.equal(openAsks(), 1n);
    market.block();
    assert.deepEqual([market.task(task).state, openAsks()], [TaskState.TASK_STATE_OPEN, 0n]);
  });

  it("MKT-48: an inactive provider without asks costs no state", () => {
    const market = new TestMarket();
    market.setActive(market.provider("p1"), false);
    assert.equal(Array.from(sellers.entries(testContext(market.stores))).filter(([, { suspended }]) => suspended).length, 0);
  });
});

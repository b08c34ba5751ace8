import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { CloseReason, StageState, TaskState, TimeInForce, type Stage, type StageSpec } from "../../codec/gen/dcm/market/v1/types.ts";
import { GenesisState } from "../../codec/gen/dcm/market/v1/genesis.ts";
import { brokenInvariants, initGenesis, memoryStores, testContext } from "../../runtime/testing.ts";
import { localnetParams } from "./params.ts";
import { taskIdOf } from "./state.ts";
import { fails, replicated, resultOf, saltChain, stage, staged, TestMarket } from "./testing.ts";

const { STAGE_STATE_WAITING: WAITING, STAGE_STATE_INPUTS: INPUTS, STAGE_STATE_OPEN: OPEN, STAGE_STATE_FINAL: FINAL, STAGE_STATE_CLOSED: CLOSED } = StageState;
const { TASK_STATE_WAITING, TASK_STATE_OPEN, TASK_STATE_ASSIGNED, TASK_STATE_CLOSED, TASK_STATE_FINAL } = TaskState;
const { inputsDue } = localnetParams();

/** One task of 10 lots at a limit of 100: 1,000 and the fee of 1 %. */
const perTask = 1_010n;

interface Placed {
  readonly m: TestMarket;
  readonly alice: string;
  readonly p: string;
  readonly job: bigint;
  readonly money: bigint;
}

function place(stages: readonly StageSpec[], more: object = {}): Placed {
  const m = new TestMarket();
  const alice = m.fund("alice");
  const p = m.provider("p");
  m.ask(p, 50n, 20);
  const { money } = m;
  return { m, alice, p, job: m.bid(alice, 100n, more, staged(stages)), money };
}

const states = (m: TestMarket, job: bigint): StageState[] => m.stages(job).map(({ state }) => state);
const held = (m: TestMarket, job: bigint): bigint => BigInt(m.query<{ escrow: { held: string } }>("Escrow", { jobId: job }).escrow.held);
const open = (m: TestMarket): bigint => m.query<{ bids: { units: bigint }[] }>("Book", { classId: "wasm.core", quoteDenom: "udcm", levels: 0, profileId: 0 }).bids.reduce((sum, { units }) => sum + units, 0n);

/** Brings tasks of the job to FINAL. */
function finish({ m, p, job }: Placed, ...indexes: number[]): void {
  for (const index of indexes) m.finish(taskIdOf(job, index), p);
  m.block();
}

describe("stages of a job", () => {
  it("MKT-80: a bid's stages are earlier ones before later ones, with their tasks, inputs and arguments; anything else is refused by name", () => {
    const m = new TestMarket();
    const alice = m.fund("alice");
    const bid = (stages: readonly StageSpec[], job: object = {}, more: object = {}): unknown => m.bid(alice, 100n, more, { ...staged(stages), ...job });
    fails(() => bid(Array.from({ length: 17 }, () => stage(1))), 2, /job\.stages is 17 stages; it must be at most 16/);
    fails(() => bid([stage(1), stage(1, [1])]), 2, /job\.stages\[1\]\.after is 1; it must be ascending numbers below 1/);
    fails(() => bid([stage(1), stage(1), stage(1, [1, 0])]), 2, /job\.stages\[2\]\.after is 1,0/);
    fails(() => bid([stage(1), stage(1, [0, 0])]), 2, /job\.stages\[1\]\.after is 0,0/);
    fails(() => bid([stage(0)]), 2, /job\.stages\[0\]\.tasks is 0; it must be from 1/);
    fails(() => bid([stage(1), stage(2, [0])], { tasks: 4 }), 2, /job\.tasks is 4; it must be the sum of job\.stages\.tasks, which is 3/);
    fails(() => bid([stage(1, [], false)]), 2, /job\.stages\[0\]\.manifest is missing; it must be given, with input_root, for a stage that waits for no other/);
    fails(() => bid([stage(1), { ...stage(1, [0]), inputRoot: new Uint8Array(32) }]), 2, /job\.stages\[1\]\.manifest is missing/);
    fails(() => bid([stage(1), { ...stage(1, [0], true), inputRoot: new Uint8Array(31) }]), 2, /job\.stages\[1\]\.input_root is 31 bytes/);
    fails(() => bid([stage(1)], { inputRoot: new Uint8Array(32) }), 2, /job\.input_root is given; it must be empty beside job\.stages/);
    fails(() => bid([stage(1)], { manifest: { digest: new Uint8Array(32), size: 1n } }), 2, /job\.manifest is given/);
    fails(() => bid([stage(1)], { arguments: Uint8Array.of(1) }), 2, /job\.arguments is given/);
    fails(() => bid([{ ...stage(1), arguments: new Uint8Array(4_000) }, { ...stage(1), arguments: new Uint8Array(97) }]), 2, /all together, is 4097 bytes; it must be at most 4096/);
    for (const timeInForce of [TimeInForce.TIME_IN_FORCE_IOC, TimeInForce.TIME_IN_FORCE_FOK]) {
      fails(() => bid([stage(1), stage(1, [0])], {}, { timeInForce }), 40, /time_in_force (ioc|fok) cannot be had with 2 stages/);
      assert.ok(bid([stage(1)], {}, { timeInForce }), "one stage is all in the book");
    }
    fails(() => bid([stage(2), stage(2, [0])], {}, { minColocated: 2 }), 40, /min_colocated 2 cannot be had with 2 stages/);
  });

  it("MKT-81: the escrow of all tasks and a deposit for the stages are taken at the bid; only tasks of stages that wait for nothing are in the book", () => {
    const placed = place([stage(3), stage(2, [0]), stage(1), stage(1, [1, 2])]);
    const { m, alice, job } = placed;
    assert.equal(held(m, job), 7n * perTask);
    assert.deepEqual(states(m, job), [OPEN, WAITING, OPEN, WAITING]);
    assert.deepEqual(m.stages(job).map(({ firstTask, tasks }) => [firstTask, tasks]), [[0, 3], [3, 2], [5, 1], [6, 1]]);
    assert.equal(open(m), 4n);
    const shown = m.query<{ tasks: { state: TaskState }[] }>("Tasks", { jobId: job, provider: "", state: 0 }).tasks.map(({ state }) => state);
    assert.deepEqual(shown, [TASK_STATE_OPEN, TASK_STATE_OPEN, TASK_STATE_OPEN, TASK_STATE_WAITING, TASK_STATE_WAITING, TASK_STATE_OPEN, TASK_STATE_WAITING]);
    const plain = m.bid(alice, 100n, {}, { tasks: 7 });
    const deposit = (id: bigint): bigint => BigInt(m.query<{ escrow: { storageDeposit: string } }>("Escrow", { jobId: id }).escrow.storageDeposit);
    assert.ok(deposit(job) >= deposit(plain) + 4n * 224n);
    m.block();
    m.block();
    assert.deepEqual([0, 3, 5, 6].map((index) => m.task(taskIdOf(job, index)).state), [TASK_STATE_ASSIGNED, TASK_STATE_WAITING, TASK_STATE_ASSIGNED, TASK_STATE_WAITING]);
  });

  it("MKT-82: with the last FINAL task before it a stage waits for its inputs, and opens with them; the money of each task is settled as ever", () => {
    const placed = place([stage(2), stage(1, [0])]);
    const { m, alice, p, job } = placed;
    m.block(1_000n, 2);
    finish(placed, 0);
    assert.deepEqual(states(m, job), [OPEN, WAITING]);
    fails(() => m.supply(alice, job, 1), 42, /stage 1 of job 1 is waiting/);
    finish(placed, 1);
    assert.deepEqual(states(m, job), [FINAL, INPUTS]);
    assert.equal(m.stages(job)[1]!.inputsDueTau, m.tau - 1_000n + inputsDue);
    assert.equal(held(m, job), perTask, "tasks of the first stage are settled");
    fails(() => m.supply(p, job, 1), 12, /job 1 belongs to/);
    fails(() => m.supply(alice, job, 2), 41, /job 1 has no stage 2; it has 2, numbered from 0/);
    fails(() => m.supply(alice, 9n, 1), 10, /no job 9/);
    fails(() => m.supply(alice, job, 0), 2, /stage is 0; it must be from 1 to 15/);
    fails(() => m.supply(alice, job, 1, { inputRoot: new Uint8Array(0) }), 2, /input_root is 0 bytes/);
    fails(() => m.supply(alice, job, 1, { manifest: undefined }), 2, /manifest is missing/);
    assert.equal(m.supply(alice, job, 1), 1);
    assert.deepEqual(states(m, job), [FINAL, OPEN]);
    fails(() => m.supply(alice, job, 1), 42, /stage 1 of job 1 is open/);
    m.block();
    finish(placed, 2);
    assert.deepEqual(states(m, job), [FINAL, FINAL]);
    const { escrow, endedTau } = m.query<{ job: { escrow: { paid: string; held: string }; endedTau: bigint } }>("Job", { jobId: job }).job;
    assert.deepEqual([escrow.paid, escrow.held], [String(3n * 2n * 50n), "0"], "three tasks of two lots each");
    assert.notEqual(endedTau, 0n);
    assert.deepEqual(["EventStageOpened", "EventStageReady", "EventStageInputsSupplied", "EventStageFinal"].map((name) => m.named(name).length), [2, 1, 1, 2]);
    assert.equal(m.money, placed.money);
  });

  it("MKT-82: a stage whose inputs are known at the bid opens with the last FINAL task before it", () => {
    const placed = place([stage(1), stage(2, [0], true)]);
    const { m, job } = placed;
    m.block(1_000n, 2);
    finish(placed, 0);
    assert.deepEqual(states(m, job), [FINAL, OPEN]);
    assert.deepEqual([1, 2].map((index) => m.task(taskIdOf(job, index)).state), [TASK_STATE_ASSIGNED, TASK_STATE_ASSIGNED], "the same block's batch matched them, as it does tasks that come back");
  });

  it("MKT-83: inputs that do not come in time close the stage and what waits for it; late ones fail though nothing was swept", () => {
    const placed = place([stage(1), stage(2, [0]), stage(3, [1]), stage(1, [0])]);
    const { m, alice, job } = placed;
    m.block(1_000n, 2);
    finish(placed, 0);
    assert.equal(m.supply(alice, job, 3), 1);
    const due = m.stages(job)[1]!.inputsDueTau;
    m.tau = due;
    assert.equal(m.stages(job)[1]!.state, INPUTS, "a deadline counts at its own tau");
    m.tau = due + 1n;
    fails(() => m.supply(alice, job, 1), 42, /stage 1 of job 1 is too late/);
    assert.deepEqual(states(m, job), [FINAL, CLOSED, CLOSED, OPEN], "shown as it is, before the sweep");
    assert.equal(m.task(taskIdOf(job, 1)).closeReason, CloseReason.CLOSE_REASON_NO_INPUTS);
    assert.equal(m.task(taskIdOf(job, 3)).closeReason, CloseReason.CLOSE_REASON_PREDECESSOR);
    const before = m.balances.get(alice)!;
    m.block();
    assert.equal(m.balances.get(alice)! - before, 5n * perTask);
    assert.deepEqual(states(m, job), [FINAL, CLOSED, CLOSED, OPEN]);
    assert.deepEqual(m.stages(job).map(({ closeReason, endedTau }) => [closeReason, endedTau === due]).slice(1, 3), [[CloseReason.CLOSE_REASON_NO_INPUTS, true], [CloseReason.CLOSE_REASON_PREDECESSOR, true]]);
    finish(placed, 6);
    assert.equal(held(m, job), 0n);
    assert.notEqual(m.query<{ job: { endedTau: bigint } }>("Job", { jobId: job }).job.endedTau, 0n);
    assert.equal(m.money, placed.money);
  });

  it("MKT-84: a CLOSED task closes every stage behind its own at once; its neighbours and other branches go on and are paid", () => {
    const placed = place([stage(2), stage(1), stage(2, [0]), stage(1, [1], true), stage(4, [2, 3])]);
    const { m, p, job } = placed;
    m.block(1_000n, 2);
    // Three misses close the task: each by another provider.
    for (const label of ["q", "r"]) m.ask(m.provider(label), 60n, 5);
    const { money } = m;
    m.start(taskIdOf(job, 0), p);
    m.finish(taskIdOf(job, 1), p);
    m.finish(taskIdOf(job, 2), p);
    m.block();
    m.finish(taskIdOf(job, 5), p);
    for (let i = 0; i < 200 && m.task(taskIdOf(job, 0)).state !== TASK_STATE_CLOSED; i++) m.block(1_000n);
    assert.equal(m.task(taskIdOf(job, 0)).closeReason, CloseReason.CLOSE_REASON_MISSED);
    m.block();
    const [map, , reduce, side, last] = m.stages(job) as [Stage, Stage, Stage, Stage, Stage];
    assert.deepEqual([map.state, map.tasksFinal, map.tasksClosed, map.closeReason], [CLOSED, 1, 1, CloseReason.CLOSE_REASON_MISSED]);
    assert.deepEqual([reduce.state, last.state], [CLOSED, CLOSED]);
    assert.deepEqual([reduce.closeReason, last.closeReason], [CloseReason.CLOSE_REASON_PREDECESSOR, CloseReason.CLOSE_REASON_PREDECESSOR]);
    assert.equal(side.state, FINAL, "the other branch");
    assert.deepEqual([1, 2, 5].map((index) => m.task(taskIdOf(job, index)).replicas[0]!.paid), ["100", "100", "100"]);
    const { escrow, endedTau } = m.query<{ job: { escrow: { refunded: string; held: string }; endedTau: bigint } }>("Job", { jobId: job }).job;
    assert.deepEqual([escrow.refunded, escrow.held], [String(7n * perTask + 3n * (perTask - 101n)), "0"]);
    assert.notEqual(endedTau, 0n);
    assert.equal(m.money, money);
  });

  for (const [how, reason, leave] of [
    ["is cancelled", CloseReason.CLOSE_REASON_CANCELLED, ({ m, alice, job }: Placed) => void m.send("MsgCancelBid", { consumer: alice, jobId: job })],
    ["expires", CloseReason.CLOSE_REASON_EXPIRED, ({ m }: Placed) => void (m.tau = 1_000_000n + 60_001n)],
  ] as const) {
    it(`MKT-85: a bid that ${how} takes stages that have not opened along; what runs goes on`, () => {
      for (const at of ["waiting", "inputs", "unmatched"] as const) {
        const placed = place([stage(1), stage(2, [0])], { expiresTau: 1_060_000n });
        const { m, alice, p, job } = placed;
        m.block(1_000n, 2);
        if (at !== "waiting") finish(placed, 0);
        if (at === "unmatched") {
          m.providers.get(p)!.active = false;
          m.supply(alice, job, 1);
        }
        if (at === "inputs") assert.deepEqual(states(m, job), [FINAL, INPUTS]);
        const before = m.balances.get(alice)!;
        leave(placed);
        if (at === "waiting" && how === "expires") m.tau = 1_000_000n + 60_001n;
        m.block();
        // In state inputs the due time of 30 s comes before the expiry.
        const expected = at === "inputs" && how === "expires" ? CloseReason.CLOSE_REASON_NO_INPUTS : reason;
        assert.deepEqual(m.stages(job)[1], { ...m.stages(job)[1]!, state: CLOSED, closeReason: expected, tasksClosed: 2 });
        assert.deepEqual([1, 2].map((index) => m.task(taskIdOf(job, index)).closeReason), [expected, expected]);
        assert.ok(m.balances.get(alice)! - before >= 2n * perTask);
        if (at === "waiting" && how !== "expires") {
          finish(placed, 0);
          assert.equal(m.task(taskIdOf(job, 0)).state, TASK_STATE_FINAL);
        }
        if (at !== "waiting" || how !== "expires") assert.equal(held(m, job), 0n);
        assert.equal(m.money, placed.money);
      }
    });
  }

  it("MKT-85: an order whose first stage is not matched can be replaced; the escrow of all its stages moves along", () => {
    const m = new TestMarket();
    const alice = m.fund("alice");
    const job = m.bid(alice, 100n, {}, staged([stage(2), stage(3, [0])]));
    m.block();
    m.send("MsgReplaceBid", { consumer: alice, jobId: job, limitPrice: 200n, expiresTau: 0n });
    m.block();
    assert.equal(held(m, job), 5n * 2n * perTask);
    m.send("MsgReplaceBid", { consumer: alice, jobId: job, limitPrice: 100n, expiresTau: 0n });
    m.block();
    assert.equal(held(m, job), 5n * perTask);
  });

  it("MKT-86: who missed a task of one stage gets none of a later one, and a later stage's task is tried elsewhere", () => {
    const placed = place([stage(1), stage(1, [0])]);
    const { m, alice, p, job } = placed;
    m.block(1_000n, 2);
    const q = m.provider("q");
    m.ask(q, 60n, 5);
    m.block(30_000n);
    m.block();
    const first = m.task(taskIdOf(job, 0));
    assert.deepEqual([first.misses, first.replicas[0]?.provider], [1, q], "the retry of the first stage");
    m.finish(taskIdOf(job, 0), q);
    m.supply(alice, job, 1);
    m.block();
    assert.deepEqual(m.task(taskIdOf(job, 1)).replicas.map(({ provider }) => provider), [q], `${p} is cheaper and excluded`);
    const r = m.provider("r");
    m.ask(r, 70n, 5);
    m.block(30_000n);
    m.block();
    const second = m.task(taskIdOf(job, 1));
    assert.deepEqual([second.misses, second.replicas[0]?.provider], [1, r], "the retry of the second stage");
    m.finish(taskIdOf(job, 1), r);
    m.block();
    assert.deepEqual(states(m, job), [FINAL, FINAL]);
  });

  it("MKT-86: a replicated stage draws its second replica like any other", () => {
    const m = new TestMarket();
    const alice = m.fund("alice");
    const salts = saltChain(8);
    for (const label of ["p", "q"]) m.ask(m.provider(label), 50n, 4);
    const job = m.bid(alice, 100n, replicated(salts), staged([stage(1), stage(1, [0])]));
    let used = 0;
    for (const index of [0, 1]) {
      if (index > 0) m.supply(alice, job, index);
      m.block(1_000n, 5);
      m.send("MsgRevealSalt", { consumer: alice, jobId: job, salt: salts[++used]! });
      m.block();
      const id = taskIdOf(job, index);
      const workers = m.task(id).replicas.map(({ provider }) => provider);
      assert.equal(workers.length, 2);
      for (const worker of workers) m.start(id, worker);
      for (const worker of workers) m.commit(id, worker);
      for (const worker of workers) m.reveal(id, worker);
      assert.equal(m.task(id).state, TASK_STATE_FINAL);
      m.block();
    }
    assert.deepEqual(states(m, job), [FINAL, FINAL]);
  });

  it("MKT-87: opening or closing a stage of 1,024 tasks writes no task", () => {
    const m = new TestMarket({ maxTasks: 2_048 });
    const alice = m.fund("alice", 10_000_000_000n);
    const p = m.provider("p");
    const ask = m.ask(p, 50n, 1);
    const job = m.bid(alice, 100n, {}, staged([stage(1), stage(1_024, [0])]));
    m.block(1_000n, 2);
    m.finish(taskIdOf(job, 0), p);
    m.send("MsgCancelAsk", { provider: p, askId: ask });
    m.block();
    const keys = (): number => Array.from(m.stores.store("market").iterate()).length;
    const before = keys();
    m.supply(alice, job, 1);
    assert.ok(keys() - before <= 6, `${keys() - before} records more`);
    assert.equal(open(m), 1_024n);
    m.send("MsgCancelBid", { consumer: alice, jobId: job });
    m.block();
    assert.ok(Math.abs(keys() - before) <= 8, `${keys() - before} records more`);
    assert.equal(held(m, job), 0n);
  });

  it("MKT-88: stages go round by genesis in every state, with their deadlines, and go with the job's records", () => {
    const placed = place([stage(1), stage(2, [0]), stage(1, [1]), stage(1, [0], true)]);
    const { m, job } = placed;
    m.block(1_000n, 2);
    finish(placed, 0);
    const exported = m.module.genesis!.export(testContext(m.stores)) as GenesisState;
    m.module.genesis!.check(exported);
    assert.equal(exported.stages.length, 4);
    const stores = memoryStores();
    initGenesis(stores, [m.module], { market: GenesisState.decode(GenesisState.encode(exported).finish()) });
    assert.deepEqual(m.module.genesis!.export(testContext(stores)), exported);
    assert.deepEqual(brokenInvariants(stores, [m.module]), []);
    assert.throws(() => m.module.genesis!.check({ ...exported, stages: exported.stages.slice(1) }), /market\.stages are not, in order, the stages of market\.jobs/);
    m.block(inputsDue + 1n);
    m.block();
    assert.deepEqual(states(m, job), [FINAL, CLOSED, CLOSED, OPEN]);
    m.send("MsgCancelBid", { consumer: placed.alice, jobId: job });
    m.block(3n * 30_000n, 3);
    m.block(8n * 24n * 3_600_000n);
    m.block(1_000n, 3);
    assert.throws(() => m.stages(job), /does not exist or was pruned/);
  });

  it("MKT-89: in any graph with any outcome no task opens before those that it waits for are FINAL, money stays whole and none is left behind", () => {
    const graph = fc.array(fc.record({ tasks: fc.integer({ min: 1, max: 3 }), after: fc.array(fc.nat(5), { maxLength: 3 }), known: fc.boolean() }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(graph, fc.array(fc.nat(99), { minLength: 40, maxLength: 40 }), fc.nat(60), (drawnStages, dice, cancelAt) => {
        const specs = drawnStages.map(({ tasks, after, known }, i) => {
          const wanted = [...new Set(after.filter((index) => index < i))].sort((a, b) => a - b);
          return stage(tasks, wanted, known || wanted.length === 0);
        });
        const m = new TestMarket();
        const alice = m.fund("alice");
        for (const label of ["p", "q", "r", "s"]) m.ask(m.provider(label), 50n, 10);
        const { money } = m;
        const job = m.bid(alice, 100n, { expiresTau: 1_000_000n + 400_000n }, staged(specs));
        let at = 0;
        const chance = (percent: number): boolean => dice[at++ % dice.length]! < percent;
        for (let round = 0; round < 60; round++) {
          if (round === cancelAt && m.query<{ job: { endedTau: bigint } }>("Job", { jobId: job }).job.endedTau === 0n) {
            try {
              m.send("MsgCancelBid", { consumer: alice, jobId: job });
            } catch {
              // Expired, or left already.
            }
          }
          for (const one of m.stages(job)) {
            if (one.state === INPUTS && chance(60)) m.supply(alice, job, one.index);
            for (let i = 0; i < one.tasks; i++) {
              const task = m.task(taskIdOf(job, one.firstTask + i));
              const states_ = m.stages(job);
              if (task.state !== TASK_STATE_WAITING && task.state !== TASK_STATE_CLOSED) {
                assert.ok(specs[one.index]!.after.every((index) => states_[index]!.state === FINAL), `stage ${one.index} opened too early`);
              }
              if (task.state === TASK_STATE_ASSIGNED && chance(85)) m.finish(task.id, task.replicas[0]!.provider, resultOf("any"));
            }
          }
          m.block(chance(20) ? 25_000n : 1_000n);
          assert.equal(m.money, money);
        }
        m.block(500_000n);
        m.block(100_000n, 10);
        assert.equal(held(m, job), 0n, "nothing is left in escrow");
        assert.notEqual(m.query<{ job: { endedTau: bigint } }>("Job", { jobId: job }).job.endedTau, 0n);
        assert.equal(m.money, money);
      }),
      { numRuns: 60 },
    );
  }).timeout(60_000);
});

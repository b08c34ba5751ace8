import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { GenesisState } from "../../codec/gen/dcm/market/v1/genesis.ts";
import { Ask, Bid, Job, OrderStatus, TaskState, Term, type Task, TimeInForce, VerificationLevel } from "../../codec/gen/dcm/market/v1/types.ts";
import { moduleAddress, addressText } from "../../codec/address.ts";
import { requestDraw, seedDraws } from "./draw-queue.ts";
import { committedStores, testContext } from "../../runtime/testing.ts";
import { draws, taskIdOf, tasks, tasksPerJob } from "./state.ts";
import { escrowOf } from "./settlement.ts";
import { localnetParams } from "./params.ts";
import { bidMessage, denom, fails, name, TestMarket } from "./testing.ts";

/** Orders or tasks that all end at one tau; `DCM_FLOOD` asks for another number, a multiple of 1,000. */
const flood = Number(process.env.DCM_FLOOD ?? 100_000);
const due = 2_000_000n;

const common = { classId: "wasm.core", quoteDenom: denom, createdHeight: 1n };
const perTask = escrowOf(9n, 1n, 1, 0, localnetParams().feeBps);

function bidAndJob(id: bigint): { bid: Bid; job: Job } {
  const { job: spec } = bidMessage(name("crowd"), 9n);
  return {
    bid: Bid.fromPartial({ ...common, id, consumer: name("crowd"), limitPrice: 9n, lots: 1n, timeInForce: TimeInForce.TIME_IN_FORCE_GTT, term: Term.TERM_SPOT, expiresTau: due, status: OrderStatus.ORDER_STATUS_OPEN, k: 1 }),
    job: Job.fromPartial({
      ...common, id, consumer: name("crowd"), payer: name("crowd"), spec, verification: VerificationLevel.VERIFICATION_LEVEL_V0_NONE, k: 1, risk: "0", paramsVersion: 1n,
      escrow: { denom, deposited: String(perTask), held: String(perTask), perTask: String(perTask), paid: "0", refunded: "0", fees: "0", burned: "0", storageDeposit: "0" },
    }),
  };
}

/** A market over stores that are committed block by block, as a node's are: those that lie below a flood cost what they cost there. */
class CommittedMarket extends TestMarket {
  readonly #commit: () => void;

  constructor(edit: (state: GenesisState) => void = () => undefined, prepare: (market: TestMarket) => void = () => undefined) {
    const { stores, commit } = committedStores(["market", "organization"]);
    super({}, edit, prepare, stores);
    this.#commit = commit;
    commit();
  }

  /** CPU milliseconds of one block's end. */
  end(passes?: bigint): number {
    const before = process.cpuUsage();
    this.blockUnchecked(passes);
    const { user, system } = process.cpuUsage(before);
    this.#commit();
    return (user + system) / 1_000;
  }
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

describe("floods", function () {
  this.timeout(120_000);

  it(`MKT-55: of ${flood} bids that expire at one tau a block takes out ${localnetParams().maxSweep}; what they may do does not wait for that`, () => {
    const m = new CommittedMarket((state: GenesisState) => {
      const all = Array.from({ length: flood }, (_, i) => bidAndJob(BigInt(i + 1)));
      state.bids = all.map(({ bid }) => bid);
      state.jobs = all.map(({ job }) => job);
      state.nextJobId = BigInt(flood + 1);
    });
    m.balances.set(addressText(moduleAddress("market")), perTask * BigInt(flood));
    const provider = m.provider("p");
    const consumer = m.fund("c");
    for (let i = 0; i < 3; i++) m.end();
    m.tau = due + 1n;
    const swept = localnetParams().maxSweep;
    const times = Array.from({ length: 12 }, () => m.end());
    assert.equal(m.query<{ book: { openBids: bigint } }>("Book", { classId: "wasm.core", quoteDenom: denom, levels: 1, profileId: 0 }).book.openBids, BigInt(flood - 12 * swept));
    const few = new CommittedMarket((state: GenesisState) => {
      const all = Array.from({ length: 12 * swept }, (_, i) => bidAndJob(BigInt(i + 1)));
      state.bids = all.map(({ bid }) => bid);
      state.jobs = all.map(({ job }) => job);
      state.nextJobId = BigInt(12 * swept + 1);
    });
    few.balances.set(addressText(moduleAddress("market")), perTask * BigInt(12 * swept));
    few.tau = due + 1n;
    const alone = Array.from({ length: 12 }, () => few.end());
    assert.ok(median(times) < 2 * median(alone) + 50, `${median(times)} ms a block in the flood, ${median(alone)} ms without`);
    // Not swept and yet out: it does not trade, cannot be cancelled, and an order that lives is served.
    const last = BigInt(flood);
    fails(() => m.send("MsgCancelBid", { consumer: name("crowd"), jobId: last }), 13, /is expired/);
    m.ask(provider, 5n, 1);
    const job = m.bid(consumer, 20n);
    m.end();
    m.end();
    assert.equal(m.task(job * 65_536n).state, TaskState.TASK_STATE_ASSIGNED);
    assert.equal(m.query<{ bid: Bid }>("Bid", { bidId: last }).bid.nextTask, 0);
  });

  it("MKT-18: a bid that touches every ask of a book where each stands at a price of its own takes the cheapest at one price, block by block", () => {
    const m = new TestMarket({ maxFills: 400 });
    const consumer = m.fund("c", 10n ** 15n);
    for (let i = 0; i < 11; i++) {
      const provider = m.provider(`p${i}`, 10n ** 12n);
      for (let price = 1n; price <= 100n; price++) m.ask(provider, 100n * BigInt(i) + price);
    }
    m.block();
    const levels = (levels: number): { price: bigint; units: bigint }[] => m.query<{ asks: { price: bigint; units: bigint }[] }>("Book", { classId: "wasm.core", quoteDenom: denom, levels, profileId: 0 }).asks;
    assert.deepEqual([levels(0).length, levels(1_000_000).length], [20, 500]);
    const job = m.bid(consumer, 2_000n, {}, { tasks: 1_024 });
    m.blockUnchecked();
    const matched = [1, 2, 3, 4].map(() => {
      m.blockUnchecked(0n);
      return m.query<{ leases: unknown[] }>("Leases", { jobId: job, provider: "", pagination: { key: new Uint8Array(0), offset: 0n, limit: 2_000n, countTotal: false, reverse: false } }).leases.length;
    });
    assert.deepEqual(matched, [400, 800, 1_024, 1_024]);
    assert.deepEqual(levels(1), [{ price: 1_025n, units: 1n, orders: 1 }]);
    m.block();
  });

  it("MKT-55: draws that blocks without seeds have left behind get theirs in turn, 5,000 a block", () => {
    const m = new TestMarket({}, (state: GenesisState) => {
      const { bid, job } = bidAndJob(1n);
      [state.bids, state.jobs, state.nextJobId] = [[bid], [job], 2n];
    });
    const at = (height: bigint): ReturnType<typeof testContext> => testContext(m.stores, { height });
    for (let id = 1n; id <= 5_001n; id++) requestDraw(at(1n), { id: tasksPerJob + id, jobId: 1n } as Task, 0, 1, 1);
    const seeded = (): number => Array.from(draws.entries(at(1n))).filter(([, { saltDueTau }]) => saltDueTau > 0n).length;
    m.height = 4n;
    seedDraws(at(3n), m.ports);
    assert.equal(seeded(), 5_000);
    seedDraws(at(4n), m.ports);
    assert.equal(seeded(), 5_001);
  });

  it(`MKT-55: of ${flood} tasks whose start is missed at one tau a block ends 500; what they may do does not wait for that`, () => {
    /** So many tasks of a provider are matched, all at one tau, and its time to start them is over. */
    const missed = (count: number): { m: CommittedMarket; worker: string; first: bigint } => {
      const m = new CommittedMarket();
      const worker = m.provider("p", 10n ** 15n);
      const consumer = m.fund("c", 10n ** 15n);
      for (let units = 0; units < count; units += 1_000) m.ask(worker, 5n, 1_000);
      const jobs = Array.from({ length: count / 1_000 }, () => m.bid(consumer, 20n, {}, { tasks: 1_000 }));
      const lastOf = (): Task => m.task(taskIdOf(jobs.at(-1)!, 999));
      for (let blocks = 0; lastOf().state !== TaskState.TASK_STATE_ASSIGNED && blocks < count / 500; blocks++) m.end(0n);
      const last = lastOf();
      m.tau = last.dueTau + 1n;
      return { m, worker, first: jobs[0]! };
    };
    const { m, worker, first } = missed(flood);
    const few = missed(6_000);
    const open = (): number => Array.from(tasks.entries(testContext(m.stores)), ([, { state }]) => state).filter((state) => state === TaskState.TASK_STATE_OPEN).length;
    const times = Array.from({ length: 8 }, () => m.end());
    const alone = Array.from({ length: 8 }, () => few.m.end());
    assert.equal(open(), 8 * localnetParams().maxSweep);
    assert.ok(median(times) < 2 * median(alone) + 50, `${median(times)} ms a block in the flood, ${median(alone)} ms without`);
    // Not swept and yet missed: it cannot be started any more, and the provider is punished when that is tried or asked for.
    const waits = taskIdOf(first + BigInt(flood / 1_000) - 1n, 999);
    assert.equal(m.task(waits).state, TaskState.TASK_STATE_OPEN);
    fails(() => m.send("MsgStartTask", { worker, provider: worker, taskId: waits }), 14, /has no live replica/);
  });

  it(`MKT-55: of asks that expire at one tau, too, and none of them is matched`, () => {
    const providers = flood / 250;
    const m = new CommittedMarket((state: GenesisState) => {
      state.asks = Array.from({ length: providers * 250 }, (_, i) => Ask.fromPartial({ ...common, id: BigInt(i + 1), provider: name(`p${i % providers}`), basePrice: 5n, units: 1, freeUnits: 1, expiresTau: due, status: OrderStatus.ORDER_STATUS_OPEN, paramsVersion: 1n, organization: name(`p${i % providers}`), storageDeposit: "0" }));
      state.nextAskId = BigInt(providers * 250 + 1);
    }, (market) => {
      for (let i = 0; i < providers; i++) market.provider(`p${i}`);
    });
    const consumer = m.fund("c");
    m.tau = due + 1n;
    const job = m.bid(consumer, 20n);
    const times = Array.from({ length: 8 }, () => m.end());
    assert.equal(m.task(job * 65_536n).state, TaskState.TASK_STATE_OPEN);
    assert.equal(m.query<{ book: { openAsks: bigint } }>("Book", { classId: "wasm.core", quoteDenom: denom, levels: 1, profileId: 0 }).book.openAsks, BigInt(providers * 250 - 8 * localnetParams().maxSweep));
    const calm = new CommittedMarket(() => undefined, (market) => market.provider("p0"));
    for (let i = 0; i < 250; i++) calm.ask(name("p0"), 5n, 1, { expiresTau: calm.tau + 1n });
    calm.tau += 2n;
    const alone = calm.end();
    assert.ok(median(times) < 4 * alone + 50, `${median(times)} ms a block for 500 asks in the flood, ${alone} ms for 250 without`);
  });
});

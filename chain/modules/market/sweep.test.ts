import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { OrderStatus, TaskState, type Ask, type Bid, type Job } from "../../codec/gen/dcm/market/v1/types.ts";
import { localnetParams } from "./params.ts";
import { retryMs } from "../../runtime/retry.ts";
import { transact } from "../../runtime/testing.ts";
import { recordsPerEntry } from "./bids.ts";
import { TestMarket } from "./testing.ts";
import { dueKinds, schedule, taskIdOf } from "./state.ts";
import type { MarketPorts } from "./ports.ts";

/** Fails as a mistake of ours would, until told not to. */
function broken<T extends object, K extends keyof T>(port: T, name: K): () => void {
  const whole = port[name];
  port[name] = (() => {
    throw new Error("a mistake of ours");
  }) as T[K];
  return () => void (port[name] = whole);
}

const jobOf = (market: TestMarket, id: bigint): Job => market.query<{ job: Job }>("Job", { jobId: id }).job;
const bidOf = (market: TestMarket, id: bigint): Bid => market.query<{ bid: Bid }>("Job", { jobId: id }).bid;

describe("sweep", () => {
  it("MKT-210: what an error that nobody expected keeps from being handled is put off and keeps nothing else waiting: a missed start costs what it costs, later", () => {
    const market = new TestMarket();
    const { startDue } = localnetParams();
    const consumer = market.fund("c");
    market.ask(market.provider("p"), 10n, 2);
    const job = market.bid(consumer, 20n, {}, { tasks: 2 });
    const other = market.bid(market.fund("other"), 5n, { expiresTau: market.tau + startDue + 3_000n });
    market.block(1_000n, 2);
    const repair = broken(market.ports.providers as MarketPorts["providers"], "slash");
    market.blockHearing(startDue + 1n);
    const [first, second] = [taskIdOf(job, 0), taskIdOf(job, 1)];
    assert.deepEqual(market.blockHearing(), [first, second].map((id) => `market: due entry ${dueKinds.task}/${id}`));
    assert.deepEqual(market.blockHearing(), [], "not again in the next block");
    assert.equal(bidOf(market, other).status, OrderStatus.ORDER_STATUS_EXPIRED, "who comes behind them is served");
    repair();
    market.blockUnchecked(retryMs - 3_000n);
    assert.equal(bidOf(market, job).reopened.length, 0);
    market.blockUnchecked(3_000n);
    market.block();
    assert.deepEqual([first, second].map((id) => market.task(id).misses), [1, 1]);
  });

  it("MKT-210: so is the end of an order, even where its record has gone meanwhile", () => {
    const market = new TestMarket();
    const consumer = market.fund("c");
    const job = market.bid(consumer, 5n, { expiresTau: market.tau + 2_000n });
    market.block();
    const repair = broken(market.ports.bank as MarketPorts["bank"], "divide");
    market.blockHearing(2_000n);
    assert.deepEqual(market.blockHearing(), [`market: due entry ${dueKinds.bidExpiry}/${job}`]);
    repair();
    assert.equal(bidOf(market, job).status, OrderStatus.ORDER_STATUS_OPEN);
    market.block(retryMs);
    market.block();
    assert.deepEqual([bidOf(market, job).status, jobOf(market, job).escrow!.held], [OrderStatus.ORDER_STATUS_EXPIRED, "0"]);
    // What is left in the queue of an order that was pruned is nothing.
    market.block(jobOf(market, job).endedTau * 1_000n);
    market.block();
    market.block();
  });

  it("MKT-210: an order that got more time before it was tried again stays", () => {
    const market = new TestMarket();
    const consumer = market.fund("c");
    const [soon, later] = [market.tau + 2_000n, market.tau + 3_600_000n];
    const job = market.bid(consumer, 5n, { expiresTau: later });
    const ask = market.ask(market.provider("p"), 50n, 1, { expiresTau: later });
    // As entries that were put off stand there when their orders have been given more time.
    transact(market.stores, (ctx) => {
      schedule(ctx, soon, dueKinds.bidExpiry, job);
      schedule(ctx, soon, dueKinds.askExpiry, ask);
    });
    market.block(3_000n);
    market.block();
    assert.equal(bidOf(market, job).status, OrderStatus.ORDER_STATUS_OPEN);
    assert.equal(market.query<{ ask: Ask }>("Ask", { askId: ask }).ask.status, OrderStatus.ORDER_STATUS_OPEN);
    market.block(later - market.tau + 1n);
    market.block();
    assert.equal(bidOf(market, job).status, OrderStatus.ORDER_STATUS_EXPIRED);
    assert.equal(market.query<{ ask: Ask }>("Ask", { askId: ask }).ask.status, OrderStatus.ORDER_STATUS_EXPIRED);
  });

  it("MKT-211: bids whose tasks came back leave by as much work as a block does, not by their number", () => {
    const tasks = 10 * recordsPerEntry;
    const market = new TestMarket({ maxSweep: 50, maxTasks: tasks, maxMisses: 10 });
    const consumer = market.fund("c", 1_000_000_000_000n);
    const provider = market.provider("p", 1_000_000_000_000n);
    const bids = 8;
    for (let i = 0; i < bids; i++) market.ask(provider, 10n, tasks);
    const until = market.tau + 3_600_000n;
    const jobs = Array.from({ length: bids }, () => market.bid(consumer, 10n, { expiresTau: until }, { tasks }));
    const came = (): number => jobs.reduce((sum, job) => sum + bidOf(market, job).reopened.length, 0);
    market.block(1_000n, 3);
    // Nobody starts: all of them come back, and the provider gets no more of the job.
    for (market.block(10_001n); came() < bids * tasks; market.blockUnchecked()) assert.ok(market.tau < until);
    market.block(until - market.tau + 1n);
    const left = (): number => jobs.filter((job) => bidOf(market, job).status === OrderStatus.ORDER_STATUS_OPEN).length;
    const closed: number[] = [];
    while (left() > 0) {
      const before = left();
      market.block();
      closed.push(before - left());
    }
    // Each weighs 11 entries of 50: five begin in a block.
    assert.deepEqual(closed, [5, 3]);
    for (const job of jobs) assert.deepEqual([jobOf(market, job).tasksClosed, jobOf(market, job).escrow!.held], [tasks, "0"]);
    assert.equal(market.task(taskIdOf(jobs[0]!, 0)).state, TaskState.TASK_STATE_CLOSED);
  });
});

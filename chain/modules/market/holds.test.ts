/** Pay that waits for its acceptance (holds.ts), with a dispute played by the test through the port. */
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { GenesisState } from "../../codec/gen/dcm/market/v1/genesis.ts";
import type { QueryHoldsResponse, QueryJobResponse } from "../../codec/gen/dcm/market/v1/query.ts";
import { TaskState, type Job } from "../../codec/gen/dcm/market/v1/types.ts";
import { initGenesis, memoryStores, query, testContext, transact } from "../../runtime/testing.ts";
import { taskIdOf } from "./state.ts";
import { denom, fails, TestMarket } from "./testing.ts";

const window = 60_000n;

/** A task that used 2 of its 10 lots at 100 and is FINAL: pay of 200 with a fee of 2 is held; the limit was 200. */
function held(acceptance = { window, providerShareBps: 0 }): { market: TestMarket; consumer: string; provider: string; job: bigint; task: bigint } {
  const market = new TestMarket();
  const [consumer, provider] = [market.fund("consumer"), market.provider("provider")];
  market.ask(provider, 100n, 1, { maxAcceptanceWindow: window });
  const job = market.bid(consumer, 200n, { acceptance });
  market.block(1_000n, 2);
  const task = taskIdOf(job, 0);
  market.finish(task, provider);
  market.block();
  return { market, consumer, provider, job, task };
}

const job = (market: TestMarket, jobId: bigint): Job => market.query<QueryJobResponse>("Job", { jobId }).job!;
const holds = (market: TestMarket, jobId = 0n): QueryHoldsResponse["holds"] => market.query<QueryHoldsResponse>("Holds", { jobId }).holds;
const accept = (consumer: string, taskId: bigint): object => ({ consumer, taskId, instanceId: 0n, period: 0n });
const balance = (market: TestMarket, account: string): bigint => market.balanceOf(account, denom);

describe("holds", () => {
  it("MKT-150: what a task earned stays in escrow, what it did not need is back at once, and the stake is free", () => {
    const { market, provider, job: id, task } = held();
    assert.equal(market.task(task).state, TaskState.TASK_STATE_FINAL);
    const { escrow, tasksHeld, endedTau } = job(market, id);
    assert.deepEqual([escrow!.held, escrow!.refunded, escrow!.paid, tasksHeld, endedTau], ["202", "1818", "0", 1, 0n]);
    assert.equal(market.providers.get(provider)!.locked, 0n);
    assert.deepEqual(market.providers.get(provider)!.outcomes, ["matched"], "nothing counts as finished before it is paid");
    assert.equal(holds(market, id).length, 1);
    assert.throws(() => holds(market, 1n << 63n), /job_id 9223372036854775808 is beyond every id/);
    assert.equal(market.task(task).replicas[0]!.paid, "0");
  });

  it("MKT-150: the window counts at its own tau, then the provider is paid whoever is gone", () => {
    const { market, provider, job: id, task } = held();
    const before = balance(market, provider);
    const { dueTau } = holds(market)[0]!;
    market.retire(provider);
    market.block();
    market.leave(provider);
    while (market.tau < dueTau) market.block(1_000n);
    assert.equal(market.tau, dueTau);
    market.block(1n);
    assert.equal(holds(market).length, 1, "its own tau counts");
    market.block(1n);
    assert.deepEqual([holds(market).length, balance(market, provider) - before], [0, 200n]);
    assert.deepEqual([job(market, id).escrow!.fees, job(market, id).tasksHeld, market.task(task).replicas[0]!.paid], ["2", 0, "200"]);
    assert.notEqual(job(market, id).endedTau, 0n);
  });

  it("MKT-151: the consumer accepts earlier; nobody else does, nor of a task that a case decides on", () => {
    const { market, consumer, provider, task } = held();
    fails(() => market.send("MsgAcceptResult", accept(provider, task)), 12, /belongs to/);
    fails(() => market.send("MsgAcceptResult", accept(consumer, task + 1n)), 100, /nothing is held/);
    const before = balance(market, provider);
    market.send("MsgAcceptResult", accept(consumer, task));
    assert.equal(balance(market, provider) - before, 200n);
    fails(() => market.send("MsgAcceptResult", accept(consumer, task)), 100, /went its way/);
    market.block();
    const other = held();
    transact(other.market.stores, (ctx) => other.market.holds.hold(ctx, { id: other.task, period: 0n }, 7n), { height: other.market.height });
    fails(() => other.market.send("MsgAcceptResult", accept(other.consumer, other.task)), 101, /case 7/);
  });

  for (const [share, paid, fee] of [[0, 0n, "0"], [3_333, 66n, "0"], [10_000, 200n, "2"]] as const) {
    it(`MKT-152: a case holds pay beyond its window and splits it: ${share} of 10,000 to the provider`, () => {
      const { market, consumer, provider, job: id, task } = held();
      transact(market.stores, (ctx) => market.holds.hold(ctx, { id: task, period: 0n }, 7n), { height: market.height });
      market.block(window, 2);
      assert.equal(holds(market)[0]!.caseId, 7n);
      const [ofProvider, ofConsumer] = [balance(market, provider), balance(market, consumer)];
      transact(market.stores, (ctx) => market.holds.split(ctx, { id: task, period: 0n }, share), { height: market.height });
      assert.deepEqual([balance(market, provider) - ofProvider, balance(market, consumer) - ofConsumer, job(market, id).escrow!.fees], [paid, 202n - paid - BigInt(fee), fee]);
      assert.equal(market.providers.get(provider)!.bond, 10_000_000n, "no bond is touched");
      assert.deepEqual(market.providers.get(provider)!.outcomes, paid === 0n ? ["matched"] : ["matched", "finished"]);
      market.block();
    });
  }

  it("MKT-153: only asks that take so long a window serve a bid that has one; without one all is as ever", () => {
    const market = new TestMarket();
    const [consumer, short, long] = [market.fund("consumer"), market.provider("short"), market.provider("long")];
    market.ask(short, 50n, 1, { maxAcceptanceWindow: window - 1n });
    market.ask(long, 100n, 1, { maxAcceptanceWindow: window });
    const disputed = market.bid(consumer, 200n, { acceptance: { window, providerShareBps: 0 } });
    market.block(1_000n, 2);
    assert.equal(market.task(taskIdOf(disputed, 0)).replicas[0]!.provider, long);
    const plain = market.bid(consumer, 200n);
    market.block(1_000n, 2);
    const before = balance(market, short);
    market.finish(taskIdOf(plain, 0), short);
    assert.equal(balance(market, short) - before, 100n, "paid at once");
    assert.equal(holds(market).length, 0);
    market.block();
  });

  it("MKT-153: bad terms are refused by name", () => {
    const market = new TestMarket();
    const consumer = market.fund("consumer");
    fails(() => market.bid(consumer, 200n, { acceptance: { window: 999n, providerShareBps: 0 } }), 2, /acceptance.window/);
    fails(() => market.bid(consumer, 200n, { acceptance: { window: 8n * 86_400_000n, providerShareBps: 0 } }), 2, /acceptance.window/);
    fails(() => market.bid(consumer, 200n, { acceptance: { window, providerShareBps: 10_001 } }), 2, /provider_share_bps/);
  });

  it("MKT-154: genesis goes round with holds, and goes on where it was", () => {
    const { market, task } = held();
    const ctx = testContext(market.stores, { height: market.height });
    const state = market.module.genesis!.export(ctx) as GenesisState;
    const stores = memoryStores();
    initGenesis(stores, [market.module], { market: state });
    assert.deepEqual(market.module.genesis!.export(testContext(stores, { height: market.height })), state);
    assert.equal(query<QueryHoldsResponse>(stores, [market.module], "/dcm.market.v1.Query/Holds", { jobId: 0n, pagination: undefined }, { height: market.height }).holds[0]!.taskId, task);
    assert.throws(() => market.module.genesis!.check({ ...state, holds: [] }), /job 1 counts 1, there are 0/);
  });
});

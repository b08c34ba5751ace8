import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { addressText, moduleAddress } from "../../codec/address.ts";
import type { MsgPlaceBidResponse } from "../../codec/gen/dcm/market/v1/tx.ts";
import { Ask, OrderStatus, TaskState, type Book, type Lease } from "../../codec/gen/dcm/market/v1/types.ts";
import { execute, testContext } from "../../runtime/testing.ts";
import { keyIn } from "./asks.ts";
import { openBook } from "./books.ts";
import { wasmCore } from "./classes.ts";
import { firstBids, turnBids } from "./clearing.ts";
import { localnetParams } from "./params.ts";
import { openPlace } from "./profiles.ts";
import { askBook, asks, books, nextAskId } from "./state.ts";
import { bidMessage, denom, name, TestMarket } from "./testing.ts";

/** Accounts that place one order each. */
const crowd = 10_000;
/** Asks, each at a price of its own; `DCM_LEVELS` asks for another number. */
const million = Number(process.env.DCM_LEVELS ?? 1_000_000);
const { maxFills, recordLifetime, depositPerByte } = localnetParams();
/** Counts gas, and never runs out of it. */
const unlimited = Number.MAX_SAFE_INTEGER;
const otherClass = "wasm.quad";

interface Costs {
  /** Blocks in which the batches of the crowded book go on looking. */
  readonly crowded: readonly number[];
  readonly calmAgain: readonly number[];
}

/** Two books. */
const market = (): TestMarket => new TestMarket({}, (state) => void state.classes.push({ ...wasmCore(), id: otherClass, minBondPerUnit: 1_000n, maxLotMs: 100n }));

/** The end of the block, and what it costs: reads, writes and steps through the state at their prices. */
function block(m: TestMarket): number {
  const ctx = testContext(m.stores, { height: m.height, time: m.time, mode: "block", gasLimit: unlimited });
  for (const module of m.modules) module.endBlock?.(ctx);
  m.height++;
  m.tau += 1_000n;
  return ctx.gas.used;
}

/** A bid for one lot, as a transaction of its own. */
function dust(m: TestMarket, label: string): MsgPlaceBidResponse & { readonly gas: number } {
  m.fund(label, 10_000n);
  const { value, gasUsed: gas } = execute(m.stores, m.modules, "/dcm.market.v1.MsgPlaceBid", bidMessage(name(label), 1n, { lots: 1n }), { height: m.height, time: m.time, gasLimit: unlimited });
  return { ...(value as MsgPlaceBidResponse), gas };
}

const bookOf = (m: TestMarket, classId = "wasm.core", levels = 1): { book: Book; asks: { price: bigint; units: bigint }[]; bids: { price: bigint; units: bigint }[] } => m.query("Book", { classId, quoteDenom: denom, levels, profileId: 0 });
const leasesOf = (m: TestMarket, jobId: bigint): Lease[] => m.query<{ leases: Lease[] }>("Leases", { jobId, provider: "", pagination: { key: new Uint8Array(0), offset: 0n, limit: 2_000n, countTotal: false, reverse: false } }).leases;
const first = (m: TestMarket, jobId: bigint): TaskState => m.task(jobId * 65_536n).state;

describe("dust", function () {
  this.timeout(120_000);

  it(`MKT-3, MKT-18, MKT-19: ${crowd} bids for one lot at price 1 cost each sender gas and a deposit, and change neither when and at what price real orders trade nor what another book costs; of its own a batch looks at ${firstBids} and ${turnBids} more`, () => {
    const [calm, dusty] = [market(), market()];
    const placed = Array.from({ length: crowd }, (_, i) => dust(dusty, `dust ${i}`));
    for (const { gas, escrow, storageDeposit } of placed) {
      assert.ok(gas > 30_000, `${gas} gas`);
      assert.ok(BigInt(storageDeposit) >= 1_000n * depositPerByte && BigInt(storageDeposit) > 100n * BigInt(escrow), `a deposit of ${storageDeposit} beside ${escrow}`);
    }
    const held = placed.reduce((sum, { escrow, storageDeposit }) => sum + BigInt(escrow) + BigInt(storageDeposit), 0n);
    assert.equal(dusty.balanceOf(addressText(moduleAddress("market")), denom), held);
    const brought = block(dusty) - block(calm);
    assert.ok(brought < crowd * 300, `the block that brings them passes over each once, and not for ${brought} gas`);
    const [alone, amidst] = [calm, dusty].map((m): Costs => {
      const [maker, consumer] = [m.provider("maker"), m.fund("real")];
      const trade = (classId: string): bigint => {
        m.ask(maker, 5n, 1, { classId });
        return m.bid(consumer, 20n, { classId, lots: 1n });
      };
      const settled = (...jobs: bigint[]): void => assert.deepEqual(jobs.map((job) => [first(m, job), ...leasesOf(m, job).map(({ price }) => price)]), jobs.map(() => [TaskState.TASK_STATE_ASSIGNED, 5n]), "in the batch behind its block");
      const jobs = [trade("wasm.core"), trade(otherClass)];
      const crowded = [block(m), block(m)];
      settled(...jobs);
      for (let seen = firstBids; seen < crowd; seen += turnBids) crowded.push(block(m));
      const other = trade(otherClass);
      const calmAgain = [block(m), block(m), block(m)];
      settled(other);
      return { crowded, calmAgain };
    }) as [Costs, Costs];
    // Equals of one block are one tie, which a batch reads as one, as far as it may read.
    for (const [i, cost] of amidst.crowded.entries()) assert.ok(cost - alone.crowded[i]! < (firstBids + turnBids) * 6_000, `${i} blocks later: ${cost} gas with the dust, ${alone.crowded[i]!} without`);
    for (const [i, cost] of amidst.calmAgain.entries()) assert.ok(cost < 1.1 * alone.calmAgain[i]!, `where nothing happens in its book: ${cost} gas with the dust, ${alone.calmAgain[i]!} without`);
    assert.deepEqual([bookOf(dusty).book.openBids, bookOf(dusty).bids], [BigInt(crowd), [{ price: 1n, units: BigInt(crowd), orders: crowd }]]);
    // What it takes to be rid of it again: one more message, and the deposit stays until the record goes.
    const [id, sender] = [placed[0]!.jobId, name("dust 0")];
    dusty.send("MsgCancelBid", { consumer: sender, jobId: id });
    block(dusty);
    assert.equal(dusty.balanceOf(sender, denom), 10_000n - BigInt(placed[0]!.storageDeposit));
    dusty.tau += recordLifetime;
    block(dusty);
    block(dusty);
    assert.equal(dusty.balanceOf(sender, denom), 10_000n);
  });

  it(`MKT-18: where ${crowd} of them find asks at price 1, a block fills ${maxFills} tasks, a better bid of the book goes first, and the other book waits for one block at most`, () => {
    const m = market();
    const providers = Array.from({ length: crowd / 250 }, (_, i) => m.provider(`p${i}`, 10n ** 9n));
    for (const provider of providers) m.ask(provider, 1n, 250);
    const ids = Array.from({ length: crowd }, (_, i) => dust(m, `dust ${i}`).jobId);
    const [maker, consumer] = [m.provider("maker"), m.fund("real")];
    m.ask(maker, 5n, 1, { classId: otherClass });
    const [same, other] = [m.bid(consumer, 20n, { lots: 1n }), m.bid(consumer, 20n, { classId: otherClass, lots: 1n })];
    block(m);
    const filled = (): number => ids.filter((id) => leasesOf(m, id).length > 0).length;
    const steps = [1, 2, 3].map(() => {
      const cost = block(m);
      // A fill writes some records, and a block not more of them than it fills.
      assert.ok(cost < maxFills * 100_000, `${cost} gas`);
      return { dust: filled(), same: first(m, same) === TaskState.TASK_STATE_ASSIGNED, other: first(m, other) === TaskState.TASK_STATE_ASSIGNED };
    });
    assert.deepEqual(steps, [{ dust: maxFills - 1, same: true, other: false }, { dust: 2 * maxFills - 2, same: true, other: true }, { dust: crowd - 1, same: true, other: true }]);
  });

  it(`MKT-18, MKT-19: a book of ${million} levels costs a batch and an order what one of 2000 costs`, () => {
    const [few, many] = [2_000, million].map((levels) => {
      const m = market();
      const providers = Array.from({ length: Math.ceil(levels / 250) }, (_, i) => m.provider(`p${i}`));
      // Written as the modules write it: so many messages would take minutes.
      const ctx = testContext(m.stores);
      const common = { classId: "wasm.core", quoteDenom: denom, createdHeight: 0n, units: 1, freeUnits: 1, expiresTau: 10_000_000n, status: OrderStatus.ORDER_STATUS_OPEN, paramsVersion: 1n, storageDeposit: "0" };
      for (let i = 0; i < levels; i++) {
        const provider = providers[i % providers.length]!;
        const ask = Ask.fromPartial({ ...common, id: BigInt(i + 1), provider, organization: provider, basePrice: 10n + BigInt(i) });
        asks.set(ctx, ask.id, ask);
        askBook.set(ctx, keyIn(ask, openPlace), true);
      }
      const key = ["wasm.core", denom] as const;
      books.set(ctx, key, { ...openBook(ctx, key), openAsks: BigInt(levels) });
      // Of one length in both books.
      nextAskId.set(ctx, BigInt(million + 1));
      const consumer = m.fund("real");
      const below = m.bid(consumer, 9n, { lots: 1n });
      const idle = [block(m), block(m), block(m)];
      assert.equal(first(m, below), TaskState.TASK_STATE_OPEN);
      // It could pay every price there is, and has the most tasks that a bid may have.
      const wide = m.bid(consumer, 20_000n, { lots: 1n }, { tasks: 1_024 });
      const sweeping = [block(m), block(m), block(m)];
      const leases = leasesOf(m, wide);
      assert.deepEqual([leases.length, new Set(leases.map(({ askId }) => askId)).size], [1_024, 1_024]);
      assert.deepEqual(bookOf(m, "wasm.core", 1_000_000).asks.length, 500);
      assert.deepEqual(bookOf(m).asks, [{ price: 1_034n, units: 1n, orders: 1 }]);
      const ask = { provider: m.provider("late"), classId: "wasm.core", quoteDenom: denom, basePrice: 1_500n, units: 1, premiums: [], maxColocated: 0, availableFrom: 0n, availableUntil: 0n, expiresTau: 0n, reclaimNotice: 0n, term: 0, reservedFor: "", maxAcceptanceWindow: 0n, levels: [] };
      const { gasUsed } = execute(m.stores, m.modules, "/dcm.market.v1.MsgPlaceAsk", ask, { height: m.height, time: m.time, gasLimit: unlimited });
      return [...idle, ...sweeping, gasUsed, dust(m, "late bid").gas];
    }) as [number[], number[]];
    // The book's count of asks has a byte more.
    for (const [i, cost] of many.entries()) assert.ok(Math.abs(cost - few[i]!) < 0.002 * few[i]!, `${i}: ${cost} gas beside ${few[i]!}`);
  });
});

import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { TimeInForce } from "../../codec/gen/dcm/market/v1/types.ts";
import { wasmCore } from "./classes.ts";
import { denom, name, TestMarket } from "./testing.ts";

const classes = ["q0", "q1", "q2", "q3", "q4"].map((suffix) => `wasm.${suffix}`);
/** Matches of one block. */
const maxFills = 8;
const fillOrKill = { timeInForce: TimeInForce.TIME_IN_FORCE_FOK };

/** Books of a class each, in which every bid finds an ask. */
function crowded(): TestMarket {
  const m = new TestMarket({ maxFills }, (state) => state.classes.push(...classes.map((id) => ({ ...wasmCore(), id, minBondPerUnit: 1_000n, maxLotMs: 100n }))));
  for (const classId of classes) m.ask(m.provider(classId, 10n ** 9n), 1n, 1_000, { classId });
  m.fund("c", 10n ** 12n);
  m.block(1_000n, 2);
  return m;
}

/**
 * Ends the block; the tasks that it matched, by class, in the order in which the books had their batches. The next block is 1 ms later: nobody starts these tasks, and
 * at the deadline for it they would come back to their bids, which the only provider of the book may not serve any more.
 */
function clearedIn(m: TestMarket): Map<string, number> {
  const before = m.events.length;
  m.block(1n);
  const cleared = m.events.slice(before).filter(({ type }) => type === "dcm.market.v1.EventBatchCleared").map(({ attributes }) => new Map(attributes));
  return new Map(cleared.map((event) => [event.get("class_id")!, Number(event.get("units"))]));
}

/** A bid for as much as a block matches, and before its book, block after block, books that take a part of it. */
const starving = [
  [{ book: 0, tasks: 1, whole: false }, { book: 3, tasks: 8, whole: true }],
  [{ book: 0, tasks: 1, whole: false }, { book: 0, tasks: 8, whole: false }, { book: 2, tasks: 8, whole: true }, { book: 1, tasks: 1, whole: false }],
  [{ book: 0, tasks: 8, whole: true }, { book: 3, tasks: 7, whole: false }],
  [],
];

const sum = (counts: Iterable<number>): number => Array.from(counts).reduce((a, b) => a + b, 0);

describe("turns of books", function () {
  this.timeout(60_000);

  it("MKT-18: books that each have more than a block matches take turns: each has one before any has its second, and no match of a block is left unused", () => {
    const m = crowded();
    for (const classId of classes) m.bid(name("c"), 5n, { classId, lots: 1n }, { tasks: 2 * maxFills });
    m.block();
    const turns = Array.from({ length: 2 * classes.length }, () => clearedIn(m));
    for (const turn of turns) assert.deepEqual([...turn.values()], [maxFills]);
    const order = turns.map((turn) => [...turn.keys()][0]!);
    assert.deepEqual(order.slice(0, classes.length), order.slice(classes.length), "the second turns come as the first did");
    assert.equal(new Set(order.slice(0, classes.length)).size, classes.length);
    assert.equal(clearedIn(m).size, 0);
  });

  it("MKT-18: a bid that fills whole and needs a whole block's room has its turn, whatever part of each block other books take", () => {
    const m = crowded();
    const [small, whole, large, second, third] = classes as [string, string, string, string, string];
    const bid = (classId: string, tasks: number, more: object = {}): bigint => m.bid(name("c"), 5n, { classId, lots: 1n, ...more }, { tasks });
    bid(small, 1);
    bid(whole, maxFills, fillOrKill);
    bid(large, 100);
    bid(second, 3);
    bid(third, 4);
    m.block();
    bid(small, 1);
    assert.deepEqual([...clearedIn(m)], [[small, 1], [large, 7]]);
    bid(second, 3);
    bid(third, 4);
    assert.deepEqual([...clearedIn(m)], [[whole, maxFills]]);
  });

  it("MKT-18: whatever load comes into which books, a block matches as much as it may, no book waits longer than there are books, and everything is matched in the end", () => {
    const arrival = fc.record({ book: fc.nat({ max: classes.length - 1 }), tasks: fc.integer({ min: 1, max: 3 * maxFills }), whole: fc.boolean() });
    fc.assert(fc.property(fc.array(fc.array(arrival, { maxLength: 4 }), { minLength: 4, maxLength: 10 }), (blocks) => {
      const m = crowded();
      /** Tasks that wait in the book, and since how many blocks without one matched. */
      const waiting = new Map(classes.map((classId) => [classId, { tasks: 0, blocks: 0 }]));
      const next = (placed: ReadonlyMap<string, number>): void => {
        const open = sum(Array.from(waiting.values(), ({ tasks }) => tasks));
        const cleared = clearedIn(m);
        const matched = sum(cleared.values());
        assert.ok(matched <= maxFills, `${matched} matches`);
        if (!blocks.flat().some(({ whole }) => whole)) assert.equal(matched, Math.min(open, maxFills), "matches left unused while orders wait");
        for (const [classId, at] of waiting) {
          at.tasks -= cleared.get(classId) ?? 0;
          at.blocks = cleared.has(classId) || at.tasks === 0 ? 0 : at.blocks + 1;
          assert.ok(at.blocks < classes.length, `${classId} waits for ${at.blocks} blocks`);
          at.tasks += placed.get(classId) ?? 0;
        }
      };
      for (const arrivals of blocks) {
        const placed = new Map<string, number>();
        for (const { book, tasks, whole } of arrivals) {
          const size = whole ? Math.min(tasks, maxFills) : tasks;
          m.bid(name("c"), 5n, { classId: classes[book]!, quoteDenom: denom, lots: 1n, ...(whole ? fillOrKill : {}) }, { tasks: size });
          placed.set(classes[book]!, (placed.get(classes[book]!) ?? 0) + size);
        }
        next(placed);
      }
      // Each block matches at least one.
      for (let blocksLeft = sum(Array.from(waiting.values(), ({ tasks }) => tasks)); blocksLeft > 0 && Array.from(waiting.values()).some(({ tasks }) => tasks > 0); blocksLeft--) next(new Map());
      assert.deepEqual(Array.from(waiting.values(), ({ tasks }) => tasks), classes.map(() => 0));
    }), { numRuns: 20, endOnFailure: true, examples: [[starving]] });
  });
});

import assert from "node:assert/strict";
import { innerBoundaries, isDivisible, isProvable, levelsOf, mostMeterLimit, partOf, partsOf, wholeRange, type Range } from "./bisection.ts";

describe("ranges of a dispute", () => {
  it("VM-20: are the least of 65,536 x 128^r transitions by which a machine of the limit has halted", () => {
    assert.deepEqual([0n, 65_535n].map(levelsOf), [0, 0]);
    assert.deepEqual([65_536n, 65_536n * 128n - 1n].map(levelsOf), [1, 1]);
    assert.equal(levelsOf(65_536n * 128n), 2);
    assert.equal(levelsOf(mostMeterLimit), 6);
    assert.deepEqual(wholeRange(1_000_000_000n), { low: 0n, length: 65_536n * 128n ** 2n });
    for (const wrong of [-1n, mostMeterLimit + 1n]) assert.throws(() => levelsOf(wrong), /is not within 0 to 288230376151711743/);
  });

  it("VM-21: are cut into equal parts down to one transition, and every position is reached by one way", () => {
    const target = 123_456_789_012n;
    let range: Range = wholeRange(10n ** 12n);
    const lengths: bigint[] = [];
    while (isDivisible(range)) {
      lengths.push(range.length);
      assert.equal(range.length % BigInt(partsOf(range)), 0n);
      assert.equal(partOf(range, 0).low, range.low);
      const last = partOf(range, partsOf(range) - 1);
      assert.equal(last.low + last.length, range.low + range.length);
      const boundaries = innerBoundaries(range);
      assert.equal(boundaries.length, partsOf(range) - 1);
      const index = boundaries.filter((boundary) => boundary <= target).length;
      range = partOf(range, index);
      assert.ok(range.low <= target && target < range.low + range.length);
    }
    assert.deepEqual(range, { low: target, length: 1n });
    assert.deepEqual(lengths, [4n, 3n, 2n, 1n, 0n].map((level) => 65_536n * 128n ** level).concat(512n, 4n));
    assert.deepEqual([65_537n, 65_536n, 1n].map((length) => isProvable({ low: 0n, length })), [false, true, true]);
    assert.throws(() => partOf({ low: 0n, length: 4n }, 4), /part 4 is not within 0 to 3/);
  });
});

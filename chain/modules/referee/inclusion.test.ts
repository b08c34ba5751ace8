/** Inclusion of a task's input under its job's root, against a tree that is made as RFC 6962 says it. */
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { concatBytes, uint64Bytes, utf8 } from "../../codec/bytes.ts";
import { regionRoot } from "../../vm/merkle.ts";
import { isIncluded } from "./inclusion.ts";
import { inputTree } from "./testing-runs.ts";

const split = (path: Uint8Array): Uint8Array[] => Array.from({ length: path.length / 32 }, (_, i) => path.slice(i * 32, i * 32 + 32));

describe("inclusion", () => {
  it("REF-8: holds for each leaf of trees of any size, and for no other place, size, path or entry", () => {
    const inputs = Array.from({ length: 17 }, (_, i) => utf8(`input ${i}`));
    const entries = inputs.map((input) => concatBytes(regionRoot(input), uint64Bytes(BigInt(input.length))));
    for (let count = 1; count <= inputs.length; count++) {
      const { root, path } = inputTree(inputs.slice(0, count));
      for (let index = 0; index < count; index++) {
        const siblings = split(path(index));
        assert.equal(isIncluded(entries[index]!, index, count, siblings, root), true, `${index} of ${count}`);
        for (let other = 0; other < count; other++) if (other !== index) assert.equal(isIncluded(entries[index]!, other, count, siblings, root), false, `${index} as ${other} of ${count}`);
        assert.equal(isIncluded(entries[(index + 1) % inputs.length]!, index, count, siblings, root), false);
        assert.equal(isIncluded(entries[index]!, index, count, [...siblings, root], root), false);
        // Index and count say how long a path is: else several entries would have one place.
        if (count > 1) assert.equal(isIncluded(entries[index]!, 0, 1, siblings, root), false, `${index} of ${count} as the only one`);
        if (siblings.length > 0) assert.equal(isIncluded(entries[index]!, index, count, siblings.slice(1), root), false);
        for (let i = 0; i < siblings.length; i++) assert.equal(isIncluded(entries[index]!, index, count, siblings.map((hash, at) => (at === i ? root : hash)), root), false);
      }
    }
  });
});

import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { faultOf, placeOf } from "./place.ts";

const text = `{
  "name": "a \\"b\\" { [",
  "requires": { "gpu.model": { "value": "x" }, "gpu": "y" },
  "waves": [ { "lots": 1 },
    { "lots": "two" } ]
}
`;

describe("places in files", () => {
  it("are those of values, in objects and lists, and of keys", () => {
    for (const [path, line, column] of [["", 1, 1], ["name", 2, 11], ["requires.gpu.model.value", 3, 41], ["requires.gpu", 3, 55], ["waves", 4, 12], ["waves[0].lots", 4, 24], ["waves[1].lots", 5, 15]] as const) assert.deepEqual(placeOf(text, path), { line, column }, path);
    assert.deepEqual(placeOf(text, "waves[1].lots", { key: true }), { line: 5, column: 7 });
  });

  it("are those of what is around a value that is not there", () => {
    for (const [path, line, column] of [["title", 1, 1], ["waves[1].durationMs", 5, 5], ["waves[7]", 4, 12], ["name.first", 2, 11], ["nam", 1, 1]] as const) assert.deepEqual(placeOf(text, path), { line, column }, path);
  });

  it("are those where a text ceases to be JSON", () => {
    for (const [broken, line, column] of [["", 1, 1], ["{", 1, 2], ['{\n "a": 1\n "b": 2}', 3, 2], ['{"a": tru}', 1, 7], ['{"a" 1}', 1, 6], ["[1,\n]", 2, 1], ["{'a': 1}", 1, 2], ['{"a": "x\n"}', 1, 7], ['{"a": 1} x', 1, 10], ["{a: 1}", 1, 2], ["[1,\u00a02]", 1, 4]] as const) {
      assert.throws(() => JSON.parse(broken), SyntaxError);
      assert.deepEqual(faultOf(broken), { line, column }, broken);
    }
  });

  it("are found in any JSON", () => {
    fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom(undefined, 2, "\t"), (value, indent) => {
      const written = JSON.stringify({ ...value, last: 7 }, undefined, indent);
      const { line, column } = placeOf(written, "last");
      assert.ok(written.split("\n")[line - 1]!.slice(column - 1).startsWith("7"));
    }));
  });
});

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { Dec } from "./dec.ts";
import { MathError } from "./int.ts";

type Vector = [operation: string, input: string[], expected: string];
const vectors = JSON.parse(readFileSync(new URL("../../test/vectors/dec/legacy-dec.json", import.meta.url), "utf8")) as Vector[];

const atomics = (text: string): Dec => new Dec(BigInt(text));

type Operation = (a: string, b: string) => string;
const operations: Readonly<Record<string, Operation>> = {
  add: (a, b) => atomics(a).add(atomics(b)).toProto(),
  sub: (a, b) => atomics(a).sub(atomics(b)).toProto(),
  mul: (a, b) => atomics(a).mul(atomics(b)).toProto(),
  mulTruncate: (a, b) => atomics(a).mulTruncate(atomics(b)).toProto(),
  mulRoundUp: (a, b) => atomics(a).mulRoundUp(atomics(b)).toProto(),
  quo: (a, b) => atomics(a).quo(atomics(b)).toProto(),
  quoTruncate: (a, b) => atomics(a).quoTruncate(atomics(b)).toProto(),
  quoRoundUp: (a, b) => atomics(a).quoRoundUp(atomics(b)).toProto(),
  truncateInt: (a) => atomics(a).truncateInt().toString(),
  roundInt: (a) => atomics(a).roundInt().toString(),
  ceil: (a) => atomics(a).ceil().toProto(),
  toString: (a: string) => atomics(a).toString(),
  approxSqrt: (a) => atomics(a).approxSqrt().toProto(),
  approxRoot: (a, b) => atomics(a).approxRoot(BigInt(b)).toProto(),
  power: (a, b) => atomics(a).power(BigInt(b)).toProto(),
  parse: (a) => Dec.parse(a).toProto(),
};

function run(operation: string, input: readonly string[]): string {
  try {
    return operations[operation]!(input[0]!, input[1] ?? "");
  } catch (error) {
    if (error instanceof MathError) return "error";
    throw error;
  }
}

describe("Dec", () => {
  for (const operation of Object.keys(operations)) {
    it(`gives what the Cosmos SDK gives: ${operation}`, () => {
      const rows = vectors.filter(([name]) => name === operation);
      assert.ok(rows.length >= 16, `${operation} has only ${rows.length} vectors`);
      for (const [, input, expected] of rows) assert.equal(run(operation, input), expected, `${operation}(${input.join(", ")})`);
    });
  }

  it("rounds halves to even in products", () => {
    const halfUnit = Dec.parse("0.5");
    // 1, 3, 5 atomics times 0.5: 0.5, 1.5, 2.5 atomics.
    assert.equal(new Dec(1n).mul(halfUnit).atomics, 0n);
    assert.equal(new Dec(3n).mul(halfUnit).atomics, 2n);
    assert.equal(new Dec(5n).mul(halfUnit).atomics, 2n);
    assert.equal(new Dec(-3n).mul(halfUnit).atomics, -2n);
    assert.equal(Dec.parse("2.5").roundInt(), 2n);
    assert.equal(Dec.parse("3.5").roundInt(), 4n);
  });

  it("rounds a third by the name of the operation", () => {
    const three = Dec.fromInt(3n);
    assert.equal(Dec.one.quo(three).toString(), "0.333333333333333333");
    assert.equal(Dec.fromInt(2n).quo(three).toString(), "0.666666666666666667");
    assert.equal(Dec.fromInt(2n).quoTruncate(three).toString(), "0.666666666666666666");
    assert.equal(Dec.one.quoRoundUp(three).toString(), "0.333333333333333334");
  });

  it("reads what it writes, as text and on the wire", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 60n), max: 10n ** 60n }), (value) => {
        const dec = new Dec(value);
        assert.equal(Dec.parse(dec.toString()).atomics, value);
        assert.equal(Dec.fromProto(dec.toProto()).atomics, value);
      }),
    );
  });

  it("refuses text that is not a canonical wire form", () => {
    for (const text of ["", "01", "+1", "0x10", "1_000", "1.0", "-0", " 1", "1".repeat(200)]) assert.throws(() => Dec.fromProto(text), MathError, text);
  });

  it("refuses a text of any length before it works on it", () => {
    assert.throws(() => Dec.parse("1".repeat(1_000_000)), MathError);
  });

  it("says what is wrong", () => {
    assert.throws(() => Dec.parse(""), { message: "decimal string cannot be empty" });
    assert.throws(() => Dec.one.quo(Dec.zero), { message: "division by zero" });
    assert.throws(() => Dec.parse("1.1234567890123456789"), { message: "value '1.1234567890123456789' exceeds max precision by 1 decimal places: max precision 18" });
    assert.throws(() => Dec.fromInt(1n << 256n), { message: "decimal overflow: the result is beyond 2^256" });
  });
});

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  MathError, isqrt, maxInt, maxInt256, maxInt64, maxUint64, minInt, mulDivCeil, mulDivFloor, parseInt256, parseUint256, toInt64, toSafeNumber, toUint64,
} from "./int.ts";

const big = fc.bigInt({ min: -(1n << 200n), max: 1n << 200n });

describe("integers", () => {
  it("reads canonical integers of at most 256 bits", () => {
    for (const text of ["0", "1", "-1", maxInt256.toString(), (-maxInt256).toString()]) assert.equal(parseInt256(text).toString(), text);
  });

  it("refuses every other text", () => {
    for (const text of ["", "-", "-0", "00", "01", "+1", " 1", "1 ", "1.0", "0x1", "1e3", "1_0", "१", (maxInt256 + 1n).toString(), "9".repeat(100_000)]) {
      assert.throws(() => parseInt256(text), MathError, text.slice(0, 20));
    }
    assert.throws(() => parseUint256("-1"), { message: "negative integer: -1" });
    assert.equal(parseUint256("1"), 1n);
  });

  it("keeps the remainder below or above, as the name says", () => {
    assert.equal(mulDivFloor(7n, 3n, 2n), 10n);
    assert.equal(mulDivCeil(7n, 3n, 2n), 11n);
    assert.equal(mulDivFloor(-7n, 3n, 2n), -11n);
    assert.equal(mulDivCeil(-7n, 3n, 2n), -10n);
    assert.equal(mulDivFloor(4n, 3n, 2n), mulDivCeil(4n, 3n, 2n));
    assert.equal(mulDivCeil(0n, 3n, 2n), 0n);
    assert.throws(() => mulDivFloor(1n, 1n, 0n), MathError);
    assert.throws(() => mulDivCeil(1n, 1n, 0n), MathError);
    fc.assert(
      fc.property(big, big, big.filter((c) => c !== 0n), (a, b, c) => {
        const [floor, ceil, product] = [mulDivFloor(a, b, c), mulDivCeil(a, b, c), a * b];
        const sign = c < 0n ? -1n : 1n;
        assert.ok(floor * c * sign <= product * sign && (floor + 1n) * c * sign > product * sign);
        assert.equal(ceil - floor, product % c === 0n ? 0n : 1n);
      }),
    );
  });

  it("checks the widths of the wire", () => {
    assert.equal(toUint64(maxUint64), maxUint64);
    assert.throws(() => toUint64(maxUint64 + 1n), MathError);
    assert.throws(() => toUint64(-1n), MathError);
    assert.equal(toInt64(-maxInt64 - 1n), -(1n << 63n));
    assert.throws(() => toInt64(maxInt64 + 1n), MathError);
    assert.throws(() => toInt64(-maxInt64 - 2n), MathError);
    assert.equal(toSafeNumber(9007199254740991n), Number.MAX_SAFE_INTEGER);
    assert.throws(() => toSafeNumber(9007199254740992n), MathError);
  });

  it("takes whole square roots", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 1n << 300n }), (value) => {
        const root = isqrt(value);
        assert.ok(root * root <= value && (root + 1n) * (root + 1n) > value);
        assert.equal(isqrt(value * value), value);
        if (value > 0n) assert.equal(isqrt(value * value - 1n), value - 1n);
      }),
    );
    assert.throws(() => isqrt(-1n), MathError);
  });

  it("picks the smaller and the greater", () => {
    assert.equal(minInt(1n, 2n), 1n);
    assert.equal(maxInt(1n, 2n), 2n);
  });
});

import assert from "node:assert/strict";
import fc from "fast-check";
import { durationText, parseDuration, parseTimestamp, quote, TimeError, timestampText } from "./json-text.ts";

describe("JSON text", () => {
  it("escapes as Go does", () => {
    assert.equal(quote("a<b>&c"), '"a\\u003cb\\u003e\\u0026c"');
    assert.equal(quote('"\\\b\f\n\r\t\u0000\u001f\u007f'), '"\\"\\\\\\b\\f\\n\\r\\t\\u0000\\u001f\u007f"');
    assert.equal(quote("\u2028\u2029ü😀"), '"\\u2028\\u2029ü😀"');
    fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => assert.equal(JSON.parse(quote(text)), text)));
  });

  it("writes times as the platform's calendar has them", () => {
    const seconds = fc.integer({ min: -62_135_596_800, max: 253_402_300_799 });
    fc.assert(
      fc.property(seconds, (value) => {
        assert.equal(timestampText({ seconds: BigInt(value), nanos: 0 }), new Date(value * 1000).toISOString().replace(".000Z", "Z"));
      }),
      { numRuns: 1000, examples: [[-62_135_596_800], [253_402_300_799], [951_782_400], [-1], [0], [4_107_542_400]] },
    );
  });

  it("reads what it writes", () => {
    fc.assert(
      fc.property(fc.integer({ min: -62_135_596_800, max: 253_402_300_799 }), fc.nat(999_999_999), fc.boolean(), (seconds, nanos, grouped) => {
        const instant = { seconds: BigInt(seconds), nanos };
        assert.deepEqual(parseTimestamp(timestampText(instant, grouped)), instant);
      }),
    );
    fc.assert(
      fc.property(fc.integer({ min: -300_000_000_000, max: 300_000_000_000 }), fc.nat(999_999_999), (seconds, nanos) => {
        const duration = { seconds: BigInt(seconds), nanos: seconds < 0 && nanos !== 0 ? -nanos : nanos };
        assert.deepEqual(parseDuration(durationText(duration)), duration);
      }),
    );
  });

  it("groups fractions in protobuf JSON and trims them in amino JSON", () => {
    const instant = { seconds: 1n, nanos: 500_000_000 };
    assert.equal(timestampText(instant), "1970-01-01T00:00:01.5Z");
    assert.equal(timestampText(instant, true), "1970-01-01T00:00:01.500Z");
    assert.equal(durationText(instant), "1.500s");
    assert.equal(durationText({ seconds: 0n, nanos: -1 }), "-0.000000001s");
    assert.equal(durationText({ seconds: 1_814_400n, nanos: 0 }), "1814400s");
  });

  it("reads offsets", () => {
    assert.deepEqual(parseTimestamp("2026-01-01T01:30:00+01:30"), parseTimestamp("2026-01-01T00:00:00Z"));
    assert.deepEqual(parseTimestamp("2025-12-31T22:30:00-01:30"), parseTimestamp("2026-01-01T00:00:00Z"));
  });

  it("refuses times and durations that do not exist", () => {
    for (const text of ["", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01", "0000-01-01T00:00:00Z", "2026-01-01T00:00:00.1234567890Z", "9999-12-31T23:59:59-01:00"]) {
      assert.throws(() => parseTimestamp(text), TimeError, text);
    }
    for (const text of ["", "1", "s", "1.s", "1e3s", "315576000001s", "--1s", "1.0000000001s"]) assert.throws(() => parseDuration(text), TimeError, text);
    assert.throws(() => timestampText({ seconds: 253_402_300_800n, nanos: 0 }), TimeError);
    assert.throws(() => durationText({ seconds: 1n, nanos: -1 }), TimeError);
  });
});

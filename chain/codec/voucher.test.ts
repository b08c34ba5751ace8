import assert from "node:assert/strict";
import fc from "fast-check";
import { toHex, utf8 } from "./bytes.ts";
import { voucherBytes, type VoucherTerms } from "./voucher.ts";

const terms: VoucherTerms = { chainId: "dcm-1", channelId: 7n, cumulative: 258n, denom: "udcm", expiresTau: 9n };

describe("voucher bytes", () => {
  it("are laid out as the contract says", () => {
    const expected = [toHex(utf8("dcm/voucher/v1")), "05", toHex(utf8("dcm-1")), "0000000000000007", `${"00".repeat(30)}0102`, "04", toHex(utf8("udcm")), "0000000000000009"].join("");
    assert.equal(toHex(voucherBytes(terms)), expected);
  });

  it("differ wherever the terms differ", () => {
    const arbitrary = fc.record({
      chainId: fc.string({ maxLength: 50 }), channelId: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), cumulative: fc.bigInt({ min: 0n, max: (1n << 256n) - 1n }),
      denom: fc.string({ minLength: 3, maxLength: 40 }), expiresTau: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
    });
    const text = (of: VoucherTerms): string => [JSON.stringify(of.chainId), of.channelId, of.cumulative, JSON.stringify(of.denom), of.expiresTau].join(" ");
    fc.assert(fc.property(arbitrary, arbitrary, (a, b) => assert.equal(toHex(voucherBytes(a)) === toHex(voucherBytes(b)), text(a) === text(b))));
    // Parts that run into each other without their lengths.
    assert.notEqual(toHex(voucherBytes({ ...terms, chainId: "ab", denom: "cde" })), toHex(voucherBytes({ ...terms, chainId: "abc", denom: "de" })));
  });

  it("refuse what does not fit", () => {
    for (const wrong of [{ cumulative: 1n << 256n }, { cumulative: -1n }, { channelId: 1n << 64n }, { expiresTau: -1n }, { chainId: "c".repeat(256) }]) {
      assert.throws(() => voucherBytes({ ...terms, ...wrong }), RangeError);
    }
  });
});

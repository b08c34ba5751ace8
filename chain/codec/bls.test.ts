import assert from "node:assert/strict";
import blst from "@chainsafe/blst";
import fc from "fast-check";
import { blsKeygen, blsProvePossession, blsPublicKey, blsSign, blsVerify, blsVerifyPossession, isBlsPublicKey } from "./bls.ts";
import { fromHex, toHex, utf8 } from "./bytes.ts";

const pair = blsKeygen(new Uint8Array(32).fill(7));
const other = blsKeygen(new Uint8Array(32).fill(8));
const message = utf8("height 7");
const signature = blsSign(pair.secretKey, message);

describe("BLS signatures", () => {
  it("agrees with the test vectors of the Ethereum consensus specification", () => {
    const secret = fromHex("263dbd792f5b1be47ed85f8938c0f29586af0d3ac7b977f21c278fe1462040e3");
    const zeros = new Uint8Array(32);
    assert.equal(toHex(blsPublicKey(secret)), "a491d1b0ecd9bb917989f0e74f0dea0422eac4a873e5e2644f368dffb9a6e20fd6e10c1b77654d067c0618f6e5a7f79a");
    const expected = "b6ed936746e01f8ecf281f020953fbf1f01debd5657c4a383940b020b26507f6076334f91e2366c96e9ab279fb5158090352ea1c5b0c9274504f4f0e7053af24802e51e4568d164fe986834f41e55c8e850ce1f98458c0cfc9ab380b55285a55";
    assert.equal(toHex(blsSign(secret, zeros)), expected);
    assert.equal(blsVerify(blsPublicKey(secret), zeros, fromHex(expected)), true);
  });

  it("verifies what was signed, and nothing else", () => {
    assert.equal(blsVerify(pair.publicKey, message, signature), true);
    assert.equal(blsVerify(pair.publicKey, utf8("height 8"), signature), false);
    assert.equal(blsVerify(other.publicKey, message, signature), false);
  });

  it("answers false for infinity, points outside the subgroup, other lengths and other encodings", () => {
    const infinityKey = new Uint8Array(48);
    infinityKey[0] = 0xc0;
    const infinitySignature = new Uint8Array(96);
    infinitySignature[0] = 0xc0;
    assert.equal(isBlsPublicKey(infinityKey), false);
    assert.equal(blsVerify(infinityKey, message, infinitySignature), false);
    assert.equal(blsVerify(pair.publicKey, message, infinitySignature), false);
    // x = 4 is on the curve of G1 and not in the subgroup of prime order.
    const outside = new Uint8Array(48);
    outside[0] = 0x80;
    outside[47] = 4;
    assert.equal(isBlsPublicKey(outside), false);
    for (const length of [0, 1, 47, 49, 96]) assert.equal(blsVerify(new Uint8Array(length), message, signature), false);
    for (const length of [0, 48, 95, 97, 192]) assert.equal(blsVerify(pair.publicKey, message, new Uint8Array(length)), false);
    assert.equal(isBlsPublicKey(pair.publicKey), true);
  });

  it("refuses keys and signatures with a part outside the subgroup; of keys, the bare pairing would take them for good", () => {
    // r x P of a point P on the curve lies in the cofactor's group: pairings of G1 with it are 1, so adding it to a key changes the bytes and not the equation.
    const order = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n;
    const times = <T>(point: T, add: (a: T, b: T) => T): T => {
      let sum: T | undefined;
      for (let bit = 254n; bit >= 0n; bit--) {
        if (sum !== undefined) sum = add(sum, sum);
        if ((order >> bit) & 1n) sum = sum === undefined ? point : add(sum, point);
      }
      return sum!;
    };
    const onCurve = <T>(length: number, read: (bytes: Uint8Array) => T): T => {
      for (let x = 1; ; x++) {
        const bytes = new Uint8Array(length);
        bytes[0] = 0x80;
        bytes[length - 1] = x;
        try {
          return read(bytes);
        } catch {
          // no point has this x
        }
      }
    };
    const addSignatures = (a: blst.Signature, b: blst.Signature): blst.Signature => blst.aggregateSignatures([a, b], false);
    const addKeys = (a: blst.PublicKey, b: blst.PublicKey): blst.PublicKey => blst.aggregatePublicKeys([a, b], false);
    const strayInG2 = times(onCurve(96, (bytes) => blst.Signature.fromBytes(bytes, false)), addSignatures);
    const strayInG1 = times(onCurve(48, (bytes) => blst.PublicKey.fromBytes(bytes, false)), addKeys);
    const [key, good] = [blst.PublicKey.fromBytes(pair.publicKey), blst.Signature.fromBytes(signature)];
    const [otherKey, otherSignature] = [addKeys(key, strayInG1), addSignatures(good, strayInG2)];
    assert.equal(blst.verify(message, otherKey, good, false, false), true);
    assert.equal(blsVerify(pair.publicKey, message, otherSignature.toBytes(true)), false);
    assert.equal(blsVerify(otherKey.toBytes(true), message, signature), false);
    assert.equal(isBlsPublicKey(otherKey.toBytes(true)), false);
  });

  it("never throws on bytes of a stranger, and no flipped bit verifies", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.uint8Array({ maxLength: 100 }), (key, sig) => {
        assert.equal(blsVerify(key, message, sig), false);
        assert.equal(isBlsPublicKey(key), false);
      }),
      { numRuns: 100 },
    );
    fc.assert(
      fc.property(fc.nat(96 * 8 - 1), (bit) => {
        const bad = signature.slice();
        bad[bit >> 3]! ^= 1 << (bit & 7);
        assert.equal(blsVerify(pair.publicKey, message, bad), false);
      }),
      { numRuns: 100 },
    );
  });

  it("refuses secrets that are no scalar, without repeating them", () => {
    for (const bad of [new Uint8Array(32), new Uint8Array(31).fill(1), new Uint8Array(32).fill(0xff)]) {
      assert.throws(() => blsSign(bad, message), /^RangeError: not a BLS secret key/);
    }
    assert.throws(() => blsKeygen(new Uint8Array(31)), RangeError);
  });

  it("proves possession of a key to one context only", () => {
    const proof = blsProvePossession(pair.secretKey, utf8("chain-a/operator"));
    assert.equal(blsVerifyPossession(pair.publicKey, utf8("chain-a/operator"), proof), true);
    assert.equal(blsVerifyPossession(pair.publicKey, utf8("chain-b/operator"), proof), false);
    assert.equal(blsVerifyPossession(other.publicKey, utf8("chain-a/operator"), proof), false);
    assert.equal(blsVerifyPossession(pair.publicKey, utf8("chain-a/operator"), blsSign(pair.secretKey, utf8("chain-a/operator"))), false);
  });
});

import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import fc from "fast-check";
import { fromHex, utf8 } from "./bytes.ts";
import { sha256 } from "./hash.ts";
import { requireSecp256k1, testing, verifyEd25519, verifySecp256k1, type Secp256k1Backend } from "./secp256k1.ts";

const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const secret = fromHex("11".repeat(32));
const pubkey = secp256k1.getPublicKey(secret);
const uncompressed = secp256k1.getPublicKey(secret, false);
const hash = sha256(utf8("message"));
const signature = secp256k1.sign(hash, secret, { prehash: false });

function scalar(value: bigint): Uint8Array {
  return fromHex(value.toString(16).padStart(64, "0"));
}

function withS(s: bigint): Uint8Array {
  return new Uint8Array([...signature.slice(0, 32), ...scalar(s)]);
}

const sOf = BigInt(`0x${Buffer.from(signature.slice(32)).toString("hex")}`);

const wrong: readonly [title: string, pubkey: Uint8Array, hash: Uint8Array, signature: Uint8Array][] = [
  ["the same signature with high s", pubkey, hash, withS(order - sOf)],
  ["s of zero", pubkey, hash, withS(0n)],
  ["s of the order", pubkey, hash, withS(order)],
  ["s beyond the order", pubkey, hash, withS((1n << 256n) - 1n)],
  ["r of zero", pubkey, hash, new Uint8Array([...scalar(0n), ...signature.slice(32)])],
  ["r beyond the order", pubkey, hash, new Uint8Array([...scalar((1n << 256n) - 1n), ...signature.slice(32)])],
  ["another message", pubkey, sha256(utf8("other")), signature],
  ["an uncompressed key", uncompressed, hash, signature],
  ["a hybrid key", new Uint8Array([6 + (uncompressed[64]! & 1), ...uncompressed.slice(1)]), hash, signature],
  ["the wrong prefix", new Uint8Array([pubkey[0]! ^ 1, ...pubkey.slice(1)]), hash, signature],
  ["a prefix of 04 on 33 bytes", new Uint8Array([4, ...pubkey.slice(1)]), hash, signature],
  ["a key that is not on the curve", fromHex(`02${"00".repeat(31)}05`), hash, signature],
  ["a key beyond the field", fromHex(`02${"ff".repeat(32)}`), hash, signature],
  ["an empty key", new Uint8Array(0), hash, signature],
  ["a short hash", pubkey, hash.slice(1), signature],
  ["a short signature", pubkey, hash, signature.slice(1)],
  ["a long signature", pubkey, hash, new Uint8Array([...signature, 0])],
];

describe("secp256k1", () => {
  afterEach(() => {
    requireSecp256k1();
  });

  for (const backend of ["native", "portable"] satisfies Secp256k1Backend[]) {
    it(`accepts a good signature (${backend})`, () => {
      requireSecp256k1({ portable: backend === "portable" });
      assert.equal(verifySecp256k1(pubkey, hash, signature), true);
      // Views into a larger buffer, as signatures in a transaction are.
      const around = new Uint8Array([9, ...signature, ...pubkey, ...hash, 9]);
      assert.equal(verifySecp256k1(around.subarray(65, 98), around.subarray(98, 130), around.subarray(1, 65)), true);
    });
    for (const [title, key, message, sig] of wrong) {
      it(`says false, and does not throw: ${title} (${backend})`, () => {
        requireSecp256k1({ portable: backend === "portable" });
        assert.equal(verifySecp256k1(key, message, sig), false);
      });
    }
  }

  it("answers alike on both implementations, whatever the bytes", () => {
    const { native, portable } = testing.backends;
    const flip = fc.tuple(fc.constantFrom("key", "hash", "signature"), fc.nat(63), fc.nat(255));
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.array(flip, { maxLength: 2 }), (message, flips) => {
        const parts = { key: pubkey.slice(), hash: message.slice(), signature: secp256k1.sign(message, secret, { prehash: false }) };
        for (const [part, at, bits] of flips) {
          const bytes = parts[part as keyof typeof parts];
          bytes[at % bytes.length]! ^= bits;
        }
        const answer = native!(parts.key, parts.hash, parts.signature);
        assert.equal(answer, portable!(parts.key, parts.hash, parts.signature));
        if (flips.length === 0) assert.equal(answer, true);
      }),
      { numRuns: 60 },
    );
  });

  it("answers alike the first time and later for a key, among others that share its place", () => {
    // Found by search: the public keys of these secrets agree in the bytes that choose their place.
    const placed = new Map<string, Uint8Array[]>();
    let pair: Uint8Array[] = [];
    for (let i = 1; pair.length < 2; i++) {
      const key = scalar(BigInt(i));
      const place = Buffer.from(secp256k1.getPublicKey(key).subarray(1, 3)).toString("hex");
      placed.set(place, (pair = [...(placed.get(place) ?? []), key]));
    }
    const other = sha256(utf8("other"));
    for (let round = 0; round < 4; round++) {
      for (const key of [...pair, pair[1]!]) {
        const mine = secp256k1.sign(hash, key, { prehash: false });
        assert.deepEqual(pair.map((one) => verifySecp256k1(secp256k1.getPublicKey(one), hash, mine)), pair.map((one) => one === key));
        assert.equal(verifySecp256k1(secp256k1.getPublicKey(key), other, mine), false);
      }
      for (const [title, key, message, sig] of wrong) assert.equal(verifySecp256k1(key, message, sig), false, title);
    }
  });

  it("says which implementation is in use", () => {
    assert.equal(requireSecp256k1(), "native");
    assert.equal(requireSecp256k1({ portable: true }), "portable");
  });
});

describe("ed25519", () => {
  it("accepts a good signature, and nothing malformed", () => {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const key = new Uint8Array(publicKey.export({ format: "der", type: "spki" }).subarray(-32));
    const message = utf8("message");
    const good = new Uint8Array(sign(null, message, privateKey));
    assert.equal(verifyEd25519(key, message, good), true);
    assert.equal(verifyEd25519(key, utf8("other"), good), false);
    assert.equal(verifyEd25519(key, message, good.with(0, good[0]! ^ 1)), false);
    assert.equal(verifyEd25519(key.slice(1), message, good), false);
    assert.equal(verifyEd25519(key, message, good.slice(1)), false);
    assert.equal(verifyEd25519(new Uint8Array(32).fill(0xff), message, good), false);
    // s + order: the same point by another name, which RFC 8032 forbids.
    assert.equal(verifyEd25519(key, message, new Uint8Array([...good.slice(0, 32), ...new Uint8Array(32).fill(0xff)])), false);
  });

  it("verifies the first vector of RFC 8032", () => {
    const key = fromHex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    const vector = fromHex("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b");
    assert.equal(verifyEd25519(key, new Uint8Array(0), vector), true);
  });
});

import assert from "node:assert/strict";
import { pubkeyToAddress, encodeSecp256k1Pubkey, encodeEd25519Pubkey, createMultisigThresholdPubkey, type SinglePubkey } from "@cosmjs/amino";
import { fromBech32, toBech32 } from "@cosmjs/encoding";
import fc from "fast-check";
import { AddressError, addressBytes, addressText, decodeBech32, isAddress, moduleAddress, prefixes, pubkeyAddress } from "./address.ts";
import { fromHex, toHex } from "./bytes.ts";

const bytes20 = fromHex("000102030405060708090a0b0c0d0e0f10111213");

describe("addresses", () => {
  it("agrees with CosmJS, for every prefix and every length from 1 to 255", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 255 }), fc.constantFrom(...Object.values(prefixes)), (bytes, prefix) => {
        const text = addressText(bytes, prefix);
        assert.equal(text, toBech32(prefix, bytes, 1023));
        assert.deepEqual(addressBytes(text, prefix), bytes);
        assert.deepEqual(fromBech32(text, 1023).data, bytes);
      }),
    );
  });

  it("gives the same answer from its cache", () => {
    const text = addressText(bytes20);
    assert.equal(addressText(bytes20), text);
    assert.deepEqual(addressBytes(text), bytes20);
    assert.deepEqual(addressBytes(text), bytes20);
    assert.throws(() => addressBytes(text, prefixes.validator), AddressError);
  });

  it("reads upper case, as the SDK does", () => {
    assert.deepEqual(addressBytes(addressText(bytes20).toUpperCase()), bytes20);
  });

  const good = addressText(bytes20);
  const errors: readonly [title: string, text: string, message: string][] = [
    ["empty text", "", "empty address string is not allowed"],
    ["blank text", " \t ", "empty address string is not allowed"],
    ["another chain's address", toBech32("cosmos", bytes20), "hrp does not match bech32 prefix: expected 'dcm' got 'cosmos': internal logic error"],
    ["short text", "dcm1", "decoding bech32 failed: invalid bech32 string length 4"],
    ["long text", `dcm1${"q".repeat(1020)}`, "decoding bech32 failed: invalid bech32 string length 1024"],
    ["mixed case", `D${good.slice(1)}`, "decoding bech32 failed: string not all lowercase or all uppercase"],
    ["a space inside", `${good} x`, "decoding bech32 failed: invalid character in string: ' '"],
    ["a character that is not in the alphabet", `${good.slice(0, 10)}b${good.slice(11)}`, "decoding bech32 failed: invalid character not part of charset: 98"],
    ["no separator", "abcdefghijk", "decoding bech32 failed: invalid separator index -1"],
    ["a wrong checksum", `${good.slice(0, -1)}${good.endsWith("q") ? "p" : "q"}`, `decoding bech32 failed: invalid checksum (expected ${good.slice(-6)} got ${good.slice(-6, -1)}${good.endsWith("q") ? "p" : "q"})`],
    ["no bytes", toBech32("dcm", new Uint8Array(0)), "addresses cannot be empty: unknown address"],
    ["too many bytes", toBech32("dcm", new Uint8Array(256), 1023), "address max length is 255, got 256: unknown address"],
  ];
  for (const [title, text, message] of errors) {
    it(`refuses ${title} in the SDK's words`, () => {
      assert.throws(() => addressBytes(text), { name: "AddressError", message });
      assert.equal(isAddress(text), false);
    });
  }

  it("refuses any other text, and nothing but an AddressError comes out", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ maxLength: 60 }), fc.string({ maxLength: 60, unit: "binary" }), fc.tuple(fc.nat(good.length - 1), fc.string({ minLength: 1, maxLength: 1 })).map(([at, c]) => good.slice(0, at) + c + good.slice(at + 1))), (text) => {
        try {
          assert.equal(addressText(addressBytes(text)), text.toLowerCase());
        } catch (error) {
          assert.ok(error instanceof AddressError, String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("refuses padding that hides bits", () => {
    // One byte is two words and two bits of padding: q p -> 00000 00001, where a canonical text ends in zero bits.
    const text = "dcm1";
    assert.throws(() => decodeBech32(text + "qp"), AddressError);
    assert.throws(() => addressText(new Uint8Array(0)), { message: "addresses cannot be empty: unknown address" });
  });

  it("derives module accounts as the SDK does", () => {
    // The gov module of every Cosmos chain: cosmos10d07y265gmmuvt4z0w9aw880jnsr700j6zn9kn.
    assert.equal(addressText(moduleAddress("gov"), "cosmos"), "cosmos10d07y265gmmuvt4z0w9aw880jnsr700j6zn9kn");
    assert.equal(addressText(moduleAddress("fee_collector"), "cosmos"), "cosmos17xpfvakm2amg962yls6f84z3kell8c5lserqta");
  });

  it("derives the addresses of keys as CosmJS does", () => {
    const secp = fromHex(`02${"11".repeat(32)}`);
    const other = fromHex(`03${"22".repeat(32)}`);
    const ed = fromHex("33".repeat(32));
    assert.equal(addressText(pubkeyAddress({ kind: "secp256k1", key: secp })), pubkeyToAddress(encodeSecp256k1Pubkey(secp), "dcm"));
    assert.equal(addressText(pubkeyAddress({ kind: "ed25519", key: ed })), pubkeyToAddress(encodeEd25519Pubkey(ed), "dcm"));
    const nested = createMultisigThresholdPubkey([encodeSecp256k1Pubkey(secp), encodeSecp256k1Pubkey(other)], 1, true);
    const multisig = createMultisigThresholdPubkey([nested as unknown as SinglePubkey, encodeSecp256k1Pubkey(other)], 2, true);
    const ours = pubkeyAddress({
      kind: "multisig",
      threshold: 2,
      keys: [{ kind: "multisig", threshold: 1, keys: [{ kind: "secp256k1", key: secp }, { kind: "secp256k1", key: other }] }, { kind: "secp256k1", key: other }],
    });
    assert.equal(addressText(ours), pubkeyToAddress(multisig, "dcm"));
    assert.equal(toHex(ours).length, 40);
  });
});

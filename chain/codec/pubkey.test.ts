import assert from "node:assert/strict";
import { createMultisigThresholdPubkey, encodeAminoPubkey, encodeSecp256k1Pubkey } from "@cosmjs/amino";
import { encodePubkey } from "@cosmjs/proto-signing";
import fc from "fast-check";
import { fromHex } from "./bytes.ts";
import { aminoPubKeyBytes, decodePubKey, encodePubKey, PubKeyError, type PubKey } from "./pubkey.ts";

const key = (n: number): PubKey => ({ kind: "secp256k1", key: fromHex(`02${n.toString(16).padStart(64, "0")}`) });
const multisig = (threshold: number, keys: readonly PubKey[]): PubKey => ({ kind: "multisig", threshold, keys });

describe("public keys", () => {
  it("reads what it writes", () => {
    const keys: PubKey[] = [key(1), { kind: "ed25519", key: new Uint8Array(32).fill(7) }, multisig(2, [key(1), key(2), multisig(1, [key(3)])])];
    for (const pubkey of keys) assert.deepEqual(decodePubKey(encodePubKey(pubkey)), pubkey);
  });

  it("writes what CosmJS writes, as Any and in amino form", () => {
    const keys = Array.from({ length: 63 }, (_, i) => key(i));
    for (const count of [1, 2, 63]) {
      const theirs = createMultisigThresholdPubkey(keys.slice(0, count).map((k) => encodeSecp256k1Pubkey((k as { key: Uint8Array }).key)), count, true);
      const ours = multisig(count, keys.slice(0, count));
      assert.deepEqual(encodePubKey(ours), { ...encodePubkey(theirs) });
      assert.deepEqual(aminoPubKeyBytes(ours), encodeAminoPubkey(theirs));
    }
  });

  const refused: readonly [title: string, pubkey: PubKey, message: RegExp][] = [
    ["an uncompressed key", { kind: "secp256k1", key: fromHex(`04${"11".repeat(64)}`) }, /65 bytes, expected 33/],
    ["a hybrid prefix", { kind: "secp256k1", key: fromHex(`06${"11".repeat(32)}`) }, /not compressed/],
    ["an empty key", { kind: "secp256k1", key: new Uint8Array(0) }, /0 bytes, expected 33/],
    ["a short ed25519 key", { kind: "ed25519", key: new Uint8Array(31) }, /31 bytes, expected 32/],
    ["a multisig without threshold", multisig(0, [key(1)]), /threshold must be greater than 0/],
    ["a multisig that nobody can satisfy", multisig(2, [key(1)]), /threshold 2 is greater than its 1 keys/],
    ["multisigs in multisigs without end", [1, 2, 3, 4].reduce((inner) => multisig(1, [inner]), multisig(1, [key(1)])), /nested deeper/],
    ["a multisig with too many keys", multisig(1, Array.from({ length: 65 }, (_, i) => key(i))), /more than 64 keys/],
  ];
  for (const [title, pubkey, message] of refused) {
    it(`refuses ${title}`, () => assert.throws(() => decodePubKey(encodePubKey(pubkey)), (error) => error instanceof PubKeyError && message.test(error.message)));
  }

  it("refuses another type and bytes that are not canonical", () => {
    assert.throws(() => decodePubKey({ typeUrl: "/cosmos.bank.v1beta1.MsgSend", value: new Uint8Array(0) }), PubKeyError);
    const { typeUrl, value } = encodePubKey(key(1));
    assert.throws(() => decodePubKey({ typeUrl, value: new Uint8Array([...value, 0x10, 0x01]) }), PubKeyError);
    fc.assert(
      fc.property(fc.constantFrom("/cosmos.crypto.secp256k1.PubKey", "/cosmos.crypto.ed25519.PubKey", "/cosmos.crypto.multisig.LegacyAminoPubKey"), fc.uint8Array(), (url, bytes) => {
        try {
          decodePubKey({ typeUrl: url, value: bytes });
        } catch (error) {
          assert.ok(error instanceof PubKeyError, String(error));
        }
      }),
    );
  });
});

import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { isIncluded } from "../chain/modules/referee/inclusion.ts";
import { concatBytes, toHex, uint64Bytes, utf8 } from "../chain/codec/bytes.ts";
import { sha256 } from "../chain/codec/hash.ts";
import { Halt } from "../chain/vm/machine.ts";
import { callToken, decodeRefereedResult, decodeResult, decodeWasmArguments, encodeResult, encodeWasmArguments, inputPath, inputRoot, resultStatuses, SaltChain } from "./protocol.ts";

describe("the token of calls", () => {
  it("is another for each instance and each key, and tells neither", () => {
    const key = new Uint8Array(32).fill(7);
    const token = callToken(key, 65_536n);
    assert.match(token, /^[0-9a-f]{64}$/);
    assert.equal(token, toHex(sha256(Buffer.concat([utf8("dcm/call/v1"), key, Uint8Array.of(0, 0, 0, 0, 0, 1, 0, 0)]))));
    assert.equal(new Set([token, callToken(key, 65_537n), callToken(new Uint8Array(32).fill(8), 65_536n)]).size, 3);
  });
});

describe("a chain of salts", () => {
  const secret = new Uint8Array(32).fill(7);

  it("hashes each salt to the one before it, from the head on", () => {
    const chain = new SaltChain(secret, 8);
    let head = chain.head;
    for (let revealed = 0; revealed < 8; revealed++) {
      const salt = chain.next(revealed);
      assert.deepEqual(sha256(salt), head);
      head = salt;
    }
  });

  it("is the same after a restart, another for another secret", () => {
    assert.deepEqual(new SaltChain(secret, 8).next(3), new SaltChain(secret, 8).next(3));
    assert.notDeepEqual(new SaltChain(new Uint8Array(32).fill(8), 8).head, new SaltChain(secret, 8).head);
  });

  it("says when it is used up", () => {
    assert.throws(() => new SaltChain(secret, 2).next(2), /chain of 2 salts is used up/);
  });
});

describe("what clients and workers share", () => {
  it("takes results apart as they were put together", () => {
    fc.assert(fc.property(fc.constantFrom(...resultStatuses), fc.integer({ min: 0, max: 255 }), fc.uint8Array(), (status, exitCode, output) => {
      assert.deepEqual(decodeResult(encodeResult({ status, exitCode, output })), { status, exitCode, output: new Uint8Array(output) });
    }));
    for (const bytes of [[], [0], [6, 0], [255, 0]]) assert.throws(() => decodeResult(Uint8Array.from(bytes)), RangeError);
  });

  it("tells results of the refereed machine without bytes apart by why it halted", () => {
    const none = new Uint8Array(0);
    for (const [halt, status] of [[Halt.exhausted, "out-of-fuel"], [Halt.done, "output-too-large"], [Halt.illegal, "trap"]] as const) assert.deepEqual(decodeRefereedResult(halt, none), { status, exitCode: 0, output: none });
    const result = { status: "ok", exitCode: 3, output: Uint8Array.of(1, 2) } as const;
    assert.deepEqual(decodeRefereedResult(Halt.done, encodeResult(result)), result);
    assert.throws(() => decodeRefereedResult(Halt.done, Uint8Array.of(0)), RangeError);
  });

  it("reads the arguments that it writes", () => {
    const text = fc.string({ unit: "grapheme" }).filter((one) => !one.includes("\0"));
    fc.assert(fc.property(fc.array(text), fc.dictionary(text, text, { noNullPrototype: true }), (args, env) => {
      assert.deepEqual(decodeWasmArguments(encodeWasmArguments({ args, env })), { args, env });
    }));
    assert.deepEqual(decodeWasmArguments(new Uint8Array(0)), {});
    assert.deepEqual(decodeWasmArguments(encodeWasmArguments({ bundle: 1 })), { bundle: 1 });
  });

  it("takes no other form of arguments, and never throws", () => {
    for (const bad of ["{", "[]", "null", "1", '{"args":"x"}', '{"args":[1]}', '{"args":["\\u0000"]}', '{"env":[]}', '{"env":{"a":1}}', '{"env":{"a\\u0000":"b"}}', '{"other":1}', '{"bundle":2}', '{"bundle":1,"args":[]}', '{"bundle":1,"env":{}}']) {
      assert.equal(decodeWasmArguments(utf8(bad)), undefined, bad);
    }
    assert.equal(decodeWasmArguments(Uint8Array.of(0x22, 0xff, 0x22)), undefined);
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => void decodeWasmArguments(bytes)));
  });

  it("names inputs by order, digest and size", () => {
    const blob = (n: number): { digest: Uint8Array; size: bigint } => ({ digest: new Uint8Array(32).fill(n), size: BigInt(n) });
    const root = (...numbers: number[]): string => toHex(inputRoot(numbers.map(blob)));
    assert.equal(new Set([root(), root(1), root(1, 2), root(2, 1), root(1, 2, 3), root(1, 2, 3, 3)]).size, 6);
    assert.notEqual(toHex(inputRoot([{ ...blob(1), size: 2n }])), root(1));
  });

  it("leads from every input to the root, as the referee checks it", () => {
    for (let count = 1; count <= 20; count++) {
      const inputs = Array.from({ length: count }, (_, n) => ({ digest: new Uint8Array(32).fill(n), size: BigInt(n) }));
      for (const [index, { digest, size }] of inputs.entries()) {
        const entry = concatBytes(digest, uint64Bytes(size));
        assert.ok(isIncluded(entry, index, count, inputPath(inputs, index), inputRoot(inputs)), `${index} of ${count}`);
        assert.ok(count === 1 || !isIncluded(entry, (index + 1) % count, count, inputPath(inputs, index), inputRoot(inputs)));
      }
    }
  });
});

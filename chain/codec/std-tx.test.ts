import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { aminoMessage } from "./amino-json.ts";
import { concatBytes, fromBase64, toBase64, toHex } from "./bytes.ts";
import { aminoName, signerFields } from "./descriptors.ts";
import { Concrete, GoAminoError, struct } from "./go-amino.ts";
import type { Json } from "./proto-json.ts";
import { stdTxToBinary, stdTxToJson } from "./std-tx.ts";
import { allCodecs, allMessages, arbitraryMessage } from "./testing.ts";

type Vector = [input: string, output: string | null, refusal: string | null];

describe("legacy transactions in amino", () => {
  const vectors = JSON.parse(readFileSync(new URL("../../test/vectors/stdtx/stdtx.json", import.meta.url), "utf8")) as { encode: Vector[]; decode: Vector[] };

  it("are in bytes what the SDK makes of their JSON, and refused where it refuses", () => {
    const wrong: string[] = [];
    let refused = 0;
    for (const [input, expected, refusal] of vectors.encode) {
      try {
        const made = toBase64(stdTxToBinary(JSON.parse(input) as Json));
        if (made !== expected) wrong.push(`${input}\n  ${made}\n  ${expected ?? refusal}`);
      } catch (error) {
        if (!(error instanceof GoAminoError || error instanceof SyntaxError)) throw error;
        refused++;
        if (refusal === null) wrong.push(`${input}\n  ${error.message}`);
      }
    }
    assert.deepEqual(wrong, []);
    assert.ok(refused > 50 && vectors.encode.length > 250, `${vectors.encode.length} vectors, ${refused} refusals`);
  });

  it("are in JSON what the SDK makes of their bytes, and refused where it refuses, or where text is no UTF-8", () => {
    const wrong: string[] = [];
    let refused = 0;
    for (const [input, expected, refusal] of vectors.decode) {
      try {
        const made = stdTxToJson(fromBase64(input));
        if (made !== expected) wrong.push(`${input}\n  ${made}\n  ${expected ?? refusal}`);
      } catch (error) {
        if (!(error instanceof GoAminoError)) throw error;
        refused++;
        if (refusal === null && !expected!.includes("\\ufffd")) wrong.push(`${input}\n  ${error.message}`);
      }
    }
    assert.deepEqual(wrong, []);
    assert.ok(refused > 30 && vectors.decode.length > 250, `${vectors.decode.length} vectors, ${refused} refusals`);
  });

  it("are refused before they nest too deep", () => {
    const wrap = (inner: Json): Json => ({ type: "cosmos-sdk/MsgExec", value: { grantee: "", msgs: [inner] } });
    const stdTx = (message: Json): Json => ({ type: "cosmos-sdk/StdTx", value: { msg: [message] } });
    let message = wrap({ type: "cosmos-sdk/MsgSend", value: {} });
    for (let i = 0; i < 8; i++) message = wrap(message);
    const shallow = stdTx(message);
    assert.equal(stdTxToJson(stdTxToBinary(shallow)).match(/MsgExec/g)!.length, 9);
    for (let i = 0; i < 5000; i++) message = wrap(message);
    assert.throws(() => stdTxToBinary(stdTx(message)), { name: "GoAminoError", message: "nested deeper than 32" });
    // The bytes of the same, made from inside out: prefix, then one field of one Any.
    const bytes = stdTxToBinary(shallow);
    const prefix = new Concrete("cosmos-sdk/MsgExec", struct(() => [])).prefix;
    const length = (size: number): Uint8Array => (size < 128 ? Uint8Array.of(size) : concatBytes(Uint8Array.of((size % 128) | 128), length(Math.floor(size / 128))));
    const field = (number: number, content: Uint8Array): Uint8Array => concatBytes(Uint8Array.of(number * 8 + 2), length(content.length), content);
    let nested = concatBytes(prefix);
    for (let i = 0; i < 5000; i++) nested = concatBytes(prefix, field(2, nested));
    assert.throws(() => stdTxToJson(concatBytes(bytes.subarray(0, 4), field(1, nested))), { name: "GoAminoError", message: "nested deeper than 32" });
  });

  it("hold every message of this chain: what a wallet signs of it comes back from the bytes", async () => {
    const codecs = await allCodecs();
    const own = allMessages().filter((desc) => desc.typeName.startsWith("dcm.") && aminoName(desc) !== undefined && signerFields(desc).length > 0);
    assert.ok(own.length > 60, `${own.length} messages`);
    for (const desc of own) {
      fc.assert(
        fc.property(arbitraryMessage(desc, { codecs, complete: true, anyContents: ["cosmos.bank.v1beta1.MsgSend"] }), (message) => {
          const text = aminoMessage(`/${desc.typeName}`, message, desc);
          // An element that says nothing is nil once it was in bytes: go-amino's way, among the vectors above.
          fc.pre(!/[[,]\{\}[,\]]/.test(text));
          const signed = JSON.parse(text) as Json;
          const bytes = stdTxToBinary({ type: "cosmos-sdk/StdTx", value: { msg: [signed] } });
          assert.deepEqual((JSON.parse(stdTxToJson(bytes)) as { value: { msg: Json[] } }).value.msg, [signed]);
        }),
        { numRuns: 20 },
      );
    }
  });

  it("begin each message with bytes that no other message begins with", () => {
    const names = allMessages().map(aminoName).filter((name) => name !== undefined);
    assert.equal(new Set(names.map((name) => toHex(new Concrete(name, struct(() => [])).prefix))).size, new Set(names).size);
  });
});

import assert from "node:assert/strict";
import { describe, it } from "mocha";
import fc from "fast-check";
import { type ExecTxResult, ResponseCheckTx, ResponseFinalizeBlock } from "../codec/gen/tendermint/abci/types.ts";
import { ConsensusParams } from "../codec/gen/tendermint/types/params.ts";
import { encodeCheckTx, encodeFinalizeBlock } from "./encode.ts";

const text = fc.oneof(fc.string(), fc.string({ unit: "grapheme" }), fc.string({ unit: "binary" }), fc.constantFrom("", "x".repeat(200), "\ud800", "é".repeat(9000)));
const bytes = fc.uint8Array({ maxLength: 300 });
const int64 = fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.constantFrom(0n, 1n, 127n, 128n, 0x7ffffffen, 0x7fffffffn, 2n ** 32n, -1n));
const uint32 = fc.oneof(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.constantFrom(0, 127, 128, 16383, 16384, 2097151, 2097152, 268435455, 268435456, 2 ** 31, 2 ** 32 - 1));
const event = fc.record({ type: text, attributes: fc.array(fc.record({ key: text, value: text, index: fc.boolean() }), { maxLength: 4 }) });
const events = fc.array(event, { maxLength: 3 });
const result: fc.Arbitrary<ExecTxResult> = fc.record({ code: uint32, data: bytes, log: text, info: text, gasWanted: int64, gasUsed: int64, events, codespace: text });
const block: fc.Arbitrary<ResponseFinalizeBlock> = fc.record({
  events, txResults: fc.array(result, { maxLength: 5 }), appHash: bytes,
  validatorUpdates: fc.array(fc.record({ pubKey: fc.option(bytes.map((ed25519) => ({ ed25519 })), { nil: undefined }), power: int64 }), { maxLength: 3 }),
  consensusParamUpdates: fc.option(fc.record({ maxBytes: int64, maxGas: int64 }).map((params) => ({ ...ConsensusParams.create(), block: params })), { nil: undefined }),
});

describe("responses encoded by hand", () => {
  it("ABCI-3 have the bytes of the generated encoder, for FinalizeBlock", () => {
    fc.assert(fc.property(block, (response) => assert.deepEqual(encodeFinalizeBlock(response), ResponseFinalizeBlock.encode(response).finish())));
  });

  it("ABCI-3 have the bytes of the generated encoder, for CheckTx", () => {
    fc.assert(fc.property(result, (response) => assert.deepEqual(encodeCheckTx(response), ResponseCheckTx.encode(response).finish())));
  });

  it("refuse numbers that the fields cannot hold", () => {
    const changed = (change: Partial<ResponseCheckTx>): ResponseCheckTx => ({ ...ResponseCheckTx.create(), ...change });
    for (const change of [{ code: -1 }, { code: 2 ** 32 }, { code: 1.5 }, { code: NaN }, { gasUsed: 2n ** 63n }, { gasWanted: -(2n ** 63n) - 1n }]) assert.throws(() => encodeCheckTx(changed(change)), RangeError);
  });
});

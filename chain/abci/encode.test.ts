import assert from "node:assert/strict";
import { describe, it } from "mocha";
import fc from "fast-check";
import { type ExecTxResult, ResponseCheckTx, ResponseFinalizeBlock } from "../codec/gen/tendermint/abci/types.ts";
import { ConsensusParams } from "../codec/gen/tendermint/types/params.ts";
import { EventLog } from "../codec/event-log.ts";
import { encodeCheckTx, encodeFinalizeBlock } from "./encode.ts";
import { unindexedByName } from "./unindexed.ts";

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

  it("leave out of the index what the node does not want there, of logs and objects alike, and nothing else", () => {
    const log = new EventLog();
    log.add("transfer", [["sender", "a"], ["amount", "5"]]);
    log.add("tx", [["fee", "1"], ["amount", "2"]]);
    log.add("message", [["fee", "3"]]);
    log.share(0, "msg_index", "0");
    const unindexed = unindexedByName(["*.amount", "*.msg_index", "tx.fee"]);
    const result = { ...ResponseCheckTx.create(), events: [], emitted: log };
    const block = { ...ResponseFinalizeBlock.create(), txResults: [result], events: log.abciEvents(), unindexed };
    const decoded = ResponseFinalizeBlock.decode(encodeFinalizeBlock(block));
    for (const { type, attributes } of [...decoded.txResults[0]!.events, ...decoded.events]) {
      for (const { key, index } of attributes) assert.equal(index, key === "sender" || (type === "message" && key === "fee"), `${type}.${key}`);
    }
    assert.deepEqual(decoded.events.map(({ attributes }) => attributes.length), [3, 3, 2]);
    assert.ok(ResponseFinalizeBlock.decode(encodeFinalizeBlock({ ...block, unindexed: unindexedByName([]) })).events.every(({ attributes }) => attributes.every(({ index }) => index)));
    for (const name of ["", "amount", ".amount", "tx."]) assert.throws(() => unindexedByName([name]), RangeError, name);
  });

  it("refuse numbers that the fields cannot hold", () => {
    const changed = (change: Partial<ResponseCheckTx>): ResponseCheckTx => ({ ...ResponseCheckTx.create(), ...change });
    for (const change of [{ code: -1 }, { code: 2 ** 32 }, { code: 1.5 }, { code: NaN }, { gasUsed: 2n ** 63n }, { gasWanted: -(2n ** 63n) - 1n }]) assert.throws(() => encodeCheckTx(changed(change)), RangeError);
  });
});

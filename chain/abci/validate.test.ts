import assert from "node:assert/strict";
import { describe, it } from "mocha";
import fc from "fast-check";
import { ExecTxResult, ResponseFinalizeBlock, type ValidatorUpdate } from "../codec/gen/tendermint/abci/types.ts";
import { ConsensusParams } from "../codec/gen/tendermint/types/params.ts";
import { Data } from "../codec/gen/tendermint/types/types.ts";
import { MAX_TOTAL_VOTING_POWER, consensusParamsFault, fitProposal, proposalBytes, safeFinalizeBlock, validatorKey, validatorUpdatesFault } from "./validate.ts";

const key = (n: number): { ed25519: Uint8Array } => ({ ed25519: new Uint8Array(32).fill(n) });
const update = (n: number, power: bigint): ValidatorUpdate => ({ pubKey: key(n), power });
const known = (...powers: bigint[]): Map<string, bigint> => new Map(powers.map((power, n) => [validatorKey(key(n))!, power]));

describe("ABCI-13 validator updates", () => {
  it("ABCI-13 may add, change and remove members", () => {
    assert.equal(validatorUpdatesFault([update(0, 0n), update(1, 5n), update(2, 7n)], { known: known(1n, 1n) }), undefined);
    assert.equal(validatorUpdatesFault([update(9, 0n)]), undefined);
  });

  it("ABCI-13 name the fault", () => {
    const cases: [ValidatorUpdate[], Parameters<typeof validatorUpdatesFault>[1], RegExp][] = [
      [[update(1, 1n), update(1, 0n)], {}, /update 1 repeats the key ed25519\/0101/],
      [[update(1, -1n)], {}, /negative power/],
      [[update(1, MAX_TOTAL_VOTING_POWER + 1n)], {}, /the limit is 1152921504606846975/],
      [[update(1, MAX_TOTAL_VOTING_POWER), update(2, 1n)], {}, /total power of 1152921504606846976/],
      [[update(1, MAX_TOTAL_VOTING_POWER)], { known: known(1n) }, /total power/],
      [[update(3, 0n)], { known: known(1n) }, /removes ed25519\/0303.*, which is no validator/],
      [[update(0, 0n), update(1, 0n)], { known: known(1n, 1n) }, /leave no validator/],
      [[update(0, 0n)], { genesis: true }, /validator 0 of the first set has power 0/],
      [[{ pubKey: undefined, power: 1n }], {}, /exactly one public key/],
      [[{ pubKey: {}, power: 1n }], {}, /exactly one public key/],
      [[{ pubKey: { ...key(1), secp256k1: new Uint8Array(33) }, power: 1n }], {}, /exactly one public key/],
      [[{ pubKey: { ed25519: new Uint8Array(31) }, power: 1n }], {}, /a ed25519 key has 32 bytes, not 31/],
      [[{ pubKey: { secp256k1: new Uint8Array(33) }, power: 1n }], {}, /type secp256k1; allowed: ed25519/],
    ];
    for (const [updates, options, message] of cases) assert.match(validatorUpdatesFault(updates, options) ?? "", message);
  });

  it("ABCI-13 with total power exactly at the limit are good, and a removal makes room", () => {
    assert.equal(validatorUpdatesFault([update(1, MAX_TOTAL_VOTING_POWER - 1n)], { known: known(1n) }), undefined);
    assert.equal(validatorUpdatesFault([update(0, 0n), update(1, MAX_TOTAL_VOTING_POWER)], { known: known(1n) }), undefined);
  });
});

describe("ABCI-14 consensus parameter updates", () => {
  const good = ConsensusParams.fromPartial({
    block: { maxBytes: 1_000_000n, maxGas: -1n }, evidence: { maxAgeNumBlocks: 10n, maxAgeDuration: { seconds: 60n }, maxBytes: 1000n },
    validator: { pubKeyTypes: ["ed25519"] }, abci: { voteExtensionsEnableHeight: 0n },
  });

  it("ABCI-14 may hold any complete sub-messages", () => {
    assert.equal(consensusParamsFault(good, { current: good, height: 5n }), undefined);
    assert.equal(consensusParamsFault(ConsensusParams.create()), undefined);
    assert.equal(consensusParamsFault({ ...ConsensusParams.create(), block: { maxBytes: -1n, maxGas: 0n } }), undefined);
  });

  it("ABCI-14 name the field that is missing or out of range", () => {
    const cases: [Parameters<typeof ConsensusParams.fromPartial>[0], RegExp][] = [
      [{ block: { maxGas: 5n } }, /block\.max_bytes must be -1 or 1 to 104857600, not 0/],
      [{ block: { maxBytes: 104_857_601n } }, /block\.max_bytes/],
      [{ block: { maxBytes: 5n, maxGas: -2n } }, /block\.max_gas/],
      [{ evidence: { maxAgeDuration: { seconds: 1n } } }, /evidence\.max_age_num_blocks/],
      [{ evidence: { maxAgeNumBlocks: 1n } }, /evidence\.max_age_duration is missing: a present sub-message must be complete/],
      [{ evidence: { maxAgeNumBlocks: 1n, maxAgeDuration: {} } }, /evidence\.max_age_duration must be positive/],
      [{ evidence: { maxAgeNumBlocks: 1n, maxAgeDuration: { seconds: 1n }, maxBytes: -1n } }, /evidence\.max_bytes/],
      [{ block: { maxBytes: 100n }, evidence: { maxAgeNumBlocks: 1n, maxAgeDuration: { seconds: 1n }, maxBytes: 101n } }, /evidence\.max_bytes must be 0 to 100/],
      [{ validator: {} }, /pub_key_types is empty/],
      [{ validator: { pubKeyTypes: ["rsa"] } }, /names rsa/],
      [{ abci: { voteExtensionsEnableHeight: -1n } }, /must not be negative/],
      [{ authority: { authority: "x".repeat(257) } }, /authority\.authority has 257 bytes/],
    ];
    for (const [params, message] of cases) assert.match(consensusParamsFault(ConsensusParams.fromPartial(params)) ?? "", message);
  });

  it("ABCI-14 see limits that span sub-messages when they know the parameters in force", () => {
    assert.match(consensusParamsFault({ ...ConsensusParams.create(), block: { maxBytes: 999n, maxGas: -1n } }, { current: good }) ?? "", /evidence\.max_bytes must be 0 to 999/);
    const enable = (height: bigint): ConsensusParams => ({ ...ConsensusParams.create(), abci: { voteExtensionsEnableHeight: height } });
    assert.equal(consensusParamsFault(enable(6n), { current: good, height: 5n }), undefined);
    assert.match(consensusParamsFault(enable(5n), { current: good, height: 5n }) ?? "", /must lie after height 5/);
    assert.match(consensusParamsFault(enable(0n), { current: { ...good, ...enable(4n) }, height: 5n }) ?? "", /is 4 and can no longer become 0/);
    assert.equal(consensusParamsFault(enable(0n), { current: { ...good, ...enable(9n) }, height: 5n }), undefined);
  });
});

describe("ABCI-12 FinalizeBlock responses", () => {
  it("ABCI-12 must hold one result per transaction", () => {
    assert.throws(() => safeFinalizeBlock(2, ResponseFinalizeBlock.fromPartial({ txResults: [{}] })), /2 transactions, 1 results/);
  });

  it("ABCI-13 ABCI-14 degrade to no update and keep everything else", () => {
    const response: ResponseFinalizeBlock = {
      ...ResponseFinalizeBlock.create(), txResults: [ExecTxResult.create()], appHash: Uint8Array.of(1), validatorUpdates: [update(1, -1n)],
      consensusParamUpdates: { ...ConsensusParams.create(), validator: { pubKeyTypes: [] } },
    };
    const safe = safeFinalizeBlock(1, response);
    assert.deepEqual(safe.response, { ...response, validatorUpdates: [], consensusParamUpdates: undefined });
    assert.equal(safe.faults.length, 2);
    assert.equal(safeFinalizeBlock(0, ResponseFinalizeBlock.create()).faults.length, 0);
  });
});

describe("ABCI-9 proposal sizes", () => {
  const txs = fc.array(fc.oneof(fc.uint8Array({ maxLength: 5 }), fc.integer({ min: 120, max: 140 }).map((n) => new Uint8Array(n)), fc.integer({ min: 16370, max: 16390 }).map((n) => new Uint8Array(n))), { maxLength: 8 });

  it("ABCI-9 are those of the block's data as CometBFT encodes it", () => {
    fc.assert(fc.property(txs, (list) => assert.equal(proposalBytes(list), Data.encode({ txs: list }).finish().length)));
  });

  it("ABCI-9 fit the limit, and one more transaction would not", () => {
    fc.assert(
      fc.property(txs, fc.integer({ min: -1, max: 40_000 }), (list, max) => {
        const fitted = fitProposal(list, BigInt(max));
        assert.ok(fitted.length === 0 || proposalBytes(fitted) <= max);
        if (fitted.length < list.length) assert.ok(proposalBytes(list.slice(0, fitted.length + 1)) > max);
      }),
    );
  });
});

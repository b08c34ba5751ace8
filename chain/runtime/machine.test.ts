import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { testAccount, anyOf, signedTx, type TestAccount } from "../../test/support/accounts.ts";
import { TestChain, testChainId, testDenom } from "../../test/support/chain.ts";
import { MsgSend } from "../codec/gen/cosmos/bank/v1beta1/tx.ts";
import { QueryBalanceRequest, QueryBalanceResponse } from "../codec/gen/cosmos/bank/v1beta1/query.ts";
import { MsgBeaconReveal } from "../codec/gen/dcm/beacon/v1/tx.ts";
import { MsgRevealSalt } from "../codec/gen/dcm/market/v1/tx.ts";
import { TxMsgData } from "../codec/gen/cosmos/base/abci/v1beta1/abci.ts";
import type { Any } from "../codec/gen/google/protobuf/any.ts";
import { txFieldSize } from "./machine.ts";

/** The same object that the chain verifies signatures with. */
const binding = createRequire(import.meta.url)("secp256k1/bindings") as { ecdsaVerify(signature: Uint8Array, messageHash: Uint8Array, pubkey: Uint8Array): boolean };
const [ann, ben] = [testAccount("ann"), testAccount("ben")];
const appState = {
  auth: { accounts: [ann, ben].map(({ text }) => ({ "@type": "/cosmos.auth.v1beta1.BaseAccount", address: text })) },
  bank: { balances: [ann, ben].map(({ text }) => ({ address: text, coins: [{ denom: testDenom, amount: "1000000" }] })) },
};

function send(from: TestAccount, to: TestAccount, amount: number): Any {
  return anyOf(MsgSend, { fromAddress: from.text, toAddress: to.text, amount: [{ denom: testDenom, amount: String(amount) }] });
}

describe("the state machine", () => {
  let chain: TestChain;
  beforeEach(async () => {
    chain = await TestChain.start({ appState });
  });
  afterEach(() => chain.stop());

  const balance = (account: TestAccount): bigint =>
    BigInt(QueryBalanceResponse.decode(chain.machine.query("/cosmos.bank.v1beta1.Query/Balance", QueryBalanceRequest.encode({ address: account.text, denom: testDenom }).finish())).balance?.amount ?? "-1");

  it("answers queries and checks transactions from genesis on, before the first block", () => {
    assert.equal(balance(ann), 1_000_000n);
    assert.equal(chain.machine.checkTx(chain.sign(ann, [send(ann, ben, 1)]), false).code, 0);
  });

  it("ABCI-8 takes genesis again after a crash before the first block, with the same first app hash", async () => {
    const first = chain.finalize([]).appHash;
    await chain.restart();
    const again = await TestChain.start({ appState });
    assert.deepEqual(again.finalize([]).appHash, first);
    await again.stop();
  });

  it("executes a finalized block once more with the same hash while it is not committed", () => {
    const tx = chain.sign(ann, [send(ann, ben, 5)]);
    const first = chain.finalize([tx]);
    const second = chain.finalize([tx]);
    assert.deepEqual(second.appHash, first.appHash);
    assert.deepEqual(second.txResults, first.txResults);
  });

  it("gives the same block in steps, whatever is checked, simulated and asked between them", async () => {
    const txs = Array.from({ length: 300 }, (_, i) => chain.sign(i % 2 === 0 ? ann : ben, [send(i % 2 === 0 ? ann : ben, i % 3 === 0 ? ann : ben, i + 1)]));
    const other = await TestChain.start({ appState });
    const whole = other.machine.executeBlock(other.request(txs));
    const steps = chain.machine.executionOf(chain.request(txs));
    let between = 0;
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) {
      assert.equal(balance(ann), 1_000_000n, "a query sees the committed state");
      if (between === 0) assert.equal(chain.machine.simulate(txs[0]!).code, 0);
      for (let i = between * 150; i < between * 150 + 150; i++) assert.equal(chain.machine.checkTx(txs[i]!, false).code, 0);
      between++;
    }
    assert.ok(between >= 2, `${between} pauses`);
    assert.deepEqual(step.value, whole);
    await other.stop();
  });

  it("goes on after a restart with the same state as one that never stopped", async () => {
    chain.block([chain.sign(ann, [send(ann, ben, 7)])]);
    await chain.restart();
    assert.equal(balance(ben), 1_000_007n);
    const result = chain.block([chain.sign(ben, [send(ben, ann, 2)])]);
    assert.equal(result.txResults[0]!.code, 0, result.txResults[0]!.log);
    assert.equal(balance(ben), 1_000_005n);
  });

  it("keeps all of a transaction's messages or none, but its fee and sequence", () => {
    const result = chain.block([chain.sign(ann, [send(ann, ben, 10), send(ann, ben, 10_000_000)], { fee: { denom: testDenom, amount: 100n } })]);
    const [tx] = result.txResults;
    assert.equal(tx!.codespace, "sdk");
    assert.equal(tx!.code, 5);
    assert.match(tx!.log, /^failed to execute message; message index: 1: spendable balance .* insufficient funds$/);
    assert.equal(balance(ben), 1_000_000n);
    assert.equal(balance(ann), 999_900n);
    assert.equal(chain.accountOf(ann).sequence, 1n);
    assert.ok(tx!.events.every((event) => event.attributes.every(({ key }) => key !== "msg_index")), "a failed transaction shows the events of its fee only");
  });

  it("gives one response and a msg_index for each message", () => {
    const { txResults } = chain.block([chain.sign(ann, [send(ann, ben, 1), send(ann, ben, 2)])]);
    assert.deepEqual(TxMsgData.decode(txResults[0]!.data).msgResponses.map(({ typeUrl }) => typeUrl), ["/cosmos.bank.v1beta1.MsgSendResponse", "/cosmos.bank.v1beta1.MsgSendResponse"]);
    const indexes = txResults[0]!.events.filter(({ type }) => type === "message").map(({ attributes }) => attributes.find(({ key }) => key === "msg_index")?.value);
    assert.ok(indexes.includes("0") && indexes.includes("1"));
  });

  it("ABCI-12 counts the same gas whether or not CheckTx saw the transaction", async () => {
    const tx = chain.sign(ann, [send(ann, ben, 3)]);
    const other = await TestChain.start({ appState });
    chain.machine.checkTx(tx, false);
    assert.deepEqual(chain.block([tx]), other.block([tx]));
    await other.stop();
  });

  it("ABCI-12 makes the stateless check of a message of this chain once, in CheckTx or in the block", () => {
    const { handler } = chain.machine.router.message("/dcm.market.v1.MsgRevealSalt")!;
    const { check } = handler;
    let checks = 0;
    Object.assign(handler, { check: (message: unknown) => void (checks++, check(message)) });
    try {
      const [seen, unseen, bad] = [32, 32, 31].map((length) => chain.sign(ann, [anyOf(MsgRevealSalt, { consumer: ann.text, jobId: 1n, salt: new Uint8Array(length) })]));
      assert.equal(chain.machine.checkTx(seen!, false).code, 0);
      assert.equal(checks, 1);
      const results = chain.block([seen!, unseen!, bad!, bad!]).txResults;
      assert.equal(checks, 4, "one that did not pass is looked at again");
      assert.deepEqual(results.slice(2).map(({ log }) => log), Array(2).fill(results[2]!.log));
      assert.match(results[2]!.log, /salt/);
    } finally {
      Object.assign(handler, { check });
    }
  });

  it("ABCI-12 answers every transaction of a block in order, also bytes that are none", () => {
    const { txResults } = chain.block([Uint8Array.of(1, 2, 3), chain.sign(ann, [send(ann, ben, 1)]), new Uint8Array(0)]);
    assert.deepEqual(txResults.map(({ codespace, code }) => `${codespace}/${code}`), ["sdk/2", "/0", "sdk/18"]);
  });

  it("ABCI-16 starts CheckTx anew from the committed state: what was only checked is forgotten", () => {
    const first = chain.sign(ann, [send(ann, ben, 1)]);
    assert.equal(chain.machine.checkTx(first, false).code, 0);
    assert.equal(chain.machine.checkTx(first, false).code, 32, "its sequence is used up in the mempool's state");
    chain.block([]);
    assert.equal(chain.machine.checkTx(first, true).code, 0);
  });

  it("ABCI-16 rechecks without decoding a transaction or verifying its signature again, the common transaction and any other", () => {
    const { registry } = chain.machine.router;
    const done = { decoded: 0, verified: 0 };
    const [get, ecdsaVerify] = [registry.get.bind(registry), binding.ecdsaVerify];
    // Every decoding asks the registry for the type of each message.
    registry.get = (typeUrl) => {
      done.decoded++;
      return get(typeUrl);
    };
    binding.ecdsaVerify = (...args) => {
      done.verified++;
      return ecdsaVerify(...args);
    };
    try {
      const txs = [
        chain.sign(ann, [send(ann, ben, 1)], { fee: { denom: testDenom, amount: 5n } }),
        signedTx(ann, { ...chain.accountOf(ann), sequence: 1n, chainId: testChainId, messages: [anyOf(MsgRevealSalt, { consumer: ann.text, jobId: 1n, salt: new Uint8Array(32) })], timeoutHeight: 100n }),
        chain.sign(ben, [send(ben, ann, 1), send(ben, ann, 2)]),
      ];
      const check = (recheck: boolean): typeof done => {
        done.decoded = done.verified = 0;
        for (const tx of txs) assert.equal(chain.machine.checkTx(tx, recheck).code, 0);
        return { ...done };
      };
      const first = check(false);
      assert.ok(first.decoded >= txs.length && first.verified === txs.length, `a check decodes and verifies: ${JSON.stringify(first)}`);
      for (let block = 0; block < 3; block++) {
        chain.block([]);
        assert.deepEqual(check(true), { decoded: 0, verified: 0 });
      }
    } finally {
      registry.get = get;
      binding.ecdsaVerify = ecdsaVerify;
    }
  });

  it("ABCI-9 fills a proposal to its limit, protobuf overhead counted, never beyond", () => {
    const txs = Array.from({ length: 20 }, () => chain.sign(ann, [send(ann, ben, 1)]));
    const block = { height: 1n, timeNanos: 1_700_000_000_000_000_000n, proposer: new Uint8Array(20) };
    for (const limit of [0, 1, txFieldSize(txs[0]!.length), 1_000, 3_000, 100_000]) {
      const size = chain.machine.prepareProposal(block, txs, limit).reduce((sum, tx) => sum + txFieldSize(tx.length), 0);
      assert.ok(size <= limit, `${size} bytes for a limit of ${limit}`);
    }
    assert.equal(chain.machine.prepareProposal(block, txs, 100_000).length, 20);
  });

  describe("keeps a tenth of a proposal for reveals and salts", () => {
    const block = { height: 1n, timeNanos: 1_700_000_000_000_000_000n, proposer: new Uint8Array(20), lastCommit: undefined, misbehavior: [] };
    const reveal = (): Uint8Array => chain.sign(ann, [anyOf(MsgRevealSalt, { consumer: ann.text, jobId: 1n, salt: new Uint8Array(32) })]);
    const other = (): Uint8Array => chain.sign(ben, [send(ben, ann, 1)]);
    const many = (count: number, make: () => Uint8Array): Uint8Array[] => Array.from({ length: count }, make);
    const sizeOf = (txs: readonly Uint8Array[]): number => txs.reduce((sum, tx) => sum + txFieldSize(tx.length), 0);
    const proposed = (txs: readonly Uint8Array[], limit: number): Uint8Array[] => {
      const out = chain.machine.prepareProposal(block, txs, limit);
      assert.ok(sizeOf(out) <= limit, `${sizeOf(out)} bytes for a limit of ${limit}`);
      assert.equal(chain.machine.processProposal({ ...block, txs: out }), undefined, "an honest proposal is accepted");
      return out;
    };

    it("ABCI-9 others in front fill nine tenths and not a transaction more, the reveals behind them the tenth, in the mempool's order", () => {
      const [others, reveals] = [many(60, other), many(20, reveal)];
      const limit = 10_000;
      const out = proposed([...others, ...reveals], limit);
      const [taken, kept] = [out.filter((tx) => others.includes(tx)), out.filter((tx) => reveals.includes(tx))];
      assert.deepEqual(out, [...others.slice(0, taken.length), ...reveals.slice(0, kept.length)]);
      assert.ok(taken.length < others.length && kept.length < reveals.length, "both are more than there is room for");
      assert.ok(sizeOf(taken) <= 9_000 && sizeOf(others.slice(0, taken.length + 1)) > 9_000, `others take ${sizeOf(taken)} of 9000 bytes`);
      assert.ok(sizeOf(kept) >= 1_000 - txFieldSize(reveals[0]!.length), `reveals take ${sizeOf(kept)} bytes`);
    });

    it("ABCI-9 what reveals have taken of it is kept no more: behind them others use all that is left", () => {
      const [others, reveals] = [many(60, other), many(20, reveal)];
      const limit = 10_000;
      const out = proposed([...reveals, ...others], limit);
      assert.deepEqual(out.slice(0, reveals.length), reveals, "reveals are not held to a tenth");
      assert.ok(sizeOf(out) > limit - txFieldSize(others[0]!.length), `${sizeOf(out)} of ${limit} bytes are used`);
      // Fewer than a tenth: the rest of the tenth stays theirs.
      const few = reveals.slice(0, 2);
      const behind = proposed([...few, ...others], limit);
      const room = limit - Math.max(sizeOf(few), 1_000);
      assert.ok(sizeOf(behind.slice(few.length)) <= room && sizeOf(behind.slice(few.length)) > room - txFieldSize(others[0]!.length), "others end where the tenth begins");
    });

    it("ABCI-9 the share is a tenth of the bytes that CometBFT allows, rounded down, and one with any other message has none of it", () => {
      const [one, urgent] = [other(), reveal()];
      const size = txFieldSize(one.length);
      const least = [...Array(4 * size).keys()].find((limit) => limit - Math.floor(limit / 10) >= size)!;
      assert.deepEqual([proposed([one], least - 1), proposed([one], least)], [[], [one]]);
      assert.deepEqual(proposed([urgent], txFieldSize(urgent.length)), [urgent], "a reveal may have every byte");
      const mixed = chain.sign(ann, [anyOf(MsgRevealSalt, { consumer: ann.text, jobId: 1n, salt: new Uint8Array(32) }), send(ann, ben, 1)]);
      assert.deepEqual(proposed([mixed], txFieldSize(mixed.length)), []);
    });
  });

  it("ABCI-10 accepts what it proposes itself and refuses bytes that are no transaction", () => {
    const block = { height: 1n, timeNanos: 1_700_000_000_000_000_000n, proposer: new Uint8Array(20), lastCommit: undefined, misbehavior: [] };
    const txs = chain.machine.prepareProposal(block, [Uint8Array.of(9), chain.sign(ann, [send(ann, ben, 1)])], 10_000);
    assert.equal(txs.length, 1, "undecodable bytes are left out");
    assert.equal(chain.machine.processProposal({ ...block, txs }), undefined);
    assert.match(chain.machine.processProposal({ ...block, txs: [Uint8Array.of(9)] })!, /transaction 0 does not decode/);
  });

  it("refuses a system message from the mempool and from anywhere but a block's front", () => {
    const reveal = chain.sign(ann, [anyOf(MsgBeaconReveal, MsgBeaconReveal.fromPartial({ height: 1n, signature: new Uint8Array(96).fill(1) }))]);
    assert.equal(chain.machine.checkTx(reveal, false).code, 4);
    assert.equal(chain.block([chain.sign(ann, [send(ann, ben, 1)]), reveal]).txResults[1]!.code, 4);
  });

  it("simulates with no more gas than a block has: what could never run costs the node no more than what can", async () => {
    const block = { maxBytes: 4_194_304n, maxGas: 100_000n };
    const bounded = await TestChain.start({ appState, consensusParams: { block, evidence: undefined, validator: undefined, version: undefined, abci: undefined, authority: undefined } });
    const simulated = (count: number): number => bounded.machine.simulate(bounded.sign(ann, Array.from({ length: count }, () => send(ann, ben, 1)), { sequence: 0n, gas: 100_000n })).code;
    assert.deepEqual([simulated(1), simulated(100)], [0, 11]);
    await bounded.stop();
  });

  it("simulates without keeping anything", () => {
    const result = chain.machine.simulate(chain.sign(ann, [send(ann, ben, 1)]));
    assert.equal(result.code, 0, result.log);
    assert.ok(result.gasUsed > 10_000n && result.gasUsed < 100_000n, `a send uses ${result.gasUsed} gas`);
    assert.equal(balance(ben), 1_000_000n);
  });
});

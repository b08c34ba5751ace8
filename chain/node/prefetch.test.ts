import assert from "node:assert/strict";
import { anyOf, testAccount } from "../../test/support/accounts.ts";
import { TestChain, testDenom } from "../../test/support/chain.ts";
import { MsgSend } from "../codec/gen/cosmos/bank/v1beta1/tx.ts";
import { prefetcher } from "./prefetch.ts";

const people = Array.from({ length: 4 }, (_, i) => testAccount(`prefetch ${i}`));
const appState = {
  auth: { accounts: people.map(({ text }) => ({ "@type": "/cosmos.auth.v1beta1.BaseAccount", address: text })) },
  bank: { balances: people.map(({ text }) => ({ address: text, coins: [{ denom: testDenom, amount: "1000000" }] })) },
};

describe("signatures verified ahead of a block", () => {
  it("ANTE-13 ABCI-12 the results are those of a chain that verified them one by one, forged ones included", async () => {
    const [ahead, plain] = [await TestChain.start({ appState }), await TestChain.start({ appState })];
    const prefetch = prefetcher(ahead.machine, 1);
    const txs = Array.from({ length: 160 }, (_, i) => {
      const tx = ahead.sign(people[i % 4]!, [anyOf(MsgSend, { fromAddress: people[i % 4]!.text, toAddress: people[(i + 1) % 4]!.text, amount: [{ denom: testDenom, amount: "1" }] })]);
      // The signature stands at the end.
      if (i % 40 === 7) tx[tx.length - 1]! ^= 1;
      return tx;
    });
    assert.equal(ahead.machine.unverified(txs).length, 160);
    await prefetch(txs);
    assert.equal(ahead.machine.unverified(txs).length, 4, "forged signatures stay unverified");
    const results = ahead.block(txs);
    assert.deepEqual(results, plain.block(txs));
    assert.ok(results.txResults.some(({ code }) => code === 4));
    assert.ok(results.txResults.filter(({ code }) => code === 0).length >= 4 * 7);
    await prefetch.close();
    await Promise.all([ahead.stop(), plain.stop()]);
  });
});

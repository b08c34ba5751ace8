/** Events as indexers, explorers and wallets read them: which, in what order, with which attributes. */
import assert from "node:assert/strict";
import { coins } from "@cosmjs/stargate";
import { connectComet } from "@cosmjs/tendermint-rpc";
import { sha256 } from "@cosmjs/crypto";
import { toBech32, toUtf8 } from "@cosmjs/encoding";
import { TxRaw } from "cosmjs-types/cosmos/tx/v1beta1/tx";
import { describe, it } from "mocha";
import { addressOf, chainId, denom, prefix, useChain } from "./chain.ts";

type Pairs = readonly (readonly [key: string, value: string])[];

describe("the events of a transaction", function () {
  this.timeout(60_000);
  const chain = useChain();

  it("are those of the Cosmos SDK, in its order", async () => {
    const client = await chain().client("sybil");
    const [sybil, trent] = [await addressOf("sybil"), await addressOf("trent")];
    const feeCollector = toBech32(prefix, sha256(toUtf8("fee_collector")).slice(0, 20));
    const send = (amount: number): { typeUrl: string; value: object } => ({ typeUrl: "/cosmos.bank.v1beta1.MsgSend", value: { fromAddress: sybil, toAddress: trent, amount: coins(amount, denom) } });
    const { accountNumber, sequence } = await client.getSequence(sybil);
    const tx = await client.sign(sybil, [send(3), send(4)], { amount: coins(700, denom), gas: "250000" }, "", { accountNumber, sequence, chainId });
    const { height, events, txIndex } = await client.broadcastTx(TxRaw.encode(tx).finish(), 30_000, 100);
    const moved = (from: string, to: string, amount: string): [string, Pairs][] => [
      ["coin_spent", [["spender", from], ["amount", amount]]],
      ["coin_received", [["receiver", to], ["amount", amount]]],
      ["transfer", [["recipient", to], ["sender", from], ["amount", amount]]],
      ["message", [["sender", from]]],
    ];
    const message = (index: number, amount: string): [string, Pairs][] => [
      ["message", [["action", "/cosmos.bank.v1beta1.MsgSend"], ["sender", sybil], ["module", "bank"]] satisfies Pairs] as [string, Pairs],
      ...moved(sybil, trent, amount),
    ].map(([type, pairs]): [string, Pairs] => [type, [...pairs, ["msg_index", String(index)]]]);
    const expected: [string, Pairs][] = [
      ...moved(sybil, feeCollector, "700udcm"),
      ["tx", [["fee", "700udcm"], ["fee_payer", sybil]]],
      ["tx", [["acc_seq", `${sybil}/${sequence}`]]],
      ["tx", [["signature", Buffer.from(tx.signatures[0]!).toString("base64")]]],
      ...message(0, "3udcm"),
      ...message(1, "4udcm"),
    ];
    assert.deepEqual(events.map(({ type, attributes }) => [type, attributes.map(({ key, value }) => [key, value])]), expected);

    // The same through block_results, where relayers and indexers look; every attribute is indexed.
    const comet = await connectComet(chain().rpc);
    const results = await comet.blockResults(height);
    assert.deepEqual(results.results[txIndex]!.events.map(({ type }) => type), expected.map(([type]) => type));
    const { result } = (await (await fetch(`${chain().rpc}/block_results?height=${height}`)).json()) as {
      result: { txs_results: { code: number; log: string; gas_wanted: string; codespace: string; events: { attributes: { key: string; value: string; index: boolean }[] }[] }[]; finalize_block_events: null | { type: string; attributes: { key: string; value: string }[] }[] };
    };
    const raw = result.txs_results[txIndex]!;
    assert.deepEqual([raw.code, raw.log, raw.gas_wanted, raw.codespace], [0, "", "250000", ""]);
    assert.ok(raw.events.every(({ attributes }) => attributes.every(({ index }) => index)));
    for (const { attributes } of result.finalize_block_events ?? []) assert.match(attributes.find(({ key }) => key === "mode")?.value ?? "", /^(BeginBlock|EndBlock)$/);
    comet.disconnect();
  });
});

/** What Keplr checks before it takes a suggested chain. */
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { Comet38Client } from "@cosmjs/tendermint-rpc";
import { fromBech32 } from "@cosmjs/encoding";
import { keplrChainInfo } from "../../../client/keplr.ts";
import { addressOf, chainId, denom, useChain } from "./chain.ts";

describe("a chain that is suggested to Keplr", function () {
  this.timeout(60_000);
  const chain = useChain();

  it("has the id that its endpoints say, and takes web pages on both", async () => {
    const info = keplrChainInfo({ chainId, rpc: chain().rpc, rest: chain().rest });
    const status = (await (await fetch(`${info.rpc}/status`)).json()) as { result: { node_info: { network: string } } };
    const node = (await (await fetch(`${info.rest}/cosmos/base/tendermint/v1beta1/node_info`)).json()) as { default_node_info: { network: string } };
    assert.deepEqual([status.result.node_info.network, node.default_node_info.network], [info.chainId, info.chainId]);
    assert.equal((await fetch(`${info.rest}/cosmos/base/tendermint/v1beta1/node_info`, { headers: { origin: "https://wallet.example" } })).headers.get("access-control-allow-origin"), "*");
    assert.equal(fromBech32(await addressOf("alice")).prefix, info.bech32Config.bech32PrefixAccAddr);
    assert.equal(info.stakeCurrency.coinMinimalDenom, denom);
    const prefix = (await (await fetch(`${info.rest}/cosmos/auth/v1beta1/bech32`)).json()) as { bech32_prefix: string };
    assert.equal(prefix.bech32_prefix, info.bech32Config.bech32PrefixAccAddr);
  });

  it("tells of its blocks and transactions over a WebSocket", async () => {
    const client = await chain().client("doris");
    const doris = await addressOf("doris");
    const comet = await Comet38Client.connect(chain().rpc.replace("http", "ws"));
    try {
      const heights: number[] = [];
      const seen: string[] = [];
      const faults: unknown[] = [];
      comet.subscribeTx(`message.sender='${doris}'`).subscribe({ next: ({ hash }) => seen.push(Buffer.from(hash).toString("hex").toUpperCase()), error: (error) => faults.push(error) });
      comet.subscribeNewBlock().subscribe({ next: ({ header }) => heights.push(header.height), error: (error) => faults.push(error) });
      await chain().wait(1);
      const { transactionHash } = await client.sendTokens(doris, doris, [{ denom, amount: "1" }], "auto");
      for (let i = 0; i < 20 && (seen.length === 0 || heights.length < 2); i++) await chain().wait(1);
      assert.deepEqual([seen, faults], [[transactionHash], []]);
      assert.ok(heights.length >= 2 && heights.every((height, i) => i === 0 || height === heights[i - 1]! + 1), String(heights));
    } finally {
      comet.disconnect();
    }
  });
});

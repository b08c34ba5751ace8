/** What Keplr checks before it takes a suggested chain. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "mocha";
import { fromBech32 } from "@cosmjs/encoding";
import { keplrChainInfo } from "../../../client/keplr.ts";
import { addressOf, chainId, denom, useChain } from "./chain.ts";

/** What CometBFT sends over a subscription; its first answer has no data. */
interface Told {
  readonly error?: unknown;
  readonly result?: { readonly data?: { readonly type: string; readonly value: { readonly block?: { readonly header: { readonly height: string } } } }; readonly events: Readonly<Record<string, readonly string[]>> };
}

describe("a chain that is suggested to Keplr", function () {
  this.timeout(60_000);
  const chain = useChain();

  it("has the id that its endpoints say, and takes web pages on both", async () => {
    const info = keplrChainInfo({ chainId, rpc: chain().rpc, rest: chain().rest });
    const status = (await (await fetch(`${info.rpc}/status`)).json()) as { result: { node_info: { network: string } } };
    const node = (await (await fetch(`${info.rest}/cosmos/base/tendermint/v1beta1/node_info`)).json()) as { default_node_info: { network: string } };
    assert.deepEqual([status.result.node_info.network, node.default_node_info.network], [info.chainId, info.chainId]);
    const origin = "https://wallet.example";
    for (const url of [`${info.rpc}/status`, `${info.rest}/cosmos/base/tendermint/v1beta1/node_info`]) {
      assert.equal((await fetch(url, { headers: { origin } })).headers.get("access-control-allow-origin"), "*", url);
    }
    // What a browser asks before it posts JSON to another origin: JSON-RPC, and transactions over REST.
    for (const url of [info.rpc, `${info.rest}/cosmos/tx/v1beta1/txs`]) {
      const { ok, headers } = await fetch(url, { method: "OPTIONS", headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": "content-type" } });
      assert.deepEqual([ok, headers.get("access-control-allow-origin"), /POST/.test(headers.get("access-control-allow-methods") ?? ""), /content-type/i.test(headers.get("access-control-allow-headers") ?? "")], [true, "*", true, true], url);
    }
    assert.equal(fromBech32(await addressOf("alice")).prefix, info.bech32Config.bech32PrefixAccAddr);
    assert.equal(info.stakeCurrency.coinMinimalDenom, denom);
    const prefix = (await (await fetch(`${info.rest}/cosmos/auth/v1beta1/bech32`)).json()) as { bech32_prefix: string };
    assert.equal(prefix.bech32_prefix, info.bech32Config.bech32PrefixAccAddr);
  });

  it("tells of its blocks and transactions over a WebSocket", async () => {
    const client = await chain().client("doris");
    const doris = await addressOf("doris");
    const socket = new WebSocket(`${chain().rpc.replace("http", "ws")}/websocket`);
    try {
      const heights: number[] = [];
      const seen: string[] = [];
      const faults: unknown[] = [];
      socket.addEventListener("message", ({ data }) => {
        const { result, error } = JSON.parse(String(data)) as Told;
        if (error !== undefined) faults.push(error);
        if (result?.data?.type === "tendermint/event/Tx") seen.push(...result.events["tx.hash"]!);
        else if (result?.data !== undefined) heights.push(Number(result.data.value.block!.header.height));
      });
      await once(socket, "open");
      for (const [id, query] of ["tm.event='NewBlock'", `tm.event='Tx' AND message.sender='${doris}'`].entries()) socket.send(JSON.stringify({ jsonrpc: "2.0", id, method: "subscribe", params: { query } }));
      await chain().wait(1);
      const { transactionHash } = await client.sendTokens(doris, doris, [{ denom, amount: "1" }], "auto");
      for (let i = 0; i < 20 && (seen.length === 0 || heights.length < 2); i++) await chain().wait(1);
      assert.deepEqual([seen, faults], [[transactionHash], []]);
      assert.ok(heights.length >= 2 && heights.every((height, i) => i === 0 || height === heights[i - 1]! + 1), String(heights));
    } finally {
      socket.close();
    }
  });
});

import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import type { Sender } from "../client/sender.ts";
import { type Faucet, startFaucet } from "./faucet.ts";
import { testAccount } from "../test/support/accounts.ts";

const alice = testAccount("alice").text;
const holder = testAccount("holder").text;

describe("the faucet", () => {
  let faucet: Faucet | undefined;
  afterEach(() => faucet?.close());

  /** Starts one; gives the messages that it sends. */
  async function start(send: () => Promise<unknown> = () => Promise.resolve({ txHash: "AB", height: 7 }), cooldownMs = 60_000): Promise<unknown[]> {
    const sent: unknown[] = [];
    const sender = { address: holder, send: (message: unknown) => (sent.push(message), send()) } as unknown as Sender;
    faucet = await startFaucet({ sender, chainId: "dcm-localnet-1", coin: { denom: "udcm", amount: 5n }, port: 0, cooldownMs });
    return sent;
  }
  async function ask(method: string, path: string, body?: string): Promise<[number, unknown]> {
    const response = await fetch(`${faucet!.url}${path}`, { method, ...(body === undefined ? {} : { body }) });
    return [response.status, JSON.parse(await response.text() || "{}")];
  }
  const credit = (address: string): Promise<[number, unknown]> => ask("POST", "/credit", JSON.stringify({ address }));

  it("is refused to every chain that is no localnet, before it listens", async () => {
    for (const chainId of ["dcm-1", "dcm-local", "dcm-testnet-2", ""]) {
      await assert.rejects(startFaucet({ sender: {} as Sender, chainId, coin: { denom: "udcm", amount: 5n }, port: 0, cooldownMs: 0 }), new Error(`a faucet serves localnets only; ${chainId} is none`));
    }
  });

  it("sends to who asks, once in a while, and says what it has", async () => {
    const sent = await start();
    assert.match(faucet!.url, /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.deepEqual(await ask("GET", "/status"), [200, { chainId: "dcm-localnet-1", holder, coin: { denom: "udcm", amount: "5" } }]);
    assert.deepEqual(await credit(alice), [200, { txHash: "AB", height: 7, amount: { denom: "udcm", amount: "5" } }]);
    assert.deepEqual(await credit(alice), [429, { error: `${alice} had coins already; again in 60 s` }]);
    assert.equal((await credit(testAccount("bob").text))[0], 200);
    assert.equal(sent.length, 2);
    assert.deepEqual(sent[0], { typeUrl: "/cosmos.bank.v1beta1.MsgSend", value: { fromAddress: holder, toAddress: alice, amount: [{ denom: "udcm", amount: "5" }] } });
  });

  it("says what it does not understand, and sends nothing then", async () => {
    const sent = await start();
    for (const body of ["", "{", "null", "{}", '{"address":5}', '{"address":"cosmos1x"}', `{"address":"${alice}x"}`]) {
      assert.deepEqual(await ask("POST", "/credit", body), [400, { error: 'the body is {"address": "dcm1..."} with a valid account address' }], body);
    }
    for (const [method, path] of [["GET", "/credit"], ["POST", "/"], ["DELETE", "/credit"]] as const) assert.equal((await ask(method, path))[0], 404);
    assert.equal((await fetch(`${faucet!.url}/credit`, { method: "OPTIONS" })).headers.get("access-control-allow-origin"), "*");
    assert.deepEqual(sent, []);
  });

  it("takes small requests only", async () => {
    const sent = await start();
    const [status] = await ask("POST", "/credit", JSON.stringify({ address: alice, more: "x".repeat(1_024) })).catch((): [number, unknown] => [413, {}]);
    assert.deepEqual([status, sent], [413, []]);
  });

  it("does not count what the chain did not take", async () => {
    await start(() => Promise.reject(new Error("out of coins")));
    const refused = [502, { error: "the chain did not take the transaction: out of coins" }];
    assert.deepEqual(await credit(alice), refused);
    assert.deepEqual(await credit(alice), refused);
  });
});

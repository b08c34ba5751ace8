/** The REST paths that Keplr, Leap and explorers call, in gRPC-gateway's shapes. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { coins } from "@cosmjs/stargate";
import { TxRaw } from "cosmjs-types/cosmos/tx/v1beta1/tx";
import { before, describe, it } from "mocha";
import { addressOf, chainId, denom, funds, people, tokenFunds, useChain } from "./chain.ts";

interface Answer<T> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}

describe("REST, as wallets and explorers use it", function () {
  this.timeout(60_000);
  const chain = useChain();
  let frank: string;
  let sent: { transactionHash: string; height: number };
  let next: string;

  async function get<T = Record<string, unknown>>(path: string, init?: RequestInit): Promise<Answer<T>> {
    const response = await fetch(`${chain().rest}${path}`, init);
    assert.match(response.headers.get("content-type") ?? "", /^application\/json/, path);
    return { status: response.status, headers: response.headers, body: (await response.json()) as T };
  }
  const post = <T>(path: string, body: unknown): Promise<Answer<T>> => get<T>(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

  before(async () => {
    frank = await addressOf("frank");
    const client = await chain().client("frank");
    sent = await client.sendTokens(frank, await addressOf(150), coins(9, denom), { amount: coins(500, denom), gas: "200000" }, "by REST");
    const { accountNumber, sequence } = await client.getSequence(frank);
    const tx = await client.sign(frank, [{ typeUrl: "/cosmos.bank.v1beta1.MsgSend", value: { fromAddress: frank, toAddress: frank, amount: coins(1, denom) } }], { amount: coins(500, denom), gas: "200000" }, "", { accountNumber, sequence, chainId });
    next = Buffer.from(TxRaw.encode(tx).finish()).toString("base64");
  });

  it("accounts and balances", async () => {
    const { body } = await get<{ account: Record<string, unknown> }>(`/cosmos/auth/v1beta1/accounts/${frank}`);
    assert.deepEqual(Object.keys(body.account), ["@type", "address", "pub_key", "account_number", "sequence"]);
    assert.deepEqual([body.account["@type"], body.account.address, body.account.sequence], ["/cosmos.auth.v1beta1.BaseAccount", frank, "1"]);
    assert.deepEqual(Object.keys(body.account.pub_key as object), ["@type", "key"]);
    const balances = [{ denom: "token", amount: String(tokenFunds) }, { denom, amount: String(funds - 509n) }];
    // As in the SDK, a limit without count_total leaves the total at 0.
    for (const [path, total] of [[`/cosmos/bank/v1beta1/balances/${frank}?pagination.limit=1000`, "0"], [`/cosmos/bank/v1beta1/balances/${frank}`, "2"], [`/cosmos/bank/v1beta1/spendable_balances/${frank}`, "2"]] as const) {
      assert.deepEqual((await get(path)).body, { balances, pagination: { next_key: null, total } }, path);
    }
    assert.deepEqual((await get(`/cosmos/bank/v1beta1/balances/${frank}/by_denom?denom=${denom}`)).body, { balance: balances[1] });
    assert.deepEqual((await get(`/cosmos/bank/v1beta1/supply/by_denom?denom=token`)).body, { amount: { denom: "token", amount: String(tokenFunds * BigInt(people.length)) } });
  });

  it("pages, by limit, key, offset, from the end", async () => {
    type Page = { denom_owners: { address: string }[]; pagination: { next_key: string | null; total: string } };
    const owners = async (query: string): Promise<Page> => (await get<Page>(`/cosmos/bank/v1beta1/denom_owners/token?${query}`)).body;
    const all = await owners("pagination.count_total=true");
    assert.equal(all.pagination.total, String(people.length));
    const first = await owners("pagination.limit=10");
    assert.equal(first.denom_owners.length, 10);
    const second = await owners(`pagination.limit=10&pagination.key=${encodeURIComponent(first.pagination.next_key!)}`);
    assert.deepEqual([...first.denom_owners, ...second.denom_owners], all.denom_owners.slice(0, 20));
    assert.deepEqual((await owners("pagination.offset=5&pagination.limit=2")).denom_owners, all.denom_owners.slice(5, 7));
    assert.deepEqual((await owners("pagination.reverse=true&pagination.limit=1")).denom_owners, all.denom_owners.slice(-1));
    assert.equal((await get("/cosmos/bank/v1beta1/denom_owners/token?pagination.limit=x")).status, 400);
  });

  it("legacy transactions to binary amino and back, as the SDK encodes them", async () => {
    const { encode, decode } = JSON.parse(readFileSync(new URL("../../vectors/stdtx/stdtx.json", import.meta.url), "utf8")) as Record<"encode" | "decode", [input: string, output: string | null, refusal: string | null][]>;
    for (const [amino_json, amino_binary, refusal] of encode.slice(0, 60)) {
      const { status, body } = await post<{ amino_binary?: string; code?: number }>("/cosmos/tx/v1beta1/encode/amino", { amino_json });
      if (refusal === null) assert.deepEqual([status, body], [200, { amino_binary }], amino_json);
      else assert.deepEqual([status, body.code], amino_json === "" ? [400, 3] : [500, 2], amino_json);
    }
    for (const [amino_binary, amino_json, refusal] of [...decode.slice(0, 30), ["", null, "empty"] as const, ["KCgWqQ8=", null, "cut short"] as const]) {
      const { status, body } = await post<{ amino_json?: string; code?: number }>("/cosmos/tx/v1beta1/decode/amino", { amino_binary });
      if (refusal === null) assert.deepEqual([status, body], [200, { amino_json }], amino_binary);
      else assert.deepEqual([status, body.code], amino_binary === "" ? [400, 3] : [500, 2], amino_binary);
    }
    const ask = { type: "dcm/market/MsgCancelAsk", value: { provider: frank, ask_id: "7" } };
    const tx = { type: "cosmos-sdk/StdTx", value: { msg: [ask], fee: { amount: coins(5, denom), gas: "200000" }, signatures: [], memo: "of this chain", timeout_height: "0" } };
    const own = await post<{ amino_binary: string }>("/cosmos/tx/v1beta1/encode/amino", { amino_json: JSON.stringify(tx) });
    const back = await post<{ amino_json: string }>("/cosmos/tx/v1beta1/decode/amino", own.body);
    assert.deepEqual(JSON.parse(back.body.amino_json), { ...tx, value: { ...tx.value, signatures: null } });
  });

  it("node, blocks and validator sets", async () => {
    const info = (await get<{ default_node_info: { network: string }; application_version: Record<string, unknown> }>("/cosmos/base/tendermint/v1beta1/node_info")).body;
    assert.equal(info.default_node_info.network, chainId);
    assert.deepEqual(Object.keys(info.application_version), ["name", "app_name", "version", "git_commit", "build_tags", "go_version", "build_deps", "cosmos_sdk_version"]);
    assert.deepEqual((await get("/cosmos/base/tendermint/v1beta1/syncing")).body, { syncing: false });
    const block = (await get<{ block_id: { hash: string }; block: { header: Record<string, unknown>; data: { txs: string[] } }; sdk_block: object }>(`/cosmos/base/tendermint/v1beta1/blocks/${sent.height}`)).body;
    assert.equal(block.block.header.height, String(sent.height));
    assert.match(block.block.header.time as string, /^\d{4}-\d\d-\d\dT[\d:]{8}(\.\d+)?Z$/);
    assert.equal(Buffer.from(block.block_id.hash, "base64").length, 32);
    assert.ok(block.block.data.txs.length >= 1);
    assert.equal((await get<{ block: { header: { chain_id: string } } }>("/cosmos/base/tendermint/v1beta1/blocks/latest")).body.block.header.chain_id, chainId);
    for (const at of ["latest", String(sent.height)]) {
      const { validators } = (await get<{ validators: { address: string; pub_key: { "@type": string; key: string }; voting_power: string; proposer_priority: string }[] }>(`/cosmos/base/tendermint/v1beta1/validatorsets/${at}`)).body;
      assert.deepEqual([validators.length, validators[0]!.pub_key["@type"]], [1, "/cosmos.crypto.ed25519.PubKey"]);
      assert.match(validators[0]!.address, /^dcmvalcons1/);
    }
  });

  it("validators and parameters", async () => {
    const { validators } = (await get<{ validators: { operator_address: string; consensus_pubkey: { "@type": string }; jailed: boolean; status: string; tokens: string; commission: { commission_rates: { rate: string } } }[] }>("/cosmos/staking/v1beta1/validators?status=BOND_STATUS_BONDED")).body;
    const [validator] = validators;
    assert.deepEqual([validators.length, validator!.status, validator!.jailed, validator!.consensus_pubkey["@type"]], [1, "BOND_STATUS_BONDED", false, "/cosmos.crypto.ed25519.PubKey"]);
    assert.match(validator!.commission.commission_rates.rate, /^0\.\d{18}$/);
    assert.equal((await get<{ pool: { bonded_tokens: string } }>("/cosmos/staking/v1beta1/pool")).body.pool.bonded_tokens, validator!.tokens);
    for (const [path, field] of [["auth/v1beta1", "max_memo_characters"], ["bank/v1beta1", "default_send_enabled"], ["staking/v1beta1", "bond_denom"], ["consensus/v1", "block"]] as const) {
      const { status, body } = await get<{ params: object }>(`/cosmos/${path}/params`);
      assert.ok(status === 200 && field in body.params, `${path}: ${JSON.stringify(body)}`);
    }
  });

  it("transactions by hash, by query, by block", async () => {
    type Tx = { tx: { "@type"?: string; body: { memo: string; messages: { "@type": string }[] } }; tx_response: Record<string, unknown> };
    const { body } = await get<Tx>(`/cosmos/tx/v1beta1/txs/${sent.transactionHash}`);
    assert.deepEqual([body.tx.body.memo, body.tx.body.messages[0]?.["@type"]], ["by REST", "/cosmos.bank.v1beta1.MsgSend"]);
    assert.deepEqual(Object.keys(body.tx_response), ["height", "txhash", "codespace", "code", "data", "raw_log", "logs", "info", "gas_wanted", "gas_used", "tx", "timestamp", "events"]);
    assert.deepEqual([body.tx_response.txhash, body.tx_response.code, body.tx_response.raw_log, body.tx_response.logs, body.tx_response.gas_wanted], [sent.transactionHash, 0, "", [], "200000"]);
    assert.equal((body.tx_response.tx as { "@type": string })["@type"], "/cosmos.tx.v1beta1.Tx");
    assert.match(body.tx_response.data as string, /^[0-9A-F]+$/);
    // Both names of the parameter: `query` of 0.50, `events` of before.
    for (const name of ["query", "events"]) {
      const found = await get<{ tx_responses: { txhash: string }[]; total: string }>(`/cosmos/tx/v1beta1/txs?${name}=${encodeURIComponent(`message.sender='${frank}'`)}&pagination.limit=5&order_by=ORDER_BY_DESC`);
      assert.deepEqual([found.status, found.body.tx_responses.map(({ txhash }) => txhash)], [200, [sent.transactionHash]], name);
    }
    const inBlock = (await get<{ txs: Tx["tx"][]; block: { header: { height: string } } }>(`/cosmos/tx/v1beta1/txs/block/${sent.height}`)).body;
    assert.ok(inBlock.txs.some(({ body: { memo } }) => memo === "by REST"));
  });

  it("answers at a height, and says at which", async () => {
    const past = await get<{ balances: object[] }>(`/cosmos/bank/v1beta1/balances/${frank}`, { headers: { "x-cosmos-block-height": String(sent.height - 1) } });
    assert.equal(past.headers.get("x-cosmos-block-height"), String(sent.height - 1));
    assert.deepEqual(past.body.balances[1], { denom, amount: String(funds) });
    const now = await get("/cosmos/bank/v1beta1/params");
    assert.ok(Number(now.headers.get("grpc-metadata-x-cosmos-block-height") ?? now.headers.get("x-cosmos-block-height")) >= sent.height);
  });

  it("takes a transaction of the mempool's size to its checks, as RPC does, and a larger one to CometBFT's words", async () => {
    const broadcast = async (bytes: number): Promise<{ codespace: string; code: number }> => {
      const { status, body } = await post<{ tx_response: { codespace: string; code: number } }>("/cosmos/tx/v1beta1/txs", { tx_bytes: Buffer.alloc(bytes, 1).toString("base64"), mode: "BROADCAST_MODE_SYNC" });
      assert.equal(status, 200);
      return { codespace: body.tx_response.codespace, code: body.tx_response.code };
    };
    assert.deepEqual(await broadcast(1_048_576), { codespace: "sdk", code: 2 });
    assert.deepEqual(await broadcast(1_048_577), { codespace: "sdk", code: 21 });
    assert.equal((await post("/cosmos/tx/v1beta1/txs", { tx_bytes: Buffer.alloc(1_500_000, 1).toString("base64") })).status, 413);
  });

  it("simulates and broadcasts", async () => {
    const simulated = await post<{ gas_info: { gas_used: string }; result: { events: object[]; msg_responses: { "@type": string }[] } }>("/cosmos/tx/v1beta1/simulate", { tx_bytes: next });
    assert.equal(simulated.status, 200);
    assert.ok(Number(simulated.body.gas_info.gas_used) > 20_000);
    const { body } = await post<{ tx_response: { code: number; txhash: string; raw_log: string; height: string } }>("/cosmos/tx/v1beta1/txs", { tx_bytes: next, mode: "BROADCAST_MODE_SYNC" });
    assert.deepEqual([body.tx_response.code, body.tx_response.height, body.tx_response.raw_log], [0, "0", ""]);
    while ((await get(`/cosmos/tx/v1beta1/txs/${body.tx_response.txhash}`)).status === 404) await chain().wait(1);
    const again = await post<{ tx_response: { code: number; codespace: string } }>("/cosmos/tx/v1beta1/txs", { tx_bytes: next, mode: "BROADCAST_MODE_SYNC" });
    assert.deepEqual([again.status, again.body.tx_response.codespace], [200, "sdk"]);
    assert.ok([19, 32].includes(again.body.tx_response.code));
  });

  it("refuses with gRPC's code, HTTP's status and a sentence", async () => {
    const cases: [path: string, status: number, code: number, message: RegExp][] = [
      [`/cosmos/auth/v1beta1/accounts/${await addressOf(151)}`, 404, 5, /^account dcm1\w+ not found$/],
      ["/cosmos/auth/v1beta1/accounts/xyz", 500, 2, /bech32/],
      ["/cosmos/bank/v1beta1/balances/cosmos1xyz", 400, 3, /^invalid address: /],
      [`/cosmos/tx/v1beta1/txs/${"00".repeat(32)}`, 404, 5, /^tx not found: (00){32}$/],
      ["/cosmos/tx/v1beta1/txs?query=", 500, 13, /^query cannot be empty$/],
      ["/cosmos/base/tendermint/v1beta1/blocks/99999999", 400, 3, /bigger then the chain length/],
      ["/cosmos/staking/v1beta1/validators/dcmvaloper1xyz", 500, 2, /bech32/],
      ["/ibc/core/client/v1/client_states", 501, 12, /^Not Implemented$/],
      ["/nothing", 501, 12, /^Not Implemented$/],
    ];
    for (const [path, status, code, message] of cases) {
      const answer = await get<{ code: number; message: string; details: unknown[] }>(path);
      assert.deepEqual([answer.status, answer.body.code, answer.body.details], [status, code, []], `${path}: ${JSON.stringify(answer.body)}`);
      assert.match(answer.body.message, message);
    }
  });

  it("lets web wallets in", async () => {
    const response = await fetch(`${chain().rest}/cosmos/tx/v1beta1/simulate`, { method: "OPTIONS", headers: { origin: "https://wallet.example", "access-control-request-method": "POST", "access-control-request-headers": "content-type" } });
    assert.equal(response.status, 204);
    assert.match(response.headers.get("access-control-allow-origin") ?? "", /^(\*|https:\/\/wallet\.example)$/);
    assert.match(response.headers.get("access-control-allow-methods") ?? "", /POST/);
    assert.match(response.headers.get("access-control-allow-headers") ?? "", /content-type|\*/i);
    const answer = await fetch(`${chain().rest}/cosmos/bank/v1beta1/params`, { headers: { origin: "https://wallet.example" } });
    assert.match(answer.headers.get("access-control-allow-origin") ?? "", /^(\*|https:\/\/wallet\.example)$/);
  });
});

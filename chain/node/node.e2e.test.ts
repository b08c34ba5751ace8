/** One real node with its CometBFT: what it serves, to the clients that there are. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createRequire } from "node:module";
import { after, before, describe, it } from "mocha";
import { credentials, loadPackageDefinition, makeGenericClientConstructor, Metadata, type ServiceError } from "@grpc/grpc-js";
import { DirectSecp256k1Wallet } from "@cosmjs/proto-signing";
import { GasPrice, QueryClient, setupAuthExtension, setupBankExtension, setupTxExtension, SigningStargateClient } from "@cosmjs/stargate";
import { connectComet } from "@cosmjs/tendermint-rpc";
import { anyOf, signedTx, testAccount } from "../../test/support/accounts.ts";
import { obtainCometBFT } from "../../localnet/comet/obtain.ts";
import { addressText, pubkeyAddress } from "../codec/address.ts";
import { MsgSend } from "../codec/gen/cosmos/bank/v1beta1/tx.ts";
import { QueryBalanceRequest, QueryBalanceResponse } from "../codec/gen/cosmos/bank/v1beta1/query.ts";
import { GetTxRequest, GetTxResponse } from "../codec/gen/cosmos/tx/v1beta1/service.ts";
import { GetLatestBlockResponse } from "../codec/gen/cosmos/base/tendermint/v1beta1/query.ts";
import { dcmd, freePorts, startNode, type Ports, type RunningNode } from "./testing.ts";

const alice = testAccount("alice");
const bob = testAccount("bob");
const chainId = "dcm-e2e-1";

const codeOf = ({ codespace, code }: { codespace: string; code: number }): [string, number] => [codespace, code];

describe("a real node", function () {
  this.timeout(120_000);
  let folder: string;
  let ports: Ports;
  let node: RunningNode;
  let sent: { transactionHash: string; height: number };
  const rest = (path: string, init?: RequestInit): Promise<Response> => fetch(`http://${node.ready.api}${path}`, init);
  const json = async <T>(path: string, init?: RequestInit): Promise<T> => (await (await rest(path, init)).json()) as T;
  const height = async (): Promise<number> => Number((await json<{ height: string }>("/cosmos/base/node/v1beta1/status")).height);
  const start = async (): Promise<RunningNode> => startNode(folder, ports, ["--comet", (await obtainCometBFT()).path]);

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "dcm-node-"));
    const home = ["--home", folder];
    const test = ["--keyring-backend", "test", ...home];
    const ok = async (...argv: string[]): Promise<void> => {
      const { code, err } = await dcmd(argv);
      assert.equal(code, 0, `${argv.join(" ")}: ${err}`);
    };
    await ok("init", "e2e", "--chain-id", chainId, ...home);
    await ok("keys", "add", "op", ...test);
    await ok("genesis", "add-genesis-account", "op", "1000000000000udcm", ...test);
    await ok("genesis", "add-genesis-account", alice.text, "1000000000udcm", ...home);
    await ok("genesis", "gentx", "op", "500000000000udcm", ...test);
    await ok("genesis", "collect-gentxs", ...home);
    await ok("config", "set", "config", "consensus.timeout_commit", "200ms", ...home);
    await ok("config", "set", "app", "api.cors-allowed-origins", '["https://wallet.example"]', ...home);
    const [rpc, p2p, api, grpc, metrics] = await freePorts(5);
    ports = { rpc: rpc!, p2p: p2p!, api: api!, grpc: grpc!, metrics: metrics! };
    node = await start();
  });
  after(async () => {
    await node?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it("takes a transfer from a stock CosmJS wallet, and shows it to stock CosmJS queries", async () => {
    const wallet = await DirectSecp256k1Wallet.fromKey(alice.secret, "dcm");
    const client = await SigningStargateClient.connectWithSigner(node.ready.rpc, wallet, { gasPrice: GasPrice.fromString("0.002udcm"), broadcastPollIntervalMs: 100 });
    assert.equal(await client.getChainId(), chainId);
    const result = await client.sendTokens(alice.text, bob.text, [{ denom: "udcm", amount: "12345" }], 1.5, "hello");
    assert.equal(result.code, 0, result.rawLog);
    sent = result;
    assert.equal((await client.getBalance(bob.text, "udcm")).amount, "12345");
    const found = await client.getTx(result.transactionHash);
    assert.equal(found?.height, result.height);
    assert.equal((await client.searchTx(`transfer.recipient='${bob.text}'`)).length, 1);
    client.disconnect();
    const comet = await connectComet(node.ready.rpc);
    const query = QueryClient.withExtensions(comet, setupBankExtension, setupAuthExtension, setupTxExtension);
    assert.equal((await query.bank.totalSupply()).supply[0]?.denom, "udcm");
    assert.equal((await query.tx.getTx(result.transactionHash)).txResponse?.code, 0);
    await assert.rejects(query.tx.getTx("AB".repeat(32)), /tx not found/);
    const proven = await comet.abciQuery({ path: "/store/bank/key", data: Uint8Array.from([2, 20, ...bob.address, ...Buffer.from("udcm")]), prove: true });
    assert.equal(Buffer.from(proven.value).toString(), "12345");
    assert.deepEqual(proven.proof?.ops.map(({ type }) => type), ["ics23:iavl", "ics23:simple"]);
    comet.disconnect();
  });

  describe("through REST", () => {
    it("finds the transaction by hash and by event, with its block", async () => {
      const one = await json<{ tx_response: { txhash: string; code: number; height: string; timestamp: string }; tx: { body: { memo: string } } }>(`/cosmos/tx/v1beta1/txs/${sent.transactionHash}`);
      assert.equal(one.tx_response.txhash, sent.transactionHash);
      assert.equal(one.tx.body.memo, "hello");
      assert.match(one.tx_response.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      const query = encodeURIComponent(`message.sender='${alice.text}'`);
      const found = await json<{ txs: unknown[]; tx_responses: { txhash: string }[]; total: string }>(`/cosmos/tx/v1beta1/txs?query=${query}&order_by=ORDER_BY_DESC&limit=5`);
      assert.deepEqual([found.total, found.tx_responses[0]?.txhash, found.txs.length], ["1", sent.transactionHash, 1]);
      const block = await json<{ txs: unknown[]; block: { header: { height: string } }; pagination: { total: string } }>(`/cosmos/tx/v1beta1/txs/block/${sent.height}`);
      assert.equal(block.block.header.height, String(sent.height));
      assert.equal(block.pagination.total, String(block.txs.length));
    });

    it("says what it does not find, and why it refuses, with gRPC's codes and HTTP's statuses", async () => {
      const cases: [path: string, status: number, code: number, message: RegExp][] = [
        [`/cosmos/tx/v1beta1/txs/${"AB".repeat(32)}`, 404, 5, /^tx not found: /],
        [`/cosmos/auth/v1beta1/accounts/${testAccount("nobody").text}`, 404, 5, /^account dcm1\w+ not found$/],
        ["/cosmos/base/tendermint/v1beta1/blocks/999999", 400, 3, /bigger then the chain length/],
        ["/cosmos/base/tendermint/v1beta1/blocks/x", 400, 3, /height/],
        ["/cosmos/nothing/v1/here", 501, 12, /^Not Implemented$/],
        ["//", 501, 12, /^Not Implemented$/],
      ];
      for (const [path, status, code, message] of cases) {
        const response = await rest(path);
        const body = (await response.json()) as { code: number; message: string; details: unknown[] };
        assert.deepEqual([response.status, body.code, body.details], [status, code, []], path);
        assert.match(body.message, message);
      }
      assert.equal((await rest("/cosmos/bank/v1beta1/params", { method: "DELETE" })).status, 405);
    });

    it("answers at a height that is asked for, and says which", async () => {
      const before = await rest(`/cosmos/bank/v1beta1/balances/${bob.text}`, { headers: { "x-cosmos-block-height": String(sent.height - 1) } });
      assert.equal(before.headers.get("x-cosmos-block-height"), String(sent.height - 1));
      assert.deepEqual(((await before.json()) as { balances: unknown[] }).balances, []);
      assert.deepEqual((await json<{ balances: unknown[] }>(`/cosmos/bank/v1beta1/balances/${bob.text}`)).balances, [{ denom: "udcm", amount: "12345" }]);
      assert.equal((await rest("/cosmos/bank/v1beta1/supply", { headers: { "x-cosmos-block-height": "-5" } })).status, 400);
    });

    it("simulates and broadcasts, with the SDK's codes for what the mempool refuses", async () => {
      const { account } = await json<{ account: { account_number: string; sequence: string } }>(`/cosmos/auth/v1beta1/accounts/${alice.text}`);
      const send = anyOf(MsgSend, { fromAddress: alice.text, toAddress: alice.text, amount: [{ denom: "udcm", amount: "1" }] });
      const options = { chainId, accountNumber: BigInt(account.account_number), sequence: BigInt(account.sequence), messages: [send] };
      const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
      const post = <T>(path: string, body: object): Promise<T> => json<T>(path, { method: "POST", body: JSON.stringify(body) });
      const good = base64(signedTx(alice, { ...options, fee: { denom: "udcm", amount: 500n } }));
      const simulated = await post<{ gas_info: { gas_used: string }; result: { msg_responses: { "@type": string }[] } }>("/cosmos/tx/v1beta1/simulate", { tx_bytes: good });
      assert.ok(Number(simulated.gas_info.gas_used) > 10_000);
      assert.equal(simulated.result.msg_responses[0]?.["@type"], "/cosmos.bank.v1beta1.MsgSendResponse");
      const decoded = await post<{ tx: object }>("/cosmos/tx/v1beta1/decode", { tx_bytes: good });
      assert.equal((await post<{ tx_bytes: string }>("/cosmos/tx/v1beta1/encode", decoded)).tx_bytes, good);
      const broadcast = async (tx: string): Promise<{ code: number; codespace: string; txhash: string }> =>
        (await post<{ tx_response: { code: number; codespace: string; txhash: string } }>("/cosmos/tx/v1beta1/txs", { tx_bytes: tx, mode: "BROADCAST_MODE_SYNC" })).tx_response;
      assert.deepEqual(codeOf(await broadcast(base64(signedTx(alice, options)))), ["sdk", 13]);
      const first = await broadcast(good);
      assert.deepEqual(codeOf(first), ["", 0]);
      assert.deepEqual(codeOf(await broadcast(good)), ["sdk", 19]);
      assert.deepEqual(codeOf(await broadcast("AAECAw==")), ["sdk", 2]);
      for (let tries = 0; (await rest(`/cosmos/tx/v1beta1/txs/${first.txhash}`)).status !== 200; tries++) {
        assert.ok(tries < 100);
        await sleep(100);
      }
      const wrong = await rest("/cosmos/tx/v1beta1/simulate", { method: "POST", body: JSON.stringify({ tx_bytes: good }) });
      assert.equal(wrong.status, 500);
      assert.match(((await wrong.json()) as { message: string }).message, /incorrect account sequence.* with gas used: '\d+'$/);
    });

    it("shows node, blocks and validators", async () => {
      const info = await json<{ default_node_info: { network: string }; application_version: { app_name: string; cosmos_sdk_version: string } }>("/cosmos/base/tendermint/v1beta1/node_info");
      assert.deepEqual([info.default_node_info.network, info.application_version.app_name], [chainId, "dcmd"]);
      assert.equal((await json<{ syncing: boolean }>("/cosmos/base/tendermint/v1beta1/syncing")).syncing, false);
      const latest = await json<{ block: { header: { chain_id: string } }; sdk_block: { header: { proposer_address: string } } }>("/cosmos/base/tendermint/v1beta1/blocks/latest");
      assert.equal(latest.block.header.chain_id, chainId);
      assert.match(latest.sdk_block.header.proposer_address, /^dcmvalcons1/);
      const set = await json<{ validators: { voting_power: string }[]; pagination: { total: string } }>("/cosmos/base/tendermint/v1beta1/validatorsets/latest");
      assert.deepEqual([set.validators.length, set.pagination.total], [1, "1"]);
      assert.equal((await json<{ minimum_gas_price: string }>("/cosmos/base/node/v1beta1/config")).minimum_gas_price, "0.001000000000000000udcm");
    });

    it("lets web pages in from allowed origins only", async () => {
      const preflight = (origin: string): Promise<Response> => rest("/cosmos/bank/v1beta1/supply", { method: "OPTIONS", headers: { origin, "access-control-request-method": "GET" } });
      const allowed = await preflight("https://wallet.example");
      assert.deepEqual([allowed.status, allowed.headers.get("access-control-allow-origin")], [204, "https://wallet.example"]);
      const other = await preflight("https://evil.example");
      assert.deepEqual([other.status, other.headers.get("access-control-allow-origin")], [403, null]);
    });

    it("bounds what it reads, and gives an OpenAPI document of what it serves", async () => {
      assert.equal((await rest("/cosmos/tx/v1beta1/txs", { method: "POST", body: "x".repeat(1_500_001) })).status, 413);
      assert.equal((await rest("/cosmos/tx/v1beta1/txs", { method: "POST", body: "{" })).status, 400);
      const { paths } = await json<{ paths: Record<string, unknown> }>("/openapi.json");
      assert.ok("/cosmos/bank/v1beta1/balances/{address}" in paths);
      assert.equal((await rest("/openapi.json")).headers.get("x-content-type-options"), "nosniff");
    });
  });

  describe("through gRPC", () => {
    const bytes = (value: Buffer): Buffer => value;
    const call = (path: string, request: Uint8Array, at?: string): Promise<{ value: Buffer; header: Metadata }> =>
      new Promise((resolve, reject) => {
        const Client = makeGenericClientConstructor({ call: { path, requestStream: false, responseStream: false, requestSerialize: bytes, requestDeserialize: bytes, responseSerialize: bytes, responseDeserialize: bytes } }, "call");
        const client = new Client(node.ready.grpc, credentials.createInsecure());
        const metadata = new Metadata();
        if (at !== undefined) metadata.set("x-cosmos-block-height", at);
        let header = new Metadata();
        const done = (error: ServiceError | null, value?: Buffer): void => {
          client.close();
          if (error === null) resolve({ value: value!, header });
          else reject(error);
        };
        const unary = (client as unknown as { call(r: Buffer, m: Metadata, d: typeof done): { on(e: "metadata", f: (m: Metadata) => void): void } }).call(Buffer.from(request), metadata, done);
        unary.on("metadata", (received) => (header = received));
      });

    it("answers modules and node services, at a height too", async () => {
      const request = QueryBalanceRequest.encode({ address: bob.text, denom: "udcm" }).finish();
      const { value, header } = await call("/cosmos.bank.v1beta1.Query/Balance", request);
      assert.equal(QueryBalanceResponse.decode(value).balance?.amount, "12345");
      assert.match(header.get("x-cosmos-block-height")[0]!.toString(), /^\d+$/);
      const before = await call("/cosmos.bank.v1beta1.Query/Balance", request, String(sent.height - 1));
      assert.equal(QueryBalanceResponse.decode(before.value).balance?.amount, "0");
      const tx = await call("/cosmos.tx.v1beta1.Service/GetTx", GetTxRequest.encode({ hash: sent.transactionHash }).finish());
      assert.equal(GetTxResponse.decode(tx.value).txResponse?.height, BigInt(sent.height));
      const block = await call("/cosmos.base.tendermint.v1beta1.Service/GetLatestBlock", new Uint8Array(0));
      assert.equal(GetLatestBlockResponse.decode(block.value).block?.header?.chainId, chainId);
    });

    it("fails with gRPC's codes", async () => {
      const code = (expected: number) => (error: unknown): boolean => (error as ServiceError).code === expected;
      await assert.rejects(call("/cosmos.tx.v1beta1.Service/GetTx", GetTxRequest.encode({ hash: "AB".repeat(32) }).finish()), code(5));
      await assert.rejects(call("/cosmos.bank.v1beta1.Query/Balance", Buffer.from([0xff])), code(3));
      await assert.rejects(call("/cosmos.bank.v1beta1.Query/Nothing", new Uint8Array(0)), code(12));
      await assert.rejects(call("/cosmos.bank.v1beta1.Query/Balance", new Uint8Array(0), "x"), code(3));
    });

    it("is healthy and tells by reflection what it serves", async () => {
      assert.deepEqual([...(await call("/grpc.health.v1.Health/Check", new Uint8Array(0))).value], [8, 1]);
      const require = createRequire(createRequire(import.meta.url).resolve("@grpc/reflection"));
      const loader = require("@grpc/proto-loader") as { loadSync(path: string): Record<string, unknown> };
      const proto = loadPackageDefinition(loader.loadSync(join(require.resolve("@grpc/reflection/package.json"), "../build/proto/grpc/reflection/v1/reflection.proto")) as never);
      const Reflection = (proto as unknown as { grpc: { reflection: { v1: { ServerReflection: new (a: string, c: unknown) => { ServerReflectionInfo(): NodeJS.ReadWriteStream & { end(): void }; close(): void } } } } }).grpc.reflection.v1.ServerReflection;
      const client = new Reflection(node.ready.grpc, credentials.createInsecure());
      const stream = client.ServerReflectionInfo();
      const answers: { listServicesResponse?: { service: { name: string }[] }; fileDescriptorResponse?: { fileDescriptorProto: Buffer[] } }[] = [];
      const ended = new Promise((resolve) => stream.on("data", (answer: (typeof answers)[0]) => answers.push(answer)).on("end", resolve));
      stream.write({ listServices: "" } as never);
      stream.write({ fileContainingSymbol: "cosmos.bank.v1beta1.Query" } as never);
      stream.end();
      await ended;
      client.close();
      const services = answers[0]?.listServicesResponse?.service.map(({ name }) => name) ?? [];
      assert.ok(services.includes("cosmos.bank.v1beta1.Query") && services.includes("cosmos.tx.v1beta1.Service"));
      assert.ok((answers[1]?.fileDescriptorResponse?.fileDescriptorProto.length ?? 0) > 0);
    });
  });

  describe("for its operator", () => {
    it("has metrics with units, and is healthy while blocks come", async () => {
      const text = await (await fetch(`http://${node.ready.metrics}/metrics`)).text();
      for (const name of ["dcm_block_height", "dcm_block_execution_seconds_count", "dcm_check_tx_seconds_count", "dcm_store_memory_bytes", "dcm_query_seconds_count"]) assert.match(text, new RegExp(`^${name}(\\{[^}]*\\})? [1-9]`, "m"), name);
      assert.equal((await fetch(`http://${node.ready.metrics}/health`)).status, 200);
    });

    it("tells its status to dcmd", async () => {
      const { code, out, err } = await dcmd(["status", "--home", folder, "--node", node.ready.rpc]);
      assert.equal(code, 0, err);
      assert.match(out, new RegExp(`^chain +${chainId}$`, "m"));
      assert.match((await dcmd(["export", "--home", folder])).err, /a node runs on/);
    });

    it("starts its CometBFT again when that is killed (ABCI-5)", async () => {
      const from = await height();
      process.kill(node.ready.comet_pid, "SIGKILL");
      for (let tries = 0; (await height()) < from + 2; tries++) {
        assert.ok(tries < 200, node.log());
        await sleep(100);
      }
      const pid = Number(readFileSync(join(folder, "data/cometbft.pid"), "utf8"));
      assert.notEqual(pid, node.ready.comet_pid);
    });

    it("goes on after kill -9, with no CometBFT left over, and ends with status 0 within seconds on SIGTERM", async () => {
      const from = await height();
      await node.stop("SIGKILL");
      node = await start();
      assert.ok(node.ready.height > from - 1);
      const comet = node.ready.comet_pid;
      const before = Date.now();
      assert.equal(await node.stop(), 0, node.log());
      assert.ok(Date.now() - before < 5_000);
      assert.throws(() => process.kill(comet, 0));
    });

    it("exports its state as a genesis that is valid, rolls back, snapshots, and starts again", async () => {
      const home = ["--home", folder];
      const exported = join(folder, "exported.json");
      assert.equal((await dcmd(["export", "--output-document", exported, ...home])).code, 0);
      const doc = JSON.parse(readFileSync(exported, "utf8")) as { app_state: { bank: { balances: { address: string; coins: unknown[] }[] } } };
      const bobAddress = addressText(pubkeyAddress({ kind: "secp256k1", key: bob.publicKey }));
      assert.deepEqual(doc.app_state.bank.balances.find(({ address }) => address === bobAddress)?.coins, [{ denom: "udcm", amount: "12345" }]);
      assert.equal((await dcmd(["genesis", "validate", exported])).code, 0);
      const made = await dcmd(["snapshots", "create", "--json", ...home]);
      assert.equal(made.code, 0, made.err);
      const at = (JSON.parse(made.out) as { height: number }).height;
      assert.deepEqual((JSON.parse((await dcmd(["snapshots", "list", "--json", ...home])).out) as { height: number }[]).map((one) => one.height), [at]);
      const rolled = await dcmd(["rollback", "--json", ...home]);
      assert.equal(rolled.code, 0, rolled.err);
      assert.ok((JSON.parse(rolled.out) as { height: number }).height >= at - 1);
      rmSync(join(folder, "data/application"), { recursive: true });
      const restored = await dcmd(["snapshots", "restore", String(at), ...home]);
      assert.equal(restored.code, 0, restored.err);
      assert.match((await dcmd(["snapshots", "restore", String(at), ...home])).err, /is at height \d+ already/);
      node = await start();
      assert.ok(node.ready.height >= at);
    });
  });
});

import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { addressText, prefixes } from "../../codec/address.ts";
import { registry } from "../../codec/descriptors.ts";
import { TxError } from "../../runtime/errors.ts";
import { testContext } from "../../runtime/testing.ts";
import { GovernanceChain, million, text, valoper } from "../../../test/support/governance.ts";
import { consensus } from "../../../test/support/stake.ts";
import { dcmd } from "../testing.ts";
import { exitCodes } from "./io.ts";
import { yaml } from "./query.ts";
import { queryGroups, type QueryCommand } from "./query-table.ts";

/** What an operator would write for each word of a command. */
const words: Readonly<Record<string, string>> = {
  validator: valoper(1), delegator: text(10), "start-height": "1", "end-height": "100", consensus: addressText(consensus(1), prefixes.consensus), address: text(5), denom: "udcm",
};

describe("dcmd query", () => {
  const chain = new GovernanceChain();
  let server: Server;
  let node: string;
  const heights: string[] = [];

  before(async () => {
    chain.delegate(10, 1, 5n * million);
    chain.delegate(10, 2, 5n * million);
    chain.undelegate(10, 1, million);
    chain.redelegate(10, 2, 3, million);
    chain.whole(5n);
    chain.whole(5n);
    // CometBFT's RPC, as far as queries go, over the real modules.
    server = createServer((request, response) => {
      let body = "";
      request.setEncoding("utf8").on("data", (part: string) => (body += part)).on("end", () => {
        const { id, params } = JSON.parse(body) as { id: number; params: { path: string; data: string; height: string } };
        heights.push(params.height);
        const answer = (code: number, log: string, value: Uint8Array): void => { response.end(JSON.stringify({ jsonrpc: "2.0", id, result: { response: { code, log, value: Buffer.from(value).toString("base64") } } })); };
        const bound = chain.modules.flatMap((module) => module.queries).find(({ path }) => path === params.path)!;
        try {
          answer(0, "", bound.response.encode(bound.handle(testContext(chain.stores, { ...chain.block, mode: "query" }), bound.request.decode(new Uint8Array(Buffer.from(params.data, "hex"))))).finish());
        } catch (error) {
          if (!(error instanceof TxError || (error instanceof Error && error.name === "QueryError"))) throw error;
          answer(18, error.message, new Uint8Array(0));
        }
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    node = `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => new Promise((resolve) => server.close(resolve)));

  const asked = (...argv: string[]): ReturnType<typeof dcmd> => dcmd([...argv, "--node", node, "--home", "/nowhere"]);
  const json = async (...argv: string[]): Promise<Record<string, unknown>> => {
    const { code, out, err } = await asked("query", ...argv, "-o", "json");
    assert.equal(code, 0, err);
    return JSON.parse(out) as Record<string, unknown>;
  };
  const wordsOf = ({ words: wanted = [] }: QueryCommand): string[] => wanted.map(({ name }) => (name === "height" ? chain.height.toString() : words[name]!));

  it("names methods and fields that the contracts have", () => {
    for (const group of queryGroups) {
      for (const { name, method, more, words: wanted = [], flags = [], paged } of group.commands) {
        for (const one of [method, ...(more === undefined ? [] : [more.method])]) {
          const found = registry.getService(group.service)?.methods.find((known) => known.name === one);
          assert.ok(found !== undefined, `${group.name} ${name}: ${one}`);
          const fields = found.input.fields.map(({ localName, jsonName }) => [localName, jsonName]).flat();
          for (const field of [...wanted.map((word) => word.field), ...flags.map(([, field]) => field), ...(paged === true ? ["pagination"] : [])]) assert.ok(fields.includes(field), `${group.name} ${name}: ${field}`);
        }
      }
    }
  });

  it("answers each command in JSON and in YAML", async () => {
    for (const group of queryGroups) {
      for (const command of group.commands) {
        const argv = [group.name, command.name, ...wordsOf(command)];
        assert.ok(Object.keys(await json(...argv)).length > 0, argv.join(" "));
        const { code, out, err } = await asked("query", ...argv);
        assert.equal(code, 0, err);
        assert.match(out, /^[a-z_]+:/, argv.join(" "));
        assert.match((await asked("query", group.name, command.name, "--help")).out, /Examples:\n +\$ dcmd query /);
      }
    }
  });

  it("says what validators look for", async () => {
    const { val_signing_info: info } = (await json("slashing", "signing-info", words.consensus!)) as { val_signing_info: { address: string } };
    assert.equal(info.address, words.consensus);
    const key = Buffer.alloc(32, 1).toString("base64");
    assert.deepEqual((await json("slashing", "signing-info", `{"@type":"/cosmos.crypto.ed25519.PubKey","key":"${key}"}`)).val_signing_info, info);
    const { validators } = (await json("staking", "validators", "--status", "BOND_STATUS_BONDED", "--page-limit", "2")) as { validators: unknown[] };
    assert.equal(validators.length, 2);
    assert.equal(((await json("staking", "unbonding-delegations", text(10))) as { unbonding_responses: unknown[] }).unbonding_responses.length, 1);
    assert.equal(((await json("staking", "redelegation", text(10), "--dst-validator-addr", valoper(3))) as { redelegation_responses: unknown[] }).redelegation_responses.length, 1);
    assert.deepEqual(Object.keys(await json("distribution", "rewards", text(10))), ["rewards", "total"]);
    assert.deepEqual(Object.keys(await json("distribution", "rewards", text(10), valoper(1))), ["rewards"]);
    assert.deepEqual(await json("mint", "inflation"), { inflation: "0.000000000000000000" });
    heights.length = 0;
    await json("staking", "pool", "--height", "2");
    assert.deepEqual(heights, ["2"]);
  });

  it("refuses what it cannot ask, and passes on what the node refuses", async () => {
    assert.deepEqual([(await asked("query", "staking", "validator")).code, (await asked("query", "staking", "validators", "--page-limit", "0")).code, (await asked("query", "staking", "historical-info", "soon")).code], [exitCodes.usage, exitCodes.usage, exitCodes.usage]);
    const { code, err } = await asked("query", "staking", "validator", valoper(9));
    assert.deepEqual([code, err.includes("not found")], [exitCodes.invalid, true], err);
  });

  it("writes YAML as Go does", () => {
    const value = { name: "a b", flag: "true", count: "10", empty: [], none: {}, nothing: null, list: [{ denom: "udcm", amount: "1" }, { denom: "x", amount: "2" }], inner: { text: "say: this", plain: "2026-01-01T00:00:00Z" } };
    assert.equal(yaml(value), 'count: "10"\nempty: []\nflag: "true"\ninner:\n  plain: "2026-01-01T00:00:00Z"\n  text: "say: this"\nlist:\n- amount: "1"\n  denom: udcm\n- amount: "2"\n  denom: x\nname: a b\nnone: {}\nnothing: null');
  });
});

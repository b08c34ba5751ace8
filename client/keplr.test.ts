import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, it } from "mocha";
import { keplrChainInfo } from "./keplr.ts";

type Json = Record<string, unknown>;
const read = (name: string): Json => JSON.parse(readFileSync(new URL(`../docs/chain-registry/${name}`, import.meta.url), "utf8")) as Json;

interface Validator {
  (value: unknown): boolean;
  readonly errors?: readonly unknown[] | null;
}

/** Comes with eslint. It knows the draft of the registry's schemas by its address with http only. */
function validatorOf(schema: Json): Validator {
  const require = createRequire(import.meta.url);
  const draft = require("ajv/lib/refs/json-schema-draft-07.json") as Json;
  const ajv = new (require("ajv") as new (options: object) => { addMetaSchema(meta: Json): void; compile(schema: Json): Validator })({ allErrors: true, unknownFormats: "ignore" });
  ajv.addMetaSchema({ ...draft, $id: schema.$schema });
  return ajv.compile(schema);
}

/** The registry's own rules for the fields that we use: it refuses any other field. */
function fields(value: unknown, required: readonly string[], optional: readonly string[] = []): Json {
  const keys = Object.keys(value as Json);
  assert.deepEqual(required.filter((key) => !keys.includes(key)), [], "required fields are missing");
  assert.deepEqual(keys.filter((key) => !required.includes(key) && !optional.includes(key)), [], "fields that the registry does not know");
  return value as Json;
}

describe("the chain's entries for wallets", () => {
  const info = keplrChainInfo({ chainId: "dcm-1", rpc: "https://rpc.example", rest: "https://rest.example" });
  const chain = read("chain.json");
  const { assets } = fields(read("assetlist.json"), ["$schema", "chain_name", "assets"]) as { assets: Json[] };

  for (const name of ["chain", "assetlist"]) {
    it(`${name}.json fulfils the chain registry's schema, and would not with a field that it does not know or without its name`, () => {
      const valid = validatorOf(JSON.parse(readFileSync(new URL(`../test/vectors/chain-registry/${name}.schema.json`, import.meta.url), "utf8")) as Json);
      const entry = read(`${name}.json`);
      assert.ok(valid(entry), JSON.stringify(valid.errors));
      assert.equal(valid({ ...entry, chain_names: "dcm" }), false);
      assert.equal(valid({ ...entry, chain_name: undefined }), false);
    });
  }

  it("chain.json has the fields of the chain registry, and no other", () => {
    fields(chain, ["$schema", "chain_name", "chain_type", "chain_id", "bech32_prefix", "slip44", "status"], [
      "pretty_name", "website", "network_type", "bech32_config", "daemon_name", "node_home", "key_algos", "fees", "staking", "codebase", "images", "logo_URIs", "description", "peers", "apis", "explorers", "keywords",
    ]);
    assert.match(chain.$schema as string, /^(\.\.\/)+chain\.schema\.json$/);
    assert.match(chain.chain_name as string, /^[a-z0-9]+$/);
    assert.equal(chain.chain_type, "cosmos");
    // What dcmd is called, and its home by default (chain/node/cli/program.ts).
    assert.deepEqual([chain.daemon_name, chain.node_home], ["dcmd", "$HOME/.dcmd"]);
    assert.ok(["live", "upcoming", "killed"].includes(chain.status as string));
    assert.ok(["mainnet", "testnet", "devnet"].includes(chain.network_type as string));
    assert.deepEqual(chain.key_algos, ["secp256k1"]);
    const [token, ...others] = (fields(chain.fees, ["fee_tokens"]).fee_tokens as Json[]).map((one) => fields(one, ["denom"], ["fixed_min_gas_price", "low_gas_price", "average_gas_price", "high_gas_price", "gas_costs"]));
    assert.equal(others.length, 0);
    assert.ok(["low_gas_price", "average_gas_price", "high_gas_price"].every((key) => typeof token![key] === "number"));
    fields(chain.staking, ["staking_tokens"], ["lock_duration"]);
    const codebase = fields(chain.codebase, [], ["git_repo", "recommended_version", "compatible_versions", "tag", "language", "binaries", "sdk", "consensus", "genesis"]);
    for (const part of ["language", "sdk", "consensus"]) fields(codebase[part], ["type"], ["version", "repo", "tag"]);
    const apis = fields(chain.apis, [], ["rpc", "rest", "grpc", "wss", "grpc-web"]);
    for (const endpoints of Object.values(apis)) for (const endpoint of endpoints as Json[]) fields(endpoint, ["address"], ["provider", "archive"]);
    assert.ok((chain.description as string).length <= 3000 && (chain.keywords as string[]).length <= 20);
  });

  it("assetlist.json names each asset, with base and display among its units", () => {
    assert.equal(read("assetlist.json").chain_name, chain.chain_name);
    for (const asset of assets) {
      fields(asset, ["denom_units", "base", "display", "name", "symbol"], ["description", "type_asset", "traces", "images", "logo_URIs", "coingecko_id", "keywords"]);
      const units = (asset.denom_units as Json[]).map((unit) => fields(unit, ["denom", "exponent"], ["aliases"]));
      assert.equal(units.find(({ denom }) => denom === asset.base)?.exponent, 0);
      assert.ok(units.some(({ denom }) => denom === asset.display));
      assert.ok((asset.name as string).length <= 30);
    }
  });

  it("says the same in all three", () => {
    assert.deepEqual([chain.chain_id, chain.bech32_config, chain.slip44], [info.chainId, info.bech32Config, info.bip44.coinType]);
    assert.equal(chain.bech32_prefix, info.bech32Config.bech32PrefixAccAddr);
    const [fee] = info.feeCurrencies;
    const [token] = (chain.fees as { fee_tokens: Json[] }).fee_tokens;
    assert.deepEqual([token!.denom, token!.low_gas_price, token!.average_gas_price, token!.high_gas_price], [fee!.coinMinimalDenom, ...Object.values(fee!.gasPriceStep)]);
    const [asset] = assets;
    assert.deepEqual([asset!.base, asset!.symbol], [info.stakeCurrency.coinMinimalDenom, info.stakeCurrency.coinDenom]);
    assert.equal((asset!.denom_units as Json[]).find(({ denom }) => denom === asset!.display)?.exponent, info.stakeCurrency.coinDecimals);
    assert.deepEqual((chain.staking as { staking_tokens: Json[] }).staking_tokens, [{ denom: info.stakeCurrency.coinMinimalDenom }]);
  });

  it("is what Keplr demands: six prefixes, currencies, a gas price of three steps", () => {
    assert.equal(new Set(Object.values(info.bech32Config)).size, 6);
    const { low, average, high } = info.feeCurrencies[0]!.gasPriceStep;
    assert.ok(low < average && average < high);
    assert.ok(info.currencies.some(({ coinMinimalDenom }) => coinMinimalDenom === info.stakeCurrency.coinMinimalDenom));
    assert.equal(info.chainName, "dcm-1");
  });
});

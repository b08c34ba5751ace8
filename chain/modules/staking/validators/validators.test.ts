import assert from "node:assert/strict";
import { addressText, moduleAddress, prefixes } from "../../../codec/address.ts";
import { encodePubKey } from "../../../codec/pubkey.ts";
import { messageFromJson, toJson } from "../../../codec/proto-json.ts";
import { Dec } from "../../../math/dec.ts";
import type { TxError } from "../../../runtime/errors.ts";
import { brokenInvariants, execute, initGenesis, memoryStores, query, testContext } from "../../../runtime/testing.ts";
import { StoresOverlay } from "../../../store/overlay.ts";
import { authModule } from "../../auth/module.ts";
import { bankModule } from "../../bank/module.ts";
import { validatorsModule } from "./module.ts";
import { byPower, delegations } from "./state.ts";
import { defaultParams } from "./params.ts";
import type { MsgCreateValidator } from "../../../codec/gen/cosmos/staking/v1beta1/tx.ts";
import type { QueryDelegationResponse, QueryPoolResponse, QueryValidatorsResponse } from "../../../codec/gen/cosmos/staking/v1beta1/query.ts";

const { module: auth, accounts } = authModule({ fee_collector: [], bonded_tokens_pool: ["burner", "staking"], not_bonded_tokens_pool: ["burner", "staking"] });
const { module: bankMod, bank } = bankModule({ accounts, blocked: [] });
const { module: staking } = validatorsModule({ bank, accounts });
const modules = [auth, bankMod, staking];
const denom = defaultParams().bondDenom;
const typeUrl = "/cosmos.staking.v1beta1.MsgCreateValidator";

const operator = (i: number): Uint8Array => new Uint8Array(20).fill(i);
const dec = (text: string): string => Dec.parse(text).toProto();
const message = (i: number, change: Partial<MsgCreateValidator> = {}): MsgCreateValidator => ({
  description: { moniker: `v${i}`, identity: "", website: "", securityContact: "", details: "" },
  commission: { rate: dec("0.1"), maxRate: dec("0.2"), maxChangeRate: dec("0.01") },
  minSelfDelegation: "1",
  delegatorAddress: "",
  validatorAddress: addressText(operator(i), prefixes.validator),
  pubkey: encodePubKey({ kind: "ed25519", key: new Uint8Array(32).fill(i) }),
  value: { denom, amount: String(BigInt(i) * 1_000_000n + 1n) },
  ...change,
});
const genesis = { height: 0n, mode: "genesis" } as const;

function chain(): StoresOverlay {
  const stores = memoryStores();
  const balances = [1, 2, 3].map((i) => ({ address: addressText(operator(i)), coins: [{ denom, amount: "10000000" }] }));
  initGenesis(stores, modules, { bank: { params: undefined, balances, supply: [], denomMetadata: [], sendEnabled: [] } });
  return stores;
}

describe("validators", () => {
  it("come from genesis transactions: their stake moves to the bonded pool and CometBFT is told their power (STAKING-1, STAKING-3)", () => {
    const stores = chain();
    for (const i of [1, 2, 3]) execute(stores, modules, typeUrl, message(i), genesis);
    const updates = staking.validatorUpdates!(testContext(stores, genesis));
    assert.deepEqual(updates.map(({ pubKey, power }) => [pubKey!.ed25519![0], power]), [[3, 3n], [2, 2n], [1, 1n]]);
    assert.deepEqual(brokenInvariants(stores, modules), []);
    assert.equal(bank.balance(testContext(stores), moduleAddress("bonded_tokens_pool"), denom), 6_000_003n);
    assert.equal(bank.balance(testContext(stores), operator(3), denom), 6_999_999n);
    const path = (method: string) => `/cosmos.staking.v1beta1.Query/${method}`;
    const list = query<QueryValidatorsResponse>(stores, modules, path("Validators"), { status: "BOND_STATUS_BONDED", pagination: undefined });
    assert.deepEqual(list.validators.map(({ description }) => description!.moniker), ["v1", "v2", "v3"]);
    assert.deepEqual(query<QueryPoolResponse>(stores, modules, path("Pool"), {}).pool, { notBondedTokens: "0", bondedTokens: "6000003" });
    const found = query<QueryDelegationResponse>(stores, modules, path("Delegation"), { delegatorAddr: addressText(operator(2)), validatorAddr: message(2).validatorAddress });
    assert.deepEqual(found.delegationResponse!.balance, { denom, amount: "2000001" });
    assert.deepEqual(staking.validatorUpdates!(testContext(stores, { mode: "block" })), [], "nothing changed since");
  });

  it("have the shares of their delegations, and each one place in the power index: a state that says otherwise is found out (STAKING-2, STAKING-4)", () => {
    const stores = chain();
    for (const i of [1, 2]) execute(stores, modules, typeUrl, message(i), genesis);
    staking.validatorUpdates!(testContext(stores, genesis));
    assert.deepEqual(brokenInvariants(stores, modules), []);
    const damaged = (change: (ctx: ReturnType<typeof testContext>) => void): string[] => {
      const overlay = new StoresOverlay(stores);
      change(testContext(overlay, genesis));
      return brokenInvariants(overlay, modules);
    };
    assert.equal(damaged((ctx) => { delegations.remove(ctx, [operator(1), operator(1)]); }).length > 0, true, "a delegation is gone");
    assert.equal(damaged((ctx) => { byPower.remove(ctx, [1n, operator(1)]); }).length > 0, true, "a place in the index is gone");
    assert.equal(damaged((ctx) => { byPower.set(ctx, [9n, operator(1)], operator(1)); }).length > 0, true, "a validator has two places");
  });

  it("load from an exported section with the same powers (STAKING-5)", () => {
    const stores = chain();
    for (const i of [1, 2]) execute(stores, modules, typeUrl, message(i), genesis);
    staking.validatorUpdates!(testContext(stores, genesis));
    const sections = Object.fromEntries(modules.map((module) => [module.name, module.genesis!.export(testContext(stores))]));
    const again = memoryStores();
    initGenesis(again, modules, sections);
    assert.deepEqual(staking.validatorUpdates!(testContext(again, genesis)).map(({ power }) => power), [1n, 2n], "CometBFT is told the set again");
    assert.deepEqual(staking.validatorUpdates!(testContext(again, { mode: "block" })), [], "and that nothing has changed since");
    assert.deepEqual([...again.store("staking").iterate()], [...stores.store("staking").iterate()]);
    assert.deepEqual(brokenInvariants(again, modules), []);
  });

  it("load from the JSON that an SDK chain exports, with all that waits (STAKING-5)", () => {
    const [one, two] = [1, 2].map((i) => addressText(operator(i), prefixes.validator));
    const delegator = addressText(operator(3));
    const validator = (i: number, change: object): object => ({
      operator_address: addressText(operator(i), prefixes.validator), consensus_pubkey: { "@type": "/cosmos.crypto.ed25519.PubKey", key: Buffer.from(new Uint8Array(32).fill(i)).toString("base64") },
      description: { moniker: `v${i}`, identity: "", website: "", security_contact: "", details: "" }, unbonding_height: "0", unbonding_time: "1970-01-01T00:00:00Z",
      commission: { commission_rates: { rate: "0.100000000000000000", max_rate: "0.200000000000000000", max_change_rate: "0.010000000000000000" }, update_time: "2025-05-05T10:11:12.123456789Z" },
      min_self_delegation: "1", unbonding_on_hold_ref_count: "0", unbonding_ids: [], jailed: false, ...change,
    });
    const entry = { creation_height: "70", completion_time: "2026-01-02T00:00:00Z", initial_balance: "300", unbonding_on_hold_ref_count: "0" };
    const json = {
      params: { unbonding_time: "1814400s", max_validators: 100, max_entries: 7, historical_entries: 10000, bond_denom: denom, min_commission_rate: "0.000000000000000000" },
      last_total_power: "3", last_validator_powers: [{ address: one, power: "3" }],
      validators: [
        validator(1, { status: "BOND_STATUS_BONDED", tokens: "3000000", delegator_shares: "3000001.500000000000000000" }),
        validator(2, { status: "BOND_STATUS_UNBONDING", jailed: true, tokens: "500", delegator_shares: "500.000000000000000000", unbonding_height: "60", unbonding_time: "2026-01-01T12:00:00Z", unbonding_ids: ["4"] }),
      ],
      delegations: [
        { delegator_address: addressText(operator(1)), validator_address: one, shares: "3000000.000000000000000000" },
        { delegator_address: delegator, validator_address: one, shares: "1.500000000000000000" },
        { delegator_address: delegator, validator_address: two, shares: "500.000000000000000000" },
      ],
      unbonding_delegations: [{ delegator_address: delegator, validator_address: one, entries: [{ ...entry, balance: "290", unbonding_id: "5" }] }],
      redelegations: [{ delegator_address: delegator, validator_src_address: two, validator_dst_address: one, entries: [{ ...entry, shares_dst: "300.000000000000000000", unbonding_id: "6" }] }],
      exported: true,
    };
    const section = messageFromJson("cosmos.staking.v1beta1.GenesisState", json);
    const stores = memoryStores();
    const pool = (name: string, amount: string): object => ({ address: addressText(moduleAddress(name)), coins: [{ denom, amount }] });
    initGenesis(stores, modules, { bank: { params: undefined, balances: [pool("bonded_tokens_pool", "3000000"), pool("not_bonded_tokens_pool", "790")], supply: [], denomMetadata: [], sendEnabled: [] }, staking: section });
    assert.deepEqual(staking.validatorUpdates!(testContext(stores, genesis)).map(({ power }) => power), [3n]);
    assert.deepEqual(brokenInvariants(stores, modules), []);
    assert.deepEqual(toJson("cosmos.staking.v1beta1.GenesisState", staking.genesis!.export(testContext(stores)) as object), json);
    const later = testContext(stores, { mode: "block", height: 80n, time: 1_767_225_600n + 2n * 86_400n });
    assert.deepEqual(staking.validatorUpdates!(later), []);
    assert.deepEqual(later.events.map(({ type }) => type).filter((type) => type.startsWith("complete")), ["complete_unbonding", "complete_redelegation"]);
    assert.equal(bank.balance(testContext(stores), operator(3), denom), 290n);
    assert.deepEqual(brokenInvariants(stores, modules), []);
  });

  it("are at most maxValidators, the strongest (STAKING-3)", () => {
    const stores = chain();
    const params = { ...(staking.genesis!.export(testContext(stores)) as { params: object }).params, maxValidators: 2 };
    const limited = memoryStores();
    initGenesis(limited, modules, { bank: bankMod.genesis!.export(testContext(stores)), staking: { ...(staking.genesis!.defaults() as object), params } });
    for (const i of [1, 2, 3]) execute(limited, modules, typeUrl, message(i), genesis);
    assert.deepEqual(staking.validatorUpdates!(testContext(limited, genesis)).map(({ power }) => power), [3n, 2n]);
    assert.deepEqual(brokenInvariants(limited, modules), []);
  });

  it("are refused with the SDK's codes (STAKING-6)", () => {
    const stores = chain();
    execute(stores, modules, typeUrl, message(1), genesis);
    const cases: readonly (readonly [Partial<MsgCreateValidator>, number, string])[] = [
      [{}, 4, "staking"],
      [{ validatorAddress: message(2).validatorAddress }, 5, "staking"],
      [{ ...message(2), pubkey: undefined }, 39, "staking"],
      [{ ...message(2), pubkey: encodePubKey({ kind: "secp256k1", key: new Uint8Array(33).fill(2) }) }, 6, "staking"],
      [{ ...message(2), commission: { rate: dec("0.3"), maxRate: dec("0.2"), maxChangeRate: dec("0") } }, 11, "staking"],
      [{ ...message(2), minSelfDelegation: "9000000" }, 16, "staking"],
      [{ ...message(2), value: { denom: "token", amount: "5" } }, 18, "sdk"],
      [{ ...message(2), value: { denom, amount: "10000001" } }, 5, "sdk"],
    ];
    for (const [change, code, codespace] of cases) {
      assert.throws(() => execute(stores, modules, typeUrl, message(1, change), genesis), (error: TxError) => error.code === code && error.codespace === codespace, `${codespace} ${code}`);
    }
  });
});

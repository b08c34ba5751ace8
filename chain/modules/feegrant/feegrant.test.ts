import assert from "node:assert/strict";
import { AllowedMsgAllowance, BasicAllowance, PeriodicAllowance } from "../../codec/gen/cosmos/feegrant/v1beta1/feegrant.ts";
import { addressText } from "../../codec/address.ts";
import { TxError } from "../../runtime/errors.ts";
import { brokenInvariants, execute, initGenesis, memoryStores, query, testContext, transact, type TestBlock } from "../../runtime/testing.ts";
import { authModule } from "../auth/module.ts";
import { bankModule } from "../bank/module.ts";
import { feegrantModule } from "./module.ts";
import type { QueryAllowanceResponse, QueryAllowancesResponse } from "../../codec/gen/cosmos/feegrant/v1beta1/query.ts";
import type { Any } from "../../codec/gen/google/protobuf/any.ts";
import type { StoresOverlay } from "../../store/overlay.ts";

const { module: auth, accounts } = authModule({ fee_collector: [] });
const { module: bankMod, bank } = bankModule({ accounts, blocked: [] });
const { module: grantsMod, feegrant } = feegrantModule({ accounts, bank });
const modules = [auth, bankMod, grantsMod];
const [alice, bob] = [new Uint8Array(20).fill(1), new Uint8Array(20).fill(2)];
const [granter, grantee] = [addressText(alice), addressText(bob)];
const now = 1_767_225_600n;
const sendType = "/cosmos.bank.v1beta1.MsgSend";
const stake = (amount: number | bigint) => [{ denom: "stake", amount: String(amount) }];
const at = (seconds: bigint) => ({ seconds, nanos: 0 });

const any = <T>(type: { $type: string; fromPartial(o: object): T; encode(m: T): { finish(): Uint8Array } }, value: object): Any => ({ typeUrl: `/${type.$type}`, value: type.encode(type.fromPartial(value)).finish() });
const basic = (limit: number, expiration?: bigint): Any => any(BasicAllowance, { spendLimit: limit === 0 ? [] : stake(limit), expiration: expiration === undefined ? undefined : at(expiration) });

function chain(allowance: Any): StoresOverlay {
  const stores = memoryStores();
  initGenesis(stores, modules);
  execute(stores, modules, "/cosmos.feegrant.v1beta1.MsgGrantAllowance", { granter, grantee, allowance });
  return stores;
}
const use = (stores: StoresOverlay, amount: bigint, types = [sendType], block: TestBlock = {}) =>
  transact(stores, (ctx) => feegrant.use(ctx, alice, bob, [{ denom: "stake", amount }], types), block).events.map(({ type }) => type);
const refusal = (codespace: string, code: number, text: string) => (error: unknown) => {
  assert.ok(error instanceof TxError, String(error));
  assert.deepEqual([error.codespace, error.code, error.message], [codespace, code, text]);
  return true;
};

describe("feegrant", () => {
  it("spends a basic allowance to its end and removes it (FEE-1)", () => {
    const stores = chain(basic(100));
    assert.equal(accounts.has(testContext(stores), bob), true, "the grantee has an account");
    assert.deepEqual(use(stores, 40n), ["use_feegrant", "update_feegrant"]);
    assert.throws(() => use(stores, 61n), refusal("feegrant", 2, "basic allowance: fee limit exceeded"));
    assert.deepEqual(use(stores, 60n), ["revoke_feegrant", "use_feegrant"]);
    assert.throws(() => use(stores, 1n), refusal("sdk", 38, "fee-grant not found: not found"));
  });

  it("refuses an expired allowance, and forgets it in bounded work (FEE-2, FEE-6)", () => {
    const stores = chain(basic(0, now + 10n));
    use(stores, 10n ** 20n, [sendType], { time: now + 10n });
    assert.throws(() => use(stores, 1n, [sendType], { time: now + 11n }), refusal("feegrant", 3, "basic allowance: fee allowance expired"));
    transact(stores, (ctx) => grantsMod.endBlock!(ctx), { time: now + 10n });
    assert.equal([...stores.store("feegrant").iterate()].length, 2);
    transact(stores, (ctx) => grantsMod.endBlock!(ctx), { time: now + 11n });
    assert.equal([...stores.store("feegrant").iterate()].length, 0);
  });

  it("refills a periodic allowance each period, within the absolute limit (FEE-3)", () => {
    const stores = chain(any(PeriodicAllowance, { basic: { spendLimit: stake(25) }, period: { seconds: 60n, nanos: 0 }, periodSpendLimit: stake(10), periodCanSpend: stake(10), periodReset: at(now + 60n) }));
    use(stores, 10n);
    assert.throws(() => use(stores, 1n), refusal("feegrant", 2, "period limit: fee limit exceeded"));
    use(stores, 10n, [sendType], { time: now + 60n });
    assert.throws(() => use(stores, 6n, [sendType], { time: now + 120n }), refusal("feegrant", 2, "period limit: fee limit exceeded"));
    assert.deepEqual(use(stores, 5n, [sendType], { time: now + 500n }), ["revoke_feegrant", "use_feegrant"]);
  });

  it("covers only the messages that it names (FEE-4)", () => {
    const stores = chain(any(AllowedMsgAllowance, { allowance: basic(100), allowedMessages: [sendType] }));
    assert.throws(() => use(stores, 1n, [sendType, "/other"]), refusal("feegrant", 7, "message does not exist in allowed messages: message not allowed"));
    use(stores, 30n);
    const found = query<QueryAllowanceResponse>(stores, modules, "/cosmos.feegrant.v1beta1.Query/Allowance", { granter, grantee });
    assert.deepEqual(BasicAllowance.decode(AllowedMsgAllowance.decode(found.allowance!.allowance!.value).allowance!.value).spendLimit, stake(70));
  });

  it("refuses what contradicts itself, nests too deep or grants twice (FEE-5)", () => {
    let nested = basic(1);
    for (let i = 0; i < 4; i++) nested = any(AllowedMsgAllowance, { allowance: nested, allowedMessages: [sendType] });
    assert.throws(() => chain(nested), refusal("sdk", 18, "allowances are nested deeper than 4: invalid request"));
    assert.throws(() => chain(any(AllowedMsgAllowance, { allowance: basic(1), allowedMessages: [] })), (error: TxError) => error.codespace === "feegrant" && error.code === 6);
    assert.throws(() => chain({ typeUrl: sendType, value: new Uint8Array(0) }), refusal("feegrant", 5, "failed to get allowance: no allowance"));
    assert.throws(() => chain(basic(0, now - 1n)), refusal("sdk", 18, "expiration is before current block time: invalid request"));
    const stores = chain(basic(1));
    assert.throws(() => execute(stores, modules, "/cosmos.feegrant.v1beta1.MsgGrantAllowance", { granter, grantee, allowance: basic(2) }), refusal("sdk", 18, "fee allowance already exists: invalid request"));
    assert.throws(() => execute(stores, modules, "/cosmos.feegrant.v1beta1.MsgGrantAllowance", { granter, grantee: granter, allowance: basic(2) }), refusal("sdk", 7, "cannot self-grant fee authorization: invalid address"));
  });

  it("refuses times that text cannot show, as queues and genesis files hold them (FEE-5)", () => {
    const periodic = (change: object): Any => any(PeriodicAllowance, { basic: undefined, period: { seconds: 60n, nanos: 0 }, periodSpendLimit: stake(10), periodCanSpend: [], periodReset: at(now), ...change });
    const outside = (error: TxError): boolean => error.codespace === "feegrant" && error.code === 4;
    chain(basic(1, 253_402_300_799n));
    assert.throws(() => chain(basic(1, 253_402_300_800n)), outside);
    for (const change of [{ period: { seconds: (1n << 63n) - 1n, nanos: 0 } }, { period: { seconds: 1n, nanos: 2_000_000_000 } }, { periodReset: at((1n << 63n) - 1n) }, { periodReset: { seconds: 0n, nanos: -1 } }]) {
      assert.throws(() => chain(periodic(change)), outside);
    }
    const stores = chain(periodic({ period: { seconds: 31_557_600_000n, nanos: 0 }, periodReset: at(1n) }));
    assert.deepEqual(use(stores, 1n), ["use_feegrant", "update_feegrant"]);
  });

  it("revokes, and a later grant outlives the first one's expiry (FEE-6)", () => {
    const stores = chain(basic(1, now + 10n));
    execute(stores, modules, "/cosmos.feegrant.v1beta1.MsgRevokeAllowance", { granter, grantee });
    execute(stores, modules, "/cosmos.feegrant.v1beta1.MsgGrantAllowance", { granter, grantee, allowance: basic(5) });
    execute(stores, modules, "/cosmos.feegrant.v1beta1.MsgPruneAllowances", { pruner: grantee }, { time: now + 100n });
    const list = query<QueryAllowancesResponse>(stores, modules, "/cosmos.feegrant.v1beta1.Query/AllowancesByGranter", { granter, pagination: undefined });
    assert.equal(list.allowances.length, 1);
    assert.deepEqual(brokenInvariants(stores, modules), []);
  });

  it("exports what a chain that begins later takes, without what has expired by then (FEE-6)", () => {
    const stores = chain(basic(100, now + 10n));
    execute(stores, modules, "/cosmos.feegrant.v1beta1.MsgGrantAllowance", { granter: grantee, grantee: granter, allowance: basic(100) });
    const section = grantsMod.genesis!.export(testContext(stores));
    const later = memoryStores();
    initGenesis(later, modules);
    transact(later, (ctx) => { grantsMod.genesis!.init(ctx, section); }, { time: now + 11n });
    assert.deepEqual(brokenInvariants(later, modules), []);
    const left = query<QueryAllowancesResponse>(later, modules, "/cosmos.feegrant.v1beta1.Query/AllowancesByGranter", { granter, pagination: undefined });
    assert.deepEqual(left.allowances, []);
    const kept = query<QueryAllowancesResponse>(later, modules, "/cosmos.feegrant.v1beta1.Query/AllowancesByGranter", { granter: grantee, pagination: undefined });
    assert.equal(kept.allowances.length, 1);
  });
});

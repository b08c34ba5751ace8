import assert from "node:assert/strict";
import { GenericAuthorization } from "../../codec/gen/cosmos/authz/v1beta1/authz.ts";
import { MsgExec } from "../../codec/gen/cosmos/authz/v1beta1/tx.ts";
import { SendAuthorization } from "../../codec/gen/cosmos/bank/v1beta1/authz.ts";
import { MsgSend } from "../../codec/gen/cosmos/bank/v1beta1/tx.ts";
import { StakeAuthorization } from "../../codec/gen/cosmos/staking/v1beta1/authz.ts";
import { addressText } from "../../codec/address.ts";
import type { TxError } from "../../runtime/errors.ts";
import { Router } from "../../runtime/router.ts";
import { brokenInvariants, execute, initGenesis, memoryStores, query, testContext, transact, type TestBlock } from "../../runtime/testing.ts";
import { authModule } from "../auth/module.ts";
import { bankModule } from "../bank/module.ts";
import { authzModule } from "./module.ts";
import type { QueryGranteeGrantsResponse } from "../../codec/gen/cosmos/authz/v1beta1/query.ts";
import type { Any } from "../../codec/gen/google/protobuf/any.ts";
import type { StoresOverlay } from "../../store/overlay.ts";

const router = new Router();
const { module: auth, accounts } = authModule({ fee_collector: [] });
const { module: bankMod, bank } = bankModule({ accounts, blocked: [] });
const { module: authz } = authzModule({ accounts, bank, messages: router });
const modules = [auth, bankMod, authz];
router.bind(modules);

const [alice, bob, carol] = [1, 2, 3].map((i) => new Uint8Array(20).fill(i)) as [Uint8Array, Uint8Array, Uint8Array];
const [granter, grantee, other] = [addressText(alice), addressText(bob), addressText(carol)];
const now = 1_767_225_600n;
const stake = (amount: number) => [{ denom: "stake", amount: String(amount) }];
const pack = <T>(type: { $type: string; fromPartial(o: object): T; encode(m: T): { finish(): Uint8Array } }, value: object): Any => ({ typeUrl: `/${type.$type}`, value: type.encode(type.fromPartial(value)).finish() });
const sends = (amount: number, from = granter, to = other): Any => pack(MsgSend, { fromAddress: from, toAddress: to, amount: stake(amount) });
const generic = pack(GenericAuthorization, { msg: "/cosmos.bank.v1beta1.MsgSend" });
const grant = "/cosmos.authz.v1beta1.MsgGrant";
const exec = "/cosmos.authz.v1beta1.MsgExec";

function chain(authorization?: Any, expiration?: bigint): StoresOverlay {
  const stores = memoryStores();
  initGenesis(stores, modules, { bank: { params: undefined, balances: [{ address: granter, coins: stake(1000) }, { address: grantee, coins: stake(10) }], supply: [], denomMetadata: [], sendEnabled: [] } });
  if (authorization !== undefined) execute(stores, modules, grant, { granter, grantee, grant: { authorization, expiration: expiration === undefined ? undefined : { seconds: expiration, nanos: 0 } } });
  return stores;
}
const run = (stores: StoresOverlay, msgs: readonly Any[], block: TestBlock = {}) => execute(stores, modules, exec, { grantee, msgs }, block);
const refused = (codespace: string, code: number) => (error: TxError) => error.codespace === codespace && error.code === code;

describe("authz", () => {
  it("runs a granted message and marks its events (AUTHZ-1)", () => {
    const stores = chain(generic);
    const { events } = run(stores, [sends(5), sends(6)]);
    assert.equal(bank.balance(testContext(stores), carol, "stake"), 11n);
    assert.deepEqual(events.filter(({ type }) => type === "transfer").map(({ attributes }) => attributes.at(-1)), [["authz_msg_index", "0"], ["authz_msg_index", "1"]]);
  });

  it("needs a grant of the very type, unless the grantee acts for itself (AUTHZ-1)", () => {
    assert.throws(() => run(chain(), [sends(5)]), refused("authz", 2));
    run(chain(), [sends(5, grantee)]);
  });

  it("keeps a send authorization within its limit and its list (AUTHZ-2)", () => {
    const stores = chain(pack(SendAuthorization, { spendLimit: stake(10), allowList: [other] }));
    assert.throws(() => run(stores, [sends(11)]), refused("sdk", 5));
    assert.throws(() => run(stores, [sends(1, granter, grantee)]), refused("sdk", 4));
    run(stores, [sends(4)]);
    assert.throws(() => run(stores, [sends(7)]), refused("sdk", 5));
    run(stores, [sends(6)]);
    assert.throws(() => run(stores, [sends(1)]), refused("authz", 2), "spent up, so it is gone");
  });

  it("ends at its expiry and is forgotten (AUTHZ-3, AUTHZ-6)", () => {
    const stores = chain(generic, now + 10n);
    run(stores, [sends(1)], { time: now + 9n });
    assert.throws(() => run(stores, [sends(1)], { time: now + 10n }), refused("authz", 6));
    assert.deepEqual(brokenInvariants(stores, modules), []);
    transact(stores, (ctx) => authz.beginBlock!(ctx, { lastCommit: undefined, misbehavior: [] }), { time: now + 10n });
    assert.equal([...stores.store("authz").iterate()].length, 0);
    assert.throws(() => chain(generic, now), refused("authz", 3));
  });

  it("refuses an expiry that text cannot show: the queue's keys and genesis files hold it as text (AUTHZ-6)", () => {
    chain(generic, 253_402_300_799n);
    assert.throws(() => chain(generic, 253_402_300_800n), refused("authz", 3));
    assert.throws(() => chain(generic, (1n << 63n) - 1n), refused("authz", 3));
  });

  it("moves a renewed grant in the queue, and empties it on revocation (AUTHZ-6)", () => {
    const stores = chain(generic, now + 10n);
    execute(stores, modules, grant, { granter, grantee, grant: { authorization: generic, expiration: { seconds: now + 20n, nanos: 0 } } });
    assert.deepEqual(brokenInvariants(stores, modules), []);
    transact(stores, (ctx) => authz.beginBlock!(ctx, { lastCommit: undefined, misbehavior: [] }), { time: now + 15n });
    run(stores, [sends(1)], { time: now + 15n });
    const { events } = execute(stores, modules, "/cosmos.authz.v1beta1.MsgRevoke", { granter, grantee, msgTypeUrl: "/cosmos.bank.v1beta1.MsgSend" });
    assert.deepEqual(events, [{ type: "cosmos.authz.v1beta1.EventRevoke", attributes: [["grantee", `"${grantee}"`], ["granter", `"${granter}"`], ["msg_type_url", '"/cosmos.bank.v1beta1.MsgSend"']] }]);
    assert.equal([...stores.store("authz").iterate()].length, 0);
  });

  it("checks nested executions at each level and at most six of them (AUTHZ-4)", () => {
    const nest = (times: number): Any => (times === 0 ? sends(1, grantee) : pack(MsgExec, { grantee, msgs: [nest(times - 1)] }));
    run(chain(), [nest(5)]);
    assert.throws(() => run(chain(), [nest(6)]), (error: TxError) => error.message === "MsgExec is nested deeper than 6: invalid request");
    const foreign = pack(MsgExec, { grantee: other, msgs: [sends(1)] });
    assert.throws(() => run(chain(generic), [foreign]), refused("authz", 2), "the inner grantee has granted nothing");
  });

  it("opens each message of a nest once, however deep it is (AUTHZ-4)", () => {
    let times = 0;
    const open = (any: Any): ReturnType<Router["open"]> => {
      if (any.typeUrl.endsWith("MsgSend")) times++;
      return nested.open(any);
    };
    const counted = authzModule({ accounts, bank, messages: { message: (typeUrl) => router.message(typeUrl), open } });
    const nested = new Router();
    nested.bind([bankMod, counted.module]);
    const nest = (depth: number): Any => (depth === 0 ? sends(1, grantee) : pack(MsgExec, { grantee, msgs: [nest(depth - 1)] }));
    execute(chain(), [counted.module], exec, { grantee, msgs: [nest(5)] });
    assert.equal(times, 1);
  });

  it("refuses grants to oneself, of unknown messages, and of messages that are not served (AUTHZ-5)", () => {
    const give = (authorization: Any, to = grantee) => execute(chain(), modules, grant, { granter, grantee: to, grant: { authorization, expiration: undefined } });
    assert.throws(() => give(generic, granter), refused("authz", 7));
    assert.throws(() => give(pack(GenericAuthorization, { msg: "/nothing" })), (error: TxError) => error.message === "/nothing doesn't exist.: invalid type");
    assert.throws(() => give(pack(StakeAuthorization, { maxTokens: undefined, authorizationType: 1 })), refused("sdk", 29));
    assert.throws(() => give(sends(1)), refused("sdk", 29));
    assert.throws(() => run(chain(), []), refused("sdk", 18));
  });

  it("answers by grantee, and loads what it exported (AUTHZ-7)", () => {
    const stores = chain(generic, now + 10n);
    const found = query<QueryGranteeGrantsResponse>(stores, modules, "/cosmos.authz.v1beta1.Query/GranteeGrants", { grantee, pagination: undefined });
    assert.deepEqual(found.grants.map((one) => [one.granter, one.grantee, one.expiration?.seconds]), [[granter, grantee, now + 10n]]);
    const again = memoryStores();
    initGenesis(again, [authz], { authz: authz.genesis!.export(testContext(stores)) });
    assert.deepEqual([...again.store("authz").iterate()], [...stores.store("authz").iterate()]);
  });
});

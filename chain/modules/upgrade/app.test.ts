import assert from "node:assert/strict";
import { MsgExec } from "../../codec/gen/cosmos/authz/v1beta1/tx.ts";
import { GenericAuthorization } from "../../codec/gen/cosmos/authz/v1beta1/authz.ts";
import { GenesisState as BankGenesis } from "../../codec/gen/cosmos/bank/v1beta1/genesis.ts";
import { MsgSend } from "../../codec/gen/cosmos/bank/v1beta1/tx.ts";
import { QueryBalanceRequest, QueryBalanceResponse } from "../../codec/gen/cosmos/bank/v1beta1/query.ts";
import { MsgCancelUpgrade, MsgSoftwareUpgrade } from "../../codec/gen/cosmos/upgrade/v1beta1/tx.ts";
import { QueryAppliedPlanRequest, QueryAppliedPlanResponse } from "../../codec/gen/cosmos/upgrade/v1beta1/query.ts";
import type { Any } from "../../codec/gen/google/protobuf/any.ts";
import { authority } from "../../runtime/addresses.ts";
import { HaltError } from "../../runtime/errors.ts";
import { anyOf, testAccount } from "../../../test/support/accounts.ts";
import { TestChain, testDenom, type TestChainOptions } from "../../../test/support/chain.ts";
import type { Context } from "../../runtime/context.ts";
import { balances } from "../bank/state.ts";
import type { Upgrade } from "./ports.ts";

const [ann, ben] = [testAccount("ann"), testAccount("ben")];
/** The governance account has no key: genesis lets Ann send its messages. */
const appState = {
  auth: { accounts: [ann, ben].map(({ text }) => ({ "@type": "/cosmos.auth.v1beta1.BaseAccount", address: text })) },
  bank: { balances: [ann].map(({ text }) => ({ address: text, coins: [{ denom: testDenom, amount: "1000" }] })) },
  authz: {
    authorization: [MsgSoftwareUpgrade, MsgCancelUpgrade].map(({ $type }) => ({ granter: authority, grantee: ann.text, authorization: { "@type": `/${GenericAuthorization.$type}`, msg: `/${$type}` }, expiration: null })),
  },
};
const governs = (message: Any): Any => anyOf(MsgExec, { grantee: ann.text, msgs: [message] });
const schedule = (height: bigint, name = "v2"): Any => governs(anyOf(MsgSoftwareUpgrade, { authority, plan: { name, time: undefined, height, info: "", upgradedClientState: undefined } }));
const send = (amount: number): Any => anyOf(MsgSend, { fromAddress: ann.text, toAddress: ben.text, amount: [{ denom: testDenom, amount: String(amount) }] });
/** Visibly another state: Ann's and Ben's coins change places. */
const v2: Upgrade = {
  name: "v2",
  run(ctx: Context) {
    const [a, b] = [ann, ben].map((one) => balances.find(ctx, [one.address, testDenom]));
    if (a !== undefined) balances.set(ctx, [ben.address, testDenom], a);
    if (b !== undefined) balances.set(ctx, [ann.address, testDenom], b);
  },
};

describe("two builds over one store", () => {
  const opened: TestChain[] = [];
  const start = async (more: Partial<TestChainOptions> = {}): Promise<TestChain> => {
    const chain = await TestChain.start({ appState, ...more });
    opened.push(chain);
    return chain;
  };
  afterEach(async () => {
    for (const chain of opened.splice(0)) await chain.stop();
  });
  const balance = (chain: TestChain, { text }: { text: string }, version = 0): bigint =>
    BigInt(QueryBalanceResponse.decode(chain.machine.query("/cosmos.bank.v1beta1.Query/Balance", QueryBalanceRequest.encode({ address: text, denom: testDenom }).finish(), version)).balance!.amount);
  const applied = (chain: TestChain): bigint => QueryAppliedPlanResponse.decode(chain.machine.query("/cosmos.upgrade.v1beta1.Query/AppliedPlan", QueryAppliedPlanRequest.encode({ name: "v2" }).finish())).height;
  const ok = (result: { txResults: readonly { code: number; log: string }[] }): void => {
    for (const { code, log } of result.txResults) assert.equal(code, 0, log);
  };

  /** A chain at height 3 whose plan is for height 4. */
  async function due(): Promise<TestChain> {
    const chain = await start();
    ok(chain.block([chain.sign(ann, [schedule(4n)])]));
    ok(chain.block([chain.sign(ann, [send(100)])]));
    ok(chain.block());
    return chain;
  }

  it("stops in front of the block, again and again, at the last committed height; the new build executes that very block (UPGRADE-4, UPGRADE-10)", async () => {
    const chain = await due();
    const tx = chain.sign(ann, [send(5)]);
    const before = chain.store.appHash;
    for (let i = 0; i < 2; i++) assert.throws(() => chain.finalize([tx]), (error: HaltError) => error instanceof HaltError && error.needed?.height === 4n);
    assert.equal(chain.store.version, 3);
    await chain.restart();
    assert.deepEqual(chain.store.appHash, before);
    assert.equal(chain.machine.halt?.needed?.name, "v2", "an old build says so, and may still vote");
    await chain.restart({ upgrades: [v2] });
    assert.equal(chain.machine.halt, undefined);
    assert.equal(balance(chain, ben), 100n, "queries read what is committed");
    const withFee = (amount: bigint): number => chain.machine.checkTx(chain.signOnce(ann, [send(1)], { denom: testDenom, amount }), false).code;
    assert.equal(withFee(101n), 5, "the mempool of the new build knows the migrated state already");
    assert.equal(withFee(100n), 0);
    ok(chain.block([tx]));
    assert.deepEqual([balance(chain, ann), balance(chain, ben), applied(chain)], [95n, 905n, 4n]);
    assert.equal(balance(chain, ben, 3), 100n, "history stays readable");
    ok(chain.block([chain.sign(ann, [send(5)])]));
  });

  it("gives every replica the same hashes, whenever it changed builds (UPGRADE-10)", async () => {
    const [a, b] = [await due(), await due()];
    await a.restart({ upgrades: [v2] });
    await b.restart();
    assert.throws(() => b.finalize([]), HaltError);
    await b.restart({ upgrades: [v2] });
    for (let i = 0; i < 3; i++) assert.deepEqual(a.block().appHash, b.block().appHash);
    await a.restart({ upgrades: [v2] });
    assert.deepEqual(a.block().appHash, b.block().appHash);
  });

  it("refuses a new build before the height and an old one after it (UPGRADE-5, UPGRADE-7)", async () => {
    const chain = await start();
    ok(chain.block([chain.sign(ann, [schedule(3n), send(1)])]));
    await chain.restart({ upgrades: [v2] });
    assert.match(chain.machine.halt?.message ?? "", /BINARY UPDATED BEFORE TRIGGER/);
    assert.throws(() => chain.finalize([]), /BINARY UPDATED BEFORE TRIGGER/);
    await chain.restart();
    chain.block();
    await chain.restart({ upgrades: [v2] });
    chain.block();
    chain.block();
    await chain.restart();
    assert.match(chain.machine.halt?.message ?? "", /upgrade handler is missing for v2 upgrade plan/);
    assert.throws(() => chain.finalize([]), /upgrade handler is missing/);
  });

  it("goes on after a cancelled plan, and at a height that is skipped (UPGRADE-3, UPGRADE-8)", async () => {
    const chain = await start();
    ok(chain.block([chain.sign(ann, [schedule(3n)])]));
    ok(chain.block([chain.sign(ann, [governs(anyOf(MsgCancelUpgrade, { authority }))])]));
    ok(chain.block([chain.sign(ann, [schedule(5n)])]));
    chain.block();
    assert.throws(() => chain.finalize([]), HaltError);
    await chain.restart({ skipUpgradeHeights: [5n] });
    assert.equal(chain.machine.halt, undefined);
    ok(chain.block([chain.sign(ann, [send(1)])]));
    await chain.restart();
    ok(chain.block([chain.sign(ann, [send(1)])]));
    assert.equal(applied(chain), 0n);
  });

  it("exports what the old build left, while it stops in front of the plan's height (UPGRADE-4)", async () => {
    const chain = await due();
    assert.throws(() => chain.finalize([]), HaltError);
    const sections = chain.machine.exportGenesis(0);
    assert.equal(sections.upgrade, undefined);
    const { balances: held } = BankGenesis.decode(sections.bank!);
    assert.deepEqual([ann, ben].map(({ text }) => held.find(({ address }) => address === text)?.coins), [900, 100].map((amount) => [{ denom: testDenom, amount: String(amount) }]));
  });
});

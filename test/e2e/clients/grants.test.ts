/** Transfers to several, authorizations, fee grants and vesting accounts, with CosmJS's own types. */
import assert from "node:assert/strict";
import { QueryClient, accountFromAny, coins, createProtobufRpcClient, defaultRegistryTypes, setupAuthzExtension, setupFeegrantExtension, setupStakingExtension, type Account, type StdFee } from "@cosmjs/stargate";
import { connectComet, type CometClient } from "@cosmjs/tendermint-rpc";
import { GenericAuthorization } from "cosmjs-types/cosmos/authz/v1beta1/authz";
import { BaseAccount } from "cosmjs-types/cosmos/auth/v1beta1/auth";
import { SendAuthorization } from "cosmjs-types/cosmos/bank/v1beta1/authz";
import { QueryClientImpl as BankQuery } from "cosmjs-types/cosmos/bank/v1beta1/query";
import { MsgMultiSend, MsgSend } from "cosmjs-types/cosmos/bank/v1beta1/tx";
import { MsgExec, MsgExecResponse, MsgGrant, MsgRevoke } from "cosmjs-types/cosmos/authz/v1beta1/tx";
import { AllowedMsgAllowance, BasicAllowance, PeriodicAllowance } from "cosmjs-types/cosmos/feegrant/v1beta1/feegrant";
import { MsgGrantAllowance, MsgRevokeAllowance } from "cosmjs-types/cosmos/feegrant/v1beta1/tx";
import { AuthorizationType, StakeAuthorization } from "cosmjs-types/cosmos/staking/v1beta1/authz";
import { MsgDelegate, MsgUndelegate } from "cosmjs-types/cosmos/staking/v1beta1/tx";
import { MsgCreatePeriodicVestingAccount, MsgCreatePermanentLockedAccount, MsgCreateVestingAccount } from "cosmjs-types/cosmos/vesting/v1beta1/tx";
import { ContinuousVestingAccount, DelayedVestingAccount, PeriodicVestingAccount, PermanentLockedAccount } from "cosmjs-types/cosmos/vesting/v1beta1/vesting";
import type { Any } from "cosmjs-types/google/protobuf/any";
import { Timestamp } from "cosmjs-types/google/protobuf/timestamp";
import { Registry, type EncodeObject } from "@cosmjs/proto-signing";
import { after, before, describe, it } from "mocha";
import { addressOf, denom, funds, useChain } from "./chain.ts";

const fee: StdFee = { amount: coins(500, denom), gas: "200000" };
const send = (from: string, to: string, amount: number): EncodeObject => ({ typeUrl: "/cosmos.bank.v1beta1.MsgSend", value: { fromAddress: from, toAddress: to, amount: coins(amount, denom) } });

describe("grants and vesting, with CosmJS", function () {
  this.timeout(60_000);
  const chain = useChain();
  let comet: CometClient;
  before(async () => {
    comet = await connectComet(chain().rpc);
  });
  after(() => comet?.disconnect());
  const queries = () => QueryClient.withExtensions(comet, setupAuthzExtension, setupFeegrantExtension, setupStakingExtension);
  const soon = (seconds: number): Timestamp => Timestamp.fromPartial({ seconds: BigInt(Math.floor(Date.now() / 1000) + seconds) });

  it("authz: grant, look up, exec within the limit, exceed it, revoke", async () => {
    const [granter, grantee, to] = [await addressOf("ursula"), await addressOf("victor"), await addressOf(140)];
    const [ursula, victor] = [await chain().client("ursula"), await chain().client("victor")];
    const limit = SendAuthorization.fromPartial({ spendLimit: coins(10, denom) });
    const granted = await ursula.signAndBroadcast(granter, [
      { typeUrl: "/cosmos.authz.v1beta1.MsgGrant", value: MsgGrant.fromPartial({ granter, grantee, grant: { authorization: { typeUrl: "/cosmos.bank.v1beta1.SendAuthorization", value: SendAuthorization.encode(limit).finish() }, expiration: soon(3600) } }) },
      { typeUrl: "/cosmos.authz.v1beta1.MsgGrant", value: MsgGrant.fromPartial({ granter, grantee, grant: { authorization: { typeUrl: "/cosmos.authz.v1beta1.GenericAuthorization", value: GenericAuthorization.encode({ msg: "/cosmos.bank.v1beta1.MsgMultiSend" }).finish() } } }) },
    ], fee);
    assert.equal(granted.code, 0, granted.rawLog);
    assert.equal(granted.events.filter(({ type }) => type === "cosmos.authz.v1beta1.EventGrant").length, 2);
    const { authz } = queries();
    const { grants } = await authz.grants(granter, grantee, "/cosmos.bank.v1beta1.MsgSend");
    assert.deepEqual(SendAuthorization.decode(grants[0]!.authorization!.value), limit);
    assert.equal((await authz.granteeGrants(grantee)).grants.length, 2);
    assert.equal((await authz.granterGrants(granter)).grants.length, 2);
    const exec = (amount: number): EncodeObject => ({
      typeUrl: "/cosmos.authz.v1beta1.MsgExec",
      value: MsgExec.fromPartial({ grantee, msgs: [{ typeUrl: "/cosmos.bank.v1beta1.MsgSend", value: MsgSend.encode({ fromAddress: granter, toAddress: to, amount: coins(amount, denom) }).finish() }] }),
    });
    const done = await victor.signAndBroadcast(grantee, [exec(7)], "auto");
    assert.equal(done.code, 0, done.rawLog);
    assert.equal(MsgExecResponse.decode(done.msgResponses[0]!.value).results.length, 1);
    const transfer = done.events.find(({ type, attributes }) => type === "transfer" && attributes.some(({ key, value }) => key === "recipient" && value === to));
    assert.deepEqual(transfer?.attributes.map(({ key, value }) => [key, value]), [["recipient", to], ["sender", granter], ["amount", "7udcm"], ["authz_msg_index", "0"], ["msg_index", "0"]]);
    assert.equal((await victor.getBalance(to, denom)).amount, "7");
    assert.deepEqual(SendAuthorization.decode((await authz.grants(granter, grantee, "/cosmos.bank.v1beta1.MsgSend")).grants[0]!.authorization!.value).spendLimit, coins(3, denom));
    const over = await victor.signAndBroadcast(grantee, [exec(4)], fee);
    assert.equal(over.code, 5);
    assert.equal(over.rawLog, "failed to execute message; message index: 0: requested amount is more than spend limit: insufficient funds");
    const revoked = await ursula.signAndBroadcast(granter, [{ typeUrl: "/cosmos.authz.v1beta1.MsgRevoke", value: MsgRevoke.fromPartial({ granter, grantee, msgTypeUrl: "/cosmos.bank.v1beta1.MsgSend" }) }], fee);
    assert.equal(revoked.code, 0, revoked.rawLog);
    const without = await victor.signAndBroadcast(grantee, [exec(1)], fee);
    assert.equal(without.code, 2);
    assert.equal(without.rawLog, `failed to execute message; message index: 0: failed to get grant with given granter: ${granter}, grantee: ${grantee} & msgType: /cosmos.bank.v1beta1.MsgSend : authorization not found`);
  });

  it("authz over amino JSON: CosmJS itself refuses to sign a grant, of which it has no amino form", async () => {
    const [granter, grantee] = [await addressOf("wendy"), await addressOf("victor")];
    const wendy = await chain().client("wendy", { amino: true });
    const value = MsgGrant.fromPartial({ granter, grantee, grant: { authorization: { typeUrl: "/cosmos.authz.v1beta1.GenericAuthorization", value: GenericAuthorization.encode({ msg: "/cosmos.bank.v1beta1.MsgSend" }).finish() }, expiration: soon(3600) } });
    await assert.rejects(wendy.signAndBroadcast(granter, [{ typeUrl: "/cosmos.authz.v1beta1.MsgGrant", value }], fee), /Type URL '\/cosmos\.authz\.v1beta1\.MsgGrant' does not exist in the Amino message type register/);
  });

  it("feegrant: a granter pays, within its limit and for the messages that it allows, until it revokes", async () => {
    const [granter, grantee] = [await addressOf("wendy"), await addressOf("yves")];
    const [wendy, yves] = [await chain().client("wendy"), await chain().client("yves")];
    const basic = BasicAllowance.fromPartial({ spendLimit: coins(1200, denom), expiration: soon(3600) });
    const allowance = AllowedMsgAllowance.fromPartial({ allowance: { typeUrl: "/cosmos.feegrant.v1beta1.BasicAllowance", value: BasicAllowance.encode(basic).finish() }, allowedMessages: ["/cosmos.bank.v1beta1.MsgSend"] });
    const granted = await wendy.signAndBroadcast(granter, [
      { typeUrl: "/cosmos.feegrant.v1beta1.MsgGrantAllowance", value: MsgGrantAllowance.fromPartial({ granter, grantee, allowance: { typeUrl: "/cosmos.feegrant.v1beta1.AllowedMsgAllowance", value: AllowedMsgAllowance.encode(allowance).finish() } }) },
    ], fee);
    assert.equal(granted.code, 0, granted.rawLog);
    const { feegrant } = queries();
    assert.deepEqual(AllowedMsgAllowance.decode((await feegrant.allowance(granter, grantee)).allowance!.allowance!.value).allowedMessages, ["/cosmos.bank.v1beta1.MsgSend"]);
    assert.equal((await feegrant.allowances(grantee)).allowances.length, 1);
    const sent = await yves.signAndBroadcast(grantee, [send(grantee, grantee, 1)], { ...fee, granter });
    assert.equal(sent.code, 0, sent.rawLog);
    assert.equal((await yves.getBalance(grantee, denom)).amount, String(funds));
    assert.equal((await yves.getBalance(granter, denom)).amount, String(funds - 1000n));
    assert.deepEqual(sent.events.find(({ type }) => type === "use_feegrant")?.attributes.map(({ key, value }) => [key, value]), [["granter", granter], ["grantee", grantee]]);
    assert.equal(sent.events.find(({ type, attributes }) => type === "tx" && attributes.some(({ key }) => key === "fee_payer"))?.attributes[1]?.value, granter);
    await assert.rejects(yves.signAndBroadcastSync(grantee, [{ typeUrl: "/cosmos.authz.v1beta1.MsgRevoke", value: MsgRevoke.fromPartial({ granter: grantee, grantee: granter, msgTypeUrl: "/cosmos.bank.v1beta1.MsgSend" }) }], { ...fee, granter }), /code 7 \(codespace: feegrant\)\. Log: .*message not allowed/);
    await assert.rejects(yves.signAndBroadcastSync(grantee, [send(grantee, grantee, 1)], { amount: coins(5000, denom), gas: "200000", granter }), /code 2 \(codespace: feegrant\)\. Log: .*fee limit exceeded$/);
    const revoked = await wendy.signAndBroadcast(granter, [{ typeUrl: "/cosmos.feegrant.v1beta1.MsgRevokeAllowance", value: MsgRevokeAllowance.fromPartial({ granter, grantee }) }], fee);
    assert.equal(revoked.code, 0, revoked.rawLog);
    await assert.rejects(yves.signAndBroadcastSync(grantee, [send(grantee, grantee, 1)], { ...fee, granter }), /codespace: sdk\)\. Log: .*fee-grant not found: not found$/);
  });

  it("vesting: a delayed account has its coins, and can spend those only that came later; amino JSON takes the same message", async () => {
    const zoe = await addressOf("zoe");
    const vesting = await addressOf(141);
    const endTime = BigInt(Math.floor(Date.now() / 1000) + 100_000);
    const create = { typeUrl: "/cosmos.vesting.v1beta1.MsgCreateVestingAccount", value: MsgCreateVestingAccount.fromPartial({ fromAddress: zoe, toAddress: vesting, amount: coins(5000, denom), endTime, delayed: true }) };
    const created = await (await chain().client("zoe", { amino: true })).signAndBroadcast(zoe, [create], fee);
    assert.equal(created.code, 0, created.rawLog);
    const client = await chain().client("zoe");
    const again = await client.signAndBroadcast(zoe, [create], fee);
    assert.deepEqual([again.code, again.rawLog], [18, `failed to execute message; message index: 0: account ${vesting} already exists: invalid request`]);
    assert.equal((await client.sendTokens(zoe, vesting, coins(1500, denom), fee)).code, 0);
    const bank = new BankQuery(createProtobufRpcClient(queries()));
    assert.equal((await client.getBalance(vesting, denom)).amount, "6500");
    assert.deepEqual((await bank.SpendableBalances({ address: vesting })).balances, coins(1500, denom));
    // CosmJS knows vesting accounts by itself.
    const account = await client.getAccount(vesting);
    assert.deepEqual([account?.address, account?.sequence], [vesting, 0]);
    const any = await queries().queryAbci("/cosmos.auth.v1beta1.Query/Account", Uint8Array.of(10, vesting.length, ...Buffer.from(vesting)));
    assert.ok(Buffer.from(any.value).includes(Buffer.from(`/${DelayedVestingAccount.typeUrl.slice(1)}`)));
    const owner = await chain().client(141);
    const spent = await owner.signAndBroadcast(vesting, [send(vesting, zoe, 1001)], fee);
    assert.deepEqual([spent.code, spent.rawLog], [5, "failed to execute message; message index: 0: spendable balance 1000udcm is smaller than 1001udcm: insufficient funds"]);
    assert.equal((await owner.signAndBroadcast(vesting, [send(vesting, zoe, 500)], fee)).code, 0);
    assert.equal((await owner.getBalance(vesting, denom)).amount, "5000");
  });

  /** Accounts that have only what the multi-send gives them. */
  const [payer, spender, other] = [200, 201, 202] as const;

  it("bank: a multi-send pays several accounts, new ones too, signed directly and in amino JSON, and all of them or none", async () => {
    const [ursula, ...to] = await Promise.all([addressOf("ursula"), addressOf(payer), addressOf(spender), addressOf(other)]);
    const amounts = [300_000_000, 1_000_000, 20_000];
    const multiSend = (input: number, outputs: readonly number[]): EncodeObject => ({
      typeUrl: "/cosmos.bank.v1beta1.MsgMultiSend",
      value: MsgMultiSend.fromPartial({ inputs: [{ address: ursula, coins: coins(input, denom) }], outputs: outputs.map((amount, i) => ({ address: to[i]!, coins: coins(amount, denom) })) }),
    });
    const direct = await chain().client("ursula");
    const amino = await chain().client("ursula", { amino: true });
    const balance = async (address: string): Promise<bigint> => BigInt((await direct.getBalance(address, denom)).amount);
    const before = await balance(ursula!);
    const sent = await direct.signAndBroadcast(ursula!, [multiSend(301_020_000, amounts)], fee);
    assert.equal(sent.code, 0, sent.rawLog);
    const transfers = sent.events.filter(({ type, attributes }) => type === "transfer" && attributes.some(({ key }) => key === "msg_index")).map(({ attributes }) => attributes.map(({ key, value }) => [key, value]));
    assert.deepEqual(transfers, to.map((address, i) => [["recipient", address], ["sender", ursula], ["amount", `${amounts[i]}${denom}`], ["msg_index", "0"]]));
    const second = await amino.signAndBroadcast(ursula!, [multiSend(3, [1, 1, 1])], fee);
    assert.equal(second.code, 0, second.rawLog);
    const unequal = await direct.signAndBroadcast(ursula!, [multiSend(4, [1, 1, 1])], fee);
    assert.deepEqual([unequal.code, unequal.rawLog], [4, "failed to execute message; message index: 0: sum inputs != sum outputs"]);
    const over = await direct.signAndBroadcast(ursula!, [multiSend(20_000_000_000, [1, 1, 19_999_999_998])], fee);
    assert.equal(over.code, 5, over.rawLog);
    assert.deepEqual(await Promise.all(to.map(balance)), amounts.map((amount) => BigInt(amount) + 1n));
    assert.equal(await balance(ursula!), before - 301_020_003n - 4n * 500n);
  });

  it("authz: a stake authorization delegates for its granter, to the validators and up to the amount that it names, and is gone when that is spent", async () => {
    const [granter, grantee] = [await addressOf(payer), await addressOf(spender)];
    const [owner, agent] = [await chain().client(payer), await chain().client(spender)];
    const { authz, staking } = queries();
    const validatorAddress = (await staking.validators("BOND_STATUS_BONDED")).validators[0]!.operatorAddress;
    const limited = (amount: string, list: object): StakeAuthorization => StakeAuthorization.fromPartial({ maxTokens: { denom, amount }, authorizationType: AuthorizationType.AUTHORIZATION_TYPE_DELEGATE, ...list });
    const give = async (authorization: StakeAuthorization): Promise<void> => {
      const value = MsgGrant.fromPartial({ granter, grantee, grant: { authorization: { typeUrl: "/cosmos.staking.v1beta1.StakeAuthorization", value: StakeAuthorization.encode(authorization).finish() }, expiration: soon(3600) } });
      const { code, rawLog } = await owner.signAndBroadcast(granter, [{ typeUrl: "/cosmos.authz.v1beta1.MsgGrant", value }], fee);
      assert.equal(code, 0, rawLog);
    };
    const exec = (msg: { typeUrl: string; value: Uint8Array }) => agent.signAndBroadcast(grantee, [{ typeUrl: "/cosmos.authz.v1beta1.MsgExec", value: MsgExec.fromPartial({ grantee, msgs: [msg] }) }], { ...fee, gas: "400000" });
    const delegate = (amount: string) => exec({ typeUrl: "/cosmos.staking.v1beta1.MsgDelegate", value: MsgDelegate.encode({ delegatorAddress: granter, validatorAddress, amount: { denom, amount } }).finish() });
    const left = async (): Promise<string[]> => (await authz.grants(granter, grantee, "")).grants.map(({ authorization }) => StakeAuthorization.decode(authorization!.value).maxTokens!.amount);

    await give(limited("5", { denyList: { address: [validatorAddress] } }));
    const denied = await delegate("1");
    assert.deepEqual([denied.code, denied.rawLog], [4, `failed to execute message; message index: 0: cannot delegate/undelegate to ${validatorAddress} validator: unauthorized`]);
    // One grant for a message: the new one takes the place of the one before.
    await give(limited("1000000", { allowList: { address: [validatorAddress] } }));
    assert.equal((await delegate("400000")).code, 0);
    assert.deepEqual(await left(), ["600000"]);
    assert.notEqual((await delegate("600001")).code, 0);
    const undelegated = await exec({ typeUrl: "/cosmos.staking.v1beta1.MsgUndelegate", value: MsgUndelegate.encode({ delegatorAddress: granter, validatorAddress, amount: { denom, amount: "1" } }).finish() });
    assert.deepEqual([undelegated.code, /authorization not found$/.test(undelegated.rawLog ?? "")], [2, true], undelegated.rawLog);
    assert.deepEqual(await left(), ["600000"]);
    assert.equal((await delegate("600000")).code, 0);
    assert.deepEqual(await left(), []);
    assert.equal((await staking.delegation(granter, validatorAddress)).delegationResponse!.balance!.amount, "1000000");
  });

  it("feegrant: a periodic allowance pays up to its limit in each period", async () => {
    const [granter, grantee] = [await addressOf(payer), await addressOf(other)];
    const [owner, spends] = [await chain().client(payer), await chain().client(other)];
    const allowance = PeriodicAllowance.fromPartial({ basic: { spendLimit: coins(5_000, denom), expiration: soon(3600) }, period: { seconds: 6n, nanos: 0 }, periodSpendLimit: coins(1_000, denom), periodCanSpend: coins(1_000, denom) });
    const granted = await owner.signAndBroadcast(granter, [
      { typeUrl: "/cosmos.feegrant.v1beta1.MsgGrantAllowance", value: MsgGrantAllowance.fromPartial({ granter, grantee, allowance: { typeUrl: "/cosmos.feegrant.v1beta1.PeriodicAllowance", value: PeriodicAllowance.encode(allowance).finish() } }) },
    ], fee);
    assert.equal(granted.code, 0, granted.rawLog);
    const kept = async (): Promise<PeriodicAllowance> => PeriodicAllowance.decode((await queries().feegrant.allowance(granter, grantee)).allowance!.allowance!.value);
    const paying = (amount: number): [string, EncodeObject[], StdFee] => [grantee, [send(grantee, grantee, 1)], { amount: coins(amount, denom), gas: "200000", granter }];
    const pay = (amount: number) => spends.signAndBroadcast(...paying(amount));
    const before = await owner.getBalance(granter, denom);
    const refusal = /code 2 \(codespace: feegrant\)\. Log: .*period limit: fee limit exceeded$/;
    await assert.rejects(spends.signAndBroadcastSync(...paying(1_001)), refusal);
    const first = await pay(1_000);
    assert.equal(first.code, 0, first.rawLog);
    const after = await kept();
    assert.deepEqual([after.periodCanSpend, after.basic!.spendLimit], [[], coins(4_000, denom)]);
    await assert.rejects(spends.signAndBroadcastSync(...paying(500)), refusal);
    const over = new Date(Number(after.periodReset!.seconds + 1n) * 1_000).toISOString();
    while ((await owner.getBlock()).header.time < over) await chain().wait(1);
    const second = await pay(600);
    assert.equal(second.code, 0, second.rawLog);
    const then = await kept();
    assert.deepEqual([then.periodCanSpend, then.basic!.spendLimit], [coins(400, denom), coins(3_400, denom)]);
    assert.ok(then.periodReset!.seconds > after.periodReset!.seconds);
    assert.equal(BigInt((await owner.getBalance(granter, denom)).amount), BigInt(before.amount) - 1_600n);
  });

  it("vesting: continuous, periodic and permanently locked accounts spend what is vested or came later, and no more", async () => {
    const zoe = await addressOf("zoe");
    const registry = new Registry([...defaultRegistryTypes, [MsgCreatePeriodicVestingAccount.typeUrl, MsgCreatePeriodicVestingAccount], [MsgCreatePermanentLockedAccount.typeUrl, MsgCreatePermanentLockedAccount]]);
    const client = await chain().client("zoe", { registry });
    const [continuous, periodic, locked] = await Promise.all([211, 212, 213].map(addressOf)) as [string, string, string];
    const now = BigInt(Math.floor(Date.now() / 1000));
    const create = [
      // A million units a second.
      { typeUrl: MsgCreateVestingAccount.typeUrl, value: MsgCreateVestingAccount.fromPartial({ fromAddress: zoe, toAddress: continuous, amount: coins(1_000_000_000, denom), endTime: now + 1_000n, delayed: false }) },
      { typeUrl: MsgCreatePeriodicVestingAccount.typeUrl, value: MsgCreatePeriodicVestingAccount.fromPartial({ fromAddress: zoe, toAddress: periodic, startTime: now - 10n, vestingPeriods: [{ length: 5n, amount: coins(3_000, denom) }, { length: 100_000n, amount: coins(4_000, denom) }] }) },
      { typeUrl: MsgCreatePermanentLockedAccount.typeUrl, value: MsgCreatePermanentLockedAccount.fromPartial({ fromAddress: zoe, toAddress: locked, amount: coins(5_000, denom) }) },
      send(zoe, locked, 3_000),
    ];
    const created = await client.signAndBroadcast(zoe, create, { amount: coins(1_000, denom), gas: "600000" });
    assert.equal(created.code, 0, created.rawLog);
    const kinds = { [continuous]: ContinuousVestingAccount, [periodic]: PeriodicVestingAccount, [locked]: PermanentLockedAccount };
    for (const [address, kind] of Object.entries(kinds)) {
      const { account } = (await (await fetch(`${chain().rest}/cosmos/auth/v1beta1/accounts/${address}`)).json()) as { account: { "@type": string } };
      assert.equal(account["@type"], kind.typeUrl);
    }
    // CosmJS 0.39 reads every kind of account but this one.
    const accountParser = (any: Any): Account => {
      if (any.typeUrl !== PermanentLockedAccount.typeUrl) return accountFromAny(any);
      return accountFromAny({ typeUrl: BaseAccount.typeUrl, value: BaseAccount.encode(PermanentLockedAccount.decode(any.value).baseVestingAccount!.baseAccount!).finish() });
    };
    const bank = new BankQuery(createProtobufRpcClient(queries()));
    const spendable = async (address: string): Promise<bigint> => BigInt((await bank.SpendableBalanceByDenom({ address, denom })).balance?.amount ?? "0");
    for (const [number, address, rest] of [[212, periodic, 4_000n], [213, locked, 5_000n]] as const) {
      const owner = await chain().client(number, { accountParser });
      assert.equal(await spendable(address), 3_000n);
      const spent = await owner.signAndBroadcast(address, [send(address, zoe, 2_501)], fee);
      assert.deepEqual([spent.code, spent.rawLog], [5, "failed to execute message; message index: 0: spendable balance 2500udcm is smaller than 2501udcm: insufficient funds"]);
      assert.equal((await owner.signAndBroadcast(address, [send(address, zoe, 2_000)], fee)).code, 0);
      assert.deepEqual([await spendable(address), (await owner.getBalance(address, denom)).amount], [0n, String(rest)]);
    }
    while ((await spendable(continuous)) === 0n) await chain().wait(1);
    const owner = await chain().client(211);
    const early = await owner.signAndBroadcast(continuous, [send(continuous, zoe, 900_000_000)], fee);
    assert.deepEqual([early.code, /spendable balance \d+udcm is smaller than 900000000udcm: insufficient funds$/.test(early.rawLog!)], [5, true], early.rawLog);
    const vested = await spendable(continuous);
    assert.ok(vested > 0n && vested < 900_000_000n, String(vested));
    assert.equal((await owner.signAndBroadcast(continuous, [send(continuous, zoe, Number(vested) - 500)], fee)).code, 0);
    assert.equal((await owner.getBalance(continuous, denom)).amount, String(1_000_000_000n - 500n - vested));
  });
});

/** Authorizations, fee grants and vesting accounts, with CosmJS's own types. */
import assert from "node:assert/strict";
import { QueryClient, coins, createProtobufRpcClient, setupAuthzExtension, setupFeegrantExtension, type StdFee } from "@cosmjs/stargate";
import { connectComet, type CometClient } from "@cosmjs/tendermint-rpc";
import { GenericAuthorization } from "cosmjs-types/cosmos/authz/v1beta1/authz";
import { SendAuthorization } from "cosmjs-types/cosmos/bank/v1beta1/authz";
import { QueryClientImpl as BankQuery } from "cosmjs-types/cosmos/bank/v1beta1/query";
import { MsgSend } from "cosmjs-types/cosmos/bank/v1beta1/tx";
import { MsgExec, MsgExecResponse, MsgGrant, MsgRevoke } from "cosmjs-types/cosmos/authz/v1beta1/tx";
import { AllowedMsgAllowance, BasicAllowance } from "cosmjs-types/cosmos/feegrant/v1beta1/feegrant";
import { MsgGrantAllowance, MsgRevokeAllowance } from "cosmjs-types/cosmos/feegrant/v1beta1/tx";
import { MsgCreateVestingAccount } from "cosmjs-types/cosmos/vesting/v1beta1/tx";
import { DelayedVestingAccount } from "cosmjs-types/cosmos/vesting/v1beta1/vesting";
import { Timestamp } from "cosmjs-types/google/protobuf/timestamp";
import type { EncodeObject } from "@cosmjs/proto-signing";
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
  const queries = () => QueryClient.withExtensions(comet, setupAuthzExtension, setupFeegrantExtension);
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

  it("authz over amino JSON, as a Ledger signs it", async () => {
    const [granter, grantee] = [await addressOf("wendy"), await addressOf("victor")];
    const wendy = await chain().client("wendy", { amino: true });
    const value = MsgGrant.fromPartial({ granter, grantee, grant: { authorization: { typeUrl: "/cosmos.authz.v1beta1.GenericAuthorization", value: GenericAuthorization.encode({ msg: "/cosmos.bank.v1beta1.MsgSend" }).finish() }, expiration: soon(3600) } });
    // CosmJS 0.39 has no amino form of an authorization: it says so itself, before anything is signed.
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
});

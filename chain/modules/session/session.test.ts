import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import { anyOf, signedTx, testAccount, type TestAccount } from "../../../test/support/accounts.ts";
import { TestChain, testChainId, testDenom } from "../../../test/support/chain.ts";
import { addressText, moduleAddress } from "../../codec/address.ts";
import { messageDescriptor, signerFields } from "../../codec/descriptors.ts";
import { encodePubKey } from "../../codec/pubkey.ts";
import { toJson } from "../../codec/proto-json.ts";
import { QueryBalanceRequest, QueryBalanceResponse } from "../../codec/gen/cosmos/bank/v1beta1/query.ts";
import { MsgSend } from "../../codec/gen/cosmos/bank/v1beta1/tx.ts";
import { GenericAuthorization } from "../../codec/gen/cosmos/authz/v1beta1/authz.ts";
import { MsgExec, MsgGrant } from "../../codec/gen/cosmos/authz/v1beta1/tx.ts";
import { BasicAllowance } from "../../codec/gen/cosmos/feegrant/v1beta1/feegrant.ts";
import { MsgGrantAllowance } from "../../codec/gen/cosmos/feegrant/v1beta1/tx.ts";
import { TxMsgData } from "../../codec/gen/cosmos/base/abci/v1beta1/abci.ts";
import { GenesisState as ChannelGenesis } from "../../codec/gen/dcm/channel/v1/genesis.ts";
import { MsgCloseChannel, MsgOpenChannel, MsgOpenChannelResponse } from "../../codec/gen/dcm/channel/v1/tx.ts";
import { MsgCommitResult, MsgPlaceAsk } from "../../codec/gen/dcm/market/v1/tx.ts";
import { GenesisState } from "../../codec/gen/dcm/session/v1/genesis.ts";
import { QueryGrantableResponse, QuerySessionRequest, QuerySessionResponse, QuerySessionsByKeyRequest, QuerySessionsByKeyResponse, QuerySessionsByOwnerRequest, QuerySessionsByOwnerResponse } from "../../codec/gen/dcm/session/v1/query.ts";
import { MsgExecSession, MsgExecSessionResponse, MsgGrantSession, MsgRevokeSession, MsgUpdateParams } from "../../codec/gen/dcm/session/v1/tx.ts";
import { MsgBond, MsgEditProvider, MsgHeartbeat, MsgRegisterProvider, MsgRetireProvider } from "../../codec/gen/dcm/staking/v1/tx.ts";
import { QueryProviderRequest, QueryProviderResponse } from "../../codec/gen/dcm/staking/v1/query.ts";
import type { Any } from "../../codec/gen/google/protobuf/any.ts";
import type { ExecTxResult } from "../../codec/gen/tendermint/abci/types.ts";
import { defaultParams as channelParams } from "../channel/params.ts";
import { profileOf } from "../staking/providers/testing.ts";
import { grantable } from "./grantable.ts";
import { charged, leftOf, spendingAt } from "./limits.ts";
import { defaultParams, paramBounds, paramsFault } from "./params.ts";

const [owner, other, key, thief, accomplice] = ["owner", "other owner", "session key", "thief", "accomplice"].map(testAccount) as [TestAccount, TestAccount, TestAccount, TestAccount, TestAccount];
const governance = addressText(moduleAddress("gov"));
const second = "ustone";
const funds = 2_000_000_000n;
const coin = (amount: number | bigint, denom = testDenom): { denom: string; amount: string } => ({ denom, amount: String(amount) });

type Grant = Partial<MsgGrantSession>;

/** The application over a store, with channels that take no storage deposit: what is spent is what is deposited. */
class World {
  readonly chain: TestChain;
  private constructor(chain: TestChain) {
    this.chain = chain;
  }

  static async start(session?: GenesisState, checkTx = false): Promise<World> {
    const people = [owner, other, thief, accomplice];
    const channel = ChannelGenesis.fromPartial({ params: { ...channelParams(), depositPerByte: 0n }, nextChannelId: 1n });
    const appState = {
      auth: { accounts: people.map(({ text }) => ({ "@type": "/cosmos.auth.v1beta1.BaseAccount", address: text })) },
      bank: { balances: people.map(({ text }) => ({ address: text, coins: [coin(funds), coin(funds, second)] })) },
      // Governance has no key here: somebody acts for it.
      authz: { authorization: [{ granter: governance, grantee: other.text, authorization: { "@type": "/cosmos.authz.v1beta1.GenericAuthorization", msg: `/${MsgUpdateParams.$type}` } }] },
      channel: toJson(`/${ChannelGenesis.$type}`, ChannelGenesis.encode(channel).finish()),
      ...(session === undefined ? {} : { session: toJson(`/${GenesisState.$type}`, GenesisState.encode(session).finish()) }),
    };
    const world = new World(await TestChain.start({ appState, ...(checkTx ? { minGasPrices: [[testDenom, 10n ** 16n]] as const } : {}) }));
    world.chain.block();
    return world;
  }

  send(from: TestAccount, messages: readonly Any[], options: Parameters<TestChain["sign"]>[2] = {}, seconds?: bigint): ExecTxResult {
    // What is refused before it runs takes no sequence.
    return this.chain.block([this.chain.sign(from, messages, { sequence: this.chain.accountOf(from).sequence, ...options })], seconds).txResults[0]!;
  }
  ok(from: TestAccount, messages: readonly Any[], options: Parameters<TestChain["sign"]>[2] = {}, seconds?: bigint): ExecTxResult {
    const result = this.send(from, messages, options, seconds);
    assert.equal(result.code, 0, result.log);
    return result;
  }
  refused(codespace: string, code: number, words: RegExp, from: TestAccount, messages: readonly Any[], options: Parameters<TestChain["sign"]>[2] = {}): void {
    const result = this.send(from, messages, options);
    assert.deepEqual([result.codespace, result.code], [codespace, code], result.log);
    assert.match(result.log, words);
  }
  grant(change: Grant = {}, from = owner, seconds?: bigint): ExecTxResult {
    return this.ok(from, [grantOf({ owner: from.text, ...change })], {}, seconds);
  }
  balance({ text }: { readonly text: string }, denom = testDenom): bigint {
    return BigInt(QueryBalanceResponse.decode(this.chain.machine.query("/cosmos.bank.v1beta1.Query/Balance", QueryBalanceRequest.encode({ address: text, denom }).finish())).balance!.amount);
  }
  session(of = owner, by = key): QuerySessionResponse {
    return QuerySessionResponse.decode(this.chain.machine.query("/dcm.session.v1.Query/Session", QuerySessionRequest.encode({ owner: of.text, session: by.text }).finish()));
  }
  stop(): Promise<void> {
    return this.chain.stop();
  }
}

const grantOf = (change: Grant = {}): Any => anyOf(MsgGrantSession, MsgGrantSession.fromPartial({ owner: owner.text, key: key.publicKey, messages: [...grantable], spendLimit: [coin(10_000)], ...change }));
const execOf = (messages: readonly Any[], of = owner, by = key): Any => anyOf(MsgExecSession, { session: by.text, owner: of.text, messages: [...messages] });
const open = (deposit: number | bigint, payer = owner, denom = testDenom): Any => anyOf(MsgOpenChannel, MsgOpenChannel.fromPartial({ payer: payer.text, recipient: accomplice.text, deposit: coin(deposit, denom), voucherKey: key.publicKey }));
const close = (channelId: bigint, sender = owner): Any => anyOf(MsgCloseChannel, { sender: sender.text, channelId });
const events = ({ events: all }: ExecTxResult, type: string): Record<string, string>[] => all.filter((event) => event.type === type).map(({ attributes }) => Object.fromEntries(attributes.map(({ key: name, value }) => [name, value])));

describe("session keys", () => {
  let world: World;
  afterEach(() => world.stop());

  it("SESSION-1 a granted key sends its owner's messages with its own sequence and without a coin of its own; responses, events and costs are told", async () => {
    world = await World.start();
    const granted = world.grant({ ownerPaysFees: true });
    assert.deepEqual(events(granted, "dcm.session.v1.EventSessionGranted").map(({ session, spend_limit, replaced }) => [session, spend_limit, replaced]), [[key.text, "10000udcm", "false"]]);
    const before = world.balance(owner);
    const result = world.ok(key, [execOf([open(100), open(50)])], { fee: { denom: testDenom, amount: 7n }, granter: owner.text });
    assert.deepEqual([world.balance(owner), world.balance(key), world.chain.accountOf(key).sequence], [before - 157n, 0n, 1n]);
    const { responses, spent } = MsgExecSessionResponse.decode(TxMsgData.decode(result.data).msgResponses[0]!.value);
    assert.deepEqual([responses.map(({ value }) => MsgOpenChannelResponse.decode(value).channelId), spent], [[1n, 2n], [coin(150)]]);
    const opened = events(result, "dcm.channel.v1.EventChannelOpened");
    assert.deepEqual(opened.map(({ payer, msg_index, session_msg_index }) => [payer, msg_index, session_msg_index]), [[owner.text, "0", "0"], [owner.text, "0", "1"]]);
    assert.deepEqual(events(result, "dcm.session.v1.EventSessionUsed").map(({ spent: cost, messages }) => [cost, messages]), [["150udcm", "/dcm.channel.v1.MsgOpenChannel,/dcm.channel.v1.MsgOpenChannel"]]);
    assert.deepEqual(events(result, "dcm.session.v1.EventSessionFeePaid").map(({ fee }) => fee), ["7udcm"]);
    assert.deepEqual([world.session().left, world.session().live], [[coin(10_000 - 157)], true]);
  });

  it("SESSION-2 all messages of an execution happen, or none", async () => {
    world = await World.start();
    world.grant();
    const before = world.balance(owner);
    world.refused("paychan", 7, /messages\[1\] \/dcm\.channel\.v1\.MsgCloseChannel: there is no channel 9/, key, [execOf([open(100), close(9n)])]);
    assert.deepEqual([world.balance(owner), world.session().spent], [before, []]);
  });

  it("SESSION-3 no session, another owner's, a revoked one: nothing happens", async () => {
    world = await World.start();
    world.refused("session", 6, /has granted no session/, thief, [execOf([open(1)], owner, thief)]);
    world.grant();
    world.refused("session", 6, /has granted no session/, thief, [execOf([open(1)], owner, thief)]);
    world.refused("session", 6, /has granted no session/, key, [execOf([open(1, other)], other)]);
    world.refused("session", 6, /has granted no session/, thief, [anyOf(MsgRevokeSession, { owner: thief.text, session: key.text })]);
    const revoked = world.ok(owner, [anyOf(MsgRevokeSession, { owner: owner.text, session: key.text })]);
    assert.equal(events(revoked, "dcm.session.v1.EventSessionRevoked").length, 1);
    world.refused("session", 6, /the owner grants one with MsgGrantSession/, key, [execOf([open(1)])]);
    assert.equal(world.balance(owner), funds);
  });

  it("SESSION-3 nobody signs for another: neither the owner's name nor the key's can be borrowed", async () => {
    world = await World.start();
    world.grant();
    // The thief signs what names the key as its sender: the signature is not the key's.
    const borrowed = world.send(thief, [execOf([open(1)])]);
    assert.deepEqual([borrowed.codespace, borrowed.code], ["sdk", 8], borrowed.log);
    world.refused("session", 9, new RegExp(`messages\\[0\\] is signed by ${other.text}; it must be signed by ${owner.text} alone`), key, [execOf([open(1, other)])]);
    world.refused("session", 9, /messages\[1\] is signed by/, key, [execOf([open(1), open(1, key)])]);
    assert.deepEqual([world.balance(owner), world.balance(other)], [funds, funds]);
  });

  it("SESSION-4 a key sends what it was granted, and of that only what keys may ever be granted", async () => {
    world = await World.start();
    world.grant({ messages: ["/dcm.channel.v1.MsgOpenChannel"] });
    world.ok(key, [execOf([open(1)])]);
    world.refused("session", 8, /does not have \/dcm\.channel\.v1\.MsgCloseChannel/, key, [execOf([close(1n)])]);
    world.refused("session", 8, /does not have/, key, [execOf([open(1), close(1n)])]);
    const never: Any[] = [
      anyOf(MsgSend, { fromAddress: owner.text, toAddress: thief.text, amount: [coin(1)] }),
      anyOf(MsgExec, { grantee: owner.text, msgs: [open(1)] }),
      anyOf(MsgGrant, { granter: owner.text, grantee: thief.text, grant: { authorization: anyOf(GenericAuthorization, { msg: `/${MsgSend.$type}` }), expiration: undefined } }),
      anyOf(MsgGrantAllowance, { granter: owner.text, grantee: thief.text, allowance: anyOf(BasicAllowance, { spendLimit: [], expiration: undefined }) }),
      grantOf({ key: thief.publicKey }),
      anyOf(MsgRevokeSession, { owner: owner.text, session: key.text }),
      execOf([open(1)]),
      anyOf(MsgEditProvider, { operator: owner.text, profile: profileOf({ endpoints: ["http://thief.example"] }) }),
      anyOf(MsgRegisterProvider, { operator: owner.text, profile: profileOf(), bond: coin(1) }),
      anyOf(MsgBond, { operator: owner.text, amount: coin(1) }),
      anyOf(MsgRetireProvider, { operator: owner.text }),
      anyOf(MsgUpdateParams, { authority: owner.text, params: defaultParams() }),
    ];
    for (const message of never) {
      world.refused("session", 4, /no session key may send/, key, [execOf([message])]);
      world.refused("session", 4, /the query Grantable lists what it may/, owner, [grantOf({ messages: [message.typeUrl] })]);
    }
    assert.equal(world.balance(thief), funds);
  });

  it("SESSION-4 what may be granted has a handler here, one signer, and none that carries others, names an authority or moves where work and bond go", async () => {
    world = await World.start();
    const { messages } = QueryGrantableResponse.decode(world.chain.machine.query("/dcm.session.v1.Query/Grantable", new Uint8Array(0)));
    assert.deepEqual(messages, [...messages].sort((a, b) => (a < b ? -1 : 1)));
    for (const typeUrl of messages) {
      const bound = world.chain.machine.router.message(typeUrl);
      assert.ok(bound !== undefined, `${typeUrl} is handled`);
      const signing = signerFields(messageDescriptor(typeUrl));
      assert.ok(signing.length === 1 && signing[0] !== "authority", `${typeUrl} is signed by ${signing.join(", ")}`);
      assert.ok(bound.handler.lane !== "system" && bound.handler.uncarried !== true, typeUrl);
    }
    assert.deepEqual(messages.filter((typeUrl) => /^\/(?!dcm\.)|Exec|Grant|Revoke|EditProvider|RegisterProvider|Bond|Unbond|Retire(?!Profile)|Transfer|Resell|Params|SetClass|SetQuoteDenom/.test(typeUrl)), []);
  });

  it("SESSION-5 many small amounts, several denoms and money that comes in between count up to the limit, and not a coin further", async () => {
    world = await World.start();
    world.grant({ spendLimit: [coin(100)] });
    for (let i = 0; i < 9; i++) world.ok(key, [execOf([open(10)])]);
    world.refused("session", 10, /may cost .* 100udcm; 90 are spent and this takes 11 more/, key, [execOf([open(11)])]);
    world.refused("session", 10, /90 are spent and this takes 18 more/, key, [execOf([open(6), open(6), open(6)])]);
    world.refused("session", 10, /0ustone; 0 are spent and this takes 1 more/, key, [execOf([open(1, owner, second)])]);
    // What comes back to the owner does not make room: it could go out again to somebody else.
    world.ok(accomplice, [close(1n, accomplice)]);
    world.refused("session", 10, /90 are spent and this takes 20 more/, key, [execOf([close(2n), open(20)])]);
    world.ok(key, [execOf([open(10)])]);
    world.refused("session", 10, /100 are spent and this takes 1 more/, key, [execOf([open(1)])]);
    assert.equal(world.balance(owner), funds - 100n + 10n);
  });

  it("SESSION-5 the limit of a period is there again in the next one, however many went by; without one it is there once", async () => {
    world = await World.start();
    world.grant({ spendLimit: [coin(100)], period: 60_000n });
    world.ok(key, [execOf([open(100)])]);
    world.refused("session", 10, /100 are spent/, key, [execOf([open(1)])]);
    for (let i = 0; i < 7; i++) world.chain.block([], 10n);
    assert.deepEqual(world.session().left, [coin(100)]);
    world.ok(key, [execOf([open(60)])]);
    world.refused("session", 10, /60 are spent and this takes 41 more/, key, [execOf([open(41)])]);
    const one = { ...world.session().session!, period: 1_000n, grantedTau: 5_000n, spendLimit: [coin(60), coin(7, second)] };
    const none = spendingAt(one, undefined, 5_000n);
    const all = charged(one, none, [{ denom: testDenom, amount: 60n }]);
    assert.deepEqual([none.spent, none.periodTau, spendingAt(one, undefined, 7_500n).periodTau], [[], 5_000n, 7_000n]);
    assert.deepEqual([spendingAt(one, all, 5_999n).spent, spendingAt(one, all, 6_000n).spent, spendingAt(one, all, 9_321n).periodTau], [[coin(60)], [], 9_000n]);
    assert.deepEqual(spendingAt({ ...one, period: 0n }, all, 10n ** 12n).spent, [coin(60)]);
    assert.deepEqual(leftOf(one, all), [{ denom: second, amount: 7n }]);
  });

  it("SESSION-6 fees that the owner pays count against the limit, of failed transactions too; where it does not pay them, the key does or a fee grant", async () => {
    world = await World.start();
    const fee = { fee: { denom: testDenom, amount: 40n }, granter: owner.text };
    world.grant({ spendLimit: [coin(100)], ownerPaysFees: true });
    world.refused("paychan", 7, /no channel 9/, key, [execOf([close(9n)])], fee);
    assert.equal(world.balance(owner), funds - 40n);
    world.refused("session", 10, /80 are spent and this takes 30 more/, key, [execOf([open(30)])], fee);
    assert.equal(world.balance(owner), funds - 80n);
    world.refused("session", 10, /does not allow to pay fees for .* 80 are spent and this takes 40 more/, key, [execOf([open(1)])], fee);
    assert.deepEqual([world.balance(owner), world.session().left], [funds - 80n, [coin(20)]]);
    // Of anything that is no session's doing the owner pays no fee.
    world.refused("sdk", 38, /fee-grant not found/, key, [anyOf(MsgSend, { fromAddress: key.text, toAddress: thief.text, amount: [coin(1)] })], { ...fee, fee: { denom: testDenom, amount: 1n } });
    world.refused("sdk", 38, /fee-grant not found/, key, [execOf([open(1)]), anyOf(MsgSend, { fromAddress: key.text, toAddress: thief.text, amount: [coin(1)] })], { ...fee, fee: { denom: testDenom, amount: 1n } });
    world.grant({ spendLimit: [coin(100)], ownerPaysFees: false });
    world.refused("sdk", 38, /fee-grant not found/, key, [execOf([open(1)])], fee);
    world.ok(owner, [anyOf(MsgGrantAllowance, { granter: owner.text, grantee: key.text, allowance: anyOf(BasicAllowance, { spendLimit: [], expiration: undefined }) })]);
    world.ok(key, [execOf([open(100)])], fee);
  });

  it("SESSION-6 in the mempool, too: at the node's price, and rechecked after a block", async () => {
    world = await World.start(undefined, true);
    world.grant({ spendLimit: [coin(25_000)], ownerPaysFees: true });
    const { machine } = world.chain;
    const txs = [0, 1].map(() => world.chain.sign(key, [execOf([open(1)])], { gas: 1_000_000n, fee: { denom: testDenom, amount: 10_000n }, granter: owner.text }));
    const third = world.chain.sign(key, [execOf([open(1)])], { gas: 1_000_000n, fee: { denom: testDenom, amount: 10_000n }, granter: owner.text });
    assert.deepEqual(txs.map((tx) => machine.checkTx(tx, false).code), [0, 0]);
    assert.equal(machine.checkTx(third, false).codespace, "session");
    assert.equal(world.chain.block([txs[0]!]).txResults[0]!.code, 0);
    assert.equal(machine.checkTx(txs[1]!, true).code, 0);
    world.ok(owner, [anyOf(MsgRevokeSession, { owner: owner.text, session: key.text })]);
    assert.equal(machine.checkTx(txs[1]!, true).code, 38);
  });

  it("SESSION-7 no message carries an execution, and an execution carries none that carries others", async () => {
    world = await World.start();
    world.grant();
    world.ok(owner, [anyOf(MsgGrant, { granter: owner.text, grantee: thief.text, grant: { authorization: anyOf(GenericAuthorization, { msg: `/${MsgExecSession.$type}` }), expiration: undefined } })]);
    world.refused("sdk", 4, /MsgExecSession stands in a transaction itself/, thief, [anyOf(MsgExec, { grantee: thief.text, msgs: [execOf([open(1)])] })]);
    world.refused("sdk", 4, /MsgExecSession stands in a transaction itself/, thief, [anyOf(MsgExec, { grantee: thief.text, msgs: [anyOf(MsgExec, { grantee: thief.text, msgs: [execOf([open(1)])] })] })]);
    world.refused("session", 4, /no session key may send \/dcm\.session\.v1\.MsgExecSession/, key, [execOf([execOf([open(1)])])]);
    world.refused("session", 4, /no session key may send \/cosmos\.authz\.v1beta1\.MsgExec/, key, [execOf([anyOf(MsgExec, { grantee: owner.text, msgs: [open(1)] })])]);
    // The owner's own grant to somebody else to make sessions is its own doing.
    assert.equal(world.balance(owner), funds);
  });

  it("SESSION-8 is over behind its last tau, swept or not", async () => {
    world = await World.start();
    const { tau } = (world.grant(), world.session());
    world.grant({ expiresTau: tau + 20_000n });
    world.ok(key, [execOf([open(1)])]);
    for (let i = 0; i < 4; i++) world.chain.block();
    assert.throws(() => world.session(), /has granted no session/);
    world.refused("session", 6, /or it is over/, key, [execOf([open(1)])]);
    world.refused("session", 2, /expires_tau is .*; it must be after the present tau/, owner, [grantOf({ expiresTau: 1n })]);
    world.refused("session", 2, /at most 7776000000 ms later/, owner, [grantOf({ expiresTau: tau + 90n * 86_400_000n + 10_000_000n })]);
  });

  it("SESSION-9 a block removes at most so many that are over, the oldest first; what is left over can do nothing", async () => {
    const at = (i: number) => testAccount(`key ${i}`);
    const base = { owner: owner.text, messages: ["/dcm.channel.v1.MsgOpenChannel"], spendLimit: [coin(5)], period: 0n, ownerPaysFees: false, grantedTau: 0n };
    const sessions = Array.from({ length: 25 }, (_, i) => ({ ...base, session: at(i).text, key: at(i).publicKey, expiresTau: BigInt(i + 1) })).sort((a, b) => Buffer.compare(Buffer.from(testAddress(a.session)), Buffer.from(testAddress(b.session))));
    world = await World.start({ params: { ...defaultParams(), maxSweep: 10 }, sessions, spendings: [] });
    const left = (): number => QuerySessionsByOwnerResponse.decode(world.chain.machine.query("/dcm.session.v1.Query/SessionsByOwner", QuerySessionsByOwnerRequest.encode({ owner: owner.text, pagination: undefined }).finish())).sessions.length;
    // The clock has just begun to count: nothing is over in the first block.
    assert.equal(left(), 25);
    const { events: swept, txResults } = world.chain.block([world.chain.sign(at(24), [execOf([open(1)], owner, at(24))])]);
    assert.deepEqual([left(), swept.filter(({ type }) => type === "dcm.session.v1.EventSessionExpired").length], [15, 10]);
    assert.deepEqual([txResults[0]!.codespace, txResults[0]!.code], ["session", 7], txResults[0]!.log);
    world.chain.block();
    world.chain.block();
    assert.equal(left(), 0);
  });

  it("SESSION-10 a key serves two owners side by side, each within its own limit", async () => {
    world = await World.start();
    world.grant({ spendLimit: [coin(10)] });
    world.grant({ spendLimit: [coin(20)] }, other);
    const known = QuerySessionsByKeyResponse.decode(world.chain.machine.query("/dcm.session.v1.Query/SessionsByKey", QuerySessionsByKeyRequest.encode({ session: key.text, pagination: undefined }).finish()));
    assert.deepEqual(known.sessions.map((one) => one.owner).sort(), [owner.text, other.text].sort());
    world.ok(key, [execOf([open(10)]), execOf([open(20, other)], other)]);
    world.refused("session", 10, /10 are spent/, key, [execOf([open(1)])]);
    world.refused("session", 10, /20 are spent/, key, [execOf([open(1, other)], other)]);
    world.ok(owner, [anyOf(MsgRevokeSession, { owner: owner.text, session: key.text })]);
    assert.equal(world.session(other).live, true);
  });

  it("SESSION-11 a transaction is not taken twice, nor on another chain", async () => {
    world = await World.start();
    world.grant();
    const tx = world.chain.sign(key, [execOf([open(5)])]);
    assert.deepEqual(world.chain.block([tx, tx]).txResults.map(({ code }) => code), [0, 32]);
    assert.equal(world.chain.block([tx]).txResults[0]!.code, 32);
    const abroad = signedTx(key, { chainId: `${testChainId}-x`, ...world.chain.accountOf(key), messages: [execOf([open(5)])] });
    assert.deepEqual(world.chain.block([abroad]).txResults.map(({ codespace, code }) => [codespace, code]), [["sdk", 4]]);
    assert.equal(world.balance(owner), funds - 5n);
  });

  it("SESSION-12 a grant names one plain key, not the owner's, a bounded list of types and coins; the last one of a key counts", async () => {
    world = await World.start();
    const bad = (code: number, words: RegExp, change: Grant): void => world.refused("session", code, words, owner, [grantOf(change)]);
    bad(3, /is the key of the owner/, { key: owner.publicKey });
    bad(2, /key is 0 bytes/, { key: new Uint8Array(0) });
    bad(2, /key is 32 bytes/, { key: key.publicKey.slice(1) });
    // A module's account has an address and no key: neither it nor the Any of another kind of key can stand here.
    bad(2, /key is 20 bytes/, { key: moduleAddress("market") });
    bad(2, /key is \d+ bytes/, { key: encodePubKey({ kind: "multisig", threshold: 1, keys: [{ kind: "secp256k1", key: key.publicKey }] }).value });
    bad(2, /messages is 0 entries/, { messages: [] });
    bad(2, /messages is 65 entries/, { messages: Array.from({ length: 65 }, () => grantable[0]!) });
    bad(2, /messages\[1\] is .*; it must be after the one before it/, { messages: [grantable[1]!, grantable[0]!] });
    bad(2, /messages\[1\] is/, { messages: [grantable[0]!, grantable[0]!] });
    bad(2, /spend_limit is .*not positive/, { spendLimit: [coin(0)] });
    bad(2, /spend_limit is .*not sorted/, { spendLimit: [coin(1, second), coin(1)] });
    bad(2, /spend_limit is 9 coins/, { spendLimit: Array.from({ length: 9 }, (_, i) => coin(1, `token${i}`)) });
    bad(2, /period is/, { period: 1n << 60n });
    world.refused("sdk", 7, /invalid session address/, owner, [anyOf(MsgRevokeSession, { owner: owner.text, session: "dcm1nobody" })]);
    world.grant({ spendLimit: [coin(5)] });
    world.ok(key, [execOf([open(5)])]);
    assert.deepEqual(events(world.grant({ spendLimit: [coin(7)] }), "dcm.session.v1.EventSessionGranted").map(({ replaced }) => replaced), ["true"]);
    world.ok(key, [execOf([open(7)])]);
    world.refused("session", 10, /7 are spent/, key, [execOf([open(1)])]);
  });

  it("SESSION-12 an owner has a bounded number of them, an execution a bounded number of messages", async () => {
    world = await World.start({ params: { ...defaultParams(), maxSessions: 2, maxMessages: 2 }, sessions: [], spendings: [] });
    world.grant();
    world.grant({ key: thief.publicKey });
    world.refused("session", 5, /has 2 sessions, and no more may be/, owner, [grantOf({ key: accomplice.publicKey })]);
    world.grant({ spendLimit: [coin(3)] });
    world.refused("session", 2, /messages is 3 entries; it must be 1 to 2/, key, [execOf([open(1), open(1), open(1)])]);
    world.refused("session", 2, /messages is 0 entries/, key, [execOf([])]);
    world.refused("session", 2, /messages is 257 entries/, key, [execOf(Array.from({ length: 257 }, () => anyOf(MsgHeartbeat, { operator: owner.text })))]);
  });

  it("SESSION-13 what may not be late keeps its place in full blocks when it comes by a key", async () => {
    world = await World.start();
    world.grant();
    const commit = (): Any => anyOf(MsgCommitResult, { worker: owner.text, provider: owner.text, taskId: 1n, commitment: new Uint8Array(32) });
    const send = (memo: number): Any => anyOf(MsgSend, { fromAddress: thief.text, toAddress: other.text, amount: [coin(1 + memo)] });
    const crowd = Array.from({ length: 40 }, (_, i) => world.chain.sign(thief, [send(i)]));
    const [urgent, mixed, plain] = [execOf([commit(), commit()]), execOf([commit(), open(1)]), execOf([open(1)])].map((message) => world.chain.sign(key, [message]));
    const chosen = (last: Uint8Array): boolean => world.chain.machine.prepareProposal({ height: world.chain.height + 1n, timeNanos: world.chain.time * 1_000_000_000n, proposer: new Uint8Array(20) }, [...crowd, last], 9_000).includes(last);
    assert.deepEqual([chosen(urgent!), chosen(mixed!), chosen(plain!)], [true, false, false]);
  });

  it("SESSION-14 a worker's whole day by key: heartbeat and ask; the provider stays the operator's", async () => {
    world = await World.start();
    const profile = profileOf();
    world.ok(owner, [anyOf(MsgRegisterProvider, { operator: owner.text, profile, bond: coin(50_000_000) })]);
    world.grant({ ownerPaysFees: true });
    const fee = { fee: { denom: testDenom, amount: 500n }, granter: owner.text };
    const ask = anyOf(MsgPlaceAsk, MsgPlaceAsk.fromPartial({ provider: owner.text, classId: "wasm.core", quoteDenom: testDenom, basePrice: 10n, units: 1 }));
    const placed = world.ok(key, [execOf([anyOf(MsgHeartbeat, { operator: owner.text })]), execOf([ask])], fee);
    assert.deepEqual(events(placed, "dcm.market.v1.EventAskPlaced").map(({ provider }) => provider), [owner.text]);
    world.refused("session", 4, /no session key may send/, key, [execOf([anyOf(MsgEditProvider, { operator: owner.text, profile: { ...profile, endpoints: ["http://thief.example"] } })])], fee);
    const known = QueryProviderResponse.decode(world.chain.machine.query("/dcm.staking.v1.Query/Provider", QueryProviderRequest.encode({ operator: owner.text }).finish()));
    assert.deepEqual(known.provider!.profile, profile);
    // Nobody is a provider by its key.
    world.refused("market", 22, /may not act for/, key, [anyOf(MsgCommitResult, { worker: key.text, provider: owner.text, taskId: 1n, commitment: new Uint8Array(32) })]);
  });

  it("SESSION-15 parameters change by governance, within bounds", async () => {
    world = await World.start();
    world.refused("gov", 13, /expected gov account/, owner, [anyOf(MsgUpdateParams, { authority: owner.text, params: defaultParams() })]);
    for (const [name, [, low, high]] of Object.entries(paramBounds)) {
      const beyond = typeof high === "bigint" ? [low as bigint - 1n, high + 1n] : [(low as number) - 1, (high as number) + 1];
      for (const value of beyond) assert.match(paramsFault({ ...defaultParams(), [name]: value })!.message, /it must be from/);
      for (const value of [low, high]) assert.equal(paramsFault({ ...defaultParams(), [name]: value }), undefined);
    }
    const params = { ...defaultParams(), maxSessions: 1 };
    const update = (changed: object): Any => anyOf(MsgExec, { grantee: other.text, msgs: [anyOf(MsgUpdateParams, { authority: governance, params: { ...params, ...changed } })] });
    world.refused("session", 11, /params\.max_sweep is 9; it must be from 10 to 10000/, other, [update({ maxSweep: 9 })]);
    world.ok(other, [update({})]);
    world.grant();
    world.refused("session", 5, /has 1 sessions/, owner, [grantOf({ key: thief.publicKey })]);
  });

  it("SESSION-16 genesis refuses what contradicts itself, and an export loads to the same state", async () => {
    world = await World.start();
    world.grant({ period: 60_000n, ownerPaysFees: true });
    world.ok(key, [execOf([open(3)])]);
    const module = world.chain.machine.modules.find(({ name }) => name === "session")!;
    const state = module.genesis!.export(world.chain.machine.queryContext()) as GenesisState;
    assert.equal(state.sessions.length, 1);
    module.genesis!.check(state);
    const [one] = state.sessions;
    const wrong: [object, RegExp][] = [
      [{ session: thief.text }, /session is not the address of key/], [{ key: new Uint8Array(33) }, /session is not the address of key/], [{ owner: key.text }, /the key is the owner's own/],
      [{ messages: [`/${MsgSend.$type}`] }, /grantable type URLs/], [{ messages: [] }, /grantable type URLs/], [{ spendLimit: [coin(0)] }, /above 0/],
      [{ expiresTau: one!.grantedTau }, /contradict/],
    ];
    for (const [change, words] of wrong) assert.throws(() => module.genesis!.check({ ...state, sessions: [{ ...one!, ...change }], spendings: [] }), words);
    assert.throws(() => module.genesis!.check({ ...state, sessions: [one!, one!] }), /stands twice/);
    const [spending] = state.spendings;
    for (const [list, words] of [
      [[{ ...spending!, spent: [coin(10_001)] }], /more is spent than its limit/], [[{ ...spending!, spent: [] }], /above 0/], [[{ ...spending!, session: thief.text }], /has no session/], [[spending!, spending!], /stands twice/],
      [[{ ...spending!, periodTau: one!.grantedTau - 1n }], /begins before the grant/],
    ] as const) assert.throws(() => module.genesis!.check({ ...state, spendings: list }), words);
    assert.throws(() => module.genesis!.check({ ...state, params: undefined }), /params is missing/);
    const again = await World.start(state);
    assert.deepEqual(module.genesis!.export(again.chain.machine.queryContext()), state);
    await again.stop();
  });
});

function testAddress(text: string): Uint8Array {
  return [owner, other, key, ...Array.from({ length: 25 }, (_, i) => testAccount(`key ${i}`))].find((one) => one.text === text)!.address;
}

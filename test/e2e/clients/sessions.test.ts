/** Session keys on a real node, through a stock client: a wallet that never held a coin signs for another account, within what that granted. */
import assert from "node:assert/strict";
import { fromBase64 } from "@cosmjs/encoding";
import { DirectSecp256k1HdWallet, type EncodeObject } from "@cosmjs/proto-signing";
import { Secp256k1HdWallet } from "@cosmjs/amino";
import { coins, SigningStargateClient, type DeliverTxResponse, type StdFee } from "@cosmjs/stargate";
import { after, before, describe, it } from "mocha";
import { MsgExecSessionResponse } from "../../../chain/codec/gen/dcm/session/v1/tx.ts";
import { MsgOpenChannel, MsgOpenChannelResponse } from "../../../chain/codec/gen/dcm/channel/v1/tx.ts";
import { dcmAminoTypes } from "../../../client/amino.ts";
import { connect, type Connection } from "../../../client/connection.ts";
import { dcmRegistry } from "../../../client/registry.ts";
import { Sender, TxFailed } from "../../../client/sender.ts";
import { findSession, grantMessage } from "../../../client/session.ts";
import { addressOf, chainId, denom, gasPrice, prefix, useChain } from "./chain.ts";

const fee: StdFee = { amount: coins(1000, denom), gas: "500000" };
const open = "/dcm.channel.v1.MsgOpenChannel";
const terms = { spendLimit: [{ denom, amount: "1000000" }], periodMs: 0, lifetimeMs: 3_600_000 };

describe("session keys, with CosmJS", function () {
  this.timeout(60_000);
  const chain = useChain();
  let connection: Connection;
  let owner: string;
  let recipient: string;
  let client: SigningStargateClient;
  before(async () => {
    connection = await connect(chain().rpc);
    [owner, recipient] = [await addressOf("gina"), await addressOf("hugo")];
    client = await chain().client("gina", { registry: dcmRegistry() });
  });
  after(() => connection?.close());

  const value = (amount: number): MsgOpenChannel => MsgOpenChannel.fromPartial({ payer: owner, recipient, deposit: { denom, amount: String(amount) }, voucherKey: new Uint8Array(33).fill(2) });
  const exec = (session: string, ...amounts: readonly number[]): EncodeObject => ({
    typeUrl: "/dcm.session.v1.MsgExecSession", value: { session, owner, messages: amounts.map((amount) => ({ typeUrl: open, value: MsgOpenChannel.encode(value(amount)).finish() })) },
  });
  async function grant(key: Uint8Array): Promise<void> {
    const { tauMs } = await connection.query.clock.tau();
    const result = await client.signAndBroadcast(owner, [grantMessage(owner, key, [open], terms, tauMs)], fee);
    assert.equal(result.code, 0, result.rawLog);
  }

  for (const amino of [false, true]) {
    it(`sign with a wallet of their own in ${amino ? "amino JSON" : "direct mode"}, the owner pays (SESSION-1, SESSION-6)`, async () => {
      const wallet = await (amino ? Secp256k1HdWallet : DirectSecp256k1HdWallet).generate(12, { prefix });
      const [{ address, pubkey }] = (await wallet.getAccounts()) as unknown as [{ address: string; pubkey: Uint8Array }];
      await grant(pubkey);
      const key = await SigningStargateClient.connectWithSigner(chain().rpc, wallet, { gasPrice, registry: dcmRegistry(), aminoTypes: dcmAminoTypes(), broadcastPollIntervalMs: 100 });
      try {
        const before = BigInt((await client.getBalance(owner, denom)).amount);
        const result: DeliverTxResponse = await key.signAndBroadcast(address, [exec(address, 10, 20)], { ...fee, granter: owner });
        assert.equal(result.code, 0, result.rawLog);
        const { responses, spent } = MsgExecSessionResponse.decode(result.msgResponses[0]!.value);
        assert.deepEqual(responses.map((response) => MsgOpenChannelResponse.decode(response.value).channelId > 0n), [true, true]);
        assert.equal(before - BigInt((await client.getBalance(owner, denom)).amount), BigInt(spent[0]!.amount) + 1000n);
        assert.equal((await key.getBalance(address, denom)).amount, "0");
        const beyond = await key.signAndBroadcast(address, [exec(address, 2_000_000)], { ...fee, granter: owner });
        assert.match(beyond.rawLog ?? "", /may cost .* 1000000udcm; \d+ are spent/);
        assert.equal(beyond.code, 10);
      } finally {
        key.disconnect();
      }
    });
  }

  it("act through our sender as the account that granted to them, until they are revoked; REST shows them", async () => {
    const wallet = await DirectSecp256k1HdWallet.generate(12, { prefix });
    const [{ address: session, pubkey }] = (await wallet.getAccounts()) as unknown as [{ address: string; pubkey: Uint8Array }];
    await grant(pubkey);
    const sender = await Sender.create({ connection, signer: wallet, address: owner, session, chainId, gasPrice: { denom, amount: 0.002 } });
    const sent = await Promise.all([sender.send({ typeUrl: open, value: value(5) }), sender.send({ typeUrl: open, value: value(6) })]);
    const ids = sent.map(({ response }) => MsgOpenChannelResponse.decode(response!.value).channelId);
    assert.equal(ids[1], ids[0]! + 1n);
    const opened = sent.map(({ events }) => events.find(({ type }) => type === "dcm.channel.v1.EventChannelOpened")!.attributes.find(({ key }) => key === "payer")!.value);
    assert.deepEqual(opened, [owner, owner]);
    await assert.rejects(sender.send({ typeUrl: "/cosmos.bank.v1beta1.MsgSend", value: { fromAddress: owner, toAddress: session, amount: coins(1, denom) } }), (error: unknown) => error instanceof TxFailed && error.codespace === "session" && error.code === 4);
    const shown = (await (await fetch(`${chain().rest}/dcm/session/v1/owners/${owner}/sessions/${session}`)).json()) as { session: { key: string; messages: string[] }; live: boolean; left: { amount: string }[] };
    assert.deepEqual([fromBase64(shown.session.key), shown.session.messages, shown.live], [pubkey, [open], true]);
    assert.ok(BigInt(shown.left[0]!.amount) < 1_000_000n);
    const revoked = await client.signAndBroadcast(owner, [{ typeUrl: "/dcm.session.v1.MsgRevokeSession", value: { owner, session } }], fee);
    assert.equal(revoked.code, 0, revoked.rawLog);
    assert.equal(await findSession(connection, owner, session), undefined);
    await assert.rejects(sender.send({ typeUrl: open, value: value(1) }), (error: unknown) => error instanceof TxFailed && error.code === 38);
  });
});

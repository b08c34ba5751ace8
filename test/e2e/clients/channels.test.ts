/** Payment channels on a real node, through a stock client: only its registry and amino converters are ours, and the vouchers off chain. */
import assert from "node:assert/strict";
import type { EncodeObject } from "@cosmjs/proto-signing";
import { coins, type DeliverTxResponse, type SigningStargateClient, type StdFee } from "@cosmjs/stargate";
import { after, before, describe, it } from "mocha";
import { ChannelStatus } from "../../../chain/codec/gen/dcm/channel/v1/types.ts";
import { MsgCloseChannelResponse, MsgOpenChannelResponse, MsgRedeemVoucherResponse } from "../../../chain/codec/gen/dcm/channel/v1/tx.ts";
import { dcmAminoTypes } from "../../../client/amino.ts";
import { connect, type Connection } from "../../../client/connection.ts";
import { dcmRegistry } from "../../../client/registry.ts";
import { channelTerms, memoryVoucherStore, portableCurve, redeemMessage, signVoucher, VoucherPayer, VoucherRecipient, type ChannelTerms } from "../../../client/vouchers.ts";
import { addressOf, chainId, denom, tokenFunds, useChain, type Person } from "./chain.ts";

const fee: StdFee = { amount: coins(1000, denom), gas: "400000" };
const secret = new Uint8Array(32).fill(9);
const voucherKey = portableCurve.publicKey(secret);

interface Side {
  readonly address: string;
  readonly client: SigningStargateClient;
}

describe("payment channels, with CosmJS", function () {
  this.timeout(90_000);
  const chain = useChain();
  let connection: Connection;
  before(async () => {
    connection = await connect(chain().rpc);
  });
  after(() => connection?.close());

  const side = async (name: Person, amino = false): Promise<Side> => ({
    address: await addressOf(name), client: await chain().client(name, { amino, registry: dcmRegistry(), ...(amino ? { aminoTypes: dcmAminoTypes() } : {}) }),
  });
  const send = ({ address, client }: Side, ...messages: readonly EncodeObject[]): Promise<DeliverTxResponse> => client.signAndBroadcast(address, messages, fee);
  const done = async (from: Side, ...messages: readonly EncodeObject[]): Promise<DeliverTxResponse> => {
    const result = await send(from, ...messages);
    assert.equal(result.code, 0, result.rawLog);
    return result;
  };
  const channelOf = (channelId: bigint) => connection.query.channel.channel({ channelId });
  const balance = async ({ client, address }: Side, of: string): Promise<bigint> => BigInt((await client.getBalance(address, of)).amount);
  const close = (from: Side, channelId: bigint): EncodeObject => ({ typeUrl: "/dcm.channel.v1.MsgCloseChannel", value: { sender: from.address, channelId } });

  async function open(from: Side, to: Side, amount: bigint, of: string, fields: object = {}): Promise<ChannelTerms> {
    const message = { typeUrl: "/dcm.channel.v1.MsgOpenChannel", value: { payer: from.address, recipient: to.address, deposit: { denom: of, amount: String(amount) }, voucherKey, expiresTau: 0n, closingPeriod: 0n, organization: "", costTags: [], ...fields } };
    const result = await done(from, message);
    const { channelId } = MsgOpenChannelResponse.decode(result.msgResponses[0]!.value);
    return channelTerms(chainId, (await channelOf(channelId)).channel!);
  }

  /** Waits until the chain has swept the channel away. */
  async function ended(channelId: bigint): Promise<void> {
    for (let i = 0; i < 60; i++) {
      if (await channelOf(channelId).then(() => false, (error: unknown) => /does not exist or has ended/.test(String(error)))) return;
      await chain().wait(1);
    }
    assert.fail(`channel ${channelId} did not end`);
  }

  for (const [name, other, of, amino] of [["adam", "berta", denom, false], ["carla", "dora", "token", true]] as const) {
    it(`open, pay a hundred times, redeem once, top up, close: in ${of}, signed ${amino ? "in amino JSON, as by a Ledger" : "directly"}`, async () => {
      const [payer, recipient] = [await side(name, amino), await side(other, amino)];
      const [had, got] = [await balance(payer, of), await balance(recipient, of)];
      const terms = await open(payer, recipient, 500n, of);
      const [paying, paid] = [await VoucherPayer.open({ terms, secret, store: memoryVoucherStore() }), await VoucherRecipient.open({ terms, address: recipient.address, denom: of, minClosingMs: 20_000n, store: memoryVoucherStore() })];
      const { tauMs: tau } = await connection.query.clock.tau();
      for (let i = 0; i < 100; i++) await paid.accept(await paying.pay(3n), { tau });
      const redeemed = await done(recipient, redeemMessage(recipient.address, paid.best!));
      assert.deepEqual(MsgRedeemVoucherResponse.decode(redeemed.msgResponses[0]!.value), { paid: "300", fee: "0", redeemed: "300" });
      const again = await send(recipient, redeemMessage(recipient.address, paid.best!));
      assert.deepEqual([again.code, /there is nothing more to redeem with it/.test(again.rawLog ?? "")], [14, true], again.rawLog);

      await done(payer, { typeUrl: "/dcm.channel.v1.MsgTopUp", value: { payer: payer.address, channelId: terms.channelId, amount: { denom: of, amount: "50" }, organization: "", costTags: [] } });
      const now = await channelOf(terms.channelId);
      assert.deepEqual([now.held, now.status, now.channel!.deposited], ["250", ChannelStatus.CHANNEL_STATUS_OPEN, "550"]);
      for (const one of [paying, paid]) one.update(channelTerms(chainId, now.channel!));
      await paid.accept(await paying.pay(150n), { tau });
      // Both in one transaction: what is accepted is redeemed before the channel is gone.
      const closed = await done(recipient, redeemMessage(recipient.address, paid.best!), close(recipient, terms.channelId));
      assert.deepEqual(MsgCloseChannelResponse.decode(closed.msgResponses[1]!.value), { ended: true, endsTau: 0n, refunded: "100" });
      // The storage deposit is back; three transactions of each paid fees in udcm.
      const fees = (count: bigint): bigint => (of === denom ? count * 1_000n : 0n);
      assert.deepEqual([await balance(payer, of), await balance(recipient, of)], [had - 450n - fees(2n), got + 450n - fees(3n)]);

      const history = await payer.client.searchTx(`dcm.channel.v1.EventVoucherRedeemed.channel_id='${terms.channelId}'`);
      assert.deepEqual(history.map(({ hash }) => hash), [redeemed.transactionHash, closed.transactionHash]);
    });
  }

  it("a dead recipient: the payer closes, waits and has everything back; vouchers count until then", async () => {
    const [payer, recipient] = [await side("adam"), await side("berta")];
    const had = await balance(payer, "token");
    const terms = await open(payer, recipient, 70n, "token", { closingPeriod: 5_000n });
    const closing = MsgCloseChannelResponse.decode((await done(payer, close(payer, terms.channelId))).msgResponses[0]!.value);
    const state = await channelOf(terms.channelId);
    assert.deepEqual([closing.ended, closing.endsTau, state.status], [false, state.channel!.closingTau + 5_000n, ChannelStatus.CHANNEL_STATUS_CLOSING]);
    assert.equal((await send(payer, close(payer, terms.channelId))).code, 10);
    await done(recipient, redeemMessage(recipient.address, signVoucher(terms, 20n, secret)));
    await ended(terms.channelId);
    assert.equal(await balance(payer, "token"), had - 20n);
    const { tauMs } = await connection.query.clock.tau();
    assert.ok(tauMs > closing.endsTau, `${tauMs} ${closing.endsTau}`);
    assert.equal((await send(recipient, redeemMessage(recipient.address, signVoucher(terms, 30n, secret)))).code, 7);
  });

  it("a dead payer: the recipient, or somebody for it, redeems the last voucher and ends the channel alone", async () => {
    const [payer, recipient, friend] = [await side("adam"), await side("berta"), await side("dora")];
    const [had, got] = [await balance(payer, "token"), await balance(recipient, "token")];
    const terms = await open(payer, recipient, 40n, "token");
    await done(friend, redeemMessage(friend.address, signVoucher(terms, 25n, secret)));
    await done(recipient, close(recipient, terms.channelId));
    assert.deepEqual([await balance(payer, "token"), await balance(recipient, "token")], [had - 25n, got + 25n]);
  });

  it("replay after reopening: a voucher of the first channel pays nothing out of the second, nor on another chain", async () => {
    const [payer, recipient] = [await side("adam"), await side("berta")];
    const first = await open(payer, recipient, 30n, "token");
    const old = signVoucher(first, 30n, secret);
    await done(recipient, close(recipient, first.channelId));
    const second = await open(payer, recipient, 30n, "token");
    assert.ok(second.channelId > first.channelId);
    const replayed = await send(recipient, redeemMessage(recipient.address, { ...old, channelId: second.channelId }));
    assert.deepEqual([replayed.code, /not one of channel/.test(replayed.rawLog ?? "")], [13, true], replayed.rawLog);
    assert.equal((await send(recipient, redeemMessage(recipient.address, old))).code, 7);
    assert.equal((await send(recipient, redeemMessage(recipient.address, signVoucher({ ...second, chainId: "dcm-clients-2" }, 30n, secret)))).code, 13);
    await done(recipient, close(recipient, second.channelId));
  });

  it("expiry: a channel ends by itself, and the payer does nothing for its money", async () => {
    const [payer, recipient] = [await side("carla"), await side("dora")];
    const had = await balance(payer, "token");
    const { tauMs } = await connection.query.clock.tau();
    const terms = await open(payer, recipient, 60n, "token", { expiresTau: tauMs + 6_000n });
    await done(recipient, redeemMessage(recipient.address, signVoucher(terms, 15n, secret, { expiresTau: tauMs + 6_000n })));
    const late = await send(recipient, redeemMessage(recipient.address, signVoucher(terms, 16n, secret, { expiresTau: tauMs })));
    assert.deepEqual([late.code, /the voucher counted up to tau/.test(late.rawLog ?? "")], [12, true], late.rawLog);
    await ended(terms.channelId);
    assert.equal(await balance(payer, "token"), had - 15n);
  });

  it("are served over REST, by id, payer and recipient", async () => {
    const [payer, recipient] = [await side("carla"), await side("dora")];
    const { channelId } = await open(payer, recipient, 5n, "token");
    const get = async (path: string): Promise<{ status: number; body: Record<string, unknown> }> => {
      const answer = await fetch(`${chain().rest}/dcm/channel/v1/${path}`);
      return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
    };
    const { status, body } = await get(`channels/${channelId}`);
    assert.deepEqual([status, body.status, body.held, (body.channel as { id: string }).id], [200, "CHANNEL_STATUS_OPEN", "5", String(channelId)]);
    for (const path of [`payers/${payer.address}/channels`, `recipients/${recipient.address}/channels`, "channels"]) {
      assert.deepEqual(((await get(path)).body.channels as { id: string }[]).map(({ id }) => id), [String(channelId)], path);
    }
    assert.equal(((await get("params")).body.params as { min_closing_period: string }).min_closing_period, "1000");
    await done(recipient, close(recipient, channelId));
    assert.equal((await get(`channels/${channelId}`)).status, 404);
    assert.equal(await balance(payer, "token") + await balance(recipient, "token"), 2n * tokenFunds);
  });
});

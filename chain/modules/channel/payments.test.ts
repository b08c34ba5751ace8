/** A million payments through one channel: client and chain together, whole transactions over the real application. */
import assert from "node:assert/strict";
import { sha256 } from "../../codec/hash.ts";
import { utf8 } from "../../codec/bytes.ts";
import { MsgOpenChannel, MsgRedeemVoucher } from "../../codec/gen/dcm/channel/v1/tx.ts";
import { QueryChannelRequest, QueryChannelResponse } from "../../codec/gen/dcm/channel/v1/query.ts";
import { QueryBalanceRequest, QueryBalanceResponse } from "../../codec/gen/cosmos/bank/v1beta1/query.ts";
import { nativeCurve } from "../../../client/voucher-node.ts";
import { channelTerms, memoryVoucherStore, redeemMessage, VoucherPayer, VoucherRecipient } from "../../../client/vouchers.ts";
import { anyOf, testAccount } from "../../../test/support/accounts.ts";
import { TestChain, testChainId, testDenom } from "../../../test/support/chain.ts";

const [payer, recipient] = [testAccount("payer"), testAccount("recipient")];
const secret = sha256(utf8("a hot key"));
const curve = nativeCurve();
const price = 3n;
const payments = 1_000_000;

describe("payments through a channel", function () {
  this.timeout(60_000);
  let chain: TestChain;

  before(async () => {
    const accounts = [payer, recipient];
    const appState = {
      auth: { accounts: accounts.map((account, i) => ({ "@type": "/cosmos.auth.v1beta1.BaseAccount", address: account.text, account_number: String(i), sequence: "0" })) },
      bank: { params: { default_send_enabled: true }, balances: accounts.map((account) => ({ address: account.text, coins: [{ denom: testDenom, amount: "10000000" }] })), supply: [], denom_metadata: [], send_enabled: [] },
    };
    chain = await TestChain.start({ appState });
  });
  after(() => chain.stop());

  const balance = ({ text }: { readonly text: string }): bigint => {
    const bytes = chain.machine.query("/cosmos.bank.v1beta1.Query/Balance", QueryBalanceRequest.encode({ address: text, denom: testDenom }).finish());
    return BigInt(QueryBalanceResponse.decode(bytes).balance!.amount);
  };

  /** Opens a channel with room for all payments, and both its sides. */
  async function opened(channelId: bigint): Promise<readonly [VoucherPayer, VoucherRecipient]> {
    const deposit = { denom: testDenom, amount: String(price * BigInt(payments)) };
    const open = MsgOpenChannel.fromPartial({ payer: payer.text, recipient: recipient.text, deposit, voucherKey: curve.publicKey(secret) });
    const [result] = chain.block([chain.sign(payer, [anyOf(MsgOpenChannel, open)])]).txResults;
    assert.equal(result!.code, 0, result!.log);
    const { channel } = QueryChannelResponse.decode(chain.machine.query("/dcm.channel.v1.Query/Channel", QueryChannelRequest.encode({ channelId }).finish()));
    const terms = channelTerms(testChainId, channel!);
    return [await VoucherPayer.open({ terms, secret, curve, store: memoryVoucherStore() }), await VoucherRecipient.open({ terms, address: recipient.text, denom: testDenom, curve, store: memoryVoucherStore() })];
  }

  /** Gives the gas that redeeming the recipient's best voucher used. */
  function redeem(side: VoucherRecipient): bigint {
    const { value } = redeemMessage(recipient.text, side.best!);
    const [result] = chain.block([chain.sign(recipient, [anyOf(MsgRedeemVoucher, value)])]).txResults;
    assert.equal(result!.code, 0, result!.log);
    return result!.gasUsed;
  }

  it("CHN-19 settles 10^6 micro-payments, a voucher for each thousand of them, in one transaction that costs what one payment's costs", async () => {
    const [one, single] = await opened(1n);
    assert.equal(await single.accept(await one.pay(price), { tau: 0n }), price);
    const before = balance(recipient);
    redeem(single);
    assert.equal(balance(recipient), before + price);

    const [many, all] = await opened(2n);
    let [owed, received] = [0n, 0n];
    for (let i = 1; i <= payments; i++) {
      owed += price;
      if (i % 1_000 !== 0) continue;
      received += await all.accept(await many.pay(owed), { tau: 0n });
      owed = 0n;
    }
    assert.deepEqual([owed, received, all.redeemable], [0n, 3_000_000n, 3_000_000n]);
    const height = chain.height;
    const gas = redeem(all);
    assert.deepEqual([chain.height - height, balance(recipient)], [1n, before + price + 3_000_000n]);

    // The same payment after the million others: a few more digits, no more work.
    const [third, last] = await opened(3n);
    await last.accept(await third.pay(price), { tau: 0n });
    const lone = redeem(last);
    assert.ok(gas - lone < 1_500n, `one payment takes ${lone} gas, a million ${gas}`);
  });
});

/** MsgRedeemVoucher: pays the recipient what a voucher says beyond what was redeemed before, as far as the deposit goes. */
import type { MsgRedeemVoucher, MsgRedeemVoucherResponse } from "../../../codec/gen/dcm/channel/v1/tx.ts";
import { sha256 } from "../../../codec/hash.ts";
import { verifySecp256k1 } from "../../../codec/secp256k1.ts";
import { voucherBytes } from "../../../codec/voucher.ts";
import { fail } from "../../../runtime/errors.ts";
import { arbitraryChannel } from "../arbitrary.ts";
import { canonical, inRange, livingChannel, maxTau, positive } from "../checks.ts";
import { payRecipient } from "../escrow.ts";
import { errors } from "../errors.ts";
import { voucherRedeemed } from "../events.ts";
import { channels, saveChannel } from "../state.ts";
import { redemptionOf } from "../terms.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { ChannelPorts } from "../ports.ts";

export function redeemVoucher(ports: ChannelPorts): MessageHandler<MsgRedeemVoucher, MsgRedeemVoucherResponse> {
  return {
    signers: (message) => [message.sender],

    check(message) {
      canonical(message.sender, "sender");
      positive("cumulative_amount", message.cumulativeAmount);
      inRange("expires_tau", message.expiresTau, 0n, maxTau);
      if (message.signature.length !== 64) fail(errors.invalidField, { field: "signature", value: `${message.signature.length} bytes`, limit: "64 bytes" });
    },

    execute(ctx, message) {
      const cumulative = positive("cumulative_amount", message.cumulativeAmount);
      const tau = ports.clock.tau(ctx);
      const channel = livingChannel(ctx, message.channelId, tau);
      const { id, denom } = channel;
      const { expiresTau } = message;
      if (expiresTau !== 0n && tau > expiresTau) fail(errors.voucherExpired, { expires: expiresTau, tau });
      const redemption = redemptionOf(channel, cumulative);
      if (redemption === undefined) fail(errors.nothingToRedeem, { id, cumulative, redeemed: BigInt(channel.redeemed), deposited: BigInt(channel.deposited) });
      // Last, and paid before it is done: it costs as much as the whole rest.
      ctx.gas.consume(Number(ports.accounts.params(ctx).sigVerifyCostSecp256k1), "voucher signature: secp256k1");
      const signed = voucherBytes({ chainId: ctx.header.chainId, channelId: id, cumulative, denom, expiresTau });
      if (!verifySecp256k1(channel.voucherKey, sha256(signed), message.signature)) fail(errors.wrongSignature, { id });
      payRecipient(ctx, ports, channel, redemption);
      const after = { ...channel, redeemed: redemption.redeemed.toString() };
      saveChannel(ctx, channel, after);
      voucherRedeemed(ctx, after, canonical(message.sender, "sender"), redemption.paid, redemption.fee);
      return { paid: redemption.paid.toString(), fee: redemption.fee.toString(), redeemed: after.redeemed };
    },

    // The signature is none: whoever runs a simulation signs with the keys that it gave to channels.
    arbitrary(world) {
      const { random, accounts, ctx } = world;
      const channelId = arbitraryChannel(world);
      const channel = channels.find(ctx, channelId);
      const most = channel === undefined ? 1_000n : BigInt(channel.deposited) + 10n;
      const expiresTau = random.chance(30) ? ports.clock.tau(ctx) + random.bigint(20_000n) : 0n;
      return { sender: random.pick(accounts), channelId, cumulativeAmount: (1n + random.bigint(most)).toString(), expiresTau, signature: new Uint8Array(64) };
    },
  };
}

/** MsgTopUp: adds to the deposit of an open channel. Vouchers go on from where they are. */
import type { MsgTopUp, MsgTopUpResponse } from "../../../codec/gen/dcm/channel/v1/tx.ts";
import { fail } from "../../../runtime/errors.ts";
import { maxInt256 } from "../../../math/int.ts";
import { canonical, checkTags, coinOf, livingChannel } from "../checks.ts";
import { authorizeSpend } from "../escrow.ts";
import { errors } from "../errors.ts";
import { channelToppedUp } from "../events.ts";
import { channels, saveChannel } from "../state.ts";
import { payingParty } from "../terms.ts";
import { arbitraryChannel } from "../arbitrary.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { ChannelPorts } from "../ports.ts";

export function topUp(ports: ChannelPorts): MessageHandler<MsgTopUp, MsgTopUpResponse> {
  return {
    signers: (message) => [message.payer],

    check(message) {
      canonical(message.payer, "payer");
      coinOf("amount", message.amount);
      checkTags(message.organization, message.costTags);
    },

    execute(ctx, message) {
      const signer = canonical(message.payer, "payer");
      const { organization, costTags } = message;
      const payer = ports.organizations.payerOf({ signer, organization, payer: "" });
      const amount = coinOf("amount", message.amount);
      const channel = livingChannel(ctx, message.channelId, ports.clock.tau(ctx));
      const { id, denom } = channel;
      if (channel.payer !== payer) fail(errors.notYours, { id, role: "payer", owner: channel.payer, signer: payer });
      if (denom !== amount.denom) fail(errors.wrongDenom, { id, denom, given: amount.denom });
      if (channel.closingTau !== 0n) fail(errors.channelClosing, { id, ends: channel.endsTau });
      const deposited = BigInt(channel.deposited) + amount.amount;
      if (deposited > maxInt256) fail(errors.invalidField, { field: "amount.amount", value: amount.amount, limit: `at most ${maxInt256 - BigInt(channel.deposited)}: deposits of a channel sum to at most 2^256 - 1` });
      authorizeSpend(ctx, ports, { signer, organization, channelId: id, recipient: channel.recipient, purpose: "channel-top-up", costTags, amount, storageDeposit: { denom, amount: 0n } });
      const after = { ...channel, deposited: deposited.toString() };
      saveChannel(ctx, channel, after);
      channelToppedUp(ctx, after, amount.amount);
      return { deposited: after.deposited };
    },

    arbitrary(world) {
      const { random, accounts, ctx } = world;
      const channelId = arbitraryChannel(world);
      const channel = channels.find(ctx, channelId);
      return {
        payer: channel !== undefined && random.chance(90) ? payingParty(channel) : random.pick(accounts), channelId,
        amount: { denom: channel?.denom ?? ports.providers.bondDenom(ctx), amount: (1n + random.bigint(100_000n)).toString() }, organization: channel?.organization ?? "", costTags: [],
      };
    },
  };
}

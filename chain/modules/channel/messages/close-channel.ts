/** MsgCloseChannel: the recipient ends the channel at once; the payer starts the closing period, in which vouchers are still redeemed. */
import type { MsgCloseChannel, MsgCloseChannelResponse } from "../../../codec/gen/dcm/channel/v1/tx.ts";
import type { Channel } from "../../../codec/gen/dcm/channel/v1/types.ts";
import { fail } from "../../../runtime/errors.ts";
import { arbitraryChannel } from "../arbitrary.ts";
import { canonical, channelOf } from "../checks.ts";
import { endChannel } from "../escrow.ts";
import { errors } from "../errors.ts";
import { channelClosing, type EndReason } from "../events.ts";
import { channels, saveChannel } from "../state.ts";
import { endReasonOf } from "../sweep.ts";
import { endOf, heldBy, isOver, payingParty } from "../terms.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { ChannelPorts } from "../ports.ts";

export function closeChannel(ports: ChannelPorts): MessageHandler<MsgCloseChannel, MsgCloseChannelResponse> {
  return {
    signers: (message) => [message.sender],

    check: (message) => void canonical(message.sender, "sender"),

    execute(ctx, message) {
      const sender = canonical(message.sender, "sender");
      const channel = channelOf(ctx, message.channelId);
      const { id, recipient, organization } = channel;
      const payer = payingParty(channel);
      const manages = organization !== "" && ports.organizations.manages(ctx, organization, sender);
      if (sender !== payer && sender !== recipient && !manages) fail(errors.notYours, { id, role: "payer and recipient", owner: `${payer} and ${recipient}`, signer: sender });
      const tau = ports.clock.tau(ctx);
      const reason = endingNow(channel, sender, tau);
      if (reason !== undefined) return { ended: true, endsTau: 0n, refunded: endChannel(ctx, ports, channel, reason).toString() };
      if (channel.closingTau !== 0n) fail(errors.channelClosing, { id, ends: channel.endsTau });
      const closing = { ...channel, closingTau: tau };
      const after = { ...closing, endsTau: endOf(closing) };
      saveChannel(ctx, channel, after);
      channelClosing(ctx, after);
      return { ended: false, endsTau: after.endsTau, refunded: "0" };
    },

    arbitrary(world) {
      const { random, accounts, ctx } = world;
      const channelId = arbitraryChannel(world);
      const channel = channels.find(ctx, channelId);
      return { sender: channel === undefined || random.chance(10) ? random.pick(accounts) : random.chance(60) ? payingParty(channel) : channel.recipient, channelId };
    },
  };
}

/** Why the channel ends with this message; undefined where the recipient must have time first. */
function endingNow(channel: Channel, sender: string, tau: bigint): EndReason | undefined {
  if (isOver(channel, tau)) return endReasonOf(channel);
  if (sender === channel.recipient) return "recipient";
  return heldBy(channel) === 0n ? "redeemed" : undefined;
}

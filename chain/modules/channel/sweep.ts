/** Channels whose end is over: at most `max_sweep` a block, the oldest first. Rights do not wait for it: messages look at tau themselves. */
import { uint64Bytes } from "../../codec/bytes.ts";
import { endChannel } from "./escrow.ts";
import { channels, dueQueue, params } from "./state.ts";
import { isOver } from "./terms.ts";
import type { Channel } from "../../codec/gen/dcm/channel/v1/types.ts";
import type { Context } from "../../runtime/context.ts";
import type { EndReason } from "./events.ts";
import type { ChannelPorts } from "./ports.ts";

export function sweep(ctx: Context, ports: ChannelPorts): void {
  const tau = ports.clock.tau(ctx);
  const { maxSweep } = params.get(ctx);
  const due: (readonly [bigint, bigint])[] = [];
  for (const [key] of dueQueue.entries(ctx, { to: uint64Bytes(tau) })) {
    due.push(key);
    if (due.length >= maxSweep) break;
  }
  for (const [ends, id] of due) {
    const done = ctx.isolate(`channel: the end of ${id}`, (item) => {
      const channel = channels.find(item, id);
      if (channel !== undefined && isOver(channel, tau)) endChannel(item, ports, channel, endReasonOf(channel));
    });
    // What could not be ended does not stand in the way of others; its payer can close it.
    if (!done) dueQueue.remove(ctx, [ends, id]);
  }
}

/** Why a channel that is over has ended. */
export function endReasonOf(channel: Channel): EndReason {
  return channel.closingTau !== 0n && channel.endsTau === channel.closingTau + channel.closingPeriod ? "closed" : "expired";
}

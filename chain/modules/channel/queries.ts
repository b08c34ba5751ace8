/** dcm.channel.v1.Query. */
import { QueryDefinition } from "../../codec/gen/dcm/channel/v1/query.ts";
import { queryAddress } from "../../runtime/addresses.ts";
import { bytesKey } from "../../runtime/collections.ts";
import { QueryError } from "../../runtime/errors.ts";
import { queryService, type BoundQuery } from "../../runtime/module.ts";
import { paginate } from "../../runtime/queries.ts";
import { channels, channelsByPayer, channelsByRecipient, params } from "./state.ts";
import { heldBy, statusOf } from "./terms.ts";
import type { ChannelPorts } from "./ports.ts";

export function channelQueries(ports: ChannelPorts): BoundQuery[] {
  return queryService(QueryDefinition, {
    params: (ctx) => ({ params: params.get(ctx) }),
    channel(ctx, { channelId }) {
      const channel = channels.find(ctx, channelId);
      if (channel === undefined) throw new QueryError("NotFound", `channel ${channelId} does not exist or has ended`);
      const tau = ports.clock.tau(ctx);
      return { channel, status: statusOf(channel, tau), held: heldBy(channel).toString(), tau };
    },
    channels(ctx, request) {
      const { items, pagination } = paginate(ctx, channels, request.pagination, (_, channel) => channel);
      return { channels: items, pagination };
    },
    channelsByPayer(ctx, { payer, pagination: page }) {
      const { items, pagination } = paginate(ctx, channelsByPayer, page, ([, id]) => channels.find(ctx, id), bytesKey.encode(queryAddress(payer)));
      return { channels: items, pagination };
    },
    channelsByRecipient(ctx, { recipient, pagination: page }) {
      const { items, pagination } = paginate(ctx, channelsByRecipient, page, ([, id]) => channels.find(ctx, id), bytesKey.encode(queryAddress(recipient)));
      return { channels: items, pagination };
    },
  });
}

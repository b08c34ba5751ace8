/** Payment channels: one deposit, any number of payments off chain, one transaction to redeem them. */
import { MsgDefinition } from "../../codec/gen/dcm/channel/v1/tx.ts";
import { defineModule, messageService, type Module } from "../../runtime/module.ts";
import { errors } from "./errors.ts";
import { genesis } from "./genesis.ts";
import { invariants } from "./invariants.ts";
import { closeChannel } from "./messages/close-channel.ts";
import { openChannel } from "./messages/open-channel.ts";
import { redeemVoucher } from "./messages/redeem-voucher.ts";
import { topUp } from "./messages/top-up.ts";
import { updateParams } from "./messages/update-params.ts";
import { channelQueries } from "./queries.ts";
import { storeName } from "./state.ts";
import { sweep } from "./sweep.ts";
import type { ChannelPorts } from "./ports.ts";

export function channelModule(ports: ChannelPorts): { readonly module: Module } {
  const module = defineModule({
    name: "channel",
    stores: [storeName],
    consensusVersion: 1,
    messages: messageService(MsgDefinition, {
      openChannel: openChannel(ports), topUp: topUp(ports), redeemVoucher: redeemVoucher(ports), closeChannel: closeChannel(ports), updateParams: updateParams(ports),
    }),
    queries: channelQueries(ports),
    genesis,
    endBlock: (ctx) => sweep(ctx, ports),
    invariants: invariants(ports),
    errors,
  });
  return { module };
}

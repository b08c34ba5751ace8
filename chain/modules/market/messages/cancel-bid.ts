/** MsgCancelBid: the OPEN tasks close after this block's batch, their escrow goes back. */
import type { MsgCancelBid, MsgCancelBidResponse } from "../../../codec/gen/dcm/market/v1/tx.ts";
import { canonical, ownBid } from "../checks.ts";
import { bids, cancelledBids, nextJobId } from "../state.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { MarketPorts } from "../ports.ts";

export function cancelBid(ports: MarketPorts): MessageHandler<MsgCancelBid, MsgCancelBidResponse> {
  return {
    signers: (message) => [message.consumer],

    check: (message) => void canonical(message.consumer, "consumer"),

    execute(ctx, message) {
      const bid = ownBid(ctx, ports, message.jobId, canonical(message.consumer, "consumer"));
      cancelledBids.set(ctx, bid.id, true);
      return {};
    },

    arbitrary({ ctx, accounts, random }) {
      const jobId = 1n + random.bigint(nextJobId.find(ctx) ?? 1n);
      return { consumer: bids.find(ctx, jobId)?.consumer ?? random.pick(accounts), jobId };
    },
  };
}

/** MsgCancelBid: the OPEN tasks close after this block's batch, their escrow goes back. */
import type { MsgCancelBid, MsgCancelBidResponse } from "../../../codec/gen/dcm/market/v1/tx.ts";
import { canonical, mayEnd, ownBid } from "../checks.ts";
import { bids, cancelledBids, nextJobId } from "../state.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { MarketPorts } from "../ports.ts";

export function cancelBid(ports: MarketPorts): MessageHandler<MsgCancelBid, MsgCancelBidResponse> {
  return {
    signers: (message) => [message.consumer],

    check: (message) => void canonical(message.consumer, "consumer"),

    execute(ctx, message) {
      const signer = canonical(message.consumer, "consumer");
      const bid = ownBid(ctx, ports, message.jobId, signer, (one) => mayEnd(ctx, ports, one, signer));
      cancelledBids.set(ctx, bid.id, true);
      return {};
    },

    arbitrary({ ctx, accounts, random }) {
      const jobId = 1n + random.bigint(nextJobId.find(ctx) ?? 1n);
      const bid = bids.find(ctx, jobId);
      const managers = bid === undefined || bid.organization === "" || random.chance(60) ? [] : accounts.filter((account) => ports.organizations.manages(ctx, bid.organization, account));
      return { consumer: managers.length > 0 ? random.pick(managers) : (bid?.consumer ?? random.pick(accounts)), jobId };
    },
  };
}

/** MsgCancelBid: the OPEN tasks close after this block's batch, their escrow goes back. */
import type { MsgCancelBid, MsgCancelBidResponse } from "../../../codec/gen/dcm/market/v1/tx.ts";
import { fail } from "../../../runtime/errors.ts";
import { isTerminal } from "../bids.ts";
import { canonical } from "../checks.ts";
import { errors } from "../errors.ts";
import { statusName } from "../events.ts";
import { bids, cancelledBids, nextJobId } from "../state.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { MarketPorts } from "../ports.ts";

export function cancelBid(ports: MarketPorts): MessageHandler<MsgCancelBid, MsgCancelBidResponse> {
  return {
    signers: (message) => [message.consumer],

    check: (message) => void canonical(message.consumer, "consumer"),

    execute(ctx, message) {
      const consumer = canonical(message.consumer, "consumer");
      const bid = bids.find(ctx, message.jobId);
      if (bid === undefined) fail(errors.unknownJob, { id: message.jobId });
      if (bid.consumer !== consumer) fail(errors.notYours, { what: `bid ${bid.id}`, owner: bid.consumer, signer: consumer });
      if (isTerminal(bid.status) || bid.endedTau !== 0n) fail(errors.notOpen, { what: `bid ${bid.id}`, status: statusName(bid.status) });
      if (bid.expiresTau < ports.clock.tau(ctx)) fail(errors.notOpen, { what: `bid ${bid.id}`, status: "expired" });
      if (cancelledBids.has(ctx, bid.id)) fail(errors.cancelPending, { what: `bid ${bid.id}` });
      cancelledBids.set(ctx, bid.id, true);
      return {};
    },

    arbitrary({ ctx, accounts, random }) {
      const jobId = 1n + random.bigint(nextJobId.find(ctx) ?? 1n);
      return { consumer: bids.find(ctx, jobId)?.consumer ?? random.pick(accounts), jobId };
    },
  };
}

/** MsgReplaceBid: another limit for a bid of which nothing was matched, after this block's batch. */
import { BidReplacement } from "../../../codec/gen/dcm/market/v1/types.ts";
import type { MsgReplaceBid, MsgReplaceBidResponse } from "../../../codec/gen/dcm/market/v1/tx.ts";
import { maxInt } from "../../../math/int.ts";
import { fail } from "../../../runtime/errors.ts";
import { dropReplacement, loadBacking, setAside, storeBacking } from "../bids.ts";
import { canonical, expiry, maxPrice, maxTau, ownBid, tradable } from "../checks.ts";
import { authorizeSpend, holdingOf } from "../escrow.ts";
import { errors } from "../errors.ts";
import { currentParams, inRange, paramsAt } from "../params.ts";
import { bids, nextJobId, replacedBids } from "../state.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { MarketPorts } from "../ports.ts";

export function replaceBid(ports: MarketPorts): MessageHandler<MsgReplaceBid, MsgReplaceBidResponse> {
  return {
    signers: (message) => [message.consumer],

    check(message) {
      canonical(message.consumer, "consumer");
      inRange("limit_price", message.limitPrice, 1n, maxPrice);
      inRange("expires_tau", message.expiresTau, 0n, maxTau);
    },

    execute(ctx, message) {
      const bid = ownBid(ctx, ports, message.jobId, canonical(message.consumer, "consumer"));
      if (bid.askId !== 0n) fail(errors.fixedPrice, { what: `bid ${bid.id}` });
      if (bid.nextTask > 0) fail(errors.alreadyMatched, { id: bid.id });
      tradable(ctx, ports, bid.classId, bid.quoteDenom, "limit_price", message.limitPrice);
      const job = dropReplacement(ctx, ports, loadBacking(ctx, bid));
      const params = paramsAt(ctx, job.paramsVersion);
      if ("risk" in job) inRange("limit_price, for the declared risk,", BigInt(params.riskMultiple) * message.limitPrice * bid.lots, BigInt(job.risk), 1n << 200n);
      const expiresTau = expiry("expires_tau", message.expiresTau, ports.clock.tau(ctx), currentParams(ctx).params.maxOrderLifetime);
      const more = setAside(ctx, bid, job, message.limitPrice) - BigInt(job.escrow!.perTask);
      const added = maxInt(0n, more * BigInt(bid.tasks));
      const policy = { purpose: "bid" as const, classId: bid.classId, costTags: job.costTags, ...("verification" in job ? { verification: job.verification } : {}) };
      authorizeSpend(ctx, ports, { signer: bid.consumer, payer: job.payer, organization: job.organization, holding: holdingOf(bid.id), coins: [{ denom: bid.quoteDenom, amount: added }], policy });
      const escrow = { ...job.escrow!, deposited: (BigInt(job.escrow!.deposited) + added).toString(), held: (BigInt(job.escrow!.held) + added).toString() };
      storeBacking(ctx, bid, { ...job, escrow });
      replacedBids.set(ctx, bid.id, BidReplacement.fromPartial({ jobId: bid.id, limitPrice: message.limitPrice, expiresTau, added: added.toString() }));
      return { added: added.toString() };
    },

    arbitrary({ ctx, accounts, random }) {
      const jobId = 1n + random.bigint(nextJobId.find(ctx) ?? 1n);
      return { consumer: bids.find(ctx, jobId)?.consumer ?? random.pick(accounts), jobId, limitPrice: BigInt(1 + random.int(60)), expiresTau: 0n };
    },
  };
}

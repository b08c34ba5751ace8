/** Requests for quotes: capacity that the book has not, offered to one account at a time. Outside every book, price and index. */
import { OrderStatus, type Ask, type Bid, type QuoteRequest } from "../../codec/gen/dcm/market/v1/types.ts";
import { closeAsk, loadAsk } from "./asks.ts";
import { returnRequestDeposit } from "./escrow.ts";
import { emit } from "./events.ts";
import { asks, collect, dueKinds, quoteRequests, quotes, reschedule, within } from "./state.ts";
import type { Context } from "../../runtime/context.ts";
import type { MarketPorts } from "./ports.ts";

/** Quotes that a request may have at a time: what ending one costs is bounded. */
export const maxQuotes = 32;

/** Asks that answer the request and stand. */
export function quotesOf(ctx: Context, requestId: bigint): bigint[] {
  return collect(ctx, quotes, maxQuotes, within.id(requestId)).map(([[, askId]]) => askId);
}

/** The request takes no more quotes; its deposit goes home. Those that stand go on to their own expiry. */
export function endRequest(ctx: Context, ports: MarketPorts, request: QuoteRequest, reason: "accepted" | "cancelled" | "expired"): void {
  quoteRequests.remove(ctx, request.id);
  reschedule(ctx, dueKinds.requestEnd, request.id, request.deadlineTau, 0n);
  returnRequestDeposit(ctx, ports, request);
  emit(ctx, "EventQuoteRequestEnded", { request_id: request.id, requester: request.requester, organization: request.organization, payer: request.payer, reason, storage_deposit: request.storageDeposit });
}

/** Closes the quotes of a request, but for one; their bond is free. */
export function closeQuotes(ctx: Context, ports: MarketPorts, requestId: bigint, keep: bigint): void {
  for (const id of quotesOf(ctx, requestId)) {
    if (id === keep) {
      quotes.remove(ctx, [requestId, id]);
      asks.set(ctx, id, { ...loadAsk(ctx, id), accepted: true });
    } else closeAsk(ctx, ports, loadAsk(ctx, id), OrderStatus.ORDER_STATUS_CANCELLED);
  }
}

/** A bid names the quote: it is taken, the others leave. */
export function acceptQuote(ctx: Context, ports: MarketPorts, ask: Ask, { id: jobId, consumer, organization }: Pick<Bid, "id" | "consumer" | "organization">): void {
  if (!quotes.has(ctx, [ask.requestId, ask.id])) return;
  closeQuotes(ctx, ports, ask.requestId, ask.id);
  const request = quoteRequests.find(ctx, ask.requestId);
  if (request !== undefined) endRequest(ctx, ports, request, "accepted");
  emit(ctx, "EventQuoteAccepted", { request_id: ask.requestId, ask_id: ask.id, job_id: jobId, provider: ask.provider, consumer, organization, price: ask.basePrice });
}

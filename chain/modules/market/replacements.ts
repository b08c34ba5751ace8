/** Orders that get another price. As with cancellations, nobody moves after seeing what it will trade with: it happens behind the batch. */
import { OrderStatus } from "../../codec/gen/dcm/market/v1/types.ts";
import { bookOf, repriceAsk } from "./asks.ts";
import { dropReplacement, loadBacking, loadBid, repriceBid, storeBacking } from "./bids.ts";
import { asks, bids, collect, replacedAsks, replacedBids } from "./state.ts";
import type { Context } from "../../runtime/context.ts";
import type { MarketPorts } from "./ports.ts";

/** Of books that had their batch; `waiting` are the names of those that had not. */
export function applyReplacements(ctx: Context, ports: MarketPorts, limit: number, waiting: ReadonlySet<string>): void {
  const waits = (order: { readonly classId: string; readonly quoteDenom: string }): boolean => waiting.has(bookOf(order).join(" "));
  for (const [id, replacement] of collect(ctx, replacedAsks, limit)) {
    const ask = asks.find(ctx, id);
    if (ask !== undefined && waits(ask)) continue;
    replacedAsks.remove(ctx, id);
    if (ask === undefined || ask.status !== OrderStatus.ORDER_STATUS_OPEN) continue;
    ctx.isolate(`market: replacement of ask ${id}`, (item) => repriceAsk(item, ask, { basePrice: replacement.basePrice, premiums: replacement.premiums, expiresTau: replacement.expiresTau }));
  }
  for (const [id] of collect(ctx, replacedBids, limit)) {
    const bid = bids.find(ctx, id);
    if (bid !== undefined && waits(bid)) continue;
    ctx.isolate(`market: replacement of bid ${id}`, (item) => replaceBid(item, ports, id));
  }
}

/** A bid that was matched meanwhile, if only in part, stays as it was agreed. */
function replaceBid(ctx: Context, ports: MarketPorts, id: bigint): void {
  const bid = loadBid(ctx, id);
  const replacement = replacedBids.find(ctx, id);
  if (replacement === undefined) return;
  if (bid.status !== OrderStatus.ORDER_STATUS_OPEN || bid.nextTask > 0) {
    storeBacking(ctx, bid, dropReplacement(ctx, ports, loadBacking(ctx, bid)));
    return;
  }
  replacedBids.remove(ctx, id);
  const { limitPrice, expiresTau } = replacement;
  repriceBid(ctx, ports, bid, { limitPrice, expiresTau });
}

/** Orders that get another price. As with cancellations, nobody moves after seeing what it will trade with: it happens behind the batch. */
import { OrderStatus } from "../../codec/gen/dcm/market/v1/types.ts";
import { bookOf, repriceAsk } from "./asks.ts";
import { loadBid, repriceBid } from "./bids.ts";
import { asks, collect, replacedAsks, replacedBids } from "./state.ts";
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
  for (const [id, { limitPrice, expiresTau }] of collect(ctx, replacedBids, limit)) {
    const bid = loadBid(ctx, id);
    if (waits(bid)) continue;
    ctx.isolate(`market: replacement of bid ${id}`, (item) => {
      replacedBids.remove(item, id);
      repriceBid(item, ports, bid, { limitPrice, expiresTau });
    });
  }
}

/** Events, all of package dcm.forward.v1. They are enough to rebuild every book and every position; the README lists their attributes. */
import { Side, type Order, type Position } from "../../codec/gen/dcm/forward/v1/types.ts";
import { tagsText } from "../organization/ports.ts";
import type { Context } from "../../runtime/context.ts";
import type { Outcome, Settlement } from "./terms.ts";

type Attributes = Readonly<Record<string, string | bigint | number>>;

export function emit(ctx: Context, name: string, attributes: Attributes): void {
  ctx.emit(`dcm.forward.v1.${name}`, Object.entries(attributes).map(([key, value]) => [key, String(value)] as const));
}

const slotOf = ({ classId, quoteDenom, slotTau, lots }: Pick<Order, "classId" | "quoteDenom" | "slotTau" | "lots">): Attributes => ({ class_id: classId, quote_denom: quoteDenom, slot_tau: slotTau, lots });

const nameOf = (order: Order): Attributes => ({ order_id: order.id, owner: order.owner, organization: order.organization, side: order.side === Side.SIDE_SELL ? "sell" : "buy", ...slotOf(order) });

export function orderPlaced(ctx: Context, order: Order): void {
  emit(ctx, "EventOrderPlaced", {
    ...nameOf(order), price: order.price, margin_price: order.marginPrice, units: order.units, position_id: order.positionId, held_per_unit: order.heldPerUnit,
    position_deposit: order.positionDeposit, storage_deposit: order.storageDeposit,
    payer: order.payer, cost_tags: tagsText(order.costTags),
  });
}

/** Units are what is left. */
export function orderFilled(ctx: Context, order: Order): void {
  emit(ctx, "EventOrderFilled", { ...nameOf(order), price: order.price, units: order.units });
}

export type OrderEnd = "filled" | "cancelled" | "expired" | "self_trade" | "barred";

export function orderEnded(ctx: Context, order: Order, reason: OrderEnd): void {
  emit(ctx, "EventOrderEnded", { ...nameOf(order), price: order.price, units: order.units, reason, storage_deposit: order.storageDeposit });
}

const partiesOf = (position: Position): Attributes => ({ position_id: position.id, seller: position.seller, holder: position.holder, organization: position.organization, payer: position.payer, ...slotOf(position), units: position.units });

export function positionOpened(ctx: Context, position: Position, trade: { readonly sell: Order; readonly buy: Order; readonly price: bigint }): void {
  emit(ctx, "EventPositionOpened", {
    ...partiesOf(position), price: position.price, trade_price: trade.price, sell_order_id: trade.sell.id, buy_order_id: trade.buy.id, from_position_id: trade.sell.positionId,
    seller_margin: position.sellerMargin, holder_margin: position.holderMargin, end_tau: position.endTau,
  });
}

/** Another holder, units that were sold away, an offer or a resale that begins or ends. */
export function positionChanged(ctx: Context, position: Position): void {
  emit(ctx, "EventPositionChanged", {
    ...partiesOf(position), price: position.price, seller_margin: position.sellerMargin, holder_margin: position.holderMargin, order_id: position.orderId, offered_to: position.offeredTo,
  });
}

export function positionDelivered(ctx: Context, position: Position): void {
  emit(ctx, "EventPositionDelivered", { ...partiesOf(position), price: position.price, ask_id: position.askId, end_tau: position.endTau });
}

/** Its seller has these units: the margins that belong to them are free. `left` units of the position stay with its holder. */
export function positionClosed(ctx: Context, position: Position, left: number): void {
  emit(ctx, "EventPositionClosed", { ...partiesOf(position), left, price: position.price, seller_margin: position.sellerMargin, holder_margin: position.holderMargin });
}

export function positionSettled(ctx: Context, position: Position, { served, failed, voided }: Outcome, settlement: Settlement): void {
  emit(ctx, "EventPositionSettled", {
    ...partiesOf(position), price: position.price, ask_id: position.askId, served, failed, voided, unused: settlement.unused, for_unused: settlement.forUnused, for_failed: settlement.forFailed,
    to_seller: settlement.toSeller, to_holder: settlement.toHolder,
  });
}

/** What was settled for, in lots and at a price where it has any. Amounts in the quote denom. */
export interface Settled {
  readonly reason: OrderEnd | "matched" | "resold" | "transferred" | "settled";
  /** To the other side. */
  readonly paid?: bigint;
  /** From the other side. */
  readonly received?: bigint;
  /** Of what the payer had set aside, back to it; negative: set aside out of what it received. */
  readonly refunded: bigint;
  readonly lots?: bigint;
  readonly price?: bigint;
}

/** For statements: what a payer had set aside for an order, or a position, went its way. Nothing where nothing moved. */
export function escrowSettled(ctx: Context, { order, position }: { readonly order?: Order; readonly position?: Position }, { reason, paid = 0n, received = 0n, refunded, lots = 0n, price = 0n }: Settled): void {
  if (paid === 0n && received === 0n && refunded === 0n) return;
  const of = (order ?? position)!;
  emit(ctx, "EventEscrowSettled", {
    order_id: order?.id ?? "", position_id: position?.id ?? "", consumer: order?.owner ?? position!.holder, payer: of.payer, organization: of.payer === (order?.owner ?? position!.holder) ? "" : of.organization, cost_tags: tagsText(of.costTags),
    class_id: of.classId, slot_tau: of.slotTau, provider: position?.seller ?? "", denom: of.quoteDenom, reason, lots, price, paid, received, refunded,
  });
}

/** Orders: what one holds, and how it leaves. */
import { Order, Side } from "../../codec/gen/dcm/forward/v1/types.ts";
import { addressBytes } from "../../codec/address.ts";
import { authorizeSpend, giveBack, orderHolding } from "./escrow.ts";
import { escrowSettled, orderEnded, orderFilled, orderPlaced, positionChanged, type OrderEnd } from "./events.ts";
import { addOrder, isCapacity, orders, params, positions, removeOrder, savePosition, spenderOf } from "./state.ts";
import type { Context } from "../../runtime/context.ts";
import type { Work } from "../organization/ports.ts";
import type { ForwardPorts } from "./ports.ts";

/** Bytes of state beside an order's record, and those of a position with its indexes. */
const indexBytes = 256;
const positionBytes = 640;

/** What the storage of one position costs its holder, in the bond denom: its tags count, as its organization says what they are. */
export function positionDeposit(ctx: Context, { organization, payer, costTags }: Pick<Order, "organization" | "payer" | "costTags">): bigint {
  const billed = organization === "" && costTags.length === 0 ? 0 : Order.encode(Order.fromPartial({ organization, payer, costTags })).finish().length;
  return BigInt(positionBytes + billed) * params.get(ctx).depositPerByte;
}

/** What an organization's policy is asked of the order: a purchase buys of a class, its level comes with the jobs; a resale buys nothing. */
export const workOf = ({ side, classId }: Pick<Order, "side" | "classId">): Work => (side === Side.SIDE_BUY ? { classId, verification: "any" } : { verification: "any" });

/** Takes what the order holds from whoever pays for it, and puts it into its book. `order.storageDeposit` is found out here. */
export function placeOrder(ctx: Context, ports: ForwardPorts, order: Order): void {
  const bytes = Order.encode(order).finish().length + addressBytes(order.owner).length + indexBytes;
  const placed = { ...order, storageDeposit: (BigInt(bytes) * params.get(ctx).depositPerByte).toString() };
  const units = BigInt(order.units);
  authorizeSpend(ctx, ports, {
    signer: order.owner, organization: spenderOf(order), holding: orderHolding(order), purpose: isCapacity(order) ? "forward-sale" : order.side === Side.SIDE_SELL ? "forward-resale" : "forward",
    costTags: order.costTags, work: workOf(order), denom: order.quoteDenom, amount: BigInt(order.heldPerUnit) * units, deposit: BigInt(order.positionDeposit) * units + BigInt(placed.storageDeposit),
  });
  addOrder(ctx, placed);
  orderPlaced(ctx, placed);
}

/** Units of the order have traded, and what it held for them is spent. With the last one it leaves. */
export function fillOrder(ctx: Context, ports: ForwardPorts, order: Order, units: number): void {
  const next = { ...order, units: order.units - units };
  orders.set(ctx, next.id, next);
  orderFilled(ctx, next);
  if (next.units === 0) endOrder(ctx, ports, next, "filled");
}

/** Takes the order out of its book; what it holds and its deposit go back. */
export function endOrder(ctx: Context, ports: ForwardPorts, order: Order, reason: OrderEnd): void {
  const units = BigInt(order.units);
  const { payer, quoteDenom: denom } = order;
  const amount = BigInt(order.heldPerUnit) * units;
  removeOrder(ctx, order);
  giveBack(ctx, ports, orderHolding(order), payer, { denom, amount, deposit: BigInt(order.positionDeposit) * units + BigInt(order.storageDeposit) });
  ports.organizations.close(ctx, orderHolding(order));
  orderEnded(ctx, order, reason);
  if (!isCapacity(order)) escrowSettled(ctx, { order }, { reason, refunded: amount });
  const position = order.positionId === 0n ? undefined : positions.find(ctx, order.positionId);
  // With all its units the position went to another holder, who resells nothing.
  if (position?.orderId !== order.id) return;
  const free = { ...position, orderId: 0n };
  savePosition(ctx, position, free);
  positionChanged(ctx, free);
}

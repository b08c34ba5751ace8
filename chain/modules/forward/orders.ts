/** Orders: what one holds, and how it leaves. */
import type { Order } from "../../codec/gen/dcm/forward/v1/types.ts";
import { Order as OrderType } from "../../codec/gen/dcm/forward/v1/types.ts";
import { addressBytes } from "../../codec/address.ts";
import { authorizeSpend, pay } from "./escrow.ts";
import { orderEnded, orderFilled, orderPlaced, positionChanged, type OrderEnd } from "./events.ts";
import { addOrder, orders, params, positions, removeOrder, savePosition } from "./state.ts";
import type { Context } from "../../runtime/context.ts";
import type { ForwardPorts } from "./ports.ts";

/** Bytes of state beside an order's record, and those of a position with its indexes. */
const indexBytes = 256;
const positionBytes = 640;

/** What the storage of one position costs its holder, in the bond denom. */
export const positionDeposit = (ctx: Context): bigint => BigInt(positionBytes) * params.get(ctx).depositPerByte;

/** Takes what the order holds from its owner and puts it into its book. */
export function placeOrder(ctx: Context, ports: ForwardPorts, order: Order): void {
  const bytes = OrderType.encode(order).finish().length + addressBytes(order.owner).length + indexBytes;
  const placed = { ...order, storageDeposit: (BigInt(bytes) * params.get(ctx).depositPerByte).toString() };
  const units = BigInt(order.units);
  authorizeSpend(ctx, ports, order.owner, order.quoteDenom, BigInt(order.heldPerUnit) * units, BigInt(order.positionDeposit) * units + BigInt(placed.storageDeposit));
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
  removeOrder(ctx, order);
  pay(ctx, ports, order.owner, order.quoteDenom, BigInt(order.heldPerUnit) * units, BigInt(order.positionDeposit) * units + BigInt(order.storageDeposit));
  orderEnded(ctx, order, reason);
  const position = order.positionId === 0n ? undefined : positions.find(ctx, order.positionId);
  // With all its units the position went to another holder, who resells nothing.
  if (position?.orderId !== order.id) return;
  const free = { ...position, orderId: 0n };
  savePosition(ctx, position, free);
  positionChanged(ctx, free);
}

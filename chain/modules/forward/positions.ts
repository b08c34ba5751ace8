/** Positions: from the trade over the delivery to the settlement. */
import { Position, type Order } from "../../codec/gen/dcm/forward/v1/types.ts";
import { assert } from "../../runtime/errors.ts";
import { pay } from "./escrow.ts";
import { positionChanged, positionClosed, positionDelivered, positionOpened, positionSettled } from "./events.ts";
import { endOrder, fillOrder } from "./orders.ts";
import { addPosition, nextPositionId, orders, params, positions, removePosition, savePosition, take } from "./state.ts";
import { settle, tradeCapacity, tradeResale, type Outcome } from "./terms.ts";
import type { Context } from "../../runtime/context.ts";
import type { ForwardPorts } from "./ports.ts";

/** A fill of a batch: a new position, or another holder of one. */
export function trade(ctx: Context, ports: ForwardPorts, sellId: bigint, buyId: bigint, units: number, price: bigint): void {
  const sell = orders.find(ctx, sellId);
  const buy = orders.find(ctx, buyId);
  assert(sell !== undefined && buy !== undefined && units <= sell.units && units <= buy.units, `orders ${sellId} and ${buyId} trade ${units} units that they do not have`);
  if (sell.positionId === 0n) sellCapacity(ctx, ports, sell, buy, units, price);
  else resell(ctx, ports, sell, buy, units, price);
  fillOrder(ctx, ports, sell, units);
  fillOrder(ctx, ports, buy, units);
}

function sellCapacity(ctx: Context, ports: ForwardPorts, sell: Order, buy: Order, units: number, batchPrice: bigint): void {
  const { price, sellerMargin, holderMargin, toSeller, toBuyer } = tradeCapacity(sell, buy, units, batchPrice);
  const { classId, quoteDenom, slotTau, lots } = sell;
  const position = Position.fromPartial({
    id: take(ctx, nextPositionId), seller: sell.owner, holder: buy.owner, classId, quoteDenom, slotTau, endTau: slotTau + params.get(ctx).slotLength, units, lots, price,
    sellerMargin: sellerMargin.toString(), holderMargin: holderMargin.toString(), storageDeposit: buy.positionDeposit, createdTau: ports.clock.tau(ctx), acceptanceWindow: sell.acceptanceWindow,
  });
  addPosition(ctx, position);
  positionOpened(ctx, position, { sell, buy, price });
  pay(ctx, ports, sell.owner, quoteDenom, toSeller);
  pay(ctx, ports, buy.owner, quoteDenom, toBuyer, BigInt(buy.positionDeposit) * BigInt(units - 1));
}

/** The buyer takes the reseller's place for these units; bought back by the seller of the position, they are no more. */
function resell(ctx: Context, ports: ForwardPorts, sell: Order, buy: Order, units: number, price: bigint): void {
  const before = positions.find(ctx, sell.positionId);
  assert(before !== undefined && before.orderId === sell.id && units <= before.units, `order ${sell.id} resells position ${sell.positionId}, which it does not have`);
  const closes = before.seller === buy.owner;
  const { sellerMargin, holderMargin, toReseller, toBuyer } = tradeResale(before, sell, buy, units, price, closes);
  const whole = units === before.units;
  const part: Position = { ...before, units, sellerMargin: sellerMargin.toString(), holderMargin: holderMargin.toString(), orderId: 0n, offeredTo: "" };
  const taken: Position = { ...part, id: whole ? before.id : take(ctx, nextPositionId), holder: buy.owner, storageDeposit: buy.positionDeposit, createdTau: ports.clock.tau(ctx) };
  if (whole) removePosition(ctx, before);
  else {
    const rest = {
      ...before, units: before.units - units, sellerMargin: (BigInt(before.sellerMargin) - sellerMargin).toString(), holderMargin: (BigInt(before.holderMargin) - holderMargin).toString(),
    };
    savePosition(ctx, before, rest);
    positionChanged(ctx, rest);
  }
  if (closes) positionClosed(ctx, part, before.units - units);
  else {
    addPosition(ctx, taken);
    positionOpened(ctx, taken, { sell, buy, price });
  }
  const deposits = BigInt(buy.positionDeposit) * BigInt(closes ? units : units - 1);
  pay(ctx, ports, sell.owner, before.quoteDenom, toReseller, whole ? BigInt(before.storageDeposit) : 0n);
  pay(ctx, ports, buy.owner, before.quoteDenom, toBuyer, deposits);
}

/** The seller has the position back: nobody owes anything. Margins and deposit go home. */
export function closePosition(ctx: Context, ports: ForwardPorts, position: Position): void {
  removePosition(ctx, position);
  pay(ctx, ports, position.seller, position.quoteDenom, BigInt(position.sellerMargin));
  pay(ctx, ports, position.holder, position.quoteDenom, BigInt(position.holderMargin), BigInt(position.storageDeposit));
  positionClosed(ctx, position, 0);
}

/** The slot begins: the seller's ask, for the holder alone. A seller that cannot make it has failed; where the chain came too late for the whole slot, nobody has. */
export function deliver(ctx: Context, ports: ForwardPorts, id: bigint): void {
  const found = positions.find(ctx, id);
  if (found === undefined || found.askId !== 0n) return;
  const order = found.orderId === 0n ? undefined : orders.find(ctx, found.orderId);
  if (order !== undefined) endOrder(ctx, ports, order, "expired");
  const position = { ...found, orderId: 0n, offeredTo: "" };
  const { seller, holder, classId, quoteDenom, price, units, lots, endTau, acceptanceWindow } = position;
  const all = lots * BigInt(units);
  if (ports.clock.tau(ctx) >= endTau) {
    settlePosition(ctx, ports, position, { served: 0n, failed: 0n, voided: all });
    return;
  }
  const askId = ports.deliveries.open(ctx, { positionId: id, provider: seller, holder, classId, quoteDenom, price, units, lots, untilTau: endTau, acceptanceWindow });
  if (askId === undefined) {
    settlePosition(ctx, ports, position, { served: 0n, failed: all, voided: 0n });
    return;
  }
  const delivered = { ...position, askId };
  savePosition(ctx, found, delivered);
  positionDelivered(ctx, delivered);
}

/** Divides the margins; the record goes. */
export function settlePosition(ctx: Context, ports: ForwardPorts, position: Position, outcome: Outcome): void {
  const settlement = settle(position, outcome);
  removePosition(ctx, position);
  pay(ctx, ports, position.seller, position.quoteDenom, settlement.toSeller);
  pay(ctx, ports, position.holder, position.quoteDenom, settlement.toHolder, BigInt(position.storageDeposit));
  positionSettled(ctx, position, outcome, settlement);
}

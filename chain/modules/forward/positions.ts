/** Positions: from the trade over the delivery to the settlement. */
import { Position, type Order } from "../../codec/gen/dcm/forward/v1/types.ts";
import { assert } from "../../runtime/errors.ts";
import { award, carryOver, giveBack, orderHolding, positionHolding } from "./escrow.ts";
import { escrowSettled, positionChanged, positionClosed, positionDelivered, positionOpened, positionSettled } from "./events.ts";
import { endOrder, fillOrder } from "./orders.ts";
import { addPosition, nextPositionId, orders, params, positions, removePosition, savePosition, take } from "./state.ts";
import { settle, tradeCapacity, tradeResale, type Outcome, type ResaleTrade } from "./terms.ts";
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
    sellerMargin: sellerMargin.toString(), holderMargin: holderMargin.toString(), createdTau: ports.clock.tau(ctx), acceptanceWindow: sell.acceptanceWindow, ...heldFor(buy),
  });
  addPosition(ctx, position);
  positionOpened(ctx, position, { sell, buy, price });
  giveBack(ctx, ports, orderHolding(sell), sell.payer, { denom: quoteDenom, amount: toSeller, deposit: 0n });
  const deposit = BigInt(buy.positionDeposit);
  carryOver(ctx, ports, orderHolding(buy), positionHolding(position), buy.payer, { denom: quoteDenom, amount: holderMargin, deposit });
  giveBack(ctx, ports, orderHolding(buy), buy.payer, { denom: quoteDenom, amount: toBuyer, deposit: deposit * BigInt(units - 1) });
  escrowSettled(ctx, { order: buy, position }, { reason: "matched", refunded: toBuyer });
}

/** Whose the holder's part of a position is that the order buys. */
function heldFor({ payer, organization, costTags, positionDeposit }: Order): Pick<Position, "payer" | "organization" | "costTags" | "storageDeposit"> {
  return { payer, organization, costTags, storageDeposit: positionDeposit };
}

/** The buyer takes the reseller's place for these units; bought back by the seller of the position, they are no more. */
function resell(ctx: Context, ports: ForwardPorts, sell: Order, buy: Order, units: number, price: bigint): void {
  const before = positions.find(ctx, sell.positionId);
  assert(before !== undefined && before.orderId === sell.id && units <= before.units, `order ${sell.id} resells position ${sell.positionId}, which it does not have`);
  const closes = before.seller === buy.owner;
  const exchange = tradeResale(before, sell, buy, units, price, closes);
  const { sellerMargin, holderMargin } = exchange;
  const whole = units === before.units;
  const part: Position = { ...before, units, sellerMargin: sellerMargin.toString(), holderMargin: holderMargin.toString(), orderId: 0n, offeredTo: "" };
  const taken: Position = { ...part, id: whole ? before.id : take(ctx, nextPositionId), holder: buy.owner, createdTau: ports.clock.tau(ctx), ...heldFor(buy) };
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
  const lots = before.lots * BigInt(units);
  leaveHolder(ctx, ports, sell, before, lots, exchange, whole);
  if (closes) award(ctx, ports, before.seller, before.quoteDenom, sellerMargin);
  enterHolder(ctx, ports, buy, closes ? undefined : taken, { lots, units, ...exchange });
}

/** What was paid for lots, as an event has it. */
const priced = (amount: bigint, lots: bigint): { readonly lots?: bigint; readonly price?: bigint } => (amount === 0n ? {} : { lots, price: amount / lots });

/** The reseller has its margin back, what its order held, and the premium; or less by the discount. */
function leaveHolder(ctx: Context, ports: ForwardPorts, sell: Order, before: Position, lots: bigint, { holderMargin, premium, discount, toReseller }: ResaleTrade, whole: boolean): void {
  const { payer, quoteDenom: denom } = before;
  giveBack(ctx, ports, orderHolding(sell), payer, { denom, amount: toReseller, deposit: 0n });
  giveBack(ctx, ports, positionHolding(before), payer, { denom, amount: holderMargin, deposit: whole ? BigInt(before.storageDeposit) : 0n });
  if (whole) ports.organizations.close(ctx, positionHolding(before));
  award(ctx, ports, payer, denom, premium);
  escrowSettled(ctx, { order: sell, position: before }, { reason: "resold", paid: discount, received: premium, refunded: toReseller + holderMargin, ...priced(discount, lots) });
}

/** The buyer pays the premium, or is given the discount; sets its margin aside and has the rest of what its order held back. `taken` undefined: it is the position's seller. */
function enterHolder(ctx: Context, ports: ForwardPorts, buy: Order, taken: Position | undefined, { lots, units, premium, discount, toBuyer, marginHeld, marginGiven }: ResaleTrade & { readonly lots: bigint; readonly units: number }): void {
  const { payer, quoteDenom: denom } = buy;
  const deposit = BigInt(buy.positionDeposit);
  if (taken !== undefined) {
    carryOver(ctx, ports, orderHolding(buy), positionHolding(taken), payer, { denom, amount: marginHeld, deposit });
    carryOver(ctx, ports, undefined, positionHolding(taken), payer, { denom, amount: marginGiven, deposit: 0n });
  }
  giveBack(ctx, ports, orderHolding(buy), payer, { denom, amount: toBuyer, deposit: deposit * BigInt(taken === undefined ? units : units - 1) });
  award(ctx, ports, payer, denom, discount - marginGiven);
  escrowSettled(ctx, { order: buy, ...(taken === undefined ? {} : { position: taken }) }, { reason: "matched", paid: premium, received: discount, refunded: toBuyer - marginGiven, ...priced(premium, lots) });
}

/** The seller has the position back: nobody owes anything. Margins and deposit go home. */
export function closePosition(ctx: Context, ports: ForwardPorts, position: Position): void {
  removePosition(ctx, position);
  award(ctx, ports, position.seller, position.quoteDenom, BigInt(position.sellerMargin));
  releaseHolder(ctx, ports, position);
  positionClosed(ctx, position, 0);
}

/** The holder's margin and deposit go home. */
export function releaseHolder(ctx: Context, ports: ForwardPorts, position: Position): void {
  const margin = BigInt(position.holderMargin);
  giveBack(ctx, ports, positionHolding(position), position.payer, { denom: position.quoteDenom, amount: margin, deposit: BigInt(position.storageDeposit) });
  ports.organizations.close(ctx, positionHolding(position));
  escrowSettled(ctx, { position }, { reason: "transferred", refunded: margin });
}

/** The slot begins: the seller's ask, for whoever holds it alone. A seller that cannot make it has failed; where the chain came too late for the whole slot, nobody has. */
export function deliver(ctx: Context, ports: ForwardPorts, id: bigint): void {
  const found = positions.find(ctx, id);
  if (found === undefined || found.askId !== 0n) return;
  const order = found.orderId === 0n ? undefined : orders.find(ctx, found.orderId);
  if (order !== undefined) endOrder(ctx, ports, order, "expired");
  const position = { ...found, orderId: 0n, offeredTo: "" };
  const { seller, payer, classId, quoteDenom, price, units, lots, endTau, acceptanceWindow } = position;
  const all = lots * BigInt(units);
  if (ports.clock.tau(ctx) >= endTau) {
    settlePosition(ctx, ports, position, { served: 0n, failed: 0n, voided: all });
    return;
  }
  const askId = ports.deliveries.open(ctx, { positionId: id, provider: seller, holder: payer, classId, quoteDenom, price, units, lots, untilTau: endTau, acceptanceWindow });
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
  const { forUnused, forFailed, toSeller } = settlement;
  const { payer, quoteDenom: denom } = position;
  const refunded = BigInt(position.holderMargin) - forUnused;
  removePosition(ctx, position);
  award(ctx, ports, position.seller, denom, toSeller);
  giveBack(ctx, ports, positionHolding(position), payer, { denom, amount: refunded, deposit: BigInt(position.storageDeposit) });
  ports.organizations.close(ctx, positionHolding(position));
  award(ctx, ports, payer, denom, forFailed);
  positionSettled(ctx, position, outcome, settlement);
  escrowSettled(ctx, { position }, { reason: "settled", paid: forUnused, received: forFailed, refunded, lots: settlement.unused });
}

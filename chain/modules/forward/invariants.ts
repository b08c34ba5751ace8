/** What holds at every block's end. */
import type { Order } from "../../codec/gen/dcm/forward/v1/types.ts";
import { addressBytes } from "../../codec/address.ts";
import { escrowAddress } from "./escrow.ts";
import { buys, dueKinds, dueQueue, orders, ordersByOwner, placeOf, positions, positionsByHolder, positionsBySeller, sells, sideOf } from "./state.ts";
import { heldByResale } from "./terms.ts";
import type { MapOf } from "../../runtime/collections.ts";
import type { Context } from "../../runtime/context.ts";
import type { ForwardPorts } from "./ports.ts";

export function invariants(ports: ForwardPorts): Readonly<Record<string, (ctx: Context) => string | undefined>> {
  return { escrow: (ctx) => balances(ctx, ports), indexes, resales };
}

/** The account holds, of each denom, exactly what orders hold, margins and storage deposits. */
function balances(ctx: Context, ports: ForwardPorts): string | undefined {
  const bond = ports.providers.bondDenom(ctx);
  const owed = new Map<string, bigint>([[bond, 0n]]);
  const owe = (denom: string, amount: bigint): void => void owed.set(denom, (owed.get(denom) ?? 0n) + amount);
  for (const [, order] of orders.entries(ctx)) {
    owe(order.quoteDenom, BigInt(order.heldPerUnit) * BigInt(order.units));
    owe(bond, BigInt(order.positionDeposit) * BigInt(order.units) + BigInt(order.storageDeposit));
  }
  for (const [, position] of positions.entries(ctx)) {
    owe(position.quoteDenom, BigInt(position.sellerMargin) + BigInt(position.holderMargin));
    owe(bond, BigInt(position.storageDeposit));
  }
  for (const [denom, amount] of [...owed]) {
    const held = ports.bank.balance(ctx, escrowAddress, denom);
    if (held !== amount) return `the account holds ${held}${denom} and owes ${amount}${denom}`;
  }
  return undefined;
}

function indexes(ctx: Context): string | undefined {
  const length = <K, V>(collection: MapOf<K, V>): number => Array.from(collection.entries(ctx)).length;
  let [count, due] = [0, 0];
  for (const [id, order] of orders.entries(ctx)) {
    count++;
    due++;
    if (order.units === 0) return `order ${id} has traded all its units and is still there`;
    if (!ordersByOwner.has(ctx, [addressBytes(order.owner), id])) return `order ${id} is not among those of its owner`;
    if (!sideOf(order).has(ctx, placeOf(order))) return `order ${id} is not in its book`;
    if (!dueQueue.has(ctx, [order.slotTau, dueKinds.order, id])) return `order ${id} ends at ${order.slotTau} and is not in the queue`;
  }
  if (length(ordersByOwner) !== count || length(sells) + length(buys) !== count) return `the indexes have ${length(ordersByOwner)} and ${length(sells)} + ${length(buys)} entries for ${count} orders`;
  count = 0;
  for (const [id, position] of positions.entries(ctx)) {
    count++;
    if (!positionsByHolder.has(ctx, [addressBytes(position.holder), id])) return `position ${id} is not among those of its holder`;
    if (!positionsBySeller.has(ctx, [addressBytes(position.seller), id])) return `position ${id} is not among those of its seller`;
    if (position.askId !== 0n) continue;
    due++;
    if (!dueQueue.has(ctx, [position.slotTau, dueKinds.position, id])) return `position ${id} is due at ${position.slotTau} and not in the queue`;
  }
  if (length(positionsByHolder) !== count || length(positionsBySeller) !== count) return `the indexes have ${length(positionsByHolder)} and ${length(positionsBySeller)} entries for ${count} positions`;
  return length(dueQueue) === due ? undefined : `the queue has ${length(dueQueue)} entries for ${due} orders and positions`;
}

/** Orders and the positions that they resell name each other, and an order offers and holds no more than that. */
function resales(ctx: Context): string | undefined {
  for (const [id, position] of positions.entries(ctx)) {
    if (position.seller === position.holder) return `position ${id} is held by its seller`;
    if (position.orderId !== 0n && orders.find(ctx, position.orderId)?.positionId !== id) return `position ${id} is resold by order ${position.orderId}, which resells another`;
  }
  for (const [, order] of orders.entries(ctx)) {
    const fault = order.positionId === 0n ? undefined : resaleFault(ctx, order);
    if (fault !== undefined) return `order ${order.id} ${fault}`;
  }
  return undefined;
}

function resaleFault(ctx: Context, order: Order): string | undefined {
  const position = positions.find(ctx, order.positionId);
  if (position?.orderId !== order.id) return `resells position ${order.positionId}, which does not know of it`;
  if (position.holder !== order.owner) return `resells a position of ${position.holder}`;
  if (order.units > position.units) return `resells ${order.units} units of ${position.units}`;
  return BigInt(order.heldPerUnit) === heldByResale(position, order.price) ? undefined : `holds ${order.heldPerUnit} for each unit, which is not what it may lose`;
}

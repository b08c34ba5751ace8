/** What holds at every block's end. */
import type { Order } from "../../codec/gen/dcm/forward/v1/types.ts";
import { addressBytes } from "../../codec/address.ts";
import { escrowAddress, orderHolding, positionHolding } from "./escrow.ts";
import { buys, dueKinds, dueQueue, mandateCursors, mandateQueue, orders, ordersByOrganization, ordersByOwner, placeOf, positions, positionsByHolder, positionsByOrganization, positionsBySeller, sells, sideOf, spenderOf } from "./state.ts";
import { heldByResale } from "./terms.ts";
import type { MapOf } from "../../runtime/collections.ts";
import type { Context } from "../../runtime/context.ts";
import type { HoldingRef } from "../organization/ports.ts";
import type { ForwardPorts } from "./ports.ts";

export function invariants(ports: ForwardPorts): Readonly<Record<string, (ctx: Context) => string | undefined>> {
  return { escrow: (ctx) => balances(ctx, ports), holdings: (ctx) => holdings(ctx, ports), indexes, resales };
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

/** What an organization has in a position is its margin and deposit; in an order, at least what that holds: premiums that were paid for resold units are spent. */
function holdings(ctx: Context, ports: ForwardPorts): string | undefined {
  const bond = ports.providers.bondDenom(ctx);
  const short = (what: string, holding: HoldingRef, { payer, organization }: Pick<Order, "payer" | "organization">, denom: string, amount: bigint, deposit: bigint, exact: boolean): string | undefined => {
    const wanted = denom === bond ? [[denom, amount + deposit] as const] : [[denom, amount] as const, [bond, deposit] as const];
    for (const [of, least] of wanted) {
      const outstanding = ports.organizations.outstanding(ctx, holding, payer, of);
      if (exact ? outstanding !== least : outstanding < least) return `${what}: ${organization} has ${outstanding}${of} in it, which holds ${least}`;
    }
    return undefined;
  };
  for (const [id, order] of orders.entries(ctx)) {
    const units = BigInt(order.units);
    const fault = spenderOf(order) === "" ? undefined : short(`order ${id}`, orderHolding(order), order, order.quoteDenom, BigInt(order.heldPerUnit) * units, BigInt(order.positionDeposit) * units + BigInt(order.storageDeposit), false);
    if (fault !== undefined) return fault;
  }
  for (const [id, position] of positions.entries(ctx)) {
    const fault = position.organization === "" ? undefined : short(`position ${id}`, positionHolding(position), position, position.quoteDenom, BigInt(position.holderMargin), BigInt(position.storageDeposit), true);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function indexes(ctx: Context): string | undefined {
  const length = <K, V>(collection: MapOf<K, V>): number => Array.from(collection.entries(ctx)).length;
  let [count, due, spending] = [0, 0, 0];
  for (const [id, order] of orders.entries(ctx)) {
    count++;
    due++;
    if (order.units === 0) return `order ${id} has traded all its units and is still there`;
    if (!ordersByOwner.has(ctx, [addressBytes(order.owner), id])) return `order ${id} is not among those of its owner`;
    spending += Number(spenderOf(order) !== "");
    if (spenderOf(order) !== "" && !ordersByOrganization.has(ctx, [order.organization, id])) return `order ${id} is not among those of ${order.organization}`;
    if (!sideOf(order).has(ctx, placeOf(order))) return `order ${id} is not in its book`;
    if (!dueQueue.has(ctx, [order.slotTau, dueKinds.order, id])) return `order ${id} ends at ${order.slotTau} and is not in the queue`;
  }
  if (length(ordersByOwner) !== count || length(sells) + length(buys) !== count) return `the indexes have ${length(ordersByOwner)} and ${length(sells)} + ${length(buys)} entries for ${count} orders`;
  if (length(ordersByOrganization) !== spending) return `the index of organizations has ${length(ordersByOrganization)} entries for ${spending} orders`;
  if (length(mandateQueue) !== length(mandateCursors)) return `${length(mandateQueue)} organizations wait to be looked at, with ${length(mandateCursors)} places`;
  count = 0;
  spending = 0;
  for (const [id, position] of positions.entries(ctx)) {
    count++;
    if (!positionsByHolder.has(ctx, [addressBytes(position.holder), id])) return `position ${id} is not among those of its holder`;
    if (!positionsBySeller.has(ctx, [addressBytes(position.seller), id])) return `position ${id} is not among those of its seller`;
    spending += Number(position.organization !== "");
    if (position.organization !== "" && !positionsByOrganization.has(ctx, [position.organization, id])) return `position ${id} is not among those of ${position.organization}`;
    if (position.askId !== 0n) continue;
    due++;
    if (!dueQueue.has(ctx, [position.slotTau, dueKinds.position, id])) return `position ${id} is due at ${position.slotTau} and not in the queue`;
  }
  if (length(positionsByHolder) !== count || length(positionsBySeller) !== count) return `the indexes have ${length(positionsByHolder)} and ${length(positionsBySeller)} entries for ${count} positions`;
  if (length(positionsByOrganization) !== spending) return `the index of organizations has ${length(positionsByOrganization)} entries for ${spending} positions`;
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
  if (position.holder !== order.owner || position.payer !== order.payer) return `resells a position of ${position.holder}`;
  if (order.units > position.units) return `resells ${order.units} units of ${position.units}`;
  return BigInt(order.heldPerUnit) === heldByResale(position, order.price) ? undefined : `holds ${order.heldPerUnit} for each unit, which is not what it may lose`;
}

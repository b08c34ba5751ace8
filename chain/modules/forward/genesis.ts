/** Genesis: parameters, orders that wait, positions that are not settled. Indexes and queues are made anew from the records. */
import { GenesisState } from "../../codec/gen/dcm/forward/v1/genesis.ts";
import { Side, type Order, type Position } from "../../codec/gen/dcm/forward/v1/types.ts";
import { addressBytes } from "../../codec/address.ts";
import { isDenom, readAmount } from "../../runtime/coins.ts";
import { assert } from "../../runtime/errors.ts";
import { accountText, isName, tagsFault } from "../organization/ports.ts";
import { followOrganization } from "./followers.ts";
import { defaultParams, paramsFault } from "./params.ts";
import { addOrder, addPosition, bookOf, cancelled, mandateCursors, markDirty, nextOrderId, nextPositionId, orders, params, positions, spenderOf } from "./state.ts";
import type { Genesis } from "../../runtime/module.ts";

export const genesis: Genesis<GenesisState> = {
  type: GenesisState,
  defaults: () => GenesisState.fromPartial({ params: defaultParams(), nextOrderId: 1n, nextPositionId: 1n }),

  check(state) {
    assert(state.params !== undefined, "forward.params is missing");
    const fault = paramsFault(state.params);
    if (fault !== undefined) throw fault;
    rising("orders", state.orders, state.nextOrderId);
    rising("positions", state.positions, state.nextPositionId);
    for (const order of state.orders) checkOrder(order, state.positions);
    for (const position of state.positions) checkPosition(position, state.orders);
    for (const id of state.cancelled) assert(state.orders.some((order) => order.id === id), `forward.cancelled: there is no order ${id}`);
  },

  init(ctx, state) {
    params.set(ctx, state.params!);
    nextOrderId.set(ctx, state.nextOrderId);
    nextPositionId.set(ctx, state.nextPositionId);
    for (const order of state.orders) {
      addOrder(ctx, order);
      // The book is looked at in the first block.
      markDirty(ctx, bookOf(order));
    }
    for (const position of state.positions) addPosition(ctx, position);
    for (const id of state.cancelled) cancelled.set(ctx, id, true);
    // Whatever waited to be looked at is looked at from the first one on.
    for (const order of state.orders) if (spenderOf(order) !== "" && !mandateCursors.has(ctx, order.organization)) followOrganization(ctx, order.organization);
  },

  export: (ctx) => ({
    params: params.get(ctx), orders: Array.from(orders.entries(ctx), ([, order]) => order), positions: Array.from(positions.entries(ctx), ([, position]) => position),
    cancelled: Array.from(cancelled.entries(ctx), ([id]) => id), nextOrderId: nextOrderId.get(ctx), nextPositionId: nextPositionId.get(ctx),
  }),
};

function rising(field: string, records: readonly { readonly id: bigint }[], next: bigint): void {
  assert(next >= 1n, `forward: the next id of ${field} is at least 1`);
  let last = 0n;
  for (const { id } of records) {
    assert(id > last && id < next, `forward.${field}: ids rise from 1 and stay below ${next}, ${id} stands behind ${last}`);
    last = id;
  }
}

const amount = (text: string): boolean => (readAmount(text) ?? -1n) >= 0n;

/** Who paid, and under which tags. */
function billing(where: string, organization: string, account: string, { payer, costTags }: Pick<Position, "payer" | "costTags">): void {
  assert(organization === "" || isName(organization), `${where} names an organization`);
  assert(payer === (organization === "" ? account : accountText(organization)), `${where} is paid by ${payer}, which is not ${organization === "" ? account : organization}`);
  const fault = tagsFault(costTags);
  assert(fault === undefined, `${where}: ${fault?.field ?? ""} must be ${fault?.limit ?? ""}`);
}

function checkOrder(order: Order, known: readonly Position[]): void {
  const where = `forward.orders: ${order.id}`;
  addressBytes(order.owner);
  assert(order.side === Side.SIDE_BUY || order.side === Side.SIDE_SELL, `${where} has a side`);
  assert(isDenom(order.quoteDenom) && order.units > 0 && order.lots > 0n && order.price > 0n, `${where} has a denom, units, lots and a price`);
  assert(amount(order.heldPerUnit) && amount(order.storageDeposit) && amount(order.positionDeposit), `${where}: amounts are canonical and not negative`);
  billing(where, spenderOf(order), order.owner, order);
  assert(order.positionId === 0n || known.some(({ id, orderId }) => id === order.positionId && orderId === order.id), `${where} resells position ${order.positionId}, which does not say so`);
}

function checkPosition(position: Position, known: readonly Order[]): void {
  const where = `forward.positions: ${position.id}`;
  addressBytes(position.seller);
  addressBytes(position.holder);
  assert(position.seller !== position.holder, `${where} is held by its seller`);
  assert(isDenom(position.quoteDenom) && position.units > 0 && position.lots > 0n && position.price > 0n && position.endTau > position.slotTau, `${where} has a denom, units, lots, a price and an end behind its start`);
  assert(amount(position.sellerMargin) && amount(position.holderMargin) && amount(position.storageDeposit), `${where}: amounts are canonical and not negative`);
  billing(where, position.organization, position.holder, position);
  assert(position.orderId === 0n || known.some((order) => order.id === position.orderId), `${where} is resold by order ${position.orderId}, which is missing`);
}

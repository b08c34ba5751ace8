/** Checks that several messages share. */
import { addressText } from "../../codec/address.ts";
import type { Order, Params, Position } from "../../codec/gen/dcm/forward/v1/types.ts";
import { readAddress } from "../../runtime/addresses.ts";
import { fail } from "../../runtime/errors.ts";
import { errors } from "./errors.ts";
import { orders, positions } from "./state.ts";
import type { Context } from "../../runtime/context.ts";

/** Highest price of a lot: leaves room for every product of the module. */
export const maxPrice = 10n ** 15n;
/** Highest tau that a message may name: about 35,000 years. */
export const maxTau = 1n << 50n;
/** Units of one order. */
export const maxUnits = 10_000;

/** The address in its canonical text. Fails with sdk 7. */
export function canonical(text: string, field: string): string {
  return addressText(readAddress(text, `invalid ${field} address`));
}

export function inRange(field: string, value: bigint | number, low: bigint | number, high: bigint | number): void {
  if (value < low || value > high) fail(errors.invalidField, { field, value, limit: `from ${low} to ${high}` });
}

export function orderOf(ctx: Context, id: bigint): Order {
  const order = orders.find(ctx, id);
  if (order === undefined) fail(errors.unknownOrder, { id });
  return order;
}

export function positionOf(ctx: Context, id: bigint): Position {
  const position = positions.find(ctx, id);
  if (position === undefined) fail(errors.unknownPosition, { id });
  return position;
}

/** The holder's position whose slot has not begun, swept or not. */
export function tradablePosition(ctx: Context, id: bigint, holder: string, tau: bigint): Position {
  const position = positionOf(ctx, id);
  if (position.holder !== holder) fail(errors.notYours, { what: `position ${id}`, owner: position.holder, signer: holder });
  notBegun(`position ${id}`, position.slotTau, tau);
  if (position.orderId !== 0n) fail(errors.beingResold, { id, order: position.orderId });
  return position;
}

export function notBegun(what: string, slot: bigint, tau: bigint): void {
  if (tau >= slot) fail(errors.slotBegun, { what, slot, tau });
}

/** Fails unless all these slots trade at this tau: they start at multiples of their length, behind the present and not too far ahead. */
export function slotsTrade({ slotLength, maxSlotsAhead }: Params, slot: bigint, slots: number, tau: bigint): void {
  const first = (tau / slotLength + 1n) * slotLength;
  const last = first + slotLength * BigInt(maxSlotsAhead - 1);
  if (slot % slotLength !== 0n || slot < first || slot + slotLength * BigInt(slots - 1) > last) fail(errors.wrongSlot, { slot, length: slotLength, first, last: last - slotLength * BigInt(slots - 1) });
}

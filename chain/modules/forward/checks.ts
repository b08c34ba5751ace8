/** Checks that several messages share. */
import { addressText } from "../../codec/address.ts";
import type { Order, Params, Position } from "../../codec/gen/dcm/forward/v1/types.ts";
import { readAddress } from "../../runtime/addresses.ts";
import { fail } from "../../runtime/errors.ts";
import { errors } from "./errors.ts";
import { orders, positions } from "./state.ts";
import type { CostTag } from "../../codec/gen/dcm/market/v1/types.ts";
import type { Context } from "../../runtime/context.ts";
import { isName, tagsFault } from "../organization/ports.ts";
import type { ForwardPorts } from "./ports.ts";

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

/**
 * A position whose slot has not begun, swept or not, as it is once the signer has acted on it: its holder; or, where an organization's money holds it, an owner or admin, who becomes its holder.
 * A holder that may not spend the organization's money any more has no say in it either.
 */
export function tradablePosition(ctx: Context, ports: ForwardPorts, id: bigint, signer: string): { readonly before: Position; readonly held: Position } {
  const before = positionOf(ctx, id);
  const { holder, organization } = before;
  const manages = organization !== "" && ports.organizations.manages(ctx, organization, signer);
  if (holder !== signer && !manages) fail(errors.notYours, { what: `position ${id}`, owner: holder, signer });
  const why = organization === "" ? undefined : ports.organizations.barred(ctx, organization, signer, { verification: "any" });
  if (why !== undefined) fail(errors.barred, { what: `position ${id}`, organization, why });
  notBegun(`position ${id}`, before.slotTau, ports.clock.tau(ctx));
  if (before.orderId !== 0n) fail(errors.beingResold, { id, order: before.orderId });
  return { before, held: { ...before, holder: signer } };
}

/** Form of what says whose money it is, and under which tags. */
export function checkBilling({ organization, costTags }: { readonly organization: string; readonly costTags: readonly CostTag[] }): void {
  if (organization !== "" && !isName(organization)) fail(errors.invalidField, { field: "organization", value: organization, limit: "empty or an organization's name" });
  const fault = tagsFault(costTags);
  if (fault !== undefined) fail(errors.invalidField, fault);
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

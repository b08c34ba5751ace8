/**
 * Asks that are reserved for one account stand in no book: the bids that name one wait in a queue of its own. What such an ask may serve in all is
 * counted lot by lot, where a quote or a forward position says how much that is.
 */
import type { Allotment, Ask } from "../../codec/gen/dcm/market/v1/types.ts";
import { assert } from "../../runtime/errors.ts";
import { allotments, collect, endedDeliveries, nextTicket, quotes, reservedBids, take, wakeQueue, wakeTickets, within } from "./state.ts";
import type { Context } from "../../runtime/context.ts";

export const isReserved = ({ reservedFor }: Pick<Ask, "reservedFor">): boolean => reservedFor !== "";

/** The ask's bids are looked at when its turn comes; nothing happens where it has none. */
export function wake(ctx: Context, askId: bigint): void {
  if (wakeTickets.has(ctx, askId) || collect(ctx, reservedBids, 1, within.id(askId)).length === 0) return;
  const ticket = take(ctx, nextTicket);
  wakeQueue.set(ctx, ticket, askId);
  wakeTickets.set(ctx, askId, ticket);
}

/** A bid on a reserved ask waits for it, or has nothing to wait for any more. */
export function listReserved(ctx: Context, askId: bigint, bidId: bigint, listed: boolean): void {
  if (!listed) {
    reservedBids.remove(ctx, [askId, bidId]);
    return;
  }
  reservedBids.set(ctx, [askId, bidId], true);
  wake(ctx, askId);
}

/** Lots that may still be matched. */
export function leftOf({ lots, taken, served, failed, voided }: Allotment): bigint {
  const left = lots - taken - served - failed - voided;
  assert(left >= 0n, `an allotment of ${lots} lots has ${taken} taken, ${served} served, ${failed} failed and ${voided} voided`);
  return left;
}

/** Moves lots from what is left to what is taken. */
export function takeLots(ctx: Context, askId: bigint, lots: bigint): void {
  const allotment = allotments.find(ctx, askId);
  if (allotment !== undefined) saveAllotment(ctx, { ...allotment, taken: allotment.taken + lots });
}

/** So many of the lots that are left, as far as there are any, will not be delivered. */
export function failLots(ctx: Context, askId: bigint, lots: bigint): void {
  const allotment = allotments.find(ctx, askId);
  if (allotment === undefined) return;
  const left = leftOf(allotment);
  saveAllotment(ctx, { ...allotment, failed: allotment.failed + (lots < left ? lots : left) });
}

export function saveAllotment(ctx: Context, allotment: Allotment): void {
  leftOf(allotment);
  allotments.set(ctx, allotment.askId, allotment);
}

/** One of its `units` units is gone for want of bond, and with it its share of what is left; rounded down for the provider. */
export function failUnit(ctx: Context, { id, units }: Pick<Ask, "id" | "units">): void {
  const allotment = allotments.find(ctx, id);
  if (allotment !== undefined) failLots(ctx, id, leftOf(allotment) / BigInt(units));
}

/** A reserved ask was closed: its bids hear of it. Before its time that is a failure to deliver what is left. */
export function reservedClosed(ctx: Context, ask: Ask, tau: bigint): void {
  if (tau <= ask.expiresTau) failLots(ctx, ask.id, ask.positionId === 0n ? 0n : (allotments.find(ctx, ask.id)?.lots ?? 0n));
  if (ask.requestId !== 0n) quotes.remove(ctx, [ask.requestId, ask.id]);
  wake(ctx, ask.id);
}

/** Closed, every unit back, every task over: whoever gave the allotment may ask what became of it. */
export function noteEnded(ctx: Context, askId: bigint): void {
  const allotment = allotments.find(ctx, askId);
  if (allotment === undefined || allotment.taken > 0n) return;
  if (allotment.positionId === 0n) allotments.remove(ctx, askId);
  else endedDeliveries.set(ctx, askId, true);
}

/** Units of asks: in the book, promised, out with a task, back again. Each unit in the book has its bond set aside. */
import { OrderStatus, type Ask, type AskPlace, type Profile } from "../../codec/gen/dcm/market/v1/types.ts";
import { addressBytes } from "../../codec/address.ts";
import { assert } from "../../runtime/errors.ts";
import { markDirty, openBook, type BookKey } from "./books.ts";
import { askChanged, askReplaced } from "./events.ts";
import { askBook, asks, books, cancelledAsks, dueKinds, replacedAsks, reschedule, schedule, type AskPlaceKey, type ProfileKey } from "./state.ts";
import { paramsAt } from "./params.ts";
import { openPlace, placeOf, rankOf, unpark, withPlaces } from "./profiles.ts";
import { returnDeposit } from "./escrow.ts";
import { failUnit, isReserved, noteEnded, reservedClosed, wake } from "./reserved.ts";
import { forgetAsk, isSuspended } from "./sellers.ts";
import type { Context } from "../../runtime/context.ts";
import type { MarketPorts } from "./ports.ts";

export const bookOf = (order: { readonly classId: string; readonly quoteDenom: string }): BookKey => [order.classId, order.quoteDenom];

/** Where the ask stands in the index of a profile. */
export function keyIn(ask: Ask, place: AskPlace): readonly [ProfileKey, AskPlaceKey] {
  return [[bookOf(ask), place.profileId], [rankOf(ask, place), ask.createdHeight, ask.id]];
}

/** True where it stands in the book: an active provider's, for all, with a free unit, its window begun. */
export function isListed(ctx: Context, ask: Ask): boolean {
  return ask.status === OrderStatus.ORDER_STATUS_OPEN && ask.freeUnits > 0 && !ask.waiting && !isReserved(ask) && !isSuspended(ctx, addressBytes(ask.provider));
}

/** The ask without its places, which are the book's affair: as it is shown and exported. */
export const bare = (ask: Ask): Ask => ({ ...ask, places: [], profilesSeen: 0 });

/** True where the book has not noticed what became of the ask, or of its provider. */
export function isOutOfStep(ctx: Context, ask: Ask): boolean {
  return isListed(ctx, ask) !== askBook.has(ctx, keyIn(ask, openPlace));
}

/** Puts the ask into the index of each profile that it can serve, or takes it out, as it should be; the book's count moves with it. Gives the ask to be stored. `out`: it had no free unit, so it stands in none. */
export function listAsk(ctx: Context, ask: Ask, out = false): { readonly ask: Ask; readonly listed: boolean; readonly changed: boolean } {
  const listed = isListed(ctx, ask);
  if (listed === (!out && askBook.has(ctx, keyIn(ask, openPlace)))) return { ask, listed, changed: false };
  const key = bookOf(ask);
  const book = openBook(ctx, key);
  const next = listed ? withPlaces(ctx, ask, key, book) : ask;
  for (const place of [openPlace, ...next.places]) {
    if (listed) askBook.set(ctx, keyIn(next, place), true);
    else askBook.remove(ctx, keyIn(next, place));
  }
  books.set(ctx, key, { ...book, openAsks: book.openAsks + (listed ? 1n : -1n) });
  return { ask: next, listed, changed: true };
}

/**
 * Writes the ask and keeps the book in step with it; `ask` is the new value, with the price that it had. `grew`: it offers so many units more than before, so
 * that bids may find what they did not.
 */
export function saveAsk(ctx: Context, ask: Ask, grew = 0): void {
  const { ask: next, listed, changed } = listAsk(ctx, ask, grew > 0 && grew === ask.freeUnits);
  asks.set(ctx, ask.id, next);
  if (listed && (grew > 0 || changed)) supplyGrew(ctx, next);
  if (isReserved(next) && next.freeUnits > 0) wake(ctx, next.id);
  askChanged(ctx, next, listed);
}

/** Bids may find in the ask what they did not find before. */
export function supplyGrew(ctx: Context, ask: Ask): void {
  markDirty(ctx, bookOf(ask));
  for (const place of [openPlace, ...ask.places]) unpark(ctx, bookOf(ask), place.profileId);
}

/** Gives an ask another price; it queues as a new one. */
export function repriceAsk(ctx: Context, ask: Ask, change: Pick<Ask, "basePrice" | "premiums" | "expiresTau">): void {
  const key = bookOf(ask);
  if (askBook.has(ctx, keyIn(ask, openPlace))) {
    for (const place of [openPlace, ...ask.places]) askBook.remove(ctx, keyIn(ask, place));
    const book = openBook(ctx, key);
    books.set(ctx, key, { ...book, openAsks: book.openAsks - 1n });
  }
  reschedule(ctx, dueKinds.askExpiry, ask.id, ask.expiresTau, change.expiresTau);
  const next = { ...ask, ...change, createdHeight: ctx.height, places: [], profilesSeen: 0 };
  askReplaced(ctx, next);
  saveAsk(ctx, next);
}

/** Sorts an ask that stands in the book into a profile that is new there. */
export function sortInto(ctx: Context, id: bigint, profile: Profile): void {
  const ask = loadAsk(ctx, id);
  if (ask.profilesSeen > profile.id) return;
  const place = placeOf(profile, ask.premiums);
  asks.set(ctx, id, { ...ask, profilesSeen: profile.id + 1, places: place === undefined ? ask.places : [...ask.places, place] });
  if (place === undefined) return;
  askBook.set(ctx, keyIn(ask, place), true);
  unpark(ctx, bookOf(ask), profile.id);
}

export function loadAsk(ctx: Context, id: bigint): Ask {
  const ask = asks.find(ctx, id);
  assert(ask !== undefined, `ask ${id} is missing`);
  return ask;
}

/** A unit goes out with a task: its reservation becomes stake. False, and nothing changed, where the bond does not reach. */
export function lockUnit(ctx: Context, ports: MarketPorts, ask: Ask, stake: bigint): boolean {
  return ports.providers.lock(ctx, addressBytes(ask.provider), ask.bondPerUnit, stake);
}

/** Promises a free unit to a draw. */
export function holdUnit(ctx: Context, id: bigint): void {
  const ask = loadAsk(ctx, id);
  assert(ask.freeUnits > 0, `ask ${id} has no free unit to hold`);
  saveAsk(ctx, { ...ask, freeUnits: ask.freeUnits - 1, heldUnits: ask.heldUnits + 1 });
}

/** A promised unit is free again; of a closed ask, its bond is. */
export function releaseHold(ctx: Context, ports: MarketPorts, id: bigint): void {
  const ask = loadAsk(ctx, id);
  assert(ask.heldUnits > 0, `ask ${id} has no held unit to release`);
  if (ask.status === OrderStatus.ORDER_STATUS_OPEN) {
    saveAsk(ctx, { ...ask, heldUnits: ask.heldUnits - 1, freeUnits: ask.freeUnits + 1 }, 1);
    return;
  }
  if (ask.bondPerUnit > 0n) ports.providers.release(ctx, addressBytes(ask.provider), ask.bondPerUnit);
  dropUnit(ctx, ports, { ...ask, heldUnits: ask.heldUnits - 1 });
}

/** The task of a unit goes on without it. False, and nothing changed, where the ask is open and there is no bond to set aside for the unit. */
export function spareUnit(ctx: Context, ports: MarketPorts, id: bigint): boolean {
  const ask = loadAsk(ctx, id);
  const isOpen = ask.status === OrderStatus.ORDER_STATUS_OPEN;
  if (isOpen && ask.bondPerUnit > 0n && !ports.providers.reserve(ctx, addressBytes(ask.provider), ask.bondPerUnit)) return false;
  if (isOpen) saveAsk(ctx, { ...ask, freeUnits: ask.freeUnits + 1 }, 1);
  else dropUnit(ctx, ports, ask);
  return true;
}

/** A unit comes back from a task with what is left of its stake; where there is no bond to set aside for it, the ask shrinks. */
export function returnUnit(ctx: Context, ports: MarketPorts, id: bigint, stake: bigint): void {
  const ask = loadAsk(ctx, id);
  const provider = addressBytes(ask.provider);
  const isOpen = ask.status === OrderStatus.ORDER_STATUS_OPEN;
  const needed = isOpen ? ask.bondPerUnit : 0n;
  const isBacked = stake > 0n ? ports.providers.unlock(ctx, provider, stake, needed) : needed === 0n || ports.providers.reserve(ctx, provider, needed);
  if (isOpen && isBacked) saveAsk(ctx, { ...ask, freeUnits: ask.freeUnits + 1 }, 1);
  else dropUnit(ctx, ports, ask);
}

function dropUnit(ctx: Context, ports: MarketPorts, ask: Ask): void {
  const units = ask.units - 1;
  if (isReserved(ask) && ask.status === OrderStatus.ORDER_STATUS_OPEN) failUnit(ctx, ask);
  if (units === 0 && ask.status === OrderStatus.ORDER_STATUS_OPEN) {
    closeAsk(ctx, ports, { ...ask, units }, OrderStatus.ORDER_STATUS_EXPIRED);
    return;
  }
  const next = { ...ask, units };
  saveAsk(ctx, next);
  if (units === 0) schedulePrune(ctx, ports, next);
}

/** Takes the ask out of the book for good; units that are out or promised follow when they come back. */
export function closeAsk(ctx: Context, ports: MarketPorts, ask: Ask, status: OrderStatus): void {
  const tau = ports.clock.tau(ctx);
  const bond = ask.bondPerUnit * BigInt(ask.freeUnits);
  if (bond > 0n) ports.providers.release(ctx, addressBytes(ask.provider), bond);
  const closed = { ...ask, status, units: ask.units - ask.freeUnits, freeUnits: 0, endedTau: tau };
  reschedule(ctx, dueKinds.askExpiry, ask.id, ask.expiresTau, 0n);
  if (ask.waiting) reschedule(ctx, dueKinds.askOpening, ask.id, ask.availableFrom, 0n);
  cancelledAsks.remove(ctx, ask.id);
  replacedAsks.remove(ctx, ask.id);
  saveAsk(ctx, closed);
  if (isReserved(closed)) reservedClosed(ctx, closed, tau);
  if (closed.units === 0) schedulePrune(ctx, ports, closed);
}

function schedulePrune(ctx: Context, ports: MarketPorts, ask: Ask): void {
  if (isReserved(ask)) noteEnded(ctx, ask.id);
  schedule(ctx, ports.clock.tau(ctx) + lifetimeOf(ctx, ask), dueKinds.askPrune, ask.id);
}

/** How long its record stays when it has ended; a forward position's goes at once, as a provider may have many of them. */
export function lifetimeOf(ctx: Context, ask: Ask): bigint {
  return ask.positionId === 0n ? paramsAt(ctx, ask.paramsVersion).recordLifetime : 0n;
}

/** The record's time is over: it goes, and its deposit goes home. */
export function pruneAsk(ctx: Context, ports: MarketPorts, id: bigint): void {
  const ask = asks.find(ctx, id);
  if (ask === undefined || ask.units > 0 || ask.status === OrderStatus.ORDER_STATUS_OPEN) return;
  asks.remove(ctx, id);
  forgetAsk(ctx, addressBytes(ask.provider), id);
  returnDeposit(ctx, ports, ask.provider, BigInt(ask.storageDeposit));
}

/** The most asks of one provider, pruned ones not counted. */
export const maxAsksPerProvider = 256;

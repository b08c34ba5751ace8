/** Books as a whole: which ones wait for a batch, and what they remember of prices. */
import { Book, type Params } from "../../codec/gen/dcm/market/v1/types.ts";
import { maxInt, minInt } from "../../math/int.ts";
import { books, dirtyQueue, dirtyTickets, nextTicket, take, type BookKey } from "./state.ts";
import type { Context } from "../../runtime/context.ts";

export type { BookKey } from "./state.ts";

/** The book's record, or that of a book that nobody used yet. */
export function openBook(ctx: Context, key: BookKey): Book {
  return books.find(ctx, key) ?? Book.fromPartial({ classId: key[0], quoteDenom: key[1] });
}

/** Puts the book behind the others that wait for their batch, unless it waits already. */
export function markDirty(ctx: Context, key: BookKey): void {
  if (dirtyTickets.has(ctx, key)) return;
  const ticket = take(ctx, nextTicket);
  dirtyTickets.set(ctx, key, ticket);
  dirtyQueue.set(ctx, ticket, key);
}

export function unmarkDirty(ctx: Context, key: BookKey): void {
  const ticket = dirtyTickets.find(ctx, key);
  if (ticket === undefined) return;
  dirtyTickets.remove(ctx, key);
  dirtyQueue.remove(ctx, ticket);
}

/**
 * The reference price after a batch at `price`: it follows the price that held since the last batch, by that time's part of the window and
 * by at most 5 % (`reference_move_bps`; at least one unit, so that small prices can move).
 */
export function referenceAfter(book: Book, price: bigint, tau: bigint, params: Params): Book {
  if (book.referencePrice === 0n) return { ...book, referencePrice: price, referenceTau: tau, lastPrice: price, lastTradeTau: tau };
  const held = minInt(tau - book.referenceTau, params.referenceWindow);
  const most = maxInt(1n, (book.referencePrice * BigInt(params.referenceMoveBps)) / 10_000n);
  const wanted = ((book.lastPrice - book.referencePrice) * held) / params.referenceWindow;
  const move = maxInt(-most, minInt(most, wanted));
  return { ...book, referencePrice: maxInt(1n, book.referencePrice + move), referenceTau: tau, lastPrice: price, lastTradeTau: tau };
}

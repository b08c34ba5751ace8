/** Books as a whole: which ones wait for a batch, and what they remember of prices. */
import { Book } from "../../codec/gen/dcm/market/v1/types.ts";
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

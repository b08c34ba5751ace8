/** The keys of store `forward`; the README has them as a table. Numbers in keys are big-endian, so that byte order is numeric order. */
import { Order, Params, Position, Side } from "../../codec/gen/dcm/forward/v1/types.ts";
import { addressBytes } from "../../codec/address.ts";
import { concatBytes, uint64Bytes } from "../../codec/bytes.ts";
import { bytesKey, item, map, pairKey, present, proto, textKey, textValue, tripleKey, uint64Key, uint64Value, type KeyCodec, type MapOf } from "../../runtime/collections.ts";
import type { Context } from "../../runtime/context.ts";

export const storeName = "forward";
/** The module account that holds what orders hold, margins and storage deposits. */
export const escrowAccount = "forward";

/** A book's name: class, quote denom, the slot's start, and the lots of one unit, so that all units of a book are alike. */
export type BookKey = readonly [classId: string, denom: string, slot: bigint, lots: bigint];

const byteKey: KeyCodec<number> = { encode: (value) => Uint8Array.of(value), decode: (bytes, at) => [bytes[at]!, at + 1] };
const marketKey = pairKey(textKey, textKey);
const slotKey = pairKey(uint64Key, uint64Key);
const bookKey: KeyCodec<BookKey> = {
  encode: ([classId, denom, slot, lots]) => concatBytes(marketKey.encode([classId, denom]), slotKey.encode([slot, lots])),
  decode(bytes, at) {
    const [[classId, denom], next] = marketKey.decode(bytes, at);
    const [[slot, lots], end] = slotKey.decode(bytes, next);
    return [[classId, denom, slot, lots], end];
  },
};
/** (price, or 2^64 - 1 - price of a purchase, height, id) */
const placeKey = tripleKey(uint64Key, uint64Key, uint64Key);

/** What a due-queue entry points to; orders come first, so that no position is delivered while it is resold. */
export const dueKinds = { order: 1, position: 2 } as const;

export const params = item(storeName, Uint8Array.of(0x01), proto(Params));
/** Only ever rise: no id is used again. */
export const nextOrderId = item(storeName, Uint8Array.of(0x02, 1), uint64Value);
export const nextPositionId = item(storeName, Uint8Array.of(0x02, 2), uint64Value);
export const nextTicket = item(storeName, Uint8Array.of(0x02, 3), uint64Value);
export const orders = map(storeName, Uint8Array.of(0x03), uint64Key, proto(Order));
export const ordersByOwner = map(storeName, Uint8Array.of(0x04), pairKey(bytesKey, uint64Key), present);
/** Cheapest first. */
export const sells = map(storeName, Uint8Array.of(0x05), pairKey(bookKey, placeKey), present);
/** Dearest first. */
export const buys = map(storeName, Uint8Array.of(0x06), pairKey(bookKey, placeKey), present);
/** (slot, kind, id): due from that tau on. */
export const dueQueue = map(storeName, Uint8Array.of(0x07), tripleKey(uint64Key, byteKey, uint64Key), present);
/** Orders that leave after the next batch of their book. */
export const cancelled = map(storeName, Uint8Array.of(0x08), uint64Key, present);
/** Orders that spend an organization's money: (organization, id). */
export const ordersByOrganization = map(storeName, Uint8Array.of(0x09), pairKey(textKey, uint64Key), present);
export const positions = map(storeName, Uint8Array.of(0x10), uint64Key, proto(Position));
export const positionsByHolder = map(storeName, Uint8Array.of(0x11), pairKey(bytesKey, uint64Key), present);
export const positionsBySeller = map(storeName, Uint8Array.of(0x12), pairKey(bytesKey, uint64Key), present);
/** Positions that an organization's money holds: (organization, id). */
export const positionsByOrganization = map(storeName, Uint8Array.of(0x13), pairKey(textKey, uint64Key), present);
/** Books that wait for their batch, by ticket; the ticket of each; books with orders of this block, whose batch is the next block's. */
export const dirtyQueue = map(storeName, Uint8Array.of(0x20), uint64Key, { encode: (book: BookKey) => bookKey.encode(book), decode: (bytes: Uint8Array) => bookKey.decode(bytes, 0)[0] });
export const dirtyTickets = map(storeName, Uint8Array.of(0x21), bookKey, uint64Value);
export const freshBooks = map(storeName, Uint8Array.of(0x22), bookKey, present);

/** Organizations whose orders are looked at by and by, by ticket; the ticket of each, and the first order that was not. */
export const mandateQueue = map(storeName, Uint8Array.of(0x23), uint64Key, textValue);
export const mandateCursors = map(storeName, Uint8Array.of(0x24), textKey, { encode: ([ticket, id]: readonly [bigint, bigint]) => slotKey.encode([ticket, id]), decode: (bytes: Uint8Array) => slotKey.decode(bytes, 0)[0] });

export const within = {
  organization: (name: string): Uint8Array => textKey.encode(name),
  address: (address: Uint8Array): Uint8Array => bytesKey.encode(address),
  book: (book: BookKey): Uint8Array => bookKey.encode(book),
  /** All lots of one slot. */
  slot: (classId: string, denom: string, slot: bigint): Uint8Array => concatBytes(marketKey.encode([classId, denom]), uint64Bytes(slot)),
};

/** A provider sells what it has. */
export const isCapacity = ({ side, positionId }: Pick<Order, "side" | "positionId">): boolean => side === Side.SIDE_SELL && positionId === 0n;

/** The organization whose money the order spends; empty: none. */
export const spenderOf = (order: Pick<Order, "side" | "positionId" | "organization">): string => (isCapacity(order) ? "" : order.organization);

export const bookOf = ({ classId, quoteDenom, slotTau, lots }: Pick<Order, "classId" | "quoteDenom" | "slotTau" | "lots">): BookKey => [classId, quoteDenom, slotTau, lots];

const top = 0xffffffffffffffffn;
export const sideOf = (order: Order): typeof sells => (order.side === Side.SIDE_SELL ? sells : buys);
export function placeOf(order: Order): readonly [BookKey, readonly [bigint, bigint, bigint]] {
  return [bookOf(order), [order.side === Side.SIDE_SELL ? order.price : top - order.price, order.createdHeight, order.id]];
}

export function take(ctx: Context, sequence: typeof nextOrderId): bigint {
  const value = sequence.find(ctx) ?? 1n;
  sequence.set(ctx, value + 1n);
  return value;
}

/** The ticket that the next book gets. */
export const ticketsTaken = (ctx: Context): bigint => nextTicket.find(ctx) ?? 1n;

/** Puts the book behind the others that wait for their batch, unless it waits already. */
export function markDirty(ctx: Context, book: BookKey): void {
  if (dirtyTickets.has(ctx, book)) return;
  const ticket = take(ctx, nextTicket);
  dirtyTickets.set(ctx, book, ticket);
  dirtyQueue.set(ctx, ticket, book);
}

export function unmarkDirty(ctx: Context, book: BookKey): void {
  const ticket = dirtyTickets.find(ctx, book);
  if (ticket === undefined) return;
  dirtyTickets.remove(ctx, book);
  dirtyQueue.remove(ctx, ticket);
}

/** Writes a new order with its indexes. */
export function addOrder(ctx: Context, order: Order): void {
  orders.set(ctx, order.id, order);
  ordersByOwner.set(ctx, [addressBytes(order.owner), order.id], true);
  if (spenderOf(order) !== "") ordersByOrganization.set(ctx, [order.organization, order.id], true);
  sideOf(order).set(ctx, placeOf(order), true);
  dueQueue.set(ctx, [order.slotTau, dueKinds.order, order.id], true);
  freshBooks.set(ctx, bookOf(order), true);
}

export function removeOrder(ctx: Context, order: Order): void {
  orders.remove(ctx, order.id);
  ordersByOwner.remove(ctx, [addressBytes(order.owner), order.id]);
  if (spenderOf(order) !== "") ordersByOrganization.remove(ctx, [order.organization, order.id]);
  sideOf(order).remove(ctx, placeOf(order));
  dueQueue.remove(ctx, [order.slotTau, dueKinds.order, order.id]);
  cancelled.remove(ctx, order.id);
}

/** Writes a new position with its indexes. */
export function addPosition(ctx: Context, position: Position): void {
  positions.set(ctx, position.id, position);
  positionsByHolder.set(ctx, [addressBytes(position.holder), position.id], true);
  positionsBySeller.set(ctx, [addressBytes(position.seller), position.id], true);
  if (position.organization !== "") positionsByOrganization.set(ctx, [position.organization, position.id], true);
  if (position.askId === 0n) dueQueue.set(ctx, [position.slotTau, dueKinds.position, position.id], true);
}

/** Writes a changed position; it may have another holder, or be delivered. */
export function savePosition(ctx: Context, before: Position, after: Position): void {
  positions.set(ctx, after.id, after);
  if (before.holder !== after.holder) {
    positionsByHolder.remove(ctx, [addressBytes(before.holder), before.id]);
    positionsByHolder.set(ctx, [addressBytes(after.holder), after.id], true);
  }
  if (before.organization !== after.organization) {
    if (before.organization !== "") positionsByOrganization.remove(ctx, [before.organization, before.id]);
    if (after.organization !== "") positionsByOrganization.set(ctx, [after.organization, after.id], true);
  }
  if (before.askId === 0n && after.askId !== 0n) dueQueue.remove(ctx, [before.slotTau, dueKinds.position, before.id]);
}

export function removePosition(ctx: Context, position: Position): void {
  positions.remove(ctx, position.id);
  positionsByHolder.remove(ctx, [addressBytes(position.holder), position.id]);
  positionsBySeller.remove(ctx, [addressBytes(position.seller), position.id]);
  if (position.organization !== "") positionsByOrganization.remove(ctx, [position.organization, position.id]);
  dueQueue.remove(ctx, [position.slotTau, dueKinds.position, position.id]);
}

/** The first `limit` entries of a range, read before anything is written. */
export function collect<K, V>(ctx: Context, collection: MapOf<K, V>, limit: number, range: { readonly to?: Uint8Array; readonly within?: Uint8Array; readonly from?: Uint8Array } = {}): (readonly [K, V])[] {
  const out: (readonly [K, V])[] = [];
  if (limit <= 0) return out;
  for (const entry of collection.entries(ctx, range)) {
    out.push(entry);
    if (out.length >= limit) break;
  }
  return out;
}

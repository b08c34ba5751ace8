/** One batch a book and block, by the market's own auction: orders accepted up to h clear in h + 1, then cancellations take effect. */
import type { Order } from "../../codec/gen/dcm/forward/v1/types.ts";
import { uint64Bytes, utf8 } from "../../codec/bytes.ts";
import { sha256 } from "../../codec/hash.ts";
import { membershipsIn } from "../organization/ports.ts";
import { clear, type AskOrder, type BidOrder } from "../market/ports.ts";
import { emit } from "./events.ts";
import { endOrder } from "./orders.ts";
import { trade } from "./positions.ts";
import { bookOf, buys, cancelled, collect, dirtyQueue, dirtyTickets, freshBooks, markDirty, orders, params, sells, ticketsTaken, unmarkDirty, within, type BookKey } from "./state.ts";
import { maxTau } from "./checks.ts";
import type { Context } from "../../runtime/context.ts";
import type { ForwardPorts } from "./ports.ts";

/** Books cleared in one block. */
const maxBooks = 500;
/** Orders that a batch may pass over; none is but those of its own owner. */
const skipsPerUnit = 256;
const maxSkips = 100_000;

export function clearBooks(ctx: Context, ports: ForwardPorts): void {
  const { maxFills, maxSweep } = params.get(ctx);
  const seed = ports.beacon.seed(ctx, ctx.height) ?? sha256(utf8("dcm/forward/no-seed"), utf8(ctx.header.chainId), uint64Bytes(ctx.height));
  const newTickets = ticketsTaken(ctx);
  let fills = maxFills;
  for (const [, book] of collect(ctx, dirtyQueue, maxBooks)) {
    if (fills <= 0) break;
    const cleared = ctx.isolate(`forward: book ${book.join("/")}`, (item) => {
      fills -= clearBook(item, ports, book, sha256(seed, within.book(book)), fills);
    });
    // A book that cannot be cleared must not come back every block.
    if (!cleared) unmarkDirty(ctx, book);
  }
  cancelOrders(ctx, ports, maxSweep, newTickets);
  for (const [book] of collect(ctx, freshBooks, maxSweep)) {
    freshBooks.remove(ctx, book);
    markDirty(ctx, book);
  }
}

/** Gives the units matched. */
function clearBook(ctx: Context, ports: ForwardPorts, book: BookKey, seed: Uint8Array, maxFills: number): number {
  unmarkDirty(ctx, book);
  // Its slot has begun: what is left of it expires.
  if (ports.clock.tau(ctx) >= book[2]) return 0;
  const membershipsOf = membershipsIn(ctx, ports.organizations);
  const batch = clear({ profiles: [0], asks: () => sellOrders(ctx, book, membershipsOf), bids: buyOrders(ctx, book), membershipsOf }, seed, { maxFills, skipsPerUnit, maxSkips, maxWhole: maxFills });
  let units = 0;
  for (const fill of batch.fills) {
    trade(ctx, ports, fill.ask.id, fill.bid.id, fill.tasks, fill.price);
    units += fill.tasks;
  }
  for (const { id } of [...batch.selfTrades.asks, ...batch.selfTrades.bids]) {
    const order = orders.find(ctx, id);
    if (order !== undefined) endOrder(ctx, ports, order, "self_trade");
  }
  if (units > 0) {
    emit(ctx, "EventBatchCleared", { class_id: book[0], quote_denom: book[1], slot_tau: book[2], lots: book[3], price: batch.price!, units, fills: batch.fills.length, cut: String(batch.cut) });
  }
  // What this batch itself changed needs no further one; what was cut off does.
  if (batch.cut || !batch.complete) markDirty(ctx, book);
  return units;
}

/** Orders that were accepted before this block; read as far as they can trade. */
function* placed(ctx: Context, side: typeof sells, book: BookKey): IterableIterator<Order> {
  for (const [[, [, height, id]]] of side.entries(ctx, { within: within.book(book) })) if (height < ctx.height) yield orders.find(ctx, id)!;
}

function* sellOrders(ctx: Context, book: BookKey, membershipsOf: (account: string) => readonly string[]): IterableIterator<AskOrder> {
  for (const { id, owner, organization, createdHeight, price, units } of placed(ctx, sells, book)) {
    yield { id, owner, organization, height: createdHeight, base: price, premium: 0n, rank: price, attributes: 0, units, colocated: 1, until: maxTau, notice: 0n, acceptance: 0n, preemptible: false, bond: 0n, free: 0n, memberships: membershipsOf(owner), kind: "" };
  }
}

function* buyOrders(ctx: Context, book: BookKey): IterableIterator<BidOrder> {
  for (const { id, owner, organization, createdHeight, price, units } of placed(ctx, buys, book)) {
    yield { id, owner, organization, height: createdHeight, limit: price, tasks: units, profile: 0, whole: false, colocated: 1, end: 0n, notice: 0n, acceptance: 0n, preemptible: false, replicas: 1, stake: 0n, excluded: [], guard: undefined };
  }
}

/** Cancellations take effect once the book had its batch: nobody leaves after seeing what it will trade with. */
function cancelOrders(ctx: Context, ports: ForwardPorts, limit: number, newTickets: bigint): void {
  for (const [id] of collect(ctx, cancelled, limit)) {
    const order = orders.find(ctx, id);
    if (order !== undefined) {
      // However many books wait: one with a ticket from before this block's batches had none of them.
      if ((dirtyTickets.find(ctx, bookOf(order)) ?? newTickets) < newTickets) continue;
      ctx.isolate(`forward: cancellation of order ${id}`, (item) => endOrder(item, ports, order, "cancelled"));
    }
    cancelled.remove(ctx, id);
  }
}

/** One batch a book and block, by the market's own auction: orders accepted up to h clear in h + 1, then cancellations take effect. */
import type { Order } from "../../codec/gen/dcm/forward/v1/types.ts";
import { uint64Bytes, utf8 } from "../../codec/bytes.ts";
import { sha256 } from "../../codec/hash.ts";
import { membershipsIn } from "../organization/ports.ts";
import { clear, Mandates, type AskOrder, type BidOrder, type Guard } from "../market/ports.ts";
import { emit } from "./events.ts";
import { isBarred } from "./followers.ts";
import { endOrder } from "./orders.ts";
import { trade } from "./positions.ts";
import { bookOf, buys, cancelled, collect, dirtyQueue, dirtyTickets, freshBooks, markDirty, orders, params, positions, sells, ticketsTaken, unmarkDirty, within, type BookKey } from "./state.ts";
import { maxTau } from "./checks.ts";
import type { Context } from "../../runtime/context.ts";
import type { ForwardPorts } from "./ports.ts";

/** Books cleared in one block. */
const maxBooks = 500;
/** Orders that a batch may pass over: those of its own owner, and those that the policy of a bid's organization refuses. */
const skipsPerUnit = 256;
const maxSkips = 100_000;
/** Orders that it passes over because their organization bars them: the followers take them out by and by. */
const maxBarred = 5_000;

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
  const run = (strict: boolean): { readonly look: Look; readonly batch: ReturnType<typeof clear> } => {
    const look = new Look(ctx, ports, strict);
    return { look, batch: clear({ profiles: [0], asks: () => sellOrders(ctx, book, look), bids: buyOrders(ctx, book, look), membershipsOf: look.membershipsOf }, seed, { maxFills, skipsPerUnit, maxSkips, maxWhole: maxFills }) };
  };
  let { look, batch } = run(false);
  // Only then, as a bid with a guard sets no price.
  if (batch.fills.some(({ bid, ask }) => look.sellsToOwn(bid.organization, ask.id))) ({ look, batch } = run(true));
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
  if (batch.cut || !batch.complete || look.isCut) markDirty(ctx, book);
  return units;
}

/** What one batch asks of organizations, each thing once. */
class Look {
  readonly membershipsOf: (account: string) => readonly string[];
  readonly mandates: Mandates;
  /** Whose capacity a sell order is, its owner's or a position's. */
  readonly #sellers = new Map<bigint, string>();
  readonly #guards = new Map<string, Guard | undefined>();
  readonly #strict: boolean;
  #barred = 0;

  /** `strict`: organizations' bids pass over what their members have sold. */
  constructor(ctx: Context, ports: ForwardPorts, strict: boolean) {
    this.membershipsOf = membershipsIn(ctx, ports.organizations);
    this.mandates = new Mandates(ctx, ports);
    this.#strict = strict;
  }

  /** There may be orders behind those that were barred. */
  get isCut(): boolean {
    return this.#barred >= maxBarred;
  }

  bars(order: Order): boolean {
    const barred = isBarred(this.mandates, order);
    if (barred) this.#barred++;
    return barred;
  }

  seen(sellId: bigint, seller: string): void {
    this.#sellers.set(sellId, seller);
  }

  /** A resale of what a member of the organization has sold: the member itself is an affiliate of the bid and trades with it in no case. */
  sellsToOwn(organization: string, sellId: bigint): boolean {
    return organization !== "" && this.membershipsOf(this.#sellers.get(sellId)!).includes(organization);
  }

  /** Who may deliver to the organization; undefined: anybody. One object for all its bids, as the auction wants it. */
  guardOf(organization: string): Guard | undefined {
    if (organization === "") return undefined;
    if (!this.#guards.has(organization)) {
      const guard = this.mandates.guardOf(organization);
      this.#guards.set(organization, guard === undefined && !this.#strict ? undefined : {
        admits: ({ id }) => (this.sellsToOwn(organization, id) ? false : guard === undefined || guard.admits({ owner: this.#sellers.get(id)! })),
      });
    }
    return this.#guards.get(organization);
  }
}

/** Orders that were accepted before this block and are not barred; read as far as they can trade. */
function* placed(ctx: Context, side: typeof sells, book: BookKey, look: Look): IterableIterator<Order> {
  for (const [[, [, height, id]]] of side.entries(ctx, { within: within.book(book) })) {
    if (height >= ctx.height) continue;
    const order = orders.find(ctx, id)!;
    if (!look.bars(order)) yield order;
    else if (look.isCut) return;
  }
}

function* sellOrders(ctx: Context, book: BookKey, look: Look): IterableIterator<AskOrder> {
  for (const { id, owner, organization, positionId, createdHeight, price, units } of placed(ctx, sells, book, look)) {
    look.seen(id, positionId === 0n ? owner : positions.find(ctx, positionId)!.seller);
    yield { id, owner, organization, height: createdHeight, base: price, premium: 0n, rank: price, attributes: 0, units, colocated: 1, until: maxTau, notice: 0n, acceptance: 0n, levels: 0, preemptible: false, bond: 0n, free: 0n, memberships: look.membershipsOf(owner), kind: "" };
  }
}

function* buyOrders(ctx: Context, book: BookKey, look: Look): IterableIterator<BidOrder> {
  for (const { id, owner, organization, createdHeight, price, units } of placed(ctx, buys, book, look)) {
    yield { id, owner, organization, height: createdHeight, limit: price, tasks: units, profile: 0, whole: false, colocated: 1, end: 0n, notice: 0n, acceptance: 0n, level: 0, preemptible: false, replicas: 1, stake: 0n, excluded: [], guard: look.guardOf(organization) };
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

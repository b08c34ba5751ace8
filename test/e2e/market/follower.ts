/** A book kept from events alone, as an exchange or an explorer would; held against the chain's own queries at the same height. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { OrderStatus } from "../../../chain/codec/gen/dcm/market/v1/types.ts";
import { QueryAsksRequest, QueryAsksResponse, QueryBidsRequest, QueryBidsResponse, QueryBookRequest, QueryBookResponse, QueryJobRequest, QueryJobResponse } from "../../../chain/codec/gen/dcm/market/v1/query.ts";
import type { Connection } from "../../../client/connection.ts";
import { denom } from "../../../localnet/homes.ts";
import type { ChainEvent } from "./history.ts";

interface Order {
  readonly id: bigint;
  readonly classId: string;
  readonly quoteDenom: string;
  readonly price: bigint;
  /** Since when it queues. */
  readonly height: number;
  /** Attributes that an ask offers: of equals the fewest come first. */
  readonly attributes: number;
  readonly units: number;
  readonly listed: boolean;
}

type Book = Pick<Order, "classId" | "quoteDenom">;

interface Side {
  readonly placed: string;
  readonly replaced: string;
  readonly changed: string;
  readonly id: string;
  readonly price: string;
  readonly units: string;
  readonly listed: (attributes: ChainEvent["attributes"]) => boolean;
}

const asks: Side = { placed: "EventAskPlaced", replaced: "EventAskReplaced", changed: "EventAskChanged", id: "ask_id", price: "base_price", units: "free_units", listed: ({ listed }) => listed === "true" };
const bids: Side = { placed: "EventBidPlaced", replaced: "EventBidReplaced", changed: "EventBidChanged", id: "bid_id", price: "limit_price", units: "open_tasks", listed: ({ listed }) => listed === "true" };

export class Follower {
  readonly #connection: Connection;
  readonly #asks = new Map<bigint, Order>();
  readonly #bids = new Map<bigint, Order>();
  #compared = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Books that were held against the chain. */
  get compared(): number {
    return this.#compared;
  }

  /** Begins in the middle, or again after a gap: with all orders as the chain has them at a height, those too that stand in no book and may come back. */
  async resume(height: number): Promise<void> {
    const pagination = { key: new Uint8Array(0), offset: 0n, limit: 1_000n, countTotal: false, reverse: false };
    const { asks: offers } = QueryAsksResponse.decode(await this.#query("Asks", QueryAsksRequest.encode(QueryAsksRequest.fromPartial({ pagination })).finish(), height));
    for (const { id, classId, quoteDenom, basePrice, createdHeight, premiums, freeUnits, status } of offers) {
      this.#asks.set(id, { id, classId, quoteDenom, price: basePrice, height: Number(createdHeight), attributes: premiums.length, units: freeUnits, listed: status === OrderStatus.ORDER_STATUS_OPEN && freeUnits > 0 });
    }
    const { bids: wanted } = QueryBidsResponse.decode(await this.#query("Bids", QueryBidsRequest.encode(QueryBidsRequest.fromPartial({ pagination })).finish(), height));
    for (const { id, classId, quoteDenom, limitPrice, createdHeight, nextTask, reopened, status } of wanted) {
      const { job } = QueryJobResponse.decode(await this.#query("Job", QueryJobRequest.encode({ jobId: id }).finish(), height));
      this.#bids.set(id, { id, classId, quoteDenom, price: limitPrice, height: Number(createdHeight), attributes: 0, units: job!.spec!.tasks - nextTask + reopened.length, listed: status === OrderStatus.ORDER_STATUS_OPEN });
    }
  }

  /** Takes a block's events in; compares every book that they changed. */
  async follow(height: number, events: readonly ChainEvent[]): Promise<void> {
    const changed = new Map<string, Book>();
    for (const event of events) {
      const book = take(this.#asks, asks, event) ?? take(this.#bids, bids, event);
      if (book !== undefined) changed.set(`${book.classId} ${book.quoteDenom}`, book);
    }
    for (const { classId, quoteDenom } of changed.values()) await this.compare(classId, height, quoteDenom);
  }

  async compare(classId: string, height: number, quoteDenom: string = denom): Promise<void> {
    const book = { classId, quoteDenom };
    const ours = {
      asks: inOrder(this.#asks, book, (a, b) => a.price - b.price),
      bids: inOrder(this.#bids, book, (a, b) => b.price - a.price),
    };
    const depth = QueryBookResponse.decode(await this.#query("Book", QueryBookRequest.encode(QueryBookRequest.fromPartial({ ...book, levels: 500 })).finish(), height));
    assert.deepEqual({ asks: levels(ours.asks), bids: levels(ours.bids) }, { asks: depth.asks, bids: depth.bids }, `depth of ${classId} at height ${height}`);
    assert.deepEqual([depth.book!.openAsks, depth.book!.openBids], [BigInt(ours.asks.length), BigInt(ours.bids.length)]);
    const listed = QueryAsksResponse.decode(await this.#query("Asks", QueryAsksRequest.encode(QueryAsksRequest.fromPartial(book)).finish(), height));
    assert.deepEqual(ours.asks.map(({ id, units }) => [id, units]), listed.asks.map(({ id, freeUnits }) => [id, freeUnits]), `asks of ${classId} at height ${height}`);
    const wanted = QueryBidsResponse.decode(await this.#query("Bids", QueryBidsRequest.encode(QueryBidsRequest.fromPartial(book)).finish(), height));
    // Bids of a book are listed by profile, then by limit.
    const ids = (list: readonly { readonly id: bigint }[]): bigint[] => list.map(({ id }) => id).sort((a, b) => Number(a - b));
    assert.deepEqual(ids(ours.bids), ids(wanted.bids), `bids of ${classId} at height ${height}`);
    this.#compared++;
  }

  /** A node may have a block's results a moment before its state. */
  async #query(method: string, request: Uint8Array, height: number): Promise<Uint8Array> {
    for (let attempt = 0; ; attempt++) {
      try {
        return (await this.#connection.query.queryAbci(`/dcm.market.v1.Query/${method}`, request, height)).value;
      } catch (error) {
        if (attempt === 20) throw error;
        await sleep(100);
      }
    }
  }
}

/** The book that the event changed. */
function take(orders: Map<bigint, Order>, side: Side, { type, height, attributes }: ChainEvent): Book | undefined {
  const name = type.replace("dcm.market.v1.", "");
  if (name !== side.placed && name !== side.replaced && name !== side.changed) return undefined;
  const id = BigInt(attributes[side.id]!);
  const book = { classId: attributes.class_id!, quoteDenom: attributes.quote_denom! };
  const terms = { price: BigInt(attributes[side.price]!), height, attributes: (attributes.premiums ?? "").split(",").filter((one) => one !== "").length };
  const before = orders.get(id) ?? { id, ...book, ...terms, units: 0, listed: false };
  if (name === side.placed) orders.set(id, before);
  else if (name === side.replaced) orders.set(id, { ...before, ...terms });
  else orders.set(id, { ...before, units: Number(attributes[side.units]), listed: side.listed(attributes) });
  return book;
}

function inOrder(orders: ReadonlyMap<bigint, Order>, { classId, quoteDenom }: Book, byPrice: (a: Order, b: Order) => bigint): Order[] {
  const inBook = (order: Order): boolean => order.listed && order.classId === classId && order.quoteDenom === quoteDenom;
  return [...orders.values()].filter(inBook).sort((a, b) => Number(byPrice(a, b)) || a.attributes - b.attributes || a.height - b.height || Number(a.id - b.id));
}

function levels(orders: readonly Order[]): { price: bigint; units: bigint; orders: number }[] {
  const out: { price: bigint; units: bigint; orders: number }[] = [];
  for (const { price, units } of orders) {
    const last = out.at(-1);
    if (last?.price === price) {
      last.units += BigInt(units);
      last.orders++;
    } else out.push({ price, units: BigInt(units), orders: 1 });
  }
  return out;
}

/** The money of forwards, as pure functions: what orders hold, what a trade leaves, what a settlement pays. Every division is named; nothing is lost. */
import type { Order, Position } from "../../codec/gen/dcm/forward/v1/types.ts";
import { maxInt, minInt, mulDivCeil, mulDivFloor } from "../../math/int.ts";
import { assert } from "../../runtime/errors.ts";

const bps = 10_000n;

/** Margin of one side: a part of price x lots x units, rounded up for the other side. */
export function marginOf(price: bigint, lots: bigint, units: number, marginBps: number): bigint {
  return mulDivCeil(price * lots * BigInt(units), BigInt(marginBps), bps);
}

/** A purchase is paid in full while it waits: what is beyond the margin pays for a resale above its position's price, or goes back with the match. */
export function heldByPurchase(limit: bigint, lots: bigint): bigint {
  return limit * lots;
}

/** Capacity holds its margin up to the price at which it may trade at most. */
export function heldByCapacity(marginPrice: bigint, lots: bigint, marginBps: number): bigint {
  return marginOf(marginPrice, lots, 1, marginBps);
}

/** A resale below the position's price holds the difference, which its buyer is given: the position itself keeps its price. */
export function heldByResale(position: Pick<Position, "price" | "lots">, base: bigint): bigint {
  return maxInt(0n, position.price - base) * position.lots;
}

/** What one fill of capacity makes; what each side gets back of what its order held for these units. */
export interface CapacityTrade {
  readonly price: bigint;
  readonly sellerMargin: bigint;
  readonly holderMargin: bigint;
  readonly toSeller: bigint;
  readonly toBuyer: bigint;
}

type Side = Pick<Order, "heldPerUnit" | "marginBps" | "marginPrice" | "lots">;

export function tradeCapacity(sell: Side, buy: Side, units: number, batchPrice: bigint): CapacityTrade {
  const price = minInt(batchPrice, sell.marginPrice);
  const sellerMargin = marginOf(price, sell.lots, units, sell.marginBps);
  const holderMargin = marginOf(price, sell.lots, units, buy.marginBps);
  const toSeller = BigInt(sell.heldPerUnit) * BigInt(units) - sellerMargin;
  const toBuyer = BigInt(buy.heldPerUnit) * BigInt(units) - holderMargin;
  assert(toSeller >= 0n && toBuyer >= 0n, `a fill of ${units} units at ${price} takes more margin than its orders hold`);
  return { price, sellerMargin, holderMargin, toSeller, toBuyer };
}

/** What one fill of a resale does: margins that go with the units, and where everything goes that the two orders held for them. */
export interface ResaleTrade {
  /** Leave the position with its units; the remainder of the division stays. The reseller has its own, the holder's, back. */
  readonly sellerMargin: bigint;
  readonly holderMargin: bigint;
  /** From the buyer to the reseller where the price rose, from the reseller to the buyer where it fell. */
  readonly premium: bigint;
  readonly discount: bigint;
  /** Back of what the orders held. */
  readonly toReseller: bigint;
  readonly toBuyer: bigint;
  /** The buyer's margin: out of what its order held, and, where that is too little, out of the discount. */
  readonly marginHeld: bigint;
  readonly marginGiven: bigint;
}

/**
 * The buyer takes the reseller's place at the position's own price, and its margin; the difference to the batch's price is paid now, by the buyer
 * where the price rose, by the reseller where it fell. `closes`: the buyer is the position's seller, so nobody owes anything any more and both margins are free.
 */
export function tradeResale(position: Position, sell: Side, buy: Side, units: number, price: bigint, closes: boolean): ResaleTrade {
  const all = BigInt(position.units);
  const sellerMargin = mulDivFloor(BigInt(position.sellerMargin), BigInt(units), all);
  const holderMargin = mulDivFloor(BigInt(position.holderMargin), BigInt(units), all);
  const difference = (price - position.price) * position.lots * BigInt(units);
  const [premium, discount] = [maxInt(0n, difference), maxInt(0n, -difference)];
  const toReseller = BigInt(sell.heldPerUnit) * BigInt(units) - discount;
  const held = BigInt(buy.heldPerUnit) * BigInt(units) - premium;
  const margin = closes ? 0n : holderMargin;
  const marginHeld = minInt(margin, held);
  const marginGiven = margin - marginHeld;
  assert(toReseller >= 0n && held >= 0n && marginGiven <= discount, `a resale of ${units} units at ${price} takes more than its orders hold`);
  return { sellerMargin, holderMargin, premium, discount, toReseller, toBuyer: held - marginHeld, marginHeld, marginGiven };
}

/** Lots of a position that is over; the others its holder left unused. */
export interface Outcome {
  readonly served: bigint;
  readonly failed: bigint;
  readonly voided: bigint;
}

export interface Settlement {
  readonly unused: bigint;
  /** Out of the holder's margin, for what it left unused. */
  readonly forUnused: bigint;
  /** Out of the seller's margin, for what it failed to deliver. */
  readonly forFailed: bigint;
  readonly toSeller: bigint;
  readonly toHolder: bigint;
}

/** Each side pays the part of its margin that is the part of the lots which it is to blame for, rounded down: the remainder stays with whoever paid the margin. */
export function settle(position: Pick<Position, "units" | "lots" | "sellerMargin" | "holderMargin">, { served, failed, voided }: Outcome): Settlement {
  const all = position.lots * BigInt(position.units);
  const unused = all - served - failed - voided;
  assert(unused >= 0n && served >= 0n && failed >= 0n && voided >= 0n, `a position of ${all} lots has ${served} served, ${failed} failed and ${voided} voided`);
  const [sellerMargin, holderMargin] = [BigInt(position.sellerMargin), BigInt(position.holderMargin)];
  const forUnused = mulDivFloor(holderMargin, unused, all);
  const forFailed = mulDivFloor(sellerMargin, failed, all);
  return { unused, forUnused, forFailed, toSeller: sellerMargin - forFailed + forUnused, toHolder: holderMargin - forUnused + forFailed };
}

/** Lots of one unit in a slot: what a conforming host does in it for certain. */
export function lotsOf(slotLength: bigint, capacity: { readonly maxLotMs: bigint; readonly maxLots: bigint }): bigint {
  return minInt(slotLength / capacity.maxLotMs, capacity.maxLots);
}

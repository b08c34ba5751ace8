/**
 * Money that streams, as a pure function of what was put in and of tau: nothing depends on how often it is settled. What was earned rounds down, to the consumer's
 * favour; what does not make a whole unit with its fee stays in the deposit.
 */
import { minInt, mulDivFloor } from "../../../math/int.ts";
import { maxTau } from "../checks.ts";
import { part } from "../settlement.ts";

export interface Stream {
  /** For one lot. */
  readonly price: bigint;
  /** Milliseconds of tau in one lot. */
  readonly meterPerLot: bigint;
  readonly feeBps: number;
  /** All that was put in for it so far. */
  readonly deposited: bigint;
  readonly startedTau: bigint;
  /** The longest grace, and its largest part of the time that is paid for. */
  readonly grace: bigint;
  readonly graceShareBps: number;
}

export interface Reach {
  /** The most that the provider gets of the deposits; the fee on it fits in too. */
  readonly payable: bigint;
  /** The last tau that is paid for. */
  readonly depletedTau: bigint;
  /** The last tau that is served without a further deposit. */
  readonly graceTau: bigint;
}

/** What the provider earned from the start until `tau`. */
export function earnedUntil({ price, meterPerLot, startedTau }: Pick<Stream, "price" | "meterPerLot" | "startedTau">, tau: bigint): bigint {
  return mulDivFloor(price, tau - startedTau, meterPerLot);
}

/** The largest amount that can be paid out of a deposit together with its fee, rounded down. */
export function payableOf(deposit: bigint, feeBps: number): bigint {
  // e + floor(e b / 10,000) <= D  <=>  e (10,000 + b) < 10,000 (D + 1).
  return ((deposit + 1n) * 10_000n - 1n) / BigInt(10_000 + feeBps);
}

/** How long a deposit lasts, in milliseconds: the last one at which what was earned can be paid. */
export function lastsFor(payable: bigint, price: bigint, meterPerLot: bigint): bigint {
  // floor(p t / M) <= e  <=>  p t < M (e + 1).
  return ((payable + 1n) * meterPerLot - 1n) / price;
}

/** Grace is part of what was paid for, so that many short services cannot live on grace alone. */
export function reachOf(stream: Stream): Reach {
  const payable = payableOf(stream.deposited, stream.feeBps);
  const paidFor = lastsFor(payable, stream.price, stream.meterPerLot);
  const depletedTau = minInt(stream.startedTau + paidFor, maxTau);
  return { payable, depletedTau, graceTau: depletedTau + minInt(stream.grace, part(paidFor, stream.graceShareBps)) };
}

/** What has been due to the provider, and the fee on it, until `tau`, as far as the deposits reach; and what they do not reach for. */
export function dueUntil(stream: Stream, tau: bigint): { readonly paid: bigint; readonly fee: bigint; readonly debt: bigint } {
  const earned = earnedUntil(stream, tau);
  const paid = minInt(earned, reachOf(stream).payable);
  return { paid, fee: part(paid, stream.feeBps), debt: earned - paid };
}

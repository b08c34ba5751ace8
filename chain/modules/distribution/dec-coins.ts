/** Decimal coins, as the Cosmos SDK's DecCoins: sorted by denom, positive, no repeats. Rounding is in the name. */
import { Dec } from "../../math/dec.ts";
import { MathError } from "../../math/int.ts";
import { isDenom, type Money } from "../../runtime/coins.ts";
import { assert } from "../../runtime/errors.ts";
import type { DecCoin } from "../../codec/gen/cosmos/base/v1beta1/coin.ts";

export interface DecMoney {
  readonly denom: string;
  readonly amount: Dec;
}
export type DecCoins = readonly DecMoney[];

export const noDecCoins: DecCoins = [];

export const decCoins = (coins: readonly Money[]): DecCoins => coins.map(({ denom, amount }) => ({ denom, amount: Dec.fromInt(amount) }));
export const fromWireDec = (wire: readonly DecCoin[]): DecCoins => wire.map(({ denom, amount }) => ({ denom, amount: Dec.fromProto(amount) }));
export const toWireDec = (coins: DecCoins): DecCoin[] => coins.map(({ denom, amount }) => ({ denom, amount: amount.toProto() }));
/** `1.500000000000000000stake,2.000000000000000000token`: as events have it. */
export const decCoinsText = (coins: DecCoins): string => coins.map(({ denom, amount }) => `${amount.toString()}${denom}`).join(",");

/** What is wrong with decimal coins from outside, or nothing. */
export function decCoinsFault(wire: readonly DecCoin[]): string | undefined {
  let last = "";
  for (const { denom, amount } of wire) {
    if (!isDenom(denom)) return `invalid denom: ${denom.slice(0, 160)}`;
    if (denom <= last) return `denomination ${denom} is not sorted or stands twice`;
    if (!isPositive(amount)) return `coin ${amount.slice(0, 80)}${denom} amount is not positive`;
    last = denom;
  }
  return undefined;
}

function isPositive(text: string): boolean {
  try {
    return Dec.fromProto(text).isPositive;
  } catch (error) {
    if (error instanceof MathError) return false;
    throw error;
  }
}

function combine(a: DecCoins, b: DecCoins, join: (x: Dec, y: Dec) => Dec): DecCoins {
  const out: DecMoney[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const x = a[i];
    const y = b[j];
    const denom = x === undefined || (y !== undefined && y.denom < x.denom) ? y!.denom : x.denom;
    const left = x?.denom === denom ? x.amount : Dec.zero;
    const right = y?.denom === denom ? y.amount : Dec.zero;
    if (x?.denom === denom) i++;
    if (y?.denom === denom) j++;
    const amount = join(left, right);
    if (!amount.isZero) out.push({ denom, amount });
  }
  return out;
}

export function addDec(a: DecCoins, b: DecCoins): DecCoins {
  if (b.length === 0) return a;
  return a.length === 0 ? b : combine(a, b, (x, y) => x.add(y));
}

/** a - b; undefined where that is negative in any denom. */
export function trySubDec(a: DecCoins, b: DecCoins): DecCoins | undefined {
  const out = combine(a, b, (x, y) => x.sub(y));
  return out.some(({ amount }) => amount.isNegative) ? undefined : out;
}

/** a - b, which is never negative where our books are right. */
export function subDec(a: DecCoins, b: DecCoins): DecCoins {
  const out = trySubDec(a, b);
  assert(out !== undefined, `${decCoinsText(a)} is less than ${decCoinsText(b)}`);
  return out;
}

/** The lesser amount of each denom that both have. */
export const intersectDec = (a: DecCoins, b: DecCoins): DecCoins => combine(a, b, (x, y) => Dec.min(x, y));

function each(coins: DecCoins, change: (amount: Dec) => Dec): DecCoins {
  const out: DecMoney[] = [];
  for (const { denom, amount } of coins) {
    const after = change(amount);
    if (!after.isZero) out.push({ denom, amount: after });
  }
  return out;
}

export const mulDec = (coins: DecCoins, factor: Dec): DecCoins => each(coins, (amount) => amount.mul(factor));
export const mulDecTruncate = (coins: DecCoins, factor: Dec): DecCoins => each(coins, (amount) => amount.mulTruncate(factor));
export const quoDecTruncate = (coins: DecCoins, divisor: Dec): DecCoins => each(coins, (amount) => amount.quoTruncate(divisor));

/** The whole coins in it, and what is left over. */
export function truncateDec(coins: DecCoins): { readonly whole: readonly Money[]; readonly rest: DecCoins } {
  const whole = coins.map(({ denom, amount }) => ({ denom, amount: amount.truncateInt() })).filter(({ amount }) => amount > 0n);
  return { whole, rest: each(coins, (amount) => amount.sub(amount.truncate())) };
}

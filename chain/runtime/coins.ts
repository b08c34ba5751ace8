/** Coins: amounts by denom, in the Cosmos SDK's canonical form (sorted by denom, positive, no repeats) and arithmetic on them. */
import { MathError, parseInt256 } from "../math/int.ts";
import { assert } from "./errors.ts";

/** An amount of one denom; a whole number of its smallest unit. */
export interface Money {
  readonly denom: string;
  readonly amount: bigint;
}

/** A coin as the wire has it. */
export interface WireCoin {
  denom: string;
  amount: string;
}

const denomPattern = /^[a-zA-Z][a-zA-Z0-9/:._-]{2,127}$/;

/** 3 to 128 characters: a letter, then letters, digits and `/ : . _ -`. */
export function isDenom(text: string): boolean {
  return denomPattern.test(text);
}

/** `1000stake,5token`: the text of coins in events and errors; coins of the wire are shown as they came. */
export function coinsText(coins: readonly { readonly denom: string; readonly amount: bigint | string }[]): string {
  if (coins.length === 1) return `${coins[0]!.amount}${coins[0]!.denom}`;
  return coins.map((coin) => `${coin.amount}${coin.denom}`).join(",");
}

/** The canonical coins that the wire carries; a sentence that says what is wrong where they are not canonical. */
export function readCoins(wire: readonly WireCoin[]): Money[] | string {
  const out: Money[] = [];
  let last = "";
  for (const { denom, amount: text } of wire) {
    if (!isDenom(denom)) return `invalid denom: ${denom.slice(0, 160)}`;
    if (denom < last) return `denomination ${denom} is not sorted`;
    if (denom === last) return `duplicate denomination ${denom}`;
    const amount = readAmount(text);
    if (amount === undefined || amount <= 0n) return `coin ${text.slice(0, 80)}${denom} amount is not positive`;
    out.push({ denom, amount });
    last = denom;
  }
  return out;
}

/** A canonical integer of at most 256 bits, or nothing. */
export function readAmount(text: string): bigint | undefined {
  try {
    return parseInt256(text);
  } catch (error) {
    if (error instanceof MathError) return undefined;
    throw error;
  }
}

/** Coins of our own state, which are canonical. */
export function fromWire(wire: readonly WireCoin[]): Money[] {
  return wire.map(({ denom, amount }) => ({ denom, amount: BigInt(amount) }));
}

export function toWire(coins: readonly Money[]): WireCoin[] {
  return coins.map(({ denom, amount }) => ({ denom, amount: amount.toString() }));
}

export function amountOf(coins: readonly Money[], denom: string): bigint {
  for (const coin of coins) if (coin.denom === denom) return coin.amount;
  return 0n;
}

/** a + b x sign, without zeros; amounts may come out negative. */
function combine(a: readonly Money[], b: readonly Money[], sign: 1n | -1n): Money[] {
  const out: Money[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const x = a[i];
    const y = b[j];
    if (y === undefined || (x !== undefined && x.denom < y.denom)) {
      out.push(x!);
      i++;
    } else if (x === undefined || y.denom < x.denom) {
      out.push({ denom: y.denom, amount: sign * y.amount });
      j++;
    } else {
      const amount = x.amount + sign * y.amount;
      if (amount !== 0n) out.push({ denom: x.denom, amount });
      i++;
      j++;
    }
  }
  return out;
}

export function addCoins(a: readonly Money[], b: readonly Money[]): Money[] {
  return combine(a, b, 1n);
}

/** a - b; undefined where that is negative in any denom. */
export function subCoins(a: readonly Money[], b: readonly Money[]): Money[] | undefined {
  const out = combine(a, b, -1n);
  return out.some((coin) => coin.amount < 0n) ? undefined : out;
}

/** The lesser amount of each denom that both have. */
export function minCoins(a: readonly Money[], b: readonly Money[]): Money[] {
  const out: Money[] = [];
  for (const { denom, amount } of a) {
    const other = amountOf(b, denom);
    const least = other < amount ? other : amount;
    if (least !== 0n) out.push({ denom, amount: least });
  }
  return out;
}

/** True where b has at least as much of every denom of a. */
export function allWithin(a: readonly Money[], b: readonly Money[]): boolean {
  return a.every((coin) => coin.amount <= amountOf(b, coin.denom));
}

export function sameCoins(a: readonly Money[], b: readonly Money[]): boolean {
  return a.length === b.length && a.every((coin, i) => coin.denom === b[i]!.denom && coin.amount === b[i]!.amount);
}

/** For coins that our own code made: sorted, positive, without repeats. */
export function assertCanonical(coins: readonly Money[]): void {
  let last = "";
  for (const { denom, amount } of coins) {
    assert(amount > 0n && denom > last, `coins are not canonical: ${coinsText(coins)}`);
    last = denom;
  }
}

/** Random books for the properties of clearing: each number is one book, always the same. They are small, so that 10^5 of them are a matter of seconds. */
import { clear, type AskOrder, type Batch, type BidOrder, type Guard, type Limits } from "./matching.ts";

/** Asks as each profile sees them; all of them under 0. Orders stand in any order. */
export interface RandomBook {
  readonly supply: readonly (readonly AskOrder[])[];
  readonly bids: readonly BidOrder[];
  readonly membershipsOf: (owner: string) => readonly string[];
}

/** No limit of work is ever met. */
export const boundless: Limits = { maxFills: 100_000, skipsPerUnit: 1_000, maxSkips: 100_000, maxWhole: 100_000 };

const none: readonly string[] = [];

export const ask = (id: bigint, base: bigint, units: number, more: Partial<AskOrder> = {}): AskOrder => {
  const premium = more.premium ?? 0n;
  return { id, owner: `p${id}`, organization: "", height: id, base, premium, rank: base + premium, attributes: 0, units, colocated: 1, until: 100n, notice: 0n, acceptance: 0n, levels: -1, preemptible: false, bond: 0n, free: 1n << 60n, memberships: none, kind: "", ...more };
};
export const bid = (id: bigint, limit: bigint, tasks: number, more: Partial<BidOrder> = {}): BidOrder => ({
  id, owner: `c${id}`, organization: "", height: id, limit, tasks, profile: 0, whole: (more.colocated ?? 1) > 1, colocated: 1, end: 0n, notice: 0n, acceptance: 0n, level: 0, preemptible: false, replicas: 1, stake: 0n, excluded: none, guard: undefined, ...more,
});

const less = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);
/** As the chain's index has them, but for the id: orders of one place may come in any order. */
export const askPlace = (a: AskOrder, b: AskOrder): number => less(a.rank, b.rank) || a.attributes - b.attributes || less(a.height, b.height);
export const bidPlace = (a: BidOrder, b: BidOrder): number => less(b.limit, a.limit) || less(a.height, b.height);
export const byAsk = (a: AskOrder, b: AskOrder): number => askPlace(a, b) || less(a.id, b.id);
export const byBid = (a: BidOrder, b: BidOrder): number => bidPlace(a, b) || less(a.id, b.id);

export function clearBook({ supply, bids, membershipsOf }: RandomBook, seed: Uint8Array, limits: Partial<Limits> = {}): Batch {
  return clear({ profiles: supply.map((_, i) => i), asks: (profile) => [...(supply[profile] ?? [])].sort(byAsk), bids: [...bids].sort(byBid), membershipsOf }, seed, { ...boundless, ...limits });
}

/** Draws that follow from a number alone. */
export class Dice {
  #state: number;

  constructor(number: number) {
    this.#state = Math.imul(number + 1, 0x9e3779b1) >>> 0;
  }

  /** From 0 to `sides` - 1. */
  below(sides: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % sides;
  }

  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  big(least: number, most: number): bigint {
    return BigInt(this.between(least, most));
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  shuffled<T>(list: readonly T[]): T[] {
    const out = [...list];
    for (let i = out.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [out[i], out[j]] = [out[j]!, out[i]!];
    }
    return out;
  }
}

/** Organizations' policies: those that refuse one provider, two, three. */
const guards: readonly Guard[] = [["u1"], ["u2", "u3"], ["u1", "u2", "u4"], ["u3", "u4", "u5"]].map((refused) => ({ admits: ({ owner }) => !refused.includes(owner) }));

/** Who is a member of what: affiliates are among providers, among consumers, and across. */
const houses: Readonly<Record<string, readonly string[]>> = { u1: ["h1"], u2: ["h2"], u6: ["h1"], u7: ["h1", "h2"] };
const membershipsOf = (owner: string): readonly string[] => houses[owner] ?? none;

/** What bids of profile 2 pay at most for the attribute "b", which they merely like; those of profile 1 require "a". */
const worth = 2n;

/**
 * A book with every condition there is: profiles that require and like, premiums, windows, notices, acceptance, preemption, co-location, fill-or-kill, replicas, exclusions,
 * organizations' policies, accounts and affiliates on both sides, scarce bond. Some books have few prices and heights, so that most orders are tied; some have few conditions, so that most trade.
 */
export function randomBook(number: number): RandomBook {
  const dice = new Dice(number);
  const prices = dice.pick([2, 4, 8]);
  const heights = dice.pick([1, 2, 4]);
  const rate = dice.pick([5, 30, 60, 100]);
  const maybe = <T>(some: () => T, otherwise: T): T => (dice.chance(rate) ? some() : otherwise);
  const free = Array.from({ length: 10 }, () => maybe(() => dice.big(0, 20), 1n << 60n));
  const organizations = Array.from({ length: 10 }, () => maybe(() => dice.pick(["", "o1", "o2"]), ""));
  const premium = (): bigint | undefined => (dice.chance(50) ? dice.big(0, 4) : undefined);
  const offers = Array.from({ length: dice.between(0, 9) }, (_, i) => {
    const [owner, a, b] = [dice.between(1, 5), premium(), premium()];
    const conditions = {
      colocated: maybe(() => dice.between(1, 3), 3), until: maybe(() => dice.big(3, 6), 9n), notice: maybe(() => dice.big(0, 3), 9n), acceptance: maybe(() => dice.big(0, 2), 9n), levels: maybe(() => dice.between(1, 7), -1), preemptible: maybe(() => dice.chance(50), false),
    };
    const order = ask(BigInt(i + 1), dice.big(1, prices), dice.between(1, 5), {
      height: dice.big(1, heights), owner: `u${owner}`, organization: organizations[owner]!, attributes: Number(a !== undefined) + Number(b !== undefined), bond: 1n, free: free[owner]!, memberships: membershipsOf(`u${owner}`), ...conditions,
      kind: `${a ?? ""} ${b ?? ""} ${conditions.colocated} ${conditions.until} ${conditions.notice} ${conditions.acceptance} ${conditions.levels} ${conditions.preemptible}`,
    });
    return { a, b, order };
  });
  const bids = Array.from({ length: dice.between(0, 9) }, (_, i) => {
    const owner = maybe(() => dice.between(1, 9), 8);
    const shape = maybe(() => dice.pick(["plain", "whole", "replicated", "colocated"]), "plain");
    const colocated = shape === "colocated" ? dice.between(2, 3) : 1;
    return bid(BigInt(i + 1), dice.big(1, prices + 2), dice.between(1, 3) * colocated, {
      height: dice.big(1, heights), owner: `u${owner}`, organization: owner === 9 ? "o1" : "", profile: maybe(() => dice.below(3), 0), whole: shape === "whole" || shape === "colocated", colocated, replicas: shape === "replicated" ? dice.between(2, 3) : 1,
      end: maybe(() => dice.big(0, 5), 0n), notice: maybe(() => dice.big(0, 3), 0n), acceptance: maybe(() => dice.big(0, 2), 0n), level: maybe(() => 1 << dice.between(0, 2), 0), preemptible: dice.chance(50), stake: maybe(() => dice.big(0, 4), 0n),
      excluded: maybe(() => dice.pick([none, ["u1"], ["u1", "u2"]]), none), guard: maybe(() => dice.pick([undefined, ...guards]), undefined),
    });
  });
  return {
    supply: [
      offers.map(({ order }) => order),
      offers.filter(({ a }) => a !== undefined).map(({ a, order }) => ({ ...order, premium: a!, rank: order.base + a! })),
      offers.map(({ b, order }) => (b === undefined || b > worth ? { ...order } : { ...order, premium: b, rank: order.base + b - worth })),
    ],
    bids, membershipsOf,
  };
}

/** A book in which nothing tells equals apart: bids in parts, asks without conditions, nobody on both sides. */
export function plainBook(number: number): RandomBook {
  const dice = new Dice(number);
  const [prices, heights] = [dice.pick([1, 3, 8]), dice.pick([1, 2, 4])];
  return bookOf(
    Array.from({ length: dice.between(1, 9) }, (_, i) => ask(BigInt(i + 1), dice.big(1, prices), dice.between(1, 5), { height: dice.big(1, heights) })),
    Array.from({ length: dice.between(1, 9) }, (_, i) => bid(BigInt(i + 1), dice.big(1, prices + 1), dice.between(1, 5), { height: dice.big(1, heights) })),
  );
}

/** One with profile 0 alone. */
export function bookOf(asks: readonly AskOrder[], bids: readonly BidOrder[]): RandomBook {
  return { supply: [asks], bids, membershipsOf: () => none };
}

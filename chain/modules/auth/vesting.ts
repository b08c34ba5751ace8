/** The arithmetic of vesting: what is still locked at a time, and how delegations count. Pure; the Cosmos SDK's rules to the last unit. */
import { Dec } from "../../math/dec.ts";
import { addCoins, allWithin, amountOf, coinsText, minCoins, sameCoins, subCoins, type Money } from "../../runtime/coins.ts";
import { assert } from "../../runtime/errors.ts";

/** Coins that become free `length` seconds after the period before. */
export interface Period {
  readonly length: bigint;
  readonly amount: readonly Money[];
}

export interface Vesting {
  readonly kind: "continuous" | "delayed" | "periodic" | "permanent";
  readonly originalVesting: readonly Money[];
  /** Delegated coins that were free, and delegated coins that were locked, when they were delegated. */
  readonly delegatedFree: readonly Money[];
  readonly delegatedVesting: readonly Money[];
  /** Unix seconds; 0 for permanent. */
  readonly endTime: bigint;
  /** Unix seconds; 0 where the kind has none. */
  readonly startTime: bigint;
  readonly periods: readonly Period[];
}

/** What has become free by `time` (Unix seconds). */
export function vested(v: Vesting, time: bigint): readonly Money[] {
  switch (v.kind) {
    case "permanent":
      return [];
    case "delayed":
      return time >= v.endTime ? v.originalVesting : [];
    case "continuous":
      return continuous(v, time);
    case "periodic":
      return periodic(v, time);
  }
}

function continuous(v: Vesting, time: bigint): readonly Money[] {
  if (time <= v.startTime) return [];
  if (time >= v.endTime) return v.originalVesting;
  const share = Dec.fromInt(time - v.startTime).quo(Dec.fromInt(v.endTime - v.startTime));
  return v.originalVesting.map(({ denom, amount }) => ({ denom, amount: Dec.fromInt(amount).mul(share).roundInt() })).filter((coin) => coin.amount > 0n);
}

function periodic(v: Vesting, time: bigint): readonly Money[] {
  if (time <= v.startTime) return [];
  if (time >= v.endTime) return v.originalVesting;
  let begin = v.startTime;
  let out: readonly Money[] = [];
  for (const period of v.periods) {
    if (time - begin < period.length) break;
    out = addCoins(out, period.amount);
    begin += period.length;
  }
  return out;
}

/** What is not free yet at `time`. */
export function vesting(v: Vesting, time: bigint): readonly Money[] {
  const rest = subCoins(v.originalVesting, vested(v, time));
  assert(rest !== undefined, "more has vested than was there");
  return rest;
}

/** What may not be spent at `time`: the vesting coins that are not delegated. */
export function locked(v: Vesting, time: bigint): readonly Money[] {
  const still = vesting(v, time);
  return subCoins(still, minCoins(still, v.delegatedVesting))!;
}

/** After a delegation: locked coins are delegated first. `balance` is what the account held before it. */
export function afterDelegation(v: Vesting, time: bigint, balance: readonly Money[], coins: readonly Money[]): Vesting {
  const still = vesting(v, time);
  let { delegatedFree, delegatedVesting } = v;
  for (const { denom, amount } of coins) {
    assert(amount > 0n && amountOf(balance, denom) >= amount, "delegation of zero coins or of more than the balance");
    const room = amountOf(still, denom) - amountOf(delegatedVesting, denom);
    const fromVesting = room <= 0n ? 0n : room < amount ? room : amount;
    delegatedVesting = plus(delegatedVesting, denom, fromVesting);
    delegatedFree = plus(delegatedFree, denom, amount - fromVesting);
  }
  return { ...v, delegatedFree, delegatedVesting };
}

/** After an undelegation: free coins come back first. More may come back than went (share prices round up): the rest is ignored. */
export function afterUndelegation(v: Vesting, coins: readonly Money[]): Vesting {
  let { delegatedFree, delegatedVesting } = v;
  for (const { denom, amount } of coins) {
    assert(amount > 0n, "undelegation of zero coins");
    const free = amountOf(delegatedFree, denom);
    const x = free < amount ? free : amount;
    const bound = amountOf(delegatedVesting, denom);
    const y = bound < amount - x ? bound : amount - x;
    delegatedFree = plus(delegatedFree, denom, -x);
    delegatedVesting = plus(delegatedVesting, denom, -y);
  }
  return { ...v, delegatedFree, delegatedVesting };
}

function plus(coins: readonly Money[], denom: string, amount: bigint): readonly Money[] {
  return amount === 0n ? coins : addCoins(coins, [{ denom, amount }]);
}

/** The sentence that says how a schedule contradicts itself, in the SDK's words. `originalVesting` is canonical already. */
export function vestingFault(v: Vesting): string | undefined {
  if (v.kind === "permanent" && v.endTime > 0n) return "permanently vested accounts cannot have an end-time";
  if ((v.kind === "continuous" || v.kind === "periodic") && v.startTime >= v.endTime) return "vesting start-time cannot be before end-time";
  if (v.kind === "periodic") {
    let end = v.startTime;
    let sum: readonly Money[] = [];
    for (const [i, period] of v.periods.entries()) {
      if (period.length < 0n) return `period #${i} has a negative length: ${period.length}`;
      if (period.amount.length === 0) return `period #${i} has invalid coins: `;
      end += period.length;
      sum = addCoins(sum, period.amount);
    }
    if (end !== v.endTime) return "vesting end time does not match length of all vesting periods";
    if (!sameCoins(sum, v.originalVesting)) {
      return `original vesting coins (${coinsText(v.originalVesting)}) does not match the sum of all coins in vesting periods (${coinsText(sum)})`;
    }
  }
  if (v.endTime < 0n) return "end time cannot be negative";
  if (v.originalVesting.length === 0) return "invalid coins: ";
  if (!allWithin(v.delegatedVesting, v.originalVesting)) return "delegated vesting amount cannot be greater than original vesting amount";
  return undefined;
}

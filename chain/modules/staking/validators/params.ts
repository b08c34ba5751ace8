/** Parameters of `cosmos.staking.v1beta1`. */
import { MathError } from "../../../math/int.ts";
import { Dec } from "../../../math/dec.ts";
import { isDenom } from "../../../runtime/coins.ts";
import type { Params } from "../../../codec/gen/cosmos/staking/v1beta1/staking.ts";

/** Tokens of one unit of voting power. */
export const powerReduction = 1_000_000n;

export function defaultParams(): Params {
  return { unbondingTime: { seconds: 1_814_400n, nanos: 0 }, maxValidators: 100, maxEntries: 7, historicalEntries: 10_000, bondDenom: "udcm", minCommissionRate: "0" };
}

export function paramsFault(p: Params): string | undefined {
  if (p.unbondingTime === undefined || p.unbondingTime.seconds < 0n || (p.unbondingTime.seconds === 0n && p.unbondingTime.nanos <= 0)) return "unbonding time must be positive";
  if (p.maxValidators === 0) return `max validators must be positive: ${p.maxValidators}`;
  if (p.maxEntries === 0) return `max entries must be positive: ${p.maxEntries}`;
  if (!isDenom(p.bondDenom)) return `invalid denom: ${p.bondDenom}`;
  const rate = readDec(p.minCommissionRate === "" ? "0" : p.minCommissionRate);
  if (rate === undefined || rate.isNegative || rate.gt(Dec.one)) return `minimum commission rate is not between 0 and 1: ${p.minCommissionRate}`;
  return undefined;
}

/** A decimal of the wire (its 10^-18 units as text), or nothing. */
export function readDec(text: string): Dec | undefined {
  try {
    return Dec.fromProto(text);
  } catch (error) {
    if (error instanceof MathError) return undefined;
    throw error;
  }
}

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

const shortestUnbonding = 1_000_000_000n;

/** The SDK keeps durations in 63 bits of nanoseconds: 292 years. */
const longestUnbonding = (1n << 63n) - 1n;

/** Above any set that CometBFT can work with; bounds what one block looks at. */
const mostValidators = 10_000;

/** Bounds the size of one delegator's records. */
const mostEntries = 1_000;

export function paramsFault(p: Params): string | undefined {
  if (p.unbondingTime === undefined || unbondingNanos(p) <= 0n) return "unbonding time must be positive";
  if (unbondingNanos(p) < shortestUnbonding) return `unbonding time is at least one second, so that stake answers for what it signed: ${unbondingNanos(p)}ns`;
  if (unbondingNanos(p) > longestUnbonding) return `unbonding time is beyond 292 years: ${p.unbondingTime.seconds}s`;
  if (p.maxValidators > mostValidators) return `max validators is at most ${mostValidators}: ${p.maxValidators}`;
  if (p.maxEntries > mostEntries) return `max entries is at most ${mostEntries}: ${p.maxEntries}`;
  if (p.maxValidators === 0) return `max validators must be positive: ${p.maxValidators}`;
  if (p.maxEntries === 0) return `max entries must be positive: ${p.maxEntries}`;
  if (!isDenom(p.bondDenom)) return `invalid denom: ${p.bondDenom}`;
  const rate = readDec(p.minCommissionRate === "" ? "0" : p.minCommissionRate);
  if (rate === undefined || rate.isNegative || rate.gt(Dec.one)) return `minimum commission rate is not between 0 and 1: ${p.minCommissionRate}`;
  return undefined;
}

const longestByVote = 365n * 86_400n;
/** Headers and changed validators of so many blocks are kept in the state. */
const mostHistory = 1_000_000;

/** The sentence that says why parameters that hold together would lock stake away or fill every disk: governance is refused those. */
export function brickFault(p: Params): string | undefined {
  if (p.unbondingTime!.seconds > longestByVote) return `unbonding time is at most 365 days: ${p.unbondingTime!.seconds}s`;
  return p.historicalEntries > mostHistory ? `historical entries is at most ${mostHistory}: ${p.historicalEntries}` : undefined;
}

export const unbondingNanos = ({ unbondingTime }: Params): bigint => unbondingTime!.seconds * 1_000_000_000n + BigInt(unbondingTime!.nanos);

export { timestampOf } from "../../../runtime/time-text.ts";

/** The least rate of commission that a validator may ask. */
export function minCommission(p: Params): Dec {
  return Dec.fromProto(p.minCommissionRate === "" ? "0" : p.minCommissionRate);
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

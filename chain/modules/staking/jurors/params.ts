import type { Params } from "../../../codec/gen/dcm/juror/v1/types.ts";
import { isDenom, readAmount } from "../../../runtime/coins.ts";

const [second, day] = [1_000n, 86_400_000n];
/** Bounds that governance cannot leave; both ends are allowed. */
export const bounds = { minBond: [1n, 10n ** 30n], unbondingTimeMs: [second, 365n * day], maxUnbondingEntries: [1, 100] } as const;

export function defaultParams(): Params {
  return { bondDenom: "udcm", minBond: "10000000", unbondingTimeMs: 21n * day, maxUnbondingEntries: 7 };
}

/** The sentence that says which parameter is wrong, or undefined. */
export function paramsFault(params: Params | undefined): string | undefined {
  if (params === undefined) return "params is missing";
  if (!isDenom(params.bondDenom)) return `bond_denom is not a denom: ${params.bondDenom.slice(0, 128)}`;
  const values: readonly (readonly [string, bigint | number | undefined, readonly [bigint | number, bigint | number]])[] = [
    ["min_bond", readAmount(params.minBond), bounds.minBond],
    ["unbonding_time_ms", params.unbondingTimeMs, bounds.unbondingTimeMs],
    ["max_unbonding_entries", params.maxUnbondingEntries, bounds.maxUnbondingEntries],
  ];
  for (const [name, value, [least, most]] of values) {
    if (value === undefined) return `${name} is not a whole number`;
    if (value < least || value > most) return `${name} is ${least} to ${most}, got ${value}`;
  }
  return undefined;
}

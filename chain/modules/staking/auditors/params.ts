import type { Params } from "../../../codec/gen/dcm/auditor/v1/types.ts";
import { isDenom, readAmount } from "../../../runtime/coins.ts";

const [second, day] = [1_000n, 86_400_000n];
/** Bounds that governance cannot leave; both ends are allowed. */
export const bounds = {
  minBond: [1n, 10n ** 30n], unbondingTimeMs: [second, 365n * day], maxUnbondingEntries: [1, 100], maxAttestationMs: [second, 1_095n * day],
  maxAccreditationMs: [second, 3_650n * day], maxAttestationsPerKey: [1, 16], depositPerByte: [0n, 1_000_000_000n],
} as const;
/** Most accreditations at a time: all are walked over where a parameter changes what every auditor's word is worth. */
export const maxAccreditations = 500;

export function defaultParams(): Params {
  return {
    bondDenom: "udcm", minBond: "10000000", unbondingTimeMs: 21n * day, maxUnbondingEntries: 7, maxAttestationMs: 365n * day, maxAccreditationMs: 730n * day,
    maxAttestationsPerKey: 8, depositPerByte: 1n,
  };
}

/** The sentence that says which parameter is wrong, or undefined. */
export function paramsFault(params: Params | undefined): string | undefined {
  if (params === undefined) return "params is missing";
  if (!isDenom(params.bondDenom)) return `bond_denom is not a denom: ${params.bondDenom.slice(0, 128)}`;
  const values: readonly (readonly [string, bigint | number | undefined, readonly [bigint | number, bigint | number]])[] = [
    ["min_bond", readAmount(params.minBond), bounds.minBond],
    ["unbonding_time_ms", params.unbondingTimeMs, bounds.unbondingTimeMs],
    ["max_unbonding_entries", params.maxUnbondingEntries, bounds.maxUnbondingEntries],
    ["max_attestation_ms", params.maxAttestationMs, bounds.maxAttestationMs],
    ["max_accreditation_ms", params.maxAccreditationMs, bounds.maxAccreditationMs],
    ["max_attestations_per_key", params.maxAttestationsPerKey, bounds.maxAttestationsPerKey],
    ["deposit_per_byte", params.depositPerByte, bounds.depositPerByte],
  ];
  for (const [name, value, [least, most]] of values) {
    if (value === undefined) return `${name} is not a whole number`;
    if (value < least || value > most) return `${name} is ${least} to ${most}, got ${value}`;
  }
  return undefined;
}

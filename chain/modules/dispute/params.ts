/** Parameters: defaults and hard bounds. A case keeps those that it was opened under. */
import { Params } from "../../codec/gen/dcm/dispute/v1/types.ts";
import { readAmount } from "../../runtime/coins.ts";

const second = 1_000n;
const [hour, day] = [3_600n * second, 86_400n * second];

type Spec = { readonly [K in Exclude<keyof Params, "jurorFee" | "jurorStake">]: readonly [initial: Params[K], low: Params[K], high: Params[K]] };

/** Each parameter: default, least, greatest. Durations are milliseconds of tau. */
export const paramBounds: Spec = {
  jurySize: [3, 1, 15],
  maxAppeals: [2, 0, 3],
  incoherentBps: [1_000, 0, 5_000],
  absentBps: [300, 0, 5_000],
  supermajorityBps: [6_666, 5_001, 10_000],
  quorumBps: [5_000, 1, 10_000],
  evidenceDue: [day, second, 7n * day],
  commitDue: [day, second, 7n * day],
  revealDue: [day, second, 7n * day],
  appealDue: [day, second, 7n * day],
  drawDue: [hour, second, day],
  voteDue: [28n * day, 0n, 90n * day],
  drawDelayBlocks: [2, 2, 100],
  maxEvidence: [16, 1, 64],
  recordLifetime: [7n * day, second, 365n * day],
  depositPerByte: [1n, 0n, 1_000_000_000n],
  maxSweep: [500, 10, 500],
};
const names = Object.keys(paramBounds) as (keyof Spec)[];
const amounts = { jurorFee: ["100000", 0n], jurorStake: ["2000000", 1n] } as const;
const mostAmount = 10n ** 30n;

export function defaultParams(): Params {
  return Params.fromPartial({ ...Object.fromEntries(names.map((name) => [name, paramBounds[name][0]])), jurorFee: amounts.jurorFee[0], jurorStake: amounts.jurorStake[0] });
}

/** The deadlines of a localnet: seconds, so that a case is seen through in a test. */
export function localnetParams(): Params {
  return { ...defaultParams(), evidenceDue: 3n * second, commitDue: 10n * second, revealDue: 10n * second, appealDue: 3n * second, drawDue: 20n * second, voteDue: 60n * second };
}

/** The sentence that says which parameter is wrong, or undefined. */
export function paramsFault(params: Params | undefined): string | undefined {
  if (params === undefined) return "params is missing";
  for (const name of names) {
    const [, low, high] = paramBounds[name];
    const value = params[name];
    if (value < low || value > high) return `${wireName(name)} is ${low} to ${high}, got ${value}`;
  }
  for (const name of ["jurorFee", "jurorStake"] as const) {
    const value = readAmount(params[name]);
    if (value === undefined || value < amounts[name][1] || value > mostAmount) return `${wireName(name)} is a whole number from ${amounts[name][1]} to ${mostAmount}, got ${params[name].slice(0, 80)}`;
  }
  return params.jurySize % 2 === 1 ? undefined : `jury_size is odd, got ${params.jurySize}`;
}

const wireName = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

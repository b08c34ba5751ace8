/** Parameters: defaults and hard bounds. A dispute keeps the clocks that it was opened under. */
import { Params } from "../../codec/gen/dcm/referee/v1/types.ts";
import { readAmount } from "../../runtime/coins.ts";

const second = 1_000n;
const [minute, day] = [60n * second, 86_400n * second];

type Spec = { readonly [K in Exclude<keyof Params, "minBond">]: readonly [initial: Params[K], low: Params[K], high: Params[K]] };

/** Each parameter: default, least, greatest. Durations are milliseconds of tau. */
export const paramBounds: Spec = {
  maxOpen: [8, 1, 64],
  maxQueued: [64, 0, 256],
  // An answer hashes RAM up to 128 times, 95 s in all, for each dispute of a task that is open.
  firstMove: [15n * minute, second, day],
  laterMove: [15n * minute, second, day],
  sideTotal: [60n * minute, second, 7n * day],
  proofGasPerBlock: [100_000_000n, 1_000_000n, 1_000_000_000n],
  maxProofs: [256, 1, 4_096],
  maxProofBytes: [16 << 20, 1 << 20, 256 << 20],
  recordLifetime: [7n * day, second, 365n * day],
  maxSweep: [500, 10, 500],
};
const names = Object.keys(paramBounds) as (keyof Spec)[];
const mostAmount = 10n ** 30n;

export function defaultParams(): Params {
  return Params.fromPartial({ ...Object.fromEntries(names.map((name) => [name, paramBounds[name][0]])), minBond: "1000000" });
}

/** The clocks of a localnet: seconds, so that a dispute is seen through in a test. */
export function localnetParams(): Params {
  return { ...defaultParams(), firstMove: 10n * second, laterMove: 5n * second, sideTotal: 60n * second };
}

/** The sentence that says which parameter is wrong, or undefined. */
export function paramsFault(params: Params | undefined): string | undefined {
  if (params === undefined) return "params is missing";
  for (const name of names) {
    const [, low, high] = paramBounds[name];
    const value = params[name];
    if (value < low || value > high) return `${wireName(name)} is ${low} to ${high}, got ${value}`;
  }
  const bond = readAmount(params.minBond);
  return bond === undefined || bond < 1n || bond > mostAmount ? `min_bond is a whole number from 1 to ${mostAmount}, got ${params.minBond.slice(0, 80)}` : undefined;
}

const wireName = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Parameters: defaults and hard bounds. Orders and positions keep what they were made under. */
import { Params } from "../../codec/gen/dcm/forward/v1/types.ts";
import { errorOf, type TxError } from "../../runtime/errors.ts";
import { errors } from "./errors.ts";

const second = 1_000n;
const hour = 3_600n * second;

type Spec = { readonly [K in keyof Params]: readonly [initial: Params[K], low: Params[K], high: Params[K]] };

/** Each parameter: default, least, greatest. Durations are milliseconds of tau. */
export const paramBounds: Spec = {
  slotLength: [hour, second, 24n * hour],
  maxSlotsAhead: [168, 1, 10_000],
  maxRange: [24, 1, 168],
  marginBps: [2_000, 1, 10_000],
  depositPerByte: [1n, 0n, 1_000_000_000n],
  maxFills: [1_000, 1, 50_000],
  maxSweep: [500, 10, 10_000],
  acceptanceWindow: [24n * hour, 0n, 30n * 24n * hour],
};

const names = Object.keys(paramBounds) as (keyof Params)[];

export function defaultParams(): Params {
  return Params.fromPartial(Object.fromEntries(names.map((name) => [name, paramBounds[name][0]])));
}

/** A localnet's: a slot takes seconds, so that its delivery is seen in a test. */
export function localnetParams(): Params {
  return { ...defaultParams(), slotLength: 30n * second, acceptanceWindow: 60n * second };
}

/** The first parameter that is out of its bounds, as an error. */
export function paramsFault(params: Params): TxError | undefined {
  for (const name of names) {
    const [, low, high] = paramBounds[name];
    const value = params[name];
    if (value < low || value > high) return errorOf(errors.invalidParams, { field: `params.${snake(name)}`, value: String(value), low: String(low), high: String(high) });
  }
  return undefined;
}

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

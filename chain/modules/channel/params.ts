/** Parameters: defaults and hard bounds. What governance changes acts on channels opened from then on. */
import { Params } from "../../codec/gen/dcm/channel/v1/types.ts";
import { errorOf, type TxError } from "../../runtime/errors.ts";
import { errors } from "./errors.ts";

const second = 1_000n;
const hour = 3_600n * second;
const day = 24n * hour;

type Spec = { readonly [K in keyof Params]: readonly [initial: Params[K], low: Params[K], high: Params[K]] };

/** Each parameter: default, least, greatest. Durations are milliseconds of tau. */
export const paramBounds: Spec = {
  closingPeriod: [day, second, 365n * day],
  minClosingPeriod: [hour, second, 365n * day],
  maxClosingPeriod: [30n * day, second, 365n * day],
  feeBps: [0, 0, 1_000],
  depositPerByte: [1n, 0n, 1_000_000_000n],
  maxSweep: [500, 10, 10_000],
};

const names = Object.keys(paramBounds) as (keyof Params)[];

export function defaultParams(): Params {
  return Params.fromPartial(Object.fromEntries(names.map((name) => [name, paramBounds[name][0]])));
}

/** A localnet's: a closing takes seconds, so that it is seen in a test. */
export function localnetParams(): Params {
  return { ...defaultParams(), closingPeriod: 20n * second, minClosingPeriod: second };
}

/** The first parameter that is out of its bounds, as an error. */
export function paramsFault(params: Params): TxError | undefined {
  for (const name of names) {
    const [, low, high] = paramBounds[name];
    const value = params[name];
    if (value < low || value > high) return errorOf(errors.invalidParams, { field: `params.${snake(name)}`, value: String(value), low: String(low), high: String(high) });
  }
  const { closingPeriod, minClosingPeriod, maxClosingPeriod } = params;
  if (closingPeriod < minClosingPeriod || closingPeriod > maxClosingPeriod) {
    return errorOf(errors.invalidParams, { field: "params.closing_period", value: String(closingPeriod), low: `params.min_closing_period ${minClosingPeriod}`, high: `params.max_closing_period ${maxClosingPeriod}` });
  }
  return undefined;
}

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

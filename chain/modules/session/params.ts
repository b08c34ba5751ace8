/** Parameters: defaults and hard bounds. */
import { Params } from "../../codec/gen/dcm/session/v1/types.ts";
import { errorOf, type TxError } from "../../runtime/errors.ts";
import { errors } from "./errors.ts";

const second = 1_000n;
const day = 86_400n * second;

type Spec = { readonly [K in keyof Params]: readonly [initial: Params[K], low: Params[K], high: Params[K]] };

/** Each parameter: default, least, greatest. Durations are milliseconds of tau. */
export const paramBounds: Spec = {
  maxSessions: [32, 1, 256],
  maxLifetime: [90n * day, second, 730n * day],
  maxMessages: [32, 1, 256],
  maxSweep: [500, 10, 10_000],
};

/** What a grant is bounded by beside the parameters: entries of its lists. */
export const maxTypes = 64;
export const maxDenoms = 8;

const names = Object.keys(paramBounds) as (keyof Params)[];

export function defaultParams(): Params {
  return Params.fromPartial(Object.fromEntries(names.map((name) => [name, paramBounds[name][0]])));
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

/** Parameters: defaults and hard bounds. */
import type { Params } from "../../codec/gen/dcm/organization/v1/types.ts";
import { isDenom, readAmount } from "../../runtime/coins.ts";
import { errorOf, type TxError } from "../../runtime/errors.ts";
import { errors } from "./errors.ts";

const maxFee = 10n ** 18n;
/** Least and greatest. */
const bounds = { maxMembers: [1, 1_024], maxBudgets: [1, 1_024], maxMemberships: [1, 64] } as const;

export function defaultParams(): Params {
  return { creationFee: { denom: "udcm", amount: "10000000" }, maxMembers: 256, maxBudgets: 256, maxMemberships: 16 };
}

/** The first parameter that is out of its bounds, as an error. */
export function paramsFault(params: Params): TxError | undefined {
  const fee = params.creationFee;
  const amount = fee === undefined ? undefined : readAmount(fee.amount);
  if (fee === undefined || !isDenom(fee.denom) || amount === undefined || amount < 0n || amount > maxFee) {
    return errorOf(errors.invalidParams, { field: "params.creation_fee", value: `${fee?.amount.slice(0, 80) ?? ""}${fee?.denom.slice(0, 128) ?? ""}`, low: "0", high: `${maxFee} of a denom` });
  }
  for (const [field, [low, high]] of Object.entries(bounds) as [keyof typeof bounds, readonly [number, number]][]) {
    if (params[field] < low || params[field] > high) {
      return errorOf(errors.invalidParams, { field: `params.${field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`, value: String(params[field]), low: String(low), high: String(high) });
    }
  }
  return undefined;
}

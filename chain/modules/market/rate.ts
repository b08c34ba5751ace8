/** What amounts of a quote denom are worth in bond. Pure; whatever crosses from one denom to the other goes through here. */
import type { Job, QuoteRate } from "../../codec/gen/dcm/market/v1/types.ts";
import { mulDivCeil, mulDivFloor } from "../../math/int.ts";

export type Rate = Readonly<QuoteRate>;

/** Of the bond denom. */
export const oneForOne: Rate = { bondUnits: 1n, quoteUnits: 1n };

/**
 * Greatest number on either side of a rate, below 2^60. Prices are at most 10^15 < 2^50, lots at most 2^40, so F < 2^90; G is at most 1,000 F < 2^100. Then a stake in the
 * quote denom is below 2^108 (the multiple and 1 / (0.9 x 0.05 x 0.125) are below 2^10 and 2^8), its product with a side of a rate below 2^168, with a share in 1/10,000 below 2^182: no product of
 * the module comes near the 256 bits of a balance. The escrow of a job, (k + R) x limit x lots x tasks and fee, is below 2^109 and is never converted.
 */
export const maxRateUnits = 10n ** 18n;

/** The rate that the job or service was placed at. */
export function rateOf({ rate }: Pick<Job, "rate">): Rate {
  return rate ?? oneForOne;
}

/** An amount of the quote denom in bond. "up": the part of a unit that is over counts whole, as wherever the result protects the consumer. */
export function toBond(amount: bigint, { bondUnits, quoteUnits }: Rate, rounding: "up" | "down"): bigint {
  return (rounding === "up" ? mulDivCeil : mulDivFloor)(amount, bondUnits, quoteUnits);
}

/** Parameters of `cosmos.distribution.v1beta1`. */
import { Dec } from "../../math/dec.ts";
import { MathError } from "../../math/int.ts";
import type { Params } from "../../codec/gen/cosmos/distribution/v1beta1/distribution.ts";

export function defaultParams(): Params {
  return { communityTax: Dec.withPrecision(2n, 2).toProto(), baseProposerReward: "0", bonusProposerReward: "0", withdrawAddrEnabled: true };
}

export function paramsFault({ communityTax }: Params): string | undefined {
  const tax = readDec(communityTax);
  if (tax === undefined) return "community tax must be not nil";
  if (tax.isNegative) return `community tax must be positive: ${tax.toString()}`;
  if (tax.gt(Dec.one)) return `community tax too large: ${tax.toString()}`;
  return undefined;
}

/** True where one of the two rewards of proposers that the SDK gave up is set. */
export function hasProposerReward({ baseProposerReward, bonusProposerReward }: Params): boolean {
  return [baseProposerReward, bonusProposerReward].some((text) => text !== "" && readDec(text)?.isZero !== true);
}

/** A decimal of the wire, or nothing. */
export function readDec(text: string): Dec | undefined {
  try {
    return Dec.fromProto(text);
  } catch (error) {
    if (error instanceof MathError) return undefined;
    throw error;
  }
}

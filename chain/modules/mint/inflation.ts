/** The SDK's curve of inflation: it rises where less than the goal is bonded and falls where more is, between two bounds. */
import { Dec } from "../../math/dec.ts";
import type { Minter, Params } from "../../codec/gen/cosmos/mint/v1beta1/mint.ts";

/** The minter one block later. `supply`: of the token that is staked; `bondedRatio`: the share of it that is bonded. */
export function nextMinter(before: Minter, params: Params, bondedRatio: Dec, supply: bigint): Minter {
  const inflation = nextInflation(Dec.fromProto(before.inflation), params, bondedRatio);
  return { inflation: inflation.toProto(), annualProvisions: inflation.mulInt(supply).toProto() };
}

function nextInflation(before: Dec, params: Params, bondedRatio: Dec): Dec {
  const perYear = Dec.one.sub(bondedRatio.quo(Dec.fromProto(params.goalBonded))).mul(Dec.fromProto(params.inflationRateChange));
  const after = before.add(perYear.quo(Dec.fromInt(params.blocksPerYear)));
  const bounded = Dec.min(after, Dec.fromProto(params.inflationMax));
  return Dec.max(bounded, Dec.fromProto(params.inflationMin));
}

/** Whole coins of one block. */
export function blockProvision({ annualProvisions }: Minter, { blocksPerYear }: Params): bigint {
  return Dec.fromProto(annualProvisions).quoInt(blocksPerYear).truncateInt();
}

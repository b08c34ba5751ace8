import { QueryDefinition } from "../../../codec/gen/dcm/juror/v1/query.ts";
import type { JurorInfo, Profile } from "../../../codec/gen/dcm/juror/v1/types.ts";
import { addressText } from "../../../codec/address.ts";
import { queryAddress } from "../../../runtime/addresses.ts";
import type { Context } from "../../../runtime/context.ts";
import { QueryError } from "../../../runtime/errors.ts";
import { queryService, type BoundQuery } from "../../../runtime/module.ts";
import { paginate } from "../../../runtime/queries.ts";
import { freeOf, isActive, weightOf, writeBond } from "./bond.ts";
import type { Keeper } from "./keeper.ts";
import { changed, params, profiles, unbondings, within } from "./state.ts";
import { totalWeight, weightIn } from "./weights.ts";

/** Of the tree, with what enters it at the next block. */
function nextTotal(ctx: Context, keeper: Keeper): bigint {
  let total = totalWeight(ctx);
  for (const [juror] of changed.entries(ctx)) total += weightOf(keeper.bond(ctx, juror)) - weightIn(ctx, juror);
  return total;
}

export function jurorQueries(keeper: Keeper): BoundQuery[] {
  const info = (ctx: Context, juror: Uint8Array, profile: Profile): JurorInfo => {
    const bond = keeper.bond(ctx, juror);
    return { juror: addressText(juror), profile, bond: writeBond(bond), free: String(freeOf(bond)), active: isActive(bond, keeper.minBond(ctx)) };
  };
  return queryService(QueryDefinition, {
    juror(ctx, { juror }) {
      const address = queryAddress(juror, "juror");
      const profile = profiles.find(ctx, address);
      if (profile === undefined) throw new QueryError("NotFound", `juror ${juror} not found`);
      return { juror: info(ctx, address, profile) };
    },
    jurors(ctx, { pagination, activeOnly }) {
      const page = paginate(ctx, profiles, pagination, (address, profile) => {
        const made = info(ctx, address, profile);
        return activeOnly && !made.active ? undefined : made;
      });
      return { jurors: page.items, pagination: page.pagination, totalWeight: String(nextTotal(ctx, keeper)) };
    },
    unbondings(ctx, { juror, pagination }) {
      const page = paginate(ctx, unbondings, pagination, (_, entry) => entry, within.address(queryAddress(juror, "juror")));
      return { unbondings: page.items, pagination: page.pagination };
    },
    params: (ctx) => ({ params: params.get(ctx) }),
  });
}

import { QueryDefinition, type ProviderInfo } from "../../../codec/gen/dcm/staking/v1/query.ts";
import type { Profile } from "../../../codec/gen/dcm/staking/v1/types.ts";
import { addressText } from "../../../codec/address.ts";
import { queryAddress } from "../../../runtime/addresses.ts";
import { bytesKey } from "../../../runtime/collections.ts";
import type { Context } from "../../../runtime/context.ts";
import { QueryError } from "../../../runtime/errors.ts";
import { queryService, type BoundQuery } from "../../../runtime/module.ts";
import { paginate } from "../../../runtime/queries.ts";
import { freeOf, writeBond } from "./bond.ts";
import { inactiveReason, type Keeper } from "./keeper.ts";
import { faults, livenesses, params, profiles, unbondings } from "./state.ts";
import { freeDeclinesLeft, statisticsOf } from "./statistics.ts";

export function providerQueries(keeper: Keeper): BoundQuery[] {
  const info = (ctx: Context, address: Uint8Array, profile: Profile): ProviderInfo => {
    const bond = keeper.standing(ctx, address);
    const liveness = livenesses.find(ctx, address)!;
    const reason = inactiveReason(bond, liveness, params.get(ctx), keeper.tau(ctx));
    return { operator: addressText(address), profile, bond: writeBond(bond), free: String(freeOf(bond)), liveness, active: reason === "", inactiveReason: reason };
  };
  const notFound = (operator: string): never => {
    throw new QueryError("NotFound", `provider ${operator} not found`);
  };
  return queryService(QueryDefinition, {
    provider(ctx, { operator }) {
      const address = queryAddress(operator, "operator");
      const profile = profiles.find(ctx, address);
      return profile === undefined ? notFound(operator) : { provider: info(ctx, address, profile) };
    },
    providers(ctx, { pagination, attributeKey, attributeValue, activeOnly }) {
      if (attributeKey === "" && attributeValue !== "") throw new QueryError("InvalidArgument", "attribute_value without attribute_key");
      const page = paginate(ctx, profiles, pagination, (address, profile) => {
        const fits = attributeKey === "" || profile.attributes.some(({ key, value }) => key === attributeKey && (attributeValue === "" || value === attributeValue));
        if (!fits) return undefined;
        const made = info(ctx, address, profile);
        return activeOnly && !made.active ? undefined : made;
      });
      return { providers: page.items, pagination: page.pagination };
    },
    unbondings(ctx, { operator, pagination }) {
      const address = queryAddress(operator, "operator");
      const page = paginate(ctx, unbondings, pagination, (_, entry) => entry, bytesKey.encode(address));
      return { unbondings: page.items, pagination: page.pagination };
    },
    statistics(ctx, { operator }) {
      const address = queryAddress(operator, "operator");
      const record = faults.find(ctx, address);
      if (record === undefined) return notFound(operator);
      const standing = keeper.standing(ctx, address);
      const tau = keeper.tau(ctx);
      return { statistics: statisticsOf(standing, record, tau), freeDeclinesLeft: freeDeclinesLeft(record, standing.earned, params.get(ctx).freeDeclines, tau) };
    },
    params: (ctx) => ({ params: params.get(ctx) }),
  });
}

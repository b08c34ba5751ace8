/** cosmos.authz.v1beta1.Query. */
import { QueryDefinition } from "../../codec/gen/cosmos/authz/v1beta1/query.ts";
import { addressText } from "../../codec/address.ts";
import { concatBytes, equalBytes } from "../../codec/bytes.ts";
import { queryAddress } from "../../runtime/addresses.ts";
import { bytesKey } from "../../runtime/collections.ts";
import { QueryError } from "../../runtime/errors.ts";
import { queryService, type BoundQuery } from "../../runtime/module.ts";
import { paginate } from "../../runtime/queries.ts";
import { grants } from "./state.ts";
import type { Grant, GrantAuthorization } from "../../codec/gen/cosmos/authz/v1beta1/authz.ts";

type GrantKey = readonly [granter: Uint8Array, grantee: Uint8Array, message: string];

export function shown([granter, grantee]: GrantKey, { authorization, expiration }: Grant): GrantAuthorization {
  return { granter: addressText(granter), grantee: addressText(grantee), authorization, expiration };
}

export function authzQueries(): BoundQuery[] {
  return queryService(QueryDefinition, {
    grants(ctx, request) {
      const [granter, grantee] = [queryAddress(request.granter), queryAddress(request.grantee)];
      if (request.msgTypeUrl !== "") {
        const grant = grants.find(ctx, [granter, grantee, request.msgTypeUrl]);
        if (grant === undefined) throw new QueryError("Unknown", `authorization not found for ${request.msgTypeUrl.slice(0, 200)} type: authorization not found`);
        return { grants: [grant], pagination: undefined };
      }
      const { items, pagination } = paginate(ctx, grants, request.pagination, (_, grant) => grant, concatBytes(bytesKey.encode(granter), bytesKey.encode(grantee)));
      return { grants: items, pagination };
    },
    granterGrants(ctx, request) {
      const { items, pagination } = paginate(ctx, grants, request.pagination, shown, bytesKey.encode(queryAddress(request.granter)));
      return { grants: items, pagination };
    },
    granteeGrants(ctx, request) {
      const wanted = queryAddress(request.grantee);
      const { items, pagination } = paginate(ctx, grants, request.pagination, (key, grant) => (equalBytes(key[1], wanted) ? shown(key, grant) : undefined));
      return { grants: items, pagination };
    },
  });
}

import { QueryDefinition, type AttestationInfo, type AuditorInfo } from "../../../codec/gen/dcm/auditor/v1/query.ts";
import type { Attestation, Profile } from "../../../codec/gen/dcm/auditor/v1/types.ts";
import type { PageRequest } from "../../../codec/gen/cosmos/base/query/v1beta1/pagination.ts";
import { addressText } from "../../../codec/address.ts";
import { queryAddress } from "../../../runtime/addresses.ts";
import type { Context } from "../../../runtime/context.ts";
import { QueryError } from "../../../runtime/errors.ts";
import { queryService, type BoundQuery } from "../../../runtime/module.ts";
import { paginate, type Page } from "../../../runtime/queries.ts";
import { isAttributeKey } from "../../../runtime/text.ts";
import { reasonAgainst } from "./attestations.ts";
import { writeBond } from "./bond.ts";
import type { Keeper } from "./keeper.ts";
import { covers, inactiveReason } from "./standing.ts";
import { accreditations, attestations, byAuditor, byKey, params, profiles, unbondings, within } from "./state.ts";

export function auditorQueries(keeper: Keeper): BoundQuery[] {
  const info = (ctx: Context, auditor: Uint8Array, profile: Profile): AuditorInfo => {
    const standing = keeper.standing(ctx, auditor);
    const reason = inactiveReason(standing, keeper.minBond(ctx), keeper.tau(ctx));
    return { auditor: addressText(auditor), profile, bond: writeBond(keeper.bond(ctx, auditor)), accreditation: standing.accreditation, active: reason === "", inactiveReason: reason };
  };
  return queryService(QueryDefinition, {
    auditor(ctx, { auditor }) {
      const address = queryAddress(auditor, "auditor");
      const profile = profiles.find(ctx, address);
      if (profile === undefined) throw new QueryError("NotFound", `auditor ${auditor} not found`);
      return { auditor: info(ctx, address, profile) };
    },
    auditors(ctx, { pagination, attributeKey, activeOnly }) {
      if (attributeKey !== "") checkKey("attribute_key", attributeKey);
      const page = paginate(ctx, profiles, pagination, (address, profile) => {
        const made = info(ctx, address, profile);
        if (activeOnly && !made.active) return undefined;
        return attributeKey === "" || covers(made.accreditation?.keys ?? [], attributeKey) ? made : undefined;
      });
      return { auditors: page.items, pagination: page.pagination };
    },
    unbondings(ctx, { auditor, pagination }) {
      const page = paginate(ctx, unbondings, pagination, (_, entry) => entry, within.address(queryAddress(auditor, "auditor")));
      return { unbondings: page.items, pagination: page.pagination };
    },
    accreditations(ctx, { pagination }) {
      const page = paginate(ctx, accreditations, pagination, (_, accreditation) => accreditation);
      return { accreditations: page.items, pagination: page.pagination };
    },
    attestations(ctx, request) {
      const page = attestationPage(ctx, request, (attestation): AttestationInfo | undefined => {
        const reason = reasonAgainst(ctx, keeper, attestation);
        return request.validOnly && reason !== "" ? undefined : { attestation, valid: reason === "", invalidReason: reason };
      });
      return { attestations: page.items, pagination: page.pagination };
    },
    params: (ctx) => ({ params: params.get(ctx) }),
  });
}

interface Filters {
  readonly pagination?: PageRequest | undefined;
  readonly provider: string;
  readonly auditor: string;
  readonly key: string;
}

/** Walks the narrowest range that the filters give. */
function attestationPage<T>(ctx: Context, { pagination, ...filters }: Filters, make: (attestation: Attestation) => T | undefined): Page<T> {
  const { key } = filters;
  if (key !== "") checkKey("key", key);
  const provider = filters.provider === "" ? undefined : queryAddress(filters.provider, "provider");
  const auditor = filters.auditor === "" ? undefined : queryAddress(filters.auditor, "auditor");
  const fits = (one: Attestation): T | undefined => ((key === "" || one.key === key) && (auditor === undefined || one.auditor === addressText(auditor)) ? make(one) : undefined);
  if (auditor !== undefined) {
    const range = provider === undefined ? within.address(auditor) : within.addresses(auditor, provider);
    return paginate(ctx, byAuditor, pagination, ([, of, attribute]) => fits(attestations.find(ctx, [of, attribute, auditor])!), range);
  }
  if (provider !== undefined) return paginate(ctx, attestations, pagination, (_, one) => fits(one), key === "" ? within.address(provider) : within.attribute(provider, key));
  if (key !== "") return paginate(ctx, byKey, pagination, ([, of, by]) => fits(attestations.find(ctx, [of, key, by])!), within.key(key));
  return paginate(ctx, attestations, pagination, (_, one) => fits(one));
}

function checkKey(field: string, key: string): void {
  if (!isAttributeKey(key)) throw new QueryError("InvalidArgument", `${field} is no attribute key`);
}

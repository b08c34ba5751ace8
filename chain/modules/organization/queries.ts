/** dcm.organization.v1.Query. */
import { QueryDefinition, type BudgetView } from "../../codec/gen/dcm/organization/v1/query.ts";
import type { BudgetRecord } from "../../codec/gen/dcm/organization/v1/types.ts";
import type { Timestamp } from "../../codec/gen/google/protobuf/timestamp.ts";
import { queryAddress } from "../../runtime/addresses.ts";
import { QueryError } from "../../runtime/errors.ts";
import { queryService, type BoundQuery } from "../../runtime/module.ts";
import { paginate } from "../../runtime/queries.ts";
import { present } from "./budgets.ts";
import { isName } from "./names.ts";
import { periodStart } from "./periods.ts";
import { policyOf } from "./port.ts";
import { budgets, collect, holdings, invitations, members, memberships, organizations, params, within } from "./state.ts";
import type { Context } from "../../runtime/context.ts";

export const organizationQueries: BoundQuery[] = queryService(QueryDefinition, {
  params: (ctx) => ({ params: params.get(ctx) }),
  organizations(ctx, request) {
    const { items, pagination } = paginate(ctx, organizations, request.pagination, (_, organization) => organization);
    return { organizations: items, pagination };
  },
  organization(ctx, { name }) {
    const organization = isName(name) ? organizations.find(ctx, name) : undefined;
    if (organization === undefined) throw new QueryError("NotFound", `there is no organization ${name.slice(0, 80)}`);
    return { organization, policy: policyOf(ctx, name) };
  },
  members(ctx, { name, pagination: page }) {
    const { items, pagination } = paginate(ctx, members, page, (_, member) => member, prefixOf(name));
    return { members: items, pagination };
  },
  memberships(ctx, { member, pagination: page }) {
    const address = queryAddress(member);
    const { items, pagination } = paginate(ctx, invitations, page, ([, name]) => members.find(ctx, [name, address]), within.member(address));
    return { memberships: collect(ctx, memberships, within.member(address)).map(([[, name]]) => members.find(ctx, [name, address])!), invitations: items, pagination };
  },
  budgets(ctx, { name, pagination: page }) {
    const { items, pagination } = paginate(ctx, budgets, page, (_, record) => viewOf(ctx, record), prefixOf(name));
    return { budgets: items, pagination };
  },
  holdings: (ctx, { kind, id }) => ({ holdings: collect(ctx, holdings, within.holding(kind, id)).map(([, holding]) => holding) }),
});

function prefixOf(name: string): Uint8Array {
  if (!isName(name)) throw new QueryError("InvalidArgument", `${name.slice(0, 80)} is no name of an organization`);
  return within.organization(name);
}

function viewOf(ctx: Context, record: BudgetRecord): BudgetView {
  const { id, budget, periodIndex, spent } = present(ctx, record);
  const [limit, used] = [BigInt(budget!.limit), BigInt(spent)];
  const [from, until] = [periodStart(budget!.period, periodIndex), periodStart(budget!.period, periodIndex + 1n)];
  return { id, budget, spent, remaining: (used < limit ? limit - used : 0n).toString(), from: timestamp(from), until: timestamp(until) };
}

function timestamp(seconds: bigint | undefined): Timestamp | undefined {
  return seconds === undefined ? undefined : { seconds, nanos: 0 };
}

/** Genesis: parameters, organizations with all that they have, and what is held of their money. Indexes are made anew from the records. */
import { GenesisState, type OrganizationRecord } from "../../codec/gen/dcm/organization/v1/genesis.ts";
import { Role, type BudgetRecord, type Holding } from "../../codec/gen/dcm/organization/v1/types.ts";
import { addressBytes } from "../../codec/address.ts";
import { isDenom, readAmount } from "../../runtime/coins.ts";
import { assert } from "../../runtime/errors.ts";
import { scopeOf } from "./budgets.ts";
import { checkBudget } from "./messages/set-budget.ts";
import { writeMember } from "./members.ts";
import { accountOf, accountText, isName, lookOf, nameLimit } from "./names.ts";
import { defaultParams, paramsFault } from "./params.ts";
import { checkPolicy } from "./policy.ts";
import { isRole } from "./roles.ts";
import { accounts, budgets, collect, holdings, looks, members, organizations, params, policies, within } from "./state.ts";
import type { Genesis } from "../../runtime/module.ts";

export const genesis: Genesis<GenesisState> = {
  type: GenesisState,
  defaults: () => ({ params: defaultParams(), organizations: [], holdings: [] }),

  check(state) {
    assert(state.params !== undefined, "organization.params is missing");
    const fault = paramsFault(state.params);
    if (fault !== undefined) throw fault;
    const seen = new Map<string, string>();
    let last = "";
    for (const record of state.organizations) {
      const { name } = record.organization!;
      assert(isName(name) && name > last, `organization.organizations: names are ${nameLimit}, sorted without repeats: ${name.slice(0, 80)}`);
      const by = seen.get(lookOf(name));
      assert(by === undefined, `organization.organizations: ${name} reads like ${by ?? ""}`);
      seen.set(lookOf(name), name);
      last = name;
      checkRecord(record);
    }
    const known = new Set(state.organizations.map(({ organization }) => organization!.name));
    for (const holding of state.holdings) checkHolding(holding, known);
  },

  init(ctx, state) {
    params.set(ctx, state.params!);
    for (const record of state.organizations) {
      const organization = record.organization!;
      const { name } = organization;
      organizations.set(ctx, name, organization);
      looks.set(ctx, lookOf(name), name);
      accounts.set(ctx, accountOf(name), name);
      policies.set(ctx, name, record.policy!);
      for (const member of record.members) writeMember(ctx, name, addressBytes(member.address), member);
      for (const budget of record.budgets) budgets.set(ctx, [name, scopeOf(budget.budget!.denom, budget.budget!)], budget);
    }
    for (const holding of state.holdings) holdings.set(ctx, [[holding.kind, holding.id], [holding.organization, holding.denom]], holding);
  },

  export: (ctx) => ({
    params: params.get(ctx),
    organizations: Array.from(organizations.entries(ctx), ([name, organization]) => ({
      organization, policy: policies.find(ctx, name), members: collect(ctx, members, within.organization(name)).map(([, member]) => member),
      budgets: collect(ctx, budgets, within.organization(name)).map(([, budget]) => budget),
    })),
    holdings: Array.from(holdings.entries(ctx), ([, holding]) => holding),
  }),
};

function checkRecord({ organization, members: all, policy, budgets: own }: OrganizationRecord): void {
  const { name, address, owners, members: count, budgets: budgetCount, nextBudgetId } = organization!;
  const where = `organization.organizations: ${name}`;
  assert(address === accountText(name), `${where} has the address ${accountText(name)}, not ${address}`);
  assert(count === all.length && budgetCount === own.length, `${where} counts ${count} members and ${budgetCount} budgets, there are ${all.length} and ${own.length}`);
  assert(owners === all.filter(({ accepted, role }) => accepted && role === Role.ROLE_OWNER).length && owners > 0, `${where} has at least one owner, and counts them`);
  const addresses = new Set(all.map((member) => member.address));
  for (const member of all) assert(member.organization === name && isRole(member.role) && addressBytes(member.address).length > 0, `${where} has a member of another organization or without a role`);
  assert(addresses.size === all.length, `${where} has a member twice`);
  checkPolicy(policy);
  const ids = new Set<bigint>();
  for (const record of own) {
    checkBudget(record.budget!);
    checkBudgetRecord(where, record);
    assert(record.organization === name && record.id < nextBudgetId && !ids.has(record.id), `${where}: budget ${record.id} is of another organization, twice there, or not below next_budget_id`);
    ids.add(record.id);
  }
}

function checkBudgetRecord(where: string, { id, spent }: BudgetRecord): void {
  const amount = readAmount(spent);
  assert(amount !== undefined && amount >= 0n, `${where}: budget ${id} has spent ${spent.slice(0, 80)}`);
}

function checkHolding({ organization, kind, id, denom, spent, refunded, charges }: Holding, known: ReadonlySet<string>): void {
  const where = `organization.holdings: ${organization} ${kind}/${id}`;
  assert(known.has(organization), `${where} is of no organization`);
  assert(isDenom(denom), `${where}: ${denom.slice(0, 128)} is no denom`);
  const [all, back] = [readAmount(spent), readAmount(refunded)];
  assert(all !== undefined && back !== undefined && back >= 0n && back <= all, `${where}: refunded is from 0 to spent`);
  for (const { amount } of charges) assert((readAmount(amount) ?? -1n) > 0n, `${where} has a charge that is not positive`);
}

/** What holds at every block's end. */
import { Role } from "../../codec/gen/dcm/organization/v1/types.ts";
import { present, scopeOf } from "./budgets.ts";
import { accountOf, lookOf } from "./names.ts";
import { accounts, budgets, collect, holdings, invitations, looks, members, memberships, organizations, policies, within } from "./state.ts";
import type { Context } from "../../runtime/context.ts";

export const invariants: Readonly<Record<string, (ctx: Context) => string | undefined>> = { counts, names, budgets: charged, holdings: held };

/** Members, owners and budgets are as many as the organization says, with an owner at least; the index of members agrees. */
function counts(ctx: Context): string | undefined {
  let all = 0;
  for (const [name, organization] of organizations.entries(ctx)) {
    const own = collect(ctx, members, within.organization(name));
    const owners = own.filter(([, { role, accepted }]) => accepted && role === Role.ROLE_OWNER).length;
    const count = collect(ctx, budgets, within.organization(name)).length;
    if (own.length !== organization.members || owners !== organization.owners || owners === 0 || count !== organization.budgets) {
      return `${name} says ${organization.members} members, ${organization.owners} owners, ${organization.budgets} budgets; there are ${own.length}, ${owners}, ${count}`;
    }
    for (const [[, address], { accepted }] of own) {
      if (memberships.has(ctx, [address, name]) !== accepted || invitations.has(ctx, [address, name]) === accepted) return `the index of members of ${name} does not agree with its records`;
    }
    all += own.length;
  }
  const indexed = [...memberships.entries(ctx)].length + [...invitations.entries(ctx)].length;
  return indexed === all ? undefined : `${indexed} memberships and invitations for ${all} members`;
}

/** Every organization has its look, account and policy, and nothing else has. */
function names(ctx: Context): string | undefined {
  let count = 0;
  for (const [name] of organizations.entries(ctx)) {
    count++;
    if (looks.find(ctx, lookOf(name)) !== name || accounts.find(ctx, accountOf(name)) !== name || !policies.has(ctx, name)) return `${name} lacks its look, account or policy`;
  }
  for (const index of [looks, accounts, policies]) if ([...index.entries(ctx)].length !== count) return `${count} organizations, but not as many looks, accounts and policies`;
  return undefined;
}

/** What may still come back of a period was charged to its budget and has not come back yet. */
function charged(ctx: Context): string | undefined {
  const sums = new Map<string, bigint>();
  for (const [, { organization, denom, charges }] of holdings.entries(ctx)) {
    for (const { amount, budgets: own } of charges) {
      for (const one of own) {
        const record = budgets.find(ctx, [organization, scopeOf(denom, one)]);
        if (record === undefined || record.id !== one.budgetId || present(ctx, record).periodIndex !== one.periodIndex) continue;
        const key = `${organization} ${record.id}`;
        sums.set(key, (sums.get(key) ?? 0n) + BigInt(amount));
      }
    }
  }
  for (const [, record] of budgets.entries(ctx)) {
    const { spent } = present(ctx, record);
    const open = sums.get(`${record.organization} ${record.id}`) ?? 0n;
    if (BigInt(spent) < open) return `budget ${record.id} of ${record.organization} has spent ${spent}, of which ${open} may come back`;
  }
  return undefined;
}

/** No more comes back than was spent, and no more can than did not. */
function held(ctx: Context): string | undefined {
  for (const [, { organization, kind, id, spent, refunded, charges }] of holdings.entries(ctx)) {
    const rest = BigInt(spent) - BigInt(refunded);
    const open = charges.reduce((sum, { amount }) => sum + BigInt(amount), 0n);
    if (rest < 0n || open > rest) return `${organization} spent ${spent} on ${kind}/${id} and got ${refunded} back, with ${open} in charges`;
  }
  return undefined;
}

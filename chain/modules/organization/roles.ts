/** What each role may do; the README has it as a table. */
import { Role, type Member, type Organization } from "../../codec/gen/dcm/organization/v1/types.ts";
import { addressBytes } from "../../codec/address.ts";
import { fail } from "../../runtime/errors.ts";
import { enumName } from "./enums.ts";
import { errors } from "./errors.ts";
import { members, organizations } from "./state.ts";
import type { Context } from "../../runtime/context.ts";

export const roleName = (role: Role): string => enumName(Role, role, "ROLE_");

export const isRole = (role: Role): boolean => role >= Role.ROLE_OWNER && role <= Role.ROLE_VIEWER;

const powers = {
  "spend its money": [Role.ROLE_OWNER, Role.ROLE_ADMIN, Role.ROLE_SPENDER],
  "withdraw its money": [Role.ROLE_OWNER],
  "change its policy": [Role.ROLE_OWNER, Role.ROLE_ADMIN],
  "change its budgets": [Role.ROLE_OWNER, Role.ROLE_ADMIN],
  "change its members": [Role.ROLE_OWNER, Role.ROLE_ADMIN],
  "end what its members ordered": [Role.ROLE_OWNER, Role.ROLE_ADMIN],
  "run a provider under its name": [Role.ROLE_OWNER, Role.ROLE_ADMIN, Role.ROLE_OPERATOR],
} as const;

export type Power = keyof typeof powers;

export const hasPower = (role: Role, power: Power): boolean => (powers[power] as readonly Role[]).includes(role);

/** Owners set every role, admins those below their own. */
export const mayChange = (own: Role, other: Role): boolean => own === Role.ROLE_OWNER || other > Role.ROLE_ADMIN;

export function loadOrganization(ctx: Context, name: string): Organization {
  const found = organizations.find(ctx, name);
  if (found === undefined) fail(errors.unknownOrganization, { name });
  return found;
}

/** The member that accepted; undefined where the account is none. */
export function findMember(ctx: Context, name: string, account: string): Member | undefined {
  const found = members.find(ctx, [name, addressBytes(account)]);
  return found?.accepted === true ? found : undefined;
}

/** The organization, where the account's role in it has the power. */
export function requirePower(ctx: Context, name: string, account: string, power: Power): { readonly organization: Organization; readonly role: Role } {
  const organization = loadOrganization(ctx, name);
  const member = findMember(ctx, name, account);
  if (member === undefined) fail(errors.notMember, { name, account });
  if (!hasPower(member.role, power)) fail(errors.notAllowed, { name, account, role: roleName(member.role), what: power });
  return { organization, role: member.role };
}

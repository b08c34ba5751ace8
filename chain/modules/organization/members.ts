/** Members and how their number is kept. */
import { Role, type Member, type Organization } from "../../codec/gen/dcm/organization/v1/types.ts";
import { addressBytes } from "../../codec/address.ts";
import { fail } from "../../runtime/errors.ts";
import { errors } from "./errors.ts";
import { collect, invitations, members, memberships, organizations, params, within } from "./state.ts";
import type { Context } from "../../runtime/context.ts";

const isOwner = (member: Member | undefined): boolean => member?.accepted === true && member.role === Role.ROLE_OWNER;

/** Writes, or removes, what the account is in the organization. Fails where it would be without an owner, or with too many members. */
export function saveMember(ctx: Context, organization: Organization, before: Member | undefined, after: Member | undefined): void {
  const { name } = organization;
  const address = addressBytes((after ?? before)!.address);
  const owners = organization.owners + Number(isOwner(after)) - Number(isOwner(before));
  if (owners === 0) fail(errors.lastOwner, { name });
  const count = organization.members + Number(after !== undefined) - Number(before !== undefined);
  const { maxMembers, maxMemberships } = params.get(ctx);
  if (count > organization.members && count > maxMembers) fail(errors.tooMany, { what: `members and invitations of ${name}`, limit: maxMembers });
  if (after?.accepted === true && before?.accepted !== true && collect(ctx, memberships, within.member(address)).length >= maxMemberships) {
    fail(errors.tooMany, { what: `organizations of ${after.address}`, limit: maxMemberships });
  }
  organizations.set(ctx, name, { ...organization, owners, members: count });
  writeMember(ctx, name, address, after);
}

/** The record and its index, as they are from now on. */
export function writeMember(ctx: Context, name: string, address: Uint8Array, member: Member | undefined): void {
  const [is, invited] = [member?.accepted === true, member?.accepted === false];
  if (member === undefined) members.remove(ctx, [name, address]);
  else members.set(ctx, [name, address], member);
  for (const [index, there] of [[memberships, is], [invitations, invited]] as const) {
    if (there) index.set(ctx, [address, name], true);
    else index.remove(ctx, [address, name]);
  }
}

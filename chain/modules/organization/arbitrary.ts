/** What the generators of the module's messages have in common. */
import type { Member } from "../../codec/gen/dcm/organization/v1/types.ts";
import { members } from "./state.ts";
import type { World } from "../../runtime/module.ts";
import type { Role } from "../../codec/gen/dcm/organization/v1/types.ts";

/** A member whose key the simulation holds, with one of these roles; sometimes any. */
export function arbitraryMember({ ctx, accounts, random }: World, roles: readonly Role[]): Member | undefined {
  const known = Array.from(members.entries(ctx), ([, member]) => member).filter(({ address, accepted }) => accepted && accounts.includes(address));
  const able = known.filter(({ role }) => roles.includes(role));
  if (able.length > 0 && !random.chance(10)) return random.pick(able);
  return known.length === 0 ? undefined : random.pick(known);
}

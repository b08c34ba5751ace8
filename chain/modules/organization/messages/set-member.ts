/** MsgSetMember: invites an account, or gives a member or an invitation another role. */
import type { MsgSetMember, MsgSetMemberResponse } from "../../../codec/gen/dcm/organization/v1/tx.ts";
import { Role } from "../../../codec/gen/dcm/organization/v1/types.ts";
import { addressBytes } from "../../../codec/address.ts";
import { fail } from "../../../runtime/errors.ts";
import { arbitraryMember } from "../arbitrary.ts";
import { canonical, checkName } from "../checks.ts";
import { errors } from "../errors.ts";
import { memberChanged } from "../events.ts";
import { saveMember } from "../members.ts";
import { isRole, mayChange, requirePower, roleName } from "../roles.ts";
import { members } from "../state.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { Changed } from "../module.ts";

export function setMember(changed: Changed): MessageHandler<MsgSetMember, MsgSetMemberResponse> {
  return {
    signers: (message) => [message.admin],

    check(message) {
      canonical(message.admin, "admin");
      canonical(message.member, "member");
      checkName("organization", message.organization);
      if (!isRole(message.role)) fail(errors.invalidField, { field: "role", value: message.role, limit: "owner, admin, operator, spender or viewer" });
    },

    execute(ctx, message) {
      const [admin, address] = [canonical(message.admin, "admin"), canonical(message.member, "member")];
      const { organization: name, role } = message;
      const { organization, role: own } = requirePower(ctx, name, admin, "change its members");
      const before = members.find(ctx, [name, addressBytes(address)]);
      for (const one of before === undefined ? [role] : [before.role, role]) {
        if (!mayChange(own, one)) fail(errors.notAllowed, { name, account: admin, role: roleName(own), what: `make or change members that are ${roleName(one)}` });
      }
      const after = { organization: name, address, role, accepted: before?.accepted === true };
      saveMember(ctx, organization, before, after);
      memberChanged(ctx, before === undefined ? "invited" : "changed", after, admin);
      if (after.accepted) changed(ctx, name);
      return { accepted: after.accepted };
    },

    arbitrary(world) {
      const admin = arbitraryMember(world, [Role.ROLE_OWNER, Role.ROLE_ADMIN]);
      if (admin === undefined) return undefined;
      const { accounts, random } = world;
      return { admin: admin.address, organization: admin.organization, member: random.pick(accounts), role: random.pick([Role.ROLE_OWNER, Role.ROLE_ADMIN, Role.ROLE_OPERATOR, Role.ROLE_SPENDER, Role.ROLE_SPENDER, Role.ROLE_VIEWER]) };
    },
  };
}

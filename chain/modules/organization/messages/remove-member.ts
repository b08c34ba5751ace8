/** MsgRemoveMember: ends a membership or takes an invitation back. Bids of the member that are in the book stay there. */
import type { MsgRemoveMember, MsgRemoveMemberResponse } from "../../../codec/gen/dcm/organization/v1/tx.ts";
import { Role } from "../../../codec/gen/dcm/organization/v1/types.ts";
import { addressBytes } from "../../../codec/address.ts";
import { fail } from "../../../runtime/errors.ts";
import { arbitraryMember } from "../arbitrary.ts";
import { canonical, checkName } from "../checks.ts";
import { errors } from "../errors.ts";
import { memberChanged } from "../events.ts";
import { saveMember } from "../members.ts";
import { loadOrganization, mayChange, requirePower, roleName } from "../roles.ts";
import { members } from "../state.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { Changed } from "../module.ts";

export function removeMember(changed: Changed): MessageHandler<MsgRemoveMember, MsgRemoveMemberResponse> {
  return {
    signers: (message) => [message.signer],

    check(message) {
      canonical(message.signer, "signer");
      canonical(message.member, "member");
      checkName("organization", message.organization);
    },

    execute(ctx, message) {
      const [signer, account] = [canonical(message.signer, "signer"), canonical(message.member, "member")];
      const { organization: name } = message;
      const organization = loadOrganization(ctx, name);
      const before = members.find(ctx, [name, addressBytes(account)]);
      if (signer !== account) {
        const { role } = requirePower(ctx, name, signer, "change its members");
        if (before !== undefined && !mayChange(role, before.role)) fail(errors.notAllowed, { name, account: signer, role: roleName(role), what: `remove members that are ${roleName(before.role)}` });
      }
      if (before === undefined) fail(errors.notMember, { name, account });
      saveMember(ctx, organization, before, undefined);
      memberChanged(ctx, "removed", before, signer);
      if (before.accepted) changed(ctx, name);
      return {};
    },

    arbitrary(world) {
      const { ctx, random } = world;
      const signer = arbitraryMember(world, [Role.ROLE_OWNER, Role.ROLE_ADMIN]);
      if (signer === undefined) return undefined;
      const others = Array.from(members.entries(ctx), ([, member]) => member).filter(({ organization }) => organization === signer.organization);
      return { signer: signer.address, organization: signer.organization, member: random.pick(others).address };
    },
  };
}

/** MsgAcceptMembership: makes an invitation a membership. Nobody becomes somebody's affiliate without its own word. */
import type { MsgAcceptMembership, MsgAcceptMembershipResponse } from "../../../codec/gen/dcm/organization/v1/tx.ts";
import { addressBytes } from "../../../codec/address.ts";
import { fail } from "../../../runtime/errors.ts";
import { canonical, checkName } from "../checks.ts";
import { errors } from "../errors.ts";
import { memberChanged } from "../events.ts";
import { saveMember } from "../members.ts";
import { loadOrganization } from "../roles.ts";
import { members } from "../state.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { Changed } from "../module.ts";

export function acceptMembership(changed: Changed): MessageHandler<MsgAcceptMembership, MsgAcceptMembershipResponse> {
  return {
    signers: (message) => [message.member],

    check(message) {
      canonical(message.member, "member");
      checkName("organization", message.organization);
    },

    execute(ctx, message) {
      const account = canonical(message.member, "member");
      const organization = loadOrganization(ctx, message.organization);
      const before = members.find(ctx, [organization.name, addressBytes(account)]);
      if (before === undefined || before.accepted) fail(errors.notInvited, { name: organization.name, account });
      const after = { ...before, accepted: true };
      saveMember(ctx, organization, before, after);
      memberChanged(ctx, "accepted", after, account);
      changed(ctx, organization.name);
      return { role: after.role };
    },

    arbitrary({ ctx, accounts, random }) {
      const open = Array.from(members.entries(ctx), ([, member]) => member).filter(({ accepted, address }) => !accepted && accounts.includes(address));
      if (open.length === 0) return undefined;
      const { organization, address } = random.pick(open);
      return { member: random.chance(95) ? address : random.pick(accounts), organization };
    },
  };
}

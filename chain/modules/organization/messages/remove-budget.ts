/** MsgRemoveBudget: ends a budget. What it covered needs another one from now on; what comes back of earlier spends restores nothing. */
import type { MsgRemoveBudget, MsgRemoveBudgetResponse } from "../../../codec/gen/dcm/organization/v1/tx.ts";
import { Role } from "../../../codec/gen/dcm/organization/v1/types.ts";
import { fail } from "../../../runtime/errors.ts";
import { arbitraryMember } from "../arbitrary.ts";
import { present, scopeOf } from "../budgets.ts";
import { canonical, checkName, checkScope } from "../checks.ts";
import { errors } from "../errors.ts";
import { budgetChanged } from "../events.ts";
import { requirePower } from "../roles.ts";
import { budgets, collect, organizations, within } from "../state.ts";
import type { MessageHandler } from "../../../runtime/module.ts";

export function removeBudget(): MessageHandler<MsgRemoveBudget, MsgRemoveBudgetResponse> {
  return {
    signers: (message) => [message.admin],

    check(message) {
      canonical(message.admin, "admin");
      checkName("organization", message.organization);
      checkScope(message);
    },

    execute(ctx, message) {
      const admin = canonical(message.admin, "admin");
      const { organization: name, denom, member, tagKey, tagValue } = message;
      const { organization } = requirePower(ctx, name, admin, "change its budgets");
      const key = [name, scopeOf(denom, message)] as const;
      const record = budgets.find(ctx, key);
      if (record === undefined) fail(errors.unknownBudget, { name, scope: [denom, member === "" ? "all members" : member, ...(tagKey === "" ? [] : [`tag ${tagKey}=${tagValue}`])].join(", ") });
      budgets.remove(ctx, key);
      organizations.set(ctx, name, { ...organization, budgets: organization.budgets - 1 });
      budgetChanged(ctx, "removed", name, record.id, record.budget!, present(ctx, record).spent, admin);
      return {};
    },

    arbitrary(world) {
      const admin = arbitraryMember(world, [Role.ROLE_OWNER, Role.ROLE_ADMIN]);
      if (admin === undefined) return undefined;
      const known = collect(world.ctx, budgets, within.organization(admin.organization));
      if (known.length === 0 || world.random.chance(50)) return undefined;
      const { denom, member, tagKey, tagValue } = world.random.pick(known)[1].budget!;
      return { admin: admin.address, organization: admin.organization, denom, member, tagKey, tagValue };
    },
  };
}

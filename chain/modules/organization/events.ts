/** Events, all of package dcm.organization.v1; the README lists their attributes. */
import type { Budget, Member } from "../../codec/gen/dcm/organization/v1/types.ts";
import type { Context } from "../../runtime/context.ts";
import { periodName, scopeText } from "./budgets.ts";
import { roleName } from "./roles.ts";

export function emit(ctx: Context, name: string, attributes: Readonly<Record<string, string | bigint | number>>): void {
  ctx.log.addValues(`dcm.organization.v1.${name}`, attributes);
}

/** Invited, accepted, with another role, or removed. */
export function memberChanged(ctx: Context, change: "invited" | "accepted" | "changed" | "removed", { organization, address, role, accepted }: Member, by: string): void {
  emit(ctx, "EventMemberChanged", { organization, member: address, change, role: roleName(role), accepted: String(accepted), by });
}

export function budgetChanged(ctx: Context, change: "set" | "removed", organization: string, id: bigint, budget: Budget, spent: string, by: string): void {
  emit(ctx, "EventBudgetChanged", {
    organization, change, budget_id: id, scope: scopeText(budget), denom: budget.denom, member: budget.member, tag_key: budget.tagKey, tag_value: budget.tagValue, limit: budget.limit, period: periodName(budget.period), spent, by,
  });
}

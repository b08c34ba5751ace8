/** MsgSetBudget: makes a budget, or gives the one of the same denom, member and tag another limit or period. */
import type { MsgSetBudget, MsgSetBudgetResponse } from "../../../codec/gen/dcm/organization/v1/tx.ts";
import { BudgetPeriod, Role, type Budget, type BudgetRecord } from "../../../codec/gen/dcm/organization/v1/types.ts";
import { readAmount } from "../../../runtime/coins.ts";
import { fail } from "../../../runtime/errors.ts";
import { arbitraryMember } from "../arbitrary.ts";
import { present, scopeOf } from "../budgets.ts";
import { canonical, checkName, checkScope } from "../checks.ts";
import { errors } from "../errors.ts";
import { budgetChanged } from "../events.ts";
import { periodIndex } from "../periods.ts";
import { requirePower } from "../roles.ts";
import { budgets, organizations, params } from "../state.ts";
import type { MessageHandler } from "../../../runtime/module.ts";

export function setBudget(): MessageHandler<MsgSetBudget, MsgSetBudgetResponse> {
  return {
    signers: (message) => [message.admin],

    check(message) {
      canonical(message.admin, "admin");
      checkName("organization", message.organization);
      const { budget } = message;
      if (budget === undefined) fail(errors.invalidField, { field: "budget", value: "missing", limit: "given" });
      checkBudget(budget);
    },

    execute(ctx, message) {
      const admin = canonical(message.admin, "admin");
      const { organization: name } = message;
      const budget = message.budget!;
      const { organization } = requirePower(ctx, name, admin, "change its budgets");
      const key = [name, scopeOf(budget.denom, budget)] as const;
      const before = budgets.find(ctx, key);
      const { maxBudgets } = params.get(ctx);
      if (before === undefined && organization.budgets >= maxBudgets) fail(errors.tooMany, { what: `budgets of ${name}`, limit: maxBudgets });
      const same = before?.budget!.period === budget.period;
      const record: BudgetRecord = before !== undefined && same
        ? { ...present(ctx, before), budget }
        : { organization: name, id: organization.nextBudgetId, budget, periodIndex: periodIndex(budget.period, ctx.timeSeconds), spent: "0" };
      budgets.set(ctx, key, record);
      organizations.set(ctx, name, { ...organization, budgets: organization.budgets + Number(before === undefined), nextBudgetId: organization.nextBudgetId + (same ? 0n : 1n) });
      budgetChanged(ctx, "set", name, record.id, budget, record.spent, admin);
      return { budgetId: record.id, spent: record.spent };
    },

    arbitrary(world) {
      const admin = arbitraryMember(world, [Role.ROLE_OWNER, Role.ROLE_ADMIN]);
      if (admin === undefined) return undefined;
      const { accounts, random } = world;
      const tagged = random.chance(20);
      return {
        admin: admin.address, organization: admin.organization,
        budget: {
          denom: random.pick(["udcm", "udcm", "ueur"]), member: random.chance(20) ? random.pick(accounts) : "", tagKey: tagged ? "team" : "", tagValue: tagged ? "a" : "",
          limit: random.pick(["1000000000", "1000000000", "100000", "0"]), period: random.pick([BudgetPeriod.BUDGET_PERIOD_DAY, BudgetPeriod.BUDGET_PERIOD_WEEK, BudgetPeriod.BUDGET_PERIOD_MONTH, BudgetPeriod.BUDGET_PERIOD_QUARTER, BudgetPeriod.BUDGET_PERIOD_YEAR, BudgetPeriod.BUDGET_PERIOD_TOTAL]),
        },
      };
    },
  };
}

export function checkBudget(budget: Budget): void {
  checkScope(budget);
  const limit = readAmount(budget.limit);
  if (limit === undefined || limit < 0n) fail(errors.invalidField, { field: "budget.limit", value: budget.limit, limit: "a canonical integer, not negative" });
  if (budget.period < BudgetPeriod.BUDGET_PERIOD_DAY || budget.period > BudgetPeriod.BUDGET_PERIOD_TOTAL) fail(errors.invalidField, { field: "budget.period", value: budget.period, limit: "day, week, month, quarter, year or total" });
}

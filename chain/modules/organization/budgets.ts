/** Budgets: which ones a spend is charged to, and what comes back of it. Every budget counts one calendar period at a time. */
import { BudgetPeriod, type Budget, type BudgetRecord, type Charge, type ChargedBudget, type Holding } from "../../codec/gen/dcm/organization/v1/types.ts";
import { addressBytes } from "../../codec/address.ts";
import { minInt } from "../../math/int.ts";
import { assert, fail } from "../../runtime/errors.ts";
import { enumName } from "./enums.ts";
import { errors } from "./errors.ts";
import { periodIndex } from "./periods.ts";
import { budgets, type BudgetScope } from "./state.ts";
import type { Context } from "../../runtime/context.ts";

type Scope = Pick<Budget, "member" | "tagKey" | "tagValue">;
interface Tag {
  readonly key: string;
  readonly value: string;
}

const everybody = new Uint8Array(0);
const noTag: Tag = { key: "", value: "" };

export const periodName = (period: BudgetPeriod): string => enumName(BudgetPeriod, period, "BUDGET_PERIOD_");

export const scopeOf = (denom: string, { member, tagKey, tagValue }: Scope): BudgetScope => [denom, [member === "" ? everybody : addressBytes(member), tagKey, tagValue]];

/** What a budget covers, in words. */
export function scopeText({ member, tagKey, tagValue, period }: Scope & Pick<Budget, "period">): string {
  return [member === "" ? "all members" : member, ...(tagKey === "" ? [] : [`tag ${tagKey}=${tagValue}`]), `period ${periodName(period)}`].join(", ");
}

/** The budget as it is in the present period. */
export function present(ctx: Context, record: BudgetRecord): BudgetRecord {
  const index = periodIndex(record.budget!.period, ctx.timeSeconds);
  return index === record.periodIndex ? record : { ...record, periodIndex: index, spent: "0" };
}

/** Charges an amount to every budget that covers it; fails where none does, or one has too little left. */
export function charge(ctx: Context, organization: string, member: string, denom: string, amount: bigint, tags: readonly Tag[]): Charge {
  const charged: ChargedBudget[] = [];
  for (const covered of ["", member]) {
    for (const tag of [noTag, ...tags]) {
      const scope = { member: covered, tagKey: tag.key, tagValue: tag.value };
      const key = [organization, scopeOf(denom, scope)] as const;
      const found = budgets.find(ctx, key);
      if (found === undefined) continue;
      const record = present(ctx, found);
      const [spent, limit] = [BigInt(record.spent), BigInt(record.budget!.limit)];
      const remaining = spent < limit ? limit - spent : 0n;
      if (amount > remaining) fail(errors.overBudget, { scope: scopeText(record.budget!), denom, amount, remaining, limit });
      budgets.set(ctx, key, { ...record, spent: (spent + amount).toString() });
      charged.push({ ...scope, budgetId: record.id, periodIndex: record.periodIndex });
    }
  }
  if (charged.length === 0) fail(errors.noBudget, { name: organization, denom, account: member });
  return { amount: amount.toString(), budgets: charged };
}

/** Charges that one holding remembers apart. */
const maxCharges = 16;

const sameBudgets = (a: Charge, b: Charge): boolean => a.budgets.length === b.budgets.length && a.budgets.every((one, i) => one.budgetId === b.budgets[i]!.budgetId && one.periodIndex === b.budgets[i]!.periodIndex);

/** The charges with one more. Where there are too many the oldest are forgotten: what comes back of them restores no budget any more. */
export function withCharge(charges: readonly Charge[], added: Charge): Charge[] {
  const last = charges.at(-1);
  if (last !== undefined && sameBudgets(last, added)) return [...charges.slice(0, -1), { ...last, amount: (BigInt(last.amount) + BigInt(added.amount)).toString() }];
  return [...charges, added].slice(-maxCharges);
}

/** The latest charges up to an amount, the latest last, and those that are left. */
export function splitCharges(charges: readonly Charge[], amount: bigint): { readonly taken: readonly Charge[]; readonly left: readonly Charge[] } {
  const left = [...charges];
  const taken: Charge[] = [];
  for (let rest = amount; rest > 0n; ) {
    const last = left.pop();
    if (last === undefined) break;
    const part = minInt(rest, BigInt(last.amount));
    taken.unshift({ ...last, amount: part.toString() });
    rest -= part;
    if (part < BigInt(last.amount)) left.push({ ...last, amount: (BigInt(last.amount) - part).toString() });
  }
  return { taken, left };
}

/** Gives an amount back to the budgets that it was charged to, the latest charge first, as far as their period lasts. Gives the charges that are left. */
export function restore(ctx: Context, { organization, denom, charges }: Pick<Holding, "organization" | "denom" | "charges">, amount: bigint): readonly Charge[] {
  const { taken, left } = splitCharges(charges, amount);
  for (const charge of taken) for (const charged of charge.budgets) restoreBudget(ctx, organization, denom, charged, BigInt(charge.amount));
  return left;
}

function restoreBudget(ctx: Context, organization: string, denom: string, charged: ChargedBudget, amount: bigint): void {
  const key = [organization, scopeOf(denom, charged)] as const;
  const found = budgets.find(ctx, key);
  if (found === undefined || found.id !== charged.budgetId) return;
  const record = present(ctx, found);
  if (record.periodIndex !== charged.periodIndex) return;
  const spent = BigInt(record.spent) - amount;
  assert(spent >= 0n, `budget ${record.id} of ${organization} gets back more than was charged to it`);
  budgets.set(ctx, key, { ...record, spent: spent.toString() });
}

/** Calendar periods in UTC, counted from the Unix epoch. Pure integer arithmetic on the block's time. */
import { BudgetPeriod } from "../../codec/gen/dcm/organization/v1/types.ts";
import { assert } from "../../runtime/errors.ts";

const daySeconds = 86_400n;

/** Months since January 1970 of a day since the epoch, in the Gregorian calendar. */
function monthOf(day: bigint): bigint {
  // Counted from 1 March of a year divisible by 400, leap days stand at the end of their year.
  const shifted = day + 719_468n;
  const era = shifted / 146_097n;
  const dayOfEra = shifted % 146_097n;
  const yearOfEra = (dayOfEra - dayOfEra / 1_460n + dayOfEra / 36_524n - dayOfEra / 146_096n) / 365n;
  const dayOfYear = dayOfEra - (365n * yearOfEra + yearOfEra / 4n - yearOfEra / 100n);
  const marchMonth = (5n * dayOfYear + 2n) / 153n;
  return (era * 400n + yearOfEra) * 12n + marchMonth + 2n - 1_970n * 12n;
}

/** The first day of a month, in days since the epoch. */
function firstDayOf(month: bigint): bigint {
  const shifted = month + 1_970n * 12n - 2n;
  const year = shifted / 12n;
  const yearOfEra = year % 400n;
  const dayOfYear = (153n * (shifted % 12n) + 2n) / 5n;
  return (year / 400n) * 146_097n + yearOfEra * 365n + yearOfEra / 4n - yearOfEra / 100n + dayOfYear - 719_468n;
}

const months: Readonly<Partial<Record<BudgetPeriod, bigint>>> = { [BudgetPeriod.BUDGET_PERIOD_MONTH]: 1n, [BudgetPeriod.BUDGET_PERIOD_QUARTER]: 3n, [BudgetPeriod.BUDGET_PERIOD_YEAR]: 12n };

/** Which period a time (Unix seconds, from 0 on) is in. */
export function periodIndex(period: BudgetPeriod, time: bigint): bigint {
  assert(time >= 0n, "periods are counted from the Unix epoch on");
  const day = time / daySeconds;
  if (period === BudgetPeriod.BUDGET_PERIOD_TOTAL) return 0n;
  if (period === BudgetPeriod.BUDGET_PERIOD_DAY) return day;
  // 1 January 1970 was a Thursday.
  if (period === BudgetPeriod.BUDGET_PERIOD_WEEK) return (day + 3n) / 7n;
  const length = months[period];
  assert(length !== undefined, `no such period: ${period}`);
  return monthOf(day) / length;
}

/** Unix seconds at which the period begins; undefined where it has no bound. */
export function periodStart(period: BudgetPeriod, index: bigint): bigint | undefined {
  if (period === BudgetPeriod.BUDGET_PERIOD_TOTAL) return undefined;
  if (period === BudgetPeriod.BUDGET_PERIOD_DAY) return index * daySeconds;
  if (period === BudgetPeriod.BUDGET_PERIOD_WEEK) return (index * 7n - 3n) * daySeconds;
  return firstDayOf(index * months[period]!) * daySeconds;
}

/** What a session has spent and may still spend. */
import type { Session, Spending } from "../../codec/gen/dcm/session/v1/types.ts";
import { addCoins, amountOf, fromWire, toWire, type Money } from "../../runtime/coins.ts";
import { fail } from "../../runtime/errors.ts";
import { errors } from "./errors.ts";

/** A session counts up to its own expires_tau; one millisecond later it is over, swept or not. */
export function isOver({ expiresTau }: Session, tau: bigint): boolean {
  return tau > expiresTau;
}

/** What counts as spent at tau: nothing where there is no record, or a period has begun since. */
export function spendingAt({ owner, session, period, grantedTau }: Session, recorded: Spending | undefined, tau: bigint): Spending {
  const last = recorded ?? { owner, session, spent: [], periodTau: grantedTau };
  if (period === 0n || tau < last.periodTau + period) return last;
  return { owner, session, spent: [], periodTau: last.periodTau + ((tau - last.periodTau) / period) * period };
}

/** What is spent after this came on top. Fails where that is more than the session's limit. */
export function charged({ owner, session, spendLimit }: Session, before: Spending, more: readonly Money[]): Spending {
  const limit = fromWire(spendLimit);
  const spent = fromWire(before.spent);
  const after = addCoins(spent, more);
  for (const { denom, amount } of more) {
    const most = amountOf(limit, denom);
    if (amountOf(after, denom) > most) fail(errors.overLimit, { session, owner, denom, limit: most, spent: amountOf(spent, denom), more: amount });
  }
  return { ...before, spent: toWire(after) };
}

/** What is left, of each denom that has a limit; none that is used up. */
export function leftOf({ spendLimit }: Session, { spent }: Spending): Money[] {
  const used = fromWire(spent);
  return fromWire(spendLimit).map(({ denom, amount }) => ({ denom, amount: amount - amountOf(used, denom) })).filter(({ amount }) => amount > 0n);
}

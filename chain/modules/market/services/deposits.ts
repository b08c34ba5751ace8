/** What an instance has been given, and what is left of it: used in the order in which it came, given back to whoever paid it. */
import type { Instance, InstanceDeposit } from "../../../codec/gen/dcm/market/v1/types.ts";
import { maxInt, minInt } from "../../../math/int.ts";

/** Deposits that an instance remembers apart; one that pays again right behind itself counts once. */
export const maxDeposits = 16;

export function depositedOf({ deposits }: Pick<Instance, "deposits">): bigint {
  return deposits.reduce((sum, { amount }) => sum + BigInt(amount), 0n);
}

/** Nothing of what was paid out, or is held, is in it. */
export function balanceOf(instance: Instance): bigint {
  return depositedOf(instance) - BigInt(instance.paid) - BigInt(instance.fees) - BigInt(instance.burned) - BigInt(instance.refunded) - BigInt(instance.held);
}

/** What would go back now, and to whom: of the deposits that came last first. */
export function refundsOf(instance: Instance): { readonly payer: string; readonly amount: bigint }[] {
  let left = balanceOf(instance);
  const out: { payer: string; amount: bigint }[] = [];
  for (const { payer, amount } of instance.deposits.toReversed()) {
    const back = minInt(left, BigInt(amount));
    left -= back;
    if (back > 0n) out.push({ payer, amount: back });
  }
  return out.reverse();
}

/** The deposits of the first payer in one, and what others put in; nothing of them was used yet. */
export function splitDeposits(deposits: readonly InstanceDeposit[]): { readonly kept: InstanceDeposit[]; readonly others: readonly { readonly payer: string; readonly amount: bigint }[] } {
  const payer = deposits[0]!.payer;
  const own = deposits.filter((one) => one.payer === payer);
  const others = deposits.filter((one) => one.payer !== payer).map((one) => ({ payer: one.payer, amount: BigInt(one.amount) }));
  return { kept: [{ payer, amount: depositedOf({ deposits: own }).toString() }], others };
}

/**
 * The deposits with one more; undefined where there would be too many. Whoever has one already can always add to it, though it is then used earlier: above all the payer of the
 * bid, whose is the first [dust of strangers that shuts the consumer out of its own service].
 */
export function withDeposit(deposits: readonly InstanceDeposit[], payer: string, amount: bigint): InstanceDeposit[] | undefined {
  const last = deposits.at(-1);
  if (last?.payer === payer) return [...deposits.slice(0, -1), { payer, amount: (BigInt(last.amount) + amount).toString() }];
  if (deposits.length < maxDeposits) return [...deposits, { payer, amount: amount.toString() }];
  const own = deposits.findLastIndex((one) => one.payer === payer);
  return own < 0 ? undefined : deposits.map((one, i) => (i === own ? { payer, amount: (BigInt(one.amount) + amount).toString() } : one));
}

/** Whose deposits pay `amount` out of what is used between two places in them: in proportion, the parts sum up to it. */
export function fundersOf(deposits: readonly InstanceDeposit[], from: bigint, to: bigint, amount: bigint): InstanceDeposit[] {
  const out: InstanceDeposit[] = [];
  let [reached, given] = [0n, 0n];
  for (const { payer, amount: own } of deposits) {
    const overlap = maxInt(0n, minInt(to, reached + BigInt(own)) - maxInt(from, reached));
    reached += BigInt(own);
    if (overlap === 0n) continue;
    const upTo = (amount * (minInt(to, reached) - from)) / (to - from);
    if (upTo > given) out.push({ payer, amount: (upTo - given).toString() });
    given = upTo;
  }
  return out;
}

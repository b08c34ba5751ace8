/** Money in and out of the market's account. Nothing else in the module touches the bank. */
import type { Escrow, Job } from "../../codec/gen/dcm/market/v1/types.ts";
import { addressBytes, moduleAddress } from "../../codec/address.ts";
import { assert, fail } from "../../runtime/errors.ts";
import { errors } from "./errors.ts";
import { emit } from "./events.ts";
import { escrowAccount } from "./state.ts";
import type { Context } from "../../runtime/context.ts";
import type { MarketPorts } from "./ports.ts";
import type { Settlement } from "./settlement.ts";

export const escrowAddress = moduleAddress(escrowAccount);

/** What a policy may look at before it lets money go. */
export interface SpendPolicy {
  readonly purpose: "bid" | "ask" | "profile" | "top-up" | "quotes";
  readonly classId: string;
  readonly costTags: readonly { readonly key: string; readonly value: string }[];
}

export interface Spend {
  /** Who signs. */
  readonly signer: string;
  /** Whose money it is. */
  readonly payer: string;
  /** Empty: none. */
  readonly organization: string;
  readonly denom: string;
  readonly amount: bigint;
  readonly policy: SpendPolicy;
}

/**
 * The one way by which a user's money comes into the market. For now a signer spends its own; another payer (authz) and organizations with
 * budgets and policies are refused by name.
 */
export function authorizeSpend(ctx: Context, ports: MarketPorts, spend: Spend): void {
  if (spend.payer !== spend.signer) fail(errors.notServed, { field: "payer", value: `${spend.payer} other than the signer` });
  if (spend.organization !== "") fail(errors.notServed, { field: "organization", value: spend.organization });
  if (spend.amount === 0n) return;
  ports.bank.send(ctx, addressBytes(spend.payer), ports.accounts.moduleAccount(ctx, escrowAccount), [{ denom: spend.denom, amount: spend.amount }]);
}

/** A storage deposit, in the bond denom. */
export function returnDeposit(ctx: Context, ports: MarketPorts, to: string, amount: bigint): void {
  if (amount > 0n) ports.bank.send(ctx, escrowAddress, addressBytes(to), [{ denom: ports.providers.bondDenom(ctx), amount }]);
}

/** What a bid carries, as far as money goes: a job or a service. */
export type Account = Pick<Job, "id" | "consumer" | "payer" | "organization" | "classId" | "costTags" | "escrow">;

/** Pays out of a job's escrow as the settlement says; the job's account moves with it. Gives the job as it is then. */
export function payOut(ctx: Context, ports: MarketPorts, job: Job, settlement: Settlement, taskId: bigint | undefined): Job {
  return disburse(ctx, ports, job, settlement, { job_id: job.id, task_id: taskId ?? "" });
}

/** As `payOut`, for jobs and services; `about` says in the statement line what is settled. */
export function disburse<T extends Account>(ctx: Context, ports: MarketPorts, account: T, settlement: Settlement, about: Readonly<Record<string, string | bigint | number>>): T {
  const before = account.escrow!;
  const { denom } = before;
  const coins = (amount: bigint): { denom: string; amount: bigint }[] => [{ denom, amount }];
  let paid = 0n;
  for (const { provider, amount } of settlement.payments) {
    ports.bank.send(ctx, escrowAddress, addressBytes(provider), coins(amount));
    paid += amount;
  }
  if (settlement.fee > 0n) ports.bank.send(ctx, escrowAddress, ports.accounts.moduleAccount(ctx, "fee_collector"), coins(settlement.fee));
  if (settlement.burned > 0n) ports.bank.burn(ctx, escrowAccount, coins(settlement.burned));
  const refunds = settlement.refunds ?? [{ payer: account.payer, amount: settlement.refund }];
  assert(refunds.reduce((sum, { amount }) => sum + amount, 0n) === settlement.refund, "refunds are as much as is refunded");
  for (const { payer, amount } of refunds) if (amount > 0n) ports.bank.send(ctx, escrowAddress, addressBytes(payer), coins(amount));
  const total = paid + settlement.fee + settlement.burned + settlement.refund;
  const held = BigInt(before.held) - total;
  assert(held >= 0n, `${account.classId} account ${account.id} pays ${total} out of ${before.held}`);
  const add = (text: string, amount: bigint): string => (BigInt(text) + amount).toString();
  const escrow: Escrow = {
    ...before, held: held.toString(), paid: add(before.paid, paid), fees: add(before.fees, settlement.fee),
    burned: add(before.burned, settlement.burned), refunded: add(before.refunded, settlement.refund),
  };
  emit(ctx, "EventEscrowSettled", {
    ...about, consumer: account.consumer, payer: account.payer, organization: account.organization, class_id: account.classId, denom,
    cost_tags: account.costTags.map(({ key, value }) => `${key}=${value}`).join(","), paid, fee: settlement.fee, burned: settlement.burned, refunded: settlement.refund, held,
  });
  return { ...account, escrow };
}

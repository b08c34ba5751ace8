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
  readonly purpose: "bid" | "ask" | "profile";
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

/** Pays out of a job's escrow as the settlement says; the job's account moves with it. Gives the job as it is then. */
export function payOut(ctx: Context, ports: MarketPorts, job: Job, settlement: Settlement, taskId: bigint | undefined): Job {
  const before = job.escrow!;
  const { denom } = before;
  const coins = (amount: bigint): { denom: string; amount: bigint }[] => [{ denom, amount }];
  let paid = 0n;
  for (const { provider, amount } of settlement.payments) {
    ports.bank.send(ctx, escrowAddress, addressBytes(provider), coins(amount));
    paid += amount;
  }
  if (settlement.fee > 0n) ports.bank.send(ctx, escrowAddress, ports.accounts.moduleAccount(ctx, "fee_collector"), coins(settlement.fee));
  if (settlement.burned > 0n) ports.bank.burn(ctx, escrowAccount, coins(settlement.burned));
  if (settlement.refund > 0n) ports.bank.send(ctx, escrowAddress, addressBytes(job.payer), coins(settlement.refund));
  const total = paid + settlement.fee + settlement.burned + settlement.refund;
  const held = BigInt(before.held) - total;
  assert(held >= 0n, `job ${job.id} pays ${total} out of ${before.held}`);
  const add = (text: string, amount: bigint): string => (BigInt(text) + amount).toString();
  const escrow: Escrow = {
    ...before, held: held.toString(), paid: add(before.paid, paid), fees: add(before.fees, settlement.fee),
    burned: add(before.burned, settlement.burned), refunded: add(before.refunded, settlement.refund),
  };
  emit(ctx, "EventEscrowSettled", {
    job_id: job.id, task_id: taskId ?? "", consumer: job.consumer, payer: job.payer, organization: job.organization, class_id: job.classId, denom,
    cost_tags: job.costTags.map(({ key, value }) => `${key}=${value}`).join(","), paid, fee: settlement.fee, burned: settlement.burned, refunded: settlement.refund, held,
  });
  return { ...job, escrow };
}

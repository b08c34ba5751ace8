/** Money in and out of the market's account. Nothing else in the module touches the bank. */
import type { Escrow, Job, QuoteRequest, VerificationLevel } from "../../codec/gen/dcm/market/v1/types.ts";
import { HoldingKind } from "../../codec/gen/dcm/organization/v1/types.ts";
import { addressBytes, addressText, moduleAddress } from "../../codec/address.ts";
import type { Values } from "../../codec/event-log.ts";
import { addCoins, type Money } from "../../runtime/coins.ts";
import { assert, fail } from "../../runtime/errors.ts";
import { errors } from "./errors.ts";
import { billedTo, emit } from "./events.ts";
import { factsOf } from "./mandates.ts";
import { escrowAccount } from "./state.ts";
import type { Context } from "../../runtime/context.ts";
import type { Party } from "../bank/ports.ts";
import type { HoldingRef } from "../organization/ports.ts";
import type { ProviderView } from "../staking/providers/ports.ts";
import type { MarketPorts } from "./ports.ts";
import type { Settlement } from "./settlement.ts";

export const escrowAddress = moduleAddress(escrowAccount);
const escrow: Party = { address: escrowAddress, text: addressText(escrowAddress) };
const partyOf = (text: string): Party => ({ address: addressBytes(text), text });

/** What an organization's policy may look at before it lets money go. */
export interface SpendPolicy {
  readonly purpose: "bid" | "ask" | "profile" | "top-up" | "quotes";
  readonly classId: string;
  readonly costTags: readonly { readonly key: string; readonly value: string }[];
  /** Absent: a service, which nothing verifies. "any": not known yet. */
  readonly verification?: VerificationLevel | "any";
  /** Whose ask it is, where that is agreed already. */
  readonly provider?: ProviderView;
}

export interface Spend {
  /** Who signs. */
  readonly signer: string;
  /** As the message has it; empty: the organization's account, or the signer's own. */
  readonly payer: string;
  /** Empty: none. */
  readonly organization: string;
  /** What it is held for; of asks and profiles, for which no organization pays: nothing. */
  readonly holding?: HoldingRef;
  readonly coins: readonly Money[];
  readonly policy: SpendPolicy;
}

/** Whose money a bid spends. Another account's than the signer's, or its organization's, is refused by name. */
export function payerOf(ports: MarketPorts, { signer, payer, organization }: Pick<Spend, "signer" | "payer" | "organization">): string {
  if (organization === "" && payer !== "" && payer !== signer) fail(errors.notServed, { field: "payer", value: `${payer} other than the signer` });
  return ports.organizations.payerOf({ signer, payer, organization });
}

export const holdingOf = (subject: bigint): HoldingRef => ({ kind: HoldingKind.HOLDING_KIND_BID, id: subject });
export const requestHolding = (id: bigint): HoldingRef => ({ kind: HoldingKind.HOLDING_KIND_REQUEST, id });

/** The one way by which a user's money comes into the market: a signer's own, or that of its organization, within role, policy and budgets. */
export function authorizeSpend(ctx: Context, ports: MarketPorts, { policy: { purpose, classId, costTags, verification, provider }, holding = holdingOf(0n), ...spend }: Spend): void {
  const coins = spend.coins.reduce<Money[]>((sum, { denom, amount }) => (amount > 0n ? addCoins(sum, [{ denom, amount }]) : sum), []);
  ports.organizations.authorizeSpend(ctx, {
    ...spend, payer: payerOf(ports, spend), coins, into: escrowAccount, holding, purpose, costTags, work: { classId, ...(verification === undefined ? {} : { verification }) },
    ...(provider === undefined ? {} : { provider: factsOf(ctx, ports, provider) }),
  });
}

/** A storage deposit, in the bond denom. */
export function returnDeposit(ctx: Context, ports: MarketPorts, to: string, amount: bigint): void {
  if (amount > 0n) ports.bank.send(ctx, escrowAddress, addressBytes(to), [{ denom: ports.providers.bondDenom(ctx), amount }]);
}

/** That of a request for quotes; of an organization's money, its budgets hear of it. */
export function returnRequestDeposit(ctx: Context, ports: MarketPorts, { id, payer, storageDeposit }: QuoteRequest): void {
  const amount = BigInt(storageDeposit);
  if (amount > 0n) ports.organizations.refund(ctx, escrowAddress, requestHolding(id), payer, [{ denom: ports.providers.bondDenom(ctx), amount }]);
  ports.organizations.close(ctx, requestHolding(id));
}

/** The storage deposit of a job or service that is pruned; of an organization's money, its budgets hear of it. */
export function returnBidDeposit(ctx: Context, ports: MarketPorts, { id, payer, escrow }: Account): void {
  const amount = BigInt(escrow!.storageDeposit);
  if (amount > 0n) ports.organizations.refund(ctx, escrowAddress, holdingOf(id), payer, [{ denom: ports.providers.bondDenom(ctx), amount }]);
  ports.organizations.close(ctx, holdingOf(id));
}

/** What a bid carries, as far as money goes: a job or a service. */
export type Account = Pick<Job, "id" | "consumer" | "payer" | "organization" | "classId" | "costTags" | "escrow">;

/** Of what is paid: which use it is for. */
export interface UsageLine {
  readonly provider: string;
  readonly providerOrganization: string;
  readonly jurisdiction: string;
  readonly leaseId: bigint;
  /** For one lot. */
  readonly price: bigint;
  /** Whole lots that the payment brings to an end. */
  readonly lots: bigint;
  /** Of a service: the time that is paid for. */
  readonly fromTau?: bigint;
  readonly toTau?: bigint;
}

/** Pays out of a job's escrow as the settlement says; the job's account moves with it. Gives the job as it is then. */
export function payOut(ctx: Context, ports: MarketPorts, job: Job, settlement: Settlement, taskId: bigint | undefined, lines: readonly UsageLine[] = []): Job {
  return disburse(ctx, ports, job, settlement, { job_id: job.id, task_id: taskId ?? "" }, lines);
}

/** As `payOut`, for jobs and services; `about` says in the event what is settled, `lines` for what each payment is, in their order. */
export function disburse<T extends Account>(ctx: Context, ports: MarketPorts, account: T, settlement: Settlement, about: Values, lines: readonly UsageLine[] = []): T {
  const before = account.escrow!;
  const { denom } = before;
  const parts: { to: Party; amount: bigint }[] = [];
  let paid = 0n;
  for (const { provider, amount } of settlement.payments) {
    parts.push({ to: partyOf(provider), amount });
    paid += amount;
  }
  if (settlement.fee > 0n) {
    const address = ports.accounts.moduleAccount(ctx, "fee_collector");
    parts.push({ to: { address, text: addressText(address) }, amount: settlement.fee });
  }
  const refunds = settlement.refunds ?? [{ payer: account.payer, amount: settlement.refund }];
  let refunded = 0n;
  for (const { payer, amount } of refunds) {
    if (amount > 0n) parts.push({ to: partyOf(payer), amount });
    refunded += amount;
  }
  assert(refunded === settlement.refund, "refunds are as much as is refunded");
  ports.bank.divide(ctx, escrow, denom, parts);
  if (settlement.burned > 0n) ports.bank.burn(ctx, escrowAccount, [{ denom, amount: settlement.burned }]);
  for (const { payer, amount } of refunds) if (amount > 0n) ports.organizations.refunded(ctx, holdingOf(account.id), payer, [{ denom, amount }]);
  const total = paid + settlement.fee + settlement.burned + settlement.refund;
  const held = BigInt(before.held) - total;
  assert(held >= 0n, `${account.classId} account ${account.id} pays ${total} out of ${before.held}`);
  const add = (text: string, amount: bigint): string => (amount === 0n ? text : (BigInt(text) + amount).toString());
  const next: Escrow = {
    ...before, held: held.toString(), paid: add(before.paid, paid), fees: add(before.fees, settlement.fee),
    burned: add(before.burned, settlement.burned), refunded: add(before.refunded, settlement.refund),
  };
  const billed = billedTo(account);
  emit(ctx, "EventEscrowSettled", about, billed, { denom, paid, fee: settlement.fee, burned: settlement.burned, refunded: settlement.refund, held });
  reportUsage(ctx, denom, settlement, paid, about, billed, lines);
  return { ...account, escrow: next };
}

/** One statement line for each payment, with its share of the fee: the shares sum up to the fee, the last takes what rounding leaves. */
function reportUsage(ctx: Context, denom: string, { payments, fee }: Settlement, total: bigint, about: Values, billed: Values, lines: readonly UsageLine[]): void {
  let [paid, shared] = [0n, 0n];
  for (const { provider, amount } of payments) {
    const line = lines.find((one) => one.provider === provider);
    assert(line !== undefined, `${provider} is paid for no use`);
    paid += amount;
    const share = (fee * paid) / total - shared;
    shared += share;
    const use = { lease_id: line.leaseId, provider, provider_organization: line.providerOrganization, jurisdiction: line.jurisdiction };
    const payment = { lots: line.lots, price: line.price, denom, amount, fee: share };
    // Of a service `about` has some of the keys too: each is said once, in its first place.
    if (line.fromTau === undefined) emit(ctx, "EventUsagePaid", about, use, billed, payment);
    else emit(ctx, "EventUsagePaid", { ...about, ...use, ...billed, ...payment, from_tau: line.fromTau, to_tau: line.toTau! });
  }
}

/** Pay that waits for its acceptance: until the window is over, the consumer accepts, or a dispute has its verdict. It stays in the escrow of its job or service. */
import { type Hold, type Instance, type Job, type Service, type Task } from "../../codec/gen/dcm/market/v1/types.ts";
import { addressBytes } from "../../codec/address.ts";
import { mulDivFloor } from "../../math/int.ts";
import { assert } from "../../runtime/errors.ts";
import { loadJob, saveJob } from "./bids.ts";
import { payOut, type UsageLine } from "./escrow.ts";
import { emit, replicaChanged } from "./events.ts";
import { countSettled } from "./prices.ts";
import { rateOf } from "./rate.ts";
import { part, type Settlement } from "./settlement.ts";
import { holdQueue, holds, tasks } from "./state.ts";
import { finished } from "./task-run.ts";
import type { Context } from "../../runtime/context.ts";
import type { HoldRef, MarketPorts } from "./ports.ts";

/** In milliseconds of tau. */
export const leastWindow = 1_000n;

/** How long what a job's tasks earned can be disputed; 0: not at all. */
export const windowOf = ({ acceptance }: Pick<Job, "acceptance">): bigint => acceptance?.window ?? 0n;

/** How long a provider waits at most for what is held of a service: what is earned as a period begins is paid a window behind its end. 0: nothing is held. */
export const waitOf = ({ acceptance }: Pick<Service, "acceptance">): bigint => (acceptance === undefined ? 0n : acceptance.period + acceptance.window);

/** Of pay that has accrued in all, what of it is held at first. What is paid at once is the rest, so neither depends on how often it is settled. */
export const withheldOf = (accrued: bigint, { acceptance }: Pick<Service, "acceptance">): bigint => part(accrued, acceptance?.heldBps ?? 0);

/** What an instance has paid at once: what was never held. */
export const paidAtOnce = ({ accrued }: Pick<Instance, "accrued">, service: Pick<Service, "acceptance">): bigint => BigInt(accrued) - withheldOf(BigInt(accrued), service);

/** Pay and fee. */
export const heldAmount = ({ payments, fee }: Hold): bigint => payments.reduce((sum, { amount }) => sum + BigInt(amount), BigInt(fee));

export const refOf = ({ taskId, instanceId, period }: Pick<Hold, "taskId" | "instanceId" | "period">): HoldRef => (instanceId === 0n ? { id: taskId, period: 0n } : { id: instanceId, period });

/** In errors. */
export const heldText = ({ id, period }: HoldRef): string => (period === 0n ? `task or instance ${id}` : `period ${period} of instance ${id}`);

/** Of what it is held, in events. */
export const heldOf = (hold: Hold): { readonly [key: string]: bigint } =>
  (hold.instanceId === 0n ? { task_id: hold.taskId, job_id: hold.jobId } : { instance_id: hold.instanceId, service_id: hold.serviceId, period: hold.period });

export function findHold(ctx: Context, { id, period }: HoldRef): Hold | undefined {
  return holds.find(ctx, [id, period]);
}

/** Writes it, with its place in the queue, which it has as long as no case decides on it. */
export function saveHold(ctx: Context, before: Hold | undefined, hold: Hold): void {
  const { id, period } = refOf(hold);
  holds.set(ctx, [id, period], hold);
  if (before !== undefined) holdQueue.remove(ctx, [before.dueTau, id, period]);
  if (hold.caseId === 0n) holdQueue.set(ctx, [hold.dueTau, id, period], true);
}

export function removeHold(ctx: Context, hold: Hold): void {
  const { id, period } = refOf(hold);
  holds.remove(ctx, [id, period]);
  holdQueue.remove(ctx, [hold.dueTau, id, period]);
}

/** What is held is so much now. */
export function holdChanged(ctx: Context, hold: Hold, { consumer, quoteDenom }: Pick<Job, "consumer" | "quoteDenom">): void {
  emit(ctx, "EventPaymentHeld", { ...heldOf(hold), consumer, providers: hold.payments.map(({ provider }) => provider).join(","), amount: heldAmount(hold), denom: quoteDenom, due_tau: hold.dueTau });
}

/** The task is FINAL: what it earned waits, what it did not need goes back at once. Gives the job as it is then; its counts are the caller's. */
export function openHold(ctx: Context, ports: MarketPorts, job: Job, before: Task, { payments, fee, refund }: Settlement): Job {
  const sinceTau = ports.clock.tau(ctx);
  const hold: Hold = {
    taskId: before.id, jobId: job.id, serviceId: 0n, instanceId: 0n, period: 0n, sinceTau, untilTau: sinceTau, dueTau: sinceTau + windowOf(job), caseId: 0n, fee: fee.toString(), funders: [],
    payments: payments.map(({ provider, amount }) => {
      const { organization, price, stake } = before.replicas.find((one) => one.provider === provider)!;
      return { provider, organization, amount: amount.toString(), price, stake };
    }),
  };
  saveHold(ctx, undefined, hold);
  holdChanged(ctx, hold, job);
  return refund === 0n ? job : payOut(ctx, ports, job, { payments: [], fee: 0n, burned: 0n, refund }, hold.taskId);
}

/** Why a hold ended. */
export type HoldReason = "accepted" | "expired" | "decided";

/** Divides what is held: of each payment the share in 1/10,000, and of the fee what belongs to that, rounded down; the rest goes back. */
export function divide(hold: Hold, shareBps: number): Settlement & { readonly paid: bigint } {
  const payments = hold.payments.map(({ provider, amount }) => ({ provider, amount: part(BigInt(amount), shareBps) })).filter(({ amount }) => amount > 0n);
  const paid = payments.reduce((sum, { amount }) => sum + amount, 0n);
  const fee = paid === 0n ? 0n : mulDivFloor(BigInt(hold.fee), paid, heldAmount(hold) - BigInt(hold.fee));
  return { payments, fee, burned: 0n, refund: heldAmount(hold) - paid - fee, paid };
}

export function holdEnded(ctx: Context, hold: Hold, consumer: string, reason: HoldReason, shareBps: number, { paid, fee, refund }: ReturnType<typeof divide>): void {
  emit(ctx, "EventHoldEnded", { ...heldOf(hold), consumer, reason, case_id: hold.caseId, provider_share_bps: shareBps, paid, fee, refunded: refund });
}

/** Ends the hold of a task. */
export function endTaskHold(ctx: Context, ports: MarketPorts, hold: Hold, shareBps: number, reason: HoldReason): void {
  const job = loadJob(ctx, hold.jobId);
  removeHold(ctx, hold);
  const settlement = divide(hold, shareBps);
  const task = tasks.find(ctx, hold.taskId);
  assert(task !== undefined, `pay of task ${hold.taskId} was held, and its record is missing`);
  const paid = payOut(ctx, ports, job, settlement, hold.taskId, settlement.payments.map(({ provider, amount }): UsageLine => {
    const { organization, jurisdiction, leaseId, price } = task.replicas.find((one) => one.provider === provider)!;
    return { provider, providerOrganization: organization, jurisdiction, leaseId, price, lots: amount / price };
  }));
  settlement.payments.forEach(({ provider, amount }) => {
    const { worth, outcome } = finished(provider, amount, rateOf(job));
    ports.providers.record(ctx, addressBytes(provider), outcome, worth);
    const { price, stake } = hold.payments.find((one) => one.provider === provider)!;
    if (settlement.fee > 0n) countSettled(ctx, ports, job, { provider, amount, lots: amount / price, stake: BigInt(stake) });
  });
  notePaid(ctx, job, task, settlement);
  holdEnded(ctx, hold, job.consumer, reason, shareBps, settlement);
  saveJob(ctx, ports, { ...paid, tasksHeld: paid.tasksHeld - 1 });
}

/** What each replica got in the end stands in the task. */
function notePaid(ctx: Context, job: Job, task: Task, { payments }: Settlement): void {
  const paid = new Map(payments.map(({ provider, amount }) => [provider, amount]));
  const next = { ...task, replicas: task.replicas.map((one) => (paid.has(one.provider) ? { ...one, paid: paid.get(one.provider)!.toString() } : one)) };
  tasks.set(ctx, task.id, next);
  for (const replica of next.replicas) if (paid.has(replica.provider)) replicaChanged(ctx, next, job, replica);
}

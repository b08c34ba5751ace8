/** Pay of FINAL tasks that waits for its acceptance: until the window is over, the consumer accepts, or a dispute has its verdict. It stays in the escrow of its job. */
import { type Hold, type Job, type Task } from "../../codec/gen/dcm/market/v1/types.ts";
import { addressBytes } from "../../codec/address.ts";
import { assert } from "../../runtime/errors.ts";
import { loadJob, saveJob } from "./bids.ts";
import { payOut, type UsageLine } from "./escrow.ts";
import { emit, replicaChanged } from "./events.ts";
import { paramsAt } from "./params.ts";
import { countSettled } from "./prices.ts";
import { rateOf } from "./rate.ts";
import { part, settle, type Settlement } from "./settlement.ts";
import { dueKinds, holds, reschedule, schedule, tasks } from "./state.ts";
import { finished } from "./task-machine.ts";
import type { Context } from "../../runtime/context.ts";
import type { HeldPay, HoldsPort, MarketPorts } from "./ports.ts";

/** In milliseconds of tau. */
export const leastWindow = 1_000n;

/** How long what a job's tasks earned can be disputed; 0: not at all. */
export const windowOf = (job: Job): bigint => job.acceptance?.window ?? 0n;

/** Pay and fee. */
export const heldAmount = ({ payments, fee }: Hold): bigint => payments.reduce((sum, { amount }) => sum + BigInt(amount), BigInt(fee));

/** The task is FINAL: what it earned waits, what it did not need goes back at once. Gives the job as it is then; its counts are the caller's. */
export function openHold(ctx: Context, ports: MarketPorts, job: Job, before: Task, { payments, fee, refund }: Settlement): Job {
  const sinceTau = ports.clock.tau(ctx);
  const hold: Hold = {
    taskId: before.id, jobId: job.id, sinceTau, dueTau: sinceTau + windowOf(job), caseId: 0n, fee: fee.toString(),
    payments: payments.map(({ provider, amount }) => {
      const { organization, price, stake } = before.replicas.find((one) => one.provider === provider)!;
      return { provider, organization, amount: amount.toString(), price, stake };
    }),
  };
  holds.set(ctx, hold.taskId, hold);
  schedule(ctx, hold.dueTau, dueKinds.hold, hold.taskId);
  emit(ctx, "EventPaymentHeld", {
    task_id: hold.taskId, job_id: job.id, consumer: job.consumer, providers: payments.map(({ provider }) => provider).join(","), amount: heldAmount(hold), denom: job.quoteDenom, due_tau: hold.dueTau,
  });
  return refund === 0n ? job : payOut(ctx, ports, job, { payments: [], fee: 0n, burned: 0n, refund }, hold.taskId);
}

/** Why a hold ended. */
export type HoldReason = "accepted" | "expired" | "decided";

/** Divides what is held: of each payment the share in 1/10,000, rounded down, and the fee on that; the rest goes back to the payer. */
export function endHold(ctx: Context, ports: MarketPorts, hold: Hold, shareBps: number, reason: HoldReason): void {
  const job = loadJob(ctx, hold.jobId);
  reschedule(ctx, dueKinds.hold, hold.taskId, hold.caseId === 0n ? hold.dueTau : 0n, 0n);
  holds.remove(ctx, hold.taskId);
  const payments = hold.payments.map(({ provider, amount }) => ({ provider, amount: part(BigInt(amount), shareBps) }));
  const settlement = settle(heldAmount(hold), payments, 0n, paramsAt(ctx, job.paramsVersion).feeBps);
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
  emit(ctx, "EventHoldEnded", { task_id: hold.taskId, job_id: job.id, consumer: job.consumer, reason, case_id: hold.caseId, provider_share_bps: shareBps, paid: heldAmount(hold) - settlement.fee - settlement.refund, fee: settlement.fee, refunded: settlement.refund });
  saveJob(ctx, ports, { ...paid, tasksHeld: paid.tasksHeld - 1 });
}

/** What each replica got in the end stands in the task. */
function notePaid(ctx: Context, job: Job, task: Task, { payments }: Settlement): void {
  const paid = new Map(payments.map(({ provider, amount }) => [provider, amount]));
  const next = { ...task, replicas: task.replicas.map((one) => (paid.has(one.provider) ? { ...one, paid: paid.get(one.provider)!.toString() } : one)) };
  tasks.set(ctx, task.id, next);
  for (const replica of next.replicas) if (paid.has(replica.provider)) replicaChanged(ctx, next, job, replica);
}

/** The window is over and nobody opened a case. */
export function overdueHold(ctx: Context, ports: MarketPorts, taskId: bigint): void {
  const hold = holds.find(ctx, taskId);
  if (hold?.caseId === 0n && hold.dueTau < ports.clock.tau(ctx)) endHold(ctx, ports, hold, 10_000, "expired");
}

function heldPay(ctx: Context, hold: Hold): HeldPay {
  const { consumer, payer, organization, quoteDenom, acceptance } = loadJob(ctx, hold.jobId);
  const { taskId, jobId, dueTau, caseId } = hold;
  return {
    taskId, jobId, consumer, payer, organization, denom: quoteDenom, amount: heldAmount(hold), dueTau, caseId, defaultShareBps: acceptance!.providerShareBps,
    providers: hold.payments.map(({ provider, organization: of }) => ({ provider, organization: of })),
  };
}

export function holdsOf(ports: MarketPorts): HoldsPort {
  const held = (ctx: Context, taskId: bigint): Hold => {
    const hold = holds.find(ctx, taskId);
    assert(hold !== undefined, `nothing is held of task ${taskId}`);
    return hold;
  };
  return {
    find(ctx, taskId) {
      const hold = holds.find(ctx, taskId);
      return hold === undefined ? undefined : heldPay(ctx, hold);
    },
    undisputed(ctx, limit) {
      const out: HeldPay[] = [];
      for (const [, hold] of holds.entries(ctx)) {
        if (out.length === limit) break;
        if (hold.caseId === 0n) out.push(heldPay(ctx, hold));
      }
      return out;
    },
    hold(ctx, taskId, caseId) {
      const hold = held(ctx, taskId);
      assert(hold.caseId === 0n && caseId !== 0n, `the pay of task ${taskId} waits for case ${hold.caseId} already`);
      reschedule(ctx, dueKinds.hold, taskId, hold.dueTau, 0n);
      holds.set(ctx, taskId, { ...hold, caseId });
    },
    split(ctx, taskId, providerShareBps) {
      const hold = held(ctx, taskId);
      assert(hold.caseId !== 0n, `the pay of task ${taskId} waits for no case`);
      endHold(ctx, ports, hold, providerShareBps, "decided");
    },
  };
}

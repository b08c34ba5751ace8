/** Events, all of package dcm.market.v1. Those of orders are enough to rebuild every book; the README lists their attributes. */
import {
  InstanceState, OrderStatus, ReplicaState, StageState, TaskState, Term, TimeInForce, VerificationLevel, type Ask, type Bid, type Instance, type Job, type Lease, type Premium, type Profile, type Replica, type Service, type Stage, type Task,
} from "../../codec/gen/dcm/market/v1/types.ts";
import { toHex } from "../../codec/bytes.ts";
import type { Values } from "../../codec/event-log.ts";
import { rateOf } from "./rate.ts";
import { tagsText } from "../organization/ports.ts";
import type { Context } from "../../runtime/context.ts";

/** Names with their package: joined once. */
const types = new Map<string, string>();

export function emit(ctx: Context, name: string, ...groups: readonly Values[]): void {
  let type = types.get(name);
  if (type === undefined) types.set(name, (type = `dcm.market.v1.${name}`));
  ctx.log.addValues(type, ...groups);
}

/** Of each enum, the names of its values without the prefix that all of them have. */
const enumNames = new Map<Readonly<Record<string, number>>, Map<number, string>>();

/** The enum value's name without its prefix, in lower case: `open`. */
export function enumName(type: Readonly<Record<string, number>>, value: number, prefix: string): string {
  let known = enumNames.get(type);
  if (known === undefined) {
    // Of two names for one value the first counts.
    known = new Map(Object.entries(type).reverse().map(([name, number]) => [number, name.slice(prefix.length).toLowerCase()]));
    enumNames.set(type, known);
  }
  return known.get(value) ?? String(value);
}
export const taskStateName = (state: TaskState): string => enumName(TaskState, state, "TASK_STATE_");
export const replicaStateName = (state: ReplicaState): string => enumName(ReplicaState, state, "REPLICA_STATE_");
export const stageName = (state: StageState): string => enumName(StageState, state, "STAGE_STATE_");
export const statusName = (status: OrderStatus): string => enumName(OrderStatus, status, "ORDER_STATUS_");
export const termName = (term: Term): string => enumName(Term, term === Term.TERM_UNSPECIFIED ? Term.TERM_SPOT : term, "TERM_");
export const instanceStateName = (state: InstanceState): string => enumName(InstanceState, state, "INSTANCE_STATE_");
export const levelName = (level: VerificationLevel): string => enumName(VerificationLevel, level, "VERIFICATION_LEVEL_");

export function askPlaced(ctx: Context, ask: Ask): void {
  emit(ctx, "EventAskPlaced", {
    ask_id: ask.id, provider: ask.provider, organization: ask.organization, class_id: ask.classId, quote_denom: ask.quoteDenom,
    base_price: ask.basePrice, units: ask.units, term: termName(ask.term), reclaim_notice: ask.reclaimNotice, premiums: premiumsText(ask.premiums), max_colocated: ask.maxColocated, available_from: ask.availableFrom,
    available_until: ask.availableUntil, expires_tau: ask.expiresTau, storage_deposit: ask.storageDeposit,
    reserved_for: ask.reservedFor, request_id: ask.requestId, position_id: ask.positionId, max_acceptance_window: ask.maxAcceptanceWindow, levels: ask.levels.map(levelName).join(),
  });
}

/** Whose money it is, and what it is accounted for under: of a job or service, for statements. */
export function billedTo({ consumer, payer, organization, classId, costTags }: Pick<Job, "consumer" | "payer" | "organization" | "classId" | "costTags">): Readonly<Record<string, string>> {
  return { consumer, payer, organization, class_id: classId, cost_tags: tagsText(costTags) };
}


/** As `key=value:price`, joined by commas. */
export function premiumsText(premiums: readonly Premium[]): string {
  return premiums.map(({ attribute, price }) => `${attribute!.key}=${attribute!.value}:${price}`).join(",");
}

/** What a bid carries, by its id. */
export function subjectOf({ id, service }: Pick<Bid, "id" | "service">): { readonly [key: string]: bigint } {
  return service ? { service_id: id } : { job_id: id };
}

/** Another price, and another place among equals, from this height on. */
export function askReplaced(ctx: Context, ask: Ask): void {
  emit(ctx, "EventAskReplaced", {
    ask_id: ask.id, provider: ask.provider, class_id: ask.classId, quote_denom: ask.quoteDenom, base_price: ask.basePrice, premiums: premiumsText(ask.premiums), expires_tau: ask.expiresTau,
  });
}

export function bidReplaced(ctx: Context, bid: Bid, backing: Pick<Job, "escrow">): void {
  emit(ctx, "EventBidReplaced", {
    bid_id: bid.id, ...subjectOf(bid), consumer: bid.consumer, class_id: bid.classId, quote_denom: bid.quoteDenom, limit_price: bid.limitPrice, expires_tau: bid.expiresTau, escrow: backing.escrow!.held,
  });
}

export function profileChanged(ctx: Context, name: "EventProfileRegistered" | "EventProfileRetired", profile: Profile): void {
  emit(ctx, name, {
    class_id: profile.classId, quote_denom: profile.quoteDenom, profile_id: profile.id, registrant: profile.registrant, deposit: profile.deposit,
    requirements: profile.requirements.map(({ attribute, attested, auditors }) => `${attribute!.key}=${attribute!.value}${attested ? `:attested${auditors.map((auditor) => `:${auditor}`).join("")}` : ""}`).join(","),
    preferences: profile.preferences.map(({ attribute, worth }) => `${attribute!.key}=${attribute!.value}:${worth}`).join(","),
  });
}

/** Free units or status changed. */
export function askChanged(ctx: Context, ask: Ask, listed: boolean): void {
  emit(ctx, "EventAskChanged", {
    ask_id: ask.id, provider: ask.provider, class_id: ask.classId, quote_denom: ask.quoteDenom, base_price: ask.basePrice,
    free_units: ask.freeUnits, held_units: ask.heldUnits, units: ask.units, status: statusName(ask.status), listed: String(listed),
  });
}

export function bidPlaced(ctx: Context, bid: Bid, job: Job): void {
  emit(ctx, "EventBidPlaced", {
    bid_id: bid.id, job_id: job.id, consumer: bid.consumer, organization: bid.organization, class_id: bid.classId, quote_denom: bid.quoteDenom,
    limit_price: bid.limitPrice, lots: bid.lots, tasks: job.spec!.tasks, stages: job.spec!.stages.length, profile_id: bid.profileId, min_colocated: bid.minColocated,
    time_in_force: enumName(TimeInForce, bid.timeInForce, "TIME_IN_FORCE_"), verification: levelName(job.verification), k: job.k,
    expires_tau: bid.expiresTau, escrow: job.escrow!.deposited, storage_deposit: job.escrow!.storageDeposit, bond_units: rateOf(job).bondUnits, quote_units: rateOf(job).quoteUnits, ask_id: bid.askId,
  });
}

/** Its tasks are in the book. */
export function stageOpened(ctx: Context, job: Job, stage: Stage): void {
  emit(ctx, "EventStageOpened", { job_id: job.id, stage: stage.index, consumer: job.consumer, first_task: stage.firstTask, tasks: stage.tasks });
}

/** The stages before it are FINAL, its inputs are waited for. */
export function stageReady(ctx: Context, job: Job, stage: Stage): void {
  emit(ctx, "EventStageReady", { job_id: job.id, stage: stage.index, consumer: job.consumer, inputs_due_tau: stage.inputsDueTau });
}

export function inputsCame(ctx: Context, job: Job, stage: Stage, inputRoot: Uint8Array): void {
  emit(ctx, "EventStageInputsSupplied", { job_id: job.id, stage: stage.index, consumer: job.consumer, input_root: toHex(inputRoot) });
}

export function stageFinal(ctx: Context, job: Job, stage: Stage): void {
  emit(ctx, "EventStageFinal", { job_id: job.id, stage: stage.index, consumer: job.consumer, tasks: stage.tasks });
}

/** It never opened, or a task of it is CLOSED. */
export function stageClosed(ctx: Context, job: Job, stage: Stage): void {
  emit(ctx, "EventStageClosed", { job_id: job.id, stage: stage.index, consumer: job.consumer, close_reason: stage.closeReason, opened: String(stage.openedTau !== 0n) });
}

export function bidChanged(ctx: Context, bid: Bid, openTasks: number): void {
  emit(ctx, "EventBidChanged", {
    bid_id: bid.id, ...subjectOf(bid), consumer: bid.consumer, class_id: bid.classId, quote_denom: bid.quoteDenom, limit_price: bid.limitPrice,
    open_tasks: openTasks, status: statusName(bid.status), listed: String(bid.status === OrderStatus.ORDER_STATUS_OPEN && bid.askId === 0n),
  });
}

export function leaseCreated(ctx: Context, lease: Lease, of: Pick<Bid, "id" | "service">): void {
  emit(ctx, "EventLeaseCreated", {
    lease_id: lease.id, ...subjectOf(of), bid_id: lease.jobId, ask_id: lease.askId, provider: lease.provider, consumer: lease.consumer,
    class_id: lease.classId, quote_denom: lease.quoteDenom, units: lease.units, lots: lease.lots, price: lease.price,
    drawn: String(lease.drawn), term: termName(lease.term), reclaim_notice: lease.reclaimNotice, params_version: lease.paramsVersion,
    organization: lease.organization, cost_tags: tagsText(lease.costTags), jurisdiction: lease.jurisdiction,
  });
}

/** For books: a service's bid is as a job's, without what is a matter of verification. */
export function serviceBidPlaced(ctx: Context, bid: Bid, service: Service): void {
  emit(ctx, "EventBidPlaced", {
    bid_id: bid.id, ...subjectOf(bid), consumer: bid.consumer, organization: bid.organization, class_id: bid.classId, quote_denom: bid.quoteDenom,
    limit_price: bid.limitPrice, lots: bid.lots, tasks: bid.tasks, profile_id: bid.profileId, min_colocated: bid.minColocated,
    time_in_force: enumName(TimeInForce, bid.timeInForce, "TIME_IN_FORCE_"), term: termName(bid.term), reclaim_notice: bid.reclaimNotice,
    expires_tau: bid.expiresTau, escrow: service.escrow!.deposited, storage_deposit: service.escrow!.storageDeposit, sla: slaText(service), acceptance: acceptanceText(service),
  });
}

/** As `availability:latency:period:credit`; empty where there is none. */
function slaText({ sla }: Service): string {
  return sla === undefined ? "" : [sla.minAvailabilityBps, sla.maxLatencyMs, sla.periodMs, sla.creditBps].join(":");
}

/** As `held share:period:window:provider's share`; empty where there is none. */
function acceptanceText({ acceptance }: Service): string {
  return acceptance === undefined ? "" : [acceptance.heldBps, acceptance.period, acceptance.window, acceptance.providerShareBps].join(":");
}

export function instanceChanged(ctx: Context, instance: Instance, service: Service): void {
  emit(ctx, "EventInstanceChanged", {
    instance_id: instance.id, service_id: service.id, consumer: service.consumer, provider: instance.provider, lease_id: instance.leaseId, ask_id: instance.askId,
    state: instanceStateName(instance.state), price: instance.price, stake: instance.stake, slashed: instance.slashed, paid: instance.paid, unpaid: instance.unpaid,
    misses: instance.misses, close_reason: instance.closeReason, reclaim_tau: instance.reclaimTau, due_tau: instance.dueTau,
  });
}

export function taskChanged(ctx: Context, task: Task, job: Job): void {
  emit(ctx, "EventTaskChanged", {
    task_id: task.id, job_id: job.id, consumer: job.consumer, state: taskStateName(task.state), price: task.price, lots: task.lots,
    misses: task.misses, close_reason: task.closeReason, due_tau: task.dueTau,
  });
}

export function replicaChanged(ctx: Context, task: Task, job: Job, replica: Replica): void {
  emit(ctx, "EventReplicaChanged", {
    task_id: task.id, job_id: job.id, provider: replica.provider, consumer: job.consumer, ask_id: replica.askId, lease_id: replica.leaseId,
    state: replicaStateName(replica.state), round: replica.round, price: replica.price, stake: replica.stake, paid: replica.paid, slashed: replica.slashed, due_tau: replica.dueTau,
  });
}

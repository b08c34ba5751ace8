/** Genesis: classes and parameters at the least; everything where a chain is exported. Indexes and queues are made anew from the records. */
import { GenesisState, type ProfileRecord } from "../../codec/gen/dcm/market/v1/genesis.ts";
import { OrderStatus, ProfileDemand, TaskState, type Ask, type Bid, type Draw, type Instance, type Job, type ProbeRound, type Profile, type Service } from "../../codec/gen/dcm/market/v1/types.ts";
import { addressBytes, addressText } from "../../codec/address.ts";
import { readAmount } from "../../runtime/coins.ts";
import { bare, bookOf, lifetimeOf, listAsk } from "./asks.ts";
import { isImmediate, isTerminal, listForOrganization, loadBacking, shownBid } from "./bids.ts";
import { markDirty, openBook } from "./books.ts";
import { checkClass, cpuSmall, rv32Core, wasmCore } from "./classes.ts";
import { followProvider } from "./followers.ts";
import { followOrganization } from "./bid-followers.ts";
import { refOf, saveHold } from "./holds.ts";
import { defaultParams, paramsAt, paramsFault } from "./params.ts";
import { scheduleHour } from "./prices.ts";
import { leftOf, noteEnded, wake } from "./reserved.ts";
import { contentOf, countJob, demandOf } from "./profiles.ts";
import { checkQuoteDenom, maxQuoteDenoms, rateFault } from "./quote-denoms.ts";
import { queueDraw } from "./draw-queue.ts";
import { isHeld, streams } from "./services/instance-machine.ts";
import { countAsk, suspend } from "./sellers.ts";
import { bareTask, isClaimed, isOver } from "./tasks.ts";
import {
  allotments, asks, bidBook, bidOrder, bids, books, cancelledAsks, cancelledBids, candles, classes, declines, demands, draws, drawsBySeed, dueKinds, freshBooks, holds, indexBuckets, indexShares, instanceQueue, instances, instancesByProvider, iocBids, jobs,
  claimedTasks, jobsByConsumer, leases, liveTasksByProvider, leasesByJob, leasesByProvider, nextAskId, nextJobId, nextLeaseId, nextRequestId, paramsByVersion, paramsVersion, probeDraws, probeQueue, probeRounds, probesByProber, profileBuilds, profiles, profilesByContent, qualities, quoteDenoms, quoteRequests, quotes, replacedAsks, replacedBids, reservedBids, schedule, seals, services, servicesByConsumer, stages, taskIdOf, tasks, tasksByProvider, tasksPerJob, trades,
} from "./state.ts";
import type { MapOf } from "../../runtime/collections.ts";
import { accountText, tagsFault } from "../organization/ports.ts";
import type { Context } from "../../runtime/context.ts";
import type { Genesis } from "../../runtime/module.ts";
import type { MarketPorts } from "./ports.ts";

export function marketGenesis(ports: MarketPorts): Genesis<GenesisState> {
  return {
    type: GenesisState,
    defaults: () => GenesisState.fromPartial({ params: [{ version: 1n, params: defaultParams() }], classes: [cpuSmall(), rv32Core(), wasmCore()], nextAskId: 1n, nextJobId: 1n, nextLeaseId: 1n, nextRequestId: 1n }),
    check,
    init: (ctx, state) => init(ctx, ports, state),
    export: exported,
  };
}

function check(state: GenesisState): void {
  if (state.params.length === 0) throw new Error("market.params is empty; it needs at least version 1");
  for (const [i, entry] of state.params.entries()) {
    if (entry.params === undefined) throw new Error(`market.params[${i}] has no params`);
    const last = state.params[i - 1];
    if (entry.version < 1n || (last !== undefined && entry.version !== last.version + 1n)) throw new Error(`market.params[${i}] has version ${entry.version}; versions rise by one from at least 1`);
    const fault = paramsFault(entry.params);
    if (fault !== undefined) throw fault;
  }
  ascending("classes", state.classes.map((one) => checkClass(one).id));
  const known = new Set(state.classes.map((one) => one.id));
  for (const order of [...state.asks, ...state.jobs, ...state.services]) if (!known.has(order.classId)) throw new Error(`market: class ${order.classId} of order ${order.id} is missing`);
  ascending("quote_denoms", state.quoteDenoms.map((one) => checkQuoteDenom(one).denom));
  if (state.quoteDenoms.length > maxQuoteDenoms) throw new Error(`market.quote_denoms has ${state.quoteDenoms.length} records; at most ${maxQuoteDenoms} are served`);
  ids("asks", state.asks, state.nextAskId);
  ids("jobs", state.jobs, state.nextJobId);
  ids("services", state.services, state.nextJobId);
  ids("instances", state.instances, 1n << 64n);
  ids("leases", state.leases, state.nextLeaseId);
  ids("quote_requests", state.quoteRequests, state.nextRequestId);
  for (const { id, requester, organization, payer, costTags } of state.quoteRequests) {
    if (payer !== (organization === "" ? requester : accountText(organization))) throw new Error(`market.quote_requests: ${id} is paid by ${payer}, which is not ${organization === "" ? requester : organization}`);
    const fault = tagsFault(costTags);
    if (fault !== undefined) throw new Error(`market.quote_requests: ${fault.field} of ${id} must be ${fault.limit}`);
  }
  for (const allotment of state.allotments) leftOf(allotment);
  for (const { provider, value } of state.indexShares) {
    if ((readAmount(value) ?? -1n) < 0n) throw new Error(`market.index_shares: the value of ${provider} is ${value.slice(0, 80)}, not a whole number from 0`);
  }
  ids("tasks", state.tasks, 1n << 64n);
  ids("bids", state.bids, state.nextJobId);
  for (const [i, { profile }] of state.profiles.entries()) {
    if (profile === undefined) throw new Error(`market.profiles[${i}] has no profile`);
    const { id, classId, quoteDenom } = profile;
    const book = state.books.find((one) => one.classId === classId && one.quoteDenom === quoteDenom);
    if (id < 1 || id >= (book?.nextProfileId ?? 0)) throw new Error(`market.profiles: id ${id} is not below the next profile id of book ${classId}/${quoteDenom}`);
  }
  const wanted = state.jobs.flatMap(({ id, spec }) => (spec?.stages ?? []).map((_, index) => `${id}/${index}`)).join();
  if (state.stages.map(({ jobId, index }) => `${jobId}/${index}`).join() !== wanted) throw new Error("market.stages are not, in order, the stages of market.jobs");
  checkHolds(state);
  const held = new Set(state.services.filter(({ sla }) => sla !== undefined).map(({ id }) => id));
  const served = state.instances.filter(({ serviceId, state: at }) => held.has(serviceId) && streams(at));
  if (served.map(({ id }) => id).join() !== state.probeRounds.map(({ instanceId }) => instanceId).join()) throw new Error("market.probe_rounds are not, in order, those of the instances that are served under an SLA");
  for (const [kind, carried] of [["job", state.jobs], ["service", state.services]] as const) {
    const named = state.bids.filter((bid) => bid.service === (kind === "service"));
    if (named.length !== carried.length || named.some((bid, i) => bid.id !== carried[i]!.id)) throw new Error(`market: every ${kind} has a bid of its id, and the other way round`);
  }
}

/** Pay is held of FINAL tasks and of periods of instances; each job, service and instance counts how many of its there are. */
function checkHolds(state: GenesisState): void {
  ascending("holds", state.holds.map((hold) => [refOf(hold).id, hold.period].map((number) => number.toString().padStart(20, "0")).join("/")));
  const final = new Set(state.tasks.filter((task) => task.state === TaskState.TASK_STATE_FINAL).map(({ id }) => id));
  const known = new Map(state.instances.map((instance) => [instance.id, instance]));
  const counts = new Map<string, number>();
  const count = (name: string): void => void counts.set(name, (counts.get(name) ?? 0) + 1);
  for (const { taskId, jobId, serviceId, instanceId, period, payments } of state.holds) {
    if (instanceId === 0n) {
      if (!final.has(taskId) || taskId / tasksPerJob !== jobId || period !== 0n) throw new Error(`market.holds: task ${taskId} of job ${jobId} is not there, or not FINAL`);
      count(`job ${jobId}`);
      continue;
    }
    const instance = known.get(instanceId);
    if (taskId !== 0n || jobId !== 0n || instance?.serviceId !== serviceId || period < 1n || period > instance.period || payments.length !== 1 || payments[0]!.provider !== instance.provider) {
      throw new Error(`market.holds: instance ${instanceId} of service ${serviceId} is not there, or has no period ${period}`);
    }
    count(`service ${serviceId}`);
    count(`instance ${instanceId}`);
  }
  for (const { id, accrued, accruedFees, paid, fees, held } of state.instances) {
    const [all, gone] = [BigInt(accrued) + BigInt(accruedFees), BigInt(paid) + BigInt(fees) + BigInt(held)];
    if (all < gone) throw new Error(`market.instances: ${id} has paid, charged and held ${gone} of ${all} that accrued`);
  }
  const counted = [
    ...state.jobs.map(({ id, tasksHeld }) => [`job ${id}`, tasksHeld] as const), ...state.services.map(({ id, holds: own }) => [`service ${id}`, own] as const),
    ...state.instances.map(({ id, holds: own }) => [`instance ${id}`, own] as const),
  ];
  for (const [name, own] of counted) if (own !== (counts.get(name) ?? 0)) throw new Error(`market.holds: ${name} counts ${own}, there are ${counts.get(name) ?? 0}`);
}

function ascending(field: string, names: readonly string[]): void {
  for (let i = 1; i < names.length; i++) if (names[i - 1]! >= names[i]!) throw new Error(`market.${field} is not sorted or repeats ${names[i]!}`);
}

function ids(field: string, records: readonly { readonly id: bigint }[], next: bigint): void {
  for (const [i, { id }] of records.entries()) {
    if (id < 1n || id >= (next === 0n ? 1n : next)) throw new Error(`market.${field}: id ${id} is not below the next id ${next}`);
    if (i > 0 && records[i - 1]!.id >= id) throw new Error(`market.${field} is not sorted or repeats ${id}`);
  }
}

function init(ctx: Context, ports: MarketPorts, state: GenesisState): void {
  for (const { version, params } of state.params) paramsByVersion.set(ctx, version, params!);
  paramsVersion.set(ctx, state.params.at(-1)!.version);
  for (const one of state.classes) classes.set(ctx, one.id, one);
  initDenoms(ctx, ports, state);
  for (const one of state.books) books.set(ctx, bookOf(one), { ...one, openAsks: 0n, openBids: 0n });
  nextAskId.set(ctx, state.nextAskId || 1n);
  nextJobId.set(ctx, state.nextJobId || 1n);
  nextLeaseId.set(ctx, state.nextLeaseId || 1n);
  nextRequestId.set(ctx, state.nextRequestId || 1n);
  for (const request of state.quoteRequests) {
    quoteRequests.set(ctx, request.id, request);
    schedule(ctx, request.deadlineTau, dueKinds.requestEnd, request.id);
  }
  for (const allotment of state.allotments) allotments.set(ctx, allotment.askId, allotment);
  for (const record of state.profiles) initProfile(ctx, record);
  for (const ask of state.asks) initAsk(ctx, ports, ask);
  for (const job of state.jobs) initJob(ctx, job);
  for (const service of state.services) initService(ctx, service);
  for (const bid of state.bids) {
    if (loadBacking(ctx, bid).endedTau === 0n) countJob(ctx, ports, bookOf(bid), bid.profileId, 1n);
    initBid(ctx, bid);
  }
  for (const instance of state.instances) initInstance(ctx, instance);
  for (const round of state.probeRounds) initRound(ctx, round);
  for (const quality of state.qualities) qualities.set(ctx, addressBytes(quality.provider), quality);
  for (const task of state.tasks) {
    tasks.set(ctx, task.id, { ...task, queuedTau: task.dueTau });
    if (task.dueTau !== 0n) schedule(ctx, task.dueTau, dueKinds.task, task.id);
    if (isClaimed(task.state)) claimedTasks.set(ctx, task.id, true);
    for (const replica of task.replicas) {
      tasksByProvider.set(ctx, [addressBytes(replica.provider), task.id], true);
      if (!isOver(task.state)) liveTasksByProvider.set(ctx, [addressBytes(replica.provider), task.id], true);
    }
  }
  for (const lease of state.leases) {
    leases.set(ctx, lease.id, lease);
    leasesByJob.set(ctx, [lease.jobId, lease.id], true);
    leasesByProvider.set(ctx, [addressBytes(lease.provider), lease.id], true);
  }
  for (const draw of state.draws) initDraw(ctx, draw);
  for (const stage of state.stages) {
    stages.set(ctx, [stage.jobId, stage.index], stage);
    if (stage.inputsDueTau !== 0n) schedule(ctx, stage.inputsDueTau, dueKinds.stageInputs, taskIdOf(stage.jobId, stage.index));
  }
  for (const hold of state.holds) saveHold(ctx, undefined, hold);
  for (const seal of state.seals) seals.set(ctx, [seal.jobId, addressBytes(seal.provider)], seal);
  for (const trade of state.trades) trades.set(ctx, [bookOf(trade), trade.height], trade);
  for (const one of state.replacedAsks) replacedAsks.set(ctx, one.askId, one);
  for (const one of state.replacedBids) replacedBids.set(ctx, one.jobId, one);
  for (const one of state.candles) candles.set(ctx, [bookOf(one), one.interval, one.startTau], one);
  for (const one of state.index) {
    indexBuckets.set(ctx, [one.startTau, bookOf(one)], one);
    scheduleHour(ctx, one.startTau);
  }
  for (const one of state.indexShares) indexShares.set(ctx, [one.startTau, bookOf(one), addressBytes(one.provider)], BigInt(one.value));
  for (const { jobId, provider } of state.declines) declines.set(ctx, [jobId, addressBytes(provider)], true);
  for (const id of state.cancelledAsks) cancelledAsks.set(ctx, id, true);
  for (const id of state.cancelledBids) cancelledBids.set(ctx, id, true);
  for (const { askId } of state.allotments) {
    const ask = asks.find(ctx, askId);
    if (ask === undefined || (ask.status !== OrderStatus.ORDER_STATUS_OPEN && ask.units === 0)) noteEnded(ctx, askId);
  }
}

/** What is the bond denom stands in the providers' section: so what contradicts it comes out only here. */
function initDenoms(ctx: Context, ports: MarketPorts, state: GenesisState): void {
  const bondDenom = ports.providers.bondDenom(ctx);
  for (const one of state.quoteDenoms) quoteDenoms.set(ctx, one.denom, one);
  if (quoteDenoms.has(ctx, bondDenom)) throw new Error(`market.quote_denoms has the bond denom ${bondDenom}, which needs no record`);
  for (const { id, quoteDenom } of [...state.asks, ...state.jobs, ...state.quoteRequests]) {
    if (quoteDenom !== bondDenom && !quoteDenoms.has(ctx, quoteDenom)) throw new Error(`market: quote denom ${quoteDenom} of order ${id} is missing`);
  }
  for (const { id, quoteDenom, rate } of state.jobs) {
    const fault = rateFault(bondDenom, quoteDenom, rate);
    if (fault !== undefined) throw new Error(`market.jobs: job ${id} ${fault}`);
  }
}

/** Asks are sorted in as they come; one that was not ready looks at them once more. */
function initProfile(ctx: Context, { profile, idleTau, parked }: ProfileRecord): void {
  const key = bookOf(profile!);
  const { id } = profile!;
  profiles.set(ctx, [key, id], profile!);
  profilesByContent.set(ctx, [key, contentOf(profile!)], id);
  demands.set(ctx, [key, id], ProfileDemand.fromPartial({ idleTau, parked }));
  if (!profile!.ready) profileBuilds.set(ctx, [key, id], Uint8Array.of(0));
}

/** The book is looked at in the first block. */
function touch(ctx: Context, order: Ask | Bid): void {
  markDirty(ctx, bookOf(order));
  freshBooks.set(ctx, bookOf(order), true);
}

function initAsk(ctx: Context, ports: MarketPorts, ask: Ask): void {
  asks.set(ctx, ask.id, ask);
  const provider = addressBytes(ask.provider);
  countAsk(ctx, provider, ask.id);
  if (ask.status !== OrderStatus.ORDER_STATUS_OPEN) {
    if (ask.units === 0) schedule(ctx, ask.endedTau + lifetimeOf(ctx, ask), dueKinds.askPrune, ask.id);
    return;
  }
  schedule(ctx, ask.expiresTau, dueKinds.askExpiry, ask.id);
  if (ask.requestId !== 0n && !ask.accepted) quotes.set(ctx, [ask.requestId, ask.id], true);
  const view = ports.providers.find(ctx, provider);
  if (view?.active !== true) suspend(ctx, provider, true);
  // An exported withdrawal goes on where it was.
  if (view?.retiring !== false) followProvider(ctx, ports, provider);
  if (ask.waiting) schedule(ctx, ask.availableFrom, dueKinds.askOpening, ask.id);
  const { ask: placed, changed } = listAsk(ctx, bare(ask));
  if (changed) {
    asks.set(ctx, ask.id, placed);
    touch(ctx, ask);
  }
}

function initJob(ctx: Context, job: Job): void {
  jobs.set(ctx, job.id, job);
  jobsByConsumer.set(ctx, [addressBytes(job.consumer), job.id], true);
  if (job.endedTau !== 0n) schedule(ctx, job.endedTau + paramsAt(ctx, job.paramsVersion).recordLifetime, dueKinds.jobPrune, job.id);
}

function initService(ctx: Context, service: Service): void {
  services.set(ctx, service.id, service);
  servicesByConsumer.set(ctx, [addressBytes(service.consumer), service.id], true);
  if (service.endedTau !== 0n) schedule(ctx, service.endedTau + paramsAt(ctx, service.paramsVersion).recordLifetime, dueKinds.servicePrune, service.id);
}

function initInstance(ctx: Context, instance: Instance): void {
  instances.set(ctx, instance.id, instance);
  if (instance.dueTau !== 0n) instanceQueue.set(ctx, [instance.dueTau, instance.id], true);
  if (isHeld(instance.state)) instancesByProvider.set(ctx, [addressBytes(instance.provider), instance.id], true);
}

function initRound(ctx: Context, round: ProbeRound): void {
  const { instanceId: id, seedHeight, dueTau, drawn, probes } = round;
  probeRounds.set(ctx, id, round);
  probeQueue.set(ctx, [dueTau, id], true);
  if (!drawn) probeDraws.set(ctx, [seedHeight, id], true);
  for (const { prober, reported } of probes) if (!reported) probesByProber.set(ctx, [addressBytes(prober), id], true);
}

function initBid(ctx: Context, bid: Bid): void {
  bids.set(ctx, bid.id, bid);
  if (isTerminal(bid.status) || loadBacking(ctx, bid).endedTau !== 0n) return;
  schedule(ctx, bid.expiresTau, dueKinds.bidExpiry, bid.id);
  if (bid.status !== OrderStatus.ORDER_STATUS_OPEN) return;
  listForOrganization(ctx, bid, true);
  if (bid.organization !== "") followOrganization(ctx, bid.organization);
  if (bid.askId !== 0n) {
    reservedBids.set(ctx, [bid.askId, bid.id], true);
    wake(ctx, bid.askId);
    return;
  }
  bidBook.set(ctx, [[bookOf(bid), bid.profileId], [bidOrder(bid.limitPrice), bid.createdHeight, bid.id]], true);
  if (isImmediate(bid)) iocBids.set(ctx, [bookOf(bid), bid.id], true);
  touch(ctx, bid);
  const book = openBook(ctx, bookOf(bid));
  books.set(ctx, bookOf(bid), { ...book, openBids: book.openBids + 1n });
  const demand = demandOf(ctx, bookOf(bid), bid.profileId);
  demands.set(ctx, [bookOf(bid), bid.profileId], { ...demand, openBids: demand.openBids + 1n });
}

function initDraw(ctx: Context, draw: Draw): void {
  draws.set(ctx, draw.taskId, draw);
  if (draw.salt.length > 0) queueDraw(ctx, draw.taskId);
  else if (draw.saltDueTau !== 0n) schedule(ctx, draw.saltDueTau, dueKinds.draw, draw.taskId);
  else drawsBySeed.set(ctx, [draw.seedHeight, draw.taskId], true);
}

function profileRecord(ctx: Context, profile: Profile): ProfileRecord {
  const { idleTau, parked } = demandOf(ctx, bookOf(profile), profile.id);
  return { profile, idleTau, parked };
}

function exported(ctx: Context): GenesisState {
  const values = <K, V>(collection: MapOf<K, V>): V[] => Array.from(collection.entries(ctx), ([, value]) => value);
  const keys = <K, V>(collection: MapOf<K, V>): K[] => Array.from(collection.entries(ctx), ([key]) => key);
  return GenesisState.create({
    params: Array.from(paramsByVersion.entries(ctx), ([version, params]) => ({ version, params })),
    classes: values(classes), quoteDenoms: values(quoteDenoms), books: values(books), asks: values(asks).map(bare), jobs: values(jobs), bids: values(bids).map((bid) => shownBid(ctx, bid)), tasks: values(tasks).map(bareTask),
    services: values(services), instances: values(instances), leases: values(leases), profiles: values(profiles).map((profile) => profileRecord(ctx, profile)), replacedAsks: values(replacedAsks), replacedBids: values(replacedBids),
    candles: values(candles), index: values(indexBuckets), indexShares: Array.from(indexShares.entries(ctx), ([[startTau, [classId, quoteDenom], provider], value]) => ({ classId, quoteDenom, startTau, provider: addressText(provider), value: value.toString() })),
    stages: values(stages), draws: values(draws), seals: values(seals), trades: values(trades), cancelledAsks: keys(cancelledAsks), cancelledBids: keys(cancelledBids),
    declines: keys(declines).map(([jobId, address]) => ({ jobId, provider: addressText(address) })),
    nextAskId: nextAskId.find(ctx) ?? 1n, nextJobId: nextJobId.find(ctx) ?? 1n, nextLeaseId: nextLeaseId.find(ctx) ?? 1n,
    holds: values(holds), probeRounds: values(probeRounds), qualities: values(qualities), quoteRequests: values(quoteRequests), allotments: values(allotments), nextRequestId: nextRequestId.find(ctx) ?? 1n,
  });
}

/** dcm.market.v1.Query. */
import { QueryDefinition, type InstanceView, type Level, type ProbeTask } from "../../codec/gen/dcm/market/v1/query.ts";
import { TaskState, type Ask, type Bid, type Job, type Lease, type Service, type Task } from "../../codec/gen/dcm/market/v1/types.ts";
import type { PageRequest, PageResponse } from "../../codec/gen/cosmos/base/query/v1beta1/pagination.ts";
import { addressText } from "../../codec/address.ts";
import { concatBytes } from "../../codec/bytes.ts";
import { uint32Key } from "../../runtime/collections.ts";
import { queryAddress } from "../../runtime/addresses.ts";
import { QueryError } from "../../runtime/errors.ts";
import { queryService, type BoundQuery } from "../../runtime/module.ts";
import { defaultPageLimit, maxPageScan, paginate } from "../../runtime/queries.ts";
import { bare } from "./asks.ts";
import { bidsByPrice, loadBid, openTasks, shownBid } from "./bids.ts";
import { openBook } from "./books.ts";
import { findHold } from "./holds.ts";
import { currentParams } from "./params.ts";
import { indexOf, intervals } from "./prices.ts";
import { demandOf, premiumIn } from "./profiles.ts";
import { findQuoteDenom } from "./quote-denoms.ts";
import { presentStages } from "./stage-flow.ts";
import {
  allotments, askBook, asks, asksByProvider, bidBook, bids, books, candles, classes, demands, draws, holds, instances, instancesByProvider, jobs, jobsByConsumer, leases, leasesByJob, leasesByProvider, limitOf, paramsByVersion, probeRounds, probesByProber, profiles, quoteDenoms, quoteRequests, quotes, seals, services, servicesByConsumer,
  claimedTasks, liveTasksByProvider, tasks, tasksByProvider, taskIdOf, tasksPerJob, trades, within, type BookKey,
} from "./state.ts";
import { qualityOf } from "./services/quality.ts";
import { instanceOf } from "./services/services.ts";
import { viewOf } from "./services/views.ts";
import { blankTask, isClaimed, isOver, presentTask, unmatchedTask } from "./tasks.ts";
import type { Context } from "../../runtime/context.ts";
import type { MarketPorts } from "./ports.ts";

const notFound = (what: string): never => {
  throw new QueryError("NotFound", `${what} does not exist or was pruned`);
};

export function marketQueries(ports: MarketPorts): BoundQuery[] {
  return queryService(QueryDefinition, {
    params(ctx, { version }) {
      const current = currentParams(ctx);
      const params = version === 0n ? current.params : paramsByVersion.find(ctx, version);
      return { params: params ?? notFound(`params version ${version}`), version: version === 0n ? current.version : version, tau: ports.clock.tau(ctx) };
    },
    classes(ctx, request) {
      const { items, pagination } = paginate(ctx, classes, request.pagination, (_, value) => value);
      return { classes: items, pagination };
    },
    class: (ctx, { classId }) => ({ class: classes.find(ctx, classId) ?? notFound(`class ${classId.slice(0, 80)}`) }),
    quoteDenoms(ctx, request) {
      const { items, pagination } = paginate(ctx, quoteDenoms, request.pagination, (_, value) => value);
      return { quoteDenoms: items, bondDenom: ports.providers.bondDenom(ctx), pagination };
    },
    quoteDenom: (ctx, { denom }) => ({ quoteDenom: findQuoteDenom(ctx, ports, denom) ?? notFound(`quote denom ${denom.slice(0, 128)}`) }),
    books(ctx, request) {
      const { items, pagination } = paginate(ctx, books, request.pagination, (_, value) => value);
      return { books: items, pagination };
    },
    book(ctx, request) {
      const key = bookKey(request);
      const levels = request.levels === 0 ? 20 : Math.min(request.levels, 500);
      return { book: openBook(ctx, key), asks: askLevels(ctx, key, request.profileId, levels), bids: bidLevels(ctx, key, request.profileId, levels) };
    },
    profiles(ctx, request) {
      const key = bookKey(request);
      const { items, pagination } = paginate(ctx, profiles, request.pagination, (_, profile) => ({ profile, demand: demandOf(ctx, key, profile.id) }), within.book(key));
      return { profiles: items, pagination };
    },
    asks(ctx, request) {
      const { items, pagination } = askPage(ctx, request);
      return { asks: items.map(bare), pagination };
    },
    ask: (ctx, { askId }) => ({ ask: bare(asks.find(ctx, askId) ?? notFound(`ask ${askId}`)) }),
    bids(ctx, request) {
      const { items, pagination } = bidPage(ctx, request);
      return { bids: items.map((bid) => shownBid(ctx, bid)), pagination };
    },
    bid: (ctx, { bidId }) => ({ bid: shownBid(ctx, bids.find(ctx, bidId) ?? notFound(`bid ${bidId}`)) }),
    jobs(ctx, request) {
      const { items, pagination } = request.consumer === ""
        ? paginate(ctx, jobs, request.pagination, (_, value) => value)
        : paginate(ctx, jobsByConsumer, request.pagination, ([, id]) => jobs.find(ctx, id), within.address(queryAddress(request.consumer)));
      return { jobs: items, pagination };
    },
    job: (ctx, { jobId }) => ({ job: jobOf(ctx, jobId), bid: shownBid(ctx, loadBid(ctx, jobId)), stages: [...presentStages(ctx, ports, jobOf(ctx, jobId))] }),
    escrow: (ctx, { jobId }) => ({ escrow: (services.find(ctx, jobId) ?? jobOf(ctx, jobId)).escrow! }),
    services(ctx, request) {
      const { items, pagination } = request.consumer === ""
        ? paginate(ctx, services, request.pagination, (_, value) => value)
        : paginate(ctx, servicesByConsumer, request.pagination, ([, id]) => services.find(ctx, id), within.address(queryAddress(request.consumer)));
      return { services: items, pagination };
    },
    service: (ctx, { serviceId }) => ({ service: serviceOf(ctx, serviceId), bid: shownBid(ctx, loadBid(ctx, serviceId)) }),
    instances(ctx, request) {
      const { items, pagination } = instancePage(ctx, ports, request);
      return { instances: items, pagination };
    },
    instance(ctx, { instanceId }) {
      const service = services.find(ctx, instanceId / tasksPerJob);
      const index = Number(instanceId % tasksPerJob);
      const stored = instances.find(ctx, instanceId) ?? (service !== undefined && index < service.spec!.instances ? instanceOf(bids.find(ctx, service.id)!, service, index) : notFound(`instance ${instanceId}`));
      return { instance: viewOf(ctx, ports, stored), tau: ports.clock.tau(ctx) };
    },
    seals(ctx, request) {
      if (request.provider !== "") {
        const found = seals.find(ctx, [request.jobId, queryAddress(request.provider)]);
        return { seals: found === undefined ? [] : [found], pagination: { nextKey: new Uint8Array(0), total: found === undefined ? 0n : 1n } };
      }
      const { items, pagination } = paginate(ctx, seals, request.pagination, (_, value) => value, within.id(request.jobId));
      return { seals: items, pagination };
    },
    tasks(ctx, request) {
      const { items, pagination } = taskPage(ctx, ports, request);
      return { tasks: items, pagination };
    },
    task(ctx, { taskId }) {
      const task = tasks.find(ctx, taskId);
      if (task === undefined) return { task: unmatchedTask(ctx, ports, taskId) ?? notFound(`task ${taskId}`) };
      return { task: presentTask(ctx, ports, task, jobOf(ctx, task.jobId)) };
    },
    drawsPending(ctx, request) {
      const { items, pagination } = paginate(ctx, draws, request.pagination, (_, value) => value, request.jobId === 0n ? undefined : within.job(idOf(request.jobId)));
      return { draws: items, pagination };
    },
    leases(ctx, request) {
      const { items, pagination } = leasePage(ctx, request);
      return { leases: items, pagination };
    },
    lease: (ctx, { leaseId }) => ({ lease: leases.find(ctx, leaseId) ?? notFound(`lease ${leaseId}`) }),
    trades(ctx, request) {
      const { items, pagination } = paginate(ctx, trades, request.pagination, (_, value) => value, within.book(bookKey(request)));
      return { trades: items, pagination };
    },
    candles(ctx, request) {
      const interval = request.interval === 0n ? intervals[0] : request.interval;
      if (!intervals.some((one) => one === interval)) throw new QueryError("InvalidArgument", `interval is ${interval}; candles are of ${intervals.join(", ")} ms`);
      const { items, pagination } = paginate(ctx, candles, request.pagination, (_, value) => value, within.candles(bookKey(request), interval));
      return { candles: items, pagination };
    },
    index(ctx, request) {
      const buckets = indexOf(ctx, bookKey(request), ports.clock.tau(ctx));
      let value = 0n;
      let lots = 0n;
      for (const bucket of buckets) {
        value += BigInt(bucket.value);
        lots += bucket.lots;
      }
      return { price: lots === 0n ? 0n : value / lots, value: value.toString(), lots, buckets };
    },
    quoteRequests(ctx, request) {
      const { items, pagination } = paginate(ctx, quoteRequests, request.pagination, (_, value) => value);
      return { requests: items, pagination };
    },
    quoteRequest: (ctx, { requestId }) => ({ request: quoteRequests.find(ctx, requestId) ?? notFound(`request ${requestId}`) }),
    quotes(ctx, request) {
      const { items, pagination } = paginate(ctx, quotes, request.pagination, ([, id]) => asks.find(ctx, id), within.id(request.requestId));
      return { quotes: items, pagination };
    },
    allotment: (ctx, { askId }) => ({ allotment: allotments.find(ctx, askId) ?? notFound(`an allotment of ask ${askId}`) }),
    providerQuality: (ctx, { provider }) => ({ quality: qualityOf(ctx, addressText(queryAddress(provider))) }),
    probeRound: (ctx, { instanceId }) => ({ round: probeRounds.find(ctx, instanceId) ?? notFound(`a probe round of instance ${instanceId}`), tau: ports.clock.tau(ctx) }),
    probes(ctx, request) {
      const tau = ports.clock.tau(ctx);
      const { items, pagination } = paginate(ctx, probesByProber, request.pagination, ([, id]) => probeTask(ctx, id, tau), within.address(queryAddress(request.prober)));
      return { probes: items, tau, pagination };
    },
    holds(ctx, { jobId, pagination: page }) {
      const { items, pagination } = paginate(ctx, holds, page, (_, hold) => hold, jobId === 0n ? undefined : within.job(idOf(jobId)));
      return { holds: items, tau: ports.clock.tau(ctx), pagination };
    },
    hold: (ctx, { taskId }) => ({ hold: findHold(ctx, { id: taskId, period: 0n }) ?? notFound(`pay of task ${taskId} that is held`), tau: ports.clock.tau(ctx) }),
    referencePrice(ctx, request) {
      const book = openBook(ctx, bookKey(request));
      return { price: book.referencePrice, tau: book.referenceTau };
    },
  });
}

/** undefined where its time is over, though it was not judged yet. */
function probeTask(ctx: Context, id: bigint, tau: bigint): ProbeTask | undefined {
  const { round, dueTau } = probeRounds.find(ctx, id)!;
  const { provider, serviceId } = instances.find(ctx, id)!;
  return tau > dueTau ? undefined : { instanceId: id, provider, round, dueTau, maxLatencyMs: services.find(ctx, serviceId)!.sla!.maxLatencyMs };
}

function bookKey({ classId, quoteDenom }: { readonly classId: string; readonly quoteDenom: string }): BookKey {
  if (classId === "" || quoteDenom === "" || classId.length > 64 || quoteDenom.length > 128) throw new QueryError("InvalidArgument", "class_id and quote_denom name a book; both are needed");
  return [classId, quoteDenom];
}

/** Job ids leave room for the task's index. */
function idOf(jobId: bigint): bigint {
  if (jobId >= 1n << 48n) throw new QueryError("InvalidArgument", `job_id ${jobId} is beyond every id`);
  return jobId;
}

function jobOf(ctx: Context, id: bigint): Job {
  return jobs.find(ctx, id) ?? notFound(`job ${id}`);
}

function serviceOf(ctx: Context, id: bigint): Service {
  return services.find(ctx, id) ?? notFound(`service ${id}`);
}

/** Adds orders in price order up to levels by price; false where the next level would be one too many. */
function addLevel(levels: Level[], most: number, price: bigint, units: number): boolean {
  const last = levels.at(-1);
  if (last?.price === price) {
    last.units += BigInt(units);
    last.orders++;
    return true;
  }
  if (levels.length >= most) return false;
  levels.push({ price, units: BigInt(units), orders: 1 });
  return true;
}

/** As the profile sees them: by base and premiums, an ask that it likes better first where it is as cheap to it. */
function askLevels(ctx: Context, key: BookKey, profile: number, most: number): Level[] {
  const levels: Level[] = [];
  let scanned = 0;
  for (const [[, [, , id]]] of askBook.entries(ctx, { within: within.profile(key, profile) })) {
    const ask = asks.find(ctx, id)!;
    if (++scanned > maxPageScan || !addLevel(levels, most, ask.basePrice + premiumIn(ask, profile), ask.freeUnits)) break;
  }
  return levels;
}

function bidLevels(ctx: Context, key: BookKey, profile: number, most: number): Level[] {
  const levels: Level[] = [];
  let scanned = 0;
  const of = profile === 0 ? Array.from(demands.entries(ctx, { within: within.book(key) }), ([[, id]]) => id) : [profile];
  for (const [order, , id] of bidsByPrice(ctx, key, of)) {
    if (++scanned > maxPageScan || !addLevel(levels, most, limitOf(order), openTasks(bids.find(ctx, id)!))) break;
  }
  return levels;
}

interface Paged<T> {
  readonly items: T[];
  readonly pagination: PageResponse;
}

function askPage(ctx: Context, request: { classId: string; quoteDenom: string; provider: string; pagination?: PageRequest | undefined }): Paged<Ask> {
  if (request.provider !== "") {
    const fits = (ask: Ask | undefined): Ask | undefined => (ask !== undefined && (request.classId === "" || ask.classId === request.classId) ? ask : undefined);
    return paginate(ctx, asksByProvider, request.pagination, ([, id]) => fits(asks.find(ctx, id)), within.address(queryAddress(request.provider)));
  }
  if (request.classId === "" && request.quoteDenom === "") return paginate(ctx, asks, request.pagination, (_, value) => value);
  return paginate(ctx, askBook, request.pagination, ([, [, , id]]) => asks.find(ctx, id), within.profile(bookKey(request), 0));
}

function bidPage(ctx: Context, request: { classId: string; quoteDenom: string; consumer: string; pagination?: PageRequest | undefined }): Paged<Bid> {
  if (request.consumer !== "") return paginate(ctx, jobsByConsumer, request.pagination, ([, id]) => bids.find(ctx, id), within.address(queryAddress(request.consumer)));
  if (request.classId === "" && request.quoteDenom === "") return paginate(ctx, bids, request.pagination, (_, value) => value);
  return paginate(ctx, bidBook, request.pagination, ([, [, , id]]) => bids.find(ctx, id), within.book(bookKey(request)));
}

function leasePage(ctx: Context, request: { jobId: bigint; provider: string; pagination?: PageRequest | undefined }): Paged<Lease> {
  if (request.provider !== "") {
    const fits = (lease: Lease | undefined): Lease | undefined => (lease !== undefined && (request.jobId === 0n || lease.jobId === request.jobId) ? lease : undefined);
    return paginate(ctx, leasesByProvider, request.pagination, ([, id]) => fits(leases.find(ctx, id)), within.address(queryAddress(request.provider)));
  }
  if (request.jobId !== 0n) return paginate(ctx, leasesByJob, request.pagination, ([, id]) => leases.find(ctx, id), within.id(request.jobId));
  return paginate(ctx, leases, request.pagination, (_, value) => value);
}

function instancePage(ctx: Context, ports: MarketPorts, request: { serviceId: bigint; provider: string; pagination?: PageRequest | undefined }): Paged<InstanceView> {
  if (request.provider !== "") {
    const address = queryAddress(request.provider);
    const range = request.serviceId === 0n ? within.address(address) : concatBytes(within.address(address), within.job(idOf(request.serviceId)));
    return paginate(ctx, instancesByProvider, request.pagination, ([, id]) => viewOf(ctx, ports, instances.find(ctx, id)!), range);
  }
  if (request.serviceId === 0n) throw new QueryError("InvalidArgument", "one of service_id and provider is needed");
  const service = serviceOf(ctx, idOf(request.serviceId));
  const bid = bids.find(ctx, service.id)!;
  return pageIndexes(service.spec!.instances, request.pagination, (index) => viewOf(ctx, ports, instances.find(ctx, taskIdOf(service.id, index)) ?? instanceOf(bid, service, index), service));
}

function taskPage(ctx: Context, ports: MarketPorts, request: { jobId: bigint; provider: string; state: TaskState; pagination?: PageRequest | undefined }): Paged<Task> {
  const fits = (task: Task | undefined): Task | undefined => {
    if (task === undefined) return undefined;
    const now = presentTask(ctx, ports, task, jobs.find(ctx, task.jobId)!);
    return request.state === TaskState.TASK_STATE_UNSPECIFIED || now.state === request.state ? now : undefined;
  };
  if (request.provider !== "") {
    const address = queryAddress(request.provider);
    const range = request.jobId === 0n ? within.address(address) : concatBytes(within.address(address), within.job(idOf(request.jobId)));
    const index = request.state === TaskState.TASK_STATE_UNSPECIFIED || isOver(request.state) ? tasksByProvider : liveTasksByProvider;
    return paginate(ctx, index, request.pagination, ([, id]) => fits(tasks.find(ctx, id)), range);
  }
  if (request.jobId === 0n && isClaimed(request.state)) return paginate(ctx, claimedTasks, request.pagination, (id) => fits(tasks.find(ctx, id)));
  if (request.jobId === 0n) throw new QueryError("InvalidArgument", "one of job_id and provider is needed, or the state CHALLENGE or DISPUTE");
  const job = jobOf(ctx, idOf(request.jobId));
  const bid = bids.find(ctx, job.id)!;
  const stages = presentStages(ctx, ports, job);
  return pageIndexes(job.spec!.tasks, request.pagination, (index) => {
    const task = tasks.find(ctx, taskIdOf(job.id, index));
    if (task !== undefined) return fits(task);
    const blank = blankTask(bid, job, index, stages);
    return request.state === TaskState.TASK_STATE_UNSPECIFIED || blank.state === request.state ? blank : undefined;
  });
}

/** Pages over the tasks of a job, or the instances of a service, by index, those without a record too. A page's key is the index in 4 bytes. */
function pageIndexes<T>(count: number, page: PageRequest | undefined, make: (index: number) => T | undefined): Paged<T> {
  const key = page?.key ?? new Uint8Array(0);
  if (key.length > 0 && (key.length !== 4 || (page?.offset ?? 0n) > 0n)) throw new QueryError("InvalidArgument", "pagination.key is not one of this query, or stands beside an offset");
  const limit = page === undefined || page.limit === 0n ? defaultPageLimit : Number(page.limit > 10_000n ? 10_000n : page.limit);
  const step = page?.reverse === true ? -1 : 1;
  let index = key.length > 0 ? new DataView(key.buffer, key.byteOffset).getUint32(0) : step === 1 ? 0 : count - 1;
  let skip = key.length > 0 ? 0n : (page?.offset ?? 0n);
  const items: T[] = [];
  for (; index >= 0 && index < count; index += step) {
    const item = make(index);
    if (item === undefined) continue;
    if (skip > 0n) skip--;
    else if (items.length < limit) items.push(item);
    else break;
  }
  const more = index >= 0 && index < count;
  return { items, pagination: { nextKey: more ? uint32Key.encode(index) : new Uint8Array(0), total: BigInt(count) } };
}

/** What holds at every block's end. */
import { ReplicaState, StageState, TaskState, type Bid, type Hold, type Job, type Stage, type Task } from "../../codec/gen/dcm/market/v1/types.ts";
import { addressBytes, addressText } from "../../codec/address.ts";
import { equalBytes } from "../../codec/bytes.ts";
import { isTerminal, loadBacking, loadBid, openTasks } from "./bids.ts";
import { bookOf, isListed, keyIn } from "./asks.ts";
import { escrowAddress, holdingOf, requestHolding } from "./escrow.ts";
import { heldAmount } from "./holds.ts";
import { openPlace } from "./profiles.ts";
import { rateFault } from "./quote-denoms.ts";
import { isUnopened } from "./stage-graph.ts";
import { stagesOf } from "./stages.ts";
import {
  allotments, askBook, asks, asksByProvider, claimedTasks, bidBook, bidOrder, bids, bidsByOrganization, books, demands, draws, dueKinds, dueQueue, followCursors, followQueue, holdQueue, holds, instances, jobs, leases, leasesByJob, leasesByProvider, liveTasksByProvider, mandateCursors, mandateQueue, profiles, quoteDenoms, quoteRequests, replacedBids, reservedBids, sellers, services, stages, taskIdOf, tasks,
  within, type BookKey,
} from "./state.ts";
import { instanceRecords, rounds, serviceAccounts } from "./services/invariants.ts";
import { claimantsOf, stateHashOf } from "./task-claims.ts";
import { awaitsDraw, mayAwaitDraw } from "./task-machine.ts";
import { drawRounds } from "./task-run.ts";
import { isClaimed, isOver } from "./tasks.ts";
import type { Context } from "../../runtime/context.ts";
import type { MarketPorts } from "./ports.ts";

export function invariants(ports: MarketPorts): Record<string, (ctx: Context) => string | undefined> {
  return {
    escrow: (ctx) => escrowAccounts(ctx) ?? serviceAccounts(ctx) ?? balance(ctx, ports),
    holdings: (ctx) => holdings(ctx, ports),
    denoms: (ctx) => denoms(ctx, ports),
    units,
    books: (ctx) => askIndex(ctx) ?? sellerRecords(ctx) ?? bidIndex(ctx) ?? followers(ctx) ?? organizationIndex(ctx),
    tasks: (ctx) => taskRecords(ctx) ?? openRecords(ctx),
    leases: leaseRecords,
    instances: instanceRecords,
    rounds,
    holds: holdRecords,
    stages: stageRecords,
    reserved,
    stakes: (ctx) => stakes(ctx, ports),
  };
}

/** in = paid + refunded + fees + burned + held, and held is what the open and running tasks set aside. */
function escrowAccounts(ctx: Context): string | undefined {
  const waiting = heldBy(ctx, ({ jobId }) => jobId);
  for (const [id, job] of jobs.entries(ctx)) {
    const { deposited, paid, refunded, fees, burned, held, perTask } = job.escrow!;
    const sum = [paid, refunded, fees, burned, held].reduce((total, text) => total + BigInt(text), 0n);
    if (sum !== BigInt(deposited)) return `job ${id}: ${deposited} came in, ${sum} is accounted for`;
    const alive = BigInt(job.spec!.tasks - job.tasksFinal - job.tasksClosed);
    const added = BigInt(replacedBids.find(ctx, id)?.added ?? "0");
    if (job.tasksHeld !== (waiting.get(id)?.count ?? 0)) return `job ${id} counts ${job.tasksHeld} held tasks of ${waiting.get(id)?.count ?? 0}`;
    const { profileId, askId, minColocated } = loadBid(ctx, id);
    if (job.profileId !== profileId || job.askId !== askId || job.colocated !== minColocated > 1) return `job ${id} and its bid do not want the same`;
    if (BigInt(held) !== alive * BigInt(perTask) + added + (waiting.get(id)?.amount ?? 0n)) return `job ${id} holds ${held} for ${alive} tasks of ${perTask}`;
  }
  return undefined;
}

interface HeldSum {
  readonly count: number;
  readonly amount: bigint;
}

/** What waits for its acceptance, by what `of` gives. */
function heldBy(ctx: Context, of: (hold: Hold) => bigint): ReadonlyMap<bigint, HeldSum> {
  const out = new Map<bigint, HeldSum>();
  for (const [, hold] of holds.entries(ctx)) {
    const before = out.get(of(hold)) ?? { count: 0, amount: 0n };
    out.set(of(hold), { count: before.count + 1, amount: before.amount + heldAmount(hold) });
  }
  return out;
}

/** A hold is of a FINAL task of a job that lives, or of an instance of a service that lives, and queued unless a case decides on it. Instances and services count theirs. */
function holdRecords(ctx: Context): string | undefined {
  let waiting = 0;
  for (const [[id, period], hold] of holds.entries(ctx)) {
    const task = hold.instanceId === 0n;
    if (task && tasks.find(ctx, id)?.state !== TaskState.TASK_STATE_FINAL) return `task ${id} is not FINAL and its pay is held`;
    if ((task ? jobs.find(ctx, hold.jobId) : services.find(ctx, hold.serviceId))?.endedTau !== 0n) return `what ${id} is part of is over and pay of it is held`;
    if (!task && sumOf(hold.funders) !== heldAmount(hold)) return `the hold of instance ${id}, period ${period}, is ${heldAmount(hold)} out of deposits of ${sumOf(hold.funders)}`;
    if (hold.caseId === 0n) waiting++;
    if (holdQueue.has(ctx, [hold.dueTau, id, period]) !== (hold.caseId === 0n)) return `the hold of ${id}/${period} is ${hold.caseId === 0n ? "not in the queue" : `for case ${hold.caseId} and in the queue`}`;
  }
  const queued = Array.from(holdQueue.entries(ctx)).length;
  if (queued !== waiting) return `${waiting} holds wait for their window, ${queued} are queued`;
  const [byInstance, byService] = [heldBy(ctx, ({ instanceId }) => instanceId), heldBy(ctx, ({ serviceId }) => serviceId)];
  for (const [id, { holds: own, held }] of instances.entries(ctx)) {
    const { count, amount } = byInstance.get(id) ?? { count: 0, amount: 0n };
    if (own !== count || BigInt(held) !== amount) return `instance ${id} says ${held} in ${own} holds, there are ${amount} in ${count}`;
  }
  for (const [id, { holds: own }] of services.entries(ctx)) if (own !== (byService.get(id)?.count ?? 0)) return `service ${id} counts ${own} holds of ${byService.get(id)?.count ?? 0}`;
  return undefined;
}

const sumOf = (deposits: readonly { readonly amount: string }[]): bigint => deposits.reduce((sum, { amount }) => sum + BigInt(amount), 0n);

/** What an organization spent on a job and did not get back is what the job paid, burned and holds, with its deposit; of a service, into which others may pay, at most that. */
function holdings(ctx: Context, ports: MarketPorts): string | undefined {
  const bondDenom = ports.providers.bondDenom(ctx);
  for (const [what, records] of [["job", jobs], ["service", services]] as const) {
    for (const [id, { organization, payer, escrow }] of records.entries(ctx)) {
      if (organization === "") continue;
      const { denom, deposited, refunded, storageDeposit } = escrow!;
      const open = BigInt(deposited) - BigInt(refunded);
      const wanted = denom === bondDenom ? [[denom, open + BigInt(storageDeposit)] as const] : [[denom, open] as const, [bondDenom, BigInt(storageDeposit)] as const];
      for (const [of, most] of wanted) {
        const outstanding = ports.organizations.outstanding(ctx, holdingOf(id), payer, of);
        if (what === "job" ? outstanding !== most : outstanding > most) return `${what} ${id}: ${organization} has ${outstanding}${of} in it, the ${what} says ${most}`;
      }
    }
  }
  for (const [id, { organization, payer, storageDeposit }] of quoteRequests.entries(ctx)) {
    const outstanding = organization === "" ? undefined : ports.organizations.outstanding(ctx, requestHolding(id), payer, bondDenom);
    if (outstanding !== undefined && outstanding !== BigInt(storageDeposit)) return `request ${id}: ${organization} has ${outstanding}${bondDenom} in it, the request says ${storageDeposit}`;
  }
  return undefined;
}

/** The account has exactly what it owes, denom by denom: escrow in that of its job, deposits in the bond denom. */
function balance(ctx: Context, ports: MarketPorts): string | undefined {
  const bondDenom = ports.providers.bondDenom(ctx);
  const owed = new Map<string, bigint>([[bondDenom, 0n], ...Array.from(quoteDenoms.entries(ctx), ([denom]) => [denom, 0n] as const)]);
  const add = (denom: string, amount: string): void => void owed.set(denom, (owed.get(denom) ?? 0n) + BigInt(amount));
  for (const { escrow } of [...Array.from(jobs.entries(ctx), ([, job]) => job), ...Array.from(services.entries(ctx), ([, service]) => service)]) {
    add(escrow!.denom, escrow!.held);
    add(bondDenom, escrow!.storageDeposit);
  }
  for (const [, ask] of asks.entries(ctx)) add(bondDenom, ask.storageDeposit);
  for (const [, request] of quoteRequests.entries(ctx)) add(bondDenom, request.storageDeposit);
  for (const [, profile] of profiles.entries(ctx)) add(bondDenom, profile.deposit);
  for (const [denom, amount] of [...owed]) {
    const held = ports.bank.balance(ctx, escrowAddress, denom);
    if (held !== amount) return `the account holds ${held}${denom} and owes ${amount}${denom}`;
  }
  return undefined;
}

/** Every order is in the bond denom or a registered one; a job is reckoned in bond as its denom says, and escrowed in it. */
function denoms(ctx: Context, ports: MarketPorts): string | undefined {
  const bondDenom = ports.providers.bondDenom(ctx);
  for (const { id, quoteDenom, rate, escrow } of [...Array.from(jobs.entries(ctx), ([, job]) => job), ...Array.from(services.entries(ctx), ([, service]) => service)]) {
    if (escrow!.denom !== quoteDenom) return `job ${id} is quoted in ${quoteDenom} and escrowed in ${escrow!.denom}`;
    const fault = orderFault(ctx, bondDenom, quoteDenom) ?? rateFault(bondDenom, quoteDenom, rate);
    if (fault !== undefined) return `job ${id} ${fault}`;
  }
  for (const [id, { quoteDenom }] of asks.entries(ctx)) {
    const fault = orderFault(ctx, bondDenom, quoteDenom);
    if (fault !== undefined) return `ask ${id} ${fault}`;
  }
  for (const [id, { quoteDenom }] of quoteRequests.entries(ctx)) {
    const fault = orderFault(ctx, bondDenom, quoteDenom);
    if (fault !== undefined) return `request ${id} ${fault}`;
  }
  return undefined;
}

function orderFault(ctx: Context, bondDenom: string, denom: string): string | undefined {
  return denom === bondDenom || quoteDenoms.has(ctx, denom) ? undefined : `is quoted in ${denom}, which is no quote denom`;
}

/** units = free + held + out with tasks and instances. */
function units(ctx: Context): string | undefined {
  const out = new Map<bigint, number>();
  const held = new Map<bigint, number>();
  for (const [, task] of tasks.entries(ctx)) {
    for (const replica of task.replicas) if (replica.unitOut) out.set(replica.askId, (out.get(replica.askId) ?? 0) + 1);
    for (const id of task.heldAsks) held.set(id, (held.get(id) ?? 0) + 1);
  }
  for (const [, { unitOut, askId }] of instances.entries(ctx)) if (unitOut) out.set(askId, (out.get(askId) ?? 0) + 1);
  for (const [id, ask] of asks.entries(ctx)) {
    if (ask.heldUnits !== (held.get(id) ?? 0)) return `ask ${id} has ${ask.heldUnits} held units, tasks hold ${held.get(id) ?? 0}`;
    if (ask.units !== ask.freeUnits + ask.heldUnits + (out.get(id) ?? 0)) return `ask ${id} of ${ask.units} units has ${ask.freeUnits} free, ${ask.heldUnits} held, ${out.get(id) ?? 0} out`;
  }
  return undefined;
}

/** What the books list is what they should list, but for asks that have yet to follow their provider; and they have counted it. */
function askIndex(ctx: Context): string | undefined {
  const counts = new Map<string, bigint>();
  let places = 0n;
  for (const [id, ask] of asks.entries(ctx)) {
    const address = addressBytes(ask.provider);
    const should = isListed(ctx, ask);
    const is = askBook.has(ctx, keyIn(ask, openPlace));
    for (const place of ask.places) if (askBook.has(ctx, keyIn(ask, place)) !== is) return `ask ${id} is ${is ? "missing from" : "in"} the index of profile ${place.profileId}`;
    if (is) places += 1n + BigInt(ask.places.length);
    if (is) counts.set(bookOf(ask).join(" "), (counts.get(bookOf(ask).join(" ")) ?? 0n) + 1n);
    const waits = followCursors.find(ctx, address);
    const follows = waits !== undefined && id >= waits[1];
    if (is !== should && !follows) return `ask ${id} is ${should ? "missing from" : "in"} the book`;
  }
  for (const [key, { openAsks }] of books.entries(ctx)) {
    const listed = counts.get(key.join(" ")) ?? 0n;
    if (listed !== openAsks) return `book ${key.join("/")} counts ${openAsks} asks and lists ${listed}`;
  }
  const inBook = Array.from(askBook.entries(ctx)).length;
  return BigInt(inBook) === places ? undefined : `the books have ${inBook} places, the asks in them ${places}`;
}

/** Each provider's asks are counted, and one that has none is not remembered. */
function sellerRecords(ctx: Context): string | undefined {
  const counts = new Map<string, number>();
  for (const [id, { provider }] of asks.entries(ctx)) {
    if (!asksByProvider.has(ctx, [addressBytes(provider), id])) return `ask ${id} is missing from the index of ${provider}`;
    counts.set(provider, (counts.get(provider) ?? 0) + 1);
  }
  for (const [address, seller] of sellers.entries(ctx)) {
    const provider = addressText(address);
    if (seller.asks !== (counts.get(provider) ?? 0) || seller.asks === 0) return `${provider} counts ${seller.asks} asks of ${counts.get(provider) ?? 0}`;
    counts.delete(provider);
  }
  const [lost] = Array.from(counts.keys());
  return lost === undefined ? undefined : `${lost} has asks and no record`;
}

/** Who waits for its asks to be moved stands in the queue once. */
function followers(ctx: Context): string | undefined {
  const queued = Array.from(followQueue.entries(ctx), ([, address]) => addressText(address)).sort(compareText);
  const waiting = Array.from(followCursors.entries(ctx), ([address]) => addressText(address)).sort(compareText);
  return queued.join() === waiting.join() ? undefined : `${waiting.length} providers wait for their asks to be moved, ${queued.length} are in the queue`;
}

/** Each OPEN bid that spends an organization's money is found by it. */
function organizationIndex(ctx: Context): string | undefined {
  let listed = 0;
  for (const [id, bid] of bids.entries(ctx)) {
    if (bid.organization === "") continue;
    const should = !isTerminal(bid.status) && openTasks(bid) > 0;
    if (bidsByOrganization.has(ctx, [bid.organization, id]) !== should) return `bid ${id} is ${should ? "missing from" : "in"} the index of ${bid.organization}`;
    if (should) listed++;
  }
  const indexed = Array.from(bidsByOrganization.entries(ctx)).length;
  if (indexed !== listed) return `organizations' indexes list ${indexed} bids, there are ${listed}`;
  const queued = Array.from(mandateQueue.entries(ctx), ([, name]) => name).sort(compareText);
  const waiting = Array.from(mandateCursors.entries(ctx), ([name]) => name).sort(compareText);
  return queued.join() === waiting.join() ? undefined : `${waiting.length} organizations wait for their bids to be looked at, ${queued.length} are in the queue`;
}

function bidIndex(ctx: Context): string | undefined {
  let listed = 0;
  const open = new Map<string, bigint>();
  const live = new Map<string, bigint>();
  const add = (counts: Map<string, bigint>, bid: Bid): void => void counts.set(demandName(bookOf(bid), bid.profileId), (counts.get(demandName(bookOf(bid), bid.profileId)) ?? 0n) + 1n);
  for (const [id, bid] of bids.entries(ctx)) {
    if (loadBacking(ctx, bid).endedTau === 0n) add(live, bid);
    if (bid.askId !== 0n) continue;
    const should = !isTerminal(bid.status) && openTasks(bid) > 0;
    if (bidBook.has(ctx, [[bookOf(bid), bid.profileId], [bidOrder(bid.limitPrice), bid.createdHeight, id]]) !== should) return `bid ${id} is ${should ? "missing from" : "in"} the book`;
    if (should) {
      listed++;
      add(open, bid);
    }
  }
  const inBook = Array.from(bidBook.entries(ctx)).length;
  if (inBook !== listed) return `the books list ${inBook} bids, there are ${listed}`;
  for (const [[key, profile], demand] of demands.entries(ctx)) {
    const name = demandName(key, profile);
    if (demand.openBids !== (open.get(name) ?? 0n) || demand.liveJobs !== (live.get(name) ?? 0n)) return `profile ${name} counts ${demand.openBids} bids and ${demand.liveJobs} jobs of ${open.get(name) ?? 0n} and ${live.get(name) ?? 0n}`;
    live.delete(name);
  }
  const [lost] = Array.from(live.keys());
  return lost === undefined ? undefined : `profile ${lost} has jobs and no record`;
}

/** Bids on reserved asks stand in their queue and in no book; an allotment's taken lots are those of the tasks that run. */
function reserved(ctx: Context): string | undefined {
  let waiting = 0;
  for (const [id, bid] of bids.entries(ctx)) {
    if (bid.askId === 0n) continue;
    const should = !isTerminal(bid.status) && openTasks(bid) > 0;
    if (reservedBids.has(ctx, [bid.askId, id]) !== should) return `bid ${id} is ${should ? "missing from" : "in"} the queue of ask ${bid.askId}`;
    if (should) waiting++;
  }
  const queued = Array.from(reservedBids.entries(ctx)).length;
  if (queued !== waiting) return `the queues of reserved asks list ${queued} bids, there are ${waiting}`;
  const taken = new Map<bigint, bigint>();
  for (const [, task] of tasks.entries(ctx)) {
    const askId = jobs.find(ctx, task.jobId)?.askId ?? 0n;
    if (askId !== 0n && !isOver(task.state) && task.replicas.some((one) => one.askId === askId)) taken.set(askId, (taken.get(askId) ?? 0n) + task.lots);
  }
  for (const [id, allotment] of allotments.entries(ctx)) {
    if (allotment.taken !== (taken.get(id) ?? 0n)) return `ask ${id} counts ${allotment.taken} lots as taken, its tasks have ${taken.get(id) ?? 0n}`;
  }
  return undefined;
}

const demandName = (key: BookKey, profile: number): string => `${key.join("/")} ${profile}`;

function taskRecords(ctx: Context): string | undefined {
  for (const [id, task] of tasks.entries(ctx)) {
    const fault = taskFault(task);
    if (fault !== undefined) return `task ${id} ${fault}`;
    const job = jobs.find(ctx, task.jobId);
    if (job === undefined || task.index >= job.spec!.tasks || id !== taskIdOf(task.jobId, task.index)) return `task ${id} is number ${task.index} of job ${task.jobId}, which has no such task`;
    const { limitPrice } = loadBid(ctx, task.jobId);
    if (task.replicas.some((one) => one.price < task.price || one.price > limitPrice)) return `task ${id} has a replica below its price of ${task.price} or above the limit of ${limitPrice}`;
    const { dueTau, queuedTau } = task;
    if ((dueTau === 0n) !== (queuedTau === 0n) || queuedTau > dueTau) return `task ${id} is due at ${dueTau} and queued for ${queuedTau}`;
    if (queuedTau !== 0n && !dueQueue.has(ctx, [queuedTau, dueKinds.task, id])) return `task ${id} is queued for ${queuedTau} and not in the queue`;
  }
  const live = Array.from(tasks.entries(ctx)).filter(([, task]) => !isOver(task.state)).flatMap(([id, task]) => task.replicas.map(({ provider }) => `${provider} ${id}`)).sort(compareText);
  const indexed = Array.from(liveTasksByProvider.entries(ctx), ([[provider, id]]) => `${addressText(provider)} ${id}`).sort(compareText);
  if (live.join() !== indexed.join()) return `the index of live tasks has ${indexed.length} entries for ${live.length} replicas`;
  const claimed = Array.from(tasks.entries(ctx)).filter(([, task]) => isClaimed(task.state)).map(([id]) => id);
  if (claimed.join() !== Array.from(claimedTasks.entries(ctx), ([id]) => id).join()) return `the index of claimed tasks is not ${claimed.join()}`;
  for (const [id] of draws.entries(ctx)) {
    const task = tasks.find(ctx, id);
    if (task === undefined || !mayAwaitDraw(task.state)) return `a draw waits for task ${id}, which is ${task === undefined ? "missing" : `in state ${task.state}`}`;
  }
  for (const [id, task] of tasks.entries(ctx)) if (awaitsDraw(task) && !draws.has(ctx, id)) return `task ${id} in state ${task.state} waits for a draw that is not there`;
  return undefined;
}

/** Each task that a live bid matched has a record, and those that are OPEN again are those that it lists. */
function openRecords(ctx: Context): string | undefined {
  for (const [id, bid] of bids.entries(ctx)) {
    if (bid.service || isTerminal(bid.status)) continue;
    const records = Array.from(tasks.entries(ctx, { within: within.job(id) }), ([, task]) => task);
    if (records.length !== bid.nextTask) return `bid ${id} matched ${bid.nextTask} tasks, ${records.length} have a record`;
    const open = records.filter(({ state }) => state === TaskState.TASK_STATE_OPEN).map((task) => task.id);
    if (open.join() !== [...bid.reopened].sort((a, b) => (a < b ? -1 : 1)).join()) return `bid ${id} lists tasks ${bid.reopened.join()} as open, they are ${open.join()}`;
  }
  return undefined;
}

/** A lease is of a job or service that is there, and goes with it; replicas and instances have leases of their own kind. */
function leaseRecords(ctx: Context): string | undefined {
  for (const [id, { jobId, askId, provider }] of leases.entries(ctx)) {
    if (!jobs.has(ctx, jobId) && !services.has(ctx, jobId)) return `lease ${id} is of ${jobId}, which is neither a job nor a service`;
    if (!leasesByJob.has(ctx, [jobId, id]) || !leasesByProvider.has(ctx, [addressBytes(provider), id])) return `lease ${id} on ask ${askId} is missing from an index`;
  }
  for (const [id, task] of tasks.entries(ctx)) {
    for (const { leaseId, provider, askId } of task.replicas) {
      const lease = leases.find(ctx, leaseId);
      if (lease?.jobId !== task.jobId || lease.provider !== provider || lease.askId !== askId) return `task ${id} runs at ${provider} under lease ${leaseId}, which is another one`;
    }
  }
  return undefined;
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function taskFault(task: Task): string | undefined {
  if (isOver(task.state) && (task.dueTau !== 0n || task.heldAsks.length > 0 || task.replicas.some((one) => BigInt(one.stake) > 0n || one.unitOut))) return "is over and still holds something";
  if (!isOver(task.state) && task.endedTau !== 0n) return "lives and has an end";
  if (task.replicas.some((one) => one.state === ReplicaState.REPLICA_STATE_OUT && BigInt(one.stake) > 0n)) return "has a stake of a replica that is out";
  if (new Set(task.replicas.map((one) => one.provider)).size !== task.replicas.length) return "has one provider twice";
  const fault = windowFault(task);
  if (fault !== undefined) return fault;
  const checked = task.state === TaskState.TASK_STATE_DRAWING || task.state === TaskState.TASK_STATE_AUDITING;
  if (checked && task.replicas.some(({ round, state, dueTau }) => round === drawRounds.match && (state !== ReplicaState.REPLICA_STATE_COMMITTED || dueTau !== 0n))) return "is being audited and its provider has not committed, or has a deadline";
  return undefined;
}

/** A refereed task stands for its result until its window is over, whose clock stands still in DISPUTE. */
function windowFault(task: Task): string | undefined {
  const { state, challengeLeft } = task;
  const [open, disputed] = [state === TaskState.TASK_STATE_CHALLENGE, state === TaskState.TASK_STATE_DISPUTE];
  if (!disputed && challengeLeft !== 0n) return "is not disputed and has a window that stands still";
  if (!open && !disputed) return undefined;
  const [first, ...others] = claimantsOf(task);
  if (first === undefined || [first, ...others].some(({ result }) => result?.final === undefined)) return "can be challenged and its provider has claimed no state";
  if ([first, ...others].some(({ stake }) => BigInt(stake) === 0n)) return "can be challenged and nothing stands for it";
  if (open && others.some((other) => !equalBytes(stateHashOf(other), stateHashOf(first)))) return "can be challenged and two states are claimed";
  if (others.some(({ dueTau }) => dueTau !== 0n)) return "can be challenged and has a second window";
  return open === (first.dueTau !== 0n) ? undefined : "is disputed and its window runs, or the other way round";
}

/** Stages account for their job's tasks, and none opened before those that it waits for were FINAL. */
function stageRecords(ctx: Context): string | undefined {
  let records = 0;
  for (const [id, job] of jobs.entries(ctx)) {
    const found = stagesOf(ctx, job);
    const specs = job.spec!.stages;
    records += found.length;
    if (found.length !== specs.length) return `job ${id} has ${found.length} of ${specs.length} stages`;
    const bid = loadBid(ctx, id);
    for (const stage of found) {
      const fault = stageFault(ctx, job, found, stage, bid);
      if (fault !== undefined) return `stage ${stage.index} of job ${id} ${fault}`;
    }
    const sum = (count: (stage: Stage) => number): number => found.reduce((total, stage) => total + count(stage), 0);
    if (found.length > 0 && (sum((one) => one.tasksFinal) !== job.tasksFinal || sum((one) => one.tasksClosed) !== job.tasksClosed)) return `job ${id} and its stages count tasks differently`;
    if (found.length === 0 && bid.unmatched.length > 0) return `bid ${id} has unmatched ranges and no stages`;
  }
  const all = Array.from(stages.entries(ctx)).length;
  return all === records ? undefined : `there are ${all} stages, ${records} of them of jobs`;
}

function stageFault(ctx: Context, job: Job, found: readonly Stage[], stage: Stage, bid: Bid): string | undefined {
  const inStage = (index: number): boolean => index >= stage.firstTask && index < stage.firstTask + stage.tasks;
  const unmatched = bid.unmatched.filter(({ first }) => inStage(first)).reduce((sum, { count }) => sum + count, 0);
  const recorded = Array.from(tasks.entries(ctx, { within: within.job(job.id) }), ([, task]) => task).filter(({ index }) => inStage(index));
  if (isUnopened(stage) && (recorded.length > 0 || unmatched > 0)) return "has not opened and has tasks that did";
  if (!isUnopened(stage) && job.spec!.stages[stage.index]!.after.some((index) => found[index]!.state !== StageState.STAGE_STATE_FINAL)) return "opened before one that it waits for was FINAL";
  if (recorded.filter(({ state }) => state === TaskState.TASK_STATE_FINAL).length !== stage.tasksFinal) return `counts ${stage.tasksFinal} FINAL tasks`;
  if (stage.tasksFinal + stage.tasksClosed > stage.tasks || (stage.state === StageState.STAGE_STATE_FINAL) !== (stage.tasksFinal === stage.tasks)) return `is ${stage.state} with ${stage.tasksFinal} of ${stage.tasks} tasks FINAL`;
  if ((stage.state === StageState.STAGE_STATE_CLOSED) !== (stage.tasksClosed > 0)) return `is ${stage.state} with ${stage.tasksClosed} tasks CLOSED`;
  if ((stage.state === StageState.STAGE_STATE_INPUTS) !== (stage.inputsDueTau !== 0n)) return "waits for inputs without a due time, or has one without waiting";
  return stage.inputsDueTau === 0n || dueQueue.has(ctx, [stage.inputsDueTau, dueKinds.stageInputs, taskIdOf(job.id, stage.index)]) ? undefined : "is due and not in the queue";
}

/** No provider has less locked or set aside than its tasks and asks need. */
function stakes(ctx: Context, ports: MarketPorts): string | undefined {
  const locked = new Map<string, bigint>();
  const reserved = new Map<string, bigint>();
  for (const [, task] of tasks.entries(ctx)) for (const one of task.replicas) locked.set(one.provider, (locked.get(one.provider) ?? 0n) + BigInt(one.stake));
  for (const [, { provider, stake }] of instances.entries(ctx)) locked.set(provider, (locked.get(provider) ?? 0n) + BigInt(stake));
  for (const [, ask] of asks.entries(ctx)) reserved.set(ask.provider, (reserved.get(ask.provider) ?? 0n) + ask.bondPerUnit * BigInt(ask.freeUnits + ask.heldUnits));
  for (const [, ask] of asks.entries(ctx)) {
    const view = ports.providers.find(ctx, addressBytes(ask.provider));
    if ((view?.locked ?? 0n) !== (locked.get(ask.provider) ?? 0n)) return `${ask.provider} has ${view?.locked ?? 0n} locked, its tasks and instances stake ${locked.get(ask.provider) ?? 0n}`;
    if ((view?.reserved ?? 0n) !== (reserved.get(ask.provider) ?? 0n)) return `${ask.provider} has ${view?.reserved ?? 0n} reserved, its asks need ${reserved.get(ask.provider) ?? 0n}`;
  }
  return undefined;
}

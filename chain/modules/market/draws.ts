/** Drawing replicas: by free bond, one an organization; from the asks at or below the match price, an audit and a tie-break from dearer ones too. Protocol sections 3 and 8. */
import { OrderStatus, type Ask, type Draw, type Job, type Task } from "../../codec/gen/dcm/market/v1/types.ts";
import { addressBytes } from "../../codec/address.ts";
import { readUint64, uint64Bytes, utf8 } from "../../codec/bytes.ts";
import { sha256 } from "../../codec/hash.ts";
import { maxInt } from "../../math/int.ts";
import { assert } from "../../runtime/errors.ts";
import { bookOf, loadAsk, lockUnit, releaseHold, saveAsk } from "./asks.ts";
import { loadBid, loadJob } from "./bids.ts";
import { queueDraw, dropDraw } from "./draw-queue.ts";
import { emit } from "./events.ts";
import { windowOf } from "./holds.ts";
import { createLease } from "./leases.ts";
import { Mandates, type ProviderGuard } from "./guards.ts";
import { jurisdictionOf } from "./mandates.ts";
import { serves } from "./levels.ts";
import { paramsAt, currentParams } from "./params.ts";
import { seeded } from "./pro-rata.ts";
import { premiumIn, satisfies } from "./profiles.ts";
import { rateOf } from "./rate.ts";
import { stakeOf } from "./settlement.ts";
import { askBook, askPlaceKey, asks, collect, draws, profiles, readyDraws, tasks, within } from "./state.ts";
import { apply, termsOf } from "./tasks.ts";
import { drawFailed, drawn, undrawn, type PricedSeat } from "./task-machine.ts";
import { drawRounds } from "./task-run.ts";
import type { Context } from "../../runtime/context.ts";
import { membershipsIn } from "../organization/ports.ts";
import type { ProviderView } from "../staking/providers/ports.ts";
import type { MarketPorts } from "./ports.ts";

/**
 * Asks that one draw looks at, cheapest first; an audit or a tie-break that has found too few organizations looks further, so that the many asks of two
 * affiliates do not hide all others. And all draws of a block together, of which the last one may go beyond.
 */
const maxCandidates = 512;
const maxSearched = 4_096;
const maxLooks = 20_000;

/** What a draw chooses from. */
export interface Weighable {
  readonly provider: string;
  readonly organization: string;
  /** Organizations that the provider is a member of, by whichever name it goes. */
  readonly memberships: readonly string[];
  /** Free bond of the provider. */
  readonly weight: bigint;
}

export interface Candidate extends Weighable {
  readonly ask: Ask;
  /** It was placed before anybody could know the seed; another price since makes no difference [waiting until the others were replaced]. */
  readonly early: boolean;
  /** What a lot of it costs, and what it stakes at that price. */
  readonly price: bigint;
  readonly stake: bigint;
  readonly jurisdiction: string;
}

/** At the end of a block: draws with seed and salt, in the order of their salts. A draw that finds too few goes behind all others, those that come later too, until its time is over. */
export function runDraws(ctx: Context, ports: MarketPorts): void {
  const tau = ports.clock.tau(ctx);
  const room = { looks: maxLooks };
  for (const [[ticket, taskId]] of collect(ctx, readyDraws, currentParams(ctx).params.maxDraws)) {
    if (room.looks <= 0) return;
    readyDraws.remove(ctx, [ticket, taskId]);
    if (ctx.isolate(`market: draw of task ${taskId}`, (item) => runDraw(item, ports, taskId, tau, room))) continue;
    // An error that nobody expected leaves no task waiting for ever: it is drawn again, and without a draw once the time for it is over.
    if (!ctx.isolate(`market: draw of task ${taskId}, to be put off`, (item) => goOn(item, ports, taskId, tau))) queueDraw(ctx, taskId, true);
  }
}

/** The draw found nobody: again, or not any more. */
function goOn(ctx: Context, ports: MarketPorts, taskId: bigint, tau: bigint): void {
  const draw = draws.find(ctx, taskId)!;
  const task = tasks.find(ctx, taskId)!;
  if (tau > draw.drawDueTau) apply(ctx, ports, task, drawFailed(task, termsOf(ctx, loadJob(ctx, task.jobId)), tau));
  else queueDraw(ctx, taskId, true);
}

/** What a block has left for looking at asks, and at attestations for policies. */
interface Room {
  looks: number;
}

function runDraw(ctx: Context, ports: MarketPorts, taskId: bigint, tau: bigint, room: Room): void {
  const draw = draws.find(ctx, taskId);
  if (draw === undefined || draw.salt.length === 0) return;
  const task = tasks.find(ctx, taskId);
  assert(task !== undefined, `draw of a missing task ${taskId}`);
  if (draw.round === drawRounds.audit && !isAuditDrawn(draw, task)) {
    apply(ctx, ports, task, undrawn(task, termsOf(ctx, loadJob(ctx, task.jobId)), tau));
    return;
  }
  if (!tryDraw(ctx, ports, draw, task, room)) goOn(ctx, ports, taskId, tau);
}

function tryDraw(ctx: Context, ports: MarketPorts, draw: Draw, task: Task, room: Room): boolean {
  const job = loadJob(ctx, task.jobId);
  const tau = ports.clock.tau(ctx);
  const candidates = candidatesOf(ctx, ports, job, task, draw, room);
  const { shareCapBps } = paramsAt(ctx, job.paramsVersion);
  const drawFrom = (some: readonly Candidate[]): Candidate[] | undefined => choose(some, draw.count, drawSeed(draw), shareCapBps);
  // Whoever knows seed and salt could look for an address that is drawn; what comes behind the seed counts only where there are too few without it.
  const chosen = drawFrom(candidates.filter(({ early }) => early)) ?? drawFrom(candidates);
  if (chosen === undefined) return false;
  // Promised units that were not drawn go back to the book; those that were drawn go out from it.
  for (const id of task.heldAsks) releaseHold(ctx, ports, id);
  const bid = loadBid(ctx, job.id);
  const seats = chosen.map(({ ask: { id }, price, stake, jurisdiction }): PricedSeat => {
    const ask = loadAsk(ctx, id);
    const locked = ask.freeUnits > 0 && lockUnit(ctx, ports, ask, stake);
    assert(locked, `ask ${id} was drawn but cannot serve`);
    saveAsk(ctx, { ...ask, freeUnits: ask.freeUnits - 1 });
    const lease = createLease(ctx, bid, job.paramsVersion, ask, { units: 1, lots: task.lots, price, profileId: bid.profileId, drawn: true, costTags: job.costTags, jurisdiction, tau });
    return { provider: ask.provider, organization: ask.organization, askId: id, leaseId: lease.id, jurisdiction, price, stake };
  });
  dropDraw(ctx, task.id);
  emit(ctx, "EventReplicasDrawn", { task_id: task.id, job_id: job.id, round: draw.round, providers: seats.map((seat) => seat.provider).join(",") });
  apply(ctx, ports, { ...task, heldAsks: [] }, drawn(task, termsOf(ctx, job), seats, draw.round, tau));
  return true;
}

/** H(seed || task || salt). */
export function drawSeed(draw: Draw): Uint8Array {
  return sha256(draw.seed, uint64Bytes(draw.taskId), draw.salt);
}

/** Whether the task is audited at all: with the probability that its stake was computed with. Nobody knew it before the provider had committed. */
function isAuditDrawn(draw: Draw, task: Task): boolean {
  return seeded(drawSeed(draw), utf8("audit"), 0n, 10_000n) < BigInt(task.auditProbabilityBps);
}

/**
 * Who may be drawn: asks with a unit, of organizations that have no part in the task. Replicas of the first round come from the asks at or
 * below the match price, which clearing has counted. An audit and a tie-break need others beside them: where the asks at that price are of fewer
 * organizations than the share cap needs to mean something, it looks at dearer ones, cheapest first, until they are enough, at most at the bid's
 * limit. So neither a thin book saves a liar, nor do its two affiliates a tick above the price come in for certain.
 */
function candidatesOf(ctx: Context, ports: MarketPorts, job: Job, task: Task, draw: Draw, room: Room): Candidate[] {
  const tau = ports.clock.tau(ctx);
  const bid = loadBid(ctx, job.id);
  const params = paramsAt(ctx, job.paramsVersion);
  const seededTau = draw.saltDueTau - params.saltDue;
  const most = draw.round === drawRounds.match ? task.price : bid.limitPrice;
  const enough = Math.max(draw.count, Math.ceil(10_000 / params.shareCapBps));
  const book = bookOf(job);
  const profile = bid.profileId === 0 ? undefined : profiles.find(ctx, [book, bid.profileId]);
  const out: Candidate[] = [];
  const organizations = new Set<string>();
  const seen = new Set<string>();
  const mandates = new Mandates(ctx, ports);
  const guard = mandates.guardOf(job.organization);
  const membershipsOf = membershipsIn(ctx, ports.organizations);
  // Of the consumer and of whoever has a part in the task already.
  const affiliated = new Set([...membershipsOf(job.consumer), ...(job.organization === "" ? [] : [job.organization]), ...task.replicas.flatMap(({ provider, organization }) => [organization, ...membershipsOf(provider)])]);
  // A provider has many asks; who it is, is looked up once.
  const known = new Map<string, Seated | undefined>();
  const seated = (ask: Ask): Seated | undefined => {
    if (!known.has(ask.provider)) known.set(ask.provider, membershipsOf(ask.provider).some((one) => affiliated.has(one)) ? undefined : mayJoin(ctx, ports, ask.provider, job, task, bid.excluded, guard));
    return known.get(ask.provider);
  };
  const add = (ask: Ask): void => {
    room.looks--;
    if (seen.has(ask.provider) || !offered(ask, tau) || task.replicas.some((replica) => replica.organization === ask.organization)) return;
    const provider = seated(ask);
    if (provider === undefined) return;
    if (bid.profileId !== 0 && (profile === undefined || !satisfies(ctx, ports, profile, ask.premiums, provider.view))) return;
    if (ask.availableUntil !== 0n && ask.availableUntil < tau + job.spec!.duration) return;
    if (ask.maxAcceptanceWindow < windowOf(job) || !serves(ask, job.verification)) return;
    const wanted = ask.basePrice + premiumIn(ask, bid.profileId);
    if (wanted > most) return;
    const price = maxInt(task.price, wanted);
    const stake = price === task.price ? BigInt(task.stake) : stakeOf(job.verification, price * task.lots, BigInt(job.risk), task.auditProbabilityBps, params, rateOf(job));
    if (provider.free + ask.bondPerUnit < stake) return;
    seen.add(ask.provider);
    const early = ask.createdTau < seededTau;
    if (early) organizations.add(provider.organization);
    out.push({ ask, early, provider: ask.provider, organization: provider.organization, memberships: membershipsOf(ask.provider), weight: provider.free + ask.bondPerUnit, price, stake, jurisdiction: jurisdictionOf(provider.view) });
  };
  for (const id of task.heldAsks) {
    const ask = loadAsk(ctx, id);
    // A promised unit of an ask that closed meanwhile cannot be drawn any more.
    if (ask.status === OrderStatus.ORDER_STATUS_OPEN) add(ask);
  }
  let looked = 0;
  for (const [[[rank], , id]] of askBook.tails(ctx, within.profile(book, bid.profileId), askPlaceKey, { to: within.rank(book, bid.profileId, most) })) {
    const few = draw.round !== drawRounds.match && organizations.size < enough;
    if (few ? looked >= maxSearched : rank > task.price || looked >= maxCandidates) break;
    looked++;
    const ask = asks.find(ctx, id);
    if (ask !== undefined) add(ask);
  }
  room.looks -= mandates.reads;
  out.sort((a, b) => (a.ask.provider < b.ask.provider ? -1 : 1));
  return out;
}

interface Seated {
  readonly view: ProviderView;
  readonly organization: string;
  /** Free bond. */
  readonly free: bigint;
}

/** The provider as the draw weighs it; undefined where it may have no part in the task. */
function mayJoin(ctx: Context, ports: MarketPorts, provider: string, job: Job, task: Task, excluded: readonly string[], guard: ProviderGuard | undefined): Seated | undefined {
  if (provider === job.consumer || excluded.includes(provider)) return undefined;
  const view = ports.providers.find(ctx, addressBytes(provider));
  if (view?.active !== true) return undefined;
  const { organization } = view;
  if (job.organization !== "" && organization === job.organization) return undefined;
  if (task.replicas.some((replica) => replica.provider === provider || replica.organization === organization)) return undefined;
  if (guard !== undefined && guard.admits({ owner: provider }) !== true) return undefined;
  return { organization, view, free: ports.providers.free(ctx, view.address) };
}

/** Not expired. */
export function offered(ask: Ask, tau: bigint): boolean {
  return tau <= ask.expiresTau;
}

/** Both go by one name, or are members of one organization: together they are no two. */
const together = (a: Weighable, b: Weighable): boolean => namesOf(a).some((one) => namesOf(b).includes(one));
const namesOf = ({ organization, memberships }: Weighable): readonly string[] => [organization, ...memberships];

/** Choices that are begun anew, each time without the candidate that was chosen first and left too few others. */
const maxChoices = 8;

/**
 * `count` candidates, no two of one organization by name or membership; undefined where there are too few. Each time the one whose wait is over first: its own number, that seed and
 * address make, divided by its weight. So the bond of one decides on no turn but its own [a consumer that knows seed and salt, and shifts the bond of an accomplice by a unit until
 * its accomplices are drawn]. Pure.
 */
export function choose<C extends Weighable>(candidates: readonly C[], count: number, seed: Uint8Array, shareCapBps: number): C[] | undefined {
  const waits = new Map(candidates.map((candidate) => [candidate, waitOf(seed, candidate.provider)]));
  let rest: readonly C[] = candidates;
  for (let turn = 0; turn < maxChoices; turn++) {
    const out = chooseApart(rest, waits, count, shareCapBps);
    if (out.length === count) return out;
    // One that is a member of several organizations may stand between others that have nothing to do with each other.
    rest = rest.filter((candidate) => candidate !== out[0]);
  }
  return undefined;
}

function chooseApart<C extends Weighable>(candidates: readonly C[], waits: ReadonlyMap<C, bigint>, count: number, shareCapBps: number): C[] {
  let rest = affiliations(candidates);
  const out: C[] = [];
  while (out.length < count && rest.length > 0) {
    const candidate = soonest(rest, waits, shareCapBps);
    out.push(candidate);
    rest = rest.filter((other) => !together(other.candidate, candidate));
  }
  return out;
}

/** Bits of a wait behind its point, and of the numbers that it is reckoned with: their squares are exact. */
const waitBits = 20;
const mantissaBits = 25;

/** -log2 of a number in (0, 1) that nobody could choose, in 1/2^20: divided by weights, the least of such waits is each one's in proportion to its weight. Whole numbers alone, so that every machine has the same. */
function waitOf(seed: Uint8Array, provider: string): bigint {
  const number = readUint64(sha256(seed, utf8("candidate"), addressBytes(provider))) | 1n;
  const whole = number.toString(2).length - 1;
  const [one, two] = [2 ** mantissaBits, 2 ** (mantissaBits + 1)];
  let mantissa = Number((number << BigInt(63 - whole)) >> BigInt(63 - mantissaBits));
  let log = whole;
  // From 1 up to 2: one squaring gives one bit of its logarithm.
  for (let bit = 0; bit < waitBits; bit++) {
    mantissa = Math.floor((mantissa * mantissa) / one);
    const carry = mantissa >= two ? 1 : 0;
    if (carry === 1) mantissa = Math.floor(mantissa / 2);
    log = log * 2 + carry;
  }
  return BigInt(64 * 2 ** waitBits - log);
}

/** Whose wait is over first, by its part of what its organization weighs; where nobody weighs anything, all weigh the same. */
function soonest<C extends Weighable>(from: readonly Affiliated<C>[], waits: ReadonlyMap<C, bigint>, shareCapBps: number): C {
  const organizations = new Map<string, { sum: bigint; count: bigint }>();
  for (const { organization, weight } of from) {
    const known = organizations.get(organization) ?? { sum: 0n, count: 0n };
    organizations.set(organization, { sum: known.sum + weight, count: known.count + 1n });
  }
  const weighed = weighOrganizations(from, shareCapBps);
  const even = weighed.every(({ weight }) => weight === 0n);
  const parts = new Map(weighed.map(({ name, weight }) => [name, even ? 1n : weight]));
  let best: { readonly candidate: C; readonly wait: bigint; readonly speed: bigint } | undefined;
  for (const { organization, weight, candidate } of from) {
    const { sum, count } = organizations.get(organization)!;
    const speed = parts.get(organization)! * (sum === 0n ? 1n : weight);
    const wait = waits.get(candidate)! * (sum === 0n ? count : sum);
    if (speed > 0n && (best === undefined || wait * best.speed < best.wait * speed)) best = { candidate, wait, speed };
  }
  assert(best !== undefined, "a draw in which nobody has any weight");
  return best.candidate;
}

interface Affiliated<C> {
  readonly organization: string;
  readonly weight: bigint;
  readonly candidate: C;
}

/** Candidates under one name for all that are affiliates of each other, directly or through others: the share cap is theirs together. The name is the least of theirs. */
function affiliations<C extends Weighable>(candidates: readonly C[]): Affiliated<C>[] {
  const parents = new Map<string, string>();
  const rootOf = (name: string): string => {
    let root = name;
    for (let above = parents.get(root); above !== undefined && above !== root; above = parents.get(root)) root = above;
    if (root !== name) parents.set(name, root);
    return root;
  };
  for (const candidate of candidates) {
    for (const name of namesOf(candidate)) {
      const [a, b] = [rootOf(candidate.organization), rootOf(name)];
      if (a !== b) parents.set(a < b ? b : a, a < b ? a : b);
    }
  }
  return candidates.map((candidate) => ({ organization: rootOf(candidate.organization), weight: candidate.weight, candidate }));
}

interface Weighted<T> {
  readonly name: T;
  readonly weight: bigint;
}

/**
 * Organizations by the free bond of their candidates, none with more than the share cap of the whole; where there are too few organizations
 * for the cap (fewer than 1 / cap), all weigh the same. Sorted by name.
 */
export function weighOrganizations(candidates: readonly Pick<Weighable, "organization" | "weight">[], shareCapBps: number): Weighted<string>[] {
  const sums = new Map<string, bigint>();
  for (const { organization, weight } of candidates) sums.set(organization, (sums.get(organization) ?? 0n) + weight);
  const list = Array.from(sums, ([name, weight]) => ({ name, weight })).sort((a, b) => (a.name < b.name ? -1 : 1));
  const cap = capOf(list.map(({ weight }) => weight), BigInt(shareCapBps));
  return list.map(({ name, weight }) => ({ name, weight: weight < cap ? weight : cap }));
}

/** The greatest c with c <= cap x sum(min(w, c)), or the least weight where none is. */
function capOf(weights: readonly bigint[], capBps: bigint): bigint {
  const sorted = [...weights].sort((a, b) => (a > b ? -1 : a < b ? 1 : 0));
  let rest = 0n;
  for (const weight of sorted) rest += weight;
  for (const [capped, weight] of sorted.entries()) {
    // With the `capped` greatest at c each: c = cap x (capped x c + rest).
    const share = 10_000n - capBps * BigInt(capped);
    if (share <= 0n) break;
    const c = (capBps * rest) / share;
    if (capped > 0 && c >= weight) return c;
    if (capped === 0 && weight * 10_000n <= capBps * rest) return weight;
    rest -= weight;
  }
  return sorted.at(-1) ?? 0n;
}

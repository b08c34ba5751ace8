/** MsgPlaceBid: a job and the money for it. */
import { Bid, Blob, Comparator, Job, Meter, OrderStatus, Term, TimeInForce, VerificationLevel, type Ask, type CapacityClass, type JobSpec, type Params, type StageSpec } from "../../../codec/gen/dcm/market/v1/types.ts";
import type { MsgPlaceBid, MsgPlaceBidResponse } from "../../../codec/gen/dcm/market/v1/tx.ts";
import { addressBytes } from "../../../codec/address.ts";
import { encodeWire } from "../../../codec/wire.ts";
import { readAmount } from "../../../runtime/coins.ts";
import { fail } from "../../../runtime/errors.ts";
import { mostMeterLimit } from "../../../vm/bisection.ts";
import { bookOf } from "../asks.ts";
import { saveBid } from "../bids.ts";
import { anyClass } from "../classes.ts";
import { atMost, canonical, checkClassId, checkCostTags, checkDuration, checkProfile, checkTimeInForce, checkUrls, checkWhole, expiry, maxPrice, maxTau, size, textAtMost, tradable } from "../checks.ts";
import { authorizeSpend, holdingOf, payerOf } from "../escrow.ts";
import { errors } from "../errors.ts";
import { bidPlaced, enumName, levelName, statusName } from "../events.ts";
import { payForMatches } from "../gas.ts";
import { served, serves } from "../levels.ts";
import { currentParams, inRange, paramBounds } from "../params.ts";
import { anyDenom, checkDenom, presentRate } from "../quote-denoms.ts";
import { escrowOf, isAudited, isRefereed, reserveReplicas } from "../settlement.ts";
import { leastWindow } from "../holds.ts";
import { checkInputs, checkStagedOrder, checkStages, maxArguments } from "../stage-checks.ts";
import { placeStages } from "../stages.ts";
import { countJob } from "../profiles.ts";
import { acceptQuote } from "../requests.ts";
import { leftOf } from "../reserved.ts";
import { allotments, asks, dueKinds, freshBooks, jobs, jobsByConsumer, nextJobId, profiles, schedule, take } from "../state.ts";
import type { Context } from "../../../runtime/context.ts";
import type { MessageHandler, Random } from "../../../runtime/module.ts";
import type { MarketPorts } from "../ports.ts";

/** Bytes of state that a task and each of its replicas may take, for the deposit. */
const taskBytes = 256;
const replicaBytes = 640;
/** And the final state of a refereed one. */
const finalBytes = 256;
/** And what is held of it. */
const holdBytes = 512;
/** The same for a stage, and its range in the bid. */
const stageBytes = 224;

export function placeBid(ports: MarketPorts): MessageHandler<MsgPlaceBid, MsgPlaceBidResponse> {
  return {
    signers: (message) => [message.consumer],

    check(message) {
      canonical(message.consumer, "consumer");
      if (message.payer !== "") canonical(message.payer, "payer");
      textAtMost("organization", message.organization, 128);
      checkCostTags(message.costTags);
      checkClassId(message.classId);
      checkDenom("quote_denom", message.quoteDenom);
      inRange("limit_price", message.limitPrice, 1n, maxPrice);
      inRange("lots", message.lots, 1n, 1n << 40n);
      inRange("expires_tau", message.expiresTau, 0n, maxTau);
      checkServed(message);
      checkNamed(message);
      readRisk(message.risk);
      checkAcceptance(message);
      checkJob(message.job, message.verification);
      checkStagedOrder(message);
    },

    execute(ctx, message) {
      const consumer = canonical(message.consumer, "consumer");
      const { organization } = message;
      const payer = payerOf(ports, { signer: consumer, payer: message.payer === "" ? "" : canonical(message.payer, "payer"), organization });
      // Exports write every manifest; so does the state, where it is empty too.
      const spec = { ...message.job!, manifest: message.job!.manifest ?? Blob.create() };
      const { version, params } = currentParams(ctx);
      // What is agreed is served, whatever was closed since.
      const agreed = message.askId !== 0n;
      const capacity = tradable(ctx, ports, message.classId, message.quoteDenom, "limit_price", message.limitPrice, agreed);
      if (capacity.meter !== Meter.METER_WORK) fail(errors.jobNeedsWork, { classId: capacity.id });
      inRange("lots", message.lots, 1n, capacity.maxLots);
      if (message.acceptance !== undefined) inRange("acceptance.window", message.acceptance.window, leastWindow, params.maxAcceptanceWindow);
      const k = checkAgainst(params, message);
      checkProfile(ctx, message);
      checkDuration(capacity, message.lots, spec.duration);
      if (isRefereed(message.verification)) checkRefereed(capacity, message);
      const tau = ports.clock.tau(ctx);
      const r = reserveReplicas(message.verification, params);
      const perTask = escrowOf(message.limitPrice, message.lots, k, r, params.feeBps);
      const escrow = perTask * BigInt(spec.tasks);
      const ask = agreed ? namedAsk(ctx, { consumer, payer }, message, tau) : undefined;
      payForMatches(ctx, spec.tasks, k + r);
      const id = take(ctx, nextJobId);
      const common = { id, consumer, organization, classId: message.classId, quoteDenom: message.quoteDenom, createdHeight: ctx.height, k };
      const bid = Bid.fromPartial({
        ...common, tasks: spec.tasks, staged: spec.stages.length > 0, limitPrice: message.limitPrice, lots: message.lots, timeInForce: message.timeInForce, term: ask === undefined || ask.positionId === 0n ? Term.TERM_SPOT : Term.TERM_FORWARD, profileId: message.profileId, minColocated: message.minColocated, askId: message.askId,
        expiresTau: expiry("expires_tau", message.expiresTau, tau, params.maxOrderLifetime), status: OrderStatus.ORDER_STATUS_OPEN,
      });
      const job = Job.fromPartial({
        ...common, payer, costTags: message.costTags, spec, profileId: message.profileId, askId: message.askId, colocated: message.minColocated > 1, verification: message.verification, r, comparator: message.comparator, risk: readRisk(message.risk).toString(),
        saltHead: message.saltHead, createdTau: tau, paramsVersion: version, rate: presentRate(ctx, ports, message.quoteDenom, agreed), ...(message.acceptance === undefined ? {} : { acceptance: message.acceptance }),
        escrow: { denom: message.quoteDenom, deposited: escrow.toString(), held: escrow.toString(), perTask: perTask.toString(), paid: "0", refunded: "0", fees: "0", burned: "0", storageDeposit: "0" },
      });
      // An auditor that missed stands in the task beside who replaced it.
      const replicas = k + r + (isAudited(message.verification) ? params.auditors : 0);
      const bytes = encodeWire(Job, job).length + encodeWire(Bid, bid).length + 256 + spec.stages.length * stageBytes + spec.tasks * (taskBytes + (message.acceptance === undefined ? 0 : holdBytes) + (replicaBytes + (isRefereed(message.verification) ? finalBytes : 0)) * replicas);
      const deposit = BigInt(bytes) * params.depositPerByte;
      const provider = ask === undefined ? undefined : ports.providers.find(ctx, addressBytes(ask.provider));
      const policy = { purpose: "bid" as const, classId: message.classId, costTags: message.costTags, verification: message.verification, ...(provider === undefined ? {} : { provider }) };
      // Each in its own denom: both, or the message fails and nothing is taken.
      authorizeSpend(ctx, ports, { signer: consumer, payer, organization, holding: holdingOf(id), coins: [{ denom: message.quoteDenom, amount: escrow }, { denom: ports.providers.bondDenom(ctx), amount: deposit }], policy });
      const placed = { ...job, escrow: { ...job.escrow!, storageDeposit: deposit.toString() } };
      jobs.set(ctx, id, placed);
      jobsByConsumer.set(ctx, [addressBytes(consumer), id], true);
      bidPlaced(ctx, bid, placed);
      countJob(ctx, ports, bookOf(bid), bid.profileId, 1n);
      const unmatched = [...placeStages(ctx, placed, { tau, inputsDue: params.inputsDue })];
      saveBid(ctx, { ...bid, unmatched });
      schedule(ctx, bid.expiresTau, dueKinds.bidExpiry, id);
      if (ask === undefined) freshBooks.set(ctx, bookOf(bid), true);
      else acceptQuote(ctx, ports, ask, bid);
      return { jobId: id, escrow: escrow.toString(), storageDeposit: deposit.toString() };
    },

    arbitrary({ ctx, accounts, random }) {
      const [classId, capacity] = anyClass(ctx, random, Meter.METER_WORK) ?? [];
      if (classId === undefined || capacity === undefined) return undefined;
      const verification = capacity.runtimes.includes(refereedRuntime) && random.chance(60) ? VerificationLevel.VERIFICATION_LEVEL_V3_REFEREED : random.pick(served.filter((level) => !isRefereed(level)));
      const lots = 1n + random.bigint(5n);
      const named = random.chance(30) ? reservedBy(ctx, random, classId) : undefined;
      const consumer = named === undefined || !accounts.includes(named.reservedFor) ? random.pick(accounts) : named.reservedFor;
      return {
        consumer, payer: "", organization: spentBy(ctx, ports, random, consumer), costTags: random.chance(40) ? [{ key: "team", value: "a" }] : [], classId,
        quoteDenom: named?.quoteDenom ?? anyDenom(ctx, ports, random), limitPrice: capacity.tick * BigInt(1 + random.int(60)), lots,
        timeInForce: random.pick([TimeInForce.TIME_IN_FORCE_GTT, TimeInForce.TIME_IN_FORCE_GTT, TimeInForce.TIME_IN_FORCE_GTT, TimeInForce.TIME_IN_FORCE_IOC, TimeInForce.TIME_IN_FORCE_FOK]), term: Term.TERM_SPOT, expiresTau: 0n, profileId: named === undefined && random.chance(30) ? (profileBy(ctx, random, classId) ?? 0) : 0, minColocated: 0,
        verification, k: isRefereed(verification) && lots > 3n ? mostRefereed : 0,
        comparator: Comparator.COMPARATOR_EXACT, risk: "0", saltHead: new Uint8Array(isDrawn(verification) ? 32 : 0), askId: named?.id ?? 0n,
        acceptance: (named?.maxAcceptanceWindow ?? 1n) > 0n && random.chance(70) ? { window: leastWindow + 10_000n + random.bigint(60_000n), providerShareBps: random.pick([0, 5_000, 10_000]) } : undefined,
        job: {
          program: { digest: new Uint8Array(32), size: 100n }, dataUrls: ["http://127.0.0.1:1"], duration: lots * capacity.maxLotMs, maxResultSize: 1_000n, consumerKey: new Uint8Array(0), arguments: new Uint8Array(0), programRoot: new Uint8Array(isRefereed(verification) ? 32 : 0),
          ...(random.chance(40) ? arbitraryStages(random) : { tasks: 1 + random.int(4), ...blankInputs, stages: [] }),
        },
      };
    },
  };
}

const blankInputs = { inputRoot: new Uint8Array(32), manifest: { digest: new Uint8Array(32), size: 100n } };

/** Up to four stages; about half of those that wait have inputs that come later. */
function arbitraryStages(random: Random): Pick<JobSpec, "tasks" | "inputRoot" | "manifest" | "stages"> {
  const stages = Array.from({ length: random.pick([1, 2, 2, 2, 3, 4]) }, (_, i): StageSpec => {
    const after = Array.from({ length: i }, (_, earlier) => earlier).filter(() => random.chance(50));
    const known = after.length === 0 || random.chance(50);
    return { tasks: random.pick([1, 1, 1, 2]), after, arguments: new Uint8Array(0), ...(known ? blankInputs : { inputRoot: new Uint8Array(0), manifest: undefined }) };
  });
  return { tasks: stages.reduce((sum, { tasks }) => sum + tasks, 0), inputRoot: new Uint8Array(0), manifest: undefined, stages };
}

/** An organization of the consumer, for simulations; often none. */
export function spentBy(ctx: Context, ports: MarketPorts, random: Random, consumer: string): string {
  const known = ports.organizations.organizationsOf(ctx, consumer);
  return known.length > 0 && random.chance(70) ? random.pick(known) : "";
}

/** A reserved ask of the class that bids may name, for simulations. */
function reservedBy(ctx: Context, random: Random, classId: string): Ask | undefined {
  const known = Array.from(asks.entries(ctx), ([, ask]) => ask).filter((ask) => ask.classId === classId && ask.reservedFor !== "" && ask.status === OrderStatus.ORDER_STATUS_OPEN);
  return known.length === 0 ? undefined : random.pick(known);
}

/** A profile of the class's books, for simulations. */
export function profileBy(ctx: Context, random: Random, classId: string): number | undefined {
  const known = Array.from(profiles.entries(ctx), ([, profile]) => profile).filter((profile) => profile.classId === classId).map(({ id }) => id);
  return known.length === 0 ? undefined : random.pick(known);
}

/** Replicas of a refereed task: two may be in dispute with each other, and a third has nothing to add. */
const mostRefereed = 2;

/** As classes name it: what the refereed machine runs. */
export const refereedRuntime = "rv32";

/** Its tasks have draws, for which the consumer reveals salts. */
const isDrawn = (level: VerificationLevel): boolean => level !== VerificationLevel.VERIFICATION_LEVEL_V0_NONE;

/** What is reserved in the message but not served yet is refused by name. */
function checkServed(message: MsgPlaceBid): void {
  const { timeInForce, term, verification, comparator } = message;
  checkTimeInForce(timeInForce);
  if (term !== Term.TERM_SPOT) fail(errors.notServed, { field: "term", value: enumName(Term, term, "TERM_") });
  if (!served.includes(verification)) fail(errors.notServed, { field: "verification", value: levelName(verification) });
  if (comparator !== Comparator.COMPARATOR_EXACT) fail(errors.notServed, { field: "comparator", value: enumName(Comparator, comparator, "COMPARATOR_") });
  if (message.minColocated > 1 && verification !== VerificationLevel.VERIFICATION_LEVEL_V0_NONE) fail(errors.notServed, { field: "min_colocated", value: `${message.minColocated} with ${levelName(verification)}` });
  size("salt_head", message.saltHead, isDrawn(verification) ? 32 : 0);
}

/** A bid that names its ask wants nothing of others. */
function checkNamed({ askId, profileId, minColocated }: MsgPlaceBid): void {
  if (askId === 0n) return;
  if (profileId !== 0) fail(errors.notServed, { field: "profile_id", value: `${profileId} with ask_id` });
  if (minColocated > 1) fail(errors.notServed, { field: "min_colocated", value: `${minColocated} with ask_id` });
}

/** The reserved ask that the bid names, as far as it can serve the bid. */
function namedAsk(ctx: Context, { consumer, payer }: { readonly consumer: string; readonly payer: string }, message: MsgPlaceBid, tau: bigint): Ask {
  const { askId: id, limitPrice, job, lots } = message;
  const ask = asks.find(ctx, id);
  if (ask === undefined) fail(errors.unknownAsk, { id });
  if (ask.reservedFor === "" || (ask.reservedFor !== consumer && ask.reservedFor !== payer)) fail(errors.notReserved, { id, reservedFor: ask.reservedFor, consumer });
  if (ask.status !== OrderStatus.ORDER_STATUS_OPEN || tau > ask.expiresTau) fail(errors.notOpen, { what: `ask ${id}`, status: ask.status === OrderStatus.ORDER_STATUS_OPEN ? "expired" : statusName(ask.status) });
  if (ask.classId !== message.classId || ask.quoteDenom !== message.quoteDenom) {
    fail(errors.invalidField, { field: "class_id and quote_denom", value: `${message.classId} ${message.quoteDenom}`, limit: `${ask.classId} ${ask.quoteDenom}, as ask ${id} has them` });
  }
  const window = message.acceptance?.window ?? 0n;
  if (!serves(ask, message.verification)) fail(errors.notAtLevel, { id, level: levelName(message.verification), levels: ask.levels.map(levelName).join(", ") });
  if (ask.maxAcceptanceWindow < window) fail(errors.shortAcceptance, { id, window, longest: ask.maxAcceptanceWindow });
  if (limitPrice < ask.basePrice) fail(errors.belowPrice, { id, limit: limitPrice, price: ask.basePrice });
  if (ask.resources !== undefined && message.verification !== VerificationLevel.VERIFICATION_LEVEL_V0_NONE) fail(errors.notServed, { field: "verification", value: `${levelName(message.verification)} of a shape that the book has not` });
  const allotment = allotments.find(ctx, id);
  if (allotment !== undefined && lots * BigInt(job!.tasks) > leftOf(allotment)) fail(errors.beyondAllotment, { id, lots: lots * BigInt(job!.tasks), left: leftOf(allotment) });
  return ask;
}

function checkAcceptance({ acceptance }: MsgPlaceBid): void {
  if (acceptance === undefined) return;
  inRange("acceptance.window", acceptance.window, leastWindow, paramBounds.maxAcceptanceWindow[2]);
  inRange("acceptance.provider_share_bps", acceptance.providerShareBps, 0, 10_000);
}

/** What the referee's machine can run. */
function checkRefereed({ id, runtimes, meterPerLot }: CapacityClass, { verification, lots }: MsgPlaceBid): void {
  if (!runtimes.includes(refereedRuntime)) fail(errors.notServed, { field: "verification", value: `${levelName(verification)} in class ${id}, which does not run ${refereedRuntime},` });
  if (lots * meterPerLot > mostMeterLimit) fail(errors.invalidField, { field: "lots", value: lots, limit: `at most ${mostMeterLimit / meterPerLot}: no dispute spans more than ${mostMeterLimit} instructions` });
}

function checkJob(spec: JobSpec | undefined, verification: VerificationLevel): void {
  if (spec?.program === undefined) fail(errors.invalidField, { field: "job", value: "missing", limit: "given, with program and manifest" });
  size("job.program.digest", spec.program.digest, 32);
  inRange("job.program.size", spec.program.size, 1n, 1n << 32n);
  if (spec.stages.length > 0) checkStages(spec);
  else checkInputs("job.", spec);
  inRange("job.tasks", spec.tasks, 1, paramBounds.maxTasks[2]);
  inRange("job.duration", spec.duration, 1n, paramBounds.maxDuration[2]);
  // Status and exit code are there even where a task writes nothing: with less, no provider could reveal and all would be slashed.
  inRange("job.max_result_size", spec.maxResultSize, 2n, paramBounds.maxResultSize[2]);
  if (spec.consumerKey.length !== 0) size("job.consumer_key", spec.consumerKey, 32);
  size("job.program_root", spec.programRoot, isRefereed(verification) ? 32 : 0);
  atMost("job.arguments", spec.arguments.length, maxArguments, "bytes");
  checkUrls("job.data_urls", spec.dataUrls);
}

/** What depends on parameters; gives k. */
function checkAgainst(params: Params, message: MsgPlaceBid): number {
  const spec = message.job!;
  const replicated = message.verification === VerificationLevel.VERIFICATION_LEVEL_V2_REPLICATED;
  const k = message.k === 0 ? (replicated ? 2 : 1) : message.k;
  if (replicated) inRange("k", k, 2, params.maxReplicas);
  else inRange("k", k, 1, isRefereed(message.verification) ? mostRefereed : 1);
  inRange("job.tasks", spec.tasks, 1, params.maxTasks);
  checkWhole("job.tasks", spec.tasks, message, params);
  inRange("job.duration", spec.duration, 1n, params.maxDuration);
  inRange("job.max_result_size", spec.maxResultSize, 1n, params.maxResultSize);
  inRange("risk", readRisk(message.risk), 0n, BigInt(params.riskMultiple) * message.limitPrice * message.lots);
  return k;
}

function readRisk(text: string): bigint {
  if (text === "") return 0n;
  const risk = readAmount(text);
  if (risk === undefined || risk < 0n || risk > 1n << 128n) fail(errors.invalidField, { field: "risk", value: text, limit: "a canonical integer, not negative, at most 2^128" });
  return risk;
}

/** Jobs that a referee decides on: a program that is run here as well, results of which some are lies, and both sides of the disputes over them. */
import { addressBytes } from "../../chain/codec/address.ts";
import { equalBytes, uint64Bytes } from "../../chain/codec/bytes.ts";
import { sha256 } from "../../chain/codec/hash.ts";
import { OrderStatus, Term, type Job, type JobSpec, type Result, type Task } from "../../chain/codec/gen/dcm/market/v1/types.ts";
import { MsgPlaceAsk, MsgPlaceBid } from "../../chain/codec/gen/dcm/market/v1/tx.ts";
import type { MsgAnswer, MsgChallenge, MsgPick, MsgProve } from "../../chain/codec/gen/dcm/referee/v1/tx.ts";
import type { Any } from "../../chain/codec/gen/google/protobuf/any.ts";
import type { Dispute } from "../../chain/codec/gen/dcm/referee/v1/types.ts";
import { rv32Core } from "../../chain/modules/market/classes.ts";
import { asks, claimedTasks, classes, jobs, tasks } from "../../chain/modules/market/state.ts";
import { claimantsOf, stateHashOf } from "../../chain/modules/market/task-claims.ts";
import { bidMessage, refereed } from "../../chain/modules/market/testing.ts";
import { turnOf } from "../../chain/modules/referee/machine.ts";
import { answers, disputes, disputesByTask, within } from "../../chain/modules/referee/state.ts";
import { answerOf, pickOf, proofOf } from "../../chain/modules/referee/testing-moves.ts";
import { inputTree, Run, sampleJob, type Lie } from "../../chain/modules/referee/testing-runs.ts";
import { livenesses } from "../../chain/modules/staking/providers/state.ts";
import { wholeRange } from "../../chain/vm/bisection.ts";
import type { Context } from "../../chain/runtime/context.ts";
import type { World } from "../../chain/runtime/module.ts";
import { anyOf } from "../support/accounts.ts";
import { denom } from "./world.ts";

const { id: classId, meterPerLot } = rv32Core();

/** Nothing, and what liars change: near the beginning; later; at the same place, otherwise. */
const lies: readonly (Lie | undefined)[] = [undefined, { at: 100n, bits: 1 }, { at: 1_000n, bits: 1 }, { at: 1_000n, bits: 2 }];
const runs = new Map<number, readonly Run[]>();

/** Of a job's task at this place: the true run, then those of liars. A lot is more than they need, and spans as many levels as five. */
function runsAt(index: number): readonly Run[] {
  const known = runs.get(index);
  if (known !== undefined) return known;
  const made = lies.map((lie) => new Run(sampleJob(150, { stride: 4, index, meterLimit: meterPerLot }), lie));
  runs.set(index, made);
  return made;
}

const [truth] = runsAt(0);
const inputsOf = (count: number): Uint8Array[] => Array.from({ length: count }, () => truth!.job.input);
const placeOf = (taskId: bigint): number => Number(taskId & 0xffffn);
const endOf = (run: Run): Uint8Array => run.hashAt(wholeRange(run.job.meterLimit).length);

/** A job without stages, so that its tasks run the program. */
export function withProgram(spec: JobSpec): JobSpec {
  return { ...spec, programRoot: truth!.programRoot, arguments: truth!.job.arguments, inputRoot: inputTree(inputsOf(spec.tasks)).root };
}

const runsProgram = (job: Job | undefined): job is Job => job?.spec !== undefined && equalBytes(job.spec.programRoot, truth!.programRoot);

/** How a run of the program ends, by dice: every second of the careless lies. Undefined where the task is of another program. */
export function refereedResult(ctx: Context, taskId: bigint, dice: Uint8Array, careful: boolean): Pick<Result, "digest" | "size" | "meter" | "final"> | undefined {
  if (!runsProgram(jobs.find(ctx, taskId >> 16n))) return undefined;
  const [right, ...wrong] = runsAt(placeOf(taskId));
  return (!careful && dice[0]! < 128 ? wrong[dice[3]! % wrong.length] : right)!.result;
}

/** Refereed jobs at a time, those that other bids bring counted. */
const mostBegun = 4;

/** What a refereed job begins with, while there are few: an ask that takes it, then a bid that pays for it. */
export function refereedOrder({ ctx, accounts, random }: World, saltHead: Uint8Array): { readonly any: Any; readonly signers: readonly string[] } | undefined {
  const capacity = classes.find(ctx, classId);
  const begun = Array.from(jobs.entries(ctx)).filter(([, job]) => runsProgram(job) && job.endedTau === 0n).length;
  if (capacity === undefined || capacity.closed || begun >= mostBegun) return undefined;
  const offers = Array.from(asks.entries(ctx), ([, ask]) => ask).filter((ask) => ask.classId === classId && ask.quoteDenom === denom && ask.status === OrderStatus.ORDER_STATUS_OPEN && ask.freeUnits > 0 && ask.reservedFor === "");
  if (offers.length > 0) {
    const consumer = random.pick(accounts.filter((account) => offers.some(({ provider }) => provider !== account)));
    const bid = bidMessage(consumer, 100n, { ...refereed([saltHead]), lots: 1n }, { duration: capacity.maxLotMs });
    return { any: anyOf(MsgPlaceBid, { ...bid, job: withProgram(bid.job!) }), signers: [consumer] };
  }
  const heard = accounts.filter((account) => livenesses.find(ctx, addressBytes(account))?.suspended === false);
  if (heard.length === 0) return undefined;
  const provider = random.pick(heard);
  return { any: anyOf(MsgPlaceAsk, MsgPlaceAsk.fromPartial({ provider, classId, quoteDenom: denom, basePrice: capacity.tick, units: 2, term: Term.TERM_SPOT })), signers: [provider] };
}

interface Claim {
  readonly task: Task;
  readonly job: Job;
  /** What ends in the state that is claimed; undefined where that is of another program. */
  readonly run: Run | undefined;
}

function claims(ctx: Context): Claim[] {
  return Array.from(claimedTasks.entries(ctx), ([id]) => {
    const task = tasks.find(ctx, id)!;
    const job = jobs.find(ctx, task.jobId)!;
    return { task, job, run: runsProgram(job) ? runOf(id, stateHashOf(claimantsOf(task)[0]!)) : undefined };
  });
}

/** The run of the task that ends so. */
function runOf(taskId: bigint, end: Uint8Array): Run | undefined {
  return runsAt(placeOf(taskId)).find((run) => equalBytes(endOf(run), end));
}

/** Most disputes are over lies; some who challenge lie themselves, or have run nothing. Sealed inputs leave it to the consumer. */
export function challengeOf({ ctx, accounts, random }: World): MsgChallenge | undefined {
  const claimed = claims(ctx);
  if (claimed.length === 0) return undefined;
  const known = claimed.filter(({ run }) => run !== undefined);
  const { task, job, run } = random.pick(known.length === 0 || random.chance(10) ? claimed : known);
  const others = runsAt(placeOf(task.id)).filter((other) => other !== run);
  const finalHash = run === undefined || random.chance(5) ? sha256(Uint8Array.of(random.int(3))) : endOf(random.chance(70) ? others[0]! : random.pick(others));
  const strangers = accounts.filter((account) => !task.replicas.some(({ provider }) => provider === account));
  if (strangers.length === 0) return undefined;
  const sealed = job.spec!.consumerKey.length > 0;
  return { challenger: sealed && random.chance(90) ? job.consumer : random.pick(strangers), taskId: task.id, finalHash };
}

/** At this length of the range its proof pays no more than other messages do. */
const shortEnough = 512n;

/** A dispute in which it is this side's turn, with the run that it says was right; undefined where nobody here can make the move. */
function turn({ ctx, accounts, random }: World, side: "provider" | "challenger", isDue: (dispute: Dispute) => boolean): { readonly dispute: Dispute; readonly run: Run } | undefined {
  const found = Array.from(disputes.entries(ctx), ([, dispute]) => dispute).filter((dispute) => turnOf(dispute) === side && accounts.includes(dispute[side]) && isDue(dispute)).flatMap((dispute) => {
    const run = runOf(dispute.taskId, side === "provider" ? dispute.providerFinal : dispute.challengerFinal);
    return run === undefined || !runsProgram(jobs.find(ctx, dispute.jobId)) ? [] : [{ dispute, run }];
  });
  // Mostly the oldest, so that some come to their end soon.
  return found.length === 0 || random.chance(70) ? found[0] : random.pick(found);
}

const isCut = ({ length }: Dispute): boolean => length > shortEnough;

export function answerIn(world: World): MsgAnswer | undefined {
  const found = turn(world, "provider", isCut);
  return found === undefined ? undefined : answerOf(found.dispute, found.run);
}

export function pickIn(world: World): MsgPick | undefined {
  const found = turn(world, "challenger", () => true);
  return found === undefined ? undefined : pickOf(found.dispute, answers.find(world.ctx, found.dispute.id)!, found.run);
}

export function proofIn(world: World): MsgProve | undefined {
  const found = turn(world, "provider", (dispute) => !isCut(dispute));
  return found === undefined ? undefined : proofOf(found.dispute, found.run, inputsOf(jobs.find(world.ctx, found.dispute.jobId)!.spec!.tasks));
}

/** What disputes wait for: each move, and a challenge of each lie and of every second true claim that was never disputed. */
export function wantedOfReferee(ctx: Context): string[] {
  const moves = Array.from(disputes.entries(ctx), ([, dispute]) => {
    const side = turnOf(dispute);
    return side === undefined ? undefined : side === "challenger" ? "Pick" : isCut(dispute) ? "Answer" : "Prove";
  });
  const doubted = ({ task: { id }, run }: Claim): boolean => run !== undefined && (run !== runsAt(placeOf(id))[0] || sha256(uint64Bytes(id))[0]! % 2 === 0);
  const undisputed = claims(ctx).filter((claim) => doubted(claim) && disputesByTask.first(ctx, { within: within.task(claim.task.id) }) === undefined);
  return [...moves, ...undisputed.map(() => "Challenge")].filter((name) => name !== undefined).map((name) => `/dcm.referee.v1.Msg${name}`);
}

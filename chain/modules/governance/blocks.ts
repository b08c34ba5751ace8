/** What governance does at the end of a block: periods that have ended, and what is left of proposals that are over. All of it is bounded. */
import { ProposalStatus, type Proposal } from "../../codec/gen/cosmos/gov/v1/gov.ts";
import { uint64Bytes } from "../../codec/bytes.ts";
import { uint64Key, type MapOf } from "../../runtime/collections.ts";
import { nanosOf, timestampOf } from "../../runtime/time-text.ts";
import { burnDeposits, refund } from "./deposits.ts";
import { execute } from "./execution.ts";
import { decisionWork, executionGas, sweepWork, tallyWork } from "./params.ts";
import { closeVote, leave, openVote } from "./proposals.ts";
import { snapshotAt, sweepFormer } from "./snapshots.ts";
import { decide, resultOf, type Decision } from "./tally.ts";
import { activeQueue, closing, deposits, expeditedVotes, inactiveQueue, leftovers, Leftover, params, proposals, votes, voting } from "./state.ts";
import { countVotes, forgetCounts } from "./votes.ts";
import type { GovernancePorts } from "./keeper.ts";
import type { Context } from "../../runtime/context.ts";

/** Periods that end in one block are closed in it as far as its work goes, the others first thing in the next: meanwhile they take nothing more. */
export function endBlock(ports: GovernancePorts, ctx: Context): void {
  const dropped = dropInactive(ports, ctx);
  const decided = decideActive(ports, ctx);
  if (dropped && decided) closing.remove(ctx);
  else closing.set(ctx, ctx.header.timeNanos);
  sweepLeftovers(ports, ctx);
  sweepFormer(ctx);
}

/** The first keys of a queue, one more than `most` where there are more. */
function firstKeys<K>(ctx: Context, queue: MapOf<K, true>, most: number, to?: Uint8Array): K[] {
  const out: K[] = [];
  for (const [key] of queue.entries(ctx, to === undefined ? {} : { to })) {
    out.push(key);
    if (out.length > most) break;
  }
  return out;
}

/** What of a queue is due by this block's time. */
const due = (ctx: Context, queue: MapOf<readonly [bigint, bigint], true>, most: number): (readonly [bigint, bigint])[] => firstKeys(ctx, queue, most, uint64Bytes(ctx.header.timeNanos + 1n));

/** GOV-5: proposals that did not get their deposit in time go. False where more are due than one block closes. */
function dropInactive(ports: GovernancePorts, ctx: Context): boolean {
  const ended = due(ctx, inactiveQueue, sweepWork);
  const burn = params.get(ctx).burnProposalDepositPrevote;
  for (const [end, id] of ended.slice(0, sweepWork)) {
    inactiveQueue.remove(ctx, [end, id]);
    // Where deposits could not burn, everybody gets them back.
    if (!ctx.isolate(`proposal ${id}`, (inner) => drop(ports, inner, id, burn))) drop(ports, ctx, id, false);
  }
  return ended.length <= sweepWork;
}

function drop(ports: GovernancePorts, ctx: Context, id: bigint, burn: boolean): void {
  const proposal = proposals.find(ctx, id)!;
  proposals.remove(ctx, id);
  settle(ports, ctx, proposal, burn);
  ctx.emit("inactive_proposal", [["proposal_id", id.toString()], ["proposal_result", "proposal_dropped"]]);
}

/** Burns deposits or lets them go back. */
function settle(ports: GovernancePorts, ctx: Context, proposal: Proposal, burn: boolean): void {
  if (burn) burnDeposits(ports, ctx, proposal);
  leave(ctx, proposal.id, burn ? Leftover.burned : Leftover.refunds);
}

/** GOV-12: decides proposals whose voting periods have ended, oldest first, up to `tallyWork` and gas of messages. False where more are due. */
function decideActive(ports: GovernancePorts, ctx: Context): boolean {
  let work = 0;
  let gas = 0;
  for (const [, id] of due(ctx, activeQueue, sweepWork)) {
    if (work >= tallyWork || gas >= executionGas) return false;
    work += decisionWork + snapshotAt(ctx, voting.find(ctx, id)!.snapshot).validators.length;
    const went = ctx.isolate(`proposal ${id}`, (inner) => (gas += end(ports, inner, proposals.find(inner, id)!)));
    if (!went) abandon(ports, ctx, id);
  }
  return due(ctx, activeQueue, 0).length === 0;
}

/** Where the decision itself could not be taken, the proposal fails and everybody gets their deposits back. */
function abandon(ports: GovernancePorts, ctx: Context, id: bigint): void {
  const proposal = proposals.find(ctx, id)!;
  closeVote(ctx, id);
  settle(ports, ctx, proposal, false);
  proposals.set(ctx, id, { ...proposal, status: ProposalStatus.PROPOSAL_STATUS_FAILED, failedReason: "internal error" });
}

/** Gives the gas that its messages used. */
function end(ports: GovernancePorts, ctx: Context, proposal: Proposal): number {
  const { sums, bonded } = countVotes(ctx, proposal.id, voting.find(ctx, proposal.id)!);
  const decision = decide(sums, bonded, params.get(ctx), proposal.expedited);
  const tallied = { ...proposal, finalTallyResult: resultOf(sums) };
  if (proposal.expedited && !decision.passes) {
    goOnAsOrdinary(ctx, tallied);
    return 0;
  }
  closeVote(ctx, proposal.id);
  settle(ports, ctx, proposal, decision.burn);
  return conclude(ports, ctx, tallied, decision);
}

/** GOV-10: an expedited proposal that does not pass goes on as an ordinary one, whose period began with it; votes are cast anew. */
function goOnAsOrdinary(ctx: Context, proposal: Proposal): void {
  const { id } = proposal;
  const before = voting.find(ctx, id)!;
  const end = nanosOf(proposal.votingStartTime!) + nanosOf(params.get(ctx).votingPeriod!);
  const next: Proposal = { ...proposal, expedited: false, votingEndTime: timestampOf(end) };
  forgetCounts(ctx, id, before);
  leave(ctx, id, Leftover.expeditedVotes);
  activeQueue.remove(ctx, [before.endNanos, id]);
  openVote(ctx, next, end, before.snapshot);
  proposals.set(ctx, id, next);
  emitResult(ctx, id, "expedited_proposal_rejected", "expedited proposal converted to regular");
}

function conclude(ports: GovernancePorts, ctx: Context, proposal: Proposal, { passes }: Decision): number {
  const { id } = proposal;
  if (!passes) {
    proposals.set(ctx, id, { ...proposal, status: ProposalStatus.PROPOSAL_STATUS_REJECTED, failedReason: "proposal did not get enough votes to pass" });
    emitResult(ctx, id, "proposal_rejected", "rejected");
    return 0;
  }
  const { gasUsed, failure } = execute(ports, ctx, proposal);
  if (failure === undefined) {
    proposals.set(ctx, id, { ...proposal, status: ProposalStatus.PROPOSAL_STATUS_PASSED });
    emitResult(ctx, id, "proposal_passed", "passed");
  } else {
    const reason = failure.error.message;
    proposals.set(ctx, id, { ...proposal, status: ProposalStatus.PROPOSAL_STATUS_FAILED, failedReason: reason });
    emitResult(ctx, id, "proposal_failed", `passed, but msg ${failure.index} (${proposal.messages[failure.index]?.typeUrl ?? ""}) failed on execution: ${reason}`);
  }
  return gasUsed;
}

function emitResult(ctx: Context, id: bigint, result: string, log: string): void {
  ctx.emit("active_proposal", [["proposal_id", id.toString()], ["proposal_result", result], ["proposal_log", log]]);
}

/** GOV-7: refunds, and records that nobody needs any more: at most `sweepWork` a block, oldest proposals first. */
function sweepLeftovers(ports: GovernancePorts, ctx: Context): void {
  let work = sweepWork;
  for (const key of firstKeys(ctx, leftovers, sweepWork)) {
    if (work <= 0) return;
    const [id, kind] = key;
    ctx.isolate(`what is left of proposal ${id}`, (inner) => {
      const done = kind === Leftover.refunds ? refund(ports, inner, id, work) : removeSome(inner, kind === Leftover.burned ? deposits : kind === Leftover.votes ? votes : expeditedVotes, id, work);
      if (done < work) leftovers.remove(inner, key);
      work -= Math.max(done, 1);
    });
  }
}

function removeSome(ctx: Context, collection: MapOf<readonly [bigint, Uint8Array], unknown>, id: bigint, most: number): number {
  const gone: (readonly [bigint, Uint8Array])[] = [];
  for (const [key] of collection.entries(ctx, { within: uint64Key.encode(id) })) {
    if (gone.length === most) break;
    gone.push(key);
  }
  for (const key of gone) collection.remove(ctx, key);
  return gone.length;
}

/** The edge around the machine: opens disputes, stores them with their queues, ends them with what each side wins and loses. */
import { Dispute, DisputeState, Outcome } from "../../codec/gen/dcm/referee/v1/types.ts";
import { addressBytes } from "../../codec/address.ts";
import { equalBytes } from "../../codec/bytes.ts";
import { assert, fail } from "../../runtime/errors.ts";
import { wholeRange } from "../../vm/bisection.ts";
import { errors } from "./errors.ts";
import { emit, outcomeName, partiesOf, stateName, turnBegan } from "./events.ts";
import { beginTurn, clocksOf, isLate, queuedTau, turnOf } from "./machine.ts";
import { answers, disputes, disputesByParty, disputesByTask, dueQueue, liveByTask, liveOf, nextDisputeId, params } from "./state.ts";
import { dropProof } from "./waiting.ts";
import type { Context } from "../../runtime/context.ts";
import type { RefereedClaim } from "../market/ports.ts";
import type { RefereePorts } from "./ports.ts";

const { DISPUTE_STATE_QUEUED: QUEUED, DISPUTE_STATE_ANSWER: ANSWER, DISPUTE_STATE_PICK: PICK, DISPUTE_STATE_CLOSED: CLOSED } = DisputeState;

/** The module account that holds bonds. */
export const accountName = "referee";

/** Writes a dispute and what queues and indexes know of it. */
export function saveDispute(ctx: Context, before: Dispute | undefined, after: Dispute): void {
  const { id, taskId } = after;
  disputes.set(ctx, id, after);
  if (before === undefined) {
    disputesByTask.set(ctx, [taskId, id], true);
    for (const party of [after.provider, after.challenger]) disputesByParty.set(ctx, [addressBytes(party), id], true);
  }
  const [was, is] = [before === undefined ? undefined : queuedTau(before), queuedTau(after)];
  if (was !== undefined && was !== is) dueQueue.remove(ctx, [was, id]);
  if (is !== undefined && was !== is) dueQueue.set(ctx, [is, id], true);
  const [lived, lives] = [before !== undefined && before.state !== CLOSED, after.state !== CLOSED];
  if (lives && !lived) liveByTask.set(ctx, [taskId, id], true);
  if (lived && !lives) liveByTask.remove(ctx, [taskId, id]);
}

/** A side's turn begins, now. */
export function giveTurn(ctx: Context, ports: RefereePorts, before: Dispute, after: Dispute, side: "provider" | "challenger"): Dispute {
  const begun = beginTurn(after, side, ports.clock.tau(ctx));
  saveDispute(ctx, before, begun);
  turnBegan(ctx, begun);
  return begun;
}

/** By which right somebody disputes a claim: as anybody with a bond, or with a stake in the task, as its drawn auditor or as the other of two that ran it. */
export type Standing = "anybody" | "audit" | "rival";

export interface Challenge {
  readonly challenger: string;
  readonly finalHash: Uint8Array;
  /** Taken already; 0 of who has a stake in the task. */
  readonly bond: bigint;
  readonly standing: Standing;
}

/** A new dispute over a claim: the task's clock stops, and the provider's runs where fewer are open than may be. `live`: those of the task. */
export function openDispute(ctx: Context, ports: RefereePorts, claim: RefereedClaim, live: readonly Dispute[], { challenger, finalHash, bond, standing }: Challenge): Dispute {
  const { maxOpen } = params.get(ctx);
  const id = nextDisputeId.get(ctx);
  nextDisputeId.set(ctx, id + 1n);
  const { low, length } = wholeRange(claim.meterLimit);
  const opened = Dispute.fromPartial({
    id, taskId: claim.taskId, jobId: claim.jobId, provider: claim.provider, challenger, audit: standing === "audit", rival: standing === "rival", bond: String(bond), state: QUEUED, providerFinal: claim.stateHash, challengerFinal: finalHash,
    start: low, length, providerHash: claim.stateHash, challengerHash: finalHash, ...clocksOf(params.get(ctx), claim.duration), openedTau: ports.clock.tau(ctx),
  });
  ports.refereed.dispute(ctx, claim.taskId);
  const queued = mustWait(live, maxOpen);
  emit(ctx, "EventDisputeOpened", { ...partiesOf(opened), audit: String(opened.audit), rival: String(opened.rival), bond, queued: String(queued) });
  saveDispute(ctx, undefined, opened);
  return queued ? opened : giveTurn(ctx, ports, opened, opened, "provider");
}

/** Whether one more dispute of a task waits for its turn. `live`: those that are not closed. */
export function mustWait(live: readonly Dispute[], maxOpen: number): boolean {
  const queued = queuedOf(live).length;
  return queued > 0 || live.length - queued >= maxOpen;
}

export const queuedOf = (live: readonly Dispute[]): Dispute[] => live.filter(({ state }) => state === QUEUED);

/** The dispute in which it is this side's turn and this move, in time; fails where it is not, or another signs. */
export function loadTurn(ctx: Context, ports: RefereePorts, side: "provider" | "challenger", { disputeId: id, move, signer }: { readonly disputeId: bigint; readonly move: number; readonly signer: string }): Dispute {
  const found = disputes.find(ctx, id);
  if (found === undefined) return fail(errors.unknownDispute, { id });
  const party = found[side];
  if (signer !== party) fail(errors.notParty, { id, signer, side, party });
  const needed = side === "provider" ? ANSWER : PICK;
  if (found.state !== needed) fail(errors.wrongState, { id, state: stateName(found.state), what: side === "provider" ? "its provider moves while it is answer" : "its challenger moves while it is pick" });
  const tau = ports.clock.tau(ctx);
  if (isLate(found, tau)) fail(errors.late, { id, due: found.dueTau, tau });
  if (found.moves !== move) fail(errors.otherMove, { id, move: found.moves, got: move });
  return found;
}

/** Ends a dispute as the side whose turn it is did not move in time. */
export function endLate(ctx: Context, ports: RefereePorts, late: Dispute): void {
  endDispute(ctx, ports, late, turnOf(late) === "provider" ? Outcome.OUTCOME_PROVIDER_LATE : Outcome.OUTCOME_CHALLENGER_LATE);
}

/** The late turns of one task, in the order in which they were due: what is decided first ends the others. */
export function endLateOf(ctx: Context, ports: RefereePorts, taskId: bigint): void {
  const tau = ports.clock.tau(ctx);
  const late = liveOf(ctx, taskId).filter((dispute) => isLate(dispute, tau)).sort((a, b) => (a.dueTau < b.dueTau ? -1 : a.dueTau > b.dueTau ? 1 : a.id < b.id ? -1 : 1));
  for (const { id } of late) {
    const dispute = disputes.find(ctx, id)!;
    if (dispute.state !== CLOSED) endLate(ctx, ports, dispute);
  }
}

/** Ends a dispute, and does to the task and its other disputes what follows from that. */
export function endDispute(ctx: Context, ports: RefereePorts, dispute: Dispute, outcome: Outcome): void {
  const wrong = wrongSides(outcome);
  assert(wrong !== undefined, `referee: dispute ${dispute.id} does not end by itself with ${outcomeName(outcome)}`);
  if (dispute.rival) endRivalry(ctx, ports, dispute, outcome, wrong);
  else if (wrong.provider) fall(ctx, ports, dispute, outcome, wrong);
  else refute(ctx, ports, dispute, outcome);
}

interface Wrong {
  readonly provider: boolean;
  readonly challenger: boolean;
}

/** Who was wrong or out of time; undefined where that was not decided. */
function wrongSides(outcome: Outcome): Wrong | undefined {
  switch (outcome) {
    case Outcome.OUTCOME_PROVIDER_WRONG:
    case Outcome.OUTCOME_PROVIDER_LATE:
      return { provider: true, challenger: false };
    case Outcome.OUTCOME_CHALLENGER_WRONG:
    case Outcome.OUTCOME_CHALLENGER_LATE:
      return { provider: false, challenger: true };
    case Outcome.OUTCOME_BOTH_WRONG:
      return { provider: true, challenger: true };
    default:
      return undefined;
  }
}

/** Between the two that ran the task: the claim of whoever was not wrong is left, and can be challenged from now on. */
function endRivalry(ctx: Context, ports: RefereePorts, dispute: Dispute, outcome: Outcome, wrong: Wrong): void {
  const { taskId, provider, challenger } = dispute;
  close(ctx, ports, dispute, outcome, {});
  if (wrong.provider && wrong.challenger) ports.refereed.convict(ctx, taskId, [provider, challenger], undefined);
  else if (wrong.provider) ports.refereed.convict(ctx, taskId, [provider], challenger);
  else ports.refereed.convict(ctx, taskId, [challenger], provider);
}

/** The challenger's bond is lost; a queued dispute takes the place, or the task goes on. */
function refute(ctx: Context, ports: RefereePorts, dispute: Dispute, outcome: Outcome): void {
  const { taskId, provider, challenger, audit } = dispute;
  close(ctx, ports, dispute, outcome, { provider: BigInt(dispute.bond) / 2n });
  if (audit) ports.refereed.forfeit(ctx, taskId, challenger, provider);
  next(ctx, ports, taskId);
}

/**
 * The provider is convicted. Without another claim the task ends, and all disputes of it. Where another replica claims the same, what disputes that goes on with the
 * replica, bonds and all, in disputes of their own: how one played its turns, and what it agreed to in them, says nothing of the other's run.
 */
function fall(ctx: Context, ports: RefereePorts, dispute: Dispute, outcome: Outcome, wrong: Wrong): void {
  const { id: decided, taskId, provider, challenger, audit } = dispute;
  const stands = claimOf(ctx, ports, dispute).claimants.length > 1;
  if (wrong.challenger) {
    close(ctx, ports, dispute, outcome, {});
    if (audit) ports.refereed.forfeit(ctx, taskId, challenger, undefined);
  }
  const others = liveOf(ctx, taskId);
  for (const other of others) {
    const bond = BigInt(other.bond);
    close(ctx, ports, other, other.id === decided ? outcome : Outcome.OUTCOME_UNDECIDED, stands ? { carried: bond } : { challenger: bond });
  }
  ports.refereed.convict(ctx, taskId, [provider], wrong.challenger ? undefined : challenger);
  if (!stands) return;
  const claim = claimOf(ctx, ports, dispute);
  const live: Dispute[] = [];
  for (const other of others) live.push(openDispute(ctx, ports, claim, live, { challenger: other.challenger, finalHash: other.challengerFinal, bond: BigInt(other.bond), standing: other.audit ? "audit" : "anybody" }));
  if (live.length === 0) ports.refereed.resume(ctx, taskId);
}

/** Of the task of a dispute that is not closed. */
export function claimOf(ctx: Context, ports: RefereePorts, { id, taskId }: Dispute): RefereedClaim {
  const claim = ports.refereed.claim(ctx, taskId);
  assert(claim !== undefined, `referee: task ${taskId} of dispute ${id} is not disputed`);
  return claim;
}

/** What of the task and the dispute, which is not closed, do not belong together; undefined: they do. */
export function claimFault({ rival, provider, challenger, providerFinal }: Dispute, claim: RefereedClaim | undefined): string | undefined {
  if (claim === undefined) return "has no refereed result that is disputed";
  if (claim.provider !== provider || !equalBytes(claim.stateHash, providerFinal)) return `is claimed by ${claim.provider}, the dispute is with ${provider} or about another state`;
  if (rival !== claim.contested) return rival ? "has no replicas in dispute with each other" : "has replicas in dispute with each other, and nobody else has a part in that";
  return rival && !claim.claimants.includes(challenger) ? `is not claimed by ${challenger}` : undefined;
}

/** The oldest queued disputes of the task take the places that are free; without any that lives, the task goes on. */
function next(ctx: Context, ports: RefereePorts, taskId: bigint): void {
  const live = liveOf(ctx, taskId);
  if (live.length === 0) ports.refereed.resume(ctx, taskId);
  const queued = queuedOf(live);
  const room = params.get(ctx).maxOpen - (live.length - queued.length);
  for (const dispute of queued.slice(0, Math.max(0, room))) giveTurn(ctx, ports, dispute, dispute, "provider");
}

/** What goes out of the bond; the rest of it is burned. */
interface Shares {
  readonly provider?: bigint;
  readonly challenger?: bigint;
  /** Stays here, as the bond of the dispute that goes on for this one. */
  readonly carried?: bigint;
}

function close(ctx: Context, ports: RefereePorts, dispute: Dispute, outcome: Outcome, { provider = 0n, challenger = 0n, carried = 0n }: Shares): void {
  const { id, bond, state } = dispute;
  const tau = ports.clock.tau(ctx);
  const burned = BigInt(bond) - provider - challenger - carried;
  const denom = ports.providers.bondDenom(ctx);
  const account = ports.accounts.moduleAccount(ctx, accountName);
  for (const [to, amount] of [[dispute.provider, provider], [dispute.challenger, challenger]] as const) if (amount > 0n) ports.bank.send(ctx, account, addressBytes(to), [{ denom, amount }]);
  if (burned > 0n) ports.bank.burn(ctx, accountName, [{ denom, amount: burned }]);
  if (state === PICK) answers.remove(ctx, id);
  if (state === DisputeState.DISPUTE_STATE_PROOF) dropProof(ctx, dispute);
  saveDispute(ctx, dispute, { ...dispute, state: CLOSED, outcome, bond: "0", endedTau: tau, dueTau: tau + params.get(ctx).recordLifetime, parts: 0, proof: 0n, failures: 0, retryTau: 0n });
  emit(ctx, "EventDisputeClosed", { ...partiesOf(dispute), outcome: outcomeName(outcome), to_provider: provider, to_challenger: challenger, carried, burned });
}

/** The record of a closed dispute goes. */
export function pruneDispute(ctx: Context, dispute: Dispute): void {
  const { id, taskId, provider, challenger } = dispute;
  for (const party of [provider, challenger]) disputesByParty.remove(ctx, [addressBytes(party), id]);
  disputesByTask.remove(ctx, [taskId, id]);
  dueQueue.remove(ctx, [queuedTau(dispute)!, id]);
  disputes.remove(ctx, id);
  emit(ctx, "EventDisputePruned", { dispute_id: id, task_id: taskId });
}

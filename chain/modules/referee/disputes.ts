/** The edge around the machine: opens disputes, stores them with their queues, ends them with what each side wins and loses. */
import { Dispute, DisputeState, Outcome } from "../../codec/gen/dcm/referee/v1/types.ts";
import { addressBytes } from "../../codec/address.ts";
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
export function giveTurn(ctx: Context, ports: RefereePorts, before: Dispute, after: Dispute, side: "provider" | "challenger"): void {
  const begun = beginTurn(after, side, ports.clock.tau(ctx));
  saveDispute(ctx, before, begun);
  turnBegan(ctx, begun);
}

export interface Challenge {
  readonly challenger: string;
  readonly finalHash: Uint8Array;
  /** Taken already; 0 of an audit. */
  readonly bond: bigint;
  readonly audit: boolean;
}

/** A new dispute over a claim: the task's clock stops, and the provider's runs where fewer are open than may be. `live`: those of the task. */
export function openDispute(ctx: Context, ports: RefereePorts, claim: RefereedClaim, live: readonly Dispute[], { challenger, finalHash, bond, audit }: Challenge): Dispute {
  const { maxOpen } = params.get(ctx);
  const id = nextDisputeId.get(ctx);
  nextDisputeId.set(ctx, id + 1n);
  const { low, length } = wholeRange(claim.meterLimit);
  const opened = Dispute.fromPartial({
    id, taskId: claim.taskId, jobId: claim.jobId, provider: claim.provider, challenger, audit, bond: String(bond), state: QUEUED, providerFinal: claim.stateHash, challengerFinal: finalHash,
    start: low, length, providerHash: claim.stateHash, challengerHash: finalHash, ...clocksOf(params.get(ctx), claim.duration), openedTau: ports.clock.tau(ctx),
  });
  ports.refereed.dispute(ctx, claim.taskId);
  const queued = mustWait(live, maxOpen);
  emit(ctx, "EventDisputeOpened", { ...partiesOf(opened), audit: String(audit), bond, queued: String(queued) });
  saveDispute(ctx, undefined, opened);
  if (!queued) giveTurn(ctx, ports, opened, opened, "provider");
  return opened;
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

/** Ends a dispute. A provider that is convicted ends the task and its other disputes; else a queued one takes the place, or the task goes on. */
export function endDispute(ctx: Context, ports: RefereePorts, dispute: Dispute, outcome: Outcome): void {
  const { taskId, challenger, audit } = dispute;
  const bond = BigInt(dispute.bond);
  switch (outcome) {
    case Outcome.OUTCOME_PROVIDER_WRONG:
    case Outcome.OUTCOME_PROVIDER_LATE:
      close(ctx, ports, dispute, outcome, { challenger: bond });
      closeOthers(ctx, ports, taskId);
      ports.refereed.convict(ctx, taskId, challenger);
      return;
    case Outcome.OUTCOME_BOTH_WRONG:
      close(ctx, ports, dispute, outcome, {});
      if (audit) ports.refereed.forfeit(ctx, taskId, challenger, true);
      closeOthers(ctx, ports, taskId);
      ports.refereed.convict(ctx, taskId, undefined);
      return;
    case Outcome.OUTCOME_CHALLENGER_WRONG:
    case Outcome.OUTCOME_CHALLENGER_LATE:
      close(ctx, ports, dispute, outcome, { provider: bond / 2n });
      if (audit) ports.refereed.forfeit(ctx, taskId, challenger, false);
      next(ctx, ports, taskId);
      return;
    default:
      assert(false, `referee: dispute ${dispute.id} does not end by itself with ${outcomeName(outcome)}`);
  }
}

function closeOthers(ctx: Context, ports: RefereePorts, taskId: bigint): void {
  for (const other of liveOf(ctx, taskId)) close(ctx, ports, other, Outcome.OUTCOME_UNDECIDED, { challenger: BigInt(other.bond) });
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
}

function close(ctx: Context, ports: RefereePorts, dispute: Dispute, outcome: Outcome, { provider = 0n, challenger = 0n }: Shares): void {
  const { id, bond, state } = dispute;
  const tau = ports.clock.tau(ctx);
  const burned = BigInt(bond) - provider - challenger;
  const denom = ports.providers.bondDenom(ctx);
  const account = ports.accounts.moduleAccount(ctx, accountName);
  for (const [to, amount] of [[dispute.provider, provider], [dispute.challenger, challenger]] as const) if (amount > 0n) ports.bank.send(ctx, account, addressBytes(to), [{ denom, amount }]);
  if (burned > 0n) ports.bank.burn(ctx, accountName, [{ denom, amount: burned }]);
  if (state === PICK) answers.remove(ctx, id);
  if (state === DisputeState.DISPUTE_STATE_PROOF) dropProof(ctx, dispute);
  saveDispute(ctx, dispute, { ...dispute, state: CLOSED, outcome, bond: "0", endedTau: tau, dueTau: tau + params.get(ctx).recordLifetime, parts: 0, proof: 0n, failures: 0, retryTau: 0n });
  emit(ctx, "EventDisputeClosed", { ...partiesOf(dispute), outcome: outcomeName(outcome), to_provider: provider, to_challenger: challenger, burned });
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

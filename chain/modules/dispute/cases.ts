/** The edge around the machine: loads a case brought up to date, stores it with its queues, takes and gives back what it costs. */
import { CaseState, CloseReason, Verdict, type Case, type Params, type Round, type Seat } from "../../codec/gen/dcm/dispute/v1/types.ts";
import { addressBytes } from "../../codec/address.ts";
import { fail } from "../../runtime/errors.ts";
import { errors } from "./errors.ts";
import { caseChanged, emit, heldOf, reasonName, stateName, verdictName } from "./events.ts";
import { bringUp, isOver, partiesOf, queuedTau, refOf } from "./machine.ts";
import { settleCase } from "./settlement.ts";
import { cases, casesByParty, drawQueue, dueQueue, evidence, params, seats, seatsByJuror, valuesIn, within } from "./state.ts";
import { verdictOf } from "./tally.ts";
import type { Context } from "../../runtime/context.ts";
import type { DisputePorts } from "./ports.ts";

/** The module account that holds fees and deposits. */
export const accountName = "dispute";

/** Bytes of state of a case beside its text, of a seat with its index, of a piece of evidence: what deposits are for. */
export const [caseBytes, seatBytes, evidenceBytes] = [1_536, 320, 256];

export function collect(ctx: Context, ports: DisputePorts, from: string, amount: bigint): void {
  if (amount > 0n) ports.bank.send(ctx, addressBytes(from), ports.accounts.moduleAccount(ctx, accountName), [{ denom: ports.jurors.bondDenom(ctx), amount }]);
}

function payBack(ctx: Context, ports: DisputePorts, to: Uint8Array, amount: bigint): void {
  if (amount > 0n) ports.bank.send(ctx, ports.accounts.moduleAccount(ctx, accountName), to, [{ denom: ports.jurors.bondDenom(ctx), amount }]);
}

/** A round that somebody pays for: its fee and deposit are taken. */
export function payRound(ctx: Context, ports: DisputePorts, { jurorFee }: Params, { count, payer, side, bytes }: { readonly count: number; readonly payer: string; readonly side: Verdict; readonly bytes: number }): Round {
  const fee = BigInt(jurorFee) * BigInt(count);
  const deposit = BigInt(bytes + count * seatBytes) * params.get(ctx).depositPerByte;
  collect(ctx, ports, payer, fee + deposit);
  return { seats: count, fee: String(fee), payer, side, committed: 0, revealed: 0, forConsumer: 0, forProvider: 0, outcome: Verdict.VERDICT_UNSPECIFIED, storageDeposit: String(deposit) };
}

/** Writes the case and what queues know of it. */
export function saveCase(ctx: Context, before: Case | undefined, after: Case): void {
  cases.set(ctx, after.id, after);
  if (before === undefined) for (const party of partiesOf(after)) casesByParty.set(ctx, [addressBytes(party), after.id], true);
  const [was, is] = [before === undefined ? undefined : queuedTau(before), queuedTau(after)];
  if (was !== undefined && was !== is) dueQueue.remove(ctx, [was, after.id]);
  if (was !== is) dueQueue.set(ctx, [is, after.id], true);
  const seedHeight = (one: Case | undefined): bigint => (one?.state === CaseState.CASE_STATE_DRAWING ? one.seedHeight : 0n);
  if (seedHeight(before) !== seedHeight(after)) {
    if (seedHeight(before) !== 0n) drawQueue.remove(ctx, [seedHeight(before), after.id]);
    if (seedHeight(after) !== 0n) drawQueue.set(ctx, [seedHeight(after), after.id], true);
  }
  if (before?.state !== after.state) caseChanged(ctx, after);
}

/** Writes a case that an error which nobody expected keeps from going on, and says so. */
export function stuck(ctx: Context, before: Case, after: Case): void {
  saveCase(ctx, before, after);
  emit(ctx, "EventCaseStuck", { case_id: after.id, failures: after.failures, retry_tau: after.retryTau, seed_height: after.seedHeight });
}

/** The case, brought up to date and stored, in the one state that the message needs; fails where it is unknown or in another. */
export function loadCase(ctx: Context, ports: DisputePorts, id: bigint, state: CaseState, what: string): Case {
  const before = cases.find(ctx, id);
  if (before === undefined) return fail(errors.unknownCase, { id });
  const tau = ports.clock.tau(ctx);
  const one = bringUp(before, tau, ctx.height);
  if (one.state !== state || isOver(one, tau)) fail(errors.wrongState, { id, state: isOver(one, tau) ? "over" : stateName(one.state), what });
  if (one !== before) saveCase(ctx, before, one);
  return one;
}

/** The juror's seat in the present round. */
export function loadSeat(ctx: Context, one: Case, juror: Uint8Array, signer: string): Seat {
  const round = one.rounds.length - 1;
  const seat = seats.find(ctx, [one.id, round, juror]);
  if (seat === undefined) return fail(errors.noSeat, { id: one.id, round, signer });
  return seat;
}

/** How many items a case is for a sweep: itself, its seats and its evidence. */
export const weightOfCase = ({ rounds, evidence: pieces }: Case): number => 1 + pieces + rounds.reduce((sum, { seats: count }) => sum + count, 0);

function closeReasonOf({ state, rounds }: Case): CloseReason {
  if (state === CaseState.CASE_STATE_DRAWING) return CloseReason.CLOSE_REASON_NO_JURY;
  return state === CaseState.CASE_STATE_VOTE && rounds.at(-1)!.outcome !== Verdict.VERDICT_UNSPECIFIED ? CloseReason.CLOSE_REASON_VOTE : CloseReason.CLOSE_REASON_JURY;
}

/** Splits what is held by the verdict, pays jurors and parties, frees the seats. The record stays for a while. */
export function closeCase(ctx: Context, ports: DisputePorts, one: Case): void {
  const tau = ports.clock.tau(ctx);
  const verdict = verdictOf(one.rounds);
  const share = verdict === Verdict.VERDICT_CONSUMER ? 0 : verdict === Verdict.VERDICT_PROVIDER ? 10_000 : one.defaultShareBps;
  const closeReason = closeReasonOf(one);
  ports.holds.split(ctx, refOf(one), share);
  settle(ctx, ports, one);
  const closed: Case = { ...one, state: CaseState.CASE_STATE_CLOSED, verdict, providerShareBps: share, closeReason, endedTau: tau, dueTau: tau + one.terms!.recordLifetime, seedHeight: 0n };
  saveCase(ctx, one, closed);
  emit(ctx, "EventCaseClosed", { case_id: one.id, ...heldOf(one), consumer: one.consumer, verdict: verdictName(verdict), reason: reasonName(closeReason), provider_share_bps: share, amount: one.amount, denom: one.denom, rounds: one.rounds.length });
}

function settle(ctx: Context, ports: DisputePorts, { id, rounds, terms }: Case): void {
  const account = ports.accounts.moduleAccount(ctx, accountName);
  const settlement = settleCase(rounds, valuesIn(ctx, seats, within.case(id)), terms!);
  // What seats lose comes in before anything of it goes out.
  for (const { seat, slashed } of settlement.seats) {
    const juror = addressBytes(seat.juror);
    ports.jurors.forfeit(ctx, juror, slashed, account);
    ports.jurors.unlock(ctx, juror, BigInt(seat.stake) - slashed);
  }
  for (const { seat, reward, slashed } of settlement.seats) {
    payBack(ctx, ports, addressBytes(seat.juror), reward);
    seats.set(ctx, [id, seat.round, addressBytes(seat.juror)], { ...seat, stake: "0", reward: String(reward), slashed: String(slashed) });
    emit(ctx, "EventSeatSettled", { case_id: id, round: seat.round, juror: seat.juror, vote: verdictName(seat.vote), reward, slashed });
  }
  for (const [i, refund] of settlement.refunds.entries()) payBack(ctx, ports, addressBytes(rounds[i]!.payer), refund);
  if (settlement.burned > 0n) ports.bank.burn(ctx, accountName, [{ denom: ports.jurors.bondDenom(ctx), amount: settlement.burned }]);
}

/** The record goes, its deposits back to who paid them. */
export function pruneCase(ctx: Context, ports: DisputePorts, one: Case): void {
  for (const { round, juror } of valuesIn(ctx, seats, within.case(one.id))) {
    seats.remove(ctx, [one.id, round, addressBytes(juror)]);
    seatsByJuror.remove(ctx, [addressBytes(juror), one.id, round]);
  }
  for (const { number, party, storageDeposit } of valuesIn(ctx, evidence, within.case(one.id))) {
    evidence.remove(ctx, [one.id, number]);
    payBack(ctx, ports, addressBytes(party), BigInt(storageDeposit));
  }
  for (const { payer, storageDeposit } of one.rounds) payBack(ctx, ports, addressBytes(payer), BigInt(storageDeposit));
  for (const party of partiesOf(one)) casesByParty.remove(ctx, [addressBytes(party), one.id]);
  dueQueue.remove(ctx, [queuedTau(one), one.id]);
  cases.remove(ctx, one.id);
  emit(ctx, "EventCasePruned", { case_id: one.id });
}

/** Genesis: cases with seats and evidence. Indexes and queues are made anew from the records. */
import { GenesisState } from "../../codec/gen/dcm/dispute/v1/genesis.ts";
import { CaseState, type Case } from "../../codec/gen/dcm/dispute/v1/types.ts";
import { addressBytes } from "../../codec/address.ts";
import { assert } from "../../runtime/errors.ts";
import { owed } from "./accounts.ts";
import { accountName, saveCase } from "./cases.ts";
import { heldText } from "./errors.ts";
import { refOf } from "./machine.ts";
import { defaultParams, paramsFault } from "./params.ts";
import { cases, evidence, nextCaseId, params, seats, seatsByJuror } from "./state.ts";
import type { Context } from "../../runtime/context.ts";
import type { Genesis } from "../../runtime/module.ts";
import type { DisputePorts } from "./ports.ts";

export function disputeGenesis(ports: DisputePorts): Genesis<GenesisState> {
  return {
    type: GenesisState,
    defaults: () => GenesisState.fromPartial({ params: defaultParams(), nextCaseId: 1n }),
    check,
    init: (ctx, state) => init(ctx, ports, state),
    export: (ctx) => ({
      params: params.get(ctx), cases: Array.from(cases.entries(ctx), ([, one]) => one), seats: Array.from(seats.entries(ctx), ([, seat]) => seat),
      evidence: Array.from(evidence.entries(ctx), ([, piece]) => piece), nextCaseId: nextCaseId.get(ctx),
    }),
  };
}

function check(state: GenesisState): void {
  const fault = paramsFault(state.params);
  assert(fault === undefined, `dispute.params: ${fault ?? ""}`);
  const known = new Map<bigint, Case>();
  for (const one of state.cases) {
    assert(!known.has(one.id) && one.id > 0n && one.id < state.nextCaseId, `dispute.cases: ${one.id} stands twice, or is not from 1 to next_case_id - 1`);
    assert(one.rounds.length > 0 && paramsFault(one.terms) === undefined, `dispute.cases: ${one.id} has no rounds or bad terms`);
    assert((one.taskId === 0n) !== (one.instanceId === 0n) && (one.period === 0n) === (one.instanceId === 0n), `dispute.cases: ${one.id} is about a task, or about a period of an instance`);
    known.set(one.id, one);
  }
  const seen = new Set<string>();
  const unique = (name: string): void => {
    assert(!seen.has(name), `dispute: ${name} stands twice`);
    seen.add(name);
  };
  for (const { caseId, round, juror } of state.seats) {
    assert(round < (known.get(caseId)?.rounds.length ?? 0), `dispute.seats: case ${caseId} has no round ${round}`);
    unique(`seat ${caseId}/${round}/${juror}`);
  }
  for (const { caseId, number, party } of state.evidence) {
    assert(number > 0 && number <= (known.get(caseId)?.evidence ?? 0), `dispute.evidence: case ${caseId} counts no piece ${number} of ${party}`);
    unique(`evidence ${caseId}/${number}`);
  }
}

/** Sections of other modules come first: what is held and who is a juror is known. */
function init(ctx: Context, ports: DisputePorts, state: GenesisState): void {
  params.set(ctx, state.params!);
  // An absent number reads as zero: ids begin at 1.
  nextCaseId.set(ctx, state.nextCaseId > 0n ? state.nextCaseId : 1n);
  for (const one of state.cases) {
    const waits = ports.holds.find(ctx, refOf(one))?.caseId === one.id;
    assert(waits === (one.state !== CaseState.CASE_STATE_CLOSED), `dispute.cases: market.holds and case ${one.id} do not agree on who decides on ${heldText(refOf(one))}`);
    saveCase(ctx, undefined, one);
  }
  for (const seat of state.seats) {
    const juror = addressBytes(seat.juror);
    seats.set(ctx, [seat.caseId, seat.round, juror], seat);
    seatsByJuror.set(ctx, [juror, seat.caseId, seat.round], true);
  }
  for (const piece of state.evidence) evidence.set(ctx, [piece.caseId, piece.number], piece);
  const held = ports.bank.balance(ctx, ports.accounts.moduleAccount(ctx, accountName), ports.jurors.bondDenom(ctx));
  const due = owed(state.cases, state.evidence);
  assert(held >= due, `the account of disputes holds ${held} in the genesis balances, fees and deposits are ${due}`);
}

import { defineErrors } from "../../runtime/errors.ts";
import type { HoldRef } from "../market/ports.ts";

interface What {
  readonly what: string;
}

/** What is held: of a task, whose period is 0, or of an instance. */
export const heldText = ({ id, period }: HoldRef): string => (period === 0n ? `task ${id}` : `period ${period} of instance ${id}`);

export const errors = defineErrors("dispute", {
  invalidField: [2, ({ what }: What) => what],
  noHold: [3, ({ ref }: { ref: HoldRef }) => `nothing is held of ${heldText(ref)}: its order has no acceptance window, it earned nothing, a proof or a tie-break settled it, or the pay went its way already`],
  notConsumer: [4, ({ ref, consumer, signer }: { ref: HoldRef; consumer: string; signer: string }) => `${heldText(ref)} is ${consumer}'s: ${signer} cannot dispute it`],
  disputed: [5, ({ ref, caseId }: { ref: HoldRef; caseId: bigint }) => `case ${caseId} decides on ${heldText(ref)} already`],
  windowOver: [6, ({ ref, due, tau }: { ref: HoldRef; due: bigint; tau: bigint }) => `${heldText(ref)} could be disputed up to tau ${due}; it is ${tau}`],
  unknownCase: [7, ({ id }: { id: bigint }) => `case ${id} is unknown: it was never opened, or its record is pruned`],
  wrongState: [8, ({ id, state, what }: { id: bigint; state: string; what: string }) => `case ${id} is ${state}: ${what}`],
  notParty: [9, ({ id, signer }: { id: bigint; signer: string }) => `${signer} is no party of case ${id}: neither its consumer, nor the payer, nor a provider`],
  tooMuchEvidence: [10, ({ id, most }: { id: bigint; most: number }) => `${most} pieces of evidence of one party in case ${id} are all that it may show`],
  noSeat: [11, ({ id, round, signer }: { id: bigint; round: number; signer: string }) => `${signer} has no seat in round ${round} of case ${id}; query JurorSeats lists the seats of a juror`],
  notCommitted: [12, ({ id, signer }: { id: bigint; signer: string }) => `${signer} committed to no vote in this round of case ${id}`],
  revealed: [13, ({ id, signer }: { id: bigint; signer: string }) => `the vote of ${signer} in this round of case ${id} is open already`],
  otherVote: [14, ({ id }: { id: bigint }) => `vote and salt do not make the commitment in case ${id}: SHA-256 over "dcm/jury/v1", case, round, juror, vote and salt`],
  notLoser: [15, ({ id, signer, outcome }: { id: bigint; signer: string; outcome: string }) => `round went ${outcome} in case ${id}: ${signer} did not lose it and has nothing to appeal against`],
  lastRound: [16, ({ id, rounds }: { id: bigint; rounds: number }) => `case ${id} had its ${rounds} rounds, and no vote of everybody hears it: the outcome of the last one is final`],
  gathering: [18, ({ ref, until, tau }: { ref: HoldRef; until: bigint; tau: bigint }) => `${heldText(ref)} lasts until tau ${until}, it is ${tau}: dispute it once it is over, or close the service`],
  badParams: [17, ({ what }: What) => what],
});

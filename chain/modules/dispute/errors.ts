import { defineErrors } from "../../runtime/errors.ts";

interface What {
  readonly what: string;
}

export const errors = defineErrors("dispute", {
  invalidField: [2, ({ what }: What) => what],
  noHold: [3, ({ id }: { id: bigint }) => `nothing is held of task ${id}: its job has no acceptance window, a proof or a tie-break settled it, or the pay went its way already`],
  notConsumer: [4, ({ id, consumer, signer }: { id: bigint; consumer: string; signer: string }) => `task ${id} is ${consumer}'s: ${signer} cannot dispute it`],
  disputed: [5, ({ id, caseId }: { id: bigint; caseId: bigint }) => `case ${caseId} decides on task ${id} already`],
  windowOver: [6, ({ id, due, tau }: { id: bigint; due: bigint; tau: bigint }) => `task ${id} could be disputed up to tau ${due}; it is ${tau}`],
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
  badParams: [17, ({ what }: What) => what],
});

import { defineErrors } from "../../runtime/errors.ts";

interface What {
  readonly what: string;
}

export const errors = defineErrors("referee", {
  invalidField: [2, ({ what }: What) => what],
  notChallengeable: [3, ({ task }: { task: bigint }) => `task ${task} cannot be challenged: it is no refereed task whose provider has revealed its result, or its window is over`],
  windowOver: [4, ({ task, due, tau }: { task: bigint; due: bigint; tau: bigint }) => `task ${task} could be challenged up to tau ${due}; it is ${tau}`],
  sealed: [5, ({ task, consumer }: { task: bigint; consumer: string }) => `the inputs of task ${task} are sealed: only its consumer ${consumer} can challenge it`],
  ownTask: [6, ({ task }: { task: bigint }) => `task ${task} was run by the challenger itself`],
  sameHash: [7, ({ task }: { task: bigint }) => `final_hash is what the provider of task ${task} ended with: there is nothing to challenge`],
  duplicate: [8, ({ task, id }: { task: bigint; id: bigint }) => `the challenger disputes task ${task} with this final_hash in dispute ${id} already`],
  queueFull: [9, ({ task, most }: { task: bigint; most: number }) => `${most} challenges of task ${task} wait for their turn and no more may: try again when one has ended; nothing becomes final before`],
  unknownDispute: [10, ({ id }: { id: bigint }) => `dispute ${id} is unknown: it was never opened, or its record is pruned`],
  notParty: [11, ({ id, signer, side, party }: { id: bigint; signer: string; side: string; party: string }) => `the ${side} of dispute ${id} is ${party}, not ${signer}`],
  wrongState: [12, ({ id, state, what }: { id: bigint; state: string; what: string }) => `dispute ${id} is ${state}: ${what}`],
  late: [13, ({ id, due, tau }: { id: bigint; due: bigint; tau: bigint }) => `the move of dispute ${id} was due at tau ${due}; it is ${tau}`],
  otherMove: [14, ({ id, move, got }: { id: bigint; move: number; got: number }) => `dispute ${id} waits for move ${move}, this is move ${got}`],
  singleStep: [15, ({ id }: { id: bigint }) => `dispute ${id} is about a single transition: it is proven, not cut`],
  tooLong: [16, ({ id, length, most }: { id: bigint; length: bigint; most: bigint }) => `dispute ${id} is about ${length} transitions: answer until they are at most ${most}, then prove`],
  noDifference: [17, ({ id, part }: { id: bigint; part: number }) => `the provider has that hash at the end of part ${part} of dispute ${id} too: pick the first part at whose end it has another`],
  otherClaim: [18, ({ id }: { id: bigint }) => `the last part of dispute ${id} ends where the challenger named its hash before: send that one, or none`],
  badProof: [19, ({ id, what }: { id: bigint; what: string }) => `the proof of dispute ${id}: ${what}`],
  badParams: [20, ({ what }: What) => what],
  contested: [21, ({ task }: { task: bigint }) => `the two replicas of task ${task} ended in different states and are in dispute with each other: what is left of that can be challenged then, for a whole window`],
});

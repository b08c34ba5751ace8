/** The moves of a dispute as a side makes them that has this run of the task. For tests. */
import { concatBytes, equalBytes } from "../../codec/bytes.ts";
import { innerBoundaries, partOf } from "../../vm/bisection.ts";
import { regionRoot, romRoot } from "../../vm/merkle.ts";
import { rangeOf } from "./machine.ts";
import { inputTree, type Side } from "./testing-runs.ts";
import type { MsgAnswer, MsgPick, MsgProve } from "../../codec/gen/dcm/referee/v1/tx.ts";
import type { Dispute } from "../../codec/gen/dcm/referee/v1/types.ts";

export function answerOf(dispute: Dispute, run: Side): MsgAnswer {
  const { id, provider, moves } = dispute;
  return { provider, disputeId: id, move: moves, hashes: concatBytes(...innerBoundaries(rangeOf(dispute)).map((at) => run.hashAt(at))) };
}

/** `answer`: the hashes that it is picked from. */
export function pickOf(dispute: Dispute, answer: Uint8Array, run: Side): MsgPick {
  const { id, challenger, moves, parts } = dispute;
  const range = rangeOf(dispute);
  const hashBehind = (part: number): Uint8Array => run.hashAt(partOf(range, part).low + partOf(range, part).length);
  let part = 0;
  while (part < parts - 1 && equalBytes(answer.subarray(part * 32, part * 32 + 32), hashBehind(part))) part++;
  return { challenger, disputeId: id, move: moves, part, hash: part === parts - 1 ? new Uint8Array(0) : hashBehind(part) };
}

/** `inputs`: those of all tasks that share the root of the run's. */
export function proofOf({ id, provider, moves, start, length }: Dispute, run: Side, inputs: readonly Uint8Array[]): MsgProve {
  const { rom, data, input, index } = run.job;
  return {
    provider, disputeId: id, move: moves, ...run.witness(start, length), romRoot: romRoot(rom), dataRoot: regionRoot(data), state: start === 0n ? undefined : run.stateAt(start),
    input: start === 0n ? { root: regionRoot(input), size: BigInt(input.length), path: inputTree(inputs).path(index) } : undefined,
  };
}

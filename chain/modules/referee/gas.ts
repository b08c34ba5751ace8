/** What a dispute pays in gas for work that the ends of later blocks do for it. */
import { leafBytes } from "../../vm/layout.ts";
import { hashBytes } from "../../vm/merkle.ts";
import { segmentCost } from "../../vm/segment.ts";
import { witnessCounts, type SegmentWitness } from "../../vm/witness.ts";
import type { MsgProve } from "../../codec/gen/dcm/referee/v1/tx.ts";
import type { Dispute } from "../../codec/gen/dcm/referee/v1/types.ts";
import type { Context } from "../../runtime/context.ts";

/** The ends of a dispute: its bond's way, its record, the next one's turn. */
export const endsGas = 150_000;

/** Paid by the challenge, whatever becomes of it. */
export function payForEnds(ctx: Context): void {
  ctx.gas.consume(endsGas, "ends of the dispute");
}

/** A hash of at most 320 bytes, and a transition of the machine over a witness. */
export const [hashGas, stepGas] = [2_000, 100];

/** Hashes until the first state is known: of a range within the run the program's root and the state; at its beginning the arguments' leaves and nodes, the input's path, and what joins them, too. */
export function rootHashes({ start }: Pick<Dispute, "start">, argumentsSize: number, { input }: Pick<MsgProve, "input">): number {
  return start === 0n ? 2 * Math.ceil(argumentsSize / leafBytes) + (input?.path.length ?? 0) / hashBytes + 32 : 2;
}

/** Before anything of it is looked at: its run, and the hashes in front of it. */
export function payForProof(ctx: Context, gas: number, hashes: number): void {
  ctx.gas.consume(gas + hashGas * hashes, "run of the proof");
}

/** At most what running a proof costs; 1,000 gas stand for about a microsecond. */
export function proofGas(length: number, witness: SegmentWitness): number {
  const { leaves, siblings } = witnessCounts(witness);
  const { steps, hashes } = segmentCost(length, leaves, siblings);
  return stepGas * steps + hashGas * hashes;
}

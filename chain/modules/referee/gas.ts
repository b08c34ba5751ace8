/** What a dispute pays in gas for work that the ends of later blocks do for it. */
import { segmentCost } from "../../vm/segment.ts";
import { witnessCounts, type SegmentWitness } from "../../vm/witness.ts";
import type { Context } from "../../runtime/context.ts";

/** The ends of a dispute: its bond's way, its record, the next one's turn. */
export const endsGas = 150_000;

/** Paid by the challenge, whatever becomes of it. */
export function payForEnds(ctx: Context): void {
  ctx.gas.consume(endsGas, "ends of the dispute");
}

/** A hash of at most 320 bytes, and a transition of the machine over a witness. */
export const [hashGas, stepGas] = [2_000, 100];
/** Up to 600 hashes: arguments, an inclusion path. */
const rootsGas = 600 * hashGas;

/** Before anything of it is looked at; a range that begins with the run needs its first state made of roots as well. */
export function payForProof(ctx: Context, gas: number): void {
  ctx.gas.consume(gas + rootsGas, "run of the proof");
}

/** At most what running a proof costs; 1,000 gas stand for about a microsecond. */
export function proofGas(length: number, witness: SegmentWitness): number {
  const { leaves, siblings } = witnessCounts(witness);
  const { steps, hashes } = segmentCost(length, leaves, siblings);
  return stepGas * steps + hashGas * hashes;
}

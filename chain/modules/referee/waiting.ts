/** Proofs that wait to be run: in order, bounded by their number and bytes. */
import { Proof, type Dispute } from "../../codec/gen/dcm/referee/v1/types.ts";
import { nextProof, params, proofs, waitingBytes, waitingProofs } from "./state.ts";
import type { Context } from "../../runtime/context.ts";

/** Whether one more of so many bytes has room. */
export function hasRoom(ctx: Context, proof: Proof): boolean {
  const { maxProofs, maxProofBytes } = params.get(ctx);
  return waitingProofs.get(ctx) < BigInt(maxProofs) && waitingBytes.get(ctx) + bytesOf(proof) <= BigInt(maxProofBytes);
}

/** Puts it behind the others; gives its number. */
export function addProof(ctx: Context, proof: Proof): bigint {
  const number = nextProof.get(ctx);
  nextProof.set(ctx, number + 1n);
  putProof(ctx, number, proof);
  return number;
}

export function putProof(ctx: Context, number: bigint, proof: Proof): void {
  proofs.set(ctx, number, proof);
  waitingProofs.set(ctx, waitingProofs.get(ctx) + 1n);
  waitingBytes.set(ctx, waitingBytes.get(ctx) + bytesOf(proof));
}

/** The proof of a dispute is run, or will not be. */
export function dropProof(ctx: Context, { proof: number }: Dispute): void {
  const proof = proofs.find(ctx, number)!;
  proofs.remove(ctx, number);
  waitingProofs.set(ctx, waitingProofs.get(ctx) - 1n);
  waitingBytes.set(ctx, waitingBytes.get(ctx) - bytesOf(proof));
}

/** As it is stored. */
export const bytesOf = (proof: Proof): bigint => BigInt(Proof.encode(proof).finish().length);

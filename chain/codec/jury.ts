/** The bytes of a juror's commitment. Chain and clients make them here, so this file needs nothing but byte strings. */
import { concatBytes, uint64Bytes, utf8 } from "./bytes.ts";
import { sha256 } from "./hash.ts";

export interface JuryVote {
  readonly caseId: bigint;
  /** Counted from 0. */
  readonly round: number;
  /** The juror's address; at most 255 bytes. */
  readonly juror: Uint8Array;
  /** 1: for the consumer, 2: for the provider. */
  readonly vote: number;
  /** 32 bytes that nobody can guess: there are only two votes to try. */
  readonly salt: Uint8Array;
}

const domain = utf8("dcm/jury/v1");

/** 32 bytes; the layout stands at Seat in proto/dcm/dispute/v1/types.proto. It binds the juror, so a copied commitment opens for nobody else. */
export function juryCommitment({ caseId, round, juror, vote, salt }: JuryVote): Uint8Array {
  return sha256(concatBytes(domain, uint64Bytes(caseId), uint64Bytes(BigInt(round)), Uint8Array.of(juror.length), juror, Uint8Array.of(vote), salt));
}

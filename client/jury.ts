/** A juror's votes. All salts follow from one secret of the juror, so that nothing needs to be kept between commitment and opening, and every machine that has the secret can open. */
import type { EncodeObject } from "@cosmjs/proto-signing";
import { addressBytes } from "../chain/codec/address.ts";
import { concatBytes, uint64Bytes, utf8 } from "../chain/codec/bytes.ts";
import { Verdict } from "../chain/codec/gen/dcm/dispute/v1/types.ts";
import { sha256 } from "../chain/codec/hash.ts";
import { juryCommitment } from "../chain/codec/jury.ts";

/** For which side a juror votes. */
export type Side = "consumer" | "provider";

export interface Ballot {
  readonly juror: string;
  readonly caseId: bigint;
  /** Counted from 0: of the case, rounds.length - 1. */
  readonly round: number;
  readonly side: Side;
  /** Of the juror, 32 bytes or more that nobody else has. */
  readonly secret: Uint8Array;
}

const verdictOf = (side: Side): Verdict => (side === "consumer" ? Verdict.VERDICT_CONSUMER : Verdict.VERDICT_PROVIDER);

/** 32 bytes. The vote is no part of it: who forgot how it voted tries both. */
export function jurySalt({ secret, caseId, round, juror }: Pick<Ballot, "secret" | "caseId" | "round" | "juror">): Uint8Array {
  if (secret.length < 32) throw new RangeError(`a juror's secret is 32 bytes or more, got ${secret.length}`);
  return sha256(concatBytes(utf8("dcm/jury/salt/v1"), Uint8Array.of(secret.length & 0xff), secret, uint64Bytes(caseId), uint64Bytes(BigInt(round)), addressBytes(juror)));
}

/** MsgCommitVote, for `Sender.send` or a SigningStargateClient. */
export function commitVote(ballot: Ballot): EncodeObject {
  const { juror, caseId, round, side } = ballot;
  const commitment = juryCommitment({ caseId, round, juror: addressBytes(juror), vote: verdictOf(side), salt: jurySalt(ballot) });
  return { typeUrl: "/dcm.dispute.v1.MsgCommitVote", value: { juror, caseId, commitment } };
}

/** MsgRevealVote, of the same ballot. */
export function revealVote(ballot: Ballot): EncodeObject {
  const { juror, caseId, side } = ballot;
  return { typeUrl: "/dcm.dispute.v1.MsgRevealVote", value: { juror, caseId, vote: verdictOf(side), salt: jurySalt(ballot) } };
}

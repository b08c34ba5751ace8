/** The errors of codespace `gov`, numbered and worded as in the Cosmos SDK; those of our own from 100 on. */
import { defineErrors } from "../../runtime/errors.ts";

const wrap = (words: string) => (what: string) => (what === "" ? words : `${what}: ${words}`);

export const errors = defineErrors("gov", {
  inactiveProposal: [3, wrap("inactive proposal")],
  invalidContent: [5, wrap("invalid proposal content")],
  invalidType: [6, wrap("invalid proposal type")],
  invalidVote: [7, wrap("invalid vote option")],
  noHandler: [9, wrap("no handler exists for proposal type")],
  unroutableMessage: [10, wrap("proposal message not recognized by router")],
  noMessages: [11, wrap("no messages proposed")],
  invalidMessage: [12, wrap("invalid proposal message")],
  invalidSigner: [13, wrap("expected gov account as only signer for proposal message")],
  metadataTooLong: [15, wrap("metadata too long")],
  minDepositTooSmall: [16, wrap("minimum deposit is too small")],
  invalidProposer: [18, wrap("invalid proposer")],
  votingPeriodEnded: [20, wrap("voting period already ended")],
  invalidProposal: [21, wrap("invalid proposal")],
  summaryTooLong: [22, wrap("summary too long")],
  invalidDepositDenom: [23, wrap("invalid deposit denom")],
  lateStake: [100, ({ voter, id }: { voter: string; id: bigint }) => `no stake of ${voter} was with a validator of the set when voting on proposal ${id} began, and what is bonded later does not count: vote on proposals that open from now on`],
  tooManyMessages: [101, ({ got, most }: { got: number; most: number }) => `a proposal carries at most ${most} messages, got ${got}: split it`],
  messagesTooLarge: [102, ({ got, most }: { got: number; most: number }) => `the messages of a proposal have at most ${most} bytes, got ${got}: split it`],
  nested: [103, ({ typeUrl }: { typeUrl: string }) => `a proposal cannot carry ${typeUrl}: proposals neither submit, fund, vote on nor cancel proposals`],
  spendsDeposits: [104, ({ denom, held, left }: { denom: string; held: bigint; left: bigint }) => `the messages leave ${left}${denom} with the gov account, where deposits of ${held}${denom} belong to their depositors`],
  grants: [105, ({ typeUrl }: { typeUrl: string }) => `a proposal cannot carry ${typeUrl}: whoever could pay or sign for the gov account could spend deposits, which belong to their depositors`],
} as const);

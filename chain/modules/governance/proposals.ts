/** Proposals: how they begin, open their vote, and go. */
import { ProposalStatus, type Proposal } from "../../codec/gen/cosmos/gov/v1/gov.ts";
import { addressText } from "../../codec/address.ts";
import { nanosOf, timestampOf } from "../../runtime/time-text.ts";
import { openAll } from "./execution.ts";
import { dropSnapshot, takeSnapshot } from "./snapshots.ts";
import { emptyResult } from "./tally.ts";
import { activeQueue, inactiveQueue, leftovers, Leftover, nextId, params, proposals, voting, type LeftoverKind } from "./state.ts";
import { forgetCounts } from "./votes.ts";
import type { GovernancePorts } from "./keeper.ts";
import type { Any } from "../../codec/gen/google/protobuf/any.ts";
import type { Context } from "../../runtime/context.ts";

export interface NewProposal {
  readonly messages: readonly Any[];
  readonly metadata: string;
  readonly title: string;
  readonly summary: string;
  readonly proposer: Uint8Array;
  readonly expedited: boolean;
}

/** A proposal in its deposit period, without a deposit. Fails with gov 10, 12, 13, 101 to 103, 105 where one of its messages can never run. */
export function submit(ports: GovernancePorts, ctx: Context, { proposer, messages, ...texts }: NewProposal): Proposal {
  openAll(ports, messages);
  const id = nextId.get(ctx);
  nextId.set(ctx, id + 1n);
  const end = ctx.header.timeNanos + nanosOf(params.get(ctx).maxDepositPeriod!);
  const proposal: Proposal = {
    ...texts, id, messages: [...messages], status: ProposalStatus.PROPOSAL_STATUS_DEPOSIT_PERIOD, finalTallyResult: emptyResult(), submitTime: timestampOf(ctx.header.timeNanos), depositEndTime: timestampOf(end),
    totalDeposit: [], votingStartTime: undefined, votingEndTime: undefined, proposer: addressText(proposer), failedReason: "",
  };
  proposals.set(ctx, id, proposal);
  inactiveQueue.set(ctx, [end, id], true);
  ctx.emit("submit_proposal", [["proposal_id", id.toString()], ["proposal_proposer", proposal.proposer], ["proposal_messages", messages.map(({ typeUrl }) => `,${typeUrl}`).join("")]]);
  return proposal;
}

/** GOV-8: begins the voting period; the stake that votes count by is that of this moment. */
export function activate({ staking }: GovernancePorts, ctx: Context, proposal: Proposal): void {
  const { votingPeriod, expeditedVotingPeriod } = params.get(ctx);
  const end = ctx.header.timeNanos + nanosOf((proposal.expedited ? expeditedVotingPeriod : votingPeriod)!);
  inactiveQueue.remove(ctx, [nanosOf(proposal.depositEndTime!), proposal.id]);
  proposals.set(ctx, proposal.id, { ...proposal, status: ProposalStatus.PROPOSAL_STATUS_VOTING_PERIOD, votingStartTime: timestampOf(ctx.header.timeNanos), votingEndTime: timestampOf(end) });
  openVote(ctx, proposal, end, takeSnapshot(ctx, staking));
}

/** Takes votes until `end` (Unix nanoseconds), counted by this snapshot. */
export function openVote(ctx: Context, { id, expedited }: Proposal, end: bigint, snapshot: bigint): void {
  activeQueue.set(ctx, [end, id], true);
  voting.set(ctx, id, { expedited, endNanos: end, snapshot });
}

/** Ends the vote on a proposal; its votes are removed in blocks to come. */
export function closeVote(ctx: Context, id: bigint): void {
  const open = voting.find(ctx, id);
  if (open === undefined) return;
  forgetCounts(ctx, id, open);
  dropSnapshot(ctx, open.snapshot);
  activeQueue.remove(ctx, [open.endNanos, id]);
  voting.remove(ctx, id);
  leave(ctx, id, open.expedited ? Leftover.expeditedVotes : Leftover.votes);
}

/** Lets the sweep of this and later blocks do what is left of a proposal. */
export function leave(ctx: Context, id: bigint, kind: LeftoverKind): void {
  leftovers.set(ctx, [id, kind], true);
}

/** MsgCancelProposal: the proposer takes a proposal back before its voting period has ended, which costs its depositors a share. */
import { ProposalStatus } from "../../../codec/gen/cosmos/gov/v1/gov.ts";
import type { MsgCancelProposal, MsgCancelProposalResponse } from "../../../codec/gen/cosmos/gov/v1/tx.ts";
import { readAddress } from "../../../runtime/addresses.ts";
import { fail } from "../../../runtime/errors.ts";
import { nanosOf, timestampOf } from "../../../runtime/time-text.ts";
import { arbitraryCancel } from "../arbitrary.ts";
import { chargeDeposits } from "../deposits.ts";
import { errors } from "../errors.ts";
import { failNotFound, isOver, type GovernancePorts } from "../keeper.ts";
import { closeVote } from "../proposals.ts";
import { inactiveQueue, proposals } from "../state.ts";
import type { MessageHandler } from "../../../runtime/module.ts";

export function cancelProposal(ports: GovernancePorts): MessageHandler<MsgCancelProposal, MsgCancelProposalResponse> {
  return {
    signers: (message) => [message.proposer],

    check(message) {
      readAddress(message.proposer, "invalid proposer address");
    },

    execute(ctx, { proposalId: id, proposer }) {
      const proposal = proposals.find(ctx, id) ?? failNotFound(id.toString(), "Proposal");
      if (proposal.proposer === "") fail(errors.invalidProposal, `proposal ${id} doesn't have proposer ${proposer}, so cannot be canceled`);
      if (proposal.proposer !== proposer) fail(errors.invalidProposer, `invalid proposer ${proposer}`);
      if (proposal.status !== ProposalStatus.PROPOSAL_STATUS_DEPOSIT_PERIOD && proposal.status !== ProposalStatus.PROPOSAL_STATUS_VOTING_PERIOD) {
        fail(errors.invalidProposal, "proposal should be in the deposit or voting period");
      }
      const { votingEndTime: end } = proposal;
      if (isOver(ctx, proposal) || (end !== undefined && nanosOf(end) < ctx.header.timeNanos)) fail(errors.votingPeriodEnded, `voting period is already ended for this proposal ${id}`);
      chargeDeposits(ports, ctx, id);
      closeVote(ctx, id);
      inactiveQueue.remove(ctx, [nanosOf(proposal.depositEndTime!), id]);
      proposals.remove(ctx, id);
      ctx.emit("cancel_proposal", [["sender", proposer], ["proposal_id", id.toString()]]);
      return { proposalId: id, canceledTime: timestampOf(ctx.header.timeNanos), canceledHeight: ctx.height };
    },

    arbitrary: arbitraryCancel,
  };
}

/** MsgSubmitProposal: messages that run in the gov account's name once enough stake agrees, with the first deposit. */
import type { MsgSubmitProposal, MsgSubmitProposalResponse } from "../../../codec/gen/cosmos/gov/v1/tx.ts";
import { Proposal } from "../../../codec/gen/cosmos/gov/v1/gov.ts";
import { readAddress } from "../../../runtime/addresses.ts";
import { fail, sdkErrors } from "../../../runtime/errors.ts";
import { gasPrices } from "../../../runtime/gas.ts";
import { arbitraryProposal } from "../arbitrary.ts";
import { checkMetadata, checkNamed, checkSummary } from "../checks.ts";
import { addDeposit, checkDenoms, checkInitial, readDeposit } from "../deposits.ts";
import { errors } from "../errors.ts";
import { submit } from "../proposals.ts";
import { params } from "../state.ts";
import type { GovernancePorts } from "../keeper.ts";
import type { Context } from "../../../runtime/context.ts";
import type { MessageHandler } from "../../../runtime/module.ts";

export function submitProposal(ports: GovernancePorts): MessageHandler<MsgSubmitProposal, MsgSubmitProposalResponse> {
  return {
    signers: (message) => [message.proposer],
    check: checkSubmission,
    execute: (ctx, message) => ({ proposalId: run(ports, ctx, message) }),
    arbitrary: arbitraryProposal,
  };
}

/** Fails with sdk 7, 10, 18 and gov 5, 11, 15, 22. */
export function checkSubmission(message: MsgSubmitProposal): void {
  if (message.title === "") fail(sdkErrors.invalidRequest, "proposal title cannot be empty");
  if (message.summary === "") fail(sdkErrors.invalidRequest, "proposal summary cannot be empty");
  readAddress(message.proposer, "invalid proposer address");
  if (message.messages.length === 0 && message.metadata === "") fail(errors.noMessages, "either metadata or Msgs length must be non-nil");
  checkMetadata(message.metadata);
  checkSummary(message.summary);
  checkMetadata(message.title);
  checkNamed(message);
  readDeposit(message.initialDeposit, 0);
}

/** Gives the proposal's id. */
export function run(ports: GovernancePorts, ctx: Context, message: MsgSubmitProposal): bigint {
  checkSubmission(message);
  const { messages, metadata, title, summary, expedited } = message;
  const proposer = readAddress(message.proposer, "invalid proposer address");
  const deposit = readDeposit(message.initialDeposit, 0);
  const p = params.get(ctx);
  checkInitial(p, deposit, expedited);
  checkDenoms(p, deposit);
  const proposal = submit(ports, ctx, { messages, metadata, title, summary, proposer, expedited });
  ctx.gas.consume(3 * gasPrices.writePerByte * Proposal.encode(proposal).finish().length, "submit proposal");
  if (addDeposit(ports, ctx, proposal.id, proposer, deposit)) ctx.emit("submit_proposal", [["voting_period_start", proposal.id.toString()]]);
  return proposal.id;
}

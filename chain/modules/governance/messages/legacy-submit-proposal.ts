/** MsgSubmitProposal of v1beta1, which wallets still send: its text becomes title and summary, and a message that the gov account signs. */
import type { MsgSubmitProposal as LegacySubmitProposal, MsgSubmitProposalResponse } from "../../../codec/gen/cosmos/gov/v1beta1/tx.ts";
import { MsgExecLegacyContent, type MsgSubmitProposal } from "../../../codec/gen/cosmos/gov/v1/tx.ts";
import { authority } from "../../../runtime/addresses.ts";
import { arbitraryProposal, arbitraryText } from "../arbitrary.ts";
import { readContent } from "../content.ts";
import { checkSubmission, run } from "./submit-proposal.ts";
import type { GovernancePorts } from "../keeper.ts";
import type { MessageHandler } from "../../../runtime/module.ts";

export function legacySubmitProposal(ports: GovernancePorts): MessageHandler<LegacySubmitProposal, MsgSubmitProposalResponse> {
  return {
    signers: (message) => [message.proposer],
    check: (message) => checkSubmission(modern(message)),
    execute: (ctx, message) => ({ proposalId: run(ports, ctx, modern(message)) }),
    arbitrary(world) {
      const { initialDeposit, proposer } = arbitraryProposal(world);
      return { content: arbitraryText(world.random), initialDeposit, proposer };
    },
  };
}

function modern({ content, initialDeposit, proposer }: LegacySubmitProposal): MsgSubmitProposal {
  const { title, description } = readContent(content);
  const message = { typeUrl: `/${MsgExecLegacyContent.$type}`, value: MsgExecLegacyContent.encode({ content, authority }).finish() };
  return { messages: [message], initialDeposit, proposer, metadata: "", title, summary: description, expedited: false };
}

/** MsgVote of v1beta1. */
import type { MsgVote, MsgVoteResponse } from "../../../codec/gen/cosmos/gov/v1beta1/tx.ts";
import { arbitraryVote } from "../arbitrary.ts";
import { checkVote, run } from "./vote.ts";
import type { GovernancePorts } from "../keeper.ts";
import type { MessageHandler } from "../../../runtime/module.ts";

export function legacyVote(ports: GovernancePorts): MessageHandler<MsgVote, MsgVoteResponse> {
  return {
    signers: (message) => [message.voter],
    check: checkVote,
    execute(ctx, message) {
      run(ports, ctx, { ...message, metadata: "" });
      return {};
    },
    arbitrary(world) {
      const made = arbitraryVote(world);
      return made === undefined ? undefined : { proposalId: made.proposalId, voter: made.voter, option: made.option };
    },
  };
}

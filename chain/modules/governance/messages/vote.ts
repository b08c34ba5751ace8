/** MsgVote: one option with all of the voter's stake; a later vote takes the place of an earlier one. */
import type { VoteOption } from "../../../codec/gen/cosmos/gov/v1/gov.ts";
import type { MsgVote, MsgVoteResponse } from "../../../codec/gen/cosmos/gov/v1/tx.ts";
import { readAddress } from "../../../runtime/addresses.ts";
import { fail } from "../../../runtime/errors.ts";
import { arbitraryVote } from "../arbitrary.ts";
import { errors } from "../errors.ts";
import { castVote, isOption, singleVote } from "../votes.ts";
import { optionName } from "../text.ts";
import type { GovernancePorts } from "../keeper.ts";
import type { Context } from "../../../runtime/context.ts";
import type { MessageHandler } from "../../../runtime/module.ts";

export function vote(ports: GovernancePorts): MessageHandler<MsgVote, MsgVoteResponse> {
  return {
    signers: (message) => [message.voter],
    check: checkVote,
    execute(ctx, message) {
      run(ports, ctx, message);
      return {};
    },
    arbitrary: arbitraryVote,
  };
}

export function checkVote({ voter, option }: { readonly voter: string; readonly option: VoteOption }): void {
  readAddress(voter, "invalid voter address");
  if (!isOption(option)) fail(errors.invalidVote, optionName(option));
}

export function run(ports: GovernancePorts, ctx: Context, message: MsgVote): void {
  checkVote(message);
  castVote(ports, ctx, message.proposalId, readAddress(message.voter, "invalid voter address"), singleVote(message.option), message.metadata);
}

/** MsgVoteWeighted: the voter's stake split over options by weights that sum up to one. */
import type { MsgVoteWeighted, MsgVoteWeightedResponse } from "../../../codec/gen/cosmos/gov/v1/tx.ts";
import type { WeightedVoteOption } from "../../../codec/gen/cosmos/gov/v1/gov.ts";
import { Dec } from "../../../math/dec.ts";
import { readAddress } from "../../../runtime/addresses.ts";
import { fail, sdkErrors } from "../../../runtime/errors.ts";
import { arbitraryWeightedVote } from "../arbitrary.ts";
import { errors } from "../errors.ts";
import { castVote, checkOption } from "../votes.ts";
import type { GovernancePorts } from "../keeper.ts";
import type { Context } from "../../../runtime/context.ts";
import type { MessageHandler } from "../../../runtime/module.ts";

export function voteWeighted(ports: GovernancePorts): MessageHandler<MsgVoteWeighted, MsgVoteWeightedResponse> {
  return {
    signers: (message) => [message.voter],
    check: checkWeightedVote,
    execute(ctx, message) {
      run(ports, ctx, message);
      return {};
    },
    arbitrary: arbitraryWeightedVote,
  };
}

export function checkWeightedVote({ voter, options }: { readonly voter: string; readonly options: readonly WeightedVoteOption[] }): void {
  readAddress(voter, "invalid voter address");
  if (options.length === 0) fail(sdkErrors.invalidRequest, "[]");
  let total = Dec.zero;
  for (const [i, vote] of options.entries()) {
    checkOption(vote);
    // At most four options can stand before one comes again.
    if (options.slice(0, i).some(({ option }) => option === vote.option)) fail(errors.invalidVote, "duplicated vote option");
    total = total.add(Dec.parse(vote.weight));
  }
  if (total.gt(Dec.one)) fail(errors.invalidVote, "total weight overflow 1.00");
  if (total.lt(Dec.one)) fail(errors.invalidVote, "total weight lower than 1.00");
}

export function run(ports: GovernancePorts, ctx: Context, message: MsgVoteWeighted): void {
  checkWeightedVote(message);
  castVote(ports, ctx, message.proposalId, readAddress(message.voter, "invalid voter address"), message.options, message.metadata);
}

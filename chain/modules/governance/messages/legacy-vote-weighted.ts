/** MsgVoteWeighted of v1beta1, whose weights are counted in 10^-18. */
import type { MsgVoteWeighted, MsgVoteWeightedResponse } from "../../../codec/gen/cosmos/gov/v1beta1/tx.ts";
import type { WeightedVoteOption } from "../../../codec/gen/cosmos/gov/v1/gov.ts";
import { Dec } from "../../../math/dec.ts";
import { arbitraryWeightedVote } from "../arbitrary.ts";
import { checkWeightedVote, run } from "./vote-weighted.ts";
import type { GovernancePorts } from "../keeper.ts";
import type { MessageHandler } from "../../../runtime/module.ts";

export function legacyVoteWeighted(ports: GovernancePorts): MessageHandler<MsgVoteWeighted, MsgVoteWeightedResponse> {
  return {
    signers: (message) => [message.voter],
    check: ({ voter, options }) => checkWeightedVote({ voter, options: weights(options) }),
    execute(ctx, { proposalId, voter, options }) {
      run(ports, ctx, { proposalId, voter, options: weights(options), metadata: "" });
      return {};
    },
    arbitrary(world) {
      const made = arbitraryWeightedVote(world);
      return made === undefined ? undefined : { proposalId: made.proposalId, voter: made.voter, options: made.options.map(({ option, weight }) => ({ option, weight: Dec.parse(weight).toProto() })) };
    },
  };
}

/** What is beyond 20 digits is no weight, and is refused as it came. */
function weights(options: MsgVoteWeighted["options"]): WeightedVoteOption[] {
  return options.map(({ option, weight }) => ({ option, weight: /^\d{1,20}$/.test(weight) ? Dec.fromProto(weight).toString() : `invalid ${weight}` }));
}

/** MsgUpdateParams: the governance account replaces the parameters. */
import type { MsgUpdateParams, MsgUpdateParamsResponse } from "../../../codec/gen/cosmos/gov/v1/tx.ts";
import { addressText } from "../../../codec/address.ts";
import { authority, requireAuthority } from "../../../runtime/addresses.ts";
import { failPlain } from "../../../runtime/errors.ts";
import { paramsFault, stateFault } from "../params.ts";
import { params } from "../state.ts";
import { communityPool, type GovernancePorts } from "../keeper.ts";
import type { MessageHandler } from "../../../runtime/module.ts";

export function updateParams({ bank }: GovernancePorts): MessageHandler<MsgUpdateParams, MsgUpdateParamsResponse> {
  return {
    signers: (message) => [message.authority],

    check(message) {
      requireAuthority(message.authority);
      const fault = message.params === undefined ? "params are missing" : paramsFault(message.params);
      if (fault !== undefined) failPlain(fault);
    },

    execute(ctx, message) {
      const fault = stateFault(message.params!, { supply: (denom) => bank.supply(ctx, denom), isBlocked: (address) => bank.isBlocked(address) && addressText(address) !== communityPool });
      if (fault !== undefined) failPlain(fault);
      params.set(ctx, message.params!);
      return {};
    },

    arbitrary({ ctx, random }) {
      const before = params.get(ctx);
      const seconds = 2n + random.bigint(20n);
      return {
        authority,
        params: {
          ...before, votingPeriod: { seconds, nanos: 0 }, expeditedVotingPeriod: { seconds: random.pick([1n, seconds - 1n, seconds]), nanos: 0 }, maxDepositPeriod: { seconds: 1n + random.bigint(30n), nanos: 0 },
          burnVoteQuorum: random.chance(30), burnProposalDepositPrevote: random.chance(30), burnVoteVeto: random.chance(70), proposalCancelRatio: random.pick(["0.000000000000000000", "0.500000000000000000", "1.000000000000000000"]),
          quorum: random.pick(["0.010000000000000000", "0.334000000000000000"]),
        },
      };
    },
  };
}

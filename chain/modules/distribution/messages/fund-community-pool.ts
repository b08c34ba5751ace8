/** MsgFundCommunityPool: coins of an account for everybody. */
import { readAddress } from "../../../runtime/addresses.ts";
import { arbitraryCoins } from "../../bank/arbitrary.ts";
import { readAmounts } from "./parts.ts";
import type { MsgFundCommunityPool, MsgFundCommunityPoolResponse } from "../../../codec/gen/cosmos/distribution/v1beta1/tx.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { DistributionPort } from "../ports.ts";

export function fundCommunityPool(pool: DistributionPort): MessageHandler<MsgFundCommunityPool, MsgFundCommunityPoolResponse> {
  return {
    signers: (message) => [message.depositor],

    check(message) {
      readAddress(message.depositor, "invalid depositor address");
      readAmounts(message.amount);
    },

    execute(ctx, message) {
      pool.fundCommunityPool(ctx, readAddress(message.depositor, "invalid depositor address"), readAmounts(message.amount));
      return {};
    },

    arbitrary(world) {
      const depositor = world.random.pick(world.accounts);
      return { depositor, amount: arbitraryCoins(world, depositor) };
    },
  };
}

/** MsgCommunityPoolSpend: the governance account pays out of the community pool. */
import { authority, readAddress, requireAuthority } from "../../../runtime/addresses.ts";
import { toWire } from "../../../runtime/coins.ts";
import { fail, sdkErrors } from "../../../runtime/errors.ts";
import { fromWireDec, truncateDec } from "../dec-coins.ts";
import { feePool } from "../state.ts";
import { readAmounts } from "./parts.ts";
import type { MsgCommunityPoolSpend, MsgCommunityPoolSpendResponse } from "../../../codec/gen/cosmos/distribution/v1beta1/tx.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { Keeper } from "../keeper.ts";
import type { DistributionPort } from "../ports.ts";

export function communityPoolSpend({ bank }: Keeper, pool: DistributionPort): MessageHandler<MsgCommunityPoolSpend, MsgCommunityPoolSpendResponse> {
  return {
    signers: (message) => [message.authority],

    check(message) {
      requireAuthority(message.authority);
      readAmounts(message.amount);
      readAddress(message.recipient, "invalid recipient address");
    },

    execute(ctx, message) {
      const to = readAddress(message.recipient, "invalid recipient address");
      if (bank.isBlocked(to)) fail(sdkErrors.unauthorized, `${message.recipient} is not allowed to receive external funds`);
      pool.spendCommunityPool(ctx, to, readAmounts(message.amount));
      return {};
    },

    arbitrary({ ctx, accounts, random }) {
      const { whole } = truncateDec(fromWireDec(feePool.get(ctx).communityPool));
      if (whole.length === 0) return undefined;
      const { denom, amount } = random.pick(whole);
      return { authority, recipient: random.pick(accounts), amount: toWire([{ denom, amount: random.chance(90) ? 1n + random.bigint(amount) : amount + 1n }]) };
    },
  };
}

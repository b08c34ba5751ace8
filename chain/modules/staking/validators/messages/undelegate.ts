/** MsgUndelegate: shares of a validator become coins again, once the unbonding time has passed. */
import { addressBytes } from "../../../../codec/address.ts";
import { rfc3339Text } from "../../../../runtime/time-text.ts";
import { sharesToUnbond } from "../delegations.ts";
import { timestampOf } from "../params.ts";
import { undelegate as beginUnbonding } from "../unbonding.ts";
import { arbitraryDelegation } from "./arbitrary.ts";
import { readCoin, readDelegator, readOperator, requireBondDenom } from "./parts.ts";
import type { MsgUndelegate, MsgUndelegateResponse } from "../../../../codec/gen/cosmos/staking/v1beta1/tx.ts";
import type { MessageHandler } from "../../../../runtime/module.ts";
import type { Keeper } from "../keeper.ts";

export function undelegate(keeper: Keeper): MessageHandler<MsgUndelegate, MsgUndelegateResponse> {
  return {
    signers: (message) => [message.delegatorAddress],

    check(message) {
      readOperator(message.validatorAddress);
      readDelegator(message.delegatorAddress);
      readCoin(message.amount, "invalid shares amount");
    },

    execute(ctx, message) {
      const operator = readOperator(message.validatorAddress);
      const delegator = addressBytes(message.delegatorAddress);
      const { denom, amount } = readCoin(message.amount, "invalid shares amount");
      const shares = sharesToUnbond(ctx, delegator, operator, amount);
      requireBondDenom(ctx, denom);
      const { completionNanos, tokens } = beginUnbonding(keeper, ctx, delegator, operator, shares);
      ctx.emit("unbond", [
        ["validator", message.validatorAddress], ["delegator", message.delegatorAddress], ["amount", `${tokens}${denom}`], ["completion_time", rfc3339Text(completionNanos)],
      ]);
      return { completionTime: timestampOf(completionNanos), amount: { denom, amount: tokens.toString() } };
    },

    arbitrary(world) {
      const found = arbitraryDelegation(world);
      return found === undefined ? undefined : { delegatorAddress: found.delegatorAddress, validatorAddress: found.validatorAddress, amount: found.amount };
    },
  };
}

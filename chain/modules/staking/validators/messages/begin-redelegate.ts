/** MsgBeginRedelegate: shares of one validator become shares of another at once. */
import { addressBytes } from "../../../../codec/address.ts";
import { rfc3339Text } from "../../../../runtime/time-text.ts";
import { sharesToUnbond } from "../delegations.ts";
import { timestampOf } from "../params.ts";
import { beginRedelegation } from "../redelegation.ts";
import { validators } from "../state.ts";
import { arbitraryDelegation } from "./arbitrary.ts";
import { readCoin, readDelegator, readOperator, requireBondDenom } from "./parts.ts";
import type { MsgBeginRedelegate, MsgBeginRedelegateResponse } from "../../../../codec/gen/cosmos/staking/v1beta1/tx.ts";
import type { MessageHandler } from "../../../../runtime/module.ts";
import type { Keeper } from "../keeper.ts";

export function beginRedelegate(keeper: Keeper): MessageHandler<MsgBeginRedelegate, MsgBeginRedelegateResponse> {
  return {
    signers: (message) => [message.delegatorAddress],

    check(message) {
      readOperator(message.validatorSrcAddress, "invalid source validator address");
      readOperator(message.validatorDstAddress, "invalid destination validator address");
      readDelegator(message.delegatorAddress);
      readCoin(message.amount, "invalid shares amount");
    },

    execute(ctx, message) {
      const source = readOperator(message.validatorSrcAddress, "invalid source validator address");
      const destination = readOperator(message.validatorDstAddress, "invalid destination validator address");
      const delegator = addressBytes(message.delegatorAddress);
      const { denom, amount } = readCoin(message.amount, "invalid shares amount");
      const shares = sharesToUnbond(ctx, delegator, source, amount);
      requireBondDenom(ctx, denom);
      const completionNanos = beginRedelegation(keeper, ctx, delegator, source, destination, shares);
      ctx.emit("redelegate", [
        ["source_validator", message.validatorSrcAddress], ["destination_validator", message.validatorDstAddress], ["amount", `${amount}${denom}`], ["completion_time", rfc3339Text(completionNanos)],
      ]);
      return { completionTime: timestampOf(completionNanos) };
    },

    arbitrary(world) {
      const found = arbitraryDelegation(world);
      if (found === undefined) return undefined;
      const [, { operatorAddress }] = world.random.pick([...validators.entries(world.ctx)]);
      return { delegatorAddress: found.delegatorAddress, validatorSrcAddress: found.validatorAddress, validatorDstAddress: operatorAddress, amount: found.amount };
    },
  };
}

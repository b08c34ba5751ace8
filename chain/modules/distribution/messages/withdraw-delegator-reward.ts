/** MsgWithdrawDelegatorReward: a delegator takes what it earned at one validator. */
import { addressText, prefixes } from "../../../codec/address.ts";
import { readAddress } from "../../../runtime/addresses.ts";
import { toWire } from "../../../runtime/coins.ts";
import { failNoDelegation, failNoValidator } from "../errors.ts";
import { initializeDelegation, withdrawRewards, type Keeper } from "../keeper.ts";
import { arbitraryDelegation, readOperator } from "./parts.ts";
import type { MsgWithdrawDelegatorReward, MsgWithdrawDelegatorRewardResponse } from "../../../codec/gen/cosmos/distribution/v1beta1/tx.ts";
import type { MessageHandler } from "../../../runtime/module.ts";

export function withdrawDelegatorReward(keeper: Keeper): MessageHandler<MsgWithdrawDelegatorReward, MsgWithdrawDelegatorRewardResponse> {
  return {
    signers: (message) => [message.delegatorAddress],

    check: (message) => void parts(message),

    execute(ctx, message) {
      const { delegator, operator } = parts(message);
      const validator = keeper.staking.find(ctx, operator) ?? failNoValidator();
      const delegation = keeper.staking.delegation(ctx, delegator, operator) ?? failNoDelegation();
      const paid = withdrawRewards(keeper, ctx, validator, delegation);
      initializeDelegation(keeper, ctx, delegator, operator);
      return { amount: toWire(paid) };
    },

    arbitrary(world) {
      const found = arbitraryDelegation(world, keeper.staking);
      return found === undefined ? undefined : { delegatorAddress: addressText(found.delegator), validatorAddress: addressText(found.operator, prefixes.validator) };
    },
  };
}

function parts(message: MsgWithdrawDelegatorReward): { readonly operator: Uint8Array; readonly delegator: Uint8Array } {
  return { operator: readOperator(message.validatorAddress), delegator: readAddress(message.delegatorAddress, "invalid delegator address") };
}

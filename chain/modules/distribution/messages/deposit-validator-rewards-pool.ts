/** MsgDepositValidatorRewardsPool: coins of an account as rewards of one validator and its delegators. */
import { addressText, prefixes } from "../../../codec/address.ts";
import { MathError } from "../../../math/int.ts";
import { readAddress } from "../../../runtime/addresses.ts";
import { failPlain } from "../../../runtime/errors.ts";
import { arbitraryCoins } from "../../bank/arbitrary.ts";
import { allocateTo } from "../allocation.ts";
import { addDec, decCoins } from "../dec-coins.ts";
import { failNoValidator } from "../errors.ts";
import { account, bookOf, ratioAt, type Keeper } from "../keeper.ts";
import { arbitraryDelegation, readAmounts, readOperator } from "./parts.ts";
import type { MsgDepositValidatorRewardsPool, MsgDepositValidatorRewardsPoolResponse } from "../../../codec/gen/cosmos/distribution/v1beta1/tx.ts";
import type { Context } from "../../../runtime/context.ts";
import type { MessageHandler } from "../../../runtime/module.ts";

export function depositValidatorRewardsPool({ bank, staking }: Keeper): MessageHandler<MsgDepositValidatorRewardsPool, MsgDepositValidatorRewardsPoolResponse> {
  return {
    signers: (message) => [message.depositor],

    check(message) {
      readAddress(message.depositor, "invalid depositor address");
      readOperator(message.validatorAddress);
      readAmounts(message.amount);
    },

    execute(ctx, message) {
      const operator = readOperator(message.validatorAddress);
      const coins = readAmounts(message.amount);
      bank.send(ctx, readAddress(message.depositor, "invalid depositor address"), account, coins);
      const validator = staking.find(ctx, operator) ?? failNoValidator();
      allocateTo(ctx, operator, validator, decCoins(coins));
      requireRoom(ctx, operator);
      return {};
    },

    arbitrary(world) {
      const found = arbitraryDelegation(world, staking);
      if (found === undefined) return undefined;
      const depositor = world.random.pick(world.accounts);
      return { depositor, validatorAddress: addressText(found.operator, prefixes.validator), amount: arbitraryCoins(world, depositor) };
    },
  };
}

/** Rewards that no period could count would keep everybody from withdrawing. */
function requireRoom(ctx: Context, operator: Uint8Array): void {
  const { rewards, period } = bookOf(ctx, operator);
  try {
    addDec(ratioAt(ctx, operator, period - 1n), rewards);
  } catch (error) {
    if (error instanceof MathError) failPlain(`unable to deposit coins: deposit is too large: ${error.message}`);
    throw error;
  }
}

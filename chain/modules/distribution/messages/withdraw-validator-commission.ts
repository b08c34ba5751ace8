/** MsgWithdrawValidatorCommission: an operator takes its commission. */
import { addressText } from "../../../codec/address.ts";
import { coinsText, toWire } from "../../../runtime/coins.ts";
import { fail } from "../../../runtime/errors.ts";
import { decCoins, subDec, truncateDec } from "../dec-coins.ts";
import { errors } from "../errors.ts";
import { payOut, type Keeper } from "../keeper.ts";
import { books } from "../state.ts";
import { readOperator } from "./parts.ts";
import type { MsgWithdrawValidatorCommission, MsgWithdrawValidatorCommissionResponse } from "../../../codec/gen/cosmos/distribution/v1beta1/tx.ts";
import type { MessageHandler } from "../../../runtime/module.ts";

export function withdrawValidatorCommission(keeper: Keeper): MessageHandler<MsgWithdrawValidatorCommission, MsgWithdrawValidatorCommissionResponse> {
  return {
    signers: (message) => [addressText(readOperator(message.validatorAddress))],

    check: (message) => void readOperator(message.validatorAddress),

    execute(ctx, message) {
      const operator = readOperator(message.validatorAddress);
      const book = books.find(ctx, operator);
      if (book === undefined || book.commission.length === 0) fail(errors.noCommission);
      const { whole, rest } = truncateDec(book.commission);
      books.set(ctx, operator, { ...book, outstanding: subDec(book.outstanding, decCoins(whole)), commission: rest });
      payOut(keeper, ctx, operator, whole);
      ctx.emit("withdraw_commission", [["amount", coinsText(whole)]]);
      return { amount: toWire(whole) };
    },

    arbitrary({ ctx, random }) {
      const known = [...keeper.staking.validators(ctx)];
      return known.length === 0 ? undefined : { validatorAddress: random.pick(known).operatorAddress };
    },
  };
}

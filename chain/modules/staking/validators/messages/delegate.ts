/** MsgDelegate: coins of an account become shares of a validator. */
import { addressBytes } from "../../../../codec/address.ts";
import { delegate as delegateTo } from "../delegations.ts";
import { validatorAt, type Keeper } from "../keeper.ts";
import { params, validators } from "../state.ts";
import { readCoin, readDelegator, readOperator, requireBondDenom } from "./parts.ts";
import type { MsgDelegate, MsgDelegateResponse } from "../../../../codec/gen/cosmos/staking/v1beta1/tx.ts";
import type { MessageHandler } from "../../../../runtime/module.ts";

export function delegate(keeper: Keeper): MessageHandler<MsgDelegate, MsgDelegateResponse> {
  return {
    signers: (message) => [message.delegatorAddress],

    check(message) {
      readOperator(message.validatorAddress);
      readDelegator(message.delegatorAddress);
      readCoin(message.amount, "invalid delegation amount");
    },

    execute(ctx, message) {
      const operator = readOperator(message.validatorAddress);
      const { denom, amount } = readCoin(message.amount, "invalid delegation amount");
      const validator = validatorAt(ctx, operator);
      requireBondDenom(ctx, denom);
      const shares = delegateTo(keeper, ctx, addressBytes(message.delegatorAddress), operator, amount, "account", validator);
      ctx.emit("delegate", [["validator", message.validatorAddress], ["delegator", message.delegatorAddress], ["amount", `${amount}${denom}`], ["new_shares", shares.toString()]]);
      return {};
    },

    arbitrary({ ctx, accounts, random }) {
      const known = [...validators.entries(ctx)];
      if (known.length === 0) return undefined;
      const [, { operatorAddress }] = random.pick(known);
      return { delegatorAddress: random.pick(accounts), validatorAddress: operatorAddress, amount: { denom: random.chance(95) ? params.get(ctx).bondDenom : "ustone", amount: String(random.bigint(5_000_000n)) } };
    },
  };
}

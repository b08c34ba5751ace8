/** MsgCancelUnbondingDelegation: what unbonds goes back to its validator. */
import { addressBytes } from "../../../../codec/address.ts";
import { fail, failPlain, sdkErrors } from "../../../../runtime/errors.ts";
import { nanosOf } from "../../../../runtime/time-text.ts";
import { delegate } from "../delegations.ts";
import { errors } from "../errors.ts";
import { validatorAt, type Keeper } from "../keeper.ts";
import { isWorthless } from "../shares.ts";
import { params, unbondings } from "../state.ts";
import { setUnbonding } from "../unbonding.ts";
import { readCoin, readDelegator, readOperator, requireBondDenom } from "./parts.ts";
import type { MsgCancelUnbondingDelegation, MsgCancelUnbondingDelegationResponse } from "../../../../codec/gen/cosmos/staking/v1beta1/tx.ts";
import type { MessageHandler } from "../../../../runtime/module.ts";

export function cancelUnbondingDelegation(keeper: Keeper): MessageHandler<MsgCancelUnbondingDelegation, MsgCancelUnbondingDelegationResponse> {
  return {
    signers: (message) => [message.delegatorAddress],

    check(message) {
      readOperator(message.validatorAddress);
      readDelegator(message.delegatorAddress);
      readCoin(message.amount, "invalid amount");
      if (message.creationHeight <= 0n) fail(sdkErrors.invalidRequest, "invalid height");
    },

    execute(ctx, message) {
      const operator = readOperator(message.validatorAddress);
      const delegator = addressBytes(message.delegatorAddress);
      const { denom, amount } = readCoin(message.amount, "invalid amount");
      requireBondDenom(ctx, denom);
      const validator = validatorAt(ctx, operator);
      if (isWorthless(validator)) fail(errors.invalidExchangeRate);
      if (validator.jailed) fail(errors.jailed);
      const before = unbondings.find(ctx, [delegator, operator]);
      if (before === undefined) {
        failPlain(`rpc error: code = NotFound desc = unbonding delegation with delegator ${message.delegatorAddress} not found for validator ${message.validatorAddress}`);
      }
      const at = before.entries.findIndex(({ creationHeight }) => creationHeight === message.creationHeight);
      const entry = before.entries[at] ?? fail(sdkErrors.notFound, `unbonding delegation entry is not found at block height ${message.creationHeight}`);
      const rest = BigInt(entry.balance) - amount;
      if (rest < 0n) fail(sdkErrors.invalidRequest, "amount is greater than the unbonding delegation entry balance");
      if (nanosOf(entry.completionTime!) < ctx.header.timeNanos) fail(sdkErrors.invalidRequest, "unbonding delegation is already processed");
      delegate(keeper, ctx, delegator, operator, amount, "notBonded", validator);
      const changed = { ...entry, balance: rest.toString(), initialBalance: (BigInt(entry.initialBalance) - amount).toString() };
      setUnbonding(ctx, delegator, operator, before.entries.flatMap((one, i) => (i !== at ? [one] : rest === 0n ? [] : [changed])), before);
      ctx.emit("cancel_unbonding_delegation", [
        ["amount", `${amount}${denom}`], ["validator", message.validatorAddress], ["delegator", message.delegatorAddress], ["creation_height", message.creationHeight.toString()],
      ]);
      return {};
    },

    arbitrary({ ctx, accounts, random }) {
      const known = [...unbondings.entries(ctx)].filter(([, { delegatorAddress }]) => accounts.includes(delegatorAddress));
      if (known.length === 0) return undefined;
      const [, { delegatorAddress, validatorAddress, entries }] = random.pick(known);
      const { balance, creationHeight } = random.pick(entries);
      const amount = random.chance(30) ? BigInt(balance) : random.bigint(BigInt(balance) + 2n);
      return { delegatorAddress, validatorAddress, amount: { denom: params.get(ctx).bondDenom, amount: amount.toString() }, creationHeight };
    },
  };
}

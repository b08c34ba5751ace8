/** MsgCreateVestingAccount: a new account whose coins become free steadily until a time, or all at that time. */
import { fail, sdkErrors } from "../../../runtime/errors.ts";
import { parties, requireNewAccount, vestedCoins, type VestingPorts } from "./shared.ts";
import type { MsgCreateVestingAccount, MsgCreateVestingAccountResponse } from "../../../codec/gen/cosmos/vesting/v1beta1/tx.ts";
import type { MessageHandler } from "../../../runtime/module.ts";

export function createVestingAccount(ports: VestingPorts): MessageHandler<MsgCreateVestingAccount, MsgCreateVestingAccountResponse> {
  return {
    signers: (message) => [message.fromAddress],

    check(message) {
      parties(message);
      vestedCoins(message.amount);
      if (message.endTime <= 0n) fail(sdkErrors.invalidRequest, "invalid end time");
    },

    execute(ctx, message) {
      const { from, to } = parties(message);
      const coins = vestedCoins(message.amount);
      ports.bank.requireSendEnabled(ctx, coins);
      requireNewAccount(ctx, to, message.toAddress, ports);
      const { endTime } = message;
      // An exported genesis with such an account would be refused.
      if (!message.delayed && endTime <= ctx.timeSeconds) fail(sdkErrors.invalidRequest, `invalid end time: ${endTime} is not after the block's time ${ctx.timeSeconds}, when vesting starts`);
      ports.accounts.createVesting(ctx, to, coins, message.delayed ? { kind: "delayed", endTime } : { kind: "continuous", startTime: ctx.timeSeconds, endTime });
      ports.bank.send(ctx, from, to, coins);
      return {};
    },

    arbitrary: () => undefined,
  };
}

/** MsgCreatePeriodicVestingAccount: a new account whose coins become free period by period. */
import { addCoins, type Money } from "../../../runtime/coins.ts";
import { fail, sdkErrors } from "../../../runtime/errors.ts";
import { parties, requireNewAccount, vestedCoins, type VestingPorts } from "./shared.ts";
import type { MsgCreatePeriodicVestingAccount, MsgCreatePeriodicVestingAccountResponse } from "../../../codec/gen/cosmos/vesting/v1beta1/tx.ts";
import type { MessageHandler } from "../../../runtime/module.ts";

/** Every spend of the account walks over its periods. */
export const maxPeriods = 100;
const maxTime = (1n << 63n) - 1n;

interface ReadPeriod {
  readonly length: bigint;
  readonly amount: Money[];
}

export function createPeriodicVestingAccount(ports: VestingPorts): MessageHandler<MsgCreatePeriodicVestingAccount, MsgCreatePeriodicVestingAccountResponse> {
  return {
    signers: (message) => [message.fromAddress],

    check(message) {
      parties(message);
      periodsOf(message);
    },

    execute(ctx, message) {
      const { from, to } = parties(message);
      const periods = periodsOf(message);
      const total = periods.reduce<Money[]>((sum, period) => addCoins(sum, period.amount), []);
      requireNewAccount(ctx, to, message.toAddress, ports);
      ports.bank.requireSendEnabled(ctx, total);
      ports.accounts.createVesting(ctx, to, total, { kind: "periodic", startTime: message.startTime, periods });
      ports.bank.send(ctx, from, to, total);
      return {};
    },

    arbitrary: () => undefined,
  };
}

function periodsOf({ startTime, vestingPeriods }: MsgCreatePeriodicVestingAccount): ReadPeriod[] {
  if (startTime < 1n) fail(sdkErrors.invalidRequest, `invalid start time of ${startTime}, length must be greater than 0`);
  if (vestingPeriods.length > maxPeriods) fail(sdkErrors.invalidRequest, `${vestingPeriods.length} vesting periods, at most ${maxPeriods}`);
  let end = startTime;
  return vestingPeriods.map(({ length, amount }, i) => {
    if (length < 1n) fail(sdkErrors.invalidRequest, `invalid period length of ${length} in period ${i}, length must be greater than 0`);
    end += length;
    if (end > maxTime) fail(sdkErrors.invalidRequest, "cumulative endTime overflowed, and/or is less than startTime");
    return { length, amount: vestedCoins(amount) };
  });
}

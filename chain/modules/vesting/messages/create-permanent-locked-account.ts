/** MsgCreatePermanentLockedAccount: a new account whose coins are never free, but may be delegated. */
import { parties, requireNewAccount, vestedCoins, type VestingPorts } from "./shared.ts";
import type { MsgCreatePermanentLockedAccount, MsgCreatePermanentLockedAccountResponse } from "../../../codec/gen/cosmos/vesting/v1beta1/tx.ts";
import type { MessageHandler } from "../../../runtime/module.ts";

export function createPermanentLockedAccount(ports: VestingPorts): MessageHandler<MsgCreatePermanentLockedAccount, MsgCreatePermanentLockedAccountResponse> {
  return {
    signers: (message) => [message.fromAddress],

    check(message) {
      parties(message);
      vestedCoins(message.amount);
    },

    execute(ctx, message) {
      const { from, to } = parties(message);
      const coins = vestedCoins(message.amount);
      ports.bank.requireSendEnabled(ctx, coins);
      requireNewAccount(ctx, to, message.toAddress, ports);
      ports.accounts.createVesting(ctx, to, coins, { kind: "permanent" });
      ports.bank.send(ctx, from, to, coins);
      return {};
    },

    arbitrary: () => undefined,
  };
}

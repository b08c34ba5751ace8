/** MsgSend: coins from the signer to one account. */
import { readAddress } from "../../../runtime/addresses.ts";
import { coinsText, readCoins, type Money, type WireCoin } from "../../../runtime/coins.ts";
import { fail, sdkErrors } from "../../../runtime/errors.ts";
import { arbitraryCoins } from "../arbitrary.ts";
import type { MsgSend, MsgSendResponse } from "../../../codec/gen/cosmos/bank/v1beta1/tx.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { BankKeeper } from "../keeper.ts";

export function send(bank: BankKeeper): MessageHandler<MsgSend, MsgSendResponse> {
  return {
    signers: (message) => [message.fromAddress],

    check(message) {
      readAddress(message.fromAddress, "invalid from address");
      readAddress(message.toAddress, "invalid to address");
      sentCoins(message.amount);
    },

    execute(ctx, message) {
      const from = readAddress(message.fromAddress, "invalid from address");
      const to = readAddress(message.toAddress, "invalid to address");
      const coins = sentCoins(message.amount);
      bank.requireSendEnabled(ctx, coins);
      if (bank.isBlocked(to)) fail(sdkErrors.unauthorized, `${message.toAddress} is not allowed to receive funds`);
      bank.pay(ctx, { address: from, text: message.fromAddress.toLowerCase() }, { address: to, text: message.toAddress.toLowerCase() }, coins);
      return {};
    },

    arbitrary(world) {
      const fromAddress = world.random.pick(world.accounts);
      return { fromAddress, toAddress: world.random.pick(world.accounts), amount: arbitraryCoins(world, fromAddress) };
    },
  };
}

/** Canonical coins, at least one; sdk 10 otherwise. */
export function sentCoins(wire: readonly WireCoin[]): Money[] {
  const coins = readCoins(wire);
  if (typeof coins === "string" || coins.length === 0) fail(sdkErrors.invalidCoins, coinsText(wire));
  return coins;
}

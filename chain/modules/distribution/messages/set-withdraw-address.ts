/** MsgSetWithdrawAddress: where an account's rewards are paid. */
import { readAddress } from "../../../runtime/addresses.ts";
import { fail, sdkErrors } from "../../../runtime/errors.ts";
import { errors } from "../errors.ts";
import { params, withdrawAddresses } from "../state.ts";
import type { MsgSetWithdrawAddress, MsgSetWithdrawAddressResponse } from "../../../codec/gen/cosmos/distribution/v1beta1/tx.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { Keeper } from "../keeper.ts";

export function setWithdrawAddress({ bank }: Keeper): MessageHandler<MsgSetWithdrawAddress, MsgSetWithdrawAddressResponse> {
  return {
    signers: (message) => [message.delegatorAddress],

    check: (message) => void parts(message),

    execute(ctx, message) {
      const { delegator, to } = parts(message);
      if (bank.isBlocked(to)) fail(sdkErrors.unauthorized, `${message.withdrawAddress} is not allowed to receive external funds`);
      if (!params.get(ctx).withdrawAddrEnabled) fail(errors.withdrawAddressDisabled);
      ctx.emit("set_withdraw_address", [["withdraw_address", message.withdrawAddress.toLowerCase()]]);
      withdrawAddresses.set(ctx, delegator, to);
      return {};
    },

    arbitrary: ({ accounts, random }) => ({ delegatorAddress: random.pick(accounts), withdrawAddress: random.pick(accounts) }),
  };
}

function parts(message: MsgSetWithdrawAddress): { readonly delegator: Uint8Array; readonly to: Uint8Array } {
  return { delegator: readAddress(message.delegatorAddress, "invalid delegator address"), to: readAddress(message.withdrawAddress, "invalid withdraw address") };
}

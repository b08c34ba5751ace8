/** MsgDeposit of v1beta1. */
import type { MsgDeposit, MsgDepositResponse } from "../../../codec/gen/cosmos/gov/v1beta1/tx.ts";
import { arbitraryDeposit } from "../arbitrary.ts";
import { checkDeposit, run } from "./deposit.ts";
import type { GovernancePorts } from "../keeper.ts";
import type { MessageHandler } from "../../../runtime/module.ts";

export function legacyDeposit(ports: GovernancePorts): MessageHandler<MsgDeposit, MsgDepositResponse> {
  return {
    signers: (message) => [message.depositor],
    check: checkDeposit,
    execute(ctx, message) {
      run(ports, ctx, message);
      return {};
    },
    arbitrary: arbitraryDeposit,
  };
}

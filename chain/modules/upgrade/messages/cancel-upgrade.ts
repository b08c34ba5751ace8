/** MsgCancelUpgrade: the authority takes the scheduled plan back; where there is none nothing happens. */
import type { MsgCancelUpgrade, MsgCancelUpgradeResponse } from "../../../codec/gen/cosmos/upgrade/v1beta1/tx.ts";
import { fail } from "../../../runtime/errors.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import { errors } from "../errors.ts";
import { plan } from "../state.ts";

export function cancelUpgrade(authority: string): MessageHandler<MsgCancelUpgrade, MsgCancelUpgradeResponse> {
  return {
    signers: (message) => [message.authority],

    check(message) {
      if (message.authority !== authority) fail(errors.invalidSigner, { expected: authority, got: message.authority });
    },

    execute(ctx) {
      plan.remove(ctx);
      return {};
    },

    arbitrary: () => ({ authority }),
  };
}

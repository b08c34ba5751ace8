/** MsgUpdateParams: the governance account replaces the parameters. */
import { failPlain } from "../../../runtime/errors.ts";
import { authority } from "../../../runtime/addresses.ts";
import { defaultParams, paramsFault } from "../params.ts";
import { params } from "../state.ts";
import type { MsgUpdateParams, MsgUpdateParamsResponse } from "../../../codec/gen/cosmos/auth/v1beta1/tx.ts";
import type { MessageHandler } from "../../../runtime/module.ts";

export const updateParams: MessageHandler<MsgUpdateParams, MsgUpdateParamsResponse> = {
  signers: (message) => [message.authority],

  check(message) {
    if (message.authority !== authority) {
      failPlain(`expected gov account as only signer for proposal message; invalid authority; expected ${authority}, got ${message.authority}`);
    }
    const fault = paramsFault(message.params ?? { ...defaultParams(), txSigLimit: 0n });
    if (fault !== undefined) failPlain(fault);
  },

  execute(ctx, message) {
    params.set(ctx, message.params!);
    return {};
  },

  arbitrary({ random }) {
    const value = { ...defaultParams(), maxMemoCharacters: 1n + random.bigint(1000n), txSigLimit: 1n + random.bigint(10n) };
    return { authority, params: value };
  },
};

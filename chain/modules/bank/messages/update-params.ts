/** MsgUpdateParams: the governance account replaces the parameters. */
import { authority, requireAuthority } from "../../../runtime/addresses.ts";
import { failPlain } from "../../../runtime/errors.ts";
import { paramsFault } from "../params.ts";
import { params } from "../state.ts";
import type { MsgUpdateParams, MsgUpdateParamsResponse } from "../../../codec/gen/cosmos/bank/v1beta1/tx.ts";
import type { MessageHandler } from "../../../runtime/module.ts";

export const updateParams: MessageHandler<MsgUpdateParams, MsgUpdateParamsResponse> = {
  signers: (message) => [message.authority],

  check(message) {
    requireAuthority(message.authority);
    const fault = paramsFault(message.params);
    if (fault !== undefined) failPlain(fault);
  },

  execute(ctx, message) {
    params.set(ctx, { sendEnabled: [], defaultSendEnabled: message.params?.defaultSendEnabled ?? false });
    return {};
  },

  arbitrary: ({ random }) => ({ authority, params: { sendEnabled: [], defaultSendEnabled: random.chance(90) } }),
};

/** MsgSetSendEnabled: the governance account says denom by denom what may be sent. */
import { authority, requireAuthority } from "../../../runtime/addresses.ts";
import { isDenom } from "../../../runtime/coins.ts";
import { fail, sdkErrors } from "../../../runtime/errors.ts";
import { sendEnabled } from "../state.ts";
import type { MsgSetSendEnabled, MsgSetSendEnabledResponse } from "../../../codec/gen/cosmos/bank/v1beta1/tx.ts";
import type { MessageHandler } from "../../../runtime/module.ts";

export const setSendEnabled: MessageHandler<MsgSetSendEnabled, MsgSetSendEnabledResponse> = {
  signers: (message) => [message.authority],

  check(message) {
    requireAuthority(message.authority);
    const seen = new Set<string>();
    for (const { denom } of message.sendEnabled) {
      if (seen.has(denom)) fail(sdkErrors.invalidRequest, `duplicate denom entries found for "${denom}"`);
      seen.add(denom);
      if (!isDenom(denom)) fail(sdkErrors.invalidRequest, `invalid SendEnabled denom "${denom}": invalid denom: ${denom}`);
    }
    for (const denom of message.useDefaultFor) {
      if (!isDenom(denom)) fail(sdkErrors.invalidRequest, `invalid UseDefaultFor denom "${denom}": invalid denom: ${denom}`);
    }
  },

  execute(ctx, message) {
    for (const { denom, enabled } of message.sendEnabled) sendEnabled.set(ctx, denom, enabled);
    for (const denom of message.useDefaultFor) sendEnabled.remove(ctx, denom);
    return {};
  },

  arbitrary: ({ random }) => ({ authority, sendEnabled: [{ denom: "stake", enabled: random.chance(90) }], useDefaultFor: [] }),
};

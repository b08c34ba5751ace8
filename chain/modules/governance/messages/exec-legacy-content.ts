/** MsgExecLegacyContent: what a proposal of v1beta1 carries; a text has nothing to run. */
import type { MsgExecLegacyContent, MsgExecLegacyContentResponse } from "../../../codec/gen/cosmos/gov/v1/tx.ts";
import { authority, requireAuthority } from "../../../runtime/addresses.ts";
import { arbitraryText } from "../arbitrary.ts";
import { readContent } from "../content.ts";
import type { MessageHandler } from "../../../runtime/module.ts";

export const execLegacyContent: MessageHandler<MsgExecLegacyContent, MsgExecLegacyContentResponse> = {
  signers: (message) => [message.authority],

  check(message) {
    requireAuthority(message.authority);
    readContent(message.content);
  },

  execute: () => ({}),

  arbitrary: ({ random }) => ({ authority, content: arbitraryText(random) }),
};

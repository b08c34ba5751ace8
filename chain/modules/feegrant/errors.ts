/** The errors of codespace `feegrant`, numbered as in the Cosmos SDK. */
import { defineErrors } from "../../runtime/errors.ts";

export const errors = defineErrors("feegrant", {
  limitExceeded: [2, ({ which }: { which: string }) => `${which}: fee limit exceeded`],
  expired: [3, ({ which }: { which: string }) => `${which}: fee allowance expired`],
  invalidDuration: [4, ({ what }: { what: string }) => `${what}: invalid duration`],
  noAllowance: [5, ({ what }: { what: string }) => `${what}: no allowance`],
  noMessages: [6, () => "allowed messages shouldn't be empty: allowed messages are empty"],
  messageNotAllowed: [7, () => "message does not exist in allowed messages: message not allowed"],
} as const);

/** The errors of codespace `bank`, numbered as in the Cosmos SDK. */
import { defineErrors } from "../../runtime/errors.ts";

export const errors = defineErrors("bank", {
  noInputs: [2, () => "no inputs to send transaction"],
  noOutputs: [3, () => "no outputs to send transaction"],
  inputOutputMismatch: [4, () => "sum inputs != sum outputs"],
  sendDisabled: [5, ({ denom }: { denom: string }) => `${denom} transfers are currently disabled: send transactions are disabled`],
  multipleSenders: [9, () => "multiple senders not allowed"],
} as const);

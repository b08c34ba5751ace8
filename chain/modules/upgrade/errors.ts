/** Codespace `upgrade`, with the SDK's numbers and words. */
import { defineErrors } from "../../runtime/errors.ts";

export const errors = defineErrors("upgrade", {
  invalidSigner: [6, ({ expected, got }: { expected: string; got: string }) => `expected ${expected} got ${got}: expected authority account as only signer for proposal message`],
} as const);

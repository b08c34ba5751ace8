/** The errors of codespace `evidence`, numbered and worded as in the Cosmos SDK. */
import { defineErrors } from "../../runtime/errors.ts";

export const errors = defineErrors("evidence", {
  noHandler: [2, ({ route }: { route: string }) => `${route}: unregistered handler for evidence type`],
  invalid: [3, ({ what }: { what: string }) => `${what}: invalid evidence`],
  exists: [5, ({ hash }: { hash: string }) => `${hash}: evidence already exists`],
} as const);

/** The errors of codespace `authz`, numbered as in the Cosmos SDK. */
import { defineErrors } from "../../runtime/errors.ts";

export const errors = defineErrors("authz", {
  notFound: [2, ({ what }: { what: string }) => `${what}: authorization not found`],
  invalidExpiration: [3, ({ what }: { what: string }) => `${what}: expiration time of authorization should be more than current time`],
  unknownType: [4, () => "unknown authorization type"],
  expired: [6, () => "authorization expired"],
  granteeIsGranter: [7, () => "grantee and granter should be different"],
  signers: [9, () => "authorization can be given to msg with only one signer"],
  negativeMaxTokens: [12, ({ coin }: { coin: string }) => `negative coin amount: ${coin}: max tokens should be positive`],
} as const);

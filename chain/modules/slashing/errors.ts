/** The errors of codespace `slashing`, numbered and worded as in the Cosmos SDK. */
import { defineErrors } from "../../runtime/errors.ts";

export const errors = defineErrors("slashing", {
  validatorJailed: [4, () => "validator still jailed; cannot be unjailed"],
  validatorNotJailed: [5, () => "validator not jailed; cannot be unjailed"],
  selfDelegationTooLow: [7, ({ tokens, least }: { tokens: bigint; least: bigint }) => `${tokens} less than ${least}: validator's self delegation less than minimum; cannot be unjailed`],
  validatorTombstoned: [9, () => "validator already tombstoned"],
} as const);

/** The errors of codespace `staking` that validators at genesis can cause, numbered as in the Cosmos SDK. */
import { defineErrors } from "../../../runtime/errors.ts";

export const errors = defineErrors("staking", {
  ownerExists: [4, () => "validator already exist for this operator address; must use new validator operator address"],
  pubKeyExists: [5, () => "validator already exist for this pubkey; must use new validator pubkey"],
  pubKeyType: [6, ({ got }: { got: string }) => `got: ${got}, expected: [ed25519]: validator pubkey type is not supported`],
  commissionNegative: [9, () => "commission must be positive"],
  commissionHuge: [10, () => "commission cannot be more than 100%"],
  commissionAboveMax: [11, () => "commission cannot be more than the max rate"],
  changeRateNegative: [13, () => "commission change rate must be positive"],
  changeRateAboveMax: [14, () => "commission change rate cannot be more than the max rate"],
  selfDelegationBelowMinimum: [16, () => "validator's self delegation must be greater than their minimum self delegation"],
  emptyPubKey: [39, () => "empty validator public key"],
  commissionBelowMin: [40, ({ min }: { min: string }) => `cannot set validator commission to less than minimum rate of ${min}: commission cannot be less than min rate`],
} as const);

/** The errors of codespace `distribution`, numbered and worded as in the Cosmos SDK. */
import { TxError, defineErrors } from "../../runtime/errors.ts";

export const errors = defineErrors("distribution", {
  noDelegationInfo: [5, () => "no delegation distribution info"],
  noCommission: [7, () => "no validator commission to withdraw"],
  withdrawAddressDisabled: [8, () => "set withdraw address disabled"],
  poolTooSmall: [9, () => "community pool does not have sufficient coins to distribute"],
} as const);

/** Where there is no such validator or delegation the SDK's distribution passes on what staking says. */
export function failNoValidator(): never {
  throw new TxError("staking", 3, "validator does not exist");
}

export function failNoDelegation(): never {
  throw new TxError("staking", 19, "no delegation for (address, validator) tuple");
}

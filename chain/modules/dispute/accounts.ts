/** What the module owes, from its records: for genesis and invariants. */
import { CaseState, type Case, type Evidence } from "../../codec/gen/dcm/dispute/v1/types.ts";

/** Fees of open cases and all deposits. */
export function owed(known: Iterable<Case>, pieces: Iterable<Evidence>): bigint {
  let sum = 0n;
  for (const { state, rounds } of known) for (const { fee, storageDeposit } of rounds) sum += BigInt(storageDeposit) + (state === CaseState.CASE_STATE_CLOSED ? 0n : BigInt(fee));
  for (const { storageDeposit } of pieces) sum += BigInt(storageDeposit);
  return sum;
}

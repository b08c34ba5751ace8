/** What the module owes, from its records: for genesis and invariants. */
import type { Dispute } from "../../codec/gen/dcm/referee/v1/types.ts";

export function owed(known: Iterable<Dispute>): bigint {
  let sum = 0n;
  for (const { bond } of known) sum += BigInt(bond);
  return sum;
}

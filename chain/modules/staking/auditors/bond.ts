/** An auditor's bond and its moves, as pure values: total = unbonding + what stays. */
import type { Bond } from "../../../codec/gen/dcm/auditor/v1/types.ts";
import { assert } from "../../../runtime/errors.ts";

export interface BondParts {
  readonly total: bigint;
  readonly unbonding: bigint;
  readonly retiring: boolean;
}

export function readBond({ total, unbonding, retiring }: Bond): BondParts {
  return { total: BigInt(total), unbonding: BigInt(unbonding), retiring };
}

export function writeBond(bond: BondParts): Bond {
  const fault = bondFault(bond);
  assert(fault === undefined, `an auditor's bond: ${fault ?? ""}`);
  return { total: String(bond.total), unbonding: String(bond.unbonding), retiring: bond.retiring };
}

/** The sentence that says which part cannot be, or undefined. */
export function bondFault({ total, unbonding }: BondParts): string | undefined {
  if (unbonding < 0n) return `unbonding is negative (${unbonding})`;
  return total < unbonding ? `total ${total} is less than unbonding ${unbonding}` : undefined;
}

/** What is not on its way out. */
export function stays(bond: BondParts): bigint {
  return bond.total - bond.unbonding;
}

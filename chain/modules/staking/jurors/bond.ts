/** A juror's bond and its moves, as pure values: total = locked + unbonding + free, none of them ever negative. */
import type { Bond } from "../../../codec/gen/dcm/juror/v1/types.ts";
import { assert } from "../../../runtime/errors.ts";

export interface BondParts {
  readonly total: bigint;
  readonly locked: bigint;
  readonly unbonding: bigint;
  readonly retiring: boolean;
}

export function readBond({ total, locked, unbonding, retiring }: Bond): BondParts {
  return { total: BigInt(total), locked: BigInt(locked), unbonding: BigInt(unbonding), retiring };
}

export function writeBond(bond: BondParts): Bond {
  const fault = bondFault(bond);
  assert(fault === undefined, `a juror's bond: ${fault ?? ""}`);
  return { total: String(bond.total), locked: String(bond.locked), unbonding: String(bond.unbonding), retiring: bond.retiring };
}

/** The sentence that says which part cannot be, or undefined. */
export function bondFault(bond: BondParts): string | undefined {
  for (const part of ["total", "locked", "unbonding"] as const) if (bond[part] < 0n) return `${part} is negative (${bond[part]})`;
  return freeOf(bond) < 0n ? `total ${bond.total} is less than locked ${bond.locked} + unbonding ${bond.unbonding}` : undefined;
}

export function freeOf(bond: BondParts): bigint {
  return bond.total - bond.locked - bond.unbonding;
}

/** May be drawn: neither on its way out, nor below the least bond. */
export function isActive(bond: BondParts, minBond: bigint): boolean {
  return !bond.retiring && bond.total - bond.unbonding >= minBond;
}

/** By what draws find it. Whether it may sit is looked at when it is found. */
export function weightOf(bond: BondParts): bigint {
  return bond.retiring ? 0n : freeOf(bond);
}

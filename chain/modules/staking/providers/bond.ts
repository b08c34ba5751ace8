/** A bond's parts and their moves, as pure values: total = reserved + locked + unbonding + free, none of them ever negative. */
import type { Bond } from "../../../codec/gen/dcm/staking/v1/types.ts";
import { assert } from "../../../runtime/errors.ts";

export interface BondParts {
  readonly total: bigint;
  readonly reserved: bigint;
  readonly locked: bigint;
  readonly unbonding: bigint;
  /** Protocol time (ms) at which `locked` last rose from zero: until then the provider was idle. */
  readonly idleTau: bigint;
}

export function readBond(wire: Bond): BondParts {
  return { total: BigInt(wire.total), reserved: BigInt(wire.reserved), locked: BigInt(wire.locked), unbonding: BigInt(wire.unbonding), idleTau: wire.idleTauMs };
}

export function writeBond(bond: BondParts): Bond {
  const fault = bondFault(bond);
  assert(fault === undefined, `a provider's bond: ${fault ?? ""}`);
  return { total: String(bond.total), reserved: String(bond.reserved), locked: String(bond.locked), unbonding: String(bond.unbonding), idleTauMs: bond.idleTau };
}

/** The sentence that says which part cannot be, or undefined. */
export function bondFault(bond: BondParts): string | undefined {
  for (const part of ["total", "reserved", "locked", "unbonding"] as const) if (bond[part] < 0n) return `${part} is negative (${bond[part]})`;
  const free = freeOf(bond);
  return free < 0n ? `total ${bond.total} is less than reserved ${bond.reserved} + locked ${bond.locked} + unbonding ${bond.unbonding}` : undefined;
}

export function freeOf(bond: BondParts): bigint {
  return bond.total - bond.reserved - bond.locked - bond.unbonding;
}

/** `amount` locked, out of `fromReserved` of the reservation and free bond; what the reservation had too much becomes free. Undefined where there is too little. */
export function lockParts(bond: BondParts, fromReserved: bigint, amount: bigint, tau: bigint): BondParts | undefined {
  if (fromReserved > bond.reserved || fromReserved + freeOf(bond) < amount) return undefined;
  const idleTau = bond.locked === 0n && amount > 0n ? tau : bond.idleTau;
  return { ...bond, reserved: bond.reserved - fromReserved, locked: bond.locked + amount, idleTau };
}

/** True where stake that was locked when this entry was made may still be locked. */
export function isExposed(bond: BondParts, createdTau: bigint): boolean {
  return bond.locked > 0n && bond.idleTau <= createdTau;
}

/** What a provider has at stake and how much it has done, as pure values. A bond's parts: total = reserved + locked + unbonding + free, none of them ever negative. */
import type { Bond, Standing as StandingWire } from "../../../codec/gen/dcm/staking/v1/types.ts";
import { assert } from "../../../runtime/errors.ts";

export interface BondParts {
  readonly total: bigint;
  readonly reserved: bigint;
  readonly locked: bigint;
  readonly unbonding: bigint;
  /** Protocol time (ms) at which `locked` last rose from zero: until then the provider was idle. */
  readonly idleTau: bigint;
}

/** With the bond what every task changes too. */
export interface Standing extends BondParts {
  /** Of its units, ever. */
  readonly matched: bigint;
  /** Tasks and periods of services that it was paid for. */
  readonly finished: bigint;
  /** By these, in the bond denom. */
  readonly earned: bigint;
}

/** Of a provider that begins. */
export function newStanding(tau: bigint): Standing {
  return { total: 0n, reserved: 0n, locked: 0n, unbonding: 0n, idleTau: tau, matched: 0n, finished: 0n, earned: 0n };
}

export function readStanding(wire: StandingWire): Standing {
  return {
    total: BigInt(wire.total), reserved: BigInt(wire.reserved), locked: BigInt(wire.locked), unbonding: BigInt(wire.unbonding), idleTau: wire.idleTauMs,
    matched: wire.matched, finished: wire.finished, earned: BigInt(wire.earned),
  };
}

export function writeStanding(standing: Standing): StandingWire {
  const fault = bondFault(standing);
  assert(fault === undefined, `a provider's bond: ${fault ?? ""}`);
  const { total, reserved, locked, unbonding, idleTau, matched, finished, earned } = standing;
  return { total: String(total), reserved: String(reserved), locked: String(locked), unbonding: String(unbonding), idleTauMs: idleTau, matched, finished, earned: String(earned) };
}

export function readBond(wire: Bond): BondParts {
  return { total: BigInt(wire.total), reserved: BigInt(wire.reserved), locked: BigInt(wire.locked), unbonding: BigInt(wire.unbonding), idleTau: wire.idleTauMs };
}

export function writeBond(bond: BondParts): Bond {
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
export function lockParts(bond: Standing, fromReserved: bigint, amount: bigint, tau: bigint): Standing | undefined {
  if (fromReserved > bond.reserved || fromReserved + freeOf(bond) < amount) return undefined;
  const idleTau = bond.locked === 0n && amount > 0n ? tau : bond.idleTau;
  return { ...bond, reserved: bond.reserved - fromReserved, locked: bond.locked + amount, idleTau };
}

/** True where stake that was locked when this entry was made may still be locked. */
export function isExposed(bond: BondParts, createdTau: bigint): boolean {
  return bond.locked > 0n && bond.idleTau <= createdTau;
}

/** What an auditor's word is worth now, as pure functions. Nothing here is stored: each answer changes at its due time, swept or not. */
import type { Accreditation, Attestation } from "../../../codec/gen/dcm/auditor/v1/types.ts";
import { minInt } from "../../../math/int.ts";
import { stays, type BondParts } from "./bond.ts";

/** All that counts of an auditor. */
export interface Standing {
  /** Undefined where it is not registered. */
  readonly bond: BondParts | undefined;
  readonly accreditation: Accreditation | undefined;
  /** All that it signed is on its way out. */
  readonly isVoid: boolean;
}

export type InactiveReason = "" | "retiring" | "underbonded" | "unaccredited";
export type InvalidReason = InactiveReason | "expired" | "void" | "uncovered";

/** Why an auditor may not sign, and nothing that it signed counts; empty where it may. */
export function inactiveReason({ bond, accreditation }: Standing, minBond: bigint, tau: bigint): InactiveReason {
  if (bond?.retiring === true) return "retiring";
  if (bond === undefined || stays(bond) < minBond) return "underbonded";
  return accreditation === undefined || tau >= accreditation.expiresTauMs ? "unaccredited" : "";
}

/** Why this attestation does not count; empty where it does. */
export function invalidReason(attestation: Attestation, standing: Standing, minBond: bigint, tau: bigint): InvalidReason {
  if (tau >= attestation.expiresTauMs) return "expired";
  if (standing.isVoid) return "void";
  const reason = inactiveReason(standing, minBond, tau);
  if (reason !== "") return reason;
  return covers(standing.accreditation!.keys, attestation.key) ? "" : "uncovered";
}

/** The tau from which on a valid attestation counts no more, if nobody does anything. */
export function lastsUntil(attestation: Attestation, standing: Standing): bigint {
  return minInt(attestation.expiresTauMs, standing.accreditation!.expiresTauMs);
}

/** True where one of the patterns is the key, or its beginning with a `*` behind. */
export function covers(patterns: readonly string[], key: string): boolean {
  return patterns.some((pattern) => (pattern.endsWith("*") ? key.startsWith(pattern.slice(0, -1)) : pattern === key));
}

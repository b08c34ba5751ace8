/** A provider's record, and its declines and misses that still count, as pure values. */
import type { Faults, Mark, Statistics } from "../../../codec/gen/dcm/staking/v1/types.ts";
import type { Standing } from "./bond.ts";
import type { Outcome } from "./ports.ts";

type Fault = Exclude<Outcome, "finished">;

/** A mark is gone once the provider was paid for so many tasks as large as the one that it declined or missed. */
export const tasksToForget = 100n;
/** Marks remembered; the oldest is forgotten beyond that. */
const maxMarks = 100;

export function noFaults(): Faults {
  return { missed: 0n, declined: 0n, slashed: 0n, slashedAmount: "0", recentDeclines: [], recentMisses: [] };
}

function counting(marks: readonly Mark[], earned: bigint, tau: bigint): Mark[] {
  return marks.filter(({ untilEarned, untilTauMs }) => BigInt(untilEarned) > earned && untilTauMs > tau).slice(-maxMarks);
}

/** `earned`: by all tasks so far; `worth`: F of the declined or missed one. */
export function faulted(old: Faults, fault: Fault, earned: bigint, worth: bigint, tau: bigint, markLifetimeMs: bigint): Faults {
  const mark = { untilEarned: String(earned + tasksToForget * worth), untilTauMs: tau + markLifetimeMs };
  const marks = (before: readonly Mark[], made: boolean): Mark[] => counting(made ? [...before, mark] : before, earned, tau);
  return { ...old, [fault]: old[fault] + 1n, recentDeclines: marks(old.recentDeclines, fault === "declined"), recentMisses: marks(old.recentMisses, fault === "missed") };
}

/** As it is shown: with the marks that count at `tau`. */
export function statisticsOf({ matched, finished, earned }: Standing, faults: Faults, tau: bigint): Statistics {
  return { ...faults, matched, finished, earned: String(earned), recentDeclines: counting(faults.recentDeclines, earned, tau), recentMisses: counting(faults.recentMisses, earned, tau) };
}

/** Further declines that cost nothing. */
export function freeDeclinesLeft(faults: Faults, earned: bigint, allowed: number, tau: bigint): number {
  return Math.max(0, allowed - counting(faults.recentDeclines, earned, tau).length);
}

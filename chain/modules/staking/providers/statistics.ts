/** A provider's record, and its declines and misses that still count, as pure values. */
import type { Mark, Statistics } from "../../../codec/gen/dcm/staking/v1/types.ts";

export type Outcome = "matched" | "finished" | "missed" | "declined" | "slashed";

/** A mark is gone once the provider was paid for so many tasks as large as the one that it declined or missed. */
export const tasksToForget = 100n;
/** Marks remembered; the oldest is forgotten beyond that. */
const maxMarks = 100;

export function noStatistics(): Statistics {
  return { matched: 0n, finished: 0n, missed: 0n, declined: 0n, slashed: 0n, slashedAmount: "0", earned: "0", recentDeclines: [], recentMisses: [] };
}

function counting(marks: readonly Mark[], earned: bigint, tau: bigint): Mark[] {
  return marks.filter(({ untilEarned, untilTauMs }) => BigInt(untilEarned) > earned && untilTauMs > tau).slice(-maxMarks);
}

/** `worth` is what a finished task paid; of a declined or missed one F. */
export function recorded(old: Statistics, outcome: Outcome, worth: bigint, tau: bigint, markLifetimeMs: bigint): Statistics {
  const earned = BigInt(old.earned) + (outcome === "finished" ? worth : 0n);
  const mark = { untilEarned: String(earned + tasksToForget * worth), untilTauMs: tau + markLifetimeMs };
  const marks = (before: readonly Mark[], made: boolean): Mark[] => counting(made ? [...before, mark] : before, earned, tau);
  return {
    ...old, [outcome]: old[outcome] + 1n, earned: String(earned),
    recentDeclines: marks(old.recentDeclines, outcome === "declined"), recentMisses: marks(old.recentMisses, outcome === "missed"),
  };
}

/** Further declines that cost nothing. */
export function freeDeclinesLeft(statistics: Statistics, allowed: number, tau: bigint): number {
  return Math.max(0, allowed - counting(statistics.recentDeclines, BigInt(statistics.earned), tau).length);
}

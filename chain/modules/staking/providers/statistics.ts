/** A provider's record and its sliding window of the last 100 matches, as pure values. */
import type { Statistics } from "../../../codec/gen/dcm/staking/v1/types.ts";
import { matchWindow } from "./params.ts";

export type Outcome = "matched" | "finished" | "missed" | "declined" | "slashed";

export function noStatistics(): Statistics {
  return { matched: 0n, finished: 0n, missed: 0n, declined: 0n, slashed: 0n, slashedAmount: "0", recentDeclines: [], recentMisses: [] };
}

/** Those marks (values of `matched`) that lie among the last 100 matches; never more than 100, the newest. */
function inWindow(marks: readonly bigint[], matched: bigint): bigint[] {
  return marks.filter((mark) => mark + matchWindow > matched).slice(-Number(matchWindow));
}

export function recorded(old: Statistics, outcome: Outcome): Statistics {
  const next = { ...old, [outcome]: old[outcome] + 1n };
  if (outcome === "declined") next.recentDeclines = [...old.recentDeclines, old.matched];
  if (outcome === "missed") next.recentMisses = [...old.recentMisses, old.matched];
  return { ...next, recentDeclines: inWindow(next.recentDeclines, next.matched), recentMisses: inWindow(next.recentMisses, next.matched) };
}

/** Declines among the last 100 matches that still cost nothing. */
export function freeDeclinesLeft(statistics: Statistics, allowed: number): number {
  return Math.max(0, allowed - inWindow(statistics.recentDeclines, statistics.matched).length);
}

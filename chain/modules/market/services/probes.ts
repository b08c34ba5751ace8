/** What the reports of one round say of an instance, and what that costs its provider. Pure; the README has the rules. */
import type { Probe, ProbeRound, Sla } from "../../../codec/gen/dcm/market/v1/types.ts";
import { toBond, type Rate } from "../rate.ts";
import { part } from "../settlement.ts";

/** Drawn for each round, where so many organizations may be. */
export const probersOfRound = 3;
/** With fewer reports a round says nothing; with fewer organizations nobody is drawn. */
export const leastReports = 2;
/** Rounds that availability is reckoned over: a bit of the history each. */
const window = 64;

/** "void": too few reports. */
export type Verdict = "good" | "bad" | "void";

export interface Judgement {
  readonly verdict: Verdict;
  /** The median answer; "down" where that is none, "" where the round is void. */
  readonly median: bigint | "down" | "";
  readonly history: bigint;
  /** Rounds in the history, this one too, and the good ones of them. */
  readonly judged: number;
  readonly good: number;
  /** The terms of the order were not met. */
  readonly missed: boolean;
}

/** An instance that did not answer counts as slower than any; of an even number the faster of the middle ones counts [one liar of two who drains a bond]. */
export function medianOf(probes: readonly Probe[]): Judgement["median"] {
  const reports = probes.filter(({ reported }) => reported);
  if (reports.length < leastReports) return "";
  const answers = reports.filter(({ available }) => available).map(({ latencyMs }) => latencyMs).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return answers[Math.ceil(reports.length / 2) - 1] ?? "down";
}

export function judge({ probes, history, judged }: Pick<ProbeRound, "probes" | "history" | "judged">, sla: Sla): Judgement {
  const median = medianOf(probes);
  if (median === "") return { verdict: "void", median, history, judged, good: ones(history), missed: false };
  const isGood = median !== "down" && median <= sla.maxLatencyMs;
  const next = BigInt.asUintN(window, (history << 1n) | (isGood ? 1n : 0n));
  const rounds = Math.min(window, judged + 1);
  const good = ones(next);
  return { verdict: isGood ? "good" : "bad", median, history: next, judged: rounds, good, missed: !isGood && good * 10_000 < sla.minAvailabilityBps * rounds };
}

function ones(bits: bigint): number {
  let count = 0;
  for (let rest = bits; rest > 0n; rest >>= 1n) count += Number(rest & 1n);
  return count;
}

/** What comes back of what the provider was paid in the period; in bond, rounded down: never more than that was worth. */
export function creditOf(paid: bigint, { creditBps }: Sla, rate: Rate): bigint {
  return toBond(part(paid, creditBps), rate, "down");
}

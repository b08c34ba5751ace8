/** How a case goes on by itself, as a pure function: from the case as it was written to the case as it is at this tau. */
import { CaseState, Verdict, type Case, type Round } from "../../codec/gen/dcm/dispute/v1/types.ts";
import { maxInt } from "../../math/int.ts";
import { outcomeOf } from "./tally.ts";
import type { HoldRef } from "../market/ports.ts";

const firstRetryMs = 60_000n;

/** The rounds with the last one changed. */
export function withRound(one: Case, change: Partial<Round>): Round[] {
  return one.rounds.map((round, i) => (i === one.rounds.length - 1 ? { ...round, ...change } : round));
}

/** Who hears an appeal of its last round: a larger jury, behind the last one everybody; undefined: nobody. */
export function nextInstance({ rounds, terms }: Case): "jury" | "vote" | undefined {
  if (rounds.length <= terms!.maxAppeals) return "jury";
  return terms!.voteDue > 0n && rounds.length === terms!.maxAppeals + 1 ? "vote" : undefined;
}

/** The jury has voted: the outcome of its round, and the time for an appeal, none where nobody would hear it. */
export function endRound(one: Case, tau: bigint): Case {
  const terms = one.terms!;
  const rounds = withRound(one, { outcome: outcomeOf(one.rounds.at(-1)!, terms) });
  return { ...one, rounds, state: CaseState.CASE_STATE_APPEAL, dueTau: nextInstance(one) === undefined ? tau : tau + terms.appealDue };
}

/** Every juror committed, or the time for it is over. */
export function beginReveal(one: Case, tau: bigint): Case {
  if (one.rounds.at(-1)!.committed === 0) return endRound(one, tau);
  return { ...one, state: CaseState.CASE_STATE_REVEAL, dueTau: tau + one.terms!.revealDue };
}

/** The parties said what they had to say: the round waits for a seed that nobody knows yet. */
export function beginDraw(one: Case, tau: bigint, height: bigint): Case {
  const terms = one.terms!;
  return { ...one, state: CaseState.CASE_STATE_DRAWING, dueTau: tau + terms.drawDue, seedHeight: height + BigInt(terms.drawDelayBlocks) };
}

/** Brought up to date, but for closing: each state ends behind its due tau and the next one counts from there, the search for a jury from now. */
export function bringUp(one: Case, tau: bigint, height: bigint): Case {
  let at = one;
  for (;;) {
    if (tau <= at.dueTau) return at;
    switch (at.state) {
      case CaseState.CASE_STATE_EVIDENCE:
        at = beginDraw(at, tau, height);
        break;
      case CaseState.CASE_STATE_COMMIT:
        at = beginReveal(at, at.dueTau);
        break;
      case CaseState.CASE_STATE_REVEAL:
        at = endRound(at, at.dueTau);
        break;
      default:
        return at;
    }
  }
}

/** Nothing more can happen to it but being closed, which the sweep does: it may have many seats to settle. */
export function isOver({ state, dueTau }: Case, tau: bigint): boolean {
  return tau > dueTau && (state === CaseState.CASE_STATE_DRAWING || state === CaseState.CASE_STATE_APPEAL || state === CaseState.CASE_STATE_VOTE);
}

type Parties = Pick<Case, "consumer" | "payer" | "opener" | "providers">;

/** On which side an account is; undefined: no party. Where it is on both, it is the consumer. */
export function sideOf({ consumer, payer, opener, providers }: Parties, account: string): Verdict | undefined {
  if (account === consumer || account === payer || account === opener) return Verdict.VERDICT_CONSUMER;
  return providers.includes(account) ? Verdict.VERDICT_PROVIDER : undefined;
}

/** Distinct accounts, as text. */
export function partiesOf({ consumer, payer, opener, providers }: Parties): string[] {
  return [...new Set([consumer, payer, opener, ...providers])];
}

/** What is held, that the case decides on. */
export const refOf = ({ taskId, instanceId, period }: Pick<Case, "taskId" | "instanceId" | "period">): HoldRef => (instanceId === 0n ? { id: taskId, period: 0n } : { id: instanceId, period });

/** When the sweep looks at it next: its state is over then, or it tries again what failed. */
export const queuedTau = ({ dueTau, retryTau }: Pick<Case, "dueTau" | "retryTau">): bigint => maxInt(dueTau, retryTau);

/** It could not be brought on, because of an error that nobody expected: tried again, each time after twice as long, up to about 17 hours. */
export function putOff(one: Case, tau: bigint): Case {
  return { ...one, failures: one.failures + 1, retryTau: tau + (firstRetryMs << BigInt(Math.min(one.failures, 10))) };
}

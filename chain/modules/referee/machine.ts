/** How a dispute goes on, as pure functions: the ranges that it is narrowed down to, and the clocks of its sides. */
import { DisputeState, type Dispute, type Params } from "../../codec/gen/dcm/referee/v1/types.ts";
import { maxInt, minInt } from "../../math/int.ts";
import type { Range } from "../../vm/bisection.ts";

const firstRetryMs = 60_000n;

/** The transitions that it is about. */
export const rangeOf = ({ start, length }: Pick<Dispute, "start" | "length">): Range => ({ low: start, length });

/** Whose turn it is; undefined where no clock runs. */
export function turnOf({ state }: Pick<Dispute, "state">): "provider" | "challenger" | undefined {
  if (state === DisputeState.DISPUTE_STATE_ANSWER) return "provider";
  return state === DisputeState.DISPUTE_STATE_PICK ? "challenger" : undefined;
}

/**
 * The clocks of a dispute over a task of declared run time `duration`. Program and input may have to be fetched for the first move. For each later one the run may have to be taken
 * from its start again, for several disputes: where a range is longer than the run, or memory changes faster than checkpoints can keep it, nothing of the moves before helps.
 */
export function clocksOf({ firstMove, laterMove, sideTotal }: Params, duration: bigint): Pick<Dispute, "firstMove" | "laterMove" | "sideTotal"> {
  return { firstMove: maxInt(firstMove, 2n * duration), laterMove: maxInt(laterMove, duration / 4n), sideTotal: sideTotal + 4n * duration };
}

/** What is left of a side's clock for all its moves, at this tau. */
export function leftOf(dispute: Dispute, side: "provider" | "challenger", tau: bigint): bigint {
  const used = side === "provider" ? dispute.providerUsed : dispute.challengerUsed;
  const running = turnOf(dispute) === side ? tau - dispute.turnTau : 0n;
  return maxInt(0n, dispute.sideTotal - used - running);
}

/** The turn of one side, from now on: each has the longer time for its first move, and what is left of its total for all of them. */
export function beginTurn(dispute: Dispute, side: "provider" | "challenger", tau: bigint): Dispute {
  const begun: Dispute = { ...dispute, state: side === "provider" ? DisputeState.DISPUTE_STATE_ANSWER : DisputeState.DISPUTE_STATE_PICK, turnTau: tau };
  const time = dispute.moves < 2 ? dispute.firstMove : dispute.laterMove;
  return { ...begun, dueTau: tau + minInt(time, leftOf(begun, side, tau)) };
}

/** The side whose turn it is has moved: its clock stands. */
export function endTurn(dispute: Dispute, tau: bigint): Dispute {
  const used = tau - dispute.turnTau;
  const moved = { ...dispute, moves: dispute.moves + 1 };
  return turnOf(dispute) === "provider" ? { ...moved, providerUsed: dispute.providerUsed + used } : { ...moved, challengerUsed: dispute.challengerUsed + used };
}

/** The side whose turn it is did not move in its time. */
export const isLate = (dispute: Dispute, tau: bigint): boolean => turnOf(dispute) !== undefined && tau > dispute.dueTau;

/** When the sweep looks at it next: a turn is late then, a record goes, or it tries again what failed. Undefined: never. */
export function queuedTau({ state, dueTau, retryTau }: Pick<Dispute, "state" | "dueTau" | "retryTau">): bigint | undefined {
  return state === DisputeState.DISPUTE_STATE_QUEUED || state === DisputeState.DISPUTE_STATE_PROOF ? undefined : maxInt(dueTau, retryTau);
}

/** It could not be brought on, because of an error that nobody expected: tried again, each time after twice as long, up to about 17 hours. */
export function putOff(dispute: Dispute, tau: bigint): Dispute {
  return { ...dispute, failures: dispute.failures + 1, retryTau: tau + (firstRetryMs << BigInt(Math.min(dispute.failures, 10))) };
}

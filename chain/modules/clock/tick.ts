/** One step of protocol time, as a pure function. */
import type { Clock } from "../../codec/gen/dcm/clock/v1/clock.ts";

/** Most that protocol time advances in one block, in milliseconds: an outage costs nobody a deadline. */
export const maxStepMs = 10_000n;
const nanosPerMs = 1_000_000n;

/** The clock after a block with this header time (nanoseconds). The first block after genesis only sets the mark. */
export function tick(clock: Clock, headerNanos: bigint): Clock {
  if (clock.headerNanos === 0n) return { tauNanos: clock.tauNanos, headerNanos };
  const difference = headerNanos - clock.headerNanos;
  // BFT time only rises; should a header ever say otherwise, tau stands still and the mark stays at the highest time seen.
  if (difference <= 0n) return clock;
  const step = difference < maxStepMs * nanosPerMs ? difference : maxStepMs * nanosPerMs;
  return { tauNanos: clock.tauNanos + step, headerNanos };
}

/** Whole milliseconds; the fraction stays in the state and is not lost. */
export function tauMs(clock: Clock): bigint {
  return clock.tauNanos / nanosPerMs;
}

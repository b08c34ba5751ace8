/** The terms that a bid may hold its instances to: bounds, and what of them is a matter of parameters. */
import type { Params, Sla } from "../../../codec/gen/dcm/market/v1/types.ts";
import { fail } from "../../../runtime/errors.ts";
import { errors } from "../errors.ts";
import { paramBounds } from "../params.ts";

/** The longest that may be agreed, and reported, in milliseconds. */
export const longestLatency = 600_000n;

/** Bounds that no parameter moves. */
export function checkSla(sla: Sla | undefined): void {
  if (sla === undefined) return;
  within("min_availability_bps", sla.minAvailabilityBps, 1, 10_000);
  within("max_latency_ms", sla.maxLatencyMs, 1n, longestLatency);
  within("credit_bps", sla.creditBps, 1, 10_000);
  within("period_ms", sla.periodMs, paramBounds.minSlaPeriod[1], paramBounds.maxSlaPeriod[2]);
}

export function checkPeriod(sla: Sla | undefined, { minSlaPeriod, maxSlaPeriod }: Params): void {
  if (sla !== undefined) within("period_ms", sla.periodMs, minSlaPeriod, maxSlaPeriod);
}

function within(field: string, value: bigint | number, low: bigint | number, high: bigint | number): void {
  if (value < low || value > high) fail(errors.slaOutOfBounds, { field, value, low, high });
}

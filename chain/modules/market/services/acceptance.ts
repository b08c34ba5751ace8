/** The acceptance that a bid for a service may name: bounds, and what of them is a matter of parameters. */
import type { InstanceDeposit, Params, ServiceAcceptance } from "../../../codec/gen/dcm/market/v1/types.ts";
import { leastWindow } from "../holds.ts";
import { inRange, paramBounds } from "../params.ts";

/** Holds of one instance at a time: those in their windows, those that cases decide on, the one that gathers. */
export const maxHolds = 16;
/** Periods in one window, at most: with more there would be more holds in their windows than there should be. */
const periodsPerWindow = 8n;

/** So much of what accrued is held, for a period, out of these deposits. */
export interface Gathered {
  readonly period: bigint;
  readonly pay: bigint;
  readonly fee: bigint;
  readonly funders: readonly InstanceDeposit[];
  readonly from: bigint;
  readonly until: bigint;
}

/** Bounds that no parameter moves. */
export function checkServiceAcceptance(acceptance: ServiceAcceptance | undefined): void {
  if (acceptance === undefined) return;
  inRange("acceptance.window", acceptance.window, leastWindow, paramBounds.maxAcceptanceWindow[2]);
  inRange("acceptance.provider_share_bps", acceptance.providerShareBps, 0, 10_000);
  inRange("acceptance.held_bps", acceptance.heldBps, 1, 10_000);
  inRange("acceptance.period", acceptance.period, (acceptance.window + periodsPerWindow - 1n) / periodsPerWindow, paramBounds.maxSlaPeriod[2]);
}

export function checkAcceptancePeriod(acceptance: ServiceAcceptance | undefined, { minSlaPeriod, maxSlaPeriod, maxAcceptanceWindow }: Params): void {
  if (acceptance === undefined) return;
  inRange("acceptance.window", acceptance.window, leastWindow, maxAcceptanceWindow);
  inRange("acceptance.period", acceptance.period, minSlaPeriod, maxSlaPeriod);
}

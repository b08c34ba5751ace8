/** Parameters: defaults, hard bounds, versions. What is agreed keeps the version that it was agreed under. */
import { Params } from "../../codec/gen/dcm/market/v1/types.ts";
import { assert, errorOf, fail, type TxError } from "../../runtime/errors.ts";
import { errors } from "./errors.ts";
import { paramsByVersion, paramsVersion } from "./state.ts";
import type { Context } from "../../runtime/context.ts";

const second = 1_000n;
const minute = 60n * second;
const day = 24n * 60n * minute;

type Spec = { readonly [K in keyof Params]: readonly [initial: Params[K], low: Params[K], high: Params[K]] };

/** Each parameter: default, least, greatest. Durations are milliseconds of tau. */
export const paramBounds: Spec = {
  feeBps: [100, 0, 1_000],
  drawDelayBlocks: [2, 2, 100],
  saltDue: [2n * minute, second, 60n * minute],
  sealDue: [2n * minute, second, 60n * minute],
  startDue: [5n * minute, second, 60n * minute],
  commitDue: [5n * minute, second, day],
  commitDurations: [3, 1, 10],
  revealDue: [10n * minute, second, day],
  drawDue: [10n * minute, second, day],
  shareCapBps: [2_000, 100, 10_000],
  phiBps: [2_000, 0, 5_000],
  stakeMultiple: [20, 1, 1_000],
  riskMultiple: [20, 0, 1_000],
  missFeeBps: [1_000, 0, 10_000],
  missStakeBps: [1_000, 0, 10_000],
  maxMisses: [3, 1, 10],
  declineBps: [500, 0, 10_000],
  inconclusiveBps: [2_500, 0, 10_000],
  slashProverBps: [1_000, 0, 5_000],
  slashConsumerBps: [2_000, 0, 5_000],
  maxTasks: [1_024, 1, 10_000],
  maxReplicas: [3, 2, 5],
  maxOrderLifetime: [30n * day, minute, 365n * day],
  maxDuration: [day, second, 30n * day],
  maxResultSize: [64n << 20n, 1_024n, 1n << 40n],
  recordLifetime: [7n * day, second, 365n * day],
  depositPerByte: [1n, 0n, 1_000_000_000n],
  maxFills: [5_000, 1, 50_000],
  maxSweep: [500, 10, 10_000],
  maxDraws: [200, 1, 5_000],
  referenceMoveBps: [500, 1, 5_000],
  referenceWindow: [60n * minute, second, 30n * day],
  tradeHistory: [100, 1, 1_000],
  profileDeposit: [1_000_000_000n, 0n, 1n << 60n],
  profileIdle: [7n * day, second, 365n * day],
  candleHistory: [240, 1, 1_000],
  shortfallMultiple: [1, 0, 100],
  inputsDue: [10n * minute, second, 7n * day],
  serviceGrace: [10n * minute, 0n, day],
  serviceGraceShareBps: [1_000, 0, 10_000],
  minReclaimNotice: [60n * minute, second, 30n * day],
  maxReclaimNotice: [30n * day, second, 365n * day],
  minSlaPeriod: [10n * minute, second, day],
  maxSlaPeriod: [day, second, 30n * day],
  maxAcceptanceWindow: [7n * day, second, 30n * day],
  auditProbabilityBps: [500, 500, 10_000],
  // With k = 1 and the two of a tie-break at most five replicas: no two groups of three can agree.
  auditors: [1, 1, 2],
  challengeDue: [10n * minute, second, day],
  challengeDurations: [3, 1, 10],
};

const names = Object.keys(paramBounds) as (keyof Params)[];

export function defaultParams(): Params {
  return Params.fromPartial(Object.fromEntries(names.map((name) => [name, paramBounds[name][0]])));
}

/** The deadlines of a localnet: seconds, so that every path is seen in a test. */
export function localnetParams(): Params {
  return {
    ...defaultParams(), saltDue: 10n * second, sealDue: 10n * second, startDue: 20n * second, commitDue: 20n * second, revealDue: 10n * second, drawDue: 20n * second, inputsDue: 30n * second,
    serviceGrace: 10n * second, serviceGraceShareBps: 2_500, minReclaimNotice: 10n * second, minSlaPeriod: 5n * second, auditProbabilityBps: 5_000,
    challengeDue: 10n * second,
  };
}

/** The first parameter that is out of its bounds, as an error. */
export function paramsFault(params: Params): TxError | undefined {
  for (const name of names) {
    const [, low, high] = paramBounds[name];
    const value = params[name];
    if (value < low || value > high) {
      return errorOf(errors.invalidParams, { field: `params.${snake(name)}`, value: String(value), low: String(low), high: String(high) });
    }
  }
  if (params.slashProverBps + params.slashConsumerBps > 10_000) {
    return errorOf(errors.invalidParams, { field: "params.slash_prover_bps + params.slash_consumer_bps", value: String(params.slashProverBps + params.slashConsumerBps), low: "0", high: "10000" });
  }
  if (params.maxReclaimNotice < params.minReclaimNotice) {
    return errorOf(errors.invalidParams, { field: "params.max_reclaim_notice", value: String(params.maxReclaimNotice), low: `min_reclaim_notice ${params.minReclaimNotice}`, high: String(paramBounds.maxReclaimNotice[2]) });
  }
  if (params.maxSlaPeriod < params.minSlaPeriod) {
    return errorOf(errors.invalidParams, { field: "params.max_sla_period", value: String(params.maxSlaPeriod), low: `min_sla_period ${params.minSlaPeriod}`, high: String(paramBounds.maxSlaPeriod[2]) });
  }
  return undefined;
}

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

export function currentParams(ctx: Context): { readonly version: bigint; readonly params: Params } {
  const version = paramsVersion.get(ctx);
  return { version, params: paramsAt(ctx, version) };
}

/** The parameters that something was agreed under. */
export function paramsAt(ctx: Context, version: bigint): Params {
  const params = paramsByVersion.find(ctx, version);
  assert(params !== undefined, `params version ${version} is missing`);
  return params;
}

export function addParams(ctx: Context, params: Params): bigint {
  const fault = paramsFault(params);
  if (fault !== undefined) throw fault;
  const version = (paramsVersion.find(ctx) ?? 0n) + 1n;
  paramsByVersion.set(ctx, version, params);
  paramsVersion.set(ctx, version);
  return version;
}

/** A notice as an order names it; 0 means the least. */
export function noticeOf(wanted: bigint, params: Params): bigint {
  if (wanted !== 0n) inRange("reclaim_notice", wanted, params.minReclaimNotice, params.maxReclaimNotice);
  return wanted === 0n ? params.minReclaimNotice : wanted;
}

/** Fails with `invalidField` unless low <= value <= high. */
export function inRange(field: string, value: bigint | number, low: bigint | number, high: bigint | number): void {
  if (value < low || value > high) fail(errors.invalidField, { field, value, limit: `from ${low} to ${high}` });
}

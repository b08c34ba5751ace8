/**
 * Money of one task: pure functions from terms to transfers that sum to its escrow. Prices, F, G and the escrow are in the quote denom; stakes and penalties, with the F and the
 * shortfall that they are reckoned from, in bond.
 */
import { maxInt, minInt, mulDivCeil, mulDivFloor } from "../../math/int.ts";
import { assert } from "../../runtime/errors.ts";
import { VerificationLevel, type Params } from "../../codec/gen/dcm/market/v1/types.ts";
import { toBond, type Rate } from "./rate.ts";

const bps = 10_000n;

/** Out of a task's escrow. */
export interface Settlement {
  readonly payments: readonly { readonly provider: string; readonly amount: bigint }[];
  readonly fee: bigint;
  readonly burned: bigint;
  /** To the payer. */
  readonly refund: bigint;
  /** Of it to each, where not all goes to the payer of the bid. */
  readonly refunds?: readonly { readonly payer: string; readonly amount: bigint }[];
}

/** What one task sets aside: (k + R) x limit x lots, and the fee on all of that. */
export function escrowOf(limit: bigint, lots: bigint, k: number, r: number, feeBps: number): bigint {
  const most = BigInt(k + r) * limit * lots;
  return most + mulDivCeil(most, BigInt(feeBps), bps);
}

/** Replicas that a tie-break draws. */
export const tiebreakers = 2;

/** What it claims can be challenged, and the chain itself says who is right. */
export const isRefereed = (level: VerificationLevel): boolean => level === VerificationLevel.VERIFICATION_LEVEL_V3_REFEREED;

/** A drawn auditor may run the task again. */
export const isAudited = (level: VerificationLevel): boolean => level === VerificationLevel.VERIFICATION_LEVEL_V1_SPOT_CHECK || isRefereed(level);

/** Replicas that the escrow covers beside the first k: auditors, and those of a tie-break. */
export function reserveReplicas(level: VerificationLevel, params: Params): number {
  if (isRefereed(level)) return params.auditors;
  if (isAudited(level)) return params.auditors + tiebreakers;
  return level === VerificationLevel.VERIFICATION_LEVEL_V2_REPLICATED ? tiebreakers : 0;
}

/** p, in 1/10,000: V2 runs every task more than once. */
export function auditProbability(level: VerificationLevel, params: Params): number {
  if (isAudited(level)) return params.auditProbabilityBps;
  return level === VerificationLevel.VERIFICATION_LEVEL_V2_REPLICATED ? 10_000 : 0;
}

/**
 * S = max(20 F, (F + G) / (0.9 p c)), V0: S = F; in bond, rounded up. `auditBps` is p; c: how likely who lies is convicted where somebody looks.
 */
export function stakeOf(level: VerificationLevel, f: bigint, g: bigint, auditBps: number, params: Params, rate: Rate): bigint {
  if (level === VerificationLevel.VERIFICATION_LEVEL_V0_NONE) return toBond(f, rate, "up");
  const [convicted, of] = convictionOf(level, params);
  return toBond(maxInt(BigInt(params.stakeMultiple) * f, mulDivCeil(f + g, 10n * bps * of, 9n * BigInt(auditBps) * convicted)), rate, "up");
}

/**
 * How many of how many lies are convicted, where each that is drawn is with the liar by phi. V3: where one auditor is not, for the chain decides. V1: where three of those who are not outvote it: both re-runs beside one auditor, one of them
 * beside two [an accomplice among the re-runs that makes it two against two]. V2: where the other is not; a lie pays there only where it is with the liar, for which 20 F are plenty.
 */
function convictionOf(level: VerificationLevel, { auditors, phiBps }: Params): readonly [convicted: bigint, of: bigint] {
  const phi = BigInt(phiBps);
  const honest = bps - phi;
  if (level === VerificationLevel.VERIFICATION_LEVEL_V2_REPLICATED) return [honest, bps];
  if (isRefereed(level)) return [bps ** BigInt(auditors) - phi ** BigInt(auditors), bps ** BigInt(auditors)];
  const reruns = honest ** 2n;
  return auditors === 1 ? [honest * reruns, bps ** 3n] : [honest ** 2n * (bps ** 2n - phi ** 2n) + 2n * honest * phi * reruns, bps ** 4n];
}

/** What a replica earns: the lots that it used, at most those of the task, at the price. A begun lot counts whole. */
export function earned(meter: bigint, meterPerLot: bigint, lots: bigint, price: bigint): bigint {
  return minInt((meter + meterPerLot - 1n) / meterPerLot, lots) * price;
}

/** Divides a task's escrow: payments, the fee on them, a burned part; the rest goes back. */
export function settle(escrow: bigint, payments: readonly { readonly provider: string; readonly amount: bigint }[], burned: bigint, feeBps: number): Settlement {
  let paid = 0n;
  for (const { amount } of payments) paid += amount;
  const fee = mulDivFloor(paid, BigInt(feeBps), bps);
  const refund = escrow - paid - fee - burned;
  assert(refund >= 0n, `a settlement of ${paid} + ${fee} + ${burned} exceeds the escrow of ${escrow}`);
  return { payments: payments.filter(({ amount }) => amount > 0n), fee, burned, refund };
}

/** A part of an amount in 1/10,000, rounded down. */
export function part(amount: bigint, share: number): bigint {
  return mulDivFloor(amount, BigInt(share), bps);
}

/**
 * What the consumer loses where it must buy at the reference price what it had at `price`; at most a multiple of F, as two of one hand
 * can trade a young book's reference price to wherever they like.
 */
export function shortfallOf(reference: bigint, price: bigint, lots: bigint, multiple: number): bigint {
  return minInt(maxInt(0n, reference - price), BigInt(multiple) * price) * lots;
}

/** Taken from a stake; what `consumer` and `provers` do not get is burned. */
export interface Penalty {
  readonly amount: bigint;
  readonly consumer: bigint;
  /** Each of them. */
  readonly prover: bigint;
}

/** A start that did not come: max(0.1 F, shortfall), at most the stake; the shortfall goes to the consumer. */
export function startPenalty(stake: bigint, f: bigint, shortfall: bigint, params: Params): Penalty {
  const amount = minInt(stake, maxInt(part(f, params.missFeeBps), shortfall));
  return { amount, consumer: minInt(amount, shortfall), prover: 0n };
}

/** A decline beyond the allowance costs what a start miss does, but all of it is burned: a consumer that withholds its input must not gain. */
export function declinePenalty(stake: bigint, f: bigint, shortfall: bigint, params: Params): Penalty {
  return { ...startPenalty(stake, f, shortfall, params), consumer: 0n };
}

/** A commitment that did not come, or an auditor that did not start: 0.1 S; of it the shortfall to the consumer. */
export function commitPenalty(stake: bigint, shortfall: bigint, params: Params): Penalty {
  const amount = part(stake, params.missStakeBps);
  return { amount, consumer: minInt(amount, shortfall), prover: 0n };
}

/** The whole stake of an auditor that a dispute proved wrong: half to the provider, half burned. */
export function forfeitPenalty(stake: bigint): Penalty {
  return { amount: stake, consumer: 0n, prover: stake / 2n };
}

/** The whole stake: 10 % to those who proved it, to the consumer min(20 %, shortfall), the rest burned. */
export function slashPenalty(stake: bigint, shortfall: bigint, provers: number, params: Params): Penalty {
  return {
    amount: stake,
    consumer: minInt(part(stake, params.slashConsumerBps), shortfall),
    prover: provers === 0 ? 0n : part(stake, params.slashProverBps) / BigInt(provers),
  };
}

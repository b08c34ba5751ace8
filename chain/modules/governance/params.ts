/** Parameters of `cosmos.gov.v1`: the SDK's defaults and rules, and bounds beyond which nothing could be decided any more. */
import { AddressError, addressBytes } from "../../codec/address.ts";
import { Dec } from "../../math/dec.ts";
import { MathError } from "../../math/int.ts";
import { allWithin, coinsText, readCoins, type Money, type WireCoin } from "../../runtime/coins.ts";
import { nanosOf } from "../../runtime/time-text.ts";
import type { Params } from "../../codec/gen/cosmos/gov/v1/gov.ts";
import type { Duration } from "../../codec/gen/google/protobuf/duration.ts";

/** Bytes of metadata and of a title, as in the SDK. */
export const maxMetadataLength = 255;
/** Bytes of a summary. */
export const maxSummaryLength = 40 * maxMetadataLength;
export const maxMessages = 64;
/** Bytes of all messages of a proposal, with their type URLs. */
export const maxMessageBytes = 262_144;
/** Gas that the messages of one proposal may use, and after which a block decides no further ones. */
export const executionGas = 50_000_000;

/** Work of one block that decides proposals: a validator looked at counts 1, a decision `decisionWork` beside its validators. The first proposal is decided whatever the size of the set. */
export const tallyWork = 5_000;
/** A decision writes about two dozen records, whatever the set; each is worth some validators. */
export const decisionWork = 50;
/** Entries of each queue that one block closes, pays or removes. */
export const sweepWork = 500;

const day = 86_400n;

export function defaultParams(): Params {
  return {
    minDeposit: [{ denom: "udcm", amount: "10000000" }], maxDepositPeriod: { seconds: 2n * day, nanos: 0 }, votingPeriod: { seconds: 2n * day, nanos: 0 }, quorum: "0.334000000000000000",
    threshold: "0.500000000000000000", vetoThreshold: "0.334000000000000000", minInitialDepositRatio: "0.000000000000000000", proposalCancelRatio: "0.500000000000000000", proposalCancelDest: "",
    expeditedVotingPeriod: { seconds: day, nanos: 0 }, expeditedThreshold: "0.667000000000000000", expeditedMinDeposit: [{ denom: "udcm", amount: "50000000" }],
    burnVoteQuorum: false, burnProposalDepositPrevote: false, burnVoteVeto: true, minDepositRatio: "0.010000000000000000",
  };
}

/** A localnet's: votes of seconds, so that they are seen in a test. */
export function localnetParams(): Params {
  return { ...defaultParams(), maxDepositPeriod: { seconds: 60n, nanos: 0 }, votingPeriod: { seconds: 20n, nanos: 0 }, expeditedVotingPeriod: { seconds: 10n, nanos: 0 } };
}

const second = 1_000_000_000n;
const longestPeriod = 365n * day * second;
const mostDenoms = 16;
/** More than nine of ten never vote, or never agree. */
const highest = Dec.parse("0.9");
const highestExpedited = Dec.parse("0.95");
/** Fewer than one in ten must not stop everything. */
const lowestVeto = Dec.parse("0.1");

/** The sentence that says what is wrong with parameters, in the SDK's words where it has some. */
export function paramsFault(p: Params): string | undefined {
  return depositFault(p) ?? tallyFault(p) ?? periodFault(p) ?? ratioFault(p);
}

function depositFault({ minDeposit, expeditedMinDeposit }: Params): string | undefined {
  const least = coins(minDeposit);
  if (least === undefined) return `invalid minimum deposit: ${coinsText(minDeposit)}`;
  const expedited = coins(expeditedMinDeposit);
  if (expedited === undefined) return `invalid expedited minimum deposit: ${coinsText(expeditedMinDeposit)}`;
  if (allWithin(expedited, least)) return `expedited minimum deposit must be greater than minimum deposit: ${coinsText(expedited)}`;
  const stray = expedited.find(({ denom }) => !least.some((coin) => coin.denom === denom));
  return stray === undefined ? undefined : `expedited minimum deposit asks for ${stray.denom}, which is no denom of the minimum deposit, so nobody could deposit it`;
}

function coins(wire: readonly WireCoin[]): Money[] | undefined {
  const read = wire.length > mostDenoms ? [] : readCoins(wire);
  return typeof read === "string" || read.length === 0 ? undefined : read;
}

function tallyFault(p: Params): string | undefined {
  const quorum = readDec(p.quorum);
  if (quorum === undefined) return `invalid quorum string: ${p.quorum}`;
  if (quorum.isNegative) return `quorom cannot be negative: ${quorum.toString()}`;
  if (quorum.gt(highest)) return `quorom too large: ${p.quorum}, at most ${highest.toString()}`;
  const threshold = readDec(p.threshold);
  if (threshold === undefined) return `invalid threshold string: ${p.threshold}`;
  if (!threshold.isPositive) return `vote threshold must be positive: ${threshold.toString()}`;
  if (threshold.gt(highest)) return `vote threshold too large: ${threshold.toString()}, at most ${highest.toString()}`;
  const expedited = readDec(p.expeditedThreshold);
  if (expedited === undefined) return `invalid expedited threshold string: ${p.expeditedThreshold}`;
  if (!expedited.isPositive) return `expedited vote threshold must be positive: ${expedited.toString()}`;
  if (expedited.gt(highestExpedited)) return `expedited vote threshold too large: ${expedited.toString()}, at most ${highestExpedited.toString()}`;
  if (expedited.lte(threshold)) return `expedited vote threshold ${expedited.toString()}, must be greater than the regular threshold ${threshold.toString()}`;
  const veto = readDec(p.vetoThreshold);
  if (veto === undefined) return `invalid vetoThreshold string: ${p.vetoThreshold}`;
  if (!veto.isPositive) return `veto threshold must be positive: ${veto.toString()}`;
  if (veto.lt(lowestVeto)) return `veto threshold too small: ${veto.toString()}, at least ${lowestVeto.toString()}`;
  if (veto.gt(Dec.one)) return `veto threshold too large: ${veto.toString()}`;
  return undefined;
}

function periodFault(p: Params): string | undefined {
  const fault = periodOf("maximum deposit period", p.maxDepositPeriod) ?? periodOf("voting period", p.votingPeriod) ?? periodOf("expedited voting period", p.expeditedVotingPeriod);
  if (fault !== undefined) return fault;
  const [expedited, regular] = [nanosOf(p.expeditedVotingPeriod!), nanosOf(p.votingPeriod!)];
  return expedited < regular ? undefined : `expedited voting period ${durationText(expedited)} must be strictly less that the regular voting period ${durationText(regular)}`;
}

function periodOf(name: string, period: Duration | undefined): string | undefined {
  if (period === undefined) return `${name} must not be nil`;
  if (period.nanos < 0 || period.nanos > 999_999_999 || nanosOf(period) <= 0n) return `${name} must be positive: ${durationText(nanosOf(period))}`;
  if (nanosOf(period) < second) return `${name} is at least one second: ${durationText(nanosOf(period))}`;
  return nanosOf(period) > longestPeriod ? `${name} is at most 365 days: ${period.seconds}s` : undefined;
}

const durationText = (nanos: bigint): string => `${Dec.fromAtomics(nanos * second).toString().replace(/\.?0+$/, "")}s`;

function ratioFault(p: Params): string | undefined {
  const initial = readDec(p.minInitialDepositRatio);
  if (initial === undefined) return `invalid mininum initial deposit ratio of proposal: ${p.minInitialDepositRatio}`;
  if (initial.isNegative) return `mininum initial deposit ratio of proposal must be positive: ${initial.toString()}`;
  if (initial.gt(Dec.one)) return `mininum initial deposit ratio of proposal is too large: ${initial.toString()}`;
  const cancel = readDec(p.proposalCancelRatio);
  if (cancel === undefined) return `invalid burn rate of cancel proposal: ${p.proposalCancelRatio}`;
  if (cancel.isNegative) return `burn rate of cancel proposal must be positive: ${cancel.toString()}`;
  if (cancel.gt(Dec.one)) return `burn rate of cancel proposal is too large: ${cancel.toString()}`;
  if (p.proposalCancelDest !== "" && !isAddress(p.proposalCancelDest)) return `deposits destination address is invalid: ${p.proposalCancelDest}`;
  const deposit = readDec(p.minDepositRatio);
  if (deposit === undefined) return `invalid minimum deposit ratio: ${p.minDepositRatio}`;
  return deposit.isNegative || deposit.gt(Dec.one) ? `minimum deposit ratio is not between 0 and 1: ${deposit.toString()}` : undefined;
}

function isAddress(text: string): boolean {
  try {
    addressBytes(text);
    return true;
  } catch (error) {
    if (error instanceof AddressError) return false;
    throw error;
  }
}

export function readDec(text: string): Dec | undefined {
  try {
    return Dec.parse(text);
  } catch (error) {
    if (error instanceof MathError) return undefined;
    throw error;
  }
}

/** The deposit that opens the vote on a proposal of this kind. */
export function minDepositOf(p: Params, expedited: boolean): Money[] {
  return (expedited ? p.expeditedMinDeposit : p.minDeposit).map(({ denom, amount }) => ({ denom, amount: BigInt(amount) }));
}

export interface Treasury {
  supply(denom: string): bigint;
  isBlocked(address: Uint8Array): boolean;
}

/** GOV-15: parameters that only the state shows to end governance: deposits that nobody could pay, or charges paid into an account of a module's own books. */
export function stateFault({ minDeposit, expeditedMinDeposit, proposalCancelDest }: Params, { supply, isBlocked }: Treasury): string | undefined {
  for (const { denom, amount } of [...minDeposit, ...expeditedMinDeposit]) {
    const most = supply(denom) / 10n;
    if (BigInt(amount) > most) return `a deposit of ${amount}${denom} is more than a tenth of all there is (${most}${denom}): nobody could propose any more`;
  }
  return proposalCancelDest !== "" && isBlocked(addressBytes(proposalCancelDest)) ? `deposits destination address is a module's account that cannot be paid: ${proposalCancelDest}` : undefined;
}

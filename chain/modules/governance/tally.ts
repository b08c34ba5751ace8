/** Votes as sums: pure. Power is tokens, results are in the order yes, abstain, no, no with veto. */
import { VoteOption, type Params, type TallyResult, type WeightedVoteOption } from "../../codec/gen/cosmos/gov/v1/gov.ts";
import type { CountedValidator, Tally } from "../../codec/gen/dcm/governance/v1/state.ts";
import { compareBytes } from "../../codec/bytes.ts";
import { Dec } from "../../math/dec.ts";

export interface Sums {
  readonly results: readonly [yes: Dec, abstain: Dec, no: Dec, veto: Dec];
  readonly total: Dec;
}

export const noSums: Sums = { results: [Dec.zero, Dec.zero, Dec.zero, Dec.zero], total: Dec.zero };

export function readSums(tally: Tally | undefined): Sums {
  if (tally === undefined) return noSums;
  const [yes, abstain, no, veto] = tally.results.map((text) => Dec.fromProto(text)) as [Dec, Dec, Dec, Dec];
  return { results: [yes, abstain, no, veto], total: Dec.fromProto(tally.total) };
}

export function writeSums({ results, total }: Sums): Tally {
  return { results: results.map((sum) => sum.toProto()), total: total.toProto() };
}

const options: readonly VoteOption[] = [VoteOption.VOTE_OPTION_YES, VoteOption.VOTE_OPTION_ABSTAIN, VoteOption.VOTE_OPTION_NO, VoteOption.VOTE_OPTION_NO_WITH_VETO];

/** With this power for these options; each option gets its weight of it, rounded half to even. */
export function addVote({ results, total }: Sums, power: Dec, vote: readonly WeightedVoteOption[]): Sums {
  return combine(results, vote, power, total.add(power), (sum, share) => sum.add(share));
}

/** Takes back what the same power and options added. */
export function subVote({ results, total }: Sums, power: Dec, vote: readonly WeightedVoteOption[]): Sums {
  return combine(results, vote, power, total.sub(power), (sum, share) => sum.sub(share));
}

function combine(results: Sums["results"], vote: readonly WeightedVoteOption[], power: Dec, total: Dec, join: (sum: Dec, share: Dec) => Dec): Sums {
  const next = [...results] as [Dec, Dec, Dec, Dec];
  for (const { option, weight } of vote) {
    const at = options.indexOf(option);
    next[at] = join(next[at]!, power.mul(Dec.parse(weight)));
  }
  return { results: next, total };
}

/** What shares of a validator are worth in votes, as the SDK divides. */
export const powerOf = ({ tokens, shares }: CountedValidator, held: Dec): Dec => held.mulInt(BigInt(tokens)).quo(Dec.fromProto(shares));

/** The validator of a snapshot, whose list is in byte order. */
export function counted(validators: readonly CountedValidator[], operator: Uint8Array): CountedValidator | undefined {
  let low = 0;
  let high = validators.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const order = compareBytes(validators[middle]!.operator, operator);
    if (order === 0) return validators[middle];
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return undefined;
}

export interface Decision {
  readonly passes: boolean;
  readonly burn: boolean;
}

/** GOV-11: quorum, then abstentions, then vetoes, then the threshold: the SDK's order. */
export function decide({ results: [yes, abstain, , veto], total }: Sums, bonded: bigint, params: Params, expedited: boolean): Decision {
  if (bonded === 0n) return { passes: false, burn: false };
  if (total.quo(Dec.fromInt(bonded)).lt(Dec.parse(params.quorum))) return { passes: false, burn: params.burnVoteQuorum };
  const active = total.sub(abstain);
  if (active.isZero) return { passes: false, burn: false };
  if (veto.quo(total).gt(Dec.parse(params.vetoThreshold))) return { passes: false, burn: params.burnVoteVeto };
  return { passes: yes.quo(active).gt(Dec.parse(expedited ? params.expeditedThreshold : params.threshold)), burn: false };
}

/** Whole tokens, rounded down. */
export function resultOf({ results }: Sums): TallyResult {
  const [yesCount, abstainCount, noCount, noWithVetoCount] = results.map((sum) => sum.truncateInt().toString()) as [string, string, string, string];
  return { yesCount, abstainCount, noCount, noWithVetoCount };
}

export const emptyResult = (): TallyResult => ({ yesCount: "0", abstainCount: "0", noCount: "0", noWithVetoCount: "0" });

/** The money of a closed case beside what was held: pure, from rounds and seats to moves that sum up. All in the jurors' bond denom. */
import { Verdict, type Params, type Round, type Seat } from "../../codec/gen/dcm/dispute/v1/types.ts";
import { maxInt, mulDivCeil } from "../../math/int.ts";
import { assert } from "../../runtime/errors.ts";
import { verdictOf } from "./tally.ts";

const bps = 10_000n;

export interface SeatOutcome {
  readonly seat: Seat;
  readonly reward: bigint;
  readonly slashed: bigint;
}

export interface CaseSettlement {
  /** In the order of the seats given. */
  readonly seats: readonly SeatOutcome[];
  /** Back to who paid, by round. */
  readonly refunds: readonly bigint[];
  /** Of what seats lost, and of a vote of everybody that did not help who asked for it. */
  readonly burned: bigint;
}

/**
 * Every round is judged by the verdict of the last jury. Fees + what seats lose = rewards + refunds + burned.
 * A round that found no jury costs nobody anything.
 */
export function settleCase(rounds: readonly Round[], seats: readonly Seat[], terms: Params): CaseSettlement {
  const verdict = verdictOf(rounds);
  const [fee, pools] = [BigInt(terms.jurorFee), rounds.map(() => ({ lost: 0n, coherent: 0n }))];
  const sat = ({ round }: Seat): boolean => rounds[round]!.outcome !== Verdict.VERDICT_UNSPECIFIED;
  for (const seat of seats.filter(sat)) {
    const pool = pools[seat.round]!;
    if (isCoherent(seat, verdict)) pool.coherent++;
    else if (seat.vote !== Verdict.VERDICT_UNSPECIFIED) pool.lost += lossOf(seat, verdict, terms);
  }
  let burned = 0n;
  const outcomes = seats.map((seat): SeatOutcome => {
    if (!sat(seat)) return { seat, reward: 0n, slashed: 0n };
    const { lost, coherent } = pools[seat.round]!;
    const slashed = lossOf(seat, verdict, terms);
    // What those lose who kept silent goes to nobody: keeping others from voting gains nothing.
    if (slashed > 0n && (seat.vote === Verdict.VERDICT_UNSPECIFIED || coherent === 0n)) burned += slashed;
    return { seat, reward: isCoherent(seat, verdict) ? fee + lost / coherent : 0n, slashed };
  });
  for (const { lost, coherent } of pools) if (coherent > 0n) burned += lost % coherent;
  // A vote of everybody has no jurors to pay: its fee stands for the delay, and comes back to who was right.
  const wasted = rounds.map((round) => (isVote(round) && round.outcome !== round.side ? BigInt(round.fee) : 0n));
  const refunds = refundsOf(rounds, verdict, fee * pools.reduce((sum, { coherent }) => sum + coherent, 0n)).map((refund, i) => refund - wasted[i]!);
  return { seats: outcomes, refunds, burned: burned + total(wasted) };
}

/** A round without seats is a vote of everybody. */
const isVote = ({ seats }: Round): boolean => seats === 0;

/** Whoever opened a vote is coherent where there is no verdict. */
function isCoherent({ vote }: Seat, verdict: Verdict): boolean {
  return vote !== Verdict.VERDICT_UNSPECIFIED && (verdict === Verdict.VERDICT_NONE || vote === verdict);
}

/** Who committed and kept silent loses the greater of both: seeing that its vote loses gains nothing. */
function lossOf(seat: Seat, verdict: Verdict, { incoherentBps, absentBps }: Params): bigint {
  if (isCoherent(seat, verdict)) return 0n;
  const committed = seat.commitment.length > 0;
  const share = seat.vote !== Verdict.VERDICT_UNSPECIFIED ? incoherentBps : committed ? Math.max(incoherentBps, absentBps) : absentBps;
  return mulDivCeil(BigInt(seat.stake), BigInt(share), bps);
}

/** What jurors cost comes out of the loser's fees first; where there is no verdict, out of both alike. */
function refundsOf(rounds: readonly Round[], verdict: Verdict, cost: bigint): bigint[] {
  const held = rounds.map((round) => (round.outcome === Verdict.VERDICT_UNSPECIFIED || isVote(round) ? 0n : BigInt(round.fee)));
  const paidBy = (isLoser: boolean): bigint[] => rounds.map(({ side }, i) => ((verdict !== Verdict.VERDICT_NONE && side !== verdict) === isLoser ? held[i]! : 0n));
  const [losers, others] = [paidBy(true), paidBy(false)];
  const byLosers = charge(losers, cost);
  const byOthers = charge(others, maxInt(0n, cost - total(losers)));
  return rounds.map(({ fee }, i) => (held[i] === 0n ? BigInt(fee) : losers[i]! + others[i]! - byLosers[i]! - byOthers[i]!));
}

const total = (amounts: readonly bigint[]): bigint => amounts.reduce((sum, one) => sum + one, 0n);

/** Takes `cost`, at most all, from amounts in proportion; the parts sum up to it. */
function charge(amounts: readonly bigint[], cost: bigint): bigint[] {
  const all = total(amounts);
  const taken = cost < all ? cost : all;
  let [before, upTo] = [0n, 0n];
  return amounts.map((amount) => {
    upTo += amount;
    const reached = all === 0n ? 0n : (taken * upTo) / all;
    const part = reached - before;
    before = reached;
    assert(part <= amount, "nobody is charged more than it paid");
    return part;
  });
}

/** What a round came to, from its counts. */
import { Verdict, type Params, type Round } from "../../codec/gen/dcm/dispute/v1/types.ts";

const bps = 10_000;

/** A verdict where enough seats opened their votes and enough of them agree; else none. */
export function outcomeOf({ seats, revealed, forConsumer, forProvider }: Round, { quorumBps, supermajorityBps }: Params): Verdict {
  if (revealed === 0 || revealed * bps < quorumBps * seats) return Verdict.VERDICT_NONE;
  const enough = (votes: number): boolean => votes * bps >= supermajorityBps * revealed;
  return enough(forConsumer) ? Verdict.VERDICT_CONSUMER : enough(forProvider) ? Verdict.VERDICT_PROVIDER : Verdict.VERDICT_NONE;
}

/** Of the last round that had one; none where no jury ever sat. */
export function verdictOf(rounds: readonly Round[]): Verdict {
  return rounds.findLast(({ outcome }) => outcome !== Verdict.VERDICT_UNSPECIFIED)?.outcome ?? Verdict.VERDICT_NONE;
}

/** Seats of the round behind one of so many. */
export const seatsAfter = (seats: number): number => 2 * seats + 1;

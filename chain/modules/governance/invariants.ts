import { ProposalStatus } from "../../codec/gen/cosmos/gov/v1/gov.ts";
import { addCoins, amountOf, coinsText, fromWire, sameCoins, type Money } from "../../runtime/coins.ts";
import { Dec } from "../../math/dec.ts";
import { uint64Key } from "../../runtime/collections.ts";
import { nanosOf } from "../../runtime/time-text.ts";
import { heldAt, snapshotAt } from "./snapshots.ts";
import { addVote, counted, noSums, powerOf, readSums, type Sums } from "./tally.ts";
import { account, type GovernancePorts } from "./keeper.ts";
import { activeQueue, deductions, deposits, formerBySnapshot, formerShares, held, inactiveQueue, leftovers, Leftover, openSnapshot, proposals, snapshots, tallies, voting, type Voting } from "./state.ts";
import { votesOf } from "./votes.ts";
import type { Context } from "../../runtime/context.ts";

export function governanceInvariants({ bank, staking }: GovernancePorts): Readonly<Record<string, (ctx: Context) => string | undefined>> {
  return {
    /** The gov account holds what belongs to depositors. */
    "module-account"(ctx) {
      let due: Money[] = [];
      for (const [[id], { amount }] of deposits.entries(ctx)) if (!leftovers.has(ctx, [id, Leftover.burned])) due = addCoins(due, fromWire(amount));
      const kept = Array.from(held.entries(ctx), ([denom, amount]) => ({ denom, amount }));
      if (!sameCoins(kept, due)) return `${coinsText(kept)} are held for deposits of ${coinsText(due)}`;
      const short = due.find(({ denom, amount }) => bank.balance(ctx, account, denom) < amount);
      return short === undefined ? undefined : `the gov account has ${bank.balance(ctx, account, short.denom)}${short.denom}, deposits are ${short.amount}${short.denom}`;
    },
    /** Each open proposal stands in its queue, and its total is the sum of its deposits. */
    proposals(ctx) {
      let [waiting, active] = [0, 0];
      for (const [id, proposal] of proposals.entries(ctx)) {
        const { status, depositEndTime, votingEndTime, totalDeposit } = proposal;
        if (status === ProposalStatus.PROPOSAL_STATUS_DEPOSIT_PERIOD) {
          waiting++;
          if (!inactiveQueue.has(ctx, [nanosOf(depositEndTime!), id])) return `proposal ${id} is not in the queue of deposit periods`;
        } else if (status === ProposalStatus.PROPOSAL_STATUS_VOTING_PERIOD) {
          active++;
          const open = voting.find(ctx, id);
          if (open === undefined || open.endNanos !== nanosOf(votingEndTime!) || open.expedited !== proposal.expedited || !activeQueue.has(ctx, [open.endNanos, id]) || !snapshots.has(ctx, open.snapshot)) return `proposal ${id} is voted on and not in the queue, or without its snapshot`;
        } else continue;
        let sum: Money[] = [];
        for (const [, { amount }] of deposits.entries(ctx, { within: uint64Key.encode(id) })) sum = addCoins(sum, fromWire(amount));
        if (!sameCoins(sum, fromWire(totalDeposit))) return `the deposits of proposal ${id} sum up to another total: ${amountOf(sum, totalDeposit[0]?.denom ?? "")}`;
      }
      if (count(inactiveQueue.entries(ctx)) !== waiting || count(activeQueue.entries(ctx)) !== active || count(voting.entries(ctx)) !== active || count(snapshots.entries(ctx)) !== active) return "a queue of proposals, or the snapshots, have more than there are";
      return (openSnapshot.find(ctx) === undefined) === (active === 0) ? undefined : "the newest snapshot is noted while nothing is voted on, or is not";
    },
    /** What was counted vote by vote is what all votes count together, by the stake of the snapshot. */
    tallies(ctx) {
      for (const [id, open] of voting.entries(ctx)) {
        const { sums, own } = recount(ctx, id, open);
        const kept = readSums(tallies.find(ctx, id));
        if (!kept.total.eq(sums.total) || kept.results.some((sum, i) => !sum.eq(sums.results[i]!))) return `the votes on proposal ${id} count ${sums.total.toString()}, ${kept.total.toString()} is written down`;
        for (const { operator, shares } of snapshotAt(ctx, open.snapshot).validators) {
          const deducted = deductions.find(ctx, [id, operator]) ?? 0n;
          if (deducted !== (own.get(String(operator)) ?? 0n)) return `proposal ${id}: the shares of delegators who voted are not those deducted`;
          if (Dec.fromAtomics(deducted).gt(Dec.fromProto(shares))) return `proposal ${id}: more shares voted than a validator had`;
        }
      }
      return undefined;
    },
    "former-shares": (ctx) => (count(formerShares.entries(ctx)) === count(formerBySnapshot.entries(ctx)) ? undefined : "records of former shares are not all listed by snapshot"),
  };

  function recount(ctx: Context, id: bigint, { expedited, snapshot }: Voting): { readonly sums: Sums; readonly own: ReadonlyMap<string, bigint> } {
    const { validators } = snapshotAt(ctx, snapshot);
    const own = new Map<string, bigint>();
    let sums = noSums;
    for (const [[, voter], { options }] of votesOf(expedited).entries(ctx, { within: uint64Key.encode(id) })) {
      for (const { operator, shares } of heldAt(ctx, staking, voter, snapshot)) {
        const validator = counted(validators, operator);
        if (validator === undefined) continue;
        sums = addVote(sums, powerOf(validator, shares), options);
        own.set(String(operator), (own.get(String(operator)) ?? 0n) + shares.atomics);
      }
    }
    return { sums, own };
  }
}

function count(entries: IterableIterator<unknown>): number {
  let n = 0;
  while (entries.next().done !== true) n++;
  return n;
}

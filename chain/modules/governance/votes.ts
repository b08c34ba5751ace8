/** Votes: each counts when it is cast, by the stake that its voter had when the voting period began (ADR 22). */
import { VoteOption, type WeightedVoteOption } from "../../codec/gen/cosmos/gov/v1/gov.ts";
import { addressText } from "../../codec/address.ts";
import { quote } from "../../codec/json-text.ts";
import { Dec } from "../../math/dec.ts";
import { fail } from "../../runtime/errors.ts";
import { checkMetadata } from "./checks.ts";
import { errors } from "./errors.ts";
import { heldAt, snapshotAt, type Held } from "./snapshots.ts";
import { addVote, counted, powerOf, readSums, subVote, writeSums, type Sums } from "./tally.ts";
import { closing, deductions, expeditedVotes, tallies, votes, voting, type Voting } from "./state.ts";
import type { GovernancePorts } from "./keeper.ts";
import type { Context } from "../../runtime/context.ts";
import type { Snapshot } from "../../codec/gen/dcm/governance/v1/state.ts";

/** A proposal that becomes an ordinary one begins without the votes of its expedited period. */
export const votesOf = (expedited: boolean): typeof votes => (expedited ? expeditedVotes : votes);

/** The proposal's voting period where it is open: one that has ended takes no more votes, even where its block could not decide it yet. */
export function openVoting(ctx: Context, id: bigint): Voting | undefined {
  const found = voting.find(ctx, id);
  return found === undefined || found.endNanos <= (closing.find(ctx) ?? -1n) ? undefined : found;
}

/** Records a vote in place of an earlier one. Fails with gov 3, 7, 15, and 100 where the voter's stake came too late to count. */
export function castVote({ staking }: GovernancePorts, ctx: Context, id: bigint, voter: Uint8Array, options: readonly WeightedVoteOption[], metadata: string, from: "message" | "import" = "message"): void {
  const open = openVoting(ctx, id) ?? fail(errors.inactiveProposal, id.toString());
  checkMetadata(metadata);
  for (const option of options) checkOption(option);
  const { validators } = snapshotAt(ctx, open.snapshot);
  const held = heldAt(ctx, staking, voter, open.snapshot).filter(({ operator }) => counted(validators, operator) !== undefined);
  if (held.length === 0 && from === "message") refuseLate(staking.delegationsOf(ctx, voter), voter, id);
  const cast = votesOf(open.expedited);
  const before = cast.find(ctx, [id, voter]);
  if (held.length > 0) tallies.set(ctx, id, writeSums(recount(ctx, id, validators, held, before?.options, options)));
  cast.set(ctx, [id, voter], { proposalId: id, voter: addressText(voter), options: options.map(({ option, weight }) => ({ option, weight })), metadata });
  ctx.emit("proposal_vote", [["voter", addressText(voter)], ["option", optionsText(options)], ["proposal_id", id.toString()]]);
}

/** Whoever has no stake at all may vote, as in the SDK, which counts for nothing. */
function refuseLate(delegations: Iterable<unknown>, voter: Uint8Array, id: bigint): void {
  for (const _ of delegations) fail(errors.lateStake, { voter: addressText(voter), id });
}

function recount(ctx: Context, id: bigint, validators: Snapshot["validators"], held: readonly Held[], before: readonly WeightedVoteOption[] | undefined, now: readonly WeightedVoteOption[]): Sums {
  let sums = readSums(tallies.find(ctx, id));
  for (const { operator, shares } of held) {
    const power = powerOf(counted(validators, operator)!, shares);
    if (before === undefined) deductions.set(ctx, [id, operator], (deductions.find(ctx, [id, operator]) ?? 0n) + shares.atomics);
    else sums = subVote(sums, power, before);
    sums = addVote(sums, power, now);
  }
  return sums;
}

/** The votes that were cast, and what validators vote for delegators who did not vote themselves: a read or two for each validator. */
export function countVotes(ctx: Context, id: bigint, { expedited, snapshot }: Voting): { readonly sums: Sums; readonly bonded: bigint } {
  const { bonded, validators } = snapshotAt(ctx, snapshot);
  const cast = votesOf(expedited);
  let sums = readSums(tallies.find(ctx, id));
  for (const validator of validators) {
    const vote = cast.find(ctx, [id, validator.operator]);
    if (vote === undefined) continue;
    const own = Dec.fromAtomics(deductions.find(ctx, [id, validator.operator]) ?? 0n);
    sums = addVote(sums, powerOf(validator, Dec.fromProto(validator.shares).sub(own)), vote.options);
  }
  return { sums, bonded: BigInt(bonded) };
}

/** Forgets what was counted; the votes themselves stay. A record for each validator at most. */
export function forgetCounts(ctx: Context, id: bigint, { snapshot }: Voting): void {
  tallies.remove(ctx, id);
  for (const { operator } of snapshotAt(ctx, snapshot).validators) deductions.remove(ctx, [id, operator]);
}

/** Yes, abstain, no, no with veto. */
export const isOption = (option: VoteOption): boolean => option >= VoteOption.VOTE_OPTION_YES && option <= VoteOption.VOTE_OPTION_NO_WITH_VETO;

/** Fails with gov 7. */
export function checkOption(vote: WeightedVoteOption): void {
  const weight = isOption(vote.option) ? readWeight(vote.weight) : undefined;
  if (weight === undefined || !weight.isPositive || weight.gt(Dec.one)) fail(errors.invalidVote, optionText(vote));
}

export function readWeight(text: string): Dec | undefined {
  return /^\d{1,20}(?:\.\d{1,18})?$/.test(text) ? Dec.parse(text) : undefined;
}

/** As Go writes it to JSON. */
const optionText = ({ option, weight }: WeightedVoteOption): string => `{${[...(option === 0 ? [] : [`"option":${option}`]), ...(weight === "" ? [] : [`"weight":${quote(weight.slice(0, 80))}`])].join(",")}}`;
export const optionsText = (options: readonly WeightedVoteOption[]): string => `[${options.map(optionText).join(",")}]`;

export const singleVote = (option: VoteOption): WeightedVoteOption[] => [{ option, weight: Dec.one.toString() }];

/** Generators of the module's messages. */
import { ProposalStatus, VoteOption, type Proposal } from "../../codec/gen/cosmos/gov/v1/gov.ts";
import { MsgExecLegacyContent, MsgUpdateParams, type MsgCancelProposal, type MsgDeposit, type MsgSubmitProposal, type MsgVote, type MsgVoteWeighted } from "../../codec/gen/cosmos/gov/v1/tx.ts";
import { TextProposal } from "../../codec/gen/cosmos/gov/v1beta1/gov.ts";
import { MsgSend } from "../../codec/gen/cosmos/bank/v1beta1/tx.ts";
import { authority } from "../../runtime/addresses.ts";
import { coinsText, toWire } from "../../runtime/coins.ts";
import { textUrl } from "./content.ts";
import { minDepositOf } from "./params.ts";
import { params, proposals } from "./state.ts";
import type { Any } from "../../codec/gen/google/protobuf/any.ts";
import type { Random, World } from "../../runtime/module.ts";

export function arbitraryText(random: Random): Any {
  return { typeUrl: textUrl, value: TextProposal.encode({ title: random.chance(5) ? "" : `title ${random.int(100)}`, description: "d".repeat(1 + random.int(50)) }).finish() };
}

/** What a proposal carries: nothing, a text, parameters, now and then what never runs or is refused. */
function arbitraryMessage({ ctx, accounts, random }: World): Any {
  const dice = random.int(10);
  if (dice < 3) return { typeUrl: `/${MsgExecLegacyContent.$type}`, value: MsgExecLegacyContent.encode({ content: arbitraryText(random), authority }).finish() };
  if (dice < 6) return { typeUrl: `/${MsgUpdateParams.$type}`, value: MsgUpdateParams.encode({ authority, params: params.get(ctx) }).finish() };
  const amount = toWire([{ denom: params.get(ctx).minDeposit[0]!.denom, amount: 1n + random.bigint(1_000n) }]);
  return { typeUrl: `/${MsgSend.$type}`, value: MsgSend.encode({ fromAddress: random.chance(90) ? authority : random.pick(accounts), toAddress: random.pick(accounts), amount }).finish() };
}

export function arbitraryProposal(world: World): MsgSubmitProposal {
  const { ctx, accounts, random } = world;
  const p = params.get(ctx);
  const expedited = random.chance(30);
  const least = minDepositOf(p, expedited);
  const share = random.pick([1n, 30n, 100n, 100n, 100n, 100n]);
  return {
    messages: random.chance(20) ? [] : Array.from({ length: 1 + random.int(2) }, () => arbitraryMessage(world)), initialDeposit: toWire(least.map((coin) => ({ ...coin, amount: (coin.amount * share + 99n) / 100n }))), proposer: random.pick(accounts),
    metadata: random.chance(80) ? "ipfs://CID" : "", title: `proposal ${random.int(1_000)}`, summary: random.chance(95) ? `why ${coinsText(least)}` : "", expedited,
  };
}

/** A proposal that is mostly of this status; undefined where there is none at all. */
export function arbitraryOpen({ ctx, random }: World, status: ProposalStatus): Proposal | undefined {
  const all = Array.from(proposals.entries(ctx), ([, proposal]) => proposal);
  const wanted = all.filter((proposal) => proposal.status === status);
  if (wanted.length > 0 && random.chance(95)) return random.pick(wanted);
  return all.length === 0 ? undefined : random.pick(all);
}

export function arbitraryDeposit(world: World): MsgDeposit | undefined {
  const { ctx, accounts, random } = world;
  const proposal = arbitraryOpen(world, random.chance(80) ? ProposalStatus.PROPOSAL_STATUS_DEPOSIT_PERIOD : ProposalStatus.PROPOSAL_STATUS_VOTING_PERIOD);
  if (proposal === undefined) return undefined;
  const least = minDepositOf(params.get(ctx), proposal.expedited);
  const share = random.pick([0n, 1n, 20n, 100n]);
  return { proposalId: proposal.id, depositor: random.pick(accounts), amount: toWire(least.map((coin) => ({ ...coin, amount: (coin.amount * share) / 100n }))) };
}

const options: readonly VoteOption[] = [VoteOption.VOTE_OPTION_YES, VoteOption.VOTE_OPTION_YES, VoteOption.VOTE_OPTION_YES, VoteOption.VOTE_OPTION_ABSTAIN, VoteOption.VOTE_OPTION_NO, VoteOption.VOTE_OPTION_NO_WITH_VETO];

export function arbitraryVote(world: World): MsgVote | undefined {
  const { accounts, random } = world;
  const proposal = arbitraryOpen(world, ProposalStatus.PROPOSAL_STATUS_VOTING_PERIOD);
  return proposal === undefined ? undefined : { proposalId: proposal.id, voter: random.pick(accounts), option: random.chance(97) ? random.pick(options) : VoteOption.VOTE_OPTION_UNSPECIFIED, metadata: "" };
}

export function arbitraryWeightedVote(world: World): MsgVoteWeighted | undefined {
  const cast = arbitraryVote(world);
  if (cast === undefined) return undefined;
  const tenths = 1 + world.random.int(9);
  const other = cast.option === VoteOption.VOTE_OPTION_NO ? VoteOption.VOTE_OPTION_YES : VoteOption.VOTE_OPTION_NO;
  const { proposalId, voter, metadata } = cast;
  return { proposalId, voter, metadata, options: [{ option: cast.option, weight: `0.${tenths}` }, { option: other, weight: `0.${world.random.chance(95) ? 10 - tenths : 9}` }] };
}

export function arbitraryCancel(world: World): MsgCancelProposal | undefined {
  const proposal = arbitraryOpen(world, world.random.chance(50) ? ProposalStatus.PROPOSAL_STATUS_DEPOSIT_PERIOD : ProposalStatus.PROPOSAL_STATUS_VOTING_PERIOD);
  if (proposal === undefined || world.random.chance(50)) return undefined;
  return { proposalId: proposal.id, proposer: world.random.chance(90) ? proposal.proposer : world.random.pick(world.accounts) };
}

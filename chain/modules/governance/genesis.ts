import { ProposalStatus, type Deposit, type Proposal, type Vote } from "../../codec/gen/cosmos/gov/v1/gov.ts";
import { GenesisState } from "../../codec/gen/cosmos/gov/v1/genesis.ts";
import { addressBytes } from "../../codec/address.ts";
import { addCoins, coinsText, fromWire, readCoins, sameCoins, type Money } from "../../runtime/coins.ts";
import { assert } from "../../runtime/errors.ts";
import { isShowable, nanosOf } from "../../runtime/time-text.ts";
import { hold } from "./deposits.ts";
import { account, moduleName, type GovernancePorts } from "./keeper.ts";
import { defaultParams, paramsFault } from "./params.ts";
import { leave, openVote } from "./proposals.ts";
import { takeSnapshot } from "./snapshots.ts";
import { constitution, deposits, held, inactiveQueue, leftovers, Leftover, nextId, params, proposals, voting } from "./state.ts";
import { castVote, votesOf } from "./votes.ts";
import type { Context } from "../../runtime/context.ts";
import type { Genesis } from "../../runtime/module.ts";
import type { Timestamp } from "../../codec/gen/google/protobuf/timestamp.ts";

const mostConstitution = 100_000;

export function governanceGenesis(ports: GovernancePorts): Genesis<GenesisState> {
  return {
    type: GenesisState,
    defaults: () => GenesisState.fromPartial({ startingProposalId: 1n, params: defaultParams() }),

    check(state) {
      const fault = state.params === undefined ? "params are missing" : paramsFault(state.params);
      assert(fault === undefined, `gov.params: ${fault ?? ""}`);
      assert(state.startingProposalId > 0n, "starting proposal id must be greater than 0");
      assert(state.constitution.length <= mostConstitution, `gov.constitution: at most ${mostConstitution} characters`);
      const known = new Map<bigint, Proposal>();
      for (const proposal of state.proposals) {
        assert(!known.has(proposal.id), `duplicate proposal id: ${proposal.id}`);
        checkProposal(proposal, state.startingProposalId);
        known.set(proposal.id, proposal);
      }
      checkDeposits(state.deposits, state.proposals);
      checkVotes(state.votes, known);
    },

    init(ctx, state) {
      params.set(ctx, state.params!);
      nextId.set(ctx, state.startingProposalId);
      if (state.constitution !== "") constitution.set(ctx, state.constitution);
      for (const proposal of state.proposals) begin(ports, ctx, proposal);
      for (const deposit of state.deposits) {
        deposits.set(ctx, [deposit.proposalId, addressBytes(deposit.depositor)], deposit);
        hold(ctx, fromWire(deposit.amount));
        if (!isOpen(proposals.find(ctx, deposit.proposalId))) leave(ctx, deposit.proposalId, Leftover.refunds);
      }
      for (const { proposalId, voter, options, metadata } of state.votes) castVote(ports, ctx, proposalId, addressBytes(voter), options, metadata, "import");
      ports.accounts.moduleAccount(ctx, moduleName);
      for (const [denom, due] of held.entries(ctx)) {
        const balance = ports.bank.balance(ctx, account, denom);
        assert(balance >= due, `expected module account was ${coinsText([{ denom, amount: balance }])} but we got ${coinsText([{ denom, amount: due }])}`);
      }
    },

    export: (ctx) => GenesisState.fromPartial({
      startingProposalId: nextId.get(ctx),
      deposits: Array.from(deposits.entries(ctx), ([, deposit]) => deposit).filter(({ proposalId }) => !leftovers.has(ctx, [proposalId, Leftover.burned])),
      votes: Array.from(voting.entries(ctx)).flatMap(([id, { expedited }]) => Array.from(votesOf(expedited).entries(ctx, { within: voting.key.encode(id) }), ([, vote]) => vote)),
      proposals: Array.from(proposals.entries(ctx), ([, proposal]) => proposal),
      params: params.get(ctx),
      constitution: constitution.find(ctx) ?? "",
    }),
  };
}

/** Votes count by the stake of the new chain's beginning: it is another chain, and its stake may have been changed with it. */
function begin({ staking }: GovernancePorts, ctx: Context, proposal: Proposal): void {
  proposals.set(ctx, proposal.id, proposal);
  if (proposal.status === ProposalStatus.PROPOSAL_STATUS_DEPOSIT_PERIOD) inactiveQueue.set(ctx, [nanosOf(proposal.depositEndTime!), proposal.id], true);
  if (proposal.status === ProposalStatus.PROPOSAL_STATUS_VOTING_PERIOD) openVote(ctx, proposal, nanosOf(proposal.votingEndTime!), takeSnapshot(ctx, staking));
}

const isOpen = (proposal: Proposal | undefined): boolean => proposal?.status === ProposalStatus.PROPOSAL_STATUS_DEPOSIT_PERIOD || proposal?.status === ProposalStatus.PROPOSAL_STATUS_VOTING_PERIOD;

function checkProposal({ id, status, depositEndTime, votingEndTime, votingStartTime, submitTime }: Proposal, next: bigint): void {
  assert(id > 0n && id < next, `gov.proposals: ${id}: ids are 1 to starting_proposal_id - 1`);
  assert(status >= ProposalStatus.PROPOSAL_STATUS_DEPOSIT_PERIOD && status <= ProposalStatus.PROPOSAL_STATUS_FAILED, `gov.proposals: ${id}: no status`);
  checkTime(id, "deposit_end_time", depositEndTime);
  checkTime(id, "submit_time", submitTime);
  if (status !== ProposalStatus.PROPOSAL_STATUS_VOTING_PERIOD) return;
  checkTime(id, "voting_start_time", votingStartTime);
  checkTime(id, "voting_end_time", votingEndTime);
}

/** Queues order times from 1970 on. */
function checkTime(id: bigint, field: string, time: Timestamp | undefined): void {
  assert(time !== undefined && isShowable(time) && time.seconds >= 0n, `gov.proposals: ${id}: ${field} is no time from 1970 on`);
}

function checkDeposits(all: readonly Deposit[], known: readonly Proposal[]): void {
  const sums = new Map<bigint, Money[]>();
  const seen = new Set<string>();
  for (const { proposalId, depositor, amount } of all) {
    addressBytes(depositor);
    const name = `${proposalId} ${depositor}`;
    assert(!seen.has(name), `duplicate deposit: ${name}`);
    seen.add(name);
    const coins = readCoins(amount);
    assert(typeof coins !== "string", `gov.deposits: ${name}: ${String(coins)}`);
    sums.set(proposalId, addCoins(sums.get(proposalId) ?? [], coins));
  }
  for (const proposal of known) {
    const { id } = proposal;
    const total = readCoins(proposal.totalDeposit);
    assert(!isOpen(proposal) || (typeof total !== "string" && sameCoins(total, sums.get(id) ?? [])), `gov.proposals: ${id}: total_deposit is not the sum of its deposits`);
  }
}

function checkVotes(all: readonly Vote[], known: ReadonlyMap<bigint, Proposal>): void {
  const seen = new Set<string>();
  for (const { proposalId, voter } of all) {
    addressBytes(voter);
    const name = `${proposalId} ${voter}`;
    assert(!seen.has(name), `duplicate vote: ${name}`);
    seen.add(name);
    assert(known.get(proposalId)?.status === ProposalStatus.PROPOSAL_STATUS_VOTING_PERIOD, `gov.votes: ${name}: the proposal takes no votes`);
  }
}

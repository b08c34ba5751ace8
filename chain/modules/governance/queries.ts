/** cosmos.gov.v1.Query. */
import { ProposalStatus, type Deposit, type Proposal, type TallyResult, type Vote } from "../../codec/gen/cosmos/gov/v1/gov.ts";
import { QueryDefinition, type QueryParamsResponse, type QueryProposalsRequest } from "../../codec/gen/cosmos/gov/v1/query.ts";
import type { PageRequest } from "../../codec/gen/cosmos/base/query/v1beta1/pagination.ts";
import { queryAddress } from "../../runtime/addresses.ts";
import { uint64Key } from "../../runtime/collections.ts";
import { QueryError } from "../../runtime/errors.ts";
import { queryService, type BoundQuery } from "../../runtime/module.ts";
import { paginate, type Page } from "../../runtime/queries.ts";
import { emptyResult, resultOf } from "./tally.ts";
import { constitution, deposits, leftovers, Leftover, params, proposals, votes, voting } from "./state.ts";
import { countVotes, votesOf } from "./votes.ts";
import type { Context } from "../../runtime/context.ts";

export const governanceQueries: BoundQuery[] = queryService(QueryDefinition, {
  constitution: (ctx) => ({ constitution: constitution.find(ctx) ?? "" }),
  proposal: (ctx, { proposalId }) => ({ proposal: proposalAt(ctx, proposalId) }),
  proposals(ctx, request) {
    const { items, pagination } = proposalPage(ctx, request);
    return { proposals: items, pagination };
  },
  vote: (ctx, { proposalId, voter }) => ({ vote: voteAt(ctx, proposalId, voter) }),
  votes(ctx, { proposalId, pagination: page }) {
    const { items, pagination } = votePage(ctx, proposalId, page);
    return { votes: items, pagination };
  },
  params: (ctx, { paramsType }) => paramsOf(ctx, paramsType),
  deposit: (ctx, { proposalId, depositor }) => ({ deposit: depositAt(ctx, proposalId, depositor) }),
  deposits(ctx, { proposalId, pagination: page }) {
    const { items, pagination } = depositPage(ctx, proposalId, page);
    return { deposits: items, pagination };
  },
  tallyResult: (ctx, { proposalId }) => ({ tally: tallyAt(ctx, proposalId) }),
});

function requireId(id: bigint): void {
  if (id === 0n) throw new QueryError("InvalidArgument", "proposal id can not be 0");
}

export function proposalAt(ctx: Context, id: bigint): Proposal {
  requireId(id);
  const proposal = proposals.find(ctx, id);
  if (proposal === undefined) throw new QueryError("NotFound", `proposal ${id} doesn't exist`);
  return proposal;
}

/** Filters by voter and depositor know what proposals still keep: votes go when a proposal is decided, deposits when they are paid back. */
export function proposalPage(ctx: Context, { proposalStatus, voter, depositor, pagination }: QueryProposalsRequest): Page<Proposal> {
  const voted = voter === "" ? undefined : queryAddress(voter);
  const paid = depositor === "" ? undefined : queryAddress(depositor);
  const known = proposalStatus >= ProposalStatus.PROPOSAL_STATUS_DEPOSIT_PERIOD && proposalStatus <= ProposalStatus.PROPOSAL_STATUS_FAILED;
  return paginate(ctx, proposals, pagination, (id, proposal) => {
    if (known && proposal.status !== proposalStatus) return undefined;
    if (voted !== undefined && voteOf(ctx, id, voted) === undefined) return undefined;
    return paid !== undefined && depositOf(ctx, id, paid) === undefined ? undefined : proposal;
  });
}

function voteOf(ctx: Context, id: bigint, voter: Uint8Array): Vote | undefined {
  const open = voting.find(ctx, id);
  return open === undefined ? undefined : votesOf(open.expedited).find(ctx, [id, voter]);
}

const depositOf = (ctx: Context, id: bigint, depositor: Uint8Array): Deposit | undefined => (leftovers.has(ctx, [id, Leftover.burned]) ? undefined : deposits.find(ctx, [id, depositor]));

export function voteAt(ctx: Context, id: bigint, voter: string): Vote {
  requireId(id);
  if (voter === "") throw new QueryError("InvalidArgument", "empty voter address");
  const vote = voteOf(ctx, id, queryAddress(voter));
  if (vote === undefined) throw new QueryError("InvalidArgument", `voter: ${voter} not found for proposal: ${id}`);
  return vote;
}

export function votePage(ctx: Context, id: bigint, page: PageRequest | undefined): Page<Vote> {
  requireId(id);
  const open = voting.find(ctx, id);
  if (open === undefined) return nothing();
  return paginate(ctx, open.expedited ? votesOf(true) : votes, page, (_, vote) => vote, uint64Key.encode(id));
}

const nothing = <T>(): Page<T> => ({ items: [], pagination: { nextKey: new Uint8Array(0), total: 0n } });

/** The old names of three groups of parameters come beside all of them. */
export function paramsOf(ctx: Context, type: string): QueryParamsResponse {
  const all = params.get(ctx);
  const out: QueryParamsResponse = { params: all, votingParams: undefined, depositParams: undefined, tallyParams: undefined };
  if (type === "") return out;
  if (type === "deposit") return { ...out, depositParams: { minDeposit: all.minDeposit, maxDepositPeriod: all.maxDepositPeriod } };
  if (type === "voting") return { ...out, votingParams: { votingPeriod: all.votingPeriod } };
  if (type === "tallying") return { ...out, tallyParams: { quorum: all.quorum, threshold: all.threshold, vetoThreshold: all.vetoThreshold } };
  throw new QueryError("InvalidArgument", `unknown params type: ${type.slice(0, 80)}`);
}

export function depositAt(ctx: Context, id: bigint, depositor: string): Deposit {
  requireId(id);
  if (depositor === "") throw new QueryError("InvalidArgument", "empty depositor address");
  const deposit = depositOf(ctx, id, queryAddress(depositor));
  if (deposit === undefined) throw new QueryError("InvalidArgument", `depositer: ${depositor} not found for proposal: ${id}`);
  return deposit;
}

export function depositPage(ctx: Context, id: bigint, page: PageRequest | undefined): Page<Deposit> {
  requireId(id);
  return leftovers.has(ctx, [id, Leftover.burned]) ? nothing() : paginate(ctx, deposits, page, (_, deposit) => deposit, uint64Key.encode(id));
}

export function tallyAt(ctx: Context, id: bigint): TallyResult {
  const proposal = proposalAt(ctx, id);
  const open = voting.find(ctx, id);
  if (open !== undefined) return resultOf(countVotes(ctx, id, open).sums);
  return proposal.status === ProposalStatus.PROPOSAL_STATUS_DEPOSIT_PERIOD ? emptyResult() : proposal.finalTallyResult!;
}

/** cosmos.gov.v1beta1.Query: the same answers in older words. */
import type { Deposit, Proposal, TallyResult, Vote } from "../../codec/gen/cosmos/gov/v1/gov.ts";
import { MsgExecLegacyContent } from "../../codec/gen/cosmos/gov/v1/tx.ts";
import { VoteOption as LegacyOption, type Deposit as LegacyDeposit, type Proposal as LegacyProposal, type TallyResult as LegacyTally, type Vote as LegacyVote } from "../../codec/gen/cosmos/gov/v1beta1/gov.ts";
import { QueryDefinition } from "../../codec/gen/cosmos/gov/v1beta1/query.ts";
import { utf8 } from "../../codec/bytes.ts";
import { Dec } from "../../math/dec.ts";
import { QueryError } from "../../runtime/errors.ts";
import { queryService, type BoundQuery } from "../../runtime/module.ts";
import { depositAt, depositPage, paramsOf, proposalAt, proposalPage, tallyAt, voteAt, votePage } from "./queries.ts";
import type { Any } from "../../codec/gen/google/protobuf/any.ts";

export const legacyQueries: BoundQuery[] = queryService(QueryDefinition, {
  proposal: (ctx, { proposalId }) => ({ proposal: oldProposal(proposalAt(ctx, proposalId)) }),
  proposals(ctx, request) {
    const { items, pagination } = proposalPage(ctx, request);
    return { proposals: items.map(oldProposal), pagination };
  },
  vote: (ctx, { proposalId, voter }) => ({ vote: oldVote(voteAt(ctx, proposalId, voter)) }),
  votes(ctx, { proposalId, pagination: page }) {
    const { items, pagination } = votePage(ctx, proposalId, page);
    return { votes: items.map(oldVote), pagination };
  },
  params(ctx, { paramsType }) {
    const { depositParams, votingParams, tallyParams } = paramsType === "" ? { depositParams: undefined, votingParams: undefined, tallyParams: undefined } : paramsOf(ctx, paramsType);
    if (depositParams === undefined && votingParams === undefined && tallyParams === undefined) throw new QueryError("InvalidArgument", `${paramsType} is not a valid parameter type`);
    const decimal = (text: string | undefined): Uint8Array => utf8(text === undefined ? "0" : Dec.parse(text).toProto());
    return {
      depositParams: { minDeposit: depositParams?.minDeposit ?? [], maxDepositPeriod: depositParams?.maxDepositPeriod ?? { seconds: 0n, nanos: 0 } },
      votingParams: { votingPeriod: votingParams?.votingPeriod ?? { seconds: 0n, nanos: 0 } },
      tallyParams: { quorum: decimal(tallyParams?.quorum), threshold: decimal(tallyParams?.threshold), vetoThreshold: decimal(tallyParams?.vetoThreshold) },
    };
  },
  deposit: (ctx, { proposalId, depositor }) => ({ deposit: oldDeposit(depositAt(ctx, proposalId, depositor)) }),
  deposits(ctx, { proposalId, pagination: page }) {
    const { items, pagination } = depositPage(ctx, proposalId, page);
    return { deposits: items.map(oldDeposit), pagination };
  },
  tallyResult: (ctx, { proposalId }) => ({ tally: oldTally(tallyAt(ctx, proposalId)) }),
});

/** Throws Unknown, as the SDK, where the proposal carries no or several messages. */
function oldProposal({ id, messages, status, finalTallyResult, submitTime, depositEndTime, totalDeposit, votingStartTime, votingEndTime }: Proposal): LegacyProposal {
  if (messages.length !== 1) throw new QueryError("Unknown", "can't convert a gov/v1 Proposal to gov/v1beta1 Proposal when amount of proposal messages not exactly one: invalid type");
  const never = { seconds: -62_135_596_800n, nanos: 0 };
  return {
    proposalId: id, content: contentOf(messages[0]!), status: status, finalTallyResult: oldTally(finalTallyResult!), submitTime, depositEndTime, totalDeposit,
    votingStartTime: votingStartTime ?? never, votingEndTime: votingEndTime ?? never,
  };
}

/** A text comes as it was proposed; another message stands where the content was, so that older clients show something. */
function contentOf(message: Any): Any {
  return message.typeUrl === `/${MsgExecLegacyContent.$type}` ? MsgExecLegacyContent.decode(message.value).content! : message;
}

function oldVote({ proposalId, voter, options }: Vote): LegacyVote {
  const single = options.length === 1 && Dec.parse(options[0]!.weight).eq(Dec.one) ? options[0]!.option : LegacyOption.VOTE_OPTION_UNSPECIFIED;
  return { proposalId, voter, option: single, options: options.map(({ option, weight }) => ({ option, weight: Dec.parse(weight).toProto() })) };
}

const oldDeposit = ({ proposalId, depositor, amount }: Deposit): LegacyDeposit => ({ proposalId, depositor, amount });
const oldTally = ({ yesCount, abstainCount, noCount, noWithVetoCount }: TallyResult): LegacyTally => ({ yes: yesCount, abstain: abstainCount, no: noCount, noWithVeto: noWithVetoCount });

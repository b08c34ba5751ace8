/** dcmd query gov: what governance's state says. */
import { PageRequest } from "../../codec/gen/cosmos/base/query/v1beta1/pagination.ts";
import { ProposalStatus, VoteOption, type Proposal } from "../../codec/gen/cosmos/gov/v1/gov.ts";
import {
  QueryDepositsRequest, QueryDepositsResponse, QueryParamsRequest, QueryParamsResponse, QueryProposalRequest, QueryProposalResponse, QueryProposalsRequest, QueryProposalsResponse, QueryTallyResultRequest, QueryTallyResultResponse,
  QueryVotesRequest, QueryVotesResponse,
} from "../../codec/gen/cosmos/gov/v1/query.ts";
import { toJson } from "../../codec/proto-json.ts";
import { coinsText } from "../../runtime/coins.ts";
import { rfc3339Text, nanosOf } from "../../runtime/time-text.ts";
import { CliError, columns, exitCodes, print, toJsonText, type Io } from "./io.ts";
import { get as query, limitOf, type PageOptions, type QueryOptions } from "./ask.ts";
import { proposalIdOf } from "./tx-gov.ts";
import type { Globals } from "./program.ts";

export async function params(io: Io, globals: Globals, options: QueryOptions): Promise<void> {
  const bytes = await get(globals, options, "Params", QueryParamsRequest.encode({ paramsType: "" }).finish());
  const json = toJson(QueryParamsResponse.$type, bytes) as { params: Record<string, unknown> };
  print(io, globals.format, json, columns(Object.entries(json.params).map(([name, value]) => [name, typeof value === "string" ? value : toJsonText(value)])));
}

export async function proposals(io: Io, globals: Globals, options: PageOptions & { readonly status?: string | undefined }): Promise<void> {
  const request = { proposalStatus: statusOf(options.status), voter: "", depositor: "", pagination: page(options, true) };
  const bytes = await get(globals, options, "Proposals", QueryProposalsRequest.encode(request).finish());
  const rows = QueryProposalsResponse.decode(bytes).proposals.map((one) => [one.id.toString(), statusName(one), endOf(one), one.title]);
  print(io, globals.format, toJson(QueryProposalsResponse.$type, bytes), rows.length === 0 ? "no proposals" : columns(rows));
}

export async function proposal(io: Io, globals: Globals, id: string, options: QueryOptions): Promise<void> {
  const bytes = await get(globals, options, "Proposal", QueryProposalRequest.encode({ proposalId: proposalIdOf(id) }).finish());
  const found = QueryProposalResponse.decode(bytes).proposal!;
  const json = toJson(QueryProposalResponse.$type, bytes) as { proposal: { messages: unknown[] } };
  const rows = [
    ["id", found.id.toString()], ["status", statusName(found)], ["until", endOf(found)], ["title", found.title], ["summary", found.summary], ["proposer", found.proposer], ["deposit", coinsText(found.totalDeposit)],
    ...(found.failedReason === "" ? [] : [["reason", found.failedReason]]), ...json.proposal.messages.map((message) => ["message", toJsonText(message)]),
  ];
  print(io, globals.format, json, columns(rows));
}

export async function tally(io: Io, globals: Globals, id: string, options: QueryOptions): Promise<void> {
  const bytes = await get(globals, options, "TallyResult", QueryTallyResultRequest.encode({ proposalId: proposalIdOf(id) }).finish());
  const { yesCount, abstainCount, noCount, noWithVetoCount } = QueryTallyResultResponse.decode(bytes).tally!;
  print(io, globals.format, toJson(QueryTallyResultResponse.$type, bytes), columns([["yes", yesCount], ["abstain", abstainCount], ["no", noCount], ["no with veto", noWithVetoCount]]));
}

export async function votes(io: Io, globals: Globals, id: string, options: PageOptions): Promise<void> {
  const bytes = await get(globals, options, "Votes", QueryVotesRequest.encode({ proposalId: proposalIdOf(id), pagination: page(options) }).finish());
  const rows = QueryVotesResponse.decode(bytes).votes.map((vote) => [vote.voter, vote.options.map(({ option, weight }) => `${optionName(option)} ${weight}`).join(", ")]);
  print(io, globals.format, toJson(QueryVotesResponse.$type, bytes), rows.length === 0 ? "no votes are open to be seen" : columns(rows));
}

export async function deposits(io: Io, globals: Globals, id: string, options: PageOptions): Promise<void> {
  const bytes = await get(globals, options, "Deposits", QueryDepositsRequest.encode({ proposalId: proposalIdOf(id), pagination: page(options) }).finish());
  const rows = QueryDepositsResponse.decode(bytes).deposits.map(({ depositor, amount }) => [depositor, coinsText(amount)]);
  print(io, globals.format, toJson(QueryDepositsResponse.$type, bytes), rows.length === 0 ? "no deposits" : columns(rows));
}

const page = (options: PageOptions, reverse = false): PageRequest => PageRequest.fromPartial({ limit: limitOf(options), reverse });

const statuses = Object.entries(ProposalStatus).filter((entry): entry is [string, ProposalStatus] => typeof entry[1] === "number").map(([name, value]) => [name.slice("PROPOSAL_STATUS_".length).toLowerCase(), value] as const);

function statusOf(text: string | undefined): ProposalStatus {
  const found = statuses.find(([name]) => name === (text ?? "unspecified").toLowerCase().replaceAll("-", "_"));
  if (found === undefined) throw new CliError(`"${text!.slice(0, 40)}" is no status: deposit_period, voting_period, passed, rejected or failed`, { exitCode: exitCodes.usage });
  return found[1];
}

const statusName = ({ status }: Proposal): string => statuses.find(([, value]) => value === status)?.[0] ?? String(status);
const optionName = (option: VoteOption): string => Object.entries(VoteOption).find(([, value]) => value === option)?.[0].slice("VOTE_OPTION_".length).toLowerCase() ?? String(option);

function endOf({ votingEndTime, depositEndTime }: Proposal): string {
  const end = votingEndTime ?? depositEndTime;
  return end === undefined ? "" : rfc3339Text(nanosOf(end));
}

const get = (globals: Globals, options: QueryOptions, method: string, data: Uint8Array): Promise<Uint8Array> => query(globals, options, `/cosmos.gov.v1.Query/${method}`, data);

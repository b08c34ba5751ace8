/** dcmd query dispute: cases, their juries and what they were shown. */
import { PageRequest } from "../../codec/gen/cosmos/base/query/v1beta1/pagination.ts";
import {
  QueryCaseRequest, QueryCaseResponse, QueryCasesRequest, QueryCasesResponse, QueryEvidenceRequest, QueryEvidenceResponse, QueryParamsRequest, QueryParamsResponse, QuerySeatsRequest, QuerySeatsResponse,
} from "../../codec/gen/dcm/dispute/v1/query.ts";
import { QueryHoldsRequest, QueryHoldsResponse } from "../../codec/gen/dcm/market/v1/query.ts";
import { CaseState, CloseReason, Verdict, type Case } from "../../codec/gen/dcm/dispute/v1/types.ts";
import { toHex } from "../../codec/bytes.ts";
import { toJson } from "../../codec/proto-json.ts";
import { CliError, columns, exitCodes, print, toJsonText, type Io } from "./io.ts";
import { ask, get, limitOf, tauOf, untilText, withNode, type PageOptions, type QueryOptions, type Tau } from "./ask.ts";
import { idOf } from "./tx-dispute.ts";
import type { Globals } from "./program.ts";

const path = (method: string): string => `/dcm.dispute.v1.Query/${method}`;

export async function params(io: Io, globals: Globals, options: QueryOptions): Promise<void> {
  const json = toJson(QueryParamsResponse.$type, await get(globals, options, path("Params"), QueryParamsRequest.encode({}).finish())) as { params: Record<string, unknown> };
  print(io, globals.format, json, columns(Object.entries(json.params).map(([name, value]) => [name, typeof value === "string" ? value : toJsonText(value)])));
}

export interface CasesOptions extends PageOptions {
  readonly party?: string | undefined;
  readonly state?: string | undefined;
}

export function cases(io: Io, globals: Globals, options: CasesOptions): Promise<void> {
  const request = { party: options.party ?? "", state: stateOf(options.state), pagination: PageRequest.fromPartial({ limit: limitOf(options) }) };
  return withNode(globals, options, async (rpc) => {
    const bytes = await ask(rpc, path("Cases"), QueryCasesRequest.encode(request).finish());
    const now = await tauOf(rpc);
    const rows = QueryCasesResponse.decode(bytes).cases.map((one) => [one.id.toString(), stateName(one.state), aboutText(one), `${one.amount}${one.denom}`, untilOf(one, now)]);
    print(io, globals.format, toJson(QueryCasesResponse.$type, bytes), rows.length === 0 ? "no cases" : columns(rows));
  });
}

export function oneCase(io: Io, globals: Globals, id: string, options: QueryOptions): Promise<void> {
  const caseId = idOf("the case", id);
  return withNode(globals, options, async (rpc) => {
    const bytes = await ask(rpc, path("Case"), QueryCaseRequest.encode({ caseId }).finish());
    const one = QueryCaseResponse.decode(bytes).case!;
    const now = await tauOf(rpc);
    const rounds = one.rounds.map(({ seats, committed, revealed, forConsumer, forProvider, outcome, fee, payer }, i) => [
      `round ${i}`, seats === 0 ? `a vote of everybody, outcome ${verdictName(outcome)}; fee ${fee} of ${payer}` : `${seats} seats, ${committed} committed, ${revealed} open: ${forConsumer} for the consumer, ${forProvider} for the provider; outcome ${verdictName(outcome)}; fee ${fee} of ${payer}`,
    ]);
    const ended = one.state === CaseState.CASE_STATE_CLOSED ? [["verdict", `${verdictName(one.verdict)}, by ${reasonName(one.closeReason)}: ${one.providerShareBps} of 10,000 to the provider`]] : [];
    print(io, globals.format, toJson(QueryCaseResponse.$type, bytes), columns([
      ["case", one.id.toString()], ["about", aboutText(one)], ["held", `${one.amount}${one.denom}`], ["claim", one.claim], ["consumer", one.consumer], ["opened by", one.opener], ["payer", one.payer],
      ...one.providers.map((provider) => ["provider", provider]), ["state", stateName(one.state)], ["until", untilOf(one, now)], ["next", nextOf(one)], ...rounds, ...ended, ["evidence", `${one.evidence} pieces`],
    ]));
  });
}

/** What can still be disputed of a job or service, or waits for its case. */
export function holds(io: Io, globals: Globals, id: string, options: PageOptions): Promise<void> {
  const request = { jobId: idOf("the job or service", id), pagination: PageRequest.fromPartial({ limit: limitOf(options) }) };
  return withNode(globals, options, async (rpc) => {
    const bytes = await ask(rpc, "/dcm.market.v1.Query/Holds", QueryHoldsRequest.encode(request).finish());
    const now = await tauOf(rpc);
    const rows = QueryHoldsResponse.decode(bytes).holds.map((hold) => {
      const amount = hold.payments.reduce((sum, one) => sum + BigInt(one.amount), BigInt(hold.fee));
      return [aboutText(hold), `${amount} held`, hold.payments.map(({ provider }) => provider).join(","), hold.caseId === 0n ? `a case can be opened until ${untilText(hold.dueTau, now)}` : `waits for case ${hold.caseId}`];
    });
    print(io, globals.format, toJson(QueryHoldsResponse.$type, bytes), rows.length === 0 ? "nothing is held" : columns(rows));
  });
}

export async function seats(io: Io, globals: Globals, id: string, options: PageOptions): Promise<void> {
  const bytes = await get(globals, options, path("Seats"), QuerySeatsRequest.encode({ caseId: idOf("the case", id), pagination: PageRequest.fromPartial({ limit: limitOf(options) }) }).finish());
  const rows = QuerySeatsResponse.decode(bytes).seats.map(({ round, juror, commitment, vote, reward, slashed }) => [`round ${round}`, juror, vote !== Verdict.VERDICT_UNSPECIFIED ? verdictName(vote) : commitment.length > 0 ? "committed" : "no vote", `reward ${reward}`, `lost ${slashed}`]);
  print(io, globals.format, toJson(QuerySeatsResponse.$type, bytes), rows.length === 0 ? "no jury was drawn yet" : columns(rows));
}

export async function evidence(io: Io, globals: Globals, id: string, options: PageOptions): Promise<void> {
  const bytes = await get(globals, options, path("Evidence"), QueryEvidenceRequest.encode({ caseId: idOf("the case", id), pagination: PageRequest.fromPartial({ limit: limitOf(options) }) }).finish());
  const rows = QueryEvidenceResponse.decode(bytes).evidence.map(({ number, party, hash, url }) => [String(number), party, `sha256:${toHex(hash)}`, url]);
  print(io, globals.format, toJson(QueryEvidenceResponse.$type, bytes), rows.length === 0 ? "no evidence" : columns(rows));
}

const nameIn = (type: Readonly<Record<string, unknown>>, prefix: string) => (value: number): string => Object.entries(type).find(([, known]) => known === value)?.[0].slice(prefix.length).toLowerCase() ?? String(value);
export const stateName = nameIn(CaseState, "CASE_STATE_");
const reasonName = nameIn(CloseReason, "CLOSE_REASON_");
export const verdictName = (value: Verdict): string => (value === Verdict.VERDICT_UNSPECIFIED ? "none yet" : value === Verdict.VERDICT_NONE ? "none" : nameIn(Verdict, "VERDICT_")(value));

function stateOf(text: string | undefined): CaseState {
  if (text === undefined) return CaseState.CASE_STATE_UNSPECIFIED;
  const found = Object.values(CaseState).find((value): value is CaseState => typeof value === "number" && value > 0 && stateName(value) === text.toLowerCase());
  if (found === undefined) throw new CliError(`"${text.slice(0, 40)}" is no state: evidence, drawing, commit, reveal, appeal, vote or closed`, { exitCode: exitCodes.usage });
  return found;
}

/** What is held. */
export const aboutText = ({ taskId, instanceId, period }: Pick<Case, "taskId" | "instanceId" | "period">): string => (instanceId === 0n ? `task ${taskId}` : `instance ${instanceId}, period ${period}`);

export const untilOf = ({ state, dueTau }: Case, now: Tau): string => (state === CaseState.CASE_STATE_CLOSED ? "closed" : untilText(dueTau, now));

/** What the state waits for. */
function nextOf({ id, state }: Case): string {
  switch (state) {
    case CaseState.CASE_STATE_EVIDENCE:
      return `parties show evidence: dcmd tx dispute evidence ${id}`;
    case CaseState.CASE_STATE_DRAWING:
      return "a jury is drawn";
    case CaseState.CASE_STATE_COMMIT:
      return `jurors commit to their votes: dcmd tx dispute commit ${id} consumer|provider`;
    case CaseState.CASE_STATE_REVEAL:
      return `jurors open their votes: dcmd tx dispute reveal ${id}`;
    case CaseState.CASE_STATE_APPEAL:
      return `who lost may appeal: dcmd tx dispute appeal ${id}`;
    case CaseState.CASE_STATE_VOTE:
      return "a proposal with MsgDecideCase decides it: dcmd tx gov submit-proposal";
    default:
      return "nothing";
  }
}

/** dcmd query juror: who judges, with what bond; and what a juror has to do next, until when. */
import { PageRequest } from "../../codec/gen/cosmos/base/query/v1beta1/pagination.ts";
import { QueryCaseRequest, QueryCaseResponse, QueryJurorSeatsRequest, QueryJurorSeatsResponse } from "../../codec/gen/dcm/dispute/v1/query.ts";
import { CaseState, Verdict, type Case, type Seat } from "../../codec/gen/dcm/dispute/v1/types.ts";
import { QueryJurorRequest, QueryJurorResponse, QueryJurorsRequest, QueryJurorsResponse, QueryParamsRequest, QueryParamsResponse, QueryUnbondingsRequest, QueryUnbondingsResponse } from "../../codec/gen/dcm/juror/v1/query.ts";
import { isAddress } from "../../codec/address.ts";
import { toJson } from "../../codec/proto-json.ts";
import { Input, openKeyring, type KeyringOptions } from "./common.ts";
import { columns, print, toJsonText, type Io } from "./io.ts";
import { aboutText, stateName, untilOf, verdictName } from "./query-dispute.ts";
import { ask, dateOf, get, limitOf, tauOf, untilText, withNode, type PageOptions, type QueryOptions } from "./ask.ts";
import type { Globals } from "./program.ts";

const path = (method: string): string => `/dcm.juror.v1.Query/${method}`;

export async function params(io: Io, globals: Globals, options: QueryOptions): Promise<void> {
  const json = toJson(QueryParamsResponse.$type, await get(globals, options, path("Params"), QueryParamsRequest.encode({}).finish())) as { params: Record<string, unknown> };
  print(io, globals.format, json, columns(Object.entries(json.params).map(([name, value]) => [name, typeof value === "string" ? value : toJsonText(value)])));
}

export async function list(io: Io, globals: Globals, options: PageOptions & { readonly active?: true | undefined }): Promise<void> {
  const bytes = await get(globals, options, path("Jurors"), QueryJurorsRequest.encode({ activeOnly: options.active === true, pagination: PageRequest.fromPartial({ limit: limitOf(options) }) }).finish());
  const rows = QueryJurorsResponse.decode(bytes).jurors.map(({ juror, profile, bond, free, active }) => [juror, active ? "active" : "not active", `bond ${bond!.total}`, `free ${free}`, profile!.moniker]);
  print(io, globals.format, toJson(QueryJurorsResponse.$type, bytes), rows.length === 0 ? "no jurors" : columns(rows));
}

export async function show(io: Io, globals: Globals, juror: string, options: QueryOptions & KeyringOptions): Promise<void> {
  const bytes = await get(globals, options, path("Juror"), QueryJurorRequest.encode({ juror: addressOf(io, globals, juror, options) }).finish());
  const { juror: address, profile, bond, free, active } = QueryJurorResponse.decode(bytes).juror!;
  print(io, globals.format, toJson(QueryJurorResponse.$type, bytes), columns([
    ["juror", address], ["moniker", profile!.moniker], ["url", profile!.url], ["active", active ? "yes" : bond!.retiring ? "no, it retires" : "no, its bond is below the least"], ["bond", bond!.total], ["free", free],
    ["in seats", bond!.locked], ["unbonding", bond!.unbonding],
  ]));
}

export function unbondings(io: Io, globals: Globals, juror: string, options: PageOptions & KeyringOptions): Promise<void> {
  const address = addressOf(io, globals, juror, options);
  return withNode(globals, options, async (rpc) => {
    const bytes = await ask(rpc, path("Unbondings"), QueryUnbondingsRequest.encode({ juror: address, pagination: PageRequest.fromPartial({ limit: limitOf(options) }) }).finish());
    const now = await tauOf(rpc);
    const rows = QueryUnbondingsResponse.decode(bytes).unbondings.map(({ amount, dueTauMs }) => [amount, untilText(dueTauMs, now)]);
    print(io, globals.format, toJson(QueryUnbondingsResponse.$type, bytes), rows.length === 0 ? "nothing unbonds" : columns(rows));
  });
}

/** Seats of the juror, what is due next first. */
export function seats(io: Io, globals: Globals, juror: string, options: PageOptions & KeyringOptions & { readonly all?: true | undefined }): Promise<void> {
  const address = addressOf(io, globals, juror, options);
  return withNode(globals, options, async (rpc) => {
    const request = { juror: address, pagination: PageRequest.fromPartial({ limit: limitOf(options) }) };
    const found = QueryJurorSeatsResponse.decode(await ask(rpc, "/dcm.dispute.v1.Query/JurorSeats", QueryJurorSeatsRequest.encode(request).finish())).seats;
    const now = await tauOf(rpc);
    const known: { readonly seat: Seat; readonly one: Case }[] = [];
    for (const seat of found) {
      const one = QueryCaseResponse.decode(await ask(rpc, "/dcm.dispute.v1.Query/Case", QueryCaseRequest.encode({ caseId: seat.caseId }).finish())).case!;
      if (options.all === true || one.state !== CaseState.CASE_STATE_CLOSED) known.push({ seat, one });
    }
    const waits = ({ seat, one }: (typeof known)[number]): bigint => (dueOf(seat, one) === "" ? 1n << 63n : one.dueTau);
    known.sort((a, b) => (waits(a) < waits(b) ? -1 : waits(a) > waits(b) ? 1 : Number(a.seat.caseId - b.seat.caseId)));
    const rows = known.map(({ seat, one }) => [`case ${seat.caseId}, round ${seat.round}`, aboutText(one), stateName(one.state), standing(seat), dueOf(seat, one) === "" ? "nothing to do" : dueOf(seat, one), untilOf(one, now)]);
    const json = known.map(({ seat, one }) => ({
      case_id: seat.caseId, round: seat.round, about: aboutText(one), state: stateName(one.state), vote: standing(seat), next: dueOf(seat, one), due_tau: one.dueTau, due: one.state === CaseState.CASE_STATE_CLOSED ? "" : dateOf(one.dueTau, now),
      stake: seat.stake, reward: seat.reward, slashed: seat.slashed,
    }));
    print(io, globals.format, { juror: address, tau: now.tau, seats: json }, rows.length === 0 ? `${address} sits in no open case` : columns(rows));
  });
}

/** What the juror should do now; empty: nothing. */
function dueOf({ caseId, round, commitment, vote }: Seat, { state, rounds }: Case): string {
  if (round !== rounds.length - 1) return "";
  if (state === CaseState.CASE_STATE_COMMIT && commitment.length === 0) return `dcmd tx dispute commit ${caseId} consumer|provider`;
  return state === CaseState.CASE_STATE_REVEAL && commitment.length > 0 && vote === Verdict.VERDICT_UNSPECIFIED ? `dcmd tx dispute reveal ${caseId}` : "";
}

const standing = ({ commitment, vote }: Seat): string => (vote !== Verdict.VERDICT_UNSPECIFIED ? `voted for the ${verdictName(vote)}` : commitment.length > 0 ? "committed" : "not voted");

/** An address, or the name of a key of this home. */
function addressOf(io: Io, globals: Globals, juror: string, options: KeyringOptions): string {
  return isAddress(juror) ? juror : openKeyring(globals, options, new Input(io)).show(juror).address;
}

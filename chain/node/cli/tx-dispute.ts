/** dcmd tx dispute: cases, evidence and appeals of parties; votes of jurors. */
import { createReadStream, existsSync } from "node:fs";
import { createHash } from "node:crypto";
import { fromHex } from "../../codec/bytes.ts";
import { QueryCaseRequest, QueryCaseResponse, QueryJurorSeatsRequest, QueryJurorSeatsResponse, QuerySeatsRequest, QuerySeatsResponse } from "../../codec/gen/dcm/dispute/v1/query.ts";
import { MsgAppeal, MsgCommitVote, MsgOpenCase, MsgRevealVote, MsgSubmitEvidence } from "../../codec/gen/dcm/dispute/v1/tx.ts";
import { CaseState, Verdict, type Case, type Seat } from "../../codec/gen/dcm/dispute/v1/types.ts";
import type { Any } from "../../codec/gen/google/protobuf/any.ts";
import { Home } from "../home.ts";
import { commitmentOf, keepVote, sideName, sideOf, voteBehind, voteFile } from "../jury-votes.ts";
import { wholeNumber } from "./common.ts";
import { CliError, exitCodes, type Io } from "./io.ts";
import { ask } from "./ask.ts";
import { any, send, type Sender, type TxOptions } from "./tx.ts";
import type { Globals } from "./program.ts";

export interface EvidenceOptions extends TxOptions {
  readonly file?: string | undefined;
  readonly sha256?: string | undefined;
  readonly url: string;
}

export interface OpenOptions extends EvidenceOptions {
  readonly task?: string | undefined;
  readonly instance?: string | undefined;
  readonly period?: string | undefined;
  readonly claim: string;
}

export async function open(io: Io, globals: Globals, options: OpenOptions): Promise<void> {
  const { task, instance, period, claim, url } = options;
  if ((task === undefined) === (instance === undefined)) throw new CliError("say what is disputed: --task, or --instance with --period", { exitCode: exitCodes.usage });
  if ((instance === undefined) !== (period === undefined)) throw new CliError("--period says which pay of --instance is disputed: one goes with the other", { exitCode: exitCodes.usage });
  const about = { taskId: task === undefined ? 0n : idOf("--task", task), instanceId: instance === undefined ? 0n : idOf("--instance", instance), period: period === undefined ? 0n : idOf("--period", period) };
  const hash = await evidenceHash(options);
  if (hash === undefined && url !== "") throw new CliError("--url needs what it is compared with: --file or --sha256", { exitCode: exitCodes.usage });
  return send(io, globals, options, ({ address }) => [any(MsgOpenCase, { consumer: address, ...about, claim, evidenceHash: hash ?? new Uint8Array(0), evidenceUrl: url })], openMargin);
}

export async function evidence(io: Io, globals: Globals, id: string, options: EvidenceOptions): Promise<void> {
  const caseId = idOf("the case", id);
  const hash = await evidenceHash(options);
  if (hash === undefined) throw new CliError("say what the evidence is: --file, or --sha256 of one that is elsewhere", { exitCode: exitCodes.usage });
  return send(io, globals, options, ({ address }) => [any(MsgSubmitEvidence, { party: address, caseId, hash, url: options.url })]);
}

export function appeal(io: Io, globals: Globals, id: string, options: TxOptions): Promise<void> {
  const caseId = idOf("the case", id);
  return send(io, globals, options, ({ address }) => [any(MsgAppeal, { party: address, caseId })]);
}

/** The salt is on the disk before anything is sent. */
export function commit(io: Io, globals: Globals, id: string, side: string, options: TxOptions): Promise<void> {
  const caseId = idOf("the case", id);
  const vote = sideOf(side);
  if (vote === undefined) throw new CliError(`"${side.slice(0, 40)}" is no side: consumer or provider`, { exitCode: exitCodes.usage });
  const home = new Home(globals.home);
  return send(io, globals, options, async ({ chainId, address, rpc }) => {
    const one = await caseIn(rpc, caseId, CaseState.CASE_STATE_COMMIT, "votes are committed once the jury is drawn, until all have or the time for it is over");
    const round = one.rounds.length - 1;
    await seatOf(rpc, one, address);
    const ballot = { chainId, caseId, round, juror: address };
    const kept = options.dryRun === true ? { vote, salt: new Uint8Array(32) } : keepVote(home, ballot, vote);
    if (options.dryRun !== true) io.stderr(`the vote and its salt are kept in ${voteFile(home, ballot)}: without it the vote cannot be opened\n`);
    return [any(MsgCommitVote, { juror: address, caseId, commitment: commitmentOf(ballot, kept) })];
  });
}

/** One vote, or every vote of the juror that can be opened now. */
export function reveal(io: Io, globals: Globals, id: string | undefined, options: TxOptions): Promise<void> {
  const wanted = id === undefined ? undefined : idOf("the case", id);
  const home = new Home(globals.home);
  return send(io, globals, options, async (sender) => {
    const waiting = wanted === undefined ? await openable(sender) : [await seatOf(sender.rpc, await caseIn(sender.rpc, wanted, CaseState.CASE_STATE_REVEAL, "votes are opened once all are committed or the time for that is over"), sender.address)];
    return waiting.map((seat) => revealMessage(io, home, sender, seat));
  });
}

function revealMessage(io: Io, home: Home, { chainId, address }: Sender, { caseId, round, commitment }: Seat): Any {
  const ballot = { chainId, caseId, round, juror: address };
  if (commitment.length === 0) throw new CliError(`${address} committed to no vote in round ${round} of case ${caseId}`, { hint: `While votes are committed: dcmd tx dispute commit ${caseId} consumer|provider`, exitCode: exitCodes.invalid });
  const kept = voteBehind(home, ballot, commitment);
  if (kept === undefined) {
    throw new CliError(`${voteFile(home, ballot)} has no vote that opens what ${address} committed to in case ${caseId}`, { hint: "Open it with the home that committed, or name that with --home.", exitCode: exitCodes.notFound });
  }
  io.stderr(`case ${caseId}, round ${round}: for the ${sideName(kept.vote)}\n`);
  return any(MsgRevealVote, { juror: address, caseId, ...kept });
}

/** Of the simulated gas: until the message runs a period of the instance may be over, and the message settles it. */
const openMargin = 2.5;

/** At most as many as one transaction should carry. */
const mostAtOnce = 20;

async function openable({ rpc, address }: Sender): Promise<Seat[]> {
  const { seats } = QueryJurorSeatsResponse.decode(await ask(rpc, "/dcm.dispute.v1.Query/JurorSeats", QueryJurorSeatsRequest.encode({ juror: address, pagination: undefined }).finish()));
  const out: Seat[] = [];
  for (const seat of seats) {
    if (seat.commitment.length === 0 || seat.vote !== Verdict.VERDICT_UNSPECIFIED || out.length === mostAtOnce) continue;
    const { state, rounds } = await caseOf(rpc, seat.caseId);
    if (state === CaseState.CASE_STATE_REVEAL && seat.round === rounds.length - 1) out.push(seat);
  }
  if (out.length === 0) throw new CliError(`${address} has no vote that can be opened now`, { hint: `What is due next, and until when: dcmd query juror seats ${address}`, exitCode: exitCodes.notFound });
  return out;
}

async function caseOf(rpc: Sender["rpc"], caseId: bigint): Promise<Case> {
  return QueryCaseResponse.decode(await ask(rpc, "/dcm.dispute.v1.Query/Case", QueryCaseRequest.encode({ caseId }).finish())).case!;
}

async function caseIn(rpc: Sender["rpc"], caseId: bigint, state: CaseState, when: string): Promise<Case> {
  const one = await caseOf(rpc, caseId);
  if (one.state !== state) throw new CliError(`case ${caseId} is in another state: ${when}`, { hint: `In which, and until when: dcmd query dispute case ${caseId}`, exitCode: exitCodes.invalid });
  return one;
}

/** The juror's in the present round. */
async function seatOf(rpc: Sender["rpc"], one: Case, juror: string): Promise<Seat> {
  const { seats } = QuerySeatsResponse.decode(await ask(rpc, "/dcm.dispute.v1.Query/Seats", QuerySeatsRequest.encode({ caseId: one.id, pagination: undefined }).finish()));
  const round = one.rounds.length - 1;
  const seat = seats.find((known) => known.juror === juror && known.round === round);
  if (seat === undefined) throw new CliError(`${juror} has no seat in round ${round} of case ${one.id}`, { hint: `Its seats: dcmd query juror seats ${juror}`, exitCode: exitCodes.notFound });
  return seat;
}

/** Undefined where the options name none. */
async function evidenceHash({ file, sha256 }: EvidenceOptions): Promise<Uint8Array | undefined> {
  if (file !== undefined && sha256 !== undefined) throw new CliError("--file and --sha256 say the same: give one of them", { exitCode: exitCodes.usage });
  if (sha256 !== undefined) {
    if (!/^[0-9a-fA-F]{64}$/.test(sha256)) throw new CliError(`"${sha256.slice(0, 80)}" is no SHA-256: 64 hexadecimal digits`, { exitCode: exitCodes.usage });
    return fromHex(sha256.toLowerCase());
  }
  if (file === undefined) return undefined;
  if (!existsSync(file)) throw new CliError(`${file} does not exist`, { exitCode: exitCodes.notFound });
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) hash.update(chunk);
  return new Uint8Array(hash.digest());
}

export function idOf(what: string, text: string): bigint {
  return /^[1-9]\d{16,18}$/.test(text) ? BigInt(text) : BigInt(wholeNumber(what, text, 1, Number.MAX_SAFE_INTEGER));
}

/**
 * Plays the disputes that an account has a part in: as the provider whose result is challenged, as either of two replicas that differ, as an auditor, or as a challenger. It decides by what the chain says, so it may be
 * killed at any point and started again; what it knows of a run it finds again by running it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { EncodeObject } from "@cosmjs/proto-signing";
import type { Connection } from "../../client/connection.ts";
import { inputPath, inputsOf } from "../../client/protocol.ts";
import type { Sender } from "../../client/sender.ts";
import { concatBytes, equalBytes } from "../../chain/codec/bytes.ts";
import { MsgProveResponse } from "../../chain/codec/gen/dcm/referee/v1/tx.ts";
import { DisputeState, type Dispute } from "../../chain/codec/gen/dcm/referee/v1/types.ts";
import { isProvable, type Range } from "../../chain/vm/bisection.ts";
import { decodeProgram, programRoots } from "../../chain/vm/program.ts";
import { words } from "../agent/agent.ts";
import { loadTask, type Loaded, type LoadOptions } from "../agent/load.ts";
import { refereedTask } from "./runs.ts";
import { Trace, type TraceOptions } from "./trace.ts";

export interface DisputesOptions extends Omit<LoadOptions, "signal" | "provider"> {
  readonly connection: Connection;
  readonly sender: Sender;
  /** Whose disputes; here the sender's own account. */
  readonly party: string;
  readonly pollMs: number;
  readonly log: (message: string, fields?: Record<string, unknown>) => void;
  /** Misbehaviour to order, on test networks. */
  readonly faults?: TraceOptions;
}

/** A run that a dispute is about, with what ties it to the job. */
interface Run {
  readonly trace: Trace;
  readonly loaded: Loaded;
  readonly index: number;
}

/** Runs that are kept: each has its memory and checkpoints, up to about 256 MiB. */
const maxRuns = 2;
const stopGraceMs = 5_000;
const longestDeferralMs = 60_000;
const proveUrl = "/dcm.referee.v1.MsgProve";
/** What each look asks for of what may be new. */
const pageSize = 8n;
/** How long the data of a task is waited for while others wait: a server may send it as slowly as it likes. */
export const loadMs = 120_000;

export class Disputes {
  readonly #options: DisputesOptions;
  readonly #runs = new Map<bigint, Promise<Run>>();
  /** Of the disputes that were seen, the last one, and those that were not closed. */
  #newest = 0n;
  #open: readonly bigint[] = [];
  /** How often a move failed, of disputes in which the last one did. */
  readonly #failures = new Map<bigint, number>();
  /** Until when a proof that the chain had no room for is not sent again: each time its gas is paid. */
  readonly #deferred = new Map<bigint, number>();
  readonly #stop = new AbortController();
  #loop: Promise<void> | undefined;

  constructor(options: DisputesOptions) {
    this.#options = options;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Ends after the move that is on its way, or some seconds. */
  async stop(): Promise<void> {
    this.#stop.abort();
    const grace = new AbortController();
    await Promise.race([this.#loop, sleep(stopGraceMs, undefined, { signal: grace.signal }).catch(() => undefined)]);
    grace.abort();
    for (const taskId of [...this.#runs.keys()]) await this.#forget(taskId);
  }

  async #run(): Promise<void> {
    const { pollMs, log } = this.#options;
    while (!this.#stop.signal.aborted) {
      try {
        for (const dispute of await this.#waiting()) if (!(await this.#tryMove(dispute))) break;
      } catch (error) {
        if (!this.#stop.signal.aborted) log("could not look at disputes; trying again", { error: words(error) });
      }
      await sleep(pollMs, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    }
  }

  /** One that fails, because whoever has its data gives nothing, must not keep others from their moves: it comes behind them from then on. */
  async #tryMove(dispute: Dispute): Promise<boolean> {
    try {
      await this.#move(dispute);
      this.#failures.delete(dispute.id);
      return true;
    } catch (error) {
      this.#failures.set(dispute.id, (this.#failures.get(dispute.id) ?? 0) + 1);
      if (!this.#stop.signal.aborted) this.#options.log("a move in a dispute failed; trying again", { dispute: String(dispute.id), error: words(error) });
      return false;
    }
  }

  /** Disputes in which it is the party's turn: those that failed least, then the most urgent first. */
  async #waiting(): Promise<Dispute[]> {
    const { party } = this.#options;
    const live = await this.#live();
    for (const taskId of [...this.#runs.keys()]) if (!live.some((dispute) => dispute.taskId === taskId)) await this.#forget(taskId);
    const turn = ({ state, provider, challenger }: Dispute): boolean =>
      (state === DisputeState.DISPUTE_STATE_ANSWER && provider === party) || (state === DisputeState.DISPUTE_STATE_PICK && challenger === party);
    for (const known of [this.#failures, this.#deferred]) for (const id of known.keys()) if (!this.#open.includes(id)) known.delete(id);
    const failures = ({ id }: Dispute): number => this.#failures.get(id) ?? 0;
    return live.filter((dispute) => turn(dispute) && (this.#deferred.get(dispute.id) ?? 0) <= performance.now()).sort((a, b) => failures(a) - failures(b) || (a.dueTau < b.dueTau ? -1 : 1));
  }

  /** Those that are not closed: what is new since the last look, and the others by their ids. Records of closed ones stay on chain for days, and none opens again. */
  async #live(): Promise<Dispute[]> {
    const { party, connection: { query: { referee } } } = this.#options;
    const found: Dispute[] = [];
    for (const id of this.#open) {
      const answer = await referee.dispute({ disputeId: id }).catch((error: unknown) => {
        if (/dispute \d+ not found/.test(words(error))) return undefined;
        throw error;
      });
      if (answer !== undefined) found.push(answer.view!.dispute!);
    }
    let key: Uint8Array = new Uint8Array(0);
    do {
      const page = await referee.disputes({ party, pagination: { key, offset: 0n, limit: pageSize, countTotal: false, reverse: true } });
      const fresh = page.views.map(({ dispute }) => dispute!).filter(({ id }) => id > this.#newest);
      found.push(...fresh);
      key = fresh.length < page.views.length ? new Uint8Array(0) : (page.pagination?.nextKey ?? new Uint8Array(0));
    } while (key.length > 0);
    const live = found.filter(({ state }) => state !== DisputeState.DISPUTE_STATE_CLOSED);
    this.#newest = found.reduce((newest, { id }) => (id > newest ? id : newest), this.#newest);
    this.#open = live.map(({ id }) => id);
    return live;
  }

  async #move(dispute: Dispute): Promise<void> {
    const run = await this.#runOf(dispute.taskId);
    const range = { low: dispute.start, length: dispute.length };
    const message = dispute.state === DisputeState.DISPUTE_STATE_PICK ? await this.#pick(run, dispute, range) : ((await this.#prove(run, dispute, range)) ?? (await this.#answer(run, dispute, range)));
    const { response } = await this.#options.sender.send(message);
    if (message.typeUrl === proveUrl && MsgProveResponse.decode(response?.value ?? new Uint8Array(0)).deferred) return this.#defer(dispute);
    this.#options.log("moved in a dispute", { dispute: String(dispute.id), task: String(dispute.taskId), move: message.typeUrl.split(".Msg")[1], from: String(range.low), transitions: String(range.length) });
  }

  /** The chain gives `later_move` for another try. */
  async #defer({ id, taskId }: Dispute): Promise<void> {
    const { params } = await this.#options.connection.query.referee.params();
    const pauseMs = Math.min(longestDeferralMs, Number(params!.laterMove) / 4);
    this.#deferred.set(id, performance.now() + pauseMs);
    this.#options.log("the chain has no room for a proof now; sending it again later", { dispute: String(id), task: String(taskId), seconds: Math.ceil(pauseMs / 1_000) });
  }

  /** Undefined where the range is too long, or reads and writes more than the chain takes. */
  async #prove({ trace, loaded, index }: Run, { provider, id, moves }: Dispute, range: Range): Promise<EncodeObject | undefined> {
    if (!isProvable(range)) return undefined;
    const proof = await trace.proof(range);
    if (proof === undefined) return undefined;
    const { pre, witness } = proof;
    const { romRoot, dataRoot } = programRoots(decodeProgram(loaded.program));
    const root = loaded.roots[index]!;
    const first = range.low === 0n;
    const value = {
      provider, disputeId: id, move: moves, romRoot, dataRoot, ram: witness.ram, rom: witness.rom,
      state: first ? undefined : pre, input: first ? { root: root.digest, size: root.size, path: concatBytes(...inputPath(loaded.roots, index)) } : undefined,
    };
    return { typeUrl: proveUrl, value };
  }

  async #answer({ trace }: Run, { provider, id, moves }: Dispute, range: Range): Promise<EncodeObject> {
    const hashes = (await trace.hashes(range)).slice(0, -1);
    return { typeUrl: "/dcm.referee.v1.MsgAnswer", value: { provider, disputeId: id, move: moves, hashes: concatBytes(...hashes) } };
  }

  /** The first part at whose end the provider has another state. */
  async #pick({ trace }: Run, { challenger, id, moves, parts }: Dispute, range: Range): Promise<EncodeObject> {
    const { answer } = await this.#options.connection.query.referee.dispute({ disputeId: id });
    const own = await trace.hashes(range);
    let part = 0;
    while (part < parts - 1 && equalBytes(own[part]!, answer.subarray(32 * part, 32 * (part + 1)))) part++;
    return { typeUrl: "/dcm.referee.v1.MsgPick", value: { challenger, disputeId: id, move: moves, part, hash: part === parts - 1 ? new Uint8Array(0) : own[part]! } };
  }

  #runOf(taskId: bigint): Promise<Run> {
    const known = this.#runs.get(taskId);
    if (known !== undefined) return known;
    const oldest = this.#runs.size < maxRuns ? undefined : this.#runs.keys().next().value;
    const run = (oldest === undefined ? Promise.resolve() : this.#forget(oldest)).then(() => runAgain({ ...this.#options, provider: this.#options.party, signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(loadMs)]) }, taskId, this.#options.faults));
    this.#runs.set(taskId, run);
    run.catch(() => this.#runs.delete(taskId));
    return run;
  }

  async #forget(taskId: bigint): Promise<void> {
    const run = this.#runs.get(taskId);
    this.#runs.delete(taskId);
    await run?.then(({ trace }) => trace.close(), () => undefined);
  }
}

/** A task of the chain, loaded anew and ready to be asked. */
export async function runAgain(options: LoadOptions, taskId: bigint, faults: TraceOptions = {}): Promise<Run & { readonly maxResultSize: bigint }> {
  const { market } = options.connection.query;
  const task = (await market.task({ taskId })).task!;
  const { job, stages } = await market.job({ jobId: task.jobId });
  const inputs = inputsOf(job!.spec!, stages, task.index);
  if (inputs === undefined) throw new Error(`task ${taskId} has no inputs yet`);
  const capacity = (await market.class({ classId: job!.classId })).class!;
  const loaded = await loadTask(options, job!, inputs, task);
  return { trace: new Trace(refereedTask(capacity, inputs, task, loaded), faults), loaded, index: task.index - inputs.first, maxResultSize: job!.spec!.maxResultSize };
}

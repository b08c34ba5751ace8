/**
 * Runs again what providers say that they ran, while that can be challenged, and challenges what is wrong. A tenth of the stake of a provider that is proven wrong is the
 * challenger's; its bond is lost where it is wrong itself. The moves of its disputes are those of `Disputes`.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { allPages } from "../../client/pages.ts";
import { equalBytes } from "../../chain/codec/bytes.ts";
import { MsgChallengeResponse } from "../../chain/codec/gen/dcm/referee/v1/tx.ts";
import { ReplicaState, TaskState, type Task } from "../../chain/codec/gen/dcm/market/v1/types.ts";
import { finalHash } from "../../chain/vm/state-hash.ts";
import { isOver, words } from "../agent/agent.ts";
import { InputUnavailable } from "../agent/load.ts";
import { BlobRefused } from "../data/store.ts";
import { loadMs, runAgain, type DisputesOptions } from "./disputes.ts";

export interface ChallengerOptions extends DisputesOptions {
  /** Runs of this one only, and of whoever ran a task beside it; by default of everybody but the party itself. */
  readonly provider?: string;
}

/** Tasks that were looked at and need no second look. */
const maxRemembered = 100_000;
const tidyMs = 600_000;

export class Challenger {
  readonly #options: ChallengerOptions;
  readonly #seen = new Set<bigint>();
  readonly #stop = new AbortController();
  #loop: Promise<void> | undefined;
  #tidyAt = 0;

  constructor(options: ChallengerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Ends after the challenge that is on its way; a run is given up. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { pollMs, log, connection } = this.#options;
    while (!this.#stop.signal.aborted) {
      try {
        const open = await allPages((pagination) => connection.query.market.tasks({ state: TaskState.TASK_STATE_CHALLENGE, pagination }), (page) => page.tasks);
        for (const task of open.sort((a, b) => (a.dueTau < b.dueTau ? -1 : 1))) await this.#tryLook(task);
        await this.#tidy();
      } catch (error) {
        if (!this.#stop.signal.aborted) log("could not look at what can be challenged; trying again", { error: words(error) });
      }
      await sleep(pollMs, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    }
  }

  /** Lets go of what tasks were run on that are over, now and then. */
  async #tidy(): Promise<void> {
    const { kept, connection } = this.#options;
    if (performance.now() < this.#tidyAt) return;
    this.#tidyAt = performance.now() + tidyMs;
    await kept?.tidy((id) => isOver(connection, id));
  }

  /** One that fails keeps no other from being looked at. */
  async #tryLook(task: Task): Promise<void> {
    try {
      await this.#look(task);
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#options.log("could not check a task; trying again", { task: String(task.id), error: words(error) });
    }
  }

  async #look(task: Task): Promise<void> {
    const { party, provider, sender, log } = this.#options;
    // One or two, of the same state: two that differ are in dispute with each other.
    const claims = task.replicas.filter(({ round, state }) => round === 0 && state === ReplicaState.REPLICA_STATE_REVEALED);
    const [claimed] = claims;
    const isBy = (one: string): boolean => claims.some((claim) => claim.provider === one);
    if (this.#stop.signal.aborted || this.#seen.has(task.id) || claimed?.result?.final === undefined || isBy(party) || (provider !== undefined && !isBy(provider))) return;
    let truth: Uint8Array;
    try {
      truth = await this.#truth(task.id);
    } catch (error) {
      if (!(error instanceof InputUnavailable || error instanceof BlobRefused)) throw error;
      log("cannot check a task: its input is not to be had, or cannot be kept", { task: String(task.id), error: error.message });
      return this.#remember(task.id);
    }
    this.#remember(task.id);
    const { final, digest } = claimed.result;
    if (equalBytes(truth, finalHash(final, digest))) return log("a result is right", { task: String(task.id), provider: claimed.provider });
    const sent = await sender.send({ typeUrl: "/dcm.referee.v1.MsgChallenge", value: { challenger: party, taskId: task.id, finalHash: truth } });
    const { disputeId, bond } = MsgChallengeResponse.decode(sent.response?.value ?? new Uint8Array(0));
    log("challenged a result", { task: String(task.id), provider: claimed.provider, dispute: String(disputeId), bond });
  }

  /** Of the state that the run really ends with. */
  async #truth(taskId: bigint): Promise<Uint8Array> {
    const { trace, maxResultSize } = await runAgain({ ...this.#options, provider: this.#options.party, signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(loadMs)]) }, taskId, this.#options.faults);
    const abort = (): void => void trace.close();
    this.#stop.signal.addEventListener("abort", abort);
    try {
      return (await trace.outcome(maxResultSize)).stateHash;
    } finally {
      this.#stop.signal.removeEventListener("abort", abort);
      await trace.close();
    }
  }

  #remember(taskId: bigint): void {
    if (this.#seen.size >= maxRemembered) this.#seen.clear();
    this.#seen.add(taskId);
  }
}

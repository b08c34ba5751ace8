/**
 * The consumer's side of a job while it lives: offers the data, places the bid, reveals salts when their seeds are known, seals the job key
 * to each provider that got a task, makes the inputs of later stages of the results of earlier ones, fetches and opens the results. Like the worker it acts on what the chain says, so it may be restarted.
 */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { EncodeObject } from "@cosmjs/proto-signing";
import type { Connection } from "../../client/connection.ts";
import { gasOfDraws } from "../../client/gas.ts";
import { allPages } from "../../client/pages.ts";
import { ensureProfile } from "../../client/profiles.ts";
import { decodeResult, encodeManifest, inputRoot, SaltChain, type TaskResult } from "../../client/protocol.ts";
import { TxFailed, type Sender, type Sent } from "../../client/sender.ts";
import { equalBytes, fromHex, toHex } from "../../chain/codec/bytes.ts";
import { sha256 } from "../../chain/codec/hash.ts";
import { MsgPlaceBidResponse } from "../../chain/codec/gen/dcm/market/v1/tx.ts";
import { ReplicaState, StageState, TaskState, VerificationLevel, type Blob, type Job, type Stage, type Task } from "../../chain/codec/gen/dcm/market/v1/types.ts";
import { fetchBlob } from "../data/fetch.ts";
import type { BlobStore } from "../data/store.ts";
import { generateKeyPair, newJobKey, openFrom, sealBlob, sealedSize, sealKey } from "../seal/index.ts";
import { frameOutputs } from "../job-file.ts";
import { bidMessage, type JobRequest, type OfferedInputs } from "./bid.ts";
import { programRootOf, readRefereed, rootsOf } from "../refereed/roots.ts";
import { JobFiles, type JobFile } from "./job-files.ts";

export interface PlacedJob {
  readonly id: bigint;
  readonly sent: Sent;
  readonly escrow: bigint;
  readonly storageDeposit: bigint;
}

export interface GatewayOptions {
  readonly connection: Connection;
  readonly sender: Sender;
  readonly blobs: BlobStore;
  /** The base URL under which `blobs` is reached by providers. */
  readonly dataUrl: string;
  readonly directory: string;
  readonly pollMs: number;
  readonly log: (message: string, fields?: Record<string, unknown>) => void;
  /** For tests: a consumer that keeps its salts, keys or later inputs to itself. */
  readonly withhold?: { readonly salts?: boolean; readonly seals?: boolean; readonly inputs?: boolean };
}

interface Live {
  readonly id: bigint;
  readonly file: JobFile;
  readonly salts: SaltChain;
}

const salts = 4_096;
const stopGraceMs = 5_000;

export class Gateway {
  readonly #options: GatewayOptions;
  readonly #files: JobFiles;
  readonly #live = new Map<bigint, Live>();
  /** Jobs that are being served: one that waits for a block keeps no other waiting. */
  readonly #busy = new Map<bigint, Promise<void>>();
  /** Jobs whose next stage is being supplied: results that are slow to come keep no salt or key waiting. */
  readonly #supplying = new Map<bigint, Promise<void>>();
  /** Bids that are on their way. */
  readonly #placing = new Set<string>();
  #adopting: Promise<void> | undefined;
  /** Whether there may be drafts whose bid came into a block without our knowing. */
  #orphans = true;
  readonly #stop = new AbortController();
  #loop: Promise<void> | undefined;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#files = new JobFiles(options.directory);
    for (const file of this.#files.all()) if (isNumber(file.id)) this.#watch(file);
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Ends after the transactions that are on their way, or some seconds. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
    const grace = new AbortController();
    await Promise.race([Promise.allSettled([...this.#busy.values(), ...this.#supplying.values()]), sleep(stopGraceMs, undefined, { signal: grace.signal }).catch(() => undefined)]);
    grace.abort();
  }

  /** Puts the data where providers can fetch it and sends the bid. Resolves when the bid is in a block. */
  async place(request: JobRequest): Promise<PlacedJob> {
    const { sender, dataUrl } = this.#options;
    const profileId = await ensureProfile(this.#options.connection, sender, request, request.wishes ?? {}, this.#options.pollMs);
    const sealed = request.sealed !== false;
    const keys = generateKeyPair();
    const jobKey = newJobKey();
    const key = sealed ? jobKey : undefined;
    const refereed = request.verification === "V3";
    const programRoot = refereed ? programRootOf(request.program) : new Uint8Array(0);
    const first = await this.#offerInputs(key, request.inputs, refereed);
    const saltSecret = randomBytes(32);
    const file: JobFile = { id: "", name: request.name, jobKey: toHex(jobKey), consumerSecret: toHex(keys.secretKey), saltSecret: toHex(saltSecret), saltLength: salts, consumerKey: sealed ? toHex(keys.publicKey) : "" };
    const message = bidMessage(request, {
      consumer: sender.address, profileId, dataUrl, first, programRoot, program: await this.#offer(key, request.program), consumerKey: sealed ? keys.publicKey : new Uint8Array(0),
      saltHead: () => new SaltChain(saltSecret, salts).head,
    });
    return this.#bid(file, message);
  }

  /** The job that was placed under this name, by an earlier run too; undefined where there is none and no bid for it can come into a block any more. */
  async jobNamed(name: string): Promise<bigint | undefined> {
    const find = (): JobFile | undefined => this.#files.all().find((file) => file.name === name);
    let file = find();
    if (file !== undefined && !isNumber(file.id)) {
      // One that is under way may have looked before.
      await this.#adopting?.catch(() => undefined);
      await this.#adopt();
      file = find();
      if (file !== undefined && !isNumber(file.id)) throw new Error(`the bid of ${name} is on its way`);
    }
    return file === undefined ? undefined : BigInt(file.id);
  }

  /** Takes back what of a job is not matched. Rejects with TxFailed where there is nothing. */
  async cancel(jobId: bigint): Promise<Sent> {
    return this.#options.sender.send({ typeUrl: "/dcm.market.v1.MsgCancelBid", value: { consumer: this.#options.sender.address, jobId } });
  }

  /** Removes the keys of a job whose results nobody will fetch again. */
  forget(jobId: bigint): void {
    this.#live.delete(jobId);
    this.#files.drop(String(jobId));
  }

  /** Puts bytes where providers can fetch them, sealed where there is a key. */
  async #offer(key: Uint8Array | undefined, clear: Uint8Array): Promise<Blob> {
    const bytes = key === undefined ? clear : sealBlob(key, clear);
    return { digest: await this.#options.blobs.put(bytes), size: BigInt(bytes.length) };
  }

  async #offerInputs(key: Uint8Array | undefined, clear: readonly Uint8Array[], refereed: boolean): Promise<OfferedInputs> {
    const inputs: Blob[] = [];
    for (const input of clear) inputs.push(await this.#offer(key, input));
    const roots = refereed ? rootsOf(clear) : [];
    return { inputRoot: inputRoot(refereed ? roots : inputs), manifest: await this.#offer(undefined, encodeManifest(inputs, roots)) };
  }

  /**
   * Keeps what a bid needs as a draft and sends it. A refused one leaves nothing behind; one of unknown fate is looked for on chain. As long as the draft lies on disk it counts as being placed, so that
   * nobody takes it for one that an earlier run left, and drops it.
   */
  async #bid(file: JobFile, message: EncodeObject): Promise<PlacedJob> {
    const draft = `draft-${randomBytes(8).toString("hex")}`;
    this.#placing.add(draft);
    try {
      this.#files.write(draft, file);
      const sent = await this.#options.sender.send(message);
      const { jobId, escrow, storageDeposit } = MsgPlaceBidResponse.decode(sent.response?.value ?? new Uint8Array(0));
      this.#files.settle(draft, String(jobId));
      this.#watch({ ...file, id: String(jobId) });
      return { id: jobId, sent, escrow: BigInt(escrow), storageDeposit: BigInt(storageDeposit) };
    } catch (error) {
      if (error instanceof TxFailed) this.#files.drop(draft);
      else this.#orphans = true;
      throw error;
    } finally {
      this.#placing.delete(draft);
    }
  }

  #watch(file: JobFile): void {
    const id = BigInt(file.id);
    this.#live.set(id, { id, file, salts: new SaltChain(fromHex(file.saltSecret), file.saltLength) });
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      if (this.#orphans) await this.#adopt().catch((error: unknown) => this.#options.log("looking for the jobs of drafts failed; trying again", { error: words(error) }));
      for (const live of this.#live.values()) {
        if (this.#busy.has(live.id)) continue;
        const served = this.#serve(live).catch((error: unknown) => {
          if (!this.#stop.signal.aborted) this.#options.log("serving a job failed; trying again", { job: String(live.id), error: words(error) });
        });
        this.#busy.set(live.id, served.finally(() => this.#busy.delete(live.id)));
      }
      await sleep(this.#options.pollMs, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    }
  }

  /** Finds the jobs of drafts: a gateway that was killed between its bid and the block's answer must serve it all the same. */
  #adopt(): Promise<void> {
    this.#adopting ??= this.#adoptDrafts().finally(() => (this.#adopting = undefined));
    return this.#adopting;
  }

  async #adoptDrafts(): Promise<void> {
    this.#orphans = false;
    try {
      const drafts = this.#files.all().filter(({ id }) => id.startsWith("draft-") && !this.#placing.has(id));
      const missing = await this.#settleDrafts(drafts);
      if (missing.length === 0) return;
      // A bid that is in no block may still come into one: it is looked for again when it cannot.
      await this.#options.sender.fence();
      for (const { id } of await this.#settleDrafts(missing)) this.#files.drop(id);
    } catch (error) {
      this.#orphans = true;
      throw error;
    }
  }

  /** Serves those that are on chain from now on; gives the others. */
  async #settleDrafts(drafts: readonly JobFile[]): Promise<JobFile[]> {
    const missing = [...drafts];
    let key: Uint8Array = new Uint8Array(0);
    while (missing.length > 0) {
      const page = await this.#options.connection.query.market.jobs({ consumer: this.#options.sender.address, pagination: { key, offset: 0n, limit: 100n, countTotal: false, reverse: true } });
      for (const job of page.jobs) {
        const at = missing.findIndex((draft) => isOf(draft, job));
        if (at < 0) continue;
        const [draft] = missing.splice(at, 1);
        this.#files.settle(draft!.id, String(job.id));
        this.#watch({ ...draft!, id: String(job.id) });
        this.#options.log("found the job of a draft", { job: String(job.id) });
      }
      key = page.pagination?.nextKey ?? new Uint8Array(0);
      if (key.length === 0) break;
    }
    return missing;
  }

  /** One look at a job: salts, keys and inputs that are due now. */
  async #serve(live: Live): Promise<void> {
    const { market } = this.#options.connection.query;
    const found = await market.job({ jobId: live.id }).catch((error: unknown) => {
      if (/does not exist or was pruned/.test(words(error))) return undefined;
      throw error;
    });
    const job = found?.job;
    if (job === undefined || job.endedTau > 0n) {
      this.#live.delete(live.id);
      return;
    }
    if (found!.stages.some(awaitsInputs)) this.#supplyNext(live);
    await Promise.all([this.#reveal(live, job), this.#seal(live, job)]);
  }

  /** Begins to supply stages that wait for their inputs. What was done before a restart shows on chain: nothing has to be remembered. */
  #supplyNext(live: Live): void {
    if (this.#supplying.has(live.id) || this.#options.withhold?.inputs === true) return;
    const supplied = this.#supply(live).catch((error: unknown) => {
      if (!this.#stop.signal.aborted) this.#options.log("supplying a stage failed; trying again", { job: String(live.id), error: words(error) });
    });
    this.#supplying.set(live.id, supplied.finally(() => this.#supplying.delete(live.id)));
  }

  async #supply(live: Live): Promise<void> {
    const { sender, log, connection } = this.#options;
    const { job, stages } = await connection.query.market.job({ jobId: live.id });
    const spec = job!.spec!;
    const tasks = await this.tasks(live.id);
    for (const stage of stages.filter(awaitsInputs)) {
      const sources = spec.stages[stage.index]!.after.flatMap((index) => tasks.slice(stages[index]!.firstTask, stages[index]!.firstTask + stages[index]!.tasks));
      const results = await Promise.all(sources.map((task) => this.result(live.id, task)));
      const failed = results.findIndex((result) => !succeeded(result));
      if (failed >= 0) {
        await this.cancel(live.id);
        log("cancelled the rest of a job: a task failed that a later stage reads", { job: String(live.id), task: String(sources[failed]!.id), status: results[failed]!.status, exitCode: results[failed]!.exitCode });
        return;
      }
      const key = spec.consumerKey.length > 0 ? fromHex(live.file.jobKey) : undefined;
      const inputs = await this.#offerInputs(key, [frameOutputs(results.map(({ output }) => output))], job!.verification === VerificationLevel.VERIFICATION_LEVEL_V3_REFEREED);
      await sender.send({ typeUrl: "/dcm.market.v1.MsgSupplyInputs", value: { consumer: sender.address, jobId: live.id, stage: stage.index, ...inputs } });
      log("supplied the input of a stage", { job: String(live.id), stage: stage.index });
    }
  }

  async #reveal(live: Live, job: Job): Promise<void> {
    if (this.#options.withhold?.salts === true) return;
    // All of them: those that wait for their draw with a salt, and may wait long, come first.
    const draws = await allPages((pagination) => this.#options.connection.query.market.drawsPending({ jobId: live.id, pagination }), (page) => page.draws);
    // A due time stands there only once the seed is known.
    const ready = draws.filter((draw) => draw.salt.length === 0 && draw.saltDueTau > 0n).length;
    if (ready === 0) return;
    const { sender } = this.#options;
    await sender.send({ typeUrl: "/dcm.market.v1.MsgRevealSalt", value: { consumer: sender.address, jobId: live.id, salt: live.salts.next(job.saltsRevealed) } }, gasOfDraws(ready));
    this.#options.log("revealed a salt", { job: String(live.id), draws: ready });
  }

  async #seal(live: Live, job: Job): Promise<void> {
    if (this.#options.withhold?.seals === true || job.spec!.consumerKey.length === 0) return;
    const waiting = new Set<string>();
    for (const task of await this.tasks(live.id)) for (const replica of task.replicas) if (replica.state === ReplicaState.REPLICA_STATE_SEALING) waiting.add(replica.provider);
    if (waiting.size === 0) return;
    const keys = await Promise.all([...waiting].sort().map(async (provider) => {
      const found = await this.#options.connection.query.providers.provider({ operator: provider });
      const key = found.provider?.profile?.encryptionKey ?? new Uint8Array(0);
      return { provider, sealedKey: sealKey(fromHex(live.file.jobKey), key) };
    }));
    for (let i = 0; i < keys.length; i += 64) {
      await this.#options.sender.send({ typeUrl: "/dcm.market.v1.MsgSealKeys", value: { consumer: this.#options.sender.address, jobId: live.id, keys: keys.slice(i, i + 64) } });
    }
    this.#options.log("sealed the job key", { job: String(live.id), providers: keys.length });
  }

  /** All tasks of a job, in order. */
  tasks(jobId: bigint): Promise<Task[]> {
    return allPages((pagination) => this.#options.connection.query.market.tasks({ jobId, pagination }), (page) => page.tasks);
  }

  /** The result of a FINAL task, opened and held against the digest on chain. Tries each replica's server. */
  async result(jobId: bigint, task: Task): Promise<TaskResult> {
    const { job } = await this.#options.connection.query.market.job({ jobId });
    return fetchResult(job!, task, this.#files.find(jobId), this.#stop.signal);
  }
}

/** As `Gateway.result`. `file` has the secrets; what is in the clear needs none. */
export async function fetchResult(job: Job, task: Task, file: JobFile | undefined, signal: AbortSignal): Promise<TaskResult> {
  if (task.state !== TaskState.TASK_STATE_FINAL || task.result === undefined) throw new Error(`task ${task.id} has no accepted result`);
  const sealed = (job.spec?.consumerKey.length ?? 0) > 0;
  if (sealed && file === undefined) throw new Error(`the keys of job ${job.id} are not on this machine`);
  // What a provider says about the size is its word only.
  const most = sealedSize(Number(job.spec?.maxResultSize ?? 0n)) + 1_024;
  let last: unknown = new Error("no replica revealed it");
  for (const replica of task.replicas) {
    const revealed = replica.result;
    if (revealed?.blob === undefined || !equalBytes(revealed.digest, task.result.digest)) continue;
    try {
      const bytes = await fetchBlob([revealed.url], revealed.blob.digest, { maxBytes: Math.min(most, Number(revealed.blob.size)), signal });
      const clear = sealed ? openFrom(fromHex(file!.consumerSecret), bytes) : bytes;
      const result = revealed.final === undefined ? readPlain(task.result.digest, clear) : readRefereed(revealed, clear);
      if (result === undefined) throw new Error(`${replica.provider} serves bytes that are not the accepted result`);
      return result;
    } catch (error) {
      last = error;
    }
  }
  throw new Error(`the result of task ${task.id} could not be fetched: ${words(last)}`);
}

/** Of a job that the chain has named. */
const isNumber = (id: string): boolean => /^\d+$/.test(id);

const readPlain = (digest: Uint8Array, clear: Uint8Array): TaskResult | undefined => (equalBytes(sha256(clear), digest) ? decodeResult(clear) : undefined);

const awaitsInputs = ({ state }: Stage): boolean => state === StageState.STAGE_STATE_INPUTS;

/** Ended by itself, and says that all is well. */
export const succeeded = ({ status, exitCode }: TaskResult): boolean => status === "ok" && exitCode === 0;

/** By the consumer's key or, where nothing is sealed, by the untouched chain of salts. */
function isOf(draft: JobFile, job: Job): boolean {
  if (draft.consumerKey !== "") return draft.consumerKey === toHex(job.spec!.consumerKey);
  return job.saltHead.length > 0 && equalBytes(job.saltHead, new SaltChain(fromHex(draft.saltSecret), draft.saltLength).head);
}

function words(error: unknown): string {
  if (error instanceof TxFailed) return `${error.codespace} ${error.code}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}

/** The ABCI application: the state machine over its store, with genesis, queries, snapshots. Here the deterministic core meets disk and clock. */
import type { Application } from "../abci/application.ts";
import type { Unindexed } from "../abci/unindexed.ts";
import {
  CheckTxType, ResponseApplySnapshotChunk_Result, ResponseOfferSnapshot_Result,
} from "../codec/gen/tendermint/abci/types.ts";
import type {
  RequestApplySnapshotChunk, RequestCheckTx, RequestFinalizeBlock, RequestInfo, RequestInitChain, RequestLoadSnapshotChunk, RequestOfferSnapshot,
  RequestPrepareProposal, RequestProcessProposal, RequestQuery, ResponseApplySnapshotChunk, ResponseCheckTx, ResponseCommit, ResponseFinalizeBlock,
  ResponseInfo, ResponseInitChain, ResponseListSnapshots, ResponseLoadSnapshotChunk, ResponseOfferSnapshot, ResponsePrepareProposal, ResponseProcessProposal, ResponseQuery,
} from "../codec/gen/tendermint/abci/types.ts";
import type { Timestamp } from "../codec/gen/google/protobuf/timestamp.ts";
import { utf8 } from "../codec/bytes.ts";
import { SimulationResponse } from "../codec/gen/cosmos/base/abci/v1beta1/abci.ts";
import { HaltError, QueryError } from "../runtime/errors.ts";
import type { BlockRequest, ExecutedBlock, Machine } from "../runtime/machine.ts";
import { UnknownStore, VersionNotKept } from "../store/errors.ts";
import { maxKeyLength } from "../store/limits.ts";
import type { MultiStore } from "../store/multistore.ts";
import { SnapshotRefused, type Restore, type SnapshotStore } from "../store/snapshots.ts";
import { readGenesis } from "./genesis.ts";
import type { Metrics } from "./metrics.ts";
import { retainHeight } from "./retention.ts";

export interface NodeOptions {
  readonly machine: Machine;
  readonly store: MultiStore;
  readonly snapshots: SnapshotStore;
  /** Heights between snapshots; 0 takes none. */
  readonly snapshotInterval: number;
  /** Snapshots that are kept. */
  readonly snapshotKeepRecent: number;
  /** Blocks that CometBFT must keep, more where evidence or snapshots need more; 0 keeps all. */
  readonly minRetainBlocks: number;
  /** Attributes of events that CometBFT is told not to index; none where it is left out. */
  readonly unindexed?: Unindexed;
  readonly version: string;
  /** Queries that need more than the state (block data, mempool): answered here before the machine is asked. */
  readonly services?: { handle(path: string, request: Uint8Array, height: number): Promise<Uint8Array> | undefined };
  readonly metrics?: Metrics;
  readonly log: (level: "info" | "warn" | "error", message: string, fields?: Record<string, unknown>) => void;
  /** Told before CometBFT hears of it: this build must not execute the next block. */
  readonly onHalt?: (halt: HaltError) => void;
  /** Verifies the signatures of transactions that no CheckTx has seen, on other cores, before a block is executed. */
  readonly prefetch?: (txs: readonly Uint8Array[]) => Promise<void>;
}

/** The same as `version.app` of the consensus params, from which CometBFT takes it after a rollback: another number ends the chain there. */
const appVersion = 0n;
const empty = new Uint8Array(0);
const storeFailure = { txDecode: 3, unknownRequest: 4 } as const;
const sdkFailure = { invalidRequest: 18, unknownRequest: 6, invalidHeight: 26 } as const;

export class Node implements Pick<Application, "info" | "initChain" | "checkTx" | "prepareProposal" | "processProposal" | "finalizeBlock" | "commit" | "query" | "listSnapshots" | "offerSnapshot" | "loadSnapshotChunk" | "applySnapshotChunk"> {
  readonly machine: Machine;
  readonly store: MultiStore;
  readonly #options: NodeOptions;
  #restore: Restore | undefined;
  #executing: Promise<unknown> = Promise.resolve();

  constructor(options: NodeOptions) {
    this.#options = options;
    this.machine = options.machine;
    this.store = options.store;
  }

  /** The last durable version (ABCI-6). */
  info(request: RequestInfo): Partial<ResponseInfo> {
    this.#options.log("info", "CometBFT connected", { comet: request.version, abci: request.abciVersion, height: this.store.version });
    return { data: "dcm", version: this.#options.version, appVersion, lastBlockHeight: BigInt(this.store.version), lastBlockAppHash: this.store.version === 0 ? empty : this.store.appHash };
  }

  initChain(request: RequestInitChain): Partial<ResponseInitChain> {
    const { sections, genTxs } = readGenesis(request.appStateBytes, this.machine.modules);
    const { validators, appHash } = this.machine.initChain({
      chainId: request.chainId, timeNanos: nanosOf(request.time), initialHeight: request.initialHeight, sections, genTxs, consensusParams: request.consensusParams,
    });
    // An SDK chain takes its validators from gentxs; a genesis without them runs with CometBFT's own list.
    return { validators: request.validators.length > 0 && validators.length === 0 ? [] : validators, appHash };
  }

  checkTx(request: RequestCheckTx): Partial<ResponseCheckTx> {
    const recheck = request.type === CheckTxType.RECHECK;
    const began = performance.now();
    const outcome = this.machine.checkTx(request.tx, recheck);
    this.#options.metrics?.checkTx(recheck, performance.now() - began);
    return outcome;
  }

  prepareProposal(request: RequestPrepareProposal): Partial<ResponsePrepareProposal> {
    const block = { height: request.height, timeNanos: nanosOf(request.time), proposer: request.proposerAddress };
    return { txs: this.machine.prepareProposal(block, request.txs, Number(request.maxTxBytes)) };
  }

  processProposal(request: RequestProcessProposal): Partial<ResponseProcessProposal> {
    const refusal = this.machine.processProposal({
      height: request.height, timeNanos: nanosOf(request.time), proposer: request.proposerAddress, txs: request.txs, lastCommit: request.proposedLastCommit, misbehavior: request.misbehavior,
    });
    if (refusal !== undefined) this.#options.log("warn", "refused a proposed block", { height: String(request.height), reason: refusal });
    return { status: refusal === undefined ? 1 : 2 };
  }

  async finalizeBlock(request: RequestFinalizeBlock): Promise<Partial<ResponseFinalizeBlock> & { unindexed?: Unindexed }> {
    await this.#options.prefetch?.(request.txs);
    const stop = this.#options.metrics?.block(request.txs.length);
    const execution = this.#execute({
      height: request.height, timeNanos: nanosOf(request.time), proposer: request.proposerAddress, txs: request.txs, lastCommit: request.decidedLastCommit, misbehavior: request.misbehavior,
    });
    this.#executing = execution.catch(() => undefined);
    const result = await execution;
    stop?.(Number(request.height));
    const failed = result.txResults.filter(({ code }) => code !== 0).length;
    const { metrics, unindexed } = this.#options;
    metrics?.transactions(result.txResults.length - failed, failed);
    return unindexed === undefined ? result : { ...result, unindexed };
  }

  /** Resolved when no block is being executed: only then may the store be closed. */
  async idle(): Promise<void> {
    await this.#executing;
  }

  /** Between the steps sockets are read and others answered: a long block keeps nobody from the node. */
  async #execute(block: BlockRequest): Promise<ExecutedBlock> {
    try {
      const steps = this.machine.executionOf(block);
      for (;;) {
        const step = steps.next();
        if (step.done === true) return step.value;
        await new Promise((resolve) => setImmediate(resolve));
      }
    } catch (error) {
      if (error instanceof HaltError) this.#options.onHalt?.(error);
      throw error;
    }
  }

  /** Durable when it answers; says which blocks nobody needs any more (ABCI-15). */
  commit(): Partial<ResponseCommit> {
    this.machine.commit();
    const height = this.store.version;
    const { snapshotInterval, snapshotKeepRecent, minRetainBlocks } = this.#options;
    if (snapshotInterval > 0 && height % snapshotInterval === 0) {
      void this.#options.snapshots.create(height).catch((error: unknown) => this.#options.log("error", "a snapshot failed", { height, error: String(error) }));
    }
    if (minRetainBlocks === 0) return { retainHeight: 0n };
    return { retainHeight: retainHeight(BigInt(height), { minRetainBlocks, snapshotInterval, snapshotKeepRecent, evidenceAgeBlocks: this.machine.evidenceAgeBlocks() }) };
  }

  // ---- state sync (ABCI-17)

  listSnapshots(): Partial<ResponseListSnapshots> {
    return { snapshots: this.#options.snapshots.list().map(({ version, ...rest }) => ({ height: BigInt(version), ...rest })) };
  }

  async loadSnapshotChunk(request: RequestLoadSnapshotChunk): Promise<Partial<ResponseLoadSnapshotChunk>> {
    return { chunk: (await this.#options.snapshots.chunk(Number(request.height), request.format, request.chunk)) ?? empty };
  }

  offerSnapshot({ snapshot, appHash }: RequestOfferSnapshot): Partial<ResponseOfferSnapshot> {
    if (snapshot === undefined) return { result: ResponseOfferSnapshot_Result.REJECT };
    const { height, ...rest } = snapshot;
    try {
      this.#restore = this.#options.snapshots.accept({ version: Number(height), ...rest }, appHash);
      this.#options.log("info", "taking a snapshot", { height: String(height), chunks: snapshot.chunks });
      return { result: ResponseOfferSnapshot_Result.ACCEPT };
    } catch (error) {
      if (!(error instanceof SnapshotRefused)) throw error;
      this.#options.log("warn", error.message, { height: String(height) });
      return { result: error.reason === "format" ? ResponseOfferSnapshot_Result.REJECT_FORMAT : ResponseOfferSnapshot_Result.REJECT };
    }
  }

  async applySnapshotChunk(request: RequestApplySnapshotChunk): Promise<Partial<ResponseApplySnapshotChunk>> {
    const restore = this.#restore;
    if (restore === undefined) return { result: ResponseApplySnapshotChunk_Result.ABORT };
    try {
      if ((await restore.apply(request.index, request.chunk)) === "retry") {
        this.#options.log("warn", "a peer sent a chunk that is not the snapshot's", { chunk: request.index, sender: request.sender });
        return { result: ResponseApplySnapshotChunk_Result.RETRY, refetchChunks: [request.index], rejectSenders: request.sender === "" ? [] : [request.sender] };
      }
    } catch (error) {
      this.#restore = undefined;
      this.#options.log("error", "the snapshot does not make the state it promises", { error: String(error) });
      return { result: ResponseApplySnapshotChunk_Result.REJECT_SNAPSHOT };
    }
    if (restore.done) {
      this.#restore = undefined;
      this.machine.reload();
      this.#options.log("info", "the snapshot is in place", { height: this.store.version });
    }
    return { result: ResponseApplySnapshotChunk_Result.ACCEPT };
  }

  // ---- queries (ABCI-18)

  async query(request: RequestQuery): Promise<Partial<ResponseQuery>> {
    const height = Number(request.height);
    const at = BigInt(height === 0 ? this.store.version : height);
    try {
      if (height < 0) return refusal(sdkFailure.invalidRequest, "sdk", "the height of a query is not negative");
      if (request.path.startsWith("/p2p/filter/")) return { code: 0 };
      if (request.path === "/app/version") return { code: 0, value: utf8(this.#options.version), height: at };
      if (request.path === "/app/simulate") return { code: 0, value: this.#simulate(request.data), height: at };
      if (request.path.startsWith("/store/")) return this.#storeQuery(request, at);
      const answer = this.#options.services?.handle(request.path, request.data, height);
      const value = answer === undefined ? this.machine.query(request.path, request.data, height) : await answer;
      return { code: 0, value, height: at };
    } catch (error) {
      if (error instanceof QueryError) {
        const [code, words] = sdkError(error);
        return refusal(code, "sdk", `${error.grpc === "Unimplemented" ? error.message : error.log}: ${words}`);
      }
      if (error instanceof VersionNotKept) return refusal(sdkFailure.invalidHeight, "sdk", `${error.message}: invalid height`);
      if (error instanceof UnknownStore) return refusal(storeFailure.unknownRequest, "store", `no such store: ${error.store.slice(0, 100)}: unknown request`);
      this.#options.log("error", "a query failed", { path: request.path, error: String(error) });
      return refusal(1, "sdk", "internal error");
    }
  }

  #simulate(tx: Uint8Array): Uint8Array {
    const result = this.machine.simulate(tx);
    if (result.code !== 0) throw new QueryError("Unknown", result.log);
    return SimulationResponse.encode({
      gasInfo: { gasWanted: result.gasWanted, gasUsed: result.gasUsed },
      result: { data: result.data, log: result.log, events: result.events, msgResponses: [] },
    }).finish();
  }

  /** `/store/<name>/key`: a raw value, with its proof where asked. Proofs are for a committed header, so the newest provable height is the last. */
  #storeQuery(request: RequestQuery, at: bigint): Partial<ResponseQuery> {
    const [, , name, what] = request.path.split("/");
    if (name === undefined || what !== "key") return refusal(sdkFailure.unknownRequest, "sdk", `no such store query: ${request.path.slice(0, 200)}; ask /store/<name>/key: unknown request`);
    if (request.data.length === 0) return refusal(storeFailure.txDecode, "store", "query cannot be zero length: tx parse error");
    if (request.data.length > maxKeyLength) return refusal(sdkFailure.invalidRequest, "sdk", `a key has at most ${maxKeyLength} bytes, this one has ${request.data.length}: invalid request`);
    const version = Number(at);
    if (request.prove) {
      const { value, ops } = this.store.prove(name, request.data, version);
      return { code: 0, key: request.data, value: value ?? empty, proofOps: { ops: [...ops] }, height: at };
    }
    return { code: 0, key: request.data, value: this.store.at(version).store(name).get(request.data) ?? empty, height: at };
  }
}

function nanosOf(time: Timestamp | undefined): bigint {
  return time === undefined ? 0n : time.seconds * 1_000_000_000n + BigInt(time.nanos);
}

function refusal(code: number, codespace: string, log: string): Partial<ResponseQuery> {
  return { code, codespace, log };
}

/** The SDK's root error for gRPC's code: what an ABCI query answers. */
function sdkError(error: QueryError): readonly [code: number, words: string] {
  switch (error.grpc) {
    case "NotFound":
      return [22, "key not found"];
    case "InvalidArgument":
    case "FailedPrecondition":
      return [18, "invalid request"];
    case "Unauthenticated":
      return [4, "unauthorized"];
    default:
      return [6, "unknown request"];
  }
}

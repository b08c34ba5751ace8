/**
 * The state machine: genesis, transactions, blocks. Synchronous and deterministic; it owns no clock, disk or socket. What it is
 * given are blocks and a store of versions, what it gives are results and one app hash a block.
 */
import { TxMsgData } from "../codec/gen/cosmos/base/abci/v1beta1/abci.ts";
import type { Any } from "../codec/gen/google/protobuf/any.ts";
import type { CommitInfo, Event, ExecTxResult, Misbehavior, ValidatorUpdate } from "../codec/gen/tendermint/abci/types.ts";
import type { ConsensusParams, EvidenceParams } from "../codec/gen/tendermint/types/params.ts";
import { readUint64, uint64Bytes, utf8, concatBytes, fromUtf8 } from "../codec/bytes.ts";
import { decodeTx, TxDecodeError } from "../codec/tx.ts";
import { StoresOverlay } from "../store/overlay.ts";
import type { ReadStores, Stores } from "../store/kv.ts";
import type { Ante, AnteOptions, Claim, Claims } from "./ante.ts";
import { EventLog } from "../codec/event-log.ts";
import { encodeWire } from "../codec/wire.ts";
import { Context, readOnly, type BlockHeader, type Mode } from "./context.ts";
import { assert, AssertionError, HaltError, QueryError, sdkErrors, TxError } from "./errors.ts";
import { GasMeter } from "./gas.ts";
import { moduleVersions, runtimeStore } from "./migrations.ts";
import type { Module } from "./module.ts";
import { readBudget } from "./queries.ts";
import type { Router } from "./router.ts";
import { CachedTx, TxCache } from "./tx-cache.ts";

/** The versions that the machine reads and adds to. */
export interface VersionStore {
  readonly version: number;
  readonly appHash: Uint8Array;
  latest(): ReadStores;
  at(version: number): ReadStores;
  /** The app hash of these writes over the latest version; nothing durable yet. */
  prepare(version: number, writes: StoresOverlay): Uint8Array;
  commit(): void;
}

/** What puts a transaction of the proposer's own in front of a block, and demands it of others. */
export interface ProposalRule {
  /** The system transaction of this block, encoded, or undefined where the proposer has none to give. */
  make(ctx: Context): Uint8Array | undefined;
  /** The sentence that says what is wrong with the block's first message, or undefined. */
  verify(ctx: Context, first: { readonly typeUrl: string; readonly message: unknown } | undefined): string | undefined;
}

/** Where CometBFT's parameters live in the state. */
export interface ConsensusParamsKeeper {
  init(ctx: Context, params: ConsensusParams): void;
  /** -1 where blocks have no gas limit. */
  maxBlockGas(ctx: Context): bigint;
  /** How old evidence may be; undefined where genesis did not say. */
  evidence(ctx: Context): EvidenceParams | undefined;
}

/** What stands between two blocks: whether this build may execute the next one, and the state as it needs it. */
export interface UpgradeRule {
  /** True where `run` changes the state in front of this block. */
  due(ctx: Context): boolean;
  /** Throws a HaltError where this build must not execute the block; where an upgrade is due, migrates. */
  run(ctx: Context): void;
}

export interface MachineOptions {
  readonly modules: readonly Module[];
  readonly router: Router;
  readonly ante: Ante;
  readonly claims?: Claims;
  readonly store: VersionStore;
  readonly minGasPrices: AnteOptions["minGasPrices"];
  readonly consensusParams: ConsensusParamsKeeper;
  readonly proposal?: ProposalRule;
  readonly upgrades?: UpgradeRule;
  /** Unexpected exceptions end the process instead of failing one transaction: for tests and simulations. */
  readonly strict: boolean;
  /** Told of exceptions that nobody expected, and of broken invariants. */
  readonly report: (what: string, error: unknown) => void;
  /** Checks every invariant after every block and throws at the first that is broken. */
  readonly checkInvariants?: boolean;
}

export interface GenesisInputs {
  readonly chainId: string;
  readonly timeNanos: bigint;
  readonly initialHeight: bigint;
  /** Section name to the module's GenesisState in protobuf; a missing section takes the module's defaults. */
  readonly sections: Readonly<Record<string, Uint8Array>>;
  readonly genTxs: readonly Uint8Array[];
  /** CometBFT's, from genesis.json's `consensus` section. */
  readonly consensusParams: ConsensusParams | undefined;
}

export interface BlockRequest {
  readonly height: bigint;
  readonly timeNanos: bigint;
  readonly proposer: Uint8Array;
  readonly txs: readonly Uint8Array[];
  readonly lastCommit: CommitInfo | undefined;
  readonly misbehavior: readonly Misbehavior[];
}

/** A transaction's result whose events are not made into objects: `events` is empty, `emitted` has them. */
export interface TxOutcome extends ExecTxResult {
  readonly emitted: EventLog;
}

export interface UnverifiedSignature extends Claim {
  /** Only after it verified. */
  accept(): void;
}

/** A block's result as a node passes it on. */
export interface ExecutedBlock extends BlockResult {
  readonly txResults: TxOutcome[];
}

export interface BlockResult {
  readonly txResults: ExecTxResult[];
  readonly events: Event[];
  readonly validatorUpdates: ValidatorUpdate[];
  readonly consensusParamUpdates: ConsensusParams | undefined;
  readonly appHash: Uint8Array;
}

const headerKey = utf8("header");
const genesisGas = Number.MAX_SAFE_INTEGER;
/** Transactions of a block between which nothing else happens: some milliseconds, as most are. */
const txsPerStep = 128;

export class Machine {
  readonly router: Router;
  readonly modules: readonly Module[];
  readonly #options: MachineOptions;
  readonly #store: VersionStore;
  readonly #txs = new TxCache(100_000, 64 << 20);
  /** State after genesis, until the first block is committed. */
  #genesis: StoresOverlay | undefined;
  /** The committed state as the upgrade in front of the next block makes it: what the mempool and proposals of this build are made on. */
  #upgraded: StoresOverlay | undefined;
  #check: StoresOverlay;
  #checkHeader: BlockHeader | undefined;
  /** The context of all rechecks of one state: they emit nothing and have no gas limit. */
  #recheck: Context | undefined;
  #header: BlockHeader | undefined;
  #prepared: BlockHeader | undefined;
  #maxBlockGas = -1n;
  /** Of the block that is to be committed: then nobody asks for them any more. */
  #delivered: readonly Uint8Array[] = [];

  constructor(options: MachineOptions) {
    this.#options = options;
    this.router = options.router;
    this.modules = options.modules;
    this.#store = options.store;
    this.#check = new StoresOverlay(options.store.latest());
    if (options.store.version > 0) this.reload();
  }

  /** Header of the last committed block; before the first one, of genesis; undefined before that. */
  get header(): BlockHeader | undefined {
    return this.#header;
  }

  // ---- genesis

  /** Builds the first state. May be repeated before the first block is committed (ABCI-8): nothing of an earlier try stays. */
  initChain(inputs: GenesisInputs): { validators: ValidatorUpdate[]; appHash: Uint8Array } {
    assert(this.#store.version === 0, "genesis over a state that has blocks");
    const stores = new StoresOverlay(this.#store.latest());
    const header: BlockHeader = { chainId: inputs.chainId, height: inputs.initialHeight - 1n, timeNanos: inputs.timeNanos, proposer: new Uint8Array(0) };
    const ctx = new Context(header, stores, "genesis");
    for (const module of this.modules) {
      moduleVersions.set(ctx, module.name, BigInt(module.consensusVersion));
      if (module.genesis === undefined) continue;
      const section = inputs.sections[module.name];
      const state = section === undefined ? module.genesis.defaults() : module.genesis.type.decode(section);
      module.genesis.check(state);
      module.genesis.init(ctx, state);
    }
    if (inputs.consensusParams !== undefined) this.#options.consensusParams.init(ctx, inputs.consensusParams);
    writeHeader(stores, header);
    for (const [i, bytes] of inputs.genTxs.entries()) {
      const result = this.#execute(header, stores, "genesis", bytes, genesisGas);
      if (result.code !== 0) throw new TxError(result.codespace, result.code, `genesis transaction ${i} failed: ${result.log}`);
    }
    const validators = this.modules.flatMap((module) => module.validatorUpdates?.(ctx) ?? []);
    const broken = this.brokenInvariants(ctx);
    if (broken.length > 0) throw new Error(`the genesis makes a state that breaks its own rules: ${broken.join("; ")}`);
    this.#genesis = stores;
    this.#header = header;
    this.#resetCheck(header);
    return { validators, appHash: this.#store.appHash };
  }

  /** Every module's section, as protobuf, of a kept version. */
  exportGenesis(version: number): Record<string, Uint8Array> {
    const ctx = this.#queryContext(version);
    const out: Record<string, Uint8Array> = {};
    for (const module of this.modules) {
      if (module.genesis !== undefined) out[module.name] = module.genesis.type.encode(module.genesis.export(ctx)).finish();
    }
    return out;
  }

  // ---- transactions

  /** One mempool check. `recheck` looks at sequence and fee only. */
  checkTx(bytes: Uint8Array, recheck: boolean): TxOutcome {
    if (this.#checkHeader === undefined) return failure(new TxError("sdk", sdkErrors.logic.code, "the chain has no genesis yet"), 0n, 0);
    const cached = this.#decode(bytes);
    if ("error" in cached) return failure(cached.error, 0n, 0);
    if (cached.system) {
      const { typeUrl } = cached.bound.find(({ handler }) => handler.lane === "system")!;
      return failure(new TxError("sdk", sdkErrors.unauthorized.code, `${typeUrl} can only be placed by a block's proposer: unauthorized`), 0n, 0);
    }
    return this.#run(this.#checkHeader, this.#check, recheck ? "recheck" : "check", cached, undefined);
  }

  /** Runs a transaction on the latest state without keeping anything, with no more gas than a block has; signatures may be empty. */
  simulate(bytes: Uint8Array): ExecTxResult {
    assert(this.#checkHeader !== undefined, "simulation before genesis");
    const stores = new StoresOverlay(this.#check);
    const cached = this.#decode(bytes, true);
    if ("error" in cached) return withEvents(failure(cached.error, 0n, 0));
    return withEvents(this.#run(this.#checkHeader, stores, "simulate", cached, this.#maxBlockGas > 0n ? Number(this.#maxBlockGas) : genesisGas));
  }

  #decode(bytes: Uint8Array, passing = false): CachedTx | { error: TxError } {
    const known = this.#txs.find(bytes);
    if (known !== undefined) return known;
    try {
      // What is kept must not hold on to the socket's buffer that the bytes came in.
      const tx = decodeTx(passing ? bytes : bytes.slice(), this.router.registry);
      const bound = tx.messages.map(({ typeUrl }) => {
        const found = this.router.message(typeUrl);
        assert(found !== undefined, `decoded a message without a handler: ${typeUrl}`);
        return found;
      });
      const cached = new CachedTx(tx, bound, bound.some(({ handler }) => handler.lane === "system"));
      if (!passing) this.#txs.add(cached);
      return cached;
    } catch (error) {
      if (error instanceof TxDecodeError) return { error: new TxError("sdk", sdkErrors.txDecode.code, error.message) };
      if (error instanceof TxError) return { error };
      throw error;
    }
  }

  #execute(header: BlockHeader, stores: StoresOverlay, mode: Mode, bytes: Uint8Array, gasLimit?: number): TxOutcome {
    const cached = this.#decode(bytes);
    if ("error" in cached) return failure(cached.error, 0n, 0);
    return this.#run(header, stores, mode, cached, gasLimit);
  }

  #run(header: BlockHeader, stores: StoresOverlay, mode: Mode, cached: CachedTx, gasLimit: number | undefined): TxOutcome {
    const { tx } = cached;
    const wanted = tx.authInfo.fee?.gasLimit ?? 0n;
    if (wanted > 0x7fffffffffffffffn) return failure(new TxError("sdk", sdkErrors.invalidGasLimit.code, `gas limit ${wanted} is above the largest possible: invalid gas limit`), 0n, 0);
    if (mode === "check" && this.#maxBlockGas >= 0n && wanted > this.#maxBlockGas) {
      return failure(new TxError("sdk", sdkErrors.invalidGasLimit.code, `tx gas limit ${wanted} exceeds block max gas ${this.#maxBlockGas}: invalid gas limit`), wanted, 0);
    }
    // A recheck repeats what was paid for: counting it again would cost a third of it.
    const ctx = mode === "recheck" ? (this.#recheck ??= new Context(header, stores, mode)) : new Context(header, stores, mode, new GasMeter(gasLimit ?? Number(wanted)));
    const { gas } = ctx;
    const before = gas.used;
    /** What stays where a later step fails: nothing, then what the ante did. */
    let kept = 0;
    let shown = 0;
    stores.begin();
    try {
      if (!cached.system) this.#options.ante(ctx, tx, cached.verified, { minGasPrices: this.#options.minGasPrices, maxBlockGas: this.#maxBlockGas });
      kept = stores.mark;
      shown = ctx.log.mark;
      if (mode === "check" || mode === "recheck") return success(noData, wanted, gas.used - before, ctx.log);
      const data = this.#runMessages(ctx, cached);
      kept = stores.mark;
      return success(data, wanted, gas.used - before, ctx.log);
    } catch (error) {
      ctx.log.cut(shown);
      return failure(this.#asTxError(error), wanted, gas.used - before, ctx.log);
    } finally {
      stores.revert(kept);
      stores.end();
    }
  }

  #runMessages(ctx: Context, { tx, bound, verified }: CachedTx): Uint8Array {
    const responses: Any[] = [];
    for (let index = 0; index < bound.length; index++) {
      const { handler, response: type } = bound[index]!;
      const { typeUrl, message } = tx.messages[index]!;
      const before = ctx.log.mark;
      const sender = handler.signers(message)[0];
      const module = moduleOf(typeUrl);
      ctx.emit("message", sender === undefined ? [["action", typeUrl], ["module", module]] : [["action", typeUrl], ["sender", sender], ["module", module]]);
      let response: unknown;
      try {
        // A proposer may place what no mempool has checked.
        if (verified.passed?.[index] !== true) handler.check(message);
        response = handler.execute(ctx, message);
      } catch (error) {
        const known = this.#asTxError(error);
        throw new TxError(known.codespace, known.code, `failed to execute message; message index: ${index}: ${known.message}`);
      }
      responses.push({ typeUrl: `/${type.$type}`, value: encodeWire(type, response) });
      ctx.log.share(before, "msg_index", String(index));
    }
    return responsesData(responses);
  }

  /** What a user may cause comes back as it is; anything else is our fault: reported, and the same text on every node. */
  #asTxError(error: unknown): TxError {
    if (error instanceof TxError) return error;
    if (this.#options.strict) throw error;
    this.#options.report("a transaction ended in an unexpected exception", error);
    return new TxError("sdk", 1, "internal error");
  }

  // ---- blocks

  /**
   * Signatures of these transactions that no CheckTx has verified, as the latest state lets them be guessed. Who has verified one, on
   * whatever core, calls its `accept`: then the block's execution does not verify it again.
   */
  unverified(txs: readonly Uint8Array[]): UnverifiedSignature[] {
    const { claims } = this.#options;
    if (claims === undefined || this.#header === undefined) return [];
    const ctx = this.#queryContext(0);
    const out: UnverifiedSignature[] = [];
    for (const bytes of txs) {
      const cached = this.#decode(bytes);
      if ("error" in cached || cached.system || cached.verified.proofs !== undefined) continue;
      const claim = claims(ctx, cached.tx);
      if (claim !== undefined) out.push({ ...claim, accept: () => void (cached.verified.proofs = [claim.proof]) });
    }
    return out;
  }

  /** Transactions for a block of at most `maxBytes` (protobuf overhead counted), the proposer's own in front (ABCI-9). */
  prepareProposal(request: Omit<BlockRequest, "txs" | "lastCommit" | "misbehavior">, txs: readonly Uint8Array[], maxBytes: number): Uint8Array[] {
    const out: Uint8Array[] = [];
    let room = maxBytes;
    const fits = (bytes: Uint8Array, within: number): boolean => txFieldSize(bytes.length) <= within;
    const own = this.#options.proposal?.make(this.#proposalContext(request));
    if (own !== undefined && fits(own, room)) {
      out.push(own);
      room -= txFieldSize(own.length);
    }
    // A tenth of the block is kept for reveals, salts and dispute moves: a flood of other transactions cannot make them late.
    let reserved = Math.floor(maxBytes / 10);
    let gas = this.#maxBlockGas;
    for (const bytes of txs) {
      const cached = this.#decode(bytes);
      if ("error" in cached || cached.system) continue;
      const size = txFieldSize(bytes.length);
      const urgent = cached.bound.every(({ handler }, i) => (handler.lane ?? handler.laneOf?.(cached.tx.messages[i]!.message)) === "reserved");
      if (!fits(bytes, urgent ? room : room - reserved)) continue;
      const wanted = cached.tx.authInfo.fee?.gasLimit ?? 0n;
      if (gas >= 0n) {
        if (wanted > gas) continue;
        gas -= wanted;
      }
      if (urgent) reserved = Math.max(0, reserved - size);
      room -= size;
      out.push(bytes);
    }
    return out;
  }

  /** Undefined where the block is acceptable, else the reason. A pure function of block and committed state (ABCI-10). */
  processProposal(request: BlockRequest): string | undefined {
    let gas = 0n;
    let first: { typeUrl: string; message: unknown } | undefined;
    for (const [i, bytes] of request.txs.entries()) {
      const cached = this.#decode(bytes);
      if ("error" in cached) return `transaction ${i} does not decode: ${cached.error.message}`;
      gas += cached.tx.authInfo.fee?.gasLimit ?? 0n;
      if (cached.system) {
        if (i !== 0) return `transaction ${i} is a system transaction; only the first may be`;
        if (cached.tx.messages.length !== 1) return "a system transaction carries exactly one message";
        // With more gas than there can be it would pass here and fail in the block: a proposer could drop its reveal and keep its slot.
        if ((cached.tx.authInfo.fee?.gasLimit ?? 0n) !== 0n) return "a system transaction wants no gas";
        first = cached.tx.messages[0];
      }
    }
    if (this.#maxBlockGas >= 0n && gas > this.#maxBlockGas) return `the transactions want ${gas} gas, the block may hold ${this.#maxBlockGas}`;
    return this.#options.proposal?.verify(this.#proposalContext(request), first);
  }

  /** `executeBlock` with the transactions' events as objects. */
  finalizeBlock(request: BlockRequest): BlockResult {
    const { txResults, ...block } = this.executeBlock(request);
    return { ...block, txResults: txResults.map(withEvents) };
  }

  /** Executes a decided block. The state is prepared, not durable: `commit` follows. Throws a HaltError where this build must not execute it. */
  executeBlock(request: BlockRequest): ExecutedBlock {
    const steps = this.executionOf(request);
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
    }
  }

  /**
   * `executeBlock` in steps of `txsPerStep` transactions. Between two of them everything may happen but another block and a commit: checks and queries
   * see the committed state.
   */
  *executionOf(request: BlockRequest): Generator<undefined, ExecutedBlock> {
    const genesis = this.#genesis;
    const chainId = this.#header?.chainId;
    assert(chainId !== undefined, "a block before genesis");
    const header: BlockHeader = { chainId, height: request.height, timeNanos: request.timeNanos, proposer: request.proposer, appHash: this.#store.appHash };
    const stores = new StoresOverlay(genesis ?? this.#store.latest(), { remember: true });
    const events: Event[] = [];
    const hook = (module: Module, name: string, run: (ctx: Context) => void): void => {
      const overlay = new StoresOverlay(stores);
      const ctx = new Context(header, overlay, "block", new GasMeter(Infinity), this.#options.strict ? undefined : this.#options.report);
      try {
        run(ctx);
      } catch (error) {
        if (this.#options.strict) throw error;
        this.#options.report(`${name} of module ${module.name} failed at height ${header.height}; its changes are dropped`, error);
        const failed = new EventLog();
        failed.add("dcm.runtime.v1.EventBlockHookFailed", [["module", module.name], ["hook", name]]);
        events.push(...hookEvents(failed, name));
        return;
      }
      overlay.flush(stores);
      events.push(...hookEvents(ctx.log, name));
    };
    writeHeader(stores, header);
    if (this.#options.upgrades !== undefined) {
      const ctx = new Context(header, stores, "block");
      this.#options.upgrades.run(ctx);
      events.push(...hookEvents(ctx.log, "PreBlock"));
    }
    for (const module of this.modules) {
      if (module.beginBlock !== undefined) hook(module, "BeginBlock", (ctx) => module.beginBlock!(ctx, { lastCommit: request.lastCommit, misbehavior: request.misbehavior }));
    }
    const txResults: TxOutcome[] = [];
    for (const [i, bytes] of request.txs.entries()) {
      txResults.push(this.#deliver(header, stores, bytes, i));
      if (i % txsPerStep === txsPerStep - 1) yield;
    }
    this.#delivered = request.txs;
    for (const module of this.modules) {
      if (module.endBlock !== undefined) hook(module, "EndBlock", (ctx) => module.endBlock!(ctx));
    }
    const validatorUpdates: ValidatorUpdate[] = [];
    let consensusParamUpdates: ConsensusParams | undefined;
    for (const module of this.modules) {
      if (module.validatorUpdates !== undefined) hook(module, "EndBlock", (ctx) => validatorUpdates.push(...module.validatorUpdates!(ctx)));
      if (module.consensusParamUpdates !== undefined) hook(module, "EndBlock", (ctx) => (consensusParamUpdates = module.consensusParamUpdates!(ctx)));
    }
    if (this.#options.checkInvariants === true) this.#assertInvariants(new Context(header, stores, "block"));
    let writes = stores;
    if (genesis !== undefined) {
      // Genesis stays as it was, so that the same first block can be executed once more.
      writes = new StoresOverlay(this.#store.latest());
      copyChanges(genesis, writes);
      stores.flush(writes);
    }
    const appHash = this.#store.prepare(Number(request.height), writes);
    this.#prepared = header;
    return { txResults, events, validatorUpdates, consensusParamUpdates, appHash };
  }

  #deliver(header: BlockHeader, stores: StoresOverlay, bytes: Uint8Array, index: number): TxOutcome {
    const cached = this.#decode(bytes, true);
    if ("error" in cached) return failure(cached.error, 0n, 0);
    if (cached.system) {
      if (index !== 0 || cached.tx.messages.length !== 1) return failure(new TxError("sdk", sdkErrors.unauthorized.code, "a system transaction stands alone in front of its block, with one message: unauthorized"), 0n, 0);
      return this.#run(header, stores, "deliver", cached, genesisGas);
    }
    return this.#run(header, stores, "deliver", cached, undefined);
  }

  /** Makes the finalized block durable and starts the mempool's state anew from it. */
  commit(): void {
    assert(this.#prepared !== undefined, "commit without a finalized block");
    this.#store.commit();
    this.#genesis = undefined;
    this.#header = this.#prepared;
    this.#prepared = undefined;
    for (const bytes of this.#delivered) this.#txs.remove(bytes);
    this.#delivered = [];
    this.#resetCheck(this.#header);
  }

  /** After the store was replaced from below (state sync, rollback): reads the header again. */
  reload(): void {
    this.#genesis = undefined;
    this.#prepared = undefined;
    this.#header = readHeader(this.#store.latest());
    this.#resetCheck(this.#header);
  }

  /** Why this build must not execute the next block; undefined where it may, or where there is no state yet. */
  get halt(): HaltError | undefined {
    const { upgrades } = this.#options;
    if (upgrades === undefined || this.#header === undefined) return undefined;
    const ctx = nextContext(this.#header, new StoresOverlay(this.#genesis ?? this.#store.latest()));
    if (upgrades.due(ctx)) return undefined;
    try {
      upgrades.run(ctx);
      return undefined;
    } catch (error) {
      if (error instanceof HaltError) return error;
      throw error;
    }
  }

  /** The state of the next block, where an upgrade is due in front of it that this build has. */
  #preview(header: BlockHeader): StoresOverlay | undefined {
    const { upgrades } = this.#options;
    if (upgrades === undefined || this.#genesis !== undefined) return undefined;
    const stores = new StoresOverlay(this.#store.latest());
    const ctx = nextContext(header, stores);
    if (!upgrades.due(ctx)) return undefined;
    try {
      upgrades.run(ctx);
      return stores;
    } catch (error) {
      // The block itself will say so; until then the state can still be read and exported.
      if (this.#options.strict) throw error;
      this.#options.report("the upgrade that is due fails", error);
      return undefined;
    }
  }

  #resetCheck(header: BlockHeader): void {
    this.#upgraded = this.#preview(header);
    this.#check = new StoresOverlay(this.#genesis ?? this.#upgraded ?? this.#store.latest(), { remember: true });
    this.#checkHeader = header;
    this.#recheck = undefined;
    this.#maxBlockGas = this.#options.consensusParams.maxBlockGas(new Context(header, readOnly(this.#check), "query"));
  }

  #proposalContext(request: { height: bigint; timeNanos: bigint; proposer: Uint8Array }): Context {
    const chainId = this.#header?.chainId;
    assert(chainId !== undefined, "a proposal before genesis");
    return new Context({ chainId, height: request.height, timeNanos: request.timeNanos, proposer: request.proposer }, new StoresOverlay(this.#genesis ?? this.#upgraded ?? this.#store.latest()), "block");
  }

  // ---- queries

  /** Answers a module's query at a kept version (0: the latest). Throws QueryError, also where it reads too much. */
  query(path: string, request: Uint8Array, version = 0): Uint8Array {
    const ctx = this.#queryContext(version, readBudget());
    try {
      return this.router.answer(ctx, path, request);
    } catch (error) {
      if (error instanceof QueryError) throw error;
      if (error instanceof TxError) throw new QueryError("InvalidArgument", error.message);
      if (this.#options.strict && error instanceof AssertionError) throw error;
      this.#options.report(`query ${path} ended in an unexpected exception`, error);
      throw new QueryError("Internal", "internal error");
    }
  }

  /** For how many blocks evidence counts, as the last committed state says; undefined where genesis did not say. */
  evidenceAgeBlocks(): bigint | undefined {
    return this.#options.consensusParams.evidence(this.queryContext())?.maxAgeNumBlocks;
  }

  /** A context that reads a kept version (0: the latest, before the first block: genesis). */
  queryContext(version = 0): Context {
    return this.#queryContext(version);
  }

  #queryContext(version: number, seen?: Parameters<typeof readOnly>[1]): Context {
    const stores = version === 0 ? (this.#genesis ?? this.#store.latest()) : this.#store.at(version);
    const header = version === 0 ? this.#header : readHeader(stores);
    if (header === undefined) throw new QueryError("Unavailable", "the chain has no genesis yet");
    return new Context(header, readOnly(stores, seen), "query");
  }

  /** The broken invariants of a context's state, each as a sentence. */
  brokenInvariants(ctx: Context): string[] {
    const broken: string[] = [];
    for (const module of this.modules) {
      for (const [name, check] of Object.entries(module.invariants ?? {})) {
        const sentence = check(ctx);
        if (sentence !== undefined) broken.push(`${module.name}/${name}: ${sentence}`);
      }
    }
    return broken;
  }

  #assertInvariants(ctx: Context): void {
    const broken = this.brokenInvariants(ctx);
    if (broken.length > 0) throw new AssertionError(`height ${ctx.height}: ${broken.join("; ")}`);
  }
}

/** `cosmos.bank.v1beta1.MsgSend` is module `bank`. */
function moduleOf(typeUrl: string): string {
  const from = typeUrl.indexOf(".") + 1;
  const to = typeUrl.indexOf(".", from);
  return from === 0 ? "" : typeUrl.slice(from, to < 0 ? undefined : to);
}

const noData = new Uint8Array(0);
const noEvents: Event[] = [];
const nothingEmitted = new EventLog();

/** The data of transactions with one message and an empty response, by the response's type: nearly all there are. */
const plainData = new Map<string, Uint8Array>();

function responsesData(responses: Any[]): Uint8Array {
  const only = responses.length === 1 && responses[0]!.value.length === 0 ? responses[0]! : undefined;
  const known = only === undefined ? undefined : plainData.get(only.typeUrl);
  if (known !== undefined) return known;
  const data = encodeWire(TxMsgData, { data: [], msgResponses: responses });
  if (only !== undefined) plainData.set(only.typeUrl, data);
  return data;
}

function success(data: Uint8Array, gasWanted: bigint, gasUsed: number, emitted: EventLog): TxOutcome {
  return { code: 0, data, log: "", info: "", gasWanted, gasUsed: BigInt(gasUsed), events: noEvents, codespace: "", emitted };
}

function failure(error: TxError, gasWanted: bigint, gasUsed: number, emitted: EventLog = nothingEmitted): TxOutcome {
  return { code: error.code, data: noData, log: error.message, info: "", gasWanted, gasUsed: BigInt(gasUsed), events: noEvents, codespace: error.codespace, emitted };
}

function withEvents({ emitted, ...result }: TxOutcome): ExecTxResult {
  return { ...result, events: emitted.abciEvents() };
}

/** The events of a block's hook, which say where they come from. */
function hookEvents(log: EventLog, mode: string): Event[] {
  log.share(0, "mode", mode);
  return log.abciEvents();
}

function nextContext(header: BlockHeader, stores: StoresOverlay): Context {
  return new Context({ ...header, height: header.height + 1n }, stores, "block");
}

function copyChanges(from: StoresOverlay, into: Stores): void {
  for (const [name, changes] of from.changes()) {
    const store = into.store(name);
    for (const [key, value] of changes) {
      if (value === undefined) store.delete(key);
      else store.set(key, value);
    }
  }
}

/** Bytes that a transaction takes in a block: its own, its length, its field tag. */
export function txFieldSize(length: number): number {
  let size = length + 2;
  for (let n = length; n >= 0x80; n >>>= 7) size++;
  return size;
}

function writeHeader(stores: Stores, header: BlockHeader): void {
  const bytes = concatBytes(uint64Bytes(header.height), uint64Bytes(header.timeNanos), Uint8Array.of(header.proposer.length), header.proposer, utf8(header.chainId));
  stores.store(runtimeStore).set(headerKey, bytes);
}

/** The header that a state was written under. */
export function readHeader(stores: ReadStores): BlockHeader {
  const bytes = stores.store(runtimeStore).get(headerKey);
  assert(bytes !== undefined, "the state has no header");
  const end = 17 + bytes[16]!;
  return { height: readUint64(bytes), timeNanos: readUint64(bytes, 8), proposer: bytes.slice(17, end), chainId: fromUtf8(bytes.subarray(end)) };
}

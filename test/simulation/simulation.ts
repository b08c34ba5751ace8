/**
 * One run: a world from a seed, block after block of generated or planned transactions, executed by machines in different
 * circumstances that must agree. Throws SimulationFailure at the first thing that must not be.
 */
import { auditFailed } from "./audit.ts";
import { Coverage } from "./coverage.ts";
import { roundTrip } from "./round-trip.ts";
import { Generator } from "./generator.ts";
import { indexFault } from "./indexed.ts";
import { encodePlanned, type Plan, type PlannedBlock, type PlannedTx } from "./plan.ts";
import { difference, LocalReplica, outcomeOf, RestartingReplica, type Outcome, type Replica } from "./replica.ts";
import { signingFor } from "./signing.ts";
import { SigningSet } from "./signing-set.ts";
import { appModules, beaconSigner, genesisNanos, makeWorld, type SimulatedWorld } from "./world.ts";
import type { ForeignProcess } from "./foreign.ts";
import { decodeTx, TxDecodeError, type DecodedTx } from "../../chain/codec/tx.ts";
import type { MsgExec } from "../../chain/codec/gen/cosmos/authz/v1beta1/tx.ts";
import { MisbehaviorType, type ExecTxResult, type Misbehavior } from "../../chain/codec/gen/tendermint/abci/types.ts";
import { followQueue } from "../../chain/modules/market/state.ts";
import type { BlockRequest, BlockResult } from "../../chain/runtime/machine.ts";
import { timestampOf } from "../../chain/runtime/time-text.ts";

export interface RunOptions {
  readonly seed: string;
  readonly blocks: number;
  /** Replays these blocks instead of making new ones. */
  readonly plan?: Plan;
  readonly foreign?: ForeignProcess;
  /** One machine, without invariants: for those who look at what becomes of the blocks, not at whether machines agree. Default false. */
  readonly alone?: boolean;
  /** Checks that failed transactions leave no trace, for so many a block. Default 2 in every fourth block. */
  readonly audits?: number;
  /** Exports the last state, begins a new chain from it and compares. Default true. */
  readonly roundTrip?: boolean;
  /** Hears of each block that was committed. */
  readonly onBlock?: (height: number, result: BlockResult) => void;
  /** Looks at the full node's state behind each block. */
  readonly onState?: (state: LastState) => void;
  /** Looks at the full node's last state before everything is stopped. */
  readonly inspect?: (last: LastState) => void | Promise<void>;
}

export interface LastState {
  readonly replica: LocalReplica;
  readonly world: SimulatedWorld;
  readonly generator: Generator;
  readonly nanos: bigint;
}

export interface RunResult {
  readonly coverage: Coverage;
  readonly plan: Plan;
  readonly appHash: string;
  readonly appHashes: readonly string[];
}

/** Says what went wrong at which height; `plan` repeats it. */
export class SimulationFailure extends Error {
  override readonly name = "SimulationFailure";
  readonly plan: Plan;
  readonly height: number;
  constructor(height: number, plan: Plan, cause: unknown) {
    super(`seed ${plan.seed}, height ${height}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.height = height;
    this.plan = plan;
  }
}

export async function simulate(options: RunOptions): Promise<RunResult> {
  const run = await Run.start(options);
  try {
    return await run.all();
  } finally {
    await run.stop();
  }
}

interface Pooled {
  readonly bytes: Uint8Array;
  readonly signers: readonly string[];
}

class Run {
  readonly #options: RunOptions;
  readonly #world: SimulatedWorld;
  readonly #full: LocalReplica;
  readonly #honest: LocalReplica;
  readonly #others: readonly Replica[];
  readonly #generator: Generator;
  readonly #coverage: Coverage;
  readonly #blocks: PlannedBlock[] = [];
  readonly #hashes: string[] = [];
  readonly #signers: SigningSet;
  readonly #proposing: { by: Uint8Array };
  #pool: Pooled[] = [];
  #height = 0;
  #nanos = genesisNanos;
  /** Of the blocks, from height 1 on. */
  readonly #times: bigint[] = [];

  private constructor(options: RunOptions, world: SimulatedWorld, full: LocalReplica, honest: LocalReplica, others: readonly Replica[], proposing: { by: Uint8Array }) {
    this.#options = options;
    this.#world = world;
    this.#full = full;
    this.#honest = honest;
    this.#others = others;
    this.#proposing = proposing;
    this.#signers = new SigningSet(world.genesis.initialHeight, full.validators);
    this.#generator = new Generator(world, full.machine.modules);
    this.#coverage = new Coverage(full.machine.router.typeUrls);
  }

  static async start(options: RunOptions): Promise<Run> {
    const world = makeWorld(options.seed, appModules());
    const proposing = { by: new Uint8Array(20) };
    const signBeacon = (message: Uint8Array): Uint8Array | undefined => beaconSigner(proposing.by, full.machine.queryContext())(message);
    const full: LocalReplica = await LocalReplica.start("full", world.genesis, { checkInvariants: options.alone !== true, signBeacon });
    if (options.alone === true) return new Run(options, world, full, full, [], proposing);
    const bare = await LocalReplica.start("bare", world.genesis);
    const restarting = await RestartingReplica.start(`restarting ${options.seed}`, world.genesis);
    const foreign = options.foreign === undefined ? [] : [await options.foreign.replica(world.genesis)];
    return new Run(options, world, full, restarting, [...foreign, bare, restarting], proposing);
  }

  async all(): Promise<RunResult> {
    const { plan, seed } = this.#options;
    const count = plan?.blocks.length ?? this.#options.blocks;
    for (let i = 0; i < count; i++) {
      try {
        const block = plan?.blocks[i] ?? this.#generator.block(this.#full.machine.queryContext(), i + 1);
        this.#blocks.push(block);
        await this.#block(block);
      } catch (error) {
        throw new SimulationFailure(this.#height, { seed, blocks: this.#blocks }, error);
      }
    }
    try {
      if (this.#options.roundTrip !== false) {
        await this.#settleAsks();
        await roundTrip(this.#full.machine, this.#world);
      }
    } catch (error) {
      throw new SimulationFailure(this.#height, { seed, blocks: this.#blocks }, error);
    }
    await this.#options.inspect?.(this.#state);
    return { coverage: this.#coverage, plan: { seed, blocks: this.#blocks }, appHash: this.#hashes.at(-1) ?? "", appHashes: this.#hashes };
  }

  get #state(): LastState {
    return { replica: this.#full, world: this.#world, generator: this.#generator, nanos: this.#nanos };
  }

  /** An import puts every ask where its provider's state wants it. A chain takes some blocks for that, so none may be on its way when both are compared. */
  async #settleAsks(): Promise<void> {
    const waits = (): boolean => !followQueue.entries(this.#full.machine.queryContext()).next().done;
    for (let i = 0; i < 100 && waits(); i++) await this.#block({ nanos: "0", proposer: 0, absent: [], maxBytes: 4_194_304, txs: [] });
  }

  async #block(block: PlannedBlock): Promise<void> {
    this.#height++;
    this.#nanos += BigInt(block.nanos);
    this.#times.push(this.#nanos);
    const signers = this.#signers.at(BigInt(this.#height));
    this.#proposing.by = signers[block.proposer % signers.length]!.address;
    const header = { height: BigInt(this.#height), timeNanos: this.#nanos, proposer: this.#proposing.by };
    const forced = this.#check(block);
    const proposed = this.#full.machine.prepareProposal(header, this.#pool.map(({ bytes }) => bytes), block.maxBytes);
    this.#judgeProposal(header, proposed, block);
    const own = proposed.length > 0 && this.#isReveal(proposed[0]!) ? proposed.slice(0, 1) : [];
    const rest = [...proposed.slice(own.length), ...forced];
    if (block.reversed === true) rest.reverse();
    const request: BlockRequest = { ...header, txs: [...(block.silent === true ? [] : own), ...rest], lastCommit: this.#signers.lastCommit(header.height, block.absent), misbehavior: this.#misbehavior(block) };
    // An answer is due for any block, even for one that no honest validator votes for.
    this.#honest.machine.processProposal(request);
    let result = this.#full.machine.finalizeBlock(request);
    const outcome = outcomeOf(result);
    if (auditFailed(this.#full, request, result, this.#options.audits ?? (this.#height % 4 === 0 ? 2 : 0)) > 0) {
      result = this.#full.machine.finalizeBlock(request);
      const differs = difference(outcome, outcomeOf(result));
      if (differs !== undefined) throw new Error(`executed again after other blocks of this height, ${differs} differs`);
    }
    await this.#compare(request, outcome);
    this.#full.machine.commit();
    if (this.#full.machine.header?.height !== header.height) throw new Error("the committed header is not the block's");
    this.#hashes.push(outcome.appHash);
    this.#options.onBlock?.(this.#height, result);
    this.#signers.apply(header.height, result.validatorUpdates);
    for (const { type, attributes } of result.events) for (const { key, value } of attributes) if (type === "slash" && key === "reason") this.#coverage.slashed.add(value);
    const unfound = indexFault([...result.events, ...result.txResults.flatMap(({ events }) => events)]);
    if (unfound !== undefined) throw new Error(unfound);
    this.#countAll(request.txs, result.txResults);
    for (const { type, attributes } of result.events) {
      if (type === "dcm.market.v1.EventBidChanged") this.#coverage.count("/end of a bid", attributes.find(({ key }) => key === "status")!.value);
      if (type === "dcm.referee.v1.EventDisputeClosed") this.#coverage.count("/end of a dispute", attributes.find(({ key }) => key === "outcome")!.value);
      if (type === "dcm.market.v1.EventReplicasDrawn") this.#coverage.count("/draw of round", attributes.find(({ key }) => key === "round")!.value);
    }
    this.#recheck(new Set(request.txs));
    this.#options.onState?.(this.#state);
  }

  /** As CometBFT reports it: each validator of a height once. */
  #misbehavior({ misbehaved = [] }: PlannedBlock): Misbehavior[] {
    return misbehaved.filter(({ ago }) => ago < this.#height).map(({ place, ago, attack }) => {
      const height = this.#height - ago;
      const set = this.#signers.at(BigInt(height));
      return {
        type: attack === true ? MisbehaviorType.LIGHT_CLIENT_ATTACK : MisbehaviorType.DUPLICATE_VOTE, validator: set[place % set.length], height: BigInt(height), time: timestampOf(this.#times[height - 1]!),
        totalVotingPower: set.reduce((sum, { power }) => sum + power, 0n),
      };
    });
  }

  async #compare(request: BlockRequest, outcome: Outcome): Promise<void> {
    const others = await Promise.all(this.#others.map(async (replica) => ({ name: replica.name, other: await replica.execute(request) })));
    for (const { name, other } of others) {
      const differs = difference(outcome, other);
      if (differs !== undefined) throw new Error(`replica ${name}: ${differs} differs from the full node's`);
    }
  }

  /** What honest validators make is accepted by those who have seen none of it, and within its bytes. */
  #judgeProposal(header: Omit<BlockRequest, "txs" | "lastCommit" | "misbehavior">, proposed: readonly Uint8Array[], block: PlannedBlock): void {
    const fault = this.#honest.machine.processProposal({ ...header, txs: proposed, lastCommit: undefined, misbehavior: [] });
    if (fault !== undefined) throw new Error(`a validator refuses what an honest one proposes: ${fault}`);
    const size = proposed.reduce((sum, { length }) => sum + length + 1 + varintLength(length), 0);
    if (size > block.maxBytes) throw new Error(`the proposal takes ${size} bytes, ${block.maxBytes} are allowed`);
  }

  /** Sends the block's transactions to the mempool; gives those that the proposer places without it. */
  #check(block: PlannedBlock): Uint8Array[] {
    const pending = new Map<string, bigint>();
    const advance = (signers: readonly string[]): void => {
      for (const signer of signers) pending.set(signer, (pending.get(signer) ?? 0n) + 1n);
    };
    for (const { signers } of this.#pool) advance(signers);
    const forced: Uint8Array[] = [];
    for (const tx of block.txs) {
      const bytes = this.#encode(tx, pending);
      const checked = this.#full.machine.checkTx(bytes, false);
      if (checked.code === 0) {
        this.#pool.push({ bytes, signers: tx.unordered === undefined ? tx.signers : [] });
        if (tx.unordered === undefined) advance(tx.signers);
      } else {
        if (tx.forced === true) forced.push(bytes);
        for (const [typeUrl] of tx.messages) this.#coverage.count(typeUrl, `${checked.codespace} ${checked.code} (check)`);
      }
      const simulated = this.#full.machine.simulate(bytes);
      if (simulated.gasUsed < 0n) throw new Error("negative gas");
    }
    return forced;
  }

  #encode(tx: PlannedTx, pending: ReadonlyMap<string, bigint>): Uint8Array {
    return encodePlanned(tx, signingFor(this.#full.machine, this.#world, this.#nanos, pending));
  }

  /** As CometBFT does after a commit. */
  #recheck(included: ReadonlySet<Uint8Array>): void {
    this.#pool = this.#pool.filter(({ bytes }) => !included.has(bytes) && this.#full.machine.checkTx(bytes, true).code === 0);
  }

  #decode(bytes: Uint8Array): DecodedTx | undefined {
    try {
      return decodeTx(bytes, this.#full.machine.router.registry);
    } catch (error) {
      if (error instanceof TxDecodeError) return undefined;
      throw error;
    }
  }

  #isReveal(bytes: Uint8Array): boolean {
    return this.#decode(bytes)?.messages[0]?.typeUrl === "/dcm.beacon.v1.MsgBeaconReveal";
  }

  #countAll(txs: readonly Uint8Array[], results: readonly ExecTxResult[]): void {
    this.#coverage.blocks++;
    this.#coverage.transactions += txs.length;
    for (const [i, bytes] of txs.entries()) {
      const result = results[i]!;
      const outcome = result.code === 0 ? "ok" : `${result.codespace} ${result.code}`;
      // Of several messages one failed, and the others with it.
      const culprit = /message index: (\d+)/.exec(result.log)?.[1];
      for (const [index, { typeUrl, message }] of (this.#decode(bytes)?.messages ?? []).entries()) {
        if (culprit !== undefined && culprit !== String(index)) continue;
        this.#coverage.count(typeUrl, outcome);
        if (typeUrl === "/cosmos.authz.v1beta1.MsgExec") for (const inner of (message as MsgExec).msgs) this.#coverage.count(inner.typeUrl, outcome);
      }
    }
  }

  async stop(): Promise<void> {
    await this.#full.stop();
    for (const replica of this.#others) await replica.stop();
  }
}

function varintLength(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : 4;
}

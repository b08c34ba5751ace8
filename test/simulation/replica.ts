/** Machines that execute the same blocks in different circumstances, and what they must agree on. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createApp, storeNames, type AppOptions } from "../../chain/app.ts";
import { toHex } from "../../chain/codec/bytes.ts";
import { Event, ExecTxResult, ValidatorUpdate } from "../../chain/codec/gen/tendermint/abci/types.ts";
import { ConsensusParams } from "../../chain/codec/gen/tendermint/types/params.ts";
import type { BlockRequest, BlockResult, GenesisInputs, Machine, VersionStore } from "../../chain/runtime/machine.ts";
import { MultiStore } from "../../chain/store/multistore.ts";
import type { ChangeSet } from "../../chain/store/overlay.ts";
import { seeded } from "./random.ts";

/** In memory where the system has such a place: these runs are about state, not about disks. */
const folder = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** What consensus sees of a block, as text. */
export interface Outcome {
  readonly appHash: string;
  /** Code, data, gas wanted, gas used, codespace and events of each transaction. The log is none of consensus' business. */
  readonly txs: readonly string[];
  readonly block: string;
}

/** Says which part of two outcomes differs, or nothing. */
export function difference(a: Outcome, b: Outcome): string | undefined {
  for (const [i, tx] of a.txs.entries()) if (b.txs[i] !== tx) return `the result of transaction ${i}`;
  if (a.txs.length !== b.txs.length) return "the number of results";
  if (a.block !== b.block) return "the block's events, validator updates or consensus params";
  return a.appHash === b.appHash ? undefined : "the app hash";
}

export function outcomeOf(result: BlockResult): Outcome {
  const hex = (parts: readonly Uint8Array[]): string => parts.map(toHex).join(",");
  return {
    appHash: toHex(result.appHash),
    txs: result.txResults.map((tx) => toHex(ExecTxResult.encode({ ...tx, log: "", info: "" }).finish())),
    block: [
      hex(result.events.map((event) => Event.encode(event).finish())),
      hex(result.validatorUpdates.map((update) => ValidatorUpdate.encode(update).finish())),
      result.consensusParamUpdates === undefined ? "" : toHex(ConsensusParams.encode(result.consensusParamUpdates).finish()),
    ].join(";"),
  };
}

export interface Replica {
  readonly name: string;
  /** Executes and commits. */
  execute(block: BlockRequest): Promise<Outcome>;
  stop(): Promise<void>;
}

export interface ReplicaOptions extends Partial<Omit<AppOptions, "store">> {
  /** Runs what the machine does, in circumstances of its own. */
  readonly guard?: <T>(work: () => T) => T;
}

/** A strict machine over a store in a folder of its own. */
export class LocalReplica implements Replica {
  readonly name: string;
  readonly #directory: string;
  readonly #options: ReplicaOptions;
  readonly #genesis: GenesisInputs;
  store: MultiStore;
  machine: Machine;
  /** The set that genesis began with. */
  validators: readonly ValidatorUpdate[] = [];
  #captured: ChangeSet | undefined;
  #capturing = false;

  protected constructor(name: string, genesis: GenesisInputs, options: ReplicaOptions, directory: string, store: MultiStore) {
    this.name = name;
    this.#genesis = genesis;
    this.#options = options;
    this.#directory = directory;
    this.store = store;
    this.machine = this.#machine();
  }

  static async start(name: string, genesis: GenesisInputs, options: ReplicaOptions = {}): Promise<LocalReplica> {
    const directory = mkdtempSync(join(folder, "dcm-simulation-"));
    return new this(name, genesis, options, directory, await MultiStore.open({ directory, stores: storeNames }));
  }

  #machine(): Machine {
    const report = (what: string, error: unknown): never => {
      throw new Error(what, { cause: error });
    };
    const { guard: _, ...options } = this.#options;
    const machine = createApp({ strict: true, minGasPrices: [], report, ...options, store: this.#versions() });
    if (this.store.version === 0) this.validators = this.#guard(() => machine.initChain(this.#genesis)).validators;
    return machine;
  }

  #guard<T>(work: () => T): T {
    return this.#options.guard === undefined ? work() : this.#options.guard(work);
  }

  /** The store, but that a block's writes can be looked at instead of prepared. */
  #versions(): VersionStore {
    const { store } = this;
    return {
      get version() { return store.version; },
      get appHash() { return store.appHash; },
      latest: () => store.latest(),
      at: (version) => store.at(version),
      prepare: (version, writes) => {
        if (!this.#capturing) return store.prepare(version, writes);
        this.#captured = writes.changes();
        return new Uint8Array(32);
      },
      commit: () => { store.commit(); },
    };
  }

  /** What a block would write, and its results. The block must not be committed: execute the right one after it. */
  trial(block: BlockRequest): { readonly writes: ChangeSet; readonly result: BlockResult } {
    this.#capturing = true;
    try {
      const result = this.machine.finalizeBlock(block);
      return { writes: this.#captured!, result };
    } finally {
      this.#capturing = false;
    }
  }

  /** As a restart does: what is not committed is gone. */
  async reopen(): Promise<void> {
    await this.store.close();
    this.store = await MultiStore.open({ directory: this.#directory, stores: storeNames });
    this.machine = this.#machine();
  }

  execute(block: BlockRequest): Promise<Outcome> {
    const outcome = outcomeOf(this.#guard(() => this.machine.finalizeBlock(block)));
    this.#guard(() => { this.machine.commit(); });
    return Promise.resolve(outcome);
  }

  async stop(): Promise<void> {
    await this.store.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** Stops and starts at moments that chance picks: between blocks, and between FinalizeBlock and Commit. Also executes a block twice. */
export class RestartingReplica extends LocalReplica {
  readonly #random = seeded(`restarts ${this.name}`);

  override async execute(block: BlockRequest): Promise<Outcome> {
    if (this.#random.chance(20)) await this.reopen();
    const first = outcomeOf(this.machine.finalizeBlock(block));
    const restarts = this.#random.chance(25);
    if (restarts) await this.reopen();
    if (restarts || this.#random.chance(10)) {
      const differs = difference(first, outcomeOf(this.machine.finalizeBlock(block)));
      if (differs !== undefined) throw new Error(`executed a second time, ${differs} differs`);
    }
    this.machine.commit();
    return first;
  }
}

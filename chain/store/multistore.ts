/**
 * The chain's state: named stores whose Merkle roots make one app hash, versioned by height, durable.
 *
 * `prepare` applies a block's writes and gives the app hash; `commit` makes them durable (one fsynced record of the append
 * log) and current. Checkpoints and history follow in the background: opening makes up for what of them is missing.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { equalBytes, toHex } from "../codec/bytes.ts";
import { Checkpoints } from "./disk/checkpoints.ts";
import { History } from "./disk/history.ts";
import type { Manifest } from "./disk/image-files.ts";
import { lockDirectory } from "./disk/lock.ts";
import { cutLog, Log } from "./disk/log.ts";
import { maxMetaLength, type VersionRecord } from "./disk/record.ts";
import { Restore } from "./disk/restore.ts";
import { StoreCorrupt, VersionNotKept } from "./errors.ts";
import type { ReadStore, ReadStores } from "./kv.ts";
import { type ChangeSet, StoresOverlay } from "./overlay.ts";
import type { ProofOp, State } from "./state.ts";

export { StoreCorrupt, StoreLocked, UnknownStore, VersionNotKept } from "./errors.ts";
export type { ProofOp } from "./state.ts";

export interface MultiStoreOptions {
  /** Made where it is missing. One process at a time. */
  readonly directory: string;
  /** Names of all stores, in any order. A name that is new to an existing state comes into being with its first write. */
  readonly stores: readonly string[];
  /** Versions kept in memory, with proofs: at least 1, default 20. README.md says what one costs. */
  readonly keepRecent?: number;
  /** Older versions that can be read, without proofs, from disk: default 0, none. */
  readonly keepHistory?: number;
  /** Versions divisible by this number can be read for good, where `keepHistory` is not 0. Default 0, none. */
  readonly keepEvery?: number;
  /** Versions after which a checkpoint is written in the background, so that opening replays fewer. Default 1,000. */
  readonly checkpointEvery?: number;
  /** Bytes of log after which a checkpoint is written as well. Default 128 MiB. */
  readonly checkpointBytes?: number;
  /** Bytes after which the log begins another file. Default 32 MiB. */
  readonly segmentBytes?: number;
  /** Hears of what happens in the background, and of repairs at opening. */
  readonly log?: (level: "info" | "warn" | "error", message: string, fields: Readonly<Record<string, unknown>>) => void;
}

type Options = Required<MultiStoreOptions>;

/** A proof of one key, from its store to the app hash; `value` is absent where the key is. */
export interface Proof {
  readonly value?: Uint8Array;
  /** Leaf to root, in the order in which clients check them. */
  readonly ops: readonly ProofOp[];
}

export class MultiStore {
  readonly #options: Options;
  readonly #unlock: () => void;
  readonly #checkpoints: Checkpoints;
  readonly #history: History | undefined;
  #state: State;
  #log: Log;
  #bytesSinceCheckpoint = 0;
  #checkpointing: { readonly done: Promise<void>; readonly abort: AbortController } | undefined;
  #pruning = false;
  #closed = false;

  private constructor(options: Options, unlock: () => void, checkpoints: Checkpoints, state: State, history: History | undefined) {
    this.#options = options;
    this.#unlock = unlock;
    this.#checkpoints = checkpoints;
    this.#history = history;
    this.#state = state;
    this.#log = this.#replay();
  }

  /** Opens a directory at its last durable version. Throws StoreLocked, StoreCorrupt, UnknownStore. */
  static async open(given: MultiStoreOptions): Promise<MultiStore> {
    const options = withDefaults(given);
    const { directory, keepHistory, keepEvery, log } = options;
    mkdirSync(directory, { recursive: true });
    const unlock = lockDirectory(directory);
    let history: History | undefined;
    try {
      const checkpoints = new Checkpoints(join(directory, "checkpoints"));
      const state = checkpoints.load(options.stores, (error) => { log("warn", "a checkpoint is damaged: going on from an older one", { error: error.message }); });
      if (keepHistory > 0) {
        history = await History.open(join(directory, "history"), keepHistory, keepEvery, state.current.version, (error) => {
          log("error", "history is not recorded any more; restart the node to repair it", { error: error.message });
        });
      }
      return new MultiStore(options, unlock, checkpoints, state, history);
    } catch (error) {
      await history?.close();
      unlock();
      throw error;
    }
  }

  /** Brings the checkpoint's state up to the log's last version. */
  #replay(): Log {
    const { keepRecent, directory, segmentBytes } = this.#options;
    const base = this.#state.current.version;
    let hashed = base;
    this.#bytesSinceCheckpoint = 0;
    const log = Log.open(join(directory, "log"), segmentBytes, base, (record, last, bytes) => {
      this.#state.replay(record.version, record.changes);
      const { old } = this.#state.working!;
      // Hashes are needed where proofs are given from; the record's checksum vouches for the others, and the next hash for all.
      const needed = record.version > last - keepRecent;
      if (needed) {
        this.#checkHash(record, this.#state.hash(hashed === record.version - 1 ? undefined : hashed));
        hashed = record.version;
      }
      this.#state.commit(record.meta.slice(), record.appHash.slice());
      if (this.#history !== undefined && record.version > this.#history.last) this.#history.record(record.version, copied(old), this.#state.arena);
      this.#prune(needed ? record.version - keepRecent + 1 : record.version);
      this.#bytesSinceCheckpoint += bytes;
    });
    // The log is ahead of the history, but for one case: its last record was torn.
    if (this.#history !== undefined && this.#history.last > this.version) this.#history.truncate(this.version);
    return log;
  }

  #checkHash(record: VersionRecord, appHash: Uint8Array): void {
    if (equalBytes(appHash, record.appHash)) return;
    throw new StoreCorrupt(this.#options.directory, `version ${record.version} replays to app hash ${toHex(appHash)}, but the log says ${toHex(record.appHash)}`);
  }

  // ---- what is there

  /** The last durable version (height); 0 before the first commit. */
  get version(): number {
    return this.#state.current.version;
  }

  /** The app hash of that version; SHA-256 of nothing at version 0. */
  get appHash(): Uint8Array {
    return this.#state.current.appHash.slice();
  }

  /** The bytes that were committed with that version. */
  get meta(): Uint8Array {
    return this.#state.current.meta.slice();
  }

  /** The oldest version that `prove` reaches. */
  get oldestProven(): number {
    return this.#state.oldestProven;
  }

  /** The oldest version from which on `at` reaches every one. */
  get oldest(): number {
    return Math.min(this.#state.oldest, this.#history?.oldest ?? Infinity);
  }

  /** Bytes that the state takes in memory. */
  get memoryBytes(): number {
    return this.#state.arena.bytes;
  }

  /** The last committed version at each read, whatever is being prepared. An iteration stays with the version it began in. */
  latest(): ReadStores {
    return this.#state.latest();
  }

  /**
   * A kept version: in memory, or (slower) in the history on disk. Throws VersionNotKept, now or at a later read once the
   * version is pruned.
   */
  at(version: number): ReadStores {
    if (this.#state.has(version)) return this.#state.at(version);
    const history = this.#history;
    if (history === undefined || version > this.version || !history.has(version)) throw new VersionNotKept(version, this.oldest, this.version);
    const base = (name: string): ReadStore => {
      if (!history.has(version)) throw new VersionNotKept(version, this.oldest, this.version);
      return this.#state.at(Math.min(history.last, this.version)).store(name);
    };
    return {
      store: (name) => {
        base(name);
        return history.store(name, version, () => base(name));
      },
    };
  }

  /**
   * A proof of the key's presence (with its value) or absence in a version that is in memory (`oldestProven` on). Throws
   * VersionNotKept, UnknownStore.
   */
  prove(store: string, key: Uint8Array, version: number): Proof {
    return this.#state.prove(store, key, version);
  }

  // ---- a new version

  /**
   * Applies a block's writes to the working version, in byte order of store and key, and gives the app hash. Nothing is
   * durable yet; preparing again replaces what was prepared. `version` follows the current one; the first of all may be any
   * height. Throws a RangeError or UnknownStore, with nothing prepared, where the writes are not allowed.
   */
  prepare(version: number, writes: StoresOverlay | ChangeSet): Uint8Array {
    this.#checkOpen();
    const { current } = this.#state;
    if (!Number.isSafeInteger(version) || version < 1 || version > 0x7fffffff || (current.version !== 0 && version !== current.version + 1)) {
      throw new RangeError(`cannot prepare version ${version}: the current one is ${current.version}`);
    }
    this.#state.apply(version, writes instanceof StoresOverlay ? writes.changes() : writes);
    return this.#state.hash();
  }

  /** Forgets what was prepared. */
  discardWorking(): void {
    this.#state.discard();
  }

  /**
   * Makes the prepared version durable and current. `meta` (at most 64 KiB) is stored atomically with it; it is part of
   * snapshots, so it must be the same on all nodes. After an error the disk's content is not known: close, and open again.
   */
  commit(meta: Uint8Array = new Uint8Array(0)): void {
    this.#checkOpen();
    const working = this.#state.working;
    if (working?.appHash === undefined) throw new Error("nothing is prepared: call prepare before commit");
    if (meta.length > maxMetaLength) throw new RangeError(`meta has ${meta.length} bytes, at most ${maxMetaLength} are allowed`);
    this.#bytesSinceCheckpoint += this.#log.append({ version: working.version, appHash: working.appHash, meta, changes: working.changes });
    this.#state.commit(new Uint8Array(meta), working.appHash);
    this.#after(working);
  }

  /** What nobody waits for: history, pruning, checkpoint begin after the reply. */
  #after({ version, old }: NonNullable<State["working"]>): void {
    const state = this.#state;
    const release = state.pin(Math.max(version - 1, state.oldest));
    setImmediate(() => {
      release();
      if (this.#closed || state !== this.#state) return;
      this.#history?.record(version, old, state.arena);
      this.#schedulePruning();
      const { checkpointEvery, checkpointBytes } = this.#options;
      if (version - this.#checkpoints.last >= checkpointEvery || this.#bytesSinceCheckpoint >= checkpointBytes) this.#checkpoint();
    });
  }

  #schedulePruning(): void {
    if (this.#pruning) return;
    this.#pruning = true;
    setImmediate(() => {
      this.#pruning = false;
      if (!this.#closed) this.#prune(this.version - this.#options.keepRecent + 1);
    });
  }

  /** The history begins from a version in memory, so memory keeps the last one that the history has. */
  #prune(oldest: number): void {
    this.#state.prune(Math.min(oldest, this.#history?.last ?? Infinity));
  }

  #checkpoint(): void {
    if (this.#checkpointing !== undefined) return;
    const abort = new AbortController();
    const state = this.#state;
    const began = performance.now();
    this.#bytesSinceCheckpoint = 0;
    // A checkpoint lets the log forget, so the history must have all versions up to it.
    const done = this.#checkpoints.write(state, abort.signal, async () => this.#history?.sync()).then(async (version) => {
      await this.#log.dropUpTo(this.#checkpoints.dispensable);
      this.#options.log("info", "checkpoint written", { version, seconds: Math.round(performance.now() - began) / 1_000 });
    }).catch((error: unknown) => {
      if (!abort.signal.aborted) this.#options.log("error", "a checkpoint failed; the log keeps growing until one succeeds", { error: String(error) });
    }).finally(() => {
      if (this.#checkpointing?.abort === abort) this.#checkpointing = undefined;
    });
    this.#checkpointing = { done, abort };
  }

  /** Resolved when what goes on in the background (history, pruning, a checkpoint) is done. */
  async settled(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    await this.#checkpointing?.done;
    await this.#history?.sync();
    this.#prune(this.version - this.#options.keepRecent + 1);
  }

  // ---- going back, and going on from elsewhere

  /** Goes back to the version before the current one, for good. Throws VersionNotKept where the disk does not reach it. */
  rollback(): void {
    this.rollbackTo(this.version - 1);
  }

  /**
   * Goes back to an earlier version, for good: later ones are removed from the disk. Reaches back to the older of the two
   * checkpoints. Slow: the state is read again. Throws VersionNotKept, with nothing changed, where that is not far enough.
   */
  rollbackTo(version: number): void {
    this.#checkOpen();
    const { directory, stores, log } = this.#options;
    const oldest = this.#checkpoints.oldestAtOrBelow(version) ?? (this.#log.first <= version ? version : this.version);
    if (!Number.isSafeInteger(version) || version >= this.version || version < 1 || oldest > version) {
      throw new VersionNotKept(version, this.#checkpoints.first ?? this.#log.first, this.version - 1, "rolling back");
    }
    this.#checkpointing?.abort.abort();
    this.#state.discard();
    // In this order, so that a stop in between leaves a state that opens: at the old version, or at the new one.
    this.#checkpoints.cut(version);
    this.#history?.truncate(version);
    this.#log.close();
    cutLog(join(directory, "log"), version);
    this.#state = this.#checkpoints.load(stores, (error) => { log("warn", "a checkpoint is damaged: going on from an older one", { error: error.message }); });
    this.#log = this.#replay();
  }

  /**
   * Begins to take a snapshot (`snapshots.ts`) from a peer into a store that is still at version 0. The app hash is the one
   * that consensus vouches for. Throws a RangeError where the store is not empty or the two do not agree.
   */
  restore(manifest: Manifest, appHash: Uint8Array): Restore {
    this.#checkOpen();
    if (this.version !== 0) throw new RangeError(`a snapshot can only be taken into an empty state, this one is at version ${this.version}`);
    return new Restore(manifest, appHash, this.#options.stores, this.#checkpoints.directory, async (state) => {
      if (this.#closed || this.version !== 0) throw new RangeError("the state is not empty any more");
      this.#state = state;
      await this.#checkpoints.add(state.current.version);
      this.#history?.begin(state.current.version);
    });
  }

  /** A version held in memory until `release` is called, for whoever reads it slowly. Throws VersionNotKept. */
  hold(version: number): { readonly state: State; readonly release: () => void } {
    return { state: this.#state, release: this.#state.pin(version) };
  }

  #checkOpen(): void {
    if (this.#closed) throw new Error("the store is closed");
  }

  /** Lets the directory go. What was committed is durable already; what was prepared is forgotten. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#checkpointing?.abort.abort();
    await this.#checkpointing?.done;
    await this.#history?.close();
    this.#log.close();
    this.#unlock();
  }
}

function withDefaults(given: MultiStoreOptions): Options {
  const options: Options = {
    keepRecent: 20, keepHistory: 0, keepEvery: 0, checkpointEvery: 1_000, checkpointBytes: 128 << 20, segmentBytes: 32 << 20, log: () => undefined, ...given,
  };
  for (const name of ["keepRecent", "checkpointEvery", "checkpointBytes", "segmentBytes", "keepHistory", "keepEvery"] as const) {
    const least = name === "keepHistory" || name === "keepEvery" ? 0 : 1;
    if (!Number.isSafeInteger(options[name]) || options[name] < least || options[name] > 0x7fffffff) throw new RangeError(`${name} is ${options[name]}: a whole number of at least ${least} is needed`);
  }
  return options;
}

/** Keys of replayed changes are views into a whole log file: the history holds them longer than that should live. */
function copied(old: NonNullable<State["working"]>["old"]): NonNullable<State["working"]>["old"] {
  return old.map(([name, changes, leaves]) => [name, changes.map(([key, value]) => [key.slice(), value === undefined ? undefined : new Uint8Array(0)] as const), leaves] as const);
}

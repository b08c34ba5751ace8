/**
 * The chain's state: named stores whose Merkle roots make one app hash, versioned by height, durable.
 *
 * `prepare` applies a block's writes and gives the app hash; `commit` makes them durable (one fsynced record of the append
 * log) and current. Everything else on disk can be made again from what the log and the last checkpoint hold.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { lockDirectory } from "./disk/lock.ts";
import { cutLog, Log } from "./disk/log.ts";
import { maxMetaLength, type VersionRecord } from "./disk/record.ts";
import { StoreCorrupt, VersionNotKept } from "./errors.ts";
import { equalBytes, toHex } from "../codec/bytes.ts";
import type { ReadStores } from "./kv.ts";
import { type ChangeSet, StoresOverlay } from "./overlay.ts";
import { type ProofOp, State } from "./state.ts";

export interface MultiStoreOptions {
  /** Made where it is missing. One process at a time. */
  readonly directory: string;
  /** Names of all stores, in any order. A name that is new to an existing state comes into being with its first write. */
  readonly stores: readonly string[];
  /** Versions kept in memory, with proofs: at least 1, default 20. */
  readonly keepRecent?: number;
  /** Bytes after which the log begins another file. Default 64 MiB. */
  readonly segmentBytes?: number;
}

/** A proof of one key, from its store to the app hash; `value` is absent where the key is. */
export interface Proof {
  readonly value?: Uint8Array;
  /** Leaf to root, in the order in which clients check them. */
  readonly ops: readonly ProofOp[];
}

export class MultiStore {
  readonly #options: Required<MultiStoreOptions>;
  readonly #unlock: () => void;
  #state: State;
  #log: Log;
  #pruning = false;
  #closed = false;

  private constructor(options: Required<MultiStoreOptions>, unlock: () => void) {
    this.#options = options;
    this.#unlock = unlock;
    this.#state = new State(options.stores);
    this.#log = this.#load();
  }

  /** Opens a directory at its last durable version. Throws StoreLocked, StoreCorrupt, UnknownStore. */
  static async open(options: MultiStoreOptions): Promise<MultiStore> {
    const { keepRecent = 20, segmentBytes = 64 << 20 } = options;
    if (!Number.isSafeInteger(keepRecent) || keepRecent < 1) throw new RangeError(`keepRecent is ${keepRecent}: at least the last version must be kept`);
    mkdirSync(options.directory, { recursive: true });
    const unlock = lockDirectory(options.directory);
    try {
      return new MultiStore({ ...options, keepRecent, segmentBytes }, unlock);
    } catch (error) {
      unlock();
      throw error;
    }
  }

  #load(): Log {
    const base = this.#state.current.version;
    let hashed = base;
    return Log.open(join(this.#options.directory, "log"), this.#options.segmentBytes, base, (record, last) => {
      this.#state.replay(record.version, record.changes);
      // Hashes are needed where proofs are given from; the record's checksum vouches for the others, and the next hash for all.
      const needed = record.version > last - this.#options.keepRecent;
      if (needed) {
        this.#checkHash(record, this.#state.hash(hashed === record.version - 1 ? undefined : hashed));
        hashed = record.version;
      }
      this.#state.commit(record.meta.slice(), record.appHash.slice());
      this.#state.prune(needed ? record.version - this.#options.keepRecent + 1 : record.version);
    });
  }

  #checkHash(record: VersionRecord, appHash: Uint8Array): void {
    if (equalBytes(appHash, record.appHash)) return;
    throw new StoreCorrupt(this.#options.directory, `version ${record.version} replays to app hash ${toHex(appHash)}, but the log says ${toHex(record.appHash)}`);
  }

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
    return this.#state.oldest;
  }

  /** The last committed version at each read, whatever is being prepared. An iteration stays with the version it began in. */
  latest(): ReadStores {
    return this.#state.latest();
  }

  /** A kept version. Throws VersionNotKept, now or at a later read once the version is pruned. */
  at(version: number): ReadStores {
    return this.#state.at(version);
  }

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
   * Makes the prepared version durable and current. `meta` (at most 64 KiB) is stored atomically with it. After an error the
   * disk's content is not known: close, and open again.
   */
  commit(meta: Uint8Array = new Uint8Array(0)): void {
    this.#checkOpen();
    const working = this.#state.working;
    if (working?.appHash === undefined) throw new Error("nothing is prepared: call prepare before commit");
    if (meta.length > maxMetaLength) throw new RangeError(`meta has ${meta.length} bytes, at most ${maxMetaLength} are allowed`);
    this.#log.append({ version: working.version, appHash: working.appHash, meta, changes: working.changes });
    this.#state.commit(meta.slice(), working.appHash);
    this.#schedulePruning();
  }

  /** After the reply: pruning frees what it must in one go, but no one waits for it. */
  #schedulePruning(): void {
    if (this.#pruning) return;
    this.#pruning = true;
    setImmediate(() => {
      this.#pruning = false;
      if (!this.#closed) this.#state.prune(this.version - this.#options.keepRecent + 1);
    });
  }

  /**
   * A proof of the key's presence (with its value) or absence in a version that is in memory (`oldestProven` on). Throws
   * VersionNotKept, UnknownStore.
   */
  prove(store: string, key: Uint8Array, version: number): Proof {
    return this.#state.prove(store, key, version);
  }

  /** Goes back to the version before the current one, for good. */
  rollback(): void {
    this.rollbackTo(this.version - 1);
  }

  /** Goes back to an earlier version, for good: later ones are removed from the disk. Slow: the state is read again. */
  rollbackTo(version: number): void {
    this.#checkOpen();
    if (version >= this.version || version < 1) throw new VersionNotKept(version, 1, this.version - 1, "rolling back");
    this.#log.close();
    cutLog(join(this.#options.directory, "log"), version);
    this.#state = new State(this.#options.stores);
    this.#log = this.#load();
  }

  #checkOpen(): void {
    if (this.#closed) throw new Error("the store is closed");
  }

  /** Lets the directory go. What was committed is durable already; what was prepared is forgotten. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#log.close();
    this.#unlock();
  }
}

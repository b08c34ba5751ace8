/** What a handler knows: one block's header, its own stores, gas and events. Nothing of the machine it runs on. */
import { EventLog, type EmittedEvent } from "../codec/event-log.ts";
import { TxError } from "./errors.ts";
import { GasMeter, GasStore } from "./gas.ts";
import type { KVStore, ReadStore, ReadStores, Stores } from "../store/kv.ts";
import { StoresOverlay } from "../store/overlay.ts";

/** The header values that consensus agreed on. Time is nanoseconds since the Unix epoch, from the header. */
export interface BlockHeader {
  readonly chainId: string;
  readonly height: bigint;
  readonly timeNanos: bigint;
  /** The proposer's 20-byte consensus address; empty in queries and at genesis. */
  readonly proposer: Uint8Array;
  /** Of the state that a block is executed on, as its header has it; nowhere else. */
  readonly appHash?: Uint8Array;
}

export type Mode = "genesis" | "check" | "recheck" | "simulate" | "deliver" | "block" | "query";

export type { EmittedEvent } from "../codec/event-log.ts";

export class Context {
  readonly header: BlockHeader;
  readonly mode: Mode;
  readonly gas: GasMeter;
  /** What was emitted. */
  readonly log = new EventLog();
  readonly #stores: Stores;
  readonly #metered: Record<string, KVStore> = {};
  readonly #unexpected: OnUnexpected;
  #known: Map<unknown, unknown> | undefined;

  /** `unexpected` hears of what `isolate` caught; by default it is thrown on. */
  constructor(header: BlockHeader, stores: Stores, mode: Mode, gas: GasMeter = new GasMeter(Infinity), unexpected: OnUnexpected = rethrow) {
    this.header = header;
    this.mode = mode;
    this.gas = gas;
    this.#stores = stores;
    this.#unexpected = unexpected;
  }

  get height(): bigint {
    return this.header.height;
  }

  /** Whole seconds since the Unix epoch, of the block's header. */
  get timeSeconds(): bigint {
    return this.header.timeNanos / 1_000_000_000n;
  }

  /** The store by name; in transactions each access costs gas. */
  store(name: string): KVStore {
    if (this.gas.limit === Infinity) return this.#stores.store(name);
    return (this.#metered[name] ??= new GasStore(this.#stores.store(name), this.gas));
  }

  /** What `read` gives, read (and paid for) once in a transaction: for what no transaction can change. A block's hooks may, and read it each time. */
  once<V>(read: (ctx: Context) => V): V {
    if (this.gas.limit === Infinity) return read(this);
    const known = (this.#known ??= new Map());
    if (known.has(read)) return known.get(read) as V;
    const value = read(this);
    known.set(read, value);
    return value;
  }

  /** What was emitted, as objects that are made at each call. */
  get events(): EmittedEvent[] {
    return this.log.events();
  }

  /** False in a mempool check, whose events nobody keeps: then nothing is emitted, and what only events would say need not be made. */
  get emits(): boolean {
    return this.mode !== "check" && this.mode !== "recheck";
  }

  emit(type: string, attributes: Readonly<Record<string, string>> | readonly (readonly [string, string])[]): void {
    if (!this.emits) return;
    this.log.add(type, Array.isArray(attributes) ? (attributes as readonly (readonly [string, string])[]) : Object.entries(attributes));
  }

  /** The same block and gas over other stores (an overlay), with events of its own. */
  over(stores: Stores, gas: GasMeter = this.gas): Context {
    return new Context(this.header, stores, this.mode, gas, this.#unexpected);
  }

  /**
   * Runs one item of a block hook on an overlay of its own: where it throws, only that item's changes are dropped, the block says so in an
   * event, and the others go on (ADR 8). True where it went well.
   */
  isolate(what: string, run: (ctx: Context) => void): boolean {
    const overlay = new StoresOverlay(this.#stores);
    const inner = this.over(overlay);
    try {
      run(inner);
    } catch (error) {
      this.#unexpected(what, error);
      this.emit("dcm.runtime.v1.EventItemFailed", { item: what });
      return false;
    }
    overlay.flush(this.#stores);
    this.log.append(inner.log);
    return true;
  }

  /**
   * Runs messages in a block hook, on an overlay and with gas of their own: kept, events included, where nothing is thrown. Otherwise nothing
   * of them stays, and the error is given back; `sdk` 1 (internal) where it was one that nobody expected.
   */
  attempt(what: string, gas: GasMeter, run: (ctx: Context) => void): TxError | undefined {
    const overlay = new StoresOverlay(this.#stores);
    const inner = this.over(overlay, gas);
    try {
      run(inner);
    } catch (error) {
      if (error instanceof TxError) return error;
      this.#unexpected(what, error);
      return new TxError("sdk", 1, "internal error");
    }
    overlay.flush(this.#stores);
    this.log.append(inner.log);
    return undefined;
  }
}

/** Hears of an exception that nobody expected; may throw it on, to end the run. */
export type OnUnexpected = (what: string, error: unknown) => void;

function rethrow(_: string, error: unknown): never {
  throw error;
}

/** Read-only stores in the shape that a Context takes: a write is a mistake of ours. Each entry that is read is shown to `seen`. */
export function readOnly(stores: ReadStores, seen?: (key: Uint8Array, value: Uint8Array | undefined) => void): Stores {
  const refuse = (): never => {
    throw new TypeError("this state is read-only");
  };
  const watch = (store: ReadStore): ReadStore => (seen === undefined ? store : {
    get(key) {
      const value = store.get(key);
      seen(key, value);
      return value;
    },
    has(key) {
      seen(key, undefined);
      return store.has(key);
    },
    *iterate(start, end, reverse) {
      for (const entry of store.iterate(start, end, reverse)) {
        seen(entry[0], entry[1]);
        yield entry;
      }
    },
  });
  return {
    store(name) {
      const inner = watch(stores.store(name));
      return { get: (k) => inner.get(k), has: (k) => inner.has(k), iterate: (a, b, r) => inner.iterate(a, b, r), set: refuse, delete: refuse };
    },
  };
}

/**
 * Versions that are no longer in memory: for each version, what the keys it changed held before. To read version h, look for the
 * first change of the key after h; where there is none, today's value is the one. So nothing is stored for a key that does not
 * change, and a version is forgotten by deleting what it wrote.
 *
 * The database (LevelDB) belongs to a thread of its own. Versions reach it after the commit's reply; after a crash the missing ones
 * come from the log. Reads are synchronous, as all reads of stores are: the calling thread waits.
 */
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import { compareBytes, concatBytes, utf8 } from "../../codec/bytes.ts";
import type { Entry, ReadStore } from "../kv.ts";
import type { OldLeaves } from "../state.ts";
import { type Arena, NONE } from "../tree/arena.ts";
import { Writer } from "./bytes.ts";
import type { Head } from "./history-keys.ts";

/** A key with what it held; undefined where it was not there. */
export type OldEntry = readonly [key: Uint8Array, value: Uint8Array | undefined];

export interface HistoryPage {
  readonly entries: readonly OldEntry[];
  /** The key that the page reaches to; undefined where it reaches the end of the range. */
  readonly last: Uint8Array | undefined;
}

export interface HistorySetup {
  readonly location: string;
  /** Versions to keep behind the last. */
  readonly window: number;
  /** Versions divisible by this number are kept for good; 0 = none. */
  readonly keepEvery: number;
  readonly signal: SharedArrayBuffer;
}

export type HistoryRequest = { readonly id: number } & (
  | { readonly type: "start"; readonly base: number }
  | { readonly type: "write"; readonly version: number; readonly bytes: Uint8Array }
  | { readonly type: "truncate"; readonly version: number }
  | { readonly type: "sync" | "close" }
  | { readonly type: "get"; readonly store: string; readonly key: Uint8Array; readonly at: number }
  | { readonly type: "page"; readonly store: string; readonly start: Uint8Array | undefined; readonly end: Uint8Array | undefined; readonly reverse: boolean; readonly at: number }
);

export interface HistoryAnswer {
  readonly head: Head;
  readonly error?: string;
  readonly found?: { readonly old: Uint8Array | undefined } | undefined;
  readonly page?: HistoryPage;
}

type Unnumbered<T> = T extends unknown ? Omit<T, "id"> : never;
type Request = Unnumbered<HistoryRequest>;

/** Versions on their way to the thread at once: the others wait in the tree, unpruned. */
const inFlight = 2;
/** Milliseconds after which a read gives up. */
const patience = 30_000;

export class History {
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #flag: Int32Array;
  readonly #waiting = new Map<number, { resolve: (answer: HistoryAnswer) => void; reject: (error: Error) => void }>();
  readonly #backlog: { version: number; old: OldLeaves; arena: Arena }[] = [];
  #sent = 0;
  #next = 1;
  #head: Head = { origin: 0, oldest: 0, last: 0, keepEvery: 0 };
  #failed: Error | undefined;
  #idle: (() => void)[] = [];
  readonly #onFailure: (error: Error) => void;

  private constructor(setup: Omit<HistorySetup, "signal">, onFailure: (error: Error) => void) {
    const signal = new SharedArrayBuffer(4);
    const { port1, port2 } = new MessageChannel();
    this.#flag = new Int32Array(signal);
    this.#port = port1;
    this.#onFailure = onFailure;
    this.#worker = new Worker(new URL("history-worker.ts", import.meta.url), { workerData: { ...setup, signal, port: port2 }, transferList: [port2] });
    this.#worker.on("error", (error) => { this.#fail(error instanceof Error ? error : new Error(String(error))); });
    this.#port.on("message", (answer: HistoryAnswer & { id: number }) => { this.#take(answer); });
    this.#worker.unref();
    this.#port.unref();
  }

  /**
   * Opens the history of a state whose oldest reachable version is `base`: where the last recorded version is below, the record
   * begins anew. `onFailure` hears of a fault after which versions are no longer recorded; the chain goes on without them.
   */
  static async open(location: string, window: number, keepEvery: number, base: number, onFailure: (error: Error) => void): Promise<History> {
    const history = new History({ location, window, keepEvery }, onFailure);
    try {
      await history.#ask({ type: "start", base });
      return history;
    } catch (error) {
      await history.#worker.terminate();
      throw error;
    }
  }

  /** The last version recorded; memory must keep it or an earlier one. Infinity where recording has failed. */
  get last(): number {
    return this.#failed === undefined ? this.#head.last : Infinity;
  }

  /** Every version from this one on can be read. */
  get oldest(): number {
    return this.#failed === undefined ? this.#head.oldest : Infinity;
  }

  /** Whether a version can be read. */
  has(version: number): boolean {
    if (this.#failed !== undefined) return false;
    const { origin, oldest, keepEvery } = this.#head;
    return version >= oldest || (keepEvery > 0 && version >= origin && version % keepEvery === 0);
  }

  // ---- recording

  /** Records a version some time later. Its old leaves must stay in the tree until `last` has reached it. */
  record(version: number, old: OldLeaves, arena: Arena): void {
    if (this.#failed !== undefined) return;
    this.#backlog.push({ version, old, arena });
    this.#send();
  }

  #send(): void {
    while (this.#sent < inFlight && this.#failed === undefined) {
      const next = this.#backlog.shift();
      if (next === undefined) break;
      this.#sent++;
      const bytes = encodeOld(next.old, next.arena);
      this.#ask({ type: "write", version: next.version, bytes }, [bytes.buffer as ArrayBuffer]).then(() => {
        this.#sent--;
        this.#send();
      }, (error: Error) => { this.#fail(error); });
    }
    if (this.#sent === 0 && this.#backlog.length === 0) for (const wake of this.#idle.splice(0)) wake();
  }

  /** Resolved when all versions given so far are recorded and durable. */
  async sync(): Promise<void> {
    if (this.#failed !== undefined) return;
    if (this.#sent > 0 || this.#backlog.length > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
    if (this.#failed === undefined) await this.#ask({ type: "sync" });
  }

  /** Takes back all versions above `version`. Waits for it. */
  truncate(version: number): void {
    this.#backlog.length = 0;
    this.#askNow({ type: "truncate", version });
  }

  /** Begins anew with a state of version `base`. Waits for it. */
  begin(base: number): void {
    this.#askNow({ type: "start", base });
  }

  async close(): Promise<void> {
    this.#backlog.length = 0;
    if (this.#failed === undefined) await this.#ask({ type: "close" }).catch(() => undefined);
    this.#port.close();
    await this.#worker.terminate();
  }

  #fail(error: Error): void {
    if (this.#failed !== undefined) return;
    this.#failed = error;
    for (const { reject } of Array.from(this.#waiting.values())) reject(error);
    this.#waiting.clear();
    this.#backlog.length = 0;
    for (const wake of this.#idle.splice(0)) wake();
    this.#onFailure(error);
  }

  // ---- the thread

  #ask(request: Request, transfer: ArrayBuffer[] = []): Promise<HistoryAnswer> {
    const id = this.#next++;
    this.#port.ref();
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#port.postMessage({ ...request, id }, transfer);
    });
  }

  /** Asks and waits, without the event loop. Answers to other requests that arrive meanwhile are handed on. */
  #askNow(request: Request): HistoryAnswer {
    if (this.#failed !== undefined) throw new Error("the history of this node failed; see its log", { cause: this.#failed });
    const id = this.#next++;
    let own: HistoryAnswer | undefined;
    let error: Error | undefined;
    this.#waiting.set(id, { resolve: (answer) => (own = answer), reject: (reason) => (error = reason) });
    this.#port.postMessage({ ...request, id });
    const until = performance.now() + patience;
    while (own === undefined && error === undefined) {
      const seen = Atomics.load(this.#flag, 0);
      const message = receiveMessageOnPort(this.#port) as { message: HistoryAnswer & { id: number } } | undefined;
      if (message !== undefined) this.#take(message.message);
      else if (performance.now() > until) throw new Error(`the history did not answer within ${patience / 1000} s`);
      else Atomics.wait(this.#flag, 0, seen, 100);
    }
    if (error !== undefined) throw error;
    return own!;
  }

  #take(answer: HistoryAnswer & { id: number }): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (this.#waiting.size === 0) this.#port.unref();
    this.#head = answer.head;
    if (answer.error !== undefined) waiting?.reject(new Error(`history: ${answer.error}`));
    else waiting?.resolve(answer);
  }

  // ---- reads

  /** A store as of `version`. `base` gives the store at any version from `version` on that is still in memory. */
  store(name: string, version: number, base: () => ReadStore): ReadStore {
    return new HistoryReader(this, name, version, base);
  }

  /** What the key held in version `at`; undefined where it has not changed since. */
  find(store: string, key: Uint8Array, at: number): { readonly old: Uint8Array | undefined } | undefined {
    return this.#askNow({ type: "get", store, key, at }).found;
  }

  /** Keys of a range that changed since version `at`. */
  page(store: string, start: Uint8Array | undefined, end: Uint8Array | undefined, reverse: boolean, at: number): HistoryPage {
    return this.#askNow({ type: "page", store, start, end, reverse, at }).page!;
  }
}

/** Entries of the state of today that one step of an iteration looks at. */
const stepEntries = 512;

class HistoryReader implements ReadStore {
  readonly #history: History;
  readonly #name: string;
  readonly #version: number;
  readonly #base: () => ReadStore;

  constructor(history: History, name: string, version: number, base: () => ReadStore) {
    this.#history = history;
    this.#name = name;
    this.#version = version;
    this.#base = base;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const found = this.#history.find(this.#name, key, this.#version);
    return found === undefined ? this.#base().get(key) : found.old;
  }

  has(key: Uint8Array): boolean {
    return this.get(key) !== undefined;
  }

  /** In steps, each of which sees one state of history and memory: what it gives is the same whenever it is taken. */
  *iterate(start?: Uint8Array, end?: Uint8Array, reverse = false): IterableIterator<Entry> {
    let from = start;
    let to = end;
    for (;;) {
      const { entries, last } = this.#step(from, to, reverse);
      yield* entries;
      if (last === undefined) return;
      if (reverse) to = last;
      else from = concatBytes(last, Uint8Array.of(0));
    }
  }

  /** The next entries of the range, and the last key they reach to; without it, they are all. */
  #step(start: Uint8Array | undefined, end: Uint8Array | undefined, reverse: boolean): { entries: Entry[]; last: Uint8Array | undefined } {
    const { entries: old, last: horizon } = this.#history.page(this.#name, start, end, reverse, this.#version);
    const sign = reverse ? -1 : 1;
    const entries: Entry[] = [];
    let i = 0;
    let seen = 0;
    const takeOld = (): void => {
      const [key, value] = old[i++]!;
      if (value !== undefined) entries.push([key, value]);
    };
    for (const entry of this.#base().iterate(start, end, reverse)) {
      if (horizon !== undefined && sign * compareBytes(entry[0], horizon) > 0) break;
      while (i < old.length && sign * compareBytes(old[i]![0], entry[0]) < 0) takeOld();
      if (i < old.length && compareBytes(old[i]![0], entry[0]) === 0) takeOld();
      else entries.push(entry);
      if (++seen === stepEntries) return { entries, last: entry[0] };
    }
    while (i < old.length) takeOld();
    return { entries, last: horizon };
  }
}

/** For each store its name and number of keys, and each key with 0, or length + 1, a byte 1 and the old value. */
function encodeOld(old: OldLeaves, arena: Arena): Uint8Array {
  const writer = new Writer(1 << 16);
  for (const [name, changes, leaves] of old) {
    // A delete that found nothing changed nothing.
    const count = changes.reduce((n, [, value], i) => n + (value === undefined && leaves[i] === NONE ? 0 : 1), 0);
    writer.string(utf8(name));
    writer.uint(count);
    for (let i = 0; i < changes.length; i++) {
      const [key, value] = changes[i]!;
      const leaf = leaves[i]!;
      if (value === undefined && leaf === NONE) continue;
      writer.string(key);
      if (leaf === NONE) {
        writer.uint(0);
        continue;
      }
      const before = arena.valueView(leaf);
      writer.uint(before.length + 1);
      writer.byte(1);
      writer.raw(before);
    }
  }
  return writer.view().slice();
}

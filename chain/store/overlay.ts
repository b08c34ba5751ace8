/** Writes kept apart from what they were made over, until they are flushed into it or forgotten. */
import { compareBytes } from "../codec/bytes.ts";
import { viewOf, type Entry, type KVStore, type ReadStore, type ReadStores, type Stores } from "./kv.ts";
import { checkKey, checkValue } from "./limits.ts";
import { compareLatin1, OrderedKeys } from "./ordered-keys.ts";

/** A key with its new value; undefined where the key was deleted. */
export type Change = readonly [key: Uint8Array, value: Uint8Array | undefined];

/** All changes of one version: stores by name in byte order, each with its keys in byte order, no store and no key twice. */
export type ChangeSet = readonly (readonly [store: string, changes: readonly Change[]])[];

interface Write {
  readonly key: Uint8Array;
  /** Never changed in place: another value is another array. */
  readonly value: Uint8Array | undefined;
}

/** What a write replaced, so that it can be taken back: undefined where the overlay had nothing for the key. */
type Undo = (overlay: Overlay, id: string, before: Write | undefined) => void;

export class Overlay implements KVStore {
  readonly #parent: ReadStore;
  readonly #undo: Undo | undefined;
  #writes = new Map<string, Write>();
  /** Absent until the first iteration: most transactions never iterate over their own writes. */
  #order: OrderedKeys | undefined;
  /** Keys written since the order was built or brought up to date. */
  #unordered: string[] = [];

  /** `undo` hears of every write before it is made. */
  constructor(parent: ReadStore, undo?: Undo) {
    this.#parent = parent;
    this.#undo = undo;
  }

  /** The number of keys written or deleted. */
  get size(): number {
    return this.#writes.size;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.view(key)?.slice();
  }

  view(key: Uint8Array): Uint8Array | undefined {
    return this.#view(key, latin1(key));
  }

  #view(key: Uint8Array, id: string): Uint8Array | undefined {
    const write = this.#writes.get(id);
    if (write !== undefined) return write.value;
    return this.#parent instanceof Overlay ? this.#parent.#view(key, id) : viewOf(this.#parent, key);
  }

  has(key: Uint8Array): boolean {
    return this.#has(key, latin1(key));
  }

  #has(key: Uint8Array, id: string): boolean {
    const write = this.#writes.get(id);
    if (write !== undefined) return write.value !== undefined;
    return this.#parent instanceof Overlay ? this.#parent.#has(key, id) : this.#parent.has(key);
  }

  /** Throws a RangeError where key or value is empty or over-long (`limits.ts`). */
  set(key: Uint8Array, value: Uint8Array): void {
    this.put(key, copy(value));
  }

  put(key: Uint8Array, value: Uint8Array): void {
    checkKey(key);
    checkValue(value);
    this.#write(latin1(key), key, value, false);
  }

  delete(key: Uint8Array): void {
    checkKey(key);
    this.#write(latin1(key), key, undefined, false);
  }

  /** Takes the value as its own, and the key as well where `owned`. */
  #write(id: string, key: Uint8Array, value: Uint8Array | undefined, owned: boolean): void {
    const before = this.#writes.get(id);
    this.#undo?.(this, id, before);
    this.#writes.set(id, { key: before !== undefined ? before.key : owned ? key : copy(key), value });
    if (before === undefined && this.#order !== undefined) this.#unordered.push(id);
  }

  /** Puts back what a write replaced. The order keeps the key's name; iterations pass over names without a write. */
  restore(id: string, before: Write | undefined): void {
    if (before === undefined) this.#writes.delete(id);
    else this.#writes.set(id, before);
  }

  *iterate(start?: Uint8Array, end?: Uint8Array, reverse = false): IterableIterator<Entry> {
    if (this.#writes.size === 0) {
      yield* this.#parent.iterate(start, end, reverse);
      return;
    }
    const below = this.#parent.iterate(start, end, reverse);
    const sign = reverse ? -1 : 1;
    const from = start === undefined ? undefined : latin1(start);
    const to = end === undefined ? undefined : latin1(end);
    let id = reverse ? this.#ordered().previous(to) : this.#ordered().next(from, true);
    let under = below.next();
    for (;;) {
      if (id !== undefined && (reverse ? from !== undefined && id < from : to !== undefined && id >= to)) id = undefined;
      const write = id === undefined ? undefined : this.#writes.get(id);
      if (id !== undefined && write === undefined) {
        id = reverse ? this.#ordered().previous(id) : this.#ordered().next(id, false);
        continue;
      }
      if (id === undefined || write === undefined) {
        if (under.done === true) return;
        yield under.value;
        under = below.next();
        continue;
      }
      const order = under.done === true ? -1 : sign * compareBytes(write.key, under.value[0]);
      if (order > 0) {
        yield under.value as Entry;
        under = below.next();
        continue;
      }
      if (order === 0) under = below.next();
      if (write.value !== undefined) yield [write.key.slice(), write.value.slice()];
      id = reverse ? this.#ordered().previous(id) : this.#ordered().next(id, false);
    }
  }

  #ordered(): OrderedKeys {
    if (this.#order === undefined) {
      this.#order = new OrderedKeys(this.#ids());
      return this.#order;
    }
    for (const id of this.#unordered) this.#order.insert(id);
    this.#unordered.length = 0;
    // Names of writes that were taken back pile up: where they are most of all, the order is made anew.
    if (this.#order.size > 2 * this.#writes.size + 256) this.#order = new OrderedKeys(this.#ids());
    return this.#order;
  }

  #ids(): string[] {
    return Array.from(this.#writes.keys());
  }

  /** The writes in byte order of their keys. The arrays stay the overlay's: read them, do not change them. */
  changes(): Change[] {
    return this.#ids().sort(compareLatin1).map((id) => {
      const write = this.#writes.get(id)!;
      return [write.key, write.value];
    });
  }

  /** Makes the writes in `into`, in byte order of their keys, and forgets them here. */
  flush(into: KVStore): void {
    if (into instanceof Overlay) {
      // What an overlay receives it orders by itself, and what this one owned becomes its own: nothing is copied.
      for (const id of this.#ids()) {
        const write = this.#writes.get(id)!;
        into.#write(id, write.key, write.value, true);
      }
    } else {
      for (const [key, value] of this.changes()) {
        if (value === undefined) into.delete(key);
        else into.set(key, value);
      }
    }
    this.discard();
  }

  /** Forgets the writes. */
  discard(): void {
    this.#writes = new Map();
    this.#order = undefined;
    this.#unordered = [];
  }
}

/** One overlay a store, made when the store is first asked for. */
export class StoresOverlay implements Stores {
  readonly #parent: ReadStores;
  readonly #overlays = new Map<string, Overlay>();
  /** Of each write since `begin`, in turns: overlay, key's name, what was there. */
  readonly #journal: (Overlay | string | Write | undefined)[] = [];
  readonly #undo: Undo = (overlay, id, before) => {
    if (this.#recording) this.#journal.push(overlay, id, before);
  };
  #recording = false;

  constructor(parent: ReadStores) {
    this.#parent = parent;
  }

  /** Throws where the parent does not know the name. */
  store(name: string): Overlay {
    let overlay = this.#overlays.get(name);
    if (overlay === undefined) {
      overlay = new Overlay(this.#parent.store(name), this.#undo);
      this.#overlays.set(name, overlay);
    }
    return overlay;
  }

  /**
   * From here on writes can be taken back, until `end`. What an overlay over this one would cost (a second look-up for each read, a
   * second write for each write) falls away: one attempt after the other runs on the same overlay. Attempts do not nest; marks do.
   */
  begin(): void {
    this.#recording = true;
    this.#journal.length = 0;
  }

  /** A point that `revert` goes back to, while no earlier one was gone back to. */
  get mark(): number {
    return this.#journal.length;
  }

  /** Takes back, last first, what was written since the mark. */
  revert(mark: number): void {
    const journal = this.#journal;
    for (let i = journal.length - 3; i >= mark; i -= 3) (journal[i] as Overlay).restore(journal[i + 1] as string, journal[i + 2] as Write | undefined);
    journal.length = mark;
  }

  /** What was written since `begin` stays. */
  end(): void {
    this.#recording = false;
    this.#journal.length = 0;
  }

  /** The stores that were written to, in byte order of their names. */
  changes(): ChangeSet {
    return this.#written().map((name) => [name, this.#overlays.get(name)!.changes()] as const);
  }

  /** Makes the writes in `into`, store by store, and forgets them here. */
  flush(into: Stores): void {
    for (const name of this.#written()) this.#overlays.get(name)!.flush(into.store(name));
  }

  /** Forgets all writes. */
  discard(): void {
    for (const name of this.#written()) this.#overlays.get(name)!.discard();
  }

  #written(): string[] {
    return Array.from(this.#overlays.keys()).filter((name) => this.#overlays.get(name)!.size > 0).sort(compareNames);
  }
}

/** Byte order of store names, which are ASCII. */
export function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A copy that nobody else holds, and never a Buffer, whose slice() would share its bytes. */
function copy(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

const toLatin1 = (Buffer.prototype as unknown as { latin1Slice(this: Uint8Array, start: number, end: number): string }).latin1Slice;

function latin1(bytes: Uint8Array): string {
  return toLatin1.call(bytes, 0, bytes.length);
}

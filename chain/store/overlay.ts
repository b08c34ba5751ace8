/** Writes kept apart from what they were made over, until they are flushed into it or forgotten. */
import { carve, compareBytes } from "../codec/bytes.ts";
import { viewOf, type Entry, type KVStore, type ReadStore, type ReadStores, type Stores } from "./kv.ts";
import { checkKey, checkValue } from "./limits.ts";
import { type Cell, type CellKind, Cells, hashKey, remembered, unknown, written } from "./cells.ts";
import { OrderedKeys } from "./ordered-keys.ts";

/** A key with its new value; undefined where the key was deleted. */
export type Change = readonly [key: Uint8Array, value: Uint8Array | undefined];

/** All changes of one version: stores by name in byte order, each with its keys in byte order, no store and no key twice. */
export type ChangeSet = readonly (readonly [store: string, changes: readonly Change[]])[];

/** Cells that are not written, beside as many as are, after which they are forgotten. */
const mostIdle = 65_536;

/** Writes that are sorted as they come: as many as setting them apart would cost. */
const fewWrites = 256;

/** Hears of a cell before it is written. */
type Undo = (cell: Cell) => void;

export class Overlay implements KVStore {
  readonly #parent: ReadStore;
  readonly #undo: Undo | undefined;
  readonly #remember: boolean;
  #cells = new Cells();
  /** Cells that are written, deletions among them. */
  #written = 0;
  /** By the first byte of their keys, which tells a store's collections apart, or `wholeStore`: only what is iterated over is sorted, and most of what transactions write never is. */
  readonly #sorted = new Map<number, Sorted>();
  /** First bytes of keys that were written since the last flush. */
  readonly #parts = new Set<number>();

  /**
   * `remember`: what was read below is not read again, for a parent that does not change while this overlay is used. `undo` hears of
   * every cell before it is written.
   */
  constructor(parent: ReadStore, options: { readonly remember?: boolean; readonly undo?: Undo } = {}) {
    this.#parent = parent;
    this.#remember = options.remember ?? false;
    this.#undo = options.undo;
  }

  /** The number of keys written or deleted. */
  get size(): number {
    return this.#written;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.view(key)?.slice();
  }

  view(key: Uint8Array): Uint8Array | undefined {
    return this.#view(key, hashKey(key));
  }

  #view(key: Uint8Array, hash: number): Uint8Array | undefined {
    let cell = this.#cells.find(key, hash);
    if (cell !== undefined && cell.kind !== unknown) return cell.value;
    const value = this.#parent instanceof Overlay ? this.#parent.#view(key, hash) : viewOf(this.#parent, key);
    if (this.#remember) {
      cell ??= this.#add(copy(key), hash);
      cell.value = value;
      cell.kind = remembered;
    }
    return value;
  }

  has(key: Uint8Array): boolean {
    return this.#has(key, hashKey(key));
  }

  #has(key: Uint8Array, hash: number): boolean {
    const cell = this.#cells.find(key, hash);
    if (cell !== undefined && cell.kind !== unknown) return cell.value !== undefined;
    if (this.#remember) return this.#view(key, hash) !== undefined;
    return this.#parent instanceof Overlay ? this.#parent.#has(key, hash) : this.#parent.has(key);
  }

  /** Throws a RangeError where key or value is empty or over-long (`limits.ts`). */
  set(key: Uint8Array, value: Uint8Array): void {
    this.put(key, copy(value));
  }

  put(key: Uint8Array, value: Uint8Array): void {
    checkKey(key);
    checkValue(value);
    this.#write(hashKey(key), key, value, false);
  }

  delete(key: Uint8Array): void {
    checkKey(key);
    this.#write(hashKey(key), key, undefined, false);
  }

  /** Takes the value as its own, and the key as well where `owned`. */
  #write(hash: number, key: Uint8Array, value: Uint8Array | undefined, owned: boolean): void {
    const cell = this.#cells.find(key, hash) ?? this.#add(owned ? key : copy(key), hash);
    this.#undo?.(cell);
    this.#assign(cell, value, written);
  }

  #add(key: Uint8Array, hash: number): Cell {
    if (this.#cells.size > mostIdle + 2 * this.#written) this.#cells.shrink();
    return this.#cells.add(key, hash);
  }

  /** Gives a cell of this overlay another state: a write, or what was before it. */
  #assign(cell: Cell, value: Uint8Array | undefined, kind: CellKind): void {
    if (cell.kind !== written && kind === written) {
      this.#written++;
      this.#parts.add(cell.key[0]!);
      if (this.#sorted.size > 0) this.#noteWritten(cell);
    } else if (cell.kind === written && kind !== written) {
      this.#written--;
      if (this.#sorted.size > 0) for (const part of [cell.key[0]!, wholeStore]) this.#sorted.get(part)?.remove(cell);
    }
    cell.value = value;
    cell.kind = kind;
  }

  #noteWritten(cell: Cell): void {
    for (const part of [cell.key[0]!, wholeStore]) {
      const sorted = this.#sorted.get(part);
      if (sorted !== undefined && sorted.unordered.push(cell) > mostIdle + 2 * this.#written) this.#sorted.delete(part);
    }
  }

  /** Puts back what a write replaced. */
  restore(cell: Cell, value: Uint8Array | undefined, kind: CellKind): void {
    this.#assign(cell, value, kind);
  }

  *iterate(start?: Uint8Array, end?: Uint8Array, reverse = false): IterableIterator<Entry> {
    const part = partOf(start, end);
    if (this.#written === 0 || (part !== wholeStore && !this.#parts.has(part))) {
      yield* this.#parent.iterate(start, end, reverse);
      return;
    }
    const below = this.#parent.iterate(start, end, reverse);
    const sign = reverse ? -1 : 1;
    const from = start === undefined ? undefined : latin1(start);
    const to = end === undefined ? undefined : latin1(end);
    let id = reverse ? this.#ordered(part).keys.previous(to) : this.#ordered(part).keys.next(from, true);
    let under = below.next();
    for (;;) {
      if (id !== undefined && (reverse ? from !== undefined && id < from : to !== undefined && id >= to)) id = undefined;
      const write = id === undefined ? undefined : this.#ordered(part).named.get(id);
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
      id = reverse ? this.#ordered(part).keys.previous(id) : this.#ordered(part).keys.next(id, false);
    }
  }

  /** The writes of a part, brought up to date. */
  #ordered(part: number): Sorted {
    let sorted = this.#sorted.get(part);
    if (sorted === undefined) {
      sorted = new Sorted(this.#cells.list.filter(({ key, kind }) => kind === written && (part === wholeStore || key[0] === part)));
      this.#sorted.set(part, sorted);
    }
    sorted.update();
    return sorted;
  }

  #writes(): Cell[] {
    return this.#cells.list.filter(({ kind }) => kind === written);
  }

  /** The writes in byte order of their keys. The arrays stay the overlay's: read them, do not change them. */
  changes(): Change[] {
    const out: Change[] = [];
    for (const part of this.#written < fewWrites ? [this.#writes()] : this.#writesByPart()) {
      part.sort((a, b) => compareBytes(a.key, b.key));
      for (const { key, value } of part) out.push([key, value]);
    }
    return out;
  }

  /** Apart by their first bytes, the keys of a collection mostly come in order as they were written: a sort of them sees long runs. */
  #writesByPart(): Cell[][] {
    const parts: Cell[][] = Array.from({ length: 256 }, () => []);
    for (const cell of this.#cells.list) if (cell.kind === written) parts[cell.key[0]!]!.push(cell);
    return parts;
  }

  /** Makes the writes in `into`, in byte order of their keys, and forgets them here. */
  flush(into: KVStore): void {
    if (into instanceof Overlay) {
      // What an overlay receives it orders by itself, and what this one owned becomes its own: nothing is copied.
      for (const { hash, key, value } of this.#writes()) into.#write(hash, key, value, true);
    } else {
      for (const [key, value] of this.changes()) {
        if (value === undefined) into.delete(key);
        else into.set(key, value);
      }
    }
    this.discard();
  }

  /** Forgets the writes, and what was remembered. */
  discard(): void {
    this.#cells = new Cells();
    this.#written = 0;
    this.#sorted.clear();
    this.#parts.clear();
  }
}

/** Stands for all first bytes. */
const wholeStore = 256;

/** The first byte that all keys of a range have, or `wholeStore`. */
function partOf(start: Uint8Array | undefined, end: Uint8Array | undefined): number {
  if (start === undefined || end === undefined || start.length === 0) return wholeStore;
  const first = start[0]!;
  return end[0] === first || (end.length === 1 && end[0] === first + 1) ? first : wholeStore;
}

/** Written cells in the order of their keys. */
class Sorted {
  readonly keys: OrderedKeys;
  /** The cell of each name in the order. */
  readonly named: Map<string, Cell>;
  /** Cells written since it was brought up to date; some of them may have been taken back. */
  readonly unordered: Cell[] = [];

  constructor(cells: readonly Cell[]) {
    this.named = new Map(cells.map((cell) => [latin1(cell.key), cell]));
    this.keys = new OrderedKeys(Array.from(this.named.keys()));
  }

  update(): void {
    for (const cell of this.unordered) {
      if (cell.kind !== written) continue;
      const id = latin1(cell.key);
      this.named.set(id, cell);
      this.keys.insert(id);
    }
    this.unordered.length = 0;
  }

  remove(cell: Cell): void {
    const id = latin1(cell.key);
    if (this.named.delete(id)) this.keys.remove(id);
  }
}

/** One overlay a store, made when the store is first asked for. */
export class StoresOverlay implements Stores {
  readonly #parent: ReadStores;
  readonly #remember: boolean;
  readonly #overlays = new Map<string, Overlay>();
  /** Of each write since `begin`, in turns: overlay, cell, the value and the kind that it had. */
  readonly #journal: (Overlay | Cell | Uint8Array | CellKind | undefined)[] = [];
  #recording = false;

  /** `remember`: what was read below is not read again, for parents that do not change while this overlay is used. */
  constructor(parent: ReadStores, options: { readonly remember?: boolean } = {}) {
    this.#parent = parent;
    this.#remember = options.remember ?? false;
  }

  /** Throws where the parent does not know the name. */
  store(name: string): Overlay {
    const known = this.#overlays.get(name);
    if (known !== undefined) return known;
    const overlay: Overlay = new Overlay(this.#parent.store(name), {
      remember: this.#remember,
      undo: (cell) => {
        if (this.#recording) this.#journal.push(overlay, cell, cell.value, cell.kind);
      },
    });
    this.#overlays.set(name, overlay);
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
    for (let i = journal.length - 4; i >= mark; i -= 4) {
      (journal[i] as Overlay).restore(journal[i + 1] as Cell, journal[i + 2] as Uint8Array | undefined, journal[i + 3] as CellKind);
    }
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
  const out = carve(bytes.length);
  out.set(bytes);
  return out;
}

const toLatin1 = (Buffer.prototype as unknown as { latin1Slice(this: Uint8Array, start: number, end: number): string }).latin1Slice;

function latin1(bytes: Uint8Array): string {
  return toLatin1.call(bytes, 0, bytes.length);
}

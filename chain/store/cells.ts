/**
 * A hash table from keys (bytes) to cells. A Map would need each key as a string: making one costs several times what it takes to hash and
 * compare the bytes where they lie, and nearly all work of a transaction is such look-ups. Nothing reaches the state through the order in
 * here: whoever lists cells sorts them.
 */
import { tableSeed } from "../codec/hash.ts";

/** What is known of a key. */
export interface Cell {
  readonly key: Uint8Array;
  readonly hash: number;
  /** Never changed in place: another value is another array. Undefined where the key is deleted or absent. */
  value: Uint8Array | undefined;
  kind: CellKind;
}

/** `unknown`: the store below must be asked. `remembered`: it was. `written`: what it says does not matter. */
export type CellKind = typeof unknown | typeof remembered | typeof written;
export const unknown = 0;
export const remembered = 1;
export const written = 2;

const firstSlots = 16;

export class Cells {
  /** Numbers of cells, from 1; 0 is a free slot. A power of two of them, at most half of them taken. */
  #slots = new Int32Array(firstSlots);
  #cells: Cell[] = [];

  /** The number of cells. */
  get size(): number {
    return this.#cells.length;
  }

  /** In the order in which they came. */
  get list(): readonly Cell[] {
    return this.#cells;
  }

  find(key: Uint8Array, hash: number): Cell | undefined {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let i = hash & mask; ; i = (i + 1) & mask) {
      const number = slots[i]!;
      if (number === 0) return undefined;
      const cell = this.#cells[number - 1]!;
      if (cell.hash === hash && sameKey(cell.key, key)) return cell;
    }
  }

  /** Adds a cell for a key that has none; the key becomes the table's own. */
  add(key: Uint8Array, hash: number): Cell {
    if (2 * this.#cells.length >= this.#slots.length) this.#fill(new Int32Array(2 * this.#slots.length));
    const cell: Cell = { key, hash, value: undefined, kind: unknown };
    this.#cells.push(cell);
    this.#place(cell.hash, this.#cells.length);
    return cell;
  }

  /** Forgets the cells that are not written. */
  shrink(): void {
    this.#cells = this.#cells.filter(({ kind }) => kind === written);
    let length = firstSlots;
    while (length < 2 * this.#cells.length) length *= 2;
    this.#fill(new Int32Array(length));
  }

  #fill(slots: Int32Array<ArrayBuffer>): void {
    this.#slots = slots;
    for (let i = 0; i < this.#cells.length; i++) this.#place(this.#cells[i]!.hash, i + 1);
  }

  #place(hash: number, number: number): void {
    const mask = this.#slots.length - 1;
    let i = hash & mask;
    while (this.#slots[i] !== 0) i = (i + 1) & mask;
    this.#slots[i] = number;
  }
}

/**
 * A hash of all bytes, with its bits well mixed: keys of one kind differ in few places. It begins with a number that no other process
 * knows, so that nobody can choose addresses that fall into the same slots.
 */
export function hashKey(key: Uint8Array): number {
  const { length } = key;
  let h = tableSeed ^ length;
  let i = 0;
  for (; i + 3 < length; i += 4) {
    h = Math.imul(h ^ (key[i]! | (key[i + 1]! << 8) | (key[i + 2]! << 16) | (key[i + 3]! << 24)), 0x9e3779b1);
    h ^= h >>> 15;
  }
  for (; i < length; i++) h = Math.imul(h ^ key[i]!, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 16), 0xc2b2ae35);
  return h ^ (h >>> 13);
}

function sameKey(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

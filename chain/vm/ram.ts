/** RAM as one piece of memory, for the parties of a dispute and for workers: the chain never has one. */
import { ramBytes } from "./layout.ts";

/** What RAM's changes are counted in. */
export const pageBytes = 4096;
export const ramPages = ramBytes / pageBytes;

const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

export class Ram {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The same memory by what loads and stores take of it. */
  readonly words: Int32Array;
  readonly halves: Int16Array;
  readonly unsignedHalves: Uint16Array;
  readonly signedBytes: Int8Array;
  /** One for each page: 1 where it may have changed since whoever reads it last set it to 0. */
  readonly dirty: Uint8Array;

  /**
   * All zeros, or what `shared` holds: the beginning of its buffer is RAM, and marks lie `dirtyAt` bytes into it; every page counts as changed.
   * Throws a RangeError where it is too short for either.
   */
  constructor(shared?: { readonly buffer: ArrayBuffer; readonly dirtyAt: number }) {
    if (!littleEndian) throw new RangeError("this processor is big-endian: RAM's words would be others");
    const memory = shared?.buffer ?? new ArrayBuffer(ramBytes);
    this.bytes = new Uint8Array(memory, 0, ramBytes);
    this.words = new Int32Array(memory, 0, ramBytes / 4);
    this.halves = new Int16Array(memory, 0, ramBytes / 2);
    this.unsignedHalves = new Uint16Array(memory, 0, ramBytes / 2);
    this.signedBytes = new Int8Array(memory, 0, ramBytes);
    this.dirty = shared === undefined ? new Uint8Array(ramPages) : new Uint8Array(memory, shared.dirtyAt, ramPages).fill(1);
  }

  /** Writes from outside of the machine. */
  write(at: number, bytes: Uint8Array): void {
    this.bytes.set(bytes, at);
    for (let page = Math.floor(at / pageBytes); page * pageBytes < at + bytes.length; page++) this.dirty[page] = 1;
  }
}

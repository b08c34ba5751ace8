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

  /** All zeros, or what `buffer` holds: 64 MiB, every page of which counts as changed. Throws a RangeError where it has another length. */
  constructor(buffer?: ArrayBuffer) {
    if (buffer !== undefined && buffer.byteLength !== ramBytes) throw new RangeError(`${buffer.byteLength} bytes are not RAM's ${ramBytes}`);
    if (!littleEndian) throw new RangeError("this processor is big-endian: RAM's words would be others");
    const memory = buffer ?? new ArrayBuffer(ramBytes);
    this.bytes = new Uint8Array(memory);
    this.words = new Int32Array(memory);
    this.halves = new Int16Array(memory);
    this.unsignedHalves = new Uint16Array(memory);
    this.signedBytes = new Int8Array(memory);
    this.dirty = new Uint8Array(ramPages).fill(buffer === undefined ? 0 : 1);
  }

  /** Writes from outside of the machine. */
  write(at: number, bytes: Uint8Array): void {
    this.bytes.set(bytes, at);
    for (let page = Math.floor(at / pageBytes); page * pageBytes < at + bytes.length; page++) this.dirty[page] = 1;
  }
}

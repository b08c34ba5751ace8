/**
 * The socket's framing: an unsigned LEB128 length, then that many bytes of protobuf. The reader takes chunks as the socket cuts
 * them and gives whole frames back, on demand, so that its user decides when to go on. Every byte is copied at most twice.
 */

/** CometBFT's own messages stay below 100 MB (its greatest block); beyond this a length is an attack or a broken peer. */
export const DEFAULT_MAX_FRAME_BYTES = 128 * 1024 * 1024;

const MAX_LENGTH_BYTES = 5;
const FIRST_CAPACITY = 64 * 1024;

/** The byte stream cannot be read any further: the connection has to be closed. */
export class FrameError extends Error {
  override readonly name = "FrameError";
}

export class FrameReader {
  readonly #maxFrameBytes: number;
  #chunks: Uint8Array[] = [];
  #first = 0;
  #at = 0;
  #lengthBytes = 0;
  #length = 0;
  #body: Uint8Array | undefined;
  #filled = 0;
  #unread = 0;

  /** `maxFrameBytes` must fit 31 bits. */
  constructor(maxFrameBytes: number = DEFAULT_MAX_FRAME_BYTES) {
    if (!Number.isInteger(maxFrameBytes) || maxFrameBytes < 1 || maxFrameBytes > 0x7fffffff) {
      throw new RangeError(`maxFrameBytes must be an integer from 1 to 2147483647, not ${maxFrameBytes}`);
    }
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** Bytes that were pushed and belong to no frame that was begun. */
  get unread(): number {
    return this.#unread;
  }

  /** Takes the next bytes of the stream. They are read later and must not change. */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#unread += chunk.length;
  }

  /**
   * The next whole frame without its length, or undefined until more bytes come. It is a view into what `push` was given where the
   * frame lies in one chunk. Throws a FrameError on a length that is over-long or greater than the maximum.
   */
  next(): Uint8Array | undefined {
    if (this.#body === undefined) {
      if (!this.#readLength()) return undefined;
      const chunk = this.#chunks[this.#first];
      if (chunk !== undefined && chunk.length - this.#at >= this.#length) {
        const frame = chunk.subarray(this.#at, this.#at + this.#length);
        this.#advance(chunk, this.#length);
        return this.#finish(frame);
      }
      if (this.#length === 0) return this.#finish(new Uint8Array(0));
      this.#body = new Uint8Array(Math.min(this.#length, FIRST_CAPACITY));
      this.#filled = 0;
    }
    for (let chunk = this.#chunks[this.#first]; chunk !== undefined; chunk = this.#chunks[this.#first]) {
      const take = Math.min(chunk.length - this.#at, this.#length - this.#filled);
      this.#reserve(this.#filled + take);
      this.#body.set(chunk.subarray(this.#at, this.#at + take), this.#filled);
      this.#filled += take;
      this.#advance(chunk, take);
      if (this.#filled === this.#length) return this.#finish(this.#body);
    }
    return undefined;
  }

  #finish(frame: Uint8Array): Uint8Array {
    this.#body = undefined;
    this.#lengthBytes = 0;
    this.#length = 0;
    return frame;
  }

  /** True once the whole length has been read; it survives being cut anywhere. */
  #readLength(): boolean {
    if (this.#lengthBytes < 0) return true;
    for (let chunk = this.#chunks[this.#first]; chunk !== undefined; chunk = this.#chunks[this.#first]) {
      const byte = chunk[this.#at]!;
      this.#advance(chunk, 1);
      this.#length += (byte & 0x7f) * 2 ** (7 * this.#lengthBytes);
      this.#lengthBytes += 1;
      if (this.#length > this.#maxFrameBytes) {
        throw new FrameError(`a frame announces at least ${this.#length} bytes; the limit is ${this.#maxFrameBytes}`);
      }
      if (byte < 0x80) {
        this.#lengthBytes = -1;
        return true;
      }
      if (this.#lengthBytes === MAX_LENGTH_BYTES) throw new FrameError(`a frame's length takes more than ${MAX_LENGTH_BYTES} bytes`);
    }
    return false;
  }

  /** Doubles instead of trusting the announced length, so that a peer pays for memory with bytes. */
  #reserve(bytes: number): void {
    const body = this.#body!;
    if (bytes <= body.length) return;
    const grown = new Uint8Array(Math.min(this.#length, Math.max(bytes, 2 * body.length)));
    grown.set(body.subarray(0, this.#filled));
    this.#body = grown;
  }

  #advance(chunk: Uint8Array, bytes: number): void {
    this.#at += bytes;
    this.#unread -= bytes;
    if (this.#at < chunk.length) return;
    this.#at = 0;
    this.#first += 1;
    if (this.#first === this.#chunks.length) {
      this.#chunks = [];
      this.#first = 0;
    }
  }
}

/** Bytes that the unsigned LEB128 form of `value` takes. */
export function varintLength(value: number): number {
  let n = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) n += 1;
  return n;
}

/** Writes `value` as unsigned LEB128 at `at` and gives the position after it. */
export function writeVarint(target: Uint8Array, at: number, value: number): number {
  let rest = value;
  let position = at;
  while (rest >= 0x80) {
    target[position++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  target[position++] = rest;
  return position;
}

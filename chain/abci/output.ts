/** Responses on their way to the socket: many small ones leave in one write, in the order in which they were put. */
import { varintLength, writeVarint } from "./frames.ts";

const BLOCK_BYTES = 32 * 1024;
/** From here on a message is written by itself: copying it would cost more than another write. */
const LARGE_BYTES = 8 * 1024;

export class Output {
  readonly #send: (bytes: Uint8Array) => void;
  #block = new Uint8Array(BLOCK_BYTES);
  #start = 0;
  #at = 0;

  /** `send` keeps the bytes as long as it likes: none of them is written to again. */
  constructor(send: (bytes: Uint8Array) => void) {
    this.#send = send;
  }

  /** Puts one frame: a Response whose only field is `field`, with the encoded message `body`. */
  message(field: number, body: Uint8Array): void {
    const tag = field * 8 + 2;
    const inner = varintLength(tag) + varintLength(body.length) + body.length;
    const total = varintLength(inner) + inner;
    const head = total - body.length;
    const large = body.length >= LARGE_BYTES;
    const bytes = this.#reserve(large ? head : total);
    let at = writeVarint(bytes, this.#at, inner);
    at = writeVarint(bytes, at, tag);
    at = writeVarint(bytes, at, body.length);
    if (large) {
      this.#at = at;
      this.flush();
      this.#send(body);
      return;
    }
    bytes.set(body, at);
    this.#at = at + body.length;
  }

  /** Puts bytes that are whole frames already. */
  raw(frames: Uint8Array): void {
    this.#reserve(frames.length).set(frames, this.#at);
    this.#at += frames.length;
  }

  /** Hands everything that was put to the socket. */
  flush(): void {
    if (this.#at === this.#start) return;
    this.#send(this.#block.subarray(this.#start, this.#at));
    this.#start = this.#at;
  }

  /** The block with room for `bytes` (at most the block's size) at the current position. */
  #reserve(bytes: number): Uint8Array {
    if (this.#at + bytes <= this.#block.length) return this.#block;
    this.flush();
    this.#block = new Uint8Array(Math.max(BLOCK_BYTES, bytes));
    this.#start = 0;
    this.#at = 0;
    return this.#block;
  }
}

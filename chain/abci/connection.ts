/** One of CometBFT's connections: requests in, answers out, in the order of the requests. */
import type { Socket } from "node:net";
import { RequestEcho, ResponseEcho, ResponseException } from "../codec/gen/tendermint/abci/types.ts";
import type { Application } from "./application.ts";
import { FrameError, FrameReader } from "./frames.ts";
import { type Logger, reasonOf } from "./logger.ts";
import { type ConnectionKind, type Method, methods } from "./methods.ts";
import { Output } from "./output.ts";
import { openRequest } from "./request.ts";

/** Requests of one connection that may wait for their answers; beyond it no further one is begun. */
const MAX_WAITING = 10_000;
/** Bytes that may wait to become requests; beyond it the socket is not read. */
const MAX_UNREAD_BYTES = 16 * 1024 * 1024;
/**
 * After so many milliseconds the sockets are read again before the next request is begun. A full socket is worse than it looks: while CometBFT
 * cannot write, a timer of its client goes off without pause and takes up a core.
 */
const TURN_MS = 1;
/** Requests between two looks at the clock. */
const LOOK_EVERY = 8;
const ECHO = { request: 1, response: 2 };
const FLUSH = { request: 2, response: 3 };
const EXCEPTION = 1;
const NOTHING = new Uint8Array(0);

/** An answer's place in the order; `body` is set once it is known. */
interface Slot {
  field: number;
  body: Uint8Array | undefined;
}

export interface ConnectionOptions {
  readonly application: Application;
  readonly logger: Logger;
  readonly maxFrameBytes: number;
}

export class Connection {
  readonly #socket: Socket;
  readonly #application: Application;
  readonly #logger: Logger;
  readonly #reader: FrameReader;
  readonly #output: Output;
  /** Answers not yet written, the oldest at `#oldest`. */
  #slots: Slot[] = [];
  #oldest = 0;
  /** A frame that has to wait for the answers before it. */
  #held: Uint8Array | undefined;
  /** True while a method that bears no company is being answered. */
  #alone = false;
  #scheduled = false;
  #congested = false;
  /** The peer sends no more. */
  #ended = false;
  #closed = false;
  #kind: ConnectionKind | undefined;

  constructor(socket: Socket, { application, logger, maxFrameBytes }: ConnectionOptions) {
    this.#socket = socket;
    this.#application = application;
    this.#logger = logger;
    this.#reader = new FrameReader(maxFrameBytes);
    this.#output = new Output((bytes) => {
      if (!this.#closed && !socket.write(bytes)) this.#congested = true;
    });
    socket.on("data", (chunk: Buffer) => {
      this.#reader.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length));
      if (this.#reader.unread > MAX_UNREAD_BYTES) socket.pause();
      this.#schedule();
    });
    socket.on("drain", () => {
      this.#congested = false;
      this.#schedule();
    });
    socket.on("end", () => {
      this.#ended = true;
      this.#schedule();
    });
    socket.on("error", (error) => logger.warn({ connection: this.#kind, reason: error.message }, "ABCI connection failed"));
    socket.on("close", () => {
      this.#closed = true;
      this.#slots = [];
      this.#oldest = 0;
      logger.info({ connection: this.#kind }, "ABCI connection closed");
    });
  }

  /** Which of the four it is, once a message has told. */
  get kind(): ConnectionKind | undefined {
    return this.#kind;
  }

  /** Works off what has been received, as far as order, space and one turn allow, then writes what is ready. */
  #drain(): void {
    if (this.#closed) return;
    const until = performance.now() + TURN_MS;
    let more = false;
    try {
      for (let begun = 0; !this.#mustWait(); begun++) {
        if (begun % LOOK_EVERY === LOOK_EVERY - 1 && performance.now() > until) {
          more = true;
          break;
        }
        const frame = this.#held ?? this.#reader.next();
        this.#held = undefined;
        if (frame === undefined) break;
        if (this.#take(frame)) continue;
        this.#held = frame;
        break;
      }
    } catch (thrown) {
      this.#refuse(thrown);
    }
    this.#output.flush();
    if (this.#closed) return;
    if (more) this.#schedule();
    else if (this.#ended && this.#slots.length === 0 && !this.#mustWait()) this.#socket.end();
    if (this.#socket.isPaused() && this.#reader.unread <= MAX_UNREAD_BYTES) this.#socket.resume();
  }

  #mustWait(): boolean {
    return this.#closed || this.#alone || this.#congested || this.#slots.length - this.#oldest >= MAX_WAITING;
  }

  /** Begins one request; false where it has to wait for the answers before it. Throws where the frame is no request. */
  #take(frame: Uint8Array): boolean {
    const { field, body } = openRequest(frame);
    if (field === FLUSH.request) {
      this.#answer(FLUSH.response, NOTHING);
      return true;
    }
    if (field === ECHO.request) {
      this.#answer(ECHO.response, ResponseEcho.encode(RequestEcho.decode(body)).finish());
      return true;
    }
    const method = methods[field];
    if (method === undefined) throw new FrameError(`request field ${field} is not known to this server`);
    if (!method.overlaps && this.#oldest < this.#slots.length) return false;
    this.#call(method, method.decode(body));
    return true;
  }

  #call(method: Method, request: unknown): void {
    if (this.#kind === undefined) {
      this.#kind = method.kind;
      this.#logger.info({ connection: method.kind }, "ABCI connection in use");
    }
    let answer: unknown;
    try {
      answer = method.call(this.#application, request);
      if (!(answer instanceof Promise)) {
        this.#answer(method.responseField, method.encode(method.finish(request, answer, this.#logger)));
        return;
      }
    } catch (thrown) {
      const { field, body } = this.#answerToThrown(method, request, thrown);
      this.#answer(field, body);
      return;
    }
    const slot: Slot = { field: method.responseField, body: undefined };
    this.#slots.push(slot);
    this.#alone = !method.overlaps;
    void answer
      .then((value: unknown) => {
        slot.body = method.encode(method.finish(request, value, this.#logger));
      })
      .catch((thrown: unknown) => {
        Object.assign(slot, this.#answerToThrown(method, request, thrown));
      })
      .finally(() => {
        if (!method.overlaps) this.#alone = false;
        this.#schedule();
      });
  }

  /** Puts an answer that is known at once: straight out, or behind those that are still awaited. */
  #answer(field: number, body: Uint8Array): void {
    if (this.#oldest === this.#slots.length) this.#output.message(field, body);
    else this.#slots.push({ field, body });
  }

  /** One turn: what was received while others had theirs is begun together, and its answers leave in one write. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#release();
      this.#drain();
    });
  }

  /** Puts the answers that are known and have none unknown before them. */
  #release(): void {
    for (let slot = this.#slots[this.#oldest]; slot?.body !== undefined; slot = this.#slots[this.#oldest]) {
      this.#output.message(slot.field, slot.body);
      this.#oldest += 1;
    }
    if (this.#oldest === this.#slots.length) {
      this.#slots = [];
      this.#oldest = 0;
    }
  }

  /** Where the application threw: the method's own refusal, or else an exception, which stops the node before it goes wrong. */
  #answerToThrown(method: Method, request: unknown, thrown: unknown): { field: number; body: Uint8Array } {
    const reason = reasonOf(thrown);
    const stack = thrown instanceof Error ? thrown.stack : undefined;
    const instead = method.onThrow(request);
    if (instead !== undefined) {
      this.#logger.error({ method: method.name, reason, stack }, "the application threw; the request was refused");
      return { field: method.responseField, body: method.encode(instead) };
    }
    this.#logger.error({ method: method.name, reason, stack }, "the application threw where only a result will do: the node is told to stop");
    return { field: EXCEPTION, body: ResponseException.encode({ error: `${method.name}: ${reason}` }).finish() };
  }

  /** What was received is no ABCI: this connection ends, after the answers that were ready. */
  #refuse(thrown: unknown): void {
    this.#logger.warn({ connection: this.#kind, reason: reasonOf(thrown) }, "broken ABCI frame: the connection is closed");
    this.#output.flush();
    this.#closed = true;
    this.#socket.end();
    this.#socket.destroySoon();
  }
}

/** A TCP proxy that makes a link worse: delay, jitter, cut. It needs no rights and works on every system. */
import { type AddressInfo, type Server, type Socket, createConnection, createServer } from "node:net";

export interface LinkState {
  /** One way, for every chunk of bytes; default 0. */
  readonly delayMs: number;
  /** Up to so much more, evenly spread; order is kept. Default 0. */
  readonly jitterMs: number;
  /** A cut link carries nothing: connections stay open and silent, as with a pulled cable, and go on when it heals. */
  readonly cut: boolean;
}

const SOUND: LinkState = { delayMs: 0, jitterMs: 0, cut: false };
/** Bytes that one direction of a connection may hold back before its sender is no longer read. */
const MAX_HELD_BYTES = 1 << 20;

export class LinkProxy {
  readonly #server: Server;
  readonly #lanes = new Set<Lane>();
  readonly #random: () => number;
  #state: LinkState;

  /** Forwards to the port on loopback. `random` (0 to 1) makes jitter repeatable. */
  constructor(target: number, state: Partial<LinkState> = {}, random: () => number = Math.random) {
    this.#random = random;
    this.#state = { ...SOUND, ...state };
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (from) => {
      const to = createConnection({ port: target, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
      const lanes = [new Lane(from, to, () => this.#delay()), new Lane(to, from, () => this.#delay())];
      for (const lane of lanes) {
        lane.open = !this.#state.cut;
        this.#lanes.add(lane);
      }
      // A side that ended in order may still have bytes under way to the other: then the lane ends the other, after them.
      const closed = (side: Socket, other: Socket) => (): void => {
        if (!side.readableEnded) other.destroy();
        if (other.closed) for (const lane of lanes) this.#lanes.delete(lane);
      };
      from.on("error", () => undefined).on("close", closed(from, to));
      to.on("error", () => undefined).on("close", closed(to, from));
    });
  }

  /** Listens on a free port and gives it. */
  listen(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ port: 0, host: "127.0.0.1" }, () => resolve((this.#server.address() as AddressInfo).port));
    });
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Changes what is given; what is under way keeps its delay. */
  set(change: Partial<LinkState>): void {
    this.#state = { ...this.#state, ...change };
    for (const lane of this.#lanes) {
      lane.open = !this.#state.cut;
      lane.pump();
    }
  }

  /** Ends all its connections, as a restarted router would; new ones are served. */
  reset(): void {
    for (const lane of this.#lanes) lane.destroy();
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.reset();
    await closed;
  }

  #delay(): number {
    return this.#state.delayMs + this.#state.jitterMs * this.#random();
  }
}

/** One direction of one connection. */
class Lane {
  readonly #from: Socket;
  readonly #to: Socket;
  /** Chunks in order, with the time before which they must not arrive; an empty one stands for the end. */
  #held: { readonly bytes: Buffer | undefined; readonly due: number }[] = [];
  #heldBytes = 0;
  #lastDue = 0;
  #timer: NodeJS.Timeout | undefined;
  open = true;

  constructor(from: Socket, to: Socket, delay: () => number) {
    this.#from = from;
    this.#to = to;
    const hold = (bytes: Buffer | undefined): void => {
      this.#lastDue = Math.max(this.#lastDue, performance.now() + delay());
      this.#held.push({ bytes, due: this.#lastDue });
      this.#heldBytes += bytes?.length ?? 0;
      if (this.#heldBytes > MAX_HELD_BYTES) from.pause();
      this.pump();
    };
    from.on("data", hold);
    from.on("end", () => hold(undefined));
    to.on("drain", () => this.pump());
    to.on("close", () => clearTimeout(this.#timer));
  }

  /** Forwards what is due. */
  pump(): void {
    clearTimeout(this.#timer);
    while (this.open && !this.#to.writableNeedDrain && !this.#to.destroyed) {
      const first = this.#held[0];
      if (first === undefined) break;
      const wait = first.due - performance.now();
      if (wait > 0) {
        this.#timer = setTimeout(() => this.pump(), Math.ceil(wait));
        return;
      }
      this.#held.shift();
      this.#heldBytes -= first.bytes?.length ?? 0;
      if (first.bytes === undefined) this.#to.end();
      else this.#to.write(first.bytes);
      if (this.#heldBytes <= MAX_HELD_BYTES && this.#from.isPaused()) this.#from.resume();
    }
  }

  destroy(): void {
    this.#from.destroy();
    this.#to.destroy();
  }
}

/**
 * Verifies many signatures on several cores. Not consensus code: it gives the answers of `verifySecp256k1`, sooner. Threads share one buffer a
 * batch and claim pieces of it with an atomic counter; the calling thread takes pieces too, and lets events through between them.
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { secp256k1Backend, verifySecp256k1 } from "./secp256k1.ts";

/** One secp256k1 signature: 33, 32 and 64 bytes. Other lengths are answered with false. */
export interface Triple {
  readonly pubkey: Uint8Array;
  readonly messageHash: Uint8Array;
  readonly signature: Uint8Array;
}

const tripleSize = 129;
/** Below this a batch costs less on one thread than the talk between threads. */
const minBatch = 100;
/** Triples that a thread takes at once: about 3 ms of work. */
const pieceSize = 32;
/** How long the other threads may be silent, their pieces being small, before the calling thread does their work itself. */
const patienceMs = 1000;

/** States of a result. */
const pending = 2;

/** A batch as the threads see it: counter (4 bytes), results (one byte each), triples. */
export interface SharedBatch {
  readonly buffer: SharedArrayBuffer;
  readonly count: number;
}

/** Takes pieces of a batch until none is left; `pause` runs between them. */
export function* work({ buffer, count }: SharedBatch): Generator<undefined> {
  const next = new Int32Array(buffer, 0, 1);
  for (let from = Atomics.add(next, 0, pieceSize); from < count; from = Atomics.add(next, 0, pieceSize)) {
    verifyRange({ buffer, count }, from, Math.min(from + pieceSize, count));
    yield undefined;
  }
}

function verifyRange({ buffer, count }: SharedBatch, from: number, to: number): void {
  const results = new Uint8Array(buffer, 4, count);
  const bytes = new Uint8Array(buffer, 4 + count);
  for (let i = from; i < to; i++) {
    if (Atomics.load(results, i) !== pending) continue;
    // A copy: native code should not read memory that other threads share.
    const triple = bytes.slice(i * tripleSize, (i + 1) * tripleSize);
    const valid = verifySecp256k1(triple.subarray(0, 33), triple.subarray(33, 65), triple.subarray(65));
    Atomics.store(results, i, valid ? 1 : 0);
  }
}

function share(triples: readonly Triple[]): SharedBatch {
  const count = triples.length;
  const buffer = new SharedArrayBuffer(4 + count + count * tripleSize);
  const results = new Uint8Array(buffer, 4, count);
  const bytes = new Uint8Array(buffer, 4 + count);
  triples.forEach(({ pubkey, messageHash, signature }, index) => {
    if (pubkey.length !== 33 || messageHash.length !== 32 || signature.length !== 64) return;
    results[index] = pending;
    bytes.set(pubkey, index * tripleSize);
    bytes.set(messageHash, index * tripleSize + 33);
    bytes.set(signature, index * tripleSize + 65);
  });
  return { buffer, count };
}

const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Threads that verify batches, until `close` or the end of the process, which they never delay. A thread that dies is done without. */
export class VerifierPool {
  readonly #workers = new Set<Worker>();
  /** Of the batch under way, called by each thread once, when it has no more to do or has died. */
  readonly #waiting = new Map<Worker, () => void>();
  #queue: Promise<unknown> = Promise.resolve();

  /** `threads` beside the calling one; by default one less than the machine has cores. */
  constructor(threads: number = availableParallelism() - 1) {
    for (let i = 0; i < threads; i++) this.#start();
  }

  /** How many threads are alive beside the calling one. */
  get threads(): number {
    return this.#workers.size;
  }

  #start(): void {
    const worker = new Worker(new URL("./verifier-pool-worker.ts", import.meta.url), { workerData: { portable: secp256k1Backend() === "portable" } });
    worker.unref();
    worker.on("message", () => this.#done(worker));
    const gone = (): void => {
      this.#workers.delete(worker);
      this.#done(worker);
    };
    worker.on("error", gone);
    worker.on("exit", gone);
    this.#workers.add(worker);
  }

  #done(worker: Worker): void {
    this.#waiting.get(worker)?.();
    this.#waiting.delete(worker);
  }

  /** One byte a triple, in order: 1 where the signature verifies, 0 where not. Small batches are verified at once, on this thread. */
  async verifyBatch(triples: readonly Triple[]): Promise<Uint8Array> {
    if (triples.length < minBatch || this.#workers.size === 0) {
      return Uint8Array.from(triples, ({ pubkey, messageHash, signature }) => (verifySecp256k1(pubkey, messageHash, signature) ? 1 : 0));
    }
    const turn = this.#queue.then(() => this.#run(share(triples)));
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  async #run(batch: SharedBatch): Promise<Uint8Array> {
    const others = [...this.#workers].map(
      (worker) =>
        new Promise<void>((resolve) => {
          this.#waiting.set(worker, resolve);
          worker.ref();
          worker.postMessage(batch);
        }),
    );
    for (const _ of work(batch)) await pause();
    await this.#within(Promise.all(others));
    for (const worker of this.#workers) worker.unref();
    // Whatever a dead or stuck thread has left.
    verifyRange(batch, 0, batch.count);
    return new Uint8Array(batch.buffer, 4, batch.count).slice();
  }

  async #within(others: Promise<unknown>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, patienceMs);
    });
    await Promise.race([others, patience]);
    clearTimeout(timer);
  }

  /** Ends the threads. A batch under way is finished by the calling thread. */
  async close(): Promise<void> {
    await Promise.all([...this.#workers].map((worker) => worker.terminate()));
  }
}

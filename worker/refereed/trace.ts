/** A refereed run that can be asked about every state that it went through, in a thread of its own: seconds for each 10^9 transitions. */
import { Worker } from "node:worker_threads";
import type { Range } from "../../chain/vm/bisection.ts";
import type { Outcome, Task } from "../../chain/vm/party.ts";
import type { SegmentProof } from "../../chain/vm/prove.ts";

export type Question =
  | { readonly kind: "outcome"; readonly maxResultSize: bigint }
  | { readonly kind: "hashes" | "proof"; readonly range: Range };

export type Answer =
  | { readonly kind: "outcome"; readonly outcome: Outcome }
  /** At the boundaries within the range, and at its end. */
  | { readonly kind: "hashes"; readonly hashes: readonly Uint8Array[] }
  | { readonly kind: "proof"; readonly proof: SegmentProof | undefined };

export interface TraceOptions {
  /** Misbehaviour to order, on test networks: the run ends with another output than its program's. */
  readonly lie?: boolean;
}

interface Asker {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

export class Trace {
  readonly #thread: Worker;
  readonly #askers: Asker[] = [];
  #ended: Error | undefined;

  constructor(task: Task, { lie = false }: TraceOptions = {}) {
    this.#thread = new Worker(new URL("./trace-thread.ts", import.meta.url), { workerData: { task, lie }, name: "trace" });
    this.#thread.on("message", (answer: Answer) => this.#askers.shift()?.resolve(answer));
    this.#thread.on("error", (error: Error) => this.#end(error));
    this.#thread.on("exit", () => this.#end(new Error("the run was given up")));
  }

  /** How it ends. Rejects where program, input or arguments are too large for the machine. */
  async outcome(maxResultSize: bigint): Promise<Outcome> {
    const answer = await this.#ask({ kind: "outcome", maxResultSize });
    return (answer as Answer & { kind: "outcome" }).outcome;
  }

  /** Of the states at the boundaries within the range, and at its end. */
  async hashes(range: Range): Promise<readonly Uint8Array[]> {
    const answer = await this.#ask({ kind: "hashes", range });
    return (answer as Answer & { kind: "hashes" }).hashes;
  }

  /** Of a range that is no longer than a segment; undefined where it reads and writes more than the chain takes. */
  async proof(range: Range): Promise<SegmentProof | undefined> {
    return ((await this.#ask({ kind: "proof", range })) as Answer & { kind: "proof" }).proof;
  }

  async close(): Promise<void> {
    await this.#thread.terminate();
  }

  #ask(question: Question): Promise<Answer> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      this.#askers.push({ resolve, reject });
      this.#thread.postMessage(question);
    });
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#askers.splice(0)) reject(this.#ended);
  }
}

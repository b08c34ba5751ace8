/** Calls of instances over HTTP: the request's body is the program's input, its output the response. One process of the sandbox for each call. */
import { Buffer } from "node:buffer";
import type { IncomingMessage, ServerResponse } from "node:http";
import { callToken, decodeWasmArguments } from "../../client/protocol.ts";
import type { CapacityClass, Service } from "../../chain/codec/gen/dcm/market/v1/types.ts";
import { Slots } from "../agent/slots.ts";
import { sameText } from "../data/server.ts";
import { isVerdict, type Backend, type TaskOutcome } from "../sandbox/backend.ts";
import { taskLimits } from "../sandbox/wasm-backend.ts";

export interface HostOptions {
  readonly backend: Backend;
  /** Calls that run at a time on this machine. */
  readonly slots: number;
  /** Calls of one instance that may wait; more are turned away. */
  readonly waiting?: number;
  /** Wall time of one call. */
  readonly callMs?: number;
  readonly log: (message: string, fields?: Record<string, unknown>) => void;
}

interface Live {
  readonly id: bigint;
  readonly service: Service;
  readonly capacity: CapacityClass;
  readonly program: Uint8Array;
  readonly token: string;
  readonly stop: AbortController;
  /** Calls that run or wait. */
  calls: number;
}

const pattern = /^\/instances\/(\d{1,20})$/;
const healthPattern = /^\/instances\/(\d{1,20})\/health$/;

export class Host {
  readonly #options: HostOptions;
  readonly #slots: Slots;
  readonly #live = new Map<bigint, Live>();
  /** Those that are served without their program, which is not to be had. */
  readonly #waiting = new Set<bigint>();

  constructor(options: HostOptions) {
    this.#options = options;
    this.#slots = new Slots(options.slots);
  }

  has(id: bigint): boolean {
    return this.#live.has(id);
  }

  get ids(): bigint[] {
    return [...this.#live.keys(), ...this.#waiting];
  }

  /** The instance is served, but for the program that its consumer withholds: it is as healthy as it can be [withholding it, for credits]. */
  lacksProgram(id: bigint): void {
    this.#waiting.add(id);
  }

  /** From now on the instance answers calls. */
  open(id: bigint, service: Service, capacity: CapacityClass, program: Uint8Array, key: Uint8Array): void {
    this.#waiting.delete(id);
    this.#live.set(id, { id, service, capacity, program, token: callToken(key, id), stop: new AbortController(), calls: 0 });
  }

  /** It answers no more; what runs is ended. */
  close(id: bigint): void {
    this.#waiting.delete(id);
    this.#live.get(id)?.stop.abort();
    this.#live.delete(id);
  }

  /** For the worker's server: answers paths of instances, and says whether it did. */
  readonly route = (request: IncomingMessage, response: ServerResponse): boolean => {
    const health = healthPattern.exec(request.url ?? "");
    if (health !== null) {
      this.#health(BigInt(health[1]!), request, response);
      return true;
    }
    const match = pattern.exec(request.url ?? "");
    if (match === null) return false;
    this.#answer(BigInt(match[1]!), request, response).catch((error: unknown) => {
      this.#options.log("a call failed", { instance: match[1], error: error instanceof Error ? error.message : String(error) });
      if (response.headersSent) response.destroy();
      else end(response, 500, "the worker failed");
    });
    return true;
  };

  /** For probers, who have no token; the chain says of everybody whom it serves. Starts no process. */
  #health(id: bigint, request: IncomingMessage, response: ServerResponse): void {
    response.setHeader("X-Content-Type-Options", "nosniff");
    response.setHeader("Cache-Control", "no-store");
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.setHeader("Allow", "GET, HEAD");
      return refuse(request, response, 405, "use GET");
    }
    if (this.#live.has(id)) return end(response, 200, "serving");
    if (this.#waiting.has(id)) return end(response, 200, "waiting for its program");
    end(response, 404, "not served here");
  }

  async #answer(id: bigint, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const live = this.#live.get(id);
    response.setHeader("X-Content-Type-Options", "nosniff");
    response.setHeader("Cache-Control", "no-store");
    // Who has no token learns nothing about what runs here.
    if (live === undefined || !sameText(request.headers.authorization ?? "", `Bearer ${live.token}`)) {
      response.setHeader("WWW-Authenticate", "Bearer");
      return refuse(request, response, 401, "no such instance here, or not its token");
    }
    if (request.method !== "POST") {
      response.setHeader("Allow", "POST");
      return refuse(request, response, 405, "use POST: the body is the program's input");
    }
    if (live.calls >= (this.#options.waiting ?? 16)) {
      response.setHeader("Retry-After", "1");
      return refuse(request, response, 429, `${live.calls} calls of this instance run or wait already`);
    }
    live.calls++;
    try {
      const most = Math.min(Number(live.service.spec!.maxRequestSize), taskLimits.inputBytes);
      const input = await read(request, most);
      if (input === undefined) return refuse(request, response, 413, `the request exceeds ${most} bytes`);
      const outcome = await this.#slots.run(() => this.#run(live, input));
      this.#respond(response, outcome);
    } finally {
      live.calls--;
    }
  }

  async #run({ service, capacity, program, stop }: Live, input: Uint8Array): Promise<TaskOutcome> {
    const spec = service.spec!;
    const wasm = decodeWasmArguments(spec.arguments);
    if (wasm === undefined) return { status: "invalid-module", output: new Uint8Array(0), meter: 0n, stderr: new Uint8Array(0), reason: "the arguments are not of the runtime's form" };
    return this.#options.backend.run({
      module: program, input, ...(wasm.args === undefined ? {} : { args: wasm.args }), ...(wasm.env === undefined ? {} : { env: wasm.env }), files: wasm.bundle !== undefined, signal: stop.signal,
      limits: {
        maxMeter: spec.requestMeter, memoryBytes: Number(capacity.resources?.memoryBytes ?? 256n << 20n), outputBytes: Math.min(taskLimits.outputBytes, Number(spec.maxResponseSize)),
        wallMs: this.#options.callMs ?? 30_000,
      },
    });
  }

  /** 200: the program ended by itself, whatever its exit code. 422: it did not, and would not elsewhere. 503: this machine failed. */
  #respond(response: ServerResponse, { status, exitCode, output, meter, reason }: TaskOutcome): void {
    response.setHeader("X-Dcm-Meter", String(meter));
    if (status !== "ok") return end(response, isVerdict(status) ? 422 : 503, `${status}: ${reason}`);
    response.writeHead(200, { "Content-Type": "application/octet-stream", "Content-Length": output.length, "X-Dcm-Exit-Code": String(exitCode ?? 0) }).end(output);
  }
}

/** The whole body; undefined where it is larger than `most`. */
async function read(request: IncomingMessage, most: number): Promise<Uint8Array | undefined> {
  if (Number(request.headers["content-length"] ?? 0) > most) return undefined;
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > most) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** Without reading what comes. */
function refuse(request: IncomingMessage, response: ServerResponse, status: number, message: string): void {
  response.setHeader("Connection", "close");
  end(response, status, message);
  request.resume();
}

function end(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8" }).end(`${message}\n`);
}

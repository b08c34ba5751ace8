/** CometBFT's RPC as this node asks it: JSON-RPC over HTTP on loopback, with a time limit and a size limit. */
import { Agent, request } from "node:http";

/** CometBFT said no: its words. */
export class RpcError extends Error {
  override readonly name = "RpcError";
  readonly code: number;
  readonly data: string;
  constructor(code: number, message: string, data: string) {
    super(data === "" ? message : `${message}: ${data}`);
    this.code = code;
    this.data = data;
  }
}

/** No answer at all: not started yet, stopping, or another address. */
export class RpcUnreachable extends Error {
  override readonly name = "RpcUnreachable";
}

export interface RpcOptions {
  readonly timeoutMs?: number;
  readonly maxBytes?: number;
}

export class CometRpc {
  readonly #url: URL;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 32 });
  readonly #timeoutMs: number;
  readonly #maxBytes: number;
  #id = 0;

  /** `tcp://HOST:PORT` or `http://HOST:PORT`; a listener on all addresses is asked on loopback. Throws a TypeError on anything else. */
  constructor(address: string, { timeoutMs = 10_000, maxBytes = 64 << 20 }: RpcOptions = {}) {
    const url = new URL(address.replace(/^tcp:/, "http:"));
    if (url.protocol !== "http:") throw new TypeError(`CometBFT's RPC address must be tcp://HOST:PORT or http://HOST:PORT, it is ${address}`);
    if (url.hostname === "0.0.0.0") url.hostname = "127.0.0.1";
    if (url.hostname === "[::]") url.hostname = "[::1]";
    this.#url = url;
    this.#timeoutMs = timeoutMs;
    this.#maxBytes = maxBytes;
  }

  get url(): string {
    return this.#url.href.replace(/\/$/, "");
  }

  close(): void {
    this.#agent.destroy();
  }

  /** One call. Throws RpcError where CometBFT refuses, RpcUnreachable where it does not answer. */
  async call<T>(method: string, params: Readonly<Record<string, unknown>>): Promise<T> {
    const body = JSON.stringify({ jsonrpc: "2.0", id: ++this.#id, method, params });
    const text = await this.#post(body);
    let answer: { result?: T; error?: { code: number; message: string; data?: string } };
    try {
      answer = JSON.parse(text) as typeof answer;
    } catch {
      throw new RpcUnreachable(`${this.url} does not speak CometBFT's RPC`);
    }
    if (answer.error !== undefined) throw new RpcError(answer.error.code, answer.error.message, answer.error.data ?? "");
    if (answer.result === undefined) throw new RpcUnreachable(`${this.url} does not speak CometBFT's RPC`);
    return answer.result;
  }

  #post(body: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => reject(new RpcUnreachable(error.message === "" ? "no connection" : error.message));
      const call = request(this.#url, { method: "POST", agent: this.#agent, headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body) }, timeout: this.#timeoutMs }, (response) => {
        const parts: Buffer[] = [];
        let length = 0;
        response.on("data", (part: Buffer) => {
          length += part.length;
          if (length > this.#maxBytes) call.destroy(new Error(`the answer is longer than ${this.#maxBytes} bytes`));
          parts.push(part);
        });
        response.on("end", () => resolve(Buffer.concat(parts).toString("utf8")));
        response.on("error", fail);
      });
      call.on("timeout", () => call.destroy(new Error(`no answer within ${this.#timeoutMs} ms`)));
      call.on("error", fail);
      call.end(body);
    });
  }
}

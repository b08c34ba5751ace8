/** For the tests of this folder: a server with a raw client that speaks frames and nothing else. */
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { type Socket, createConnection } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { once } from "node:events";
import { Request, Response } from "../codec/gen/tendermint/abci/types.ts";
import { concatBytes } from "../codec/bytes.ts";
import { FrameReader, varintLength, writeVarint } from "./frames.ts";
import type { PartialApplication } from "./application.ts";
import type { Logger } from "./logger.ts";
import { type AbciServer, type ServerOptions, createServer } from "./server.ts";

/** The bytes of one request as CometBFT frames it. */
export function requestBytes(request: Parameters<typeof Request.fromPartial>[0]): Uint8Array {
  return framed(Request.encode(Request.fromPartial(request)).finish());
}

export function framed(body: Uint8Array): Uint8Array {
  const head = new Uint8Array(varintLength(body.length));
  writeVarint(head, 0, body.length);
  return concatBytes(head, body);
}

/** A connection that sends what it is told and keeps the answers in order. */
export class RawClient {
  readonly socket: Socket;
  readonly #reader = new FrameReader();
  readonly #answers: Response[] = [];
  #wake: () => void = () => undefined;
  closed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#reader.push(new Uint8Array(chunk));
      for (let frame = this.#reader.next(); frame !== undefined; frame = this.#reader.next()) this.#answers.push(Response.decode(frame));
      this.#wake();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.closed = true;
      this.#wake();
    });
  }

  send(...requests: Parameters<typeof Request.fromPartial>[0][]): void {
    this.socket.write(concatBytes(...requests.map(requestBytes)));
  }

  /** The next `count` answers; throws where the connection ends before. */
  async take(count: number): Promise<Response[]> {
    while (this.#answers.length < count) {
      if (this.closed) throw new Error(`the connection closed after ${this.#answers.length} of ${count} answers`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return this.#answers.splice(0, count);
  }

  async ask(request: Parameters<typeof Request.fromPartial>[0]): Promise<Response> {
    this.send(request, { flush: {} });
    const [answer] = await this.take(2);
    return answer!;
  }

  async untilClosed(): Promise<void> {
    while (!this.closed) await new Promise<void>((resolve) => (this.#wake = resolve));
  }
}

export interface TestServer {
  readonly server: AbciServer;
  readonly logged: { level: string; details: object; message: string }[];
  client(): Promise<RawClient>;
  close(): Promise<void>;
}

export async function serve(application: PartialApplication, options: ServerOptions = {}): Promise<TestServer> {
  const logged: TestServer["logged"] = [];
  const log = (level: string) => (details: object, message: string): void => void logged.push({ level, details, message });
  const logger: Logger = { info: log("info"), warn: log("warn"), error: log("error") };
  const server = createServer(application, { logger, ...options });
  const address = new URL(await server.listen("tcp://127.0.0.1:0"));
  const clients: RawClient[] = [];
  return {
    server,
    logged,
    client: async () => {
      const socket = createConnection({ port: Number(address.port), host: "127.0.0.1", noDelay: true });
      await once(socket, "connect");
      const client = new RawClient(socket);
      clients.push(client);
      return client;
    },
    close: async () => {
      for (const { socket } of clients) socket.destroy();
      await server.close();
    },
  };
}

/** The counter of the README, word for word, as a program in the folder that listens at the address. */
export function readmeCounter(folder: string, address: string): { command: string; args: string[] } {
  const readme = readFileSync(fileURLToPath(new URL("README.md", import.meta.url)), "utf8");
  const code = /```ts\n([^]*?createServer\(\{[^]*?)```/.exec(readme)?.[1];
  if (code === undefined) throw new Error("the README holds no counter");
  const program = join(folder, "counter.ts");
  symlinkSync(fileURLToPath(new URL("..", import.meta.url)), join(folder, "chain"));
  writeFileSync(program, code);
  return { command: process.execPath, args: [program, address] };
}

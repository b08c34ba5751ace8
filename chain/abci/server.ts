/**
 * The ABCI 2.0 socket server: CometBFT connects to it and drives the application through four connections. It knows framing,
 * order and what CometBFT would not forgive, and nothing of what the application means.
 */
import { type Server, type Socket, createConnection, createServer as createNetServer } from "node:net";
import { lstatSync, unlinkSync } from "node:fs";
import { parseAddress, type ListenAddress } from "./address.ts";
import type { PartialApplication } from "./application.ts";
import { Connection } from "./connection.ts";
import { DEFAULT_MAX_FRAME_BYTES } from "./frames.ts";
import { type Logger, silentLogger } from "./logger.ts";
import { complete } from "./neutral.ts";

export interface ServerOptions {
  /** Default: silence. A pino logger fits. */
  readonly logger?: Logger;
  /** The greatest request, in bytes; default 128 MiB. A greater one closes its connection. */
  readonly maxFrameBytes?: number;
}

export interface AbciServer {
  /**
   * Listens at `tcp://HOST:PORT` (port 0: a free one) or `unix:///PATH` and gives the address in the form that CometBFT's
   * `proxy_app` takes. Rejects where the address is malformed or taken. A socket file that nobody serves any more is replaced.
   */
  listen(address: string): Promise<string>;
  /** Stops listening and closes all connections; answers that are ready still leave. */
  close(): Promise<void>;
  /** The kinds of the open connections, as far as their messages have told. */
  readonly connections: readonly (Connection["kind"])[];
}

/** An ABCI server for the application; methods that it leaves out get the protocol's neutral response. */
export function createServer(application: PartialApplication, options: ServerOptions = {}): AbciServer {
  const logger = options.logger ?? silentLogger;
  const maxFrameBytes = options.maxFrameBytes ?? DEFAULT_MAX_FRAME_BYTES;
  const whole = complete(application);
  const open = new Map<Socket, Connection>();
  const server = createNetServer({ allowHalfOpen: true, noDelay: true, keepAlive: true }, (socket) => {
    open.set(socket, new Connection(socket, { application: whole, logger, maxFrameBytes }));
    socket.on("close", () => open.delete(socket));
  });
  return {
    listen: async (text) => {
      const address = parseAddress(text);
      if (address.path !== undefined) await clearStaleSocket(address.path);
      await listenAt(server, address);
      server.on("error", (error) => logger.error({ reason: error.message }, "ABCI server failed"));
      return boundAddress(server, address);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open.keys()) socket.destroySoon();
      }),
    get connections() {
      return [...open.values()].map((connection) => connection.kind);
    },
  };
}

function listenAt(server: Server, address: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      reject(error.code === "EADDRINUSE" ? new Error(`${address.text} is in use: stop what listens there, or choose another address`) : error);
    };
    server.once("error", failed);
    server.listen(address.path !== undefined ? { path: address.path } : { host: address.host, port: address.port }, () => {
      server.off("error", failed);
      resolve();
    });
  });
}

function boundAddress(server: Server, address: ListenAddress): string {
  const bound = server.address();
  if (address.path !== undefined || bound === null || typeof bound === "string") return address.text;
  return `tcp://${address.host.includes(":") ? `[${address.host}]` : address.host}:${bound.port}`;
}

/** After a crash the socket's file stays behind. It is removed where nobody answers there, and only where it is a socket. */
async function clearStaleSocket(path: string): Promise<void> {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSocket()) return;
  const answered = await new Promise<boolean>((resolve) => {
    const probe = createConnection(path, () => {
      probe.destroy();
      resolve(true);
    });
    probe.on("error", () => resolve(false));
  });
  if (!answered) unlinkSync(path);
}

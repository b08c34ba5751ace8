/** Blobs over HTTP: GET and HEAD for everybody, PUT for whoever has the token. `BASE/<64 hexadecimal digits>`. */
import { timingSafeEqual, createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";
import { BlobRefused, digestOf, type BlobStore } from "./store.ts";

export interface BlobServerOptions {
  /** 0 takes a free one. */
  readonly port: number;
  readonly host: string;
  /** Whoever sends it as a bearer token may PUT. Without it nobody may. */
  readonly token?: string;
  readonly maxConnections?: number;
  /** A connection on which nothing moves for so long is cut. 30 s where not given. */
  readonly idleMs?: number;
  /** Asked first: answers what is no blob, and says whether it did. */
  readonly route?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

export interface BlobServer {
  /** Base URL, without a slash at its end. */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Readers and writers slower than this, over a whole transfer, are cut: bytes per second. */
const slowest = 16_384;
const graceMs = 30_000;

function transferMs(bytes: number): number {
  return Math.min(graceMs + Math.ceil((bytes / slowest) * 1000), 2 ** 31 - 1);
}

/** Listens at once; rejects where the port is taken. */
export async function serveBlobs(store: BlobStore, options: BlobServerOptions): Promise<BlobServer> {
  const server = createServer({ maxHeaderSize: 8192, headersTimeout: 5_000, requestTimeout: transferMs(store.maxBlobBytes), keepAliveTimeout: 5_000, connectionsCheckingInterval: 1_000 }, (request, response) => {
    if (options.route?.(request, response) === true) return;
    answer(store, options, request, response).catch((error: unknown) => fail(response, error));
  });
  server.maxConnections = options.maxConnections ?? 256;
  server.setTimeout(options.idleMs ?? 30_000, (socket) => socket.destroy());
  server.on("clientError", (_error, socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, resolve);
  });
  const { port, address, family } = server.address() as AddressInfo;
  return {
    url: `http://${family === "IPv6" ? `[${address}]` : address}:${port}`,
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(store: BlobStore, options: BlobServerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const digest = digestOf((request.url ?? "").slice(1));
  response.setHeader("X-Content-Type-Options", "nosniff");
  if (digest === undefined) return end(response, 404, "not found: ask for /<SHA-256 of the blob in lower-case hexadecimal>");
  switch (request.method) {
    case "GET":
    case "HEAD":
      return send(store, digest, request, response);
    case "PUT":
      return receive(store, digest, options.token, request, response);
    default:
      response.setHeader("Allow", "GET, HEAD, PUT");
      return end(response, 405, "use GET, HEAD or PUT");
  }
}

async function send(store: BlobStore, digest: Uint8Array, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const size = store.size(digest);
  if (size === undefined) return end(response, 404, "no such blob here");
  const tag = `"${request.url!.slice(1)}"`;
  response.setHeader("ETag", tag);
  response.setHeader("Cache-Control", "public, max-age=31536000, immutable");
  response.setHeader("Accept-Ranges", "bytes");
  if (request.headers["if-none-match"]?.includes(tag) === true) {
    response.writeHead(304).end();
    return;
  }
  const range = readRange(request.headers.range, size);
  if (range === "unsatisfiable") {
    response.setHeader("Content-Range", `bytes */${size}`);
    return end(response, 416, `the blob has ${size} bytes`);
  }
  const [from, to] = range ?? [0, size - 1];
  response.setHeader("Content-Type", "application/octet-stream");
  response.setHeader("Content-Length", to - from + 1);
  if (range !== undefined) response.setHeader("Content-Range", `bytes ${from}-${to}/${size}`);
  response.writeHead(range === undefined ? 200 : 206);
  if (request.method === "HEAD" || size === 0) {
    response.end();
    return;
  }
  const deadline = AbortSignal.timeout(transferMs(to - from + 1));
  await pipeline(store.read(digest, from, to), response, { signal: deadline });
}

async function receive(store: BlobStore, digest: Uint8Array, token: string | undefined, request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.setHeader("Connection", "close");
  if (token === undefined) return end(response, 403, "this server takes no blobs");
  if (!sameText(request.headers.authorization ?? "", `Bearer ${token}`)) {
    response.setHeader("WWW-Authenticate", "Bearer");
    return end(response, 401, "PUT needs the server's bearer token");
  }
  const length = request.headers["content-length"];
  if (length === undefined || !/^\d{1,15}$/.test(length)) return end(response, 411, "PUT needs a Content-Length");
  const known = store.size(digest) !== undefined;
  await store.putStream(request as AsyncIterable<Uint8Array>, Number(length), digest);
  return end(response, known ? 200 : 201, "");
}

/** One range of bytes; several, or another unit, are answered with the whole blob, as the standard allows. */
function readRange(header: string | undefined, size: number): [number, number] | "unsatisfiable" | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? "");
  if (match === null || (match[1] === "" && match[2] === "")) return undefined;
  const [first, last] = [match[1]!, match[2]!];
  const from = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const to = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (from > to) return first !== "" && last !== "" && Number(last) < Number(first) ? undefined : "unsatisfiable";
  return [from, to];
}

function end(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8" }).end(message === "" ? "" : `${message}\n`);
}

function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const statuses = { "too-large": 413, "wrong-digest": 422, "wrong-size": 400, full: 507 } as const;
  if (error instanceof BlobRefused) return end(response, statuses[error.code], error.message);
  end(response, 500, "the store failed");
}

/** In time that does not tell where they differ. */
export function sameText(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** The REST server (LCD): node:http, the routes of the contracts, bounds on everything that a client sends. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { toJson } from "../../codec/proto-json.ts";
import { grpcCodes, QueryError, type GrpcCode } from "../../runtime/errors.ts";
import type { Log } from "../log.ts";
import { listen, parseHostPort, type Listening } from "../listen.ts";
import type { Metrics } from "../metrics.ts";
import { parseHeight, type Queries } from "../queries.ts";
import { rateLimiter } from "./limits.ts";
import { openApiDocument } from "./openapi.ts";
import { requestOf, RouteTable, routesOf } from "./transcoder.ts";

export interface RestOptions {
  readonly address: string;
  /** "*" allows every origin. */
  readonly corsAllowedOrigins: readonly string[];
  readonly maxOpenConnections: number;
  readonly maxBodyBytes: number;
  readonly requestTimeoutMs: number;
  /** Requests a second and client; 0 is no limit. */
  readonly rateLimit: number;
  readonly version: string;
  readonly log: Log;
  readonly metrics?: Metrics | undefined;
}

/** grpc-gateway's HTTP status of each gRPC code. */
export const httpStatus: Readonly<Record<GrpcCode, number>> = {
  InvalidArgument: 400, FailedPrecondition: 400, OutOfRange: 400, Unauthenticated: 401, PermissionDenied: 403, NotFound: 404, ResourceExhausted: 429, Unknown: 500, Internal: 500, Unimplemented: 501, Unavailable: 503,
};

/** A browser shows answers, never runs them. */
const securityHeaders = { "x-content-type-options": "nosniff", "content-security-policy": "default-src 'none'; frame-ancestors 'none'", "referrer-policy": "no-referrer", "cache-control": "no-store" };

const maxUrlLength = 16_384;
const gzipFrom = 2_048;

/** An answer that is not a query's: its HTTP status differs from what the gRPC code would give. */
class HttpError extends Error {
  readonly status: number;
  readonly code: GrpcCode;
  readonly headers: Readonly<Record<string, string>>;
  constructor(status: number, code: GrpcCode, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/** Serves every route of `queries` until it is closed. Rejects where the address is taken. */
export async function serveRest(queries: Queries, options: RestOptions): Promise<Listening> {
  const table = new RouteTable(routesOf(queries.paths));
  const limiter = rateLimiter(options.rateLimit, Date.now);
  let document: string | undefined;

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if ((request.url?.length ?? 0) > maxUrlLength) throw new HttpError(414, "InvalidArgument", `the URL is longer than ${maxUrlLength} characters`);
    if (!limiter.take(request.socket.remoteAddress ?? "")) throw new HttpError(429, "ResourceExhausted", "too many requests: wait a moment", { "retry-after": "1" });
    const { pathname, query } = splitUrl(request.url ?? "/");
    const verb = request.method === "HEAD" ? "get" : (request.method ?? "").toLowerCase();
    if (verb === "get" && pathname === "/openapi.json") return send(request, response, 200, (document ??= JSON.stringify(openApiDocument(table.routes, options.version))));
    const match = table.find(verb, pathname);
    if (match === undefined) throw new HttpError(501, "Unimplemented", "Not Implemented");
    if ("allowed" in match) throw new HttpError(405, "Unimplemented", `Method Not Allowed: this path takes ${match.allowed.join(", ").toUpperCase()}`, { allow: match.allowed.join(", ").toUpperCase() });
    const height = parseHeight(headerOf(request, "x-cosmos-block-height"));
    const body = match.route.body === "" ? undefined : await readBody(request, options.maxBodyBytes);
    const result = await queries.ask(match.route.path, requestOf(match, query, body), height);
    response.setHeader("x-cosmos-block-height", String(result.height));
    response.setHeader("grpc-metadata-x-cosmos-block-height", String(result.height));
    send(request, response, 200, JSON.stringify(toJson(match.route.method.output.typeName, result.value)));
  };

  const server = createServer({ requestTimeout: options.requestTimeoutMs, headersTimeout: Math.min(10_000, options.requestTimeoutMs), keepAliveTimeout: 5_000, maxHeaderSize: 32_768 }, (request, response) => {
    const stop = options.metrics?.query("rest");
    for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
    const origin = allowedOrigin(options.corsAllowedOrigins, headerOf(request, "origin"));
    if (origin !== undefined) {
      response.setHeader("access-control-allow-origin", origin);
      response.setHeader("access-control-expose-headers", "x-cosmos-block-height, grpc-metadata-x-cosmos-block-height");
      if (origin !== "*") response.setHeader("vary", "origin");
    }
    if (request.method === "OPTIONS") {
      if (origin !== undefined) {
        response.setHeader("access-control-allow-methods", "GET, HEAD, POST, OPTIONS");
        response.setHeader("access-control-allow-headers", "content-type, x-cosmos-block-height, accept");
        response.setHeader("access-control-max-age", "600");
      }
      response.writeHead(origin === undefined ? 403 : 204).end();
      return;
    }
    answer(request, response).then(
      () => stop?.("OK"),
      (error: unknown) => {
        const { status, code, message, headers } = described(error, options.log, request.url ?? "");
        stop?.(code);
        for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
        send(request, response, status, JSON.stringify({ code: grpcCodes[code], message, details: [] }));
      },
    );
  });
  server.maxConnections = options.maxOpenConnections;
  server.setTimeout(options.requestTimeoutMs * 2, (socket) => socket.destroy());
  server.on("clientError", (_error, socket) => {
    if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n");
  });
  return listen(server, parseHostPort(options.address));
}

/** Path and query of a request line; never fails, unlike the URL class ("//" is no URL to it). */
function splitUrl(url: string): { pathname: string; query: URLSearchParams } {
  const path = url.replace(/^https?:\/\/[^/?#]*/, "");
  const mark = path.indexOf("?");
  return { pathname: mark < 0 ? path : path.slice(0, mark), query: new URLSearchParams(mark < 0 ? "" : path.slice(mark + 1)) };
}

function described(error: unknown, log: Log, url: string): { status: number; code: GrpcCode; message: string; headers: Readonly<Record<string, string>> } {
  if (error instanceof HttpError) return error;
  if (error instanceof QueryError) return { status: httpStatus[error.grpc], code: error.grpc, message: error.message, headers: {} };
  log("error", "a REST request ended in an unexpected exception", { url: url.slice(0, 200), error: error instanceof Error ? error : String(error) });
  return { status: 500, code: "Internal", message: "internal error", headers: {} };
}

function allowedOrigin(allowed: readonly string[], origin: string | undefined): string | undefined {
  if (allowed.includes("*")) return "*";
  return origin !== undefined && allowed.includes(origin) ? origin : undefined;
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

async function readBody(request: IncomingMessage, maxBytes: number): Promise<unknown> {
  const tooLong = new HttpError(413, "ResourceExhausted", `the body is longer than ${maxBytes} bytes`, { connection: "close" });
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) throw tooLong;
  const parts: Buffer[] = [];
  let length = 0;
  try {
    for await (const part of request as AsyncIterable<Buffer>) {
      length += part.length;
      if (length > maxBytes) throw tooLong;
      parts.push(part);
    }
  } catch (error) {
    if (error === tooLong) throw error;
    throw new HttpError(400, "InvalidArgument", "the body broke off", { connection: "close" });
  }
  if (length === 0) return {};
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(parts))) as unknown;
  } catch (error) {
    throw new QueryError("InvalidArgument", `the body is not JSON: ${error instanceof Error ? error.message.slice(0, 200) : "unreadable"}`);
  }
}

function send(request: IncomingMessage, response: ServerResponse, status: number, text: string): void {
  if (response.headersSent || response.destroyed) return;
  const plain = Buffer.from(text);
  const zipped = plain.length >= gzipFrom && /\bgzip\b/.test(headerOf(request, "accept-encoding") ?? "");
  const bytes = zipped ? gzipSync(plain, { level: 1 }) : plain;
  if (zipped) response.setHeader("content-encoding", "gzip");
  response.setHeader("content-type", "application/json");
  response.setHeader("content-length", bytes.length);
  response.writeHead(status);
  response.end(request.method === "HEAD" ? undefined : bytes);
}

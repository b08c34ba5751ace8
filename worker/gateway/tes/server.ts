/** GA4GH TES 1.1 over HTTP, under `/ga4gh/tes/v1` and, for older clients, `/v1`. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { isIP, type AddressInfo } from "node:net";
import { sameText } from "../../data/server.ts";
import { backendParameters } from "./order.ts";
import type { Runner } from "./runner.ts";
import type { Filter, TaskStore } from "./store.ts";
import { Refused, states, views, type ShownTask, type State, type View } from "./types.ts";

export interface ServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly store: TaskStore;
  readonly runner: Pick<Runner, "create" | "cancel">;
  /** Who may ask: a bearer token, or a name and password, `user:password`. Neither: everybody, on a loopback address only. */
  readonly token?: string;
  readonly basic?: string;
  readonly info: ServiceInfo;
  readonly log: (message: string, fields?: Record<string, unknown>) => void;
}

/** What service-info says beside what is fixed. */
export interface ServiceInfo {
  /** In reverse domain name notation, e.g. `com.example.dcm`. */
  readonly id: string;
  readonly name: string;
  readonly organization: { readonly name: string; readonly url: string };
  /** Of the software. */
  readonly version: string;
  readonly environment?: string;
  /** Where outputs may go, e.g. `file:///data/results`. */
  readonly storage: readonly string[];
}

export interface TesServer {
  /** Without a path and slash at its end. */
  readonly url: string;
  close(): Promise<void>;
}

const maxBodyBytes = 16 << 20;
const mostOnAPage = 2_048;
const onAPage = 256;
/** What a page reads beyond its first task, of tasks that have up to 16 MiB each. */
const mostPageBytes = 32 << 20;

/** Rejects where the port is taken, or the address is not this machine's alone and nobody is asked who they are. */
export async function serveTes(options: ServerOptions): Promise<TesServer> {
  if (options.token === undefined && options.basic === undefined && !isLoopback(options.host)) throw new Error(`${options.host} is reached from elsewhere, so tasks need a token or a password: whoever sends them spends your money`);
  const server = createServer({ maxHeaderSize: 16_384, headersTimeout: 10_000, requestTimeout: 60_000, connectionsCheckingInterval: 1_000 }, (request, response) => {
    answer(options, request).then((value) => send(response, 200, value)).catch((error: unknown) => fail(options, response, error));
  });
  server.maxConnections = 256;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, resolve);
  });
  const { port, address, family } = server.address() as AddressInfo;
  return {
    url: `http://${family === "IPv6" ? `[${address}]` : address}:${port}`,
    close: () => new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  };
}

async function answer(options: ServerOptions, request: IncomingMessage): Promise<unknown> {
  admit(options, request);
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://tes");
  const [, path] = /^(?:\/ga4gh\/tes)?\/v1(\/.*)$/.exec(pathname) ?? [];
  if (path === "/service-info" || path === "/tasks/service-info") return of(request, "GET", () => serviceInfo(options.info));
  if (path === "/tasks") {
    if (request.method === "POST") return { id: await options.runner.create(await readBody(request)) };
    return of(request, "GET", () => page(options.store, searchParams));
  }
  const [, id, action] = /^\/tasks\/([^/:]+)(:cancel)?$/.exec((path ?? "").replace(/%3a/gi, ":")) ?? [];
  if (id === undefined) throw new Refused(404, "there is nothing here: TES has service-info, tasks, tasks/{id} and tasks/{id}:cancel under /ga4gh/tes/v1");
  if (!options.store.has(id)) throw new Refused(404, `there is no task ${id.slice(0, 80)}, or not any more`);
  if (action === undefined) return of(request, "GET", () => shown(options.store, id, viewOf(searchParams)));
  return of(request, "POST", () => {
    options.runner.cancel(id);
    return {};
  });
}

/** Nobody gets in who does not say what was agreed; a web page, which a browser lets send but not say that, neither. */
function admit({ token, basic, host }: ServerOptions, { headers }: IncomingMessage): void {
  if (headers.origin !== undefined) throw new Refused(403, "requests of web pages are not served");
  if (token === undefined && basic === undefined) {
    const named = (headers.host ?? "").replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
    if (!isLoopback(named) && named !== host) throw new Refused(403, `the host ${named.slice(0, 80)} is not this machine, and there is no token that tells who asks`);
    return;
  }
  const said = headers.authorization ?? "";
  const bearer = token !== undefined && sameText(said, `Bearer ${token}`);
  const password = basic !== undefined && sameText(said, `Basic ${Buffer.from(basic).toString("base64")}`);
  if (!bearer && !password) throw new Refused(401, "the authorization is missing or wrong");
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

function of<T>({ method }: IncomingMessage, wanted: "GET" | "POST", call: () => T): T {
  if (method !== wanted) throw new Refused(405, `use ${wanted}`);
  return call();
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  // What a browser sends without asking first has another type.
  if (!/^application\/json\b/i.test(request.headers["content-type"] ?? "")) throw new Refused(415, "a task is sent as Content-Type: application/json");
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > maxBodyBytes) throw new Refused(413, `a task has at most ${maxBodyBytes} bytes; name large inputs by url`);
    parts.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString("utf8")) as unknown;
  } catch (error) {
    throw new Refused(400, `the body is no JSON: ${(error as Error).message}`);
  }
}

function serviceInfo({ id, name, organization, version, environment, storage }: ServiceInfo): object {
  return {
    id, name, type: { group: "org.ga4gh", artifact: "tes", version: "1.1.0" }, description: "Runs tasks on a decentralized compute market. An executor's image names a WebAssembly module.", organization, version,
    ...(environment === undefined ? {} : { environment }), ...(storage.length === 0 ? {} : { storage }), tesResources_backend_parameters: Object.keys(backendParameters),
  };
}

function viewOf(query: URLSearchParams): View {
  const view = query.get("view") ?? "";
  if (view === "") return "MINIMAL";
  if (!(views as readonly string[]).includes(view)) throw new Refused(400, `view is ${JSON.stringify(view.slice(0, 40))}; it is ${views.join(", ")}`);
  return view as View;
}

function page(store: TaskStore, query: URLSearchParams): object {
  const view = viewOf(query);
  const state = query.get("state") ?? "";
  if (state !== "" && !(states as readonly string[]).includes(state)) throw new Refused(400, `state is ${JSON.stringify(state.slice(0, 40))}; it is one of ${states.join(", ")}`);
  const asked = query.get("page_size") ?? "";
  const size = asked === "" ? onAPage : Number(asked);
  if (!Number.isInteger(size) || size < 1 || size >= mostOnAPage) throw new Refused(400, `page_size is ${JSON.stringify(asked.slice(0, 40))}; it is a whole number from 1, less than ${mostOnAPage}`);
  const token = query.get("page_token") ?? "";
  if (token !== "" && !/^[0-9a-z]{24}$/.test(token)) throw new Refused(400, "page_token is none that this service gave");
  const values = query.getAll("tag_value");
  const filter: Filter = { namePrefix: query.get("name_prefix") ?? "", state: state === "" ? undefined : (state as State), tags: query.getAll("tag_key").map((key, i) => [key, values[i] ?? ""] as const) };
  const { ids, more } = store.page(filter, size, token === "" ? undefined : token);
  let bytes = 0;
  const end = view === "MINIMAL" ? -1 : ids.findIndex((id, i) => (bytes += store.bytes(id)) > mostPageBytes && i > 0);
  const listed = end === -1 ? ids : ids.slice(0, end);
  return { tasks: listed.map((id) => shown(store, id, view)), ...(more || end !== -1 ? { next_page_token: listed.at(-1)! } : {}) };
}

/** A task as a view shows it; what is empty is left out, but for what a log must have. */
function shown(store: TaskStore, id: string, view: View): ShownTask {
  if (view === "MINIMAL") return { id, state: store.state(id) };
  const { task } = store.accepted(id);
  const { state, created, started, ended, logs, outputs, metadata, system } = store.progress(id);
  const full = view === "FULL";
  const began = started !== undefined || ended !== undefined || system.length > 0 || Object.keys(metadata).length > 0;
  return {
    id, state, ...task, ...(full || task.inputs === undefined ? {} : { inputs: task.inputs.map(({ content: _, ...input }) => input) }), creation_time: created,
    ...(!began ? {} : {
      logs: [{
        logs: full ? logs : logs.map(({ stdout: _out, stderr: _err, ...log }) => log), ...(Object.keys(metadata).length === 0 ? {} : { metadata }), ...(started === undefined ? {} : { start_time: started }), ...(ended === undefined ? {} : { end_time: ended }), outputs,
        ...(full && system.length > 0 ? { system_logs: system } : {}),
      }],
    }),
  };
}

function send(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "Content-Type": "application/json", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store" }).end(`${JSON.stringify(value)}\n`);
}

function fail({ token, log }: ServerOptions, response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) return void response.destroy();
  // Whatever of the body is still on its way is not read.
  response.setHeader("Connection", "close");
  if (!(error instanceof Refused)) {
    log("a request failed", { error: error instanceof Error ? error.message : String(error) });
    return send(response, 500, { status: 500, message: "the gateway failed; its log says why" });
  }
  if (error.status === 401) response.setHeader("WWW-Authenticate", token === undefined ? "Basic realm=\"tes\"" : "Bearer");
  send(response, error.status, { status: error.status, message: error.message });
}

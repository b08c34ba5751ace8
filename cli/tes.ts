/** dcm tes: takes GA4GH TES tasks of workflow engines over HTTP and runs them on the market, until Ctrl-C. */
import { existsSync, mkdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { BlobStore } from "../worker/data/store.ts";
import { Gateway } from "../worker/gateway/gateway.ts";
import { Modules } from "../worker/gateway/tes/images.ts";
import type { OrderDefaults } from "../worker/gateway/tes/order.ts";
import { Runner } from "../worker/gateway/tes/runner.ts";
import { serveTes } from "../worker/gateway/tes/server.ts";
import { TaskStore } from "../worker/gateway/tes/store.ts";
import { classNamed } from "./book.ts";
import { listenOf, offerData, type Listen } from "./data.ts";
import { CliError, exitCodes, jsonText, whole, type Io } from "./io.ts";
import { bondDenom, openNet } from "./net.ts";
import { limitOfTask, readPrice, readTags } from "./order.ts";
import { firstLine, signer, type SignOptions } from "./wallet.ts";

export interface TesOptions extends SignOptions {
  readonly host: string;
  readonly port: string;
  readonly state?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly basicFile?: string | undefined;
  readonly files?: readonly string[] | undefined;
  readonly privateNetwork?: true | undefined;
  readonly image?: readonly string[] | undefined;
  readonly class: string;
  readonly limit?: string | undefined;
  readonly verify: "v0" | "v1" | "v2";
  readonly lots: string;
  readonly maxResult: string;
  readonly organization?: string | undefined;
  readonly tag?: readonly string[] | undefined;
  readonly parallel: string;
  readonly keep: string;
  readonly serviceName: string;
  readonly json?: true | undefined;
}

const pollMs = 300;

export async function tes(io: Io, options: TesOptions): Promise<void> {
  const port = whole("--port", options.port, 0, 65_535);
  const [parallel, keep] = [whole("--parallel", options.parallel, 1, 1_000), whole("--keep", options.keep, 1, 1_000_000)];
  const [lots, maxResult] = [whole("--lots", options.lots, 1, 1_000_000_000), whole("--max-result", options.maxResult, 1_024, 64 << 20)];
  const folders = (options.files ?? []).map((folder) => openFolder(folder));
  const images = Object.fromEntries((options.image ?? []).map(readImage));
  const token = options.tokenFile === undefined ? undefined : secret(io, "--token-file", options.tokenFile, /^[\x21-\x7e]{16,}$/, "a token of 16 or more printable characters");
  const basic = options.basicFile === undefined ? undefined : secret(io, "--basic-file", options.basicFile, /^[^:\p{C}]+:[^\p{C}]{8,}$/u, "NAME:PASSWORD, the password of 8 or more characters");
  const net = await openNet(io, options);
  try {
    const { connection } = net;
    await classNamed(connection, options.class);
    const { sender, account } = await signer(io, net, options);
    const state = resolve(options.state ?? join(io.folders.data, "tes", net.chainId));
    mkdirSync(state, { recursive: true, mode: 0o700 });
    const defaults: OrderDefaults = {
      classId: options.class, quoteDenom: await bondDenom(connection), limitPrice: options.limit === undefined ? undefined : readPrice(options.limit), verification: ({ v0: "V0", v1: "V1", v2: "V2" } as const)[options.verify], lots: BigInt(lots), maxResultBytes: BigInt(maxResult),
      costTags: readTags(options.tag), organization: options.organization ?? "",
    };
    const interrupted = io.interrupted();
    const log = (message: string, fields: Record<string, unknown> = {}): void => io.stderr(`${jsonText({ time: io.now().toISOString(), message, ...fields }, 0)}\n`);
    // Bids on chain say where the data is: after a restart it must be there again.
    const note = join(state, "data.json");
    const data = await offerData(net, state, existsSync(note) ? (JSON.parse(readFileSync(note, "utf8")) as Listen) : listenOf(net));
    io.writeFile(note, jsonText(data.listen));
    const gateway = new Gateway({ connection, sender, blobs: data.blobs, dataUrl: data.url, directory: join(state, "jobs"), pollMs, log });
    try {
      const modules = await Modules.open(await BlobStore.open({ directory: join(state, "modules"), quotaBytes: 2 ** 32 }), images);
      const store = new TaskStore(join(state, "tasks"), keep);
      const runner = new Runner({
        connection, gateway, consumer: account, store, modules, data: { folders, privateNetwork: options.privateNetwork === true }, defaults, parallel, pollMs, log,
        limitFromBook: (terms) => limitOfTask(connection, account.address, {
          classId: terms.classId, quoteDenom: terms.quoteDenom, organization: terms.organization, verification: terms.verification, wishes: terms.jurisdiction === undefined ? {} : { requires: { jurisdiction: terms.jurisdiction } },
        }, BigInt(terms.lots), BigInt(terms.durationMs)),
      });
      const server = await serveTes({
        host: options.host, port, store, runner, log, ...(token === undefined ? {} : { token }), ...(basic === undefined ? {} : { basic }),
        info: { id: `dcm.${net.chainId}.${account.address}`, name: options.serviceName, organization: { name: options.organization ?? account.address, url: data.url }, version: version(), storage: folders.map((folder) => pathToFileURL(folder).href) },
      }).catch((error: unknown) => {
        throw (error as NodeJS.ErrnoException).code === "EADDRINUSE" ? new CliError(exitCodes.failed, `another process listens on ${options.host}:${port}`, "Choose another one with --port.") : new CliError(exitCodes.usage, (error as Error).message, "Name a file with a token (--token-file) or a name and password (--basic-file), or listen on 127.0.0.1.");
      });
      gateway.start();
      runner.start();
      io.stdout(options.json === true ? `${jsonText({ url: server.url, account: account.address, state, data_url: data.url }, 0)}\n` : `TES 1.1 at ${server.url}/ga4gh/tes/v1, paid by ${options.organization ?? account.address}; state in ${state}\n`);
      await new Promise<void>((done) => (interrupted.aborted ? done() : interrupted.addEventListener("abort", () => done(), { once: true })));
      await server.close();
      await runner.stop();
    } finally {
      await gateway.stop();
      await data.close();
    }
  } finally {
    net.connection.close();
  }
}

function openFolder(folder: string): string {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) throw new CliError(exitCodes.notFound, `--files ${folder} is no folder`);
  return realpathSync(folder);
}

function readImage(text: string): [string, string] {
  const at = text.lastIndexOf("=");
  const file = text.slice(at + 1);
  if (at < 1 || !existsSync(file)) throw new CliError(exitCodes.notFound, `--image ${JSON.stringify(text.slice(0, 200))} names no file`, "It is NAME=FILE, the image's name in tasks and a WebAssembly module, e.g. --image alpine=tools.wasm.");
  return [text.slice(0, at), resolve(file)];
}

function secret(io: Io, name: string, file: string, pattern: RegExp, wanted: string): string {
  const found = firstLine(io, file);
  if (!pattern.test(found)) throw new CliError(exitCodes.invalid, `the first line of ${name} ${file} is not ${wanted}`);
  return found;
}

function version(): string {
  return (JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string }).version;
}

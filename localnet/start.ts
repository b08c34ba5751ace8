/**
 * `npm start`: a whole market on this machine. Obtains CometBFT, starts validators, providers with workers and a faucet, runs a job from the
 * outside through a CosmJS wallet while one watches, prints result and receipt, and keeps running until Ctrl-C.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import pc from "picocolors";
import { connect, type Connection } from "../client/connection.ts";
import { Sender } from "../client/sender.ts";
import { serveBlobs } from "../worker/data/server.ts";
import { BlobStore } from "../worker/data/store.ts";
import { Gateway } from "../worker/gateway/gateway.ts";
import { loadJob } from "../worker/job-file.ts";
import { faultKinds, type FaultKind } from "../worker/agent/faults.ts";
import { obtainCometBFT } from "./comet/obtain.ts";
import { isLine, type Line } from "./comet/versions.ts";
import { showJob } from "./demo.ts";
import { startFaucet } from "./faucet.ts";
import { dcmHomes, denom, gasPrice, personaWallet, personas, type ProviderTerms } from "./homes.ts";
import { Network } from "./network.ts";
import { grouped, Screen } from "./screen.ts";

const root = join(import.meta.dirname, "..");
const help = `usage: npm start [-- OPTIONS]

Starts a compute market on this machine, runs a job on it and keeps running until Ctrl-C.

  --once               end after the job, with exit code 0
  --validators N       validators (default 4)
  --providers N        providers with workers (default 3; 5 with --fault)
  --job NAME           a folder of examples/: ${readdirSync(join(root, "examples"), { withFileTypes: true }).filter((e) => e.isDirectory()).map((e) => e.name).join(", ")} (default kmeans), or a path; "none" runs no job
  --fault KIND         the last provider, the cheapest then, misbehaves: ${faultKinds.join(", ")}
  --name NAME          a network of its own (default "default"); its state stays in .localnet/NAME
  --fresh              forgets the network's state first
  --base-port PORT     first port, for addresses that stay the same (default: free ones)
  --block-ms MS        pause between blocks (default 500)
  --comet LINE         CometBFT line, 0.38 or 0.40 (default 0.38)
  -h, --help           this text

examples:
  npm start
  npm start -- --once --job regression
  npm start -- --providers 5 --fault lie --fresh
`;

class UsageError extends Error {}

interface Options {
  readonly once: boolean;
  readonly validators: number;
  readonly providers: number;
  readonly job: string | undefined;
  readonly fault: FaultKind | undefined;
  readonly folder: string;
  readonly fresh: boolean;
  readonly basePort: number | undefined;
  readonly blockMs: number;
  readonly line: Line;
}

function readOptions(): Options | undefined {
  let values;
  try {
    ({ values } = parseArgs({
      options: {
        once: { type: "boolean", default: false }, validators: { type: "string", default: "4" }, providers: { type: "string" },
        job: { type: "string", default: "kmeans" }, fault: { type: "string" }, name: { type: "string", default: "default" }, fresh: { type: "boolean", default: false },
        "base-port": { type: "string" }, "block-ms": { type: "string", default: "500" }, comet: { type: "string", default: "0.38" }, help: { type: "boolean", short: "h", default: false },
      },
    }));
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  if (values.help) return undefined;
  const whole = (name: string, text: string, low: number, high: number): number => {
    const n = Number(text);
    if (!Number.isInteger(n) || n < low || n > high) throw new UsageError(`--${name} is a whole number from ${low} to ${high}, not "${text}"`);
    return n;
  };
  const { fault, comet } = values;
  if (fault !== undefined && !faultKinds.some((kind) => kind === fault)) throw new UsageError(`--fault is one of ${faultKinds.join(", ")}, not "${fault}"`);
  if (!isLine(comet)) throw new UsageError(`--comet is 0.38 or 0.40, not "${comet}"`);
  if (!/^[a-z0-9-]{1,20}$/.test(values.name)) throw new UsageError("--name has 1 to 20 lower-case letters, digits and dashes");
  const job = values.job === "none" ? undefined : existsSync(join(root, "examples", values.job, "job.json")) ? join(root, "examples", values.job) : resolve(values.job);
  if (job !== undefined && !existsSync(join(job, "job.json"))) throw new UsageError(`--job: there is no ${join(job, "job.json")}`);
  return {
    once: values.once, validators: whole("validators", values.validators, 1, 20), providers: whole("providers", values.providers ?? (fault === undefined ? "3" : "5"), 1, 20), job, fault: fault as FaultKind | undefined,
    folder: join(root, ".localnet", values.name), fresh: values.fresh, basePort: values["base-port"] === undefined ? undefined : whole("base-port", values["base-port"], 1_024, 60_000),
    blockMs: whole("block-ms", values["block-ms"], 50, 60_000), line: comet,
  };
}

/** What a folder's state was made for: it cannot be started as something else. */
function claimFolder({ folder, fresh, validators, providers, line, fault }: Options): void {
  const pidFile = join(folder, "pid");
  if (existsSync(pidFile)) {
    const pid = Number(readFileSync(pidFile, "utf8"));
    if (alive(pid)) throw new UsageError(`this localnet runs already (process ${pid}): stop it with Ctrl-C where it runs, or choose another --name`);
  }
  if (fresh) rmSync(folder, { recursive: true, force: true });
  const shapeFile = join(folder, "shape.json");
  const shape = JSON.stringify({ validators, providers, line, ...(fault === undefined ? {} : { fault }) });
  if (existsSync(join(folder, "built"))) {
    const built = existsSync(shapeFile) ? readFileSync(shapeFile, "utf8") : "another shape";
    if (built !== shape) throw new UsageError(`${folder} was built as ${built}, not as ${shape}: add --fresh to forget it, or choose another --name`);
    const missing = [
      ...Array.from({ length: validators }, (_, i) => [`validator-${i}/config/genesis.json`, `validator-${i}/config/priv_validator_key.json`, `validator-${i}/config/node_key.json`]).flat(),
      ...Array.from({ length: providers }, (_, i) => `provider-${i}/mnemonic`), ...personas.map((name) => `personas/${name}/mnemonic`),
    ].find((file) => !existsSync(join(folder, file)));
    if (missing !== undefined) throw new UsageError(`${join(folder, missing)} is gone: the state cannot be used. Add --fresh to build a new network`);
  } else rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(shapeFile, shape);
  writeFileSync(pidFile, String(process.pid));
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return pid !== process.pid;
  } catch {
    return false;
  }
}

async function main(options: Options): Promise<void> {
  const screen = new Screen(process.stdout);
  const closers: (() => Promise<unknown> | void)[] = [];
  const interrupted = new AbortController();
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await Promise.resolve(closer()).catch(() => undefined);
  };
  let signals = 0;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (++signals === 1) interrupted.abort();
    });
  }
  try {
    screen.title("dcm: a compute market on this machine");
    const state = existsSync(join(options.folder, "built")) && !options.fresh ? "the network that was here before" : "a new network";
    claimFolder(options);
    closers.push(() => rmSync(join(options.folder, "pid"), { force: true }));
    await screen.step("CometBFT", (now) => obtainCometBFT({ line: options.line, onProgress: now }), ({ version, source }) => `${version} (${source})`);
    const network = await screen.step(
      "network",
      async (now) => {
        const started = await Network.start(
          {
            chainId: "dcm-localnet-1", validators: options.validators, providers: options.providers, timings: { commitMs: options.blockMs }, comet: { line: options.line },
            ...(options.basePort === undefined ? {} : { basePort: options.basePort }),
          },
          { folder: options.folder, onProgress: now, builder: dcmHomes({ provider: (index) => termsOf(index, options) }) },
        );
        closers.push(() => started.stop());
        return started;
      },
      () => `${state}; ${options.validators} validators and ${options.providers} providers run`,
    );
    interrupted.signal.throwIfAborted();
    const chainId = network.manifest.chainId;
    const connection = await connect(network.validators[0]!.rpcAddress);
    closers.push(() => connection.close());
    const sender = async (persona: (typeof personas)[number]): Promise<Sender> => {
      const wallet = await personaWallet(options.folder, persona);
      return Sender.create({ connection, signer: wallet, address: (await wallet.getAccounts())[0]!.address, chainId, gasPrice });
    };
    const faucet = await startFaucet({ sender: await sender("faucet"), chainId, coin: { denom, amount: 10_000_000n }, port: 0, cooldownMs: 10_000 });
    closers.push(() => faucet.close());
    await screen.step("providers", () => asksInBook(connection, options.providers, interrupted.signal), (count) => `${count} registered, bonded, their asks in the book`);
    if (options.job !== undefined) {
      const consumer = await sender("alice");
      const blobs = await BlobStore.open({ directory: join(options.folder, "gateway/blobs") });
      const data = await serveBlobs(blobs, { host: "127.0.0.1", port: 0 });
      closers.push(() => data.close());
      const gateway = new Gateway({ connection, sender: consumer, blobs, dataUrl: data.url, directory: join(options.folder, "gateway/jobs"), pollMs: 300, log: () => undefined });
      gateway.start();
      closers.push(() => gateway.stop());
      await showJob({ screen, connection, gateway, consumer: consumer.address, loaded: await loadJob(options.job), signal: interrupted.signal });
    }
    endpoints(screen, network, faucet.url, options);
    if (options.once) return;
    screen.print(pc.dim("\nRunning until Ctrl-C."));
    await new Promise<void>((resolve) => (interrupted.signal.aborted ? resolve() : interrupted.signal.addEventListener("abort", () => resolve())));
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
  } finally {
    screen.moving("stopping ...");
    await close();
    screen.still(pc.dim("stopped; the state stays for the next start"));
  }
  if (interrupted.signal.aborted && options.once) process.exitCode = 130;
}

/** Prices rise with the provider's number; one that shall misbehave is cheap, so that it gets work. */
function termsOf(index: number, { fault, providers }: Options): ProviderTerms {
  const common = { units: 4, bond: 10_000_000_000n };
  return fault !== undefined && index === providers - 1 ? { ...common, price: 90_000n, fault } : { ...common, price: BigInt(100_000 + 10_000 * index) };
}

async function asksInBook(connection: Connection, providers: number, signal: AbortSignal): Promise<number> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    signal.throwIfAborted();
    const { asks } = await connection.query.market.asks({ classId: "wasm.core", quoteDenom: denom });
    const count = new Set(asks.map((ask) => ask.provider)).size;
    if (count >= providers) return count;
    if (Date.now() > deadline) throw new Error(`only ${count} of ${providers} providers have an ask in the book after 60 s; their logs are in the network's folder below logs/`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function endpoints(screen: Screen, network: Network, faucet: string, options: Options): void {
  screen.title("Endpoints");
  screen.table(["node", "RPC", "REST", "gRPC", "metrics"], network.validators.map(({ name, plan: { ports }, rpcAddress }) => [name, rpcAddress, `http://127.0.0.1:${ports.rest}`, `127.0.0.1:${ports.grpc}`, `http://127.0.0.1:${ports.metrics}/metrics`]));
  screen.print(`\nchain id ${network.manifest.chainId}; faucet: curl -d '{"address":"dcm1..."}' ${faucet}/credit   (${grouped(10_000_000)} ${denom})`);
  screen.print(`accounts with coins: ${personas.join(", ")}, mnemonics in ${join(options.folder, "personas")}; logs in ${join(options.folder, "logs")}`);
}

try {
  const options = readOptions();
  if (options === undefined) process.stdout.write(help);
  else await main(options);
} catch (error) {
  process.stderr.write(`\ndcm: ${error instanceof Error ? error.message : String(error)}\n`);
  if (error instanceof UsageError) process.stderr.write("     npm start -- --help shows the options\n");
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

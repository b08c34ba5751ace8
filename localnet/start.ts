/**
 * `npm start`: a whole market on this machine. Obtains CometBFT, starts validators, providers with workers and a faucet, runs a job from the
 * outside through a CosmJS wallet while one watches, prints result and receipt, and keeps running until Ctrl-C.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
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
import { alive } from "./comet/lock.ts";
import { isLine, type Line } from "./comet/versions.ts";
import { showJob } from "./demo.ts";
import { startFaucet } from "./faucet.ts";
import { dcmHomes, denom, gasPrice, personaWallet, personas, type ProviderTerms } from "./homes.ts";
import { Network } from "./network.ts";
import { grouped, Screen } from "./screen.ts";

const root = join(import.meta.dirname, "..");
const jobs = readdirSync(join(root, "examples"), { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name);
/** Of each kind: more do not fit on one machine. */
const MOST = 20;
const FAUCET_AMOUNT = 10_000_000n;
const FAUCET_COOLDOWN_MS = 10_000;
/** A second signal that comes so much later is a second wish, not an echo of the first through npm. */
const ECHO_MS = 500;
const help = `usage: npm start [-- OPTIONS]

Starts a compute market on this machine, runs a job on it and keeps running until Ctrl-C.

  --once               end after the job, with exit code 0
  --validators N       validators (default 4, at most ${MOST})
  --providers N        providers with workers (default 3; 5 with --fault; at most ${MOST})
  --job NAME           one of ${jobs.join(", ")} (default kmeans), or the path of a
                       folder with a job.json; "none" runs no job
  --fault KIND         the last provider, the cheapest then, misbehaves: ${faultKinds.join(", ")}
  --name NAME          a network of its own (default "default"); its state stays in STATE/NAME
  --state FOLDER       where networks keep their state (default .localnet)
  --fresh              forgets the network's state first
  --base-port PORT     first port, for addresses that stay the same (default: free ones)
  --block-ms MS        pause between blocks in milliseconds (default 500)
  --comet LINE         CometBFT line, 0.38 or 0.40 (default 0.38)
  --verbose            the receipt with every transaction
  -h, --help           this text

examples:
  npm start
  npm start -- --once --job regression
  npm start -- --providers 5 --fault lie --fresh
`;

class UsageError extends Error {}
/** The folder's state is in the way. */
class StateError extends Error {}

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
  readonly verbose: boolean;
}

function readOptions(): Options | undefined {
  let values;
  try {
    ({ values } = parseArgs({
      options: {
        once: { type: "boolean", default: false }, validators: { type: "string", default: "4" }, providers: { type: "string" },
        job: { type: "string", default: "kmeans" }, fault: { type: "string" }, name: { type: "string", default: "default" }, fresh: { type: "boolean", default: false },
        state: { type: "string", default: join(root, ".localnet") }, verbose: { type: "boolean", default: false }, "base-port": { type: "string" }, "block-ms": { type: "string", default: "500" }, comet: { type: "string", default: "0.38" }, help: { type: "boolean", short: "h", default: false },
      },
    }));
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message.split(". To specify")[0]! : String(error));
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
  const job = values.job === "none" ? undefined : jobs.includes(values.job) ? join(root, "examples", values.job) : resolve(values.job);
  if (job !== undefined && !existsSync(join(job, "job.json"))) throw new UsageError(`--job is one of ${jobs.join(", ")}, none, or a folder with a job.json; "${values.job}" is neither`);
  return {
    once: values.once, validators: whole("validators", values.validators, 1, MOST), providers: whole("providers", values.providers ?? (fault === undefined ? "3" : "5"), 1, MOST), job, fault: fault as FaultKind | undefined,
    folder: join(resolve(values.state), values.name), fresh: values.fresh, basePort: values["base-port"] === undefined ? undefined : whole("base-port", values["base-port"], 1_024, 60_000),
    blockMs: whole("block-ms", values["block-ms"], 50, 60_000), line: comet, verbose: values.verbose,
  };
}

/** Holds the folder for this process. Throws where another localnet runs in it, or where it cannot be written. Gives back what releases it. */
function holdFolder(folder: string): () => void {
  const path = `${folder}.pid`;
  try {
    mkdirSync(dirname(folder), { recursive: true });
    for (let attempt = 0; ; attempt++) {
      try {
        writeFileSync(path, identity(process.pid), { flag: "wx" });
        return () => rmSync(path, { force: true });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST" || attempt > 0) throw error;
        const holder = readFileSync(path, "utf8");
        const pid = Number(holder.split(" ")[0]);
        if (alive(pid) && identity(pid) === holder) throw new StateError(`this localnet runs already (process ${pid}): stop it with Ctrl-C where it runs, or choose another --name`);
        rmSync(path, { force: true });
      }
    }
  } catch (error) {
    if (error instanceof StateError) throw error;
    throw new StateError(`${dirname(folder)} cannot be written (${(error as Error).message}): choose another folder with --state`);
  }
}

/** A process id and, where the system tells, when the process began: ids come back as others'. */
function identity(pid: number): string {
  try {
    return `${pid} ${readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ")[19]!}`;
  } catch {
    return String(pid);
  }
}

/** Whether the folder's state is used again. Throws where it cannot be: made for another network, or in pieces. */
function claimFolder({ folder, fresh, validators, providers, line, fault }: Options): boolean {
  if (fresh || !existsSync(join(folder, "built"))) rmSync(folder, { recursive: true, force: true });
  const shapeFile = join(folder, "shape.json");
  const shape: Shape = { validators, providers, line, fault: fault ?? "none", state: STATE_VERSION };
  const again = existsSync(join(folder, "built"));
  if (again) {
    const built = readShape(shapeFile);
    const differs = (Object.keys(shape) as (keyof Shape)[]).filter((key) => built[key] !== shape[key]);
    if (differs.includes("state")) throw new StateError(`the network in ${folder} is of another version of this program: add --fresh to forget it, or choose another --name`);
    if (differs.length > 0) {
      const told = (of: Partial<Shape>): string => differs.map((key) => (key === "fault" || key === "line" ? `${key} ${of[key] ?? "unknown"}` : `${of[key] ?? "unknown"} ${key}`)).join(", ");
      throw new StateError(`the network in ${folder} has ${told(built)}, not ${told(shape)}: start it as it was, add --fresh to forget it, or choose another --name`);
    }
    const missing = [
      ...Array.from({ length: validators }, (_, i) => ["config/genesis.json", "config/config.toml", "config/app.toml", "config/priv_validator_key.json", "config/node_key.json", "data/priv_validator_state.json"].map((file) => `validator-${i}/${file}`)).flat(),
      ...Array.from({ length: providers }, (_, i) => `provider-${i}/mnemonic`), ...personas.map((name) => `personas/${name}/mnemonic`),
    ].find((file) => !existsSync(join(folder, file)));
    if (missing !== undefined) throw new StateError(`${join(folder, missing)} is gone: the state cannot be used. Add --fresh to build a new network`);
  }
  mkdirSync(folder, { recursive: true });
  writeFileSync(shapeFile, JSON.stringify(shape));
  return again;
}

/** What a folder's state was made for: it cannot be started as something else. */
interface Shape {
  readonly validators: number;
  readonly providers: number;
  readonly line: string;
  readonly fault: string;
  readonly state: number;
}

/** Grows when a state of before cannot be started any more. */
const STATE_VERSION = 1;

function readShape(path: string): Partial<Shape> {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Partial<Shape>;
  } catch {
    return {};
  }
}

async function main(options: Options): Promise<void> {
  const screen = new Screen(process.stdout);
  const closers: (() => Promise<unknown> | void)[] = [];
  const interrupted = new AbortController();
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await Promise.resolve(closer()).catch(() => undefined);
  };
  let since = 0;
  const interrupt = (): void => {
    if (interrupted.signal.aborted && Date.now() - since > ECHO_MS) process.exit(130);
    since = interrupted.signal.aborted ? since : Date.now();
    interrupted.abort();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, interrupt);
  stopWithParent(interrupt);
  try {
    screen.title("dcm: a compute market on this machine");
    closers.push(holdFolder(options.folder));
    const again = claimFolder(options);
    await screen.step("CometBFT", (now) => obtainCometBFT({ line: options.line, onProgress: now, signal: interrupted.signal }), ({ version, source }) => `${version} (${source})`);
    const network = await screen.step(
      "network",
      async (now) => {
        const started = await Network.start(
          {
            chainId: "dcm-localnet-1", validators: options.validators, providers: options.providers, timings: { commitMs: options.blockMs }, comet: { line: options.line },
            ...(options.basePort === undefined ? {} : { basePort: options.basePort }),
          },
          { folder: options.folder, onProgress: now, builder: dcmHomes({ provider: (index) => termsOf(index, options) }), signal: interrupted.signal },
        );
        closers.push(() => started.stop());
        return started;
      },
      () => `${count(options.validators, "validator")} make blocks, ${count(options.providers, "worker")} run; ${again ? "state of the last start" : "new state"} in ${here(options.folder)}`,
    );
    interrupted.signal.throwIfAborted();
    const chainId = network.manifest.chainId;
    const connection = await connect(network.validators[0]!.rpcAddress);
    closers.push(() => connection.close());
    const sender = async (persona: (typeof personas)[number]): Promise<Sender> => {
      const wallet = await personaWallet(options.folder, persona);
      return Sender.create({ connection, signer: wallet, address: (await wallet.getAccounts())[0]!.address, chainId, gasPrice });
    };
    const faucet = await startFaucet({ sender: await sender("faucet"), chainId, coin: { denom, amount: FAUCET_AMOUNT }, port: 0, cooldownMs: FAUCET_COOLDOWN_MS });
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
      const loaded = await loadJob(options.job);
      await showJob({ screen, connection, gateway, chainId, consumer: consumer.address, loaded, receipts: join(options.folder, "receipts"), verbose: options.verbose, signal: interrupted.signal });
    }
    if (options.once) return;
    endpoints(screen, network, faucet.url, options);
    screen.print(pc.bold("\nRunning until Ctrl-C."));
    await new Promise<void>((resolve) => (interrupted.signal.aborted ? resolve() : interrupted.signal.addEventListener("abort", () => resolve())));
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
  } finally {
    const running = closers.length > 1;
    if (running) screen.moving("\nstopping ...");
    await close();
    if (running) screen.still(pc.dim(`\nstopped; state and logs stay in ${here(options.folder)}`));
  }
  if (interrupted.signal.aborted && options.once) process.exitCode = 130;
}

/** Where the process that started this one is killed, nothing stays. */
function stopWithParent(stop: () => void): void {
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    stop();
  }, 500);
  watch.unref();
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}

/** A path as it is shortest to type from here. */
function here(path: string): string {
  const short = relative(process.cwd(), path);
  return short !== "" && short.length < path.length ? short : path;
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
  screen.table(["node", "RPC", "REST", "gRPC"], network.validators.map(({ name, plan: { ports }, rpcAddress }) => [name, rpcAddress, `http://127.0.0.1:${ports.rest}`, `127.0.0.1:${ports.grpc}`]));
  const { metrics } = network.validators[0]!.plan.ports;
  const lines = [
    ["chain id", network.manifest.chainId],
    ["metrics", `http://127.0.0.1:${metrics}/metrics (${network.validators[0]!.name})`],
    ["faucet", `curl -d '{"address":"dcm1..."}' ${faucet}/credit`],
    ["", `gives ${grouped(FAUCET_AMOUNT)} ${denom}, to one address every ${FAUCET_COOLDOWN_MS / 1_000} s`],
    ["accounts", `${personas.join(", ")}: mnemonics in ${here(join(options.folder, "personas"))}`],
    ["logs", here(join(options.folder, "logs"))],
  ];
  screen.print(`\n${lines.map(([name, text]) => `  ${pc.dim(name!.padEnd(10))}${text}`).join("\n")}`);
}

try {
  const options = readOptions();
  if (options === undefined) process.stdout.write(help);
  else await main(options);
} catch (error) {
  process.stderr.write(`dcm: ${error instanceof Error ? error.message : String(error)}\n`);
  if (error instanceof UsageError) process.stderr.write("     npm start -- --help shows the options\n");
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

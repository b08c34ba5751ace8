/**
 * What `npm start` does: obtains CometBFT, starts validators, providers with workers and a faucet, runs a job from the outside through a
 * CosmJS wallet while one watches, prints result and receipt, and keeps running until Ctrl-C.
 */
import { rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import pc from "picocolors";
import { connect, type Connection } from "../client/connection.ts";
import { Sender } from "../client/sender.ts";
import { serveBlobs } from "../worker/data/server.ts";
import { BlobStore } from "../worker/data/store.ts";
import { Gateway } from "../worker/gateway/gateway.ts";
import { ServiceGateway } from "../worker/gateway/services.ts";
import { loadJob } from "../worker/job-file.ts";
import { obtainCometBFT } from "./comet/obtain.ts";
import { showJob } from "./demo.ts";
import { showDispute } from "./dispute-demo.ts";
import { startFaucet } from "./faucet.ts";
import { dcmHomes, denom, gasPrice, personaWallet, personas, type ProviderTerms } from "./homes.ts";
import { Network } from "./network.ts";
import type { Options } from "./options.ts";
import { grouped, Screen } from "../cli/screen.ts";
import { leastProviders, showServiceLevel } from "./service-demo.ts";
import { claimFolder, holdFolder } from "./state.ts";
import { fitVerification } from "./verification.ts";

/** Enough for jobs, services, and the name of an organization. */
const FAUCET_AMOUNT = 100_000_000n;
const FAUCET_COOLDOWN_MS = 10_000;
/** The job whose result is offered as a service afterwards. */
const kmeans = join(import.meta.dirname, "../examples/kmeans");
/** A second signal that comes so much later is a second wish, not an echo of the first through npm. */
const ECHO_MS = 500;

/** Resolves when it is over: after the job with `once`, else after a signal. Rejects where it could not go on; nothing is left running then. */
export async function runSession(options: Options): Promise<void> {
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
    // A job that cannot be loaded, or that so few providers cannot do as it stands, is told of before minutes are spent on a network.
    const fitted = options.job === undefined ? undefined : fitVerification(await loadJob(options.job), options.providers);
    if (fitted?.notice !== undefined) screen.paragraph(pc.yellow(fitted.notice), 0);
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
      () => `${count(options.validators, "validator")} and ${count(options.providers, "worker")}, blocks are coming; ${again ? "state of the last start" : "new state"} in ${here(options.folder)}`,
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
    closers.push(announce(options.folder, network, faucet.url));
    await screen.step("providers", () => asksInBook(connection, options.providers, interrupted.signal), (count) => `${count} registered and bonded by their operators, asks in the book by their workers' session keys`);
    if (fitted !== undefined || options.show !== undefined) {
      const consumer = await sender("alice");
      const blobs = await BlobStore.open({ directory: join(options.folder, "gateway/blobs") });
      const data = await serveBlobs(blobs, { host: "127.0.0.1", port: 0 });
      closers.push(() => data.close());
      const gateway = new Gateway({ connection, sender: consumer, blobs, dataUrl: data.url, directory: join(options.folder, "gateway/jobs"), pollMs: 300, log: () => undefined });
      gateway.start();
      closers.push(() => gateway.stop());
      if (options.show === "dispute") await showDispute({ screen, connection, gateway, bob: await sender("bob"), signal: interrupted.signal });
      const output = fitted === undefined ? undefined : await showJob({ screen, connection, gateway, chainId, consumer: consumer.address, loaded: fitted.loaded, receipts: join(options.folder, "receipts"), verbose: options.verbose, signal: interrupted.signal });
      if (output !== undefined && options.job === kmeans && options.fault === undefined && options.providers >= leastProviders) {
        const services = new ServiceGateway({ connection, sender: consumer, blobs, dataUrl: data.url, directory: join(options.folder, "gateway/services"), pollMs: 200, log: () => undefined });
        services.start();
        closers.push(() => services.stop());
        await showServiceLevel({ screen, connection, gateway: services, output, machine: (provider) => network.node(provider), signal: interrupted.signal });
      }
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

/** Tells other programs on this machine where the network listens, as `dcm init --net local` reads it, while it does. Gives back what ends that. */
function announce(folder: string, network: Network, faucet: string): () => void {
  const path = join(folder, "endpoints.json");
  const { rpcAddress: rpc, plan: { ports } } = network.validators[0]!;
  writeFileSync(path, `${JSON.stringify({ chainId: network.manifest.chainId, rpc, rest: `http://127.0.0.1:${ports.rest}`, grpc: `127.0.0.1:${ports.grpc}`, faucet }, undefined, 2)}\n`);
  return () => rmSync(path, { force: true });
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

const base = { units: 4, bond: 10_000_000_000n };

/**
 * Where a dispute is shown, one lies, and is the only one to run refereed work, so that none of the providers audits it; its other work nobody buys. Otherwise
 * prices rise with the provider's number. One that shall misbehave is cheap, so that it gets work, and the others ask the same, so that whoever
 * else a tie-break draws costs the same.
 */
function termsOf(index: number, { fault, show, providers }: Options): ProviderTerms {
  // The liar alone runs refereed work, so that no provider audits it; its other work is beyond the limits of all examples.
  if (show === "dispute") return index === providers - 1 ? { ...base, price: 1_000_000n, refereedPrice: 10_000n, fault: "lie" } : { ...base, price: BigInt(100_000 + 10_000 * index) };
  // Lots of refereed work are a tenth of the others.
  const common = { ...base, refereedPrice: BigInt(10_000 + 1_000 * index), service: { price: BigInt(100_000 + 10_000 * index), units: 2, preemptible: index === 0 } };
  if (fault === undefined) return { ...common, price: BigInt(100_000 + 10_000 * index) };
  return index === providers - 1 ? { ...common, price: 90_000n, fault } : { ...common, price: 100_000n };
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
    ["consumer", `bin/dcm.mjs init${options.folder === join(import.meta.dirname, "../.localnet/default") ? "" : ` --localnet ${here(options.folder)}`}    then: bin/dcm.mjs run examples/histogram`],
    ["accounts", `${personas.join(", ")}: mnemonics in ${here(join(options.folder, "personas"))}`],
    ["logs", here(join(options.folder, "logs"))],
  ];
  screen.print(`\n${lines.map(([name, text]) => `  ${pc.dim(name!.padEnd(10))}${text}`).join("\n")}`);
}

/** dcmd start: the application, what it serves, and the CometBFT that drives it, as one service. */
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer } from "../../abci/server.ts";
import type { PartialApplication } from "../../abci/application.ts";
import { HaltError } from "../../runtime/errors.ts";
import { UnknownStore } from "../../store/errors.ts";
import { readAppConfig, type AppConfig } from "../config/app.ts";
import { cometShape, readGenesisDoc, writeGenesisFile } from "../config/genesis-doc.ts";
import { ConfigFile } from "../config/toml.ts";
import type { Home } from "../home.ts";
import type { Listening } from "../listen.ts";
import { createLog, type Level, type Log } from "../log.ts";
import { openNode, type OpenNode } from "../open.ts";
import { CometRpc } from "../services/comet-rpc.ts";
import { CometSupervisor } from "../supervisor.ts";
import { checkBlocks, checkSigner, hintFor } from "./check-home.ts";
import { openHome, wholeNumber } from "./common.ts";
import { CliError, exitCodes, toJsonText, type Io } from "./io.ts";
import type { Globals } from "./program.ts";
import { hold, livingProcess } from "./running.ts";
import { forgetSkipped, haltReason, writeUpgradeInfo } from "../upgrade-info.ts";

interface Options {
  readonly appOnly?: true | undefined;
  readonly proxyApp?: string | undefined;
  readonly comet?: string | undefined;
  readonly rpcLaddr?: string | undefined;
  readonly p2pLaddr?: string | undefined;
  readonly persistentPeers?: string | undefined;
  readonly apiAddress?: string | undefined;
  readonly grpcAddress?: string | undefined;
  readonly metricsAddress?: string | undefined;
  readonly minimumGasPrices?: string | undefined;
  readonly haltHeight?: string | undefined;
  readonly unsafeSkipUpgrades: readonly string[];
  readonly logLevel: Level;
}

/** Blocks older than this make /health fail: a minute without one is a stall at any sensible block time. */
const staleSeconds = 60;
/** A socket's path has an end (108 bytes on Linux); a longer home gets its socket in the temporary directory. */
const maxSocketPath = 100;

/** How long a node that stopped for an upgrade waits to be ended by a stock cosmovisor. */
const lingerMs = 30_000;

export async function start(io: Io, globals: Globals, options: Options): Promise<void> {
  try {
    await runNode(io, globals, options);
  } catch (error) {
    // A stock cosmovisor that sees the file and the end at once may take the end for a failure, and gives up; nodes of the SDK stand still until it ends them.
    if (error instanceof UpgradeNeeded && io.env.DAEMON_NAME !== undefined && io.env.DCMD_SUPERVISOR === undefined) await signalOr(lingerMs);
    throw error;
  }
}

/** Returns at SIGINT or SIGTERM, or after this time. */
function signalOr(ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => { clearTimeout(timer); resolve(); });
  });
}

async function runNode(io: Io, globals: Globals, options: Options): Promise<void> {
  const home = openHome(globals);
  const log = createLog(io.stderr, options.logLevel, globals.format === "json", io.now);
  const skipHeights = options.unsafeSkipUpgrades.map((text) => BigInt(wholeNumber("--unsafe-skip-upgrades", text, 1, Number.MAX_SAFE_INTEGER)));
  const config = withFlags(readAppConfig(ConfigFile.read(home.appConfig)), options);
  const comet = ConfigFile.read(home.cometConfig);
  const genesis = readGenesisDoc(home.genesis);
  if (options.appOnly !== true) checkSigner(home, comet);
  mkdirSync(home.data, { recursive: true, mode: 0o700 });
  const held = hold(home);
  const rpcAddress = options.rpcLaddr ?? comet.string("rpc.laddr");
  const rpc = new CometRpc(config.cometRpc ?? rpcAddress);
  const closers: (() => Promise<void>)[] = [];
  let supervisor: CometSupervisor | undefined;
  const stopping = Promise.withResolvers<Error | undefined>();
  let watch: NodeJS.Timeout | undefined;
  try {
    await endOrphan(home, log);
    forgetSkipped(home, skipHeights);
    const onHalt = (halt: HaltError): void => {
      // First what the supervisor reads, durably; then the words; CometBFT hears of it last.
      if (halt.needed !== undefined) writeUpgradeInfo(home, halt.needed);
      const reason = haltReason(halt);
      log("error", reason);
      stopping.resolve(halted(halt, reason));
    };
    const open = await openNode(home, config, rpc, log, { skipHeights, onHalt }).catch((error: unknown) => {
      // The state has a module that this build does not know.
      throw error instanceof UnknownStore ? halted(new HaltError(error.message), error.message) : error;
    });
    closers.push(() => open.close());
    // An old build still votes for the block that it does not execute: the others may need its vote. A wrong one does nothing.
    const { halt } = open.machine;
    if (halt !== undefined && halt.needed === undefined) throw halted(halt, haltReason(halt));
    if (options.appOnly !== true) checkBlocks(home, comet, open.store.version);
    // CometBFT keeps the genesis that it read first: a bad one must not come so far.
    if (open.store.version === 0) (await import("./genesis-run.ts")).runGenesis(genesis);
    const abci = createServer(haltAt(open, config.haltHeight, () => stopping.resolve(undefined)), { logger: abciLogger(log) });
    const listening = await abci.listen(options.appOnly === true ? (options.proxyApp ?? comet.string("proxy_app")) : privateSocket(home));
    closers.push(() => abci.close());
    const served = await serve(open, config, log, closers);

    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stopping.resolve(undefined));
    if (options.appOnly !== true) {
      const genesisFile = genesis.forComet ? home.genesis : join(home.data, "genesis.comet.json");
      if (!genesis.forComet) writeGenesisFile(genesisFile, cometShape(genesis));
      supervisor = new CometSupervisor({
        binary: options.comet ?? (await findComet(log)),
        args: cometArgs(home, listening, options),
        env: { ...io.env, CMT_GENESIS_FILE: genesisFile, CMT_LOG_FORMAT: "json" },
        pidFile: home.cometPid,
        log,
        onRestart: () => open.metrics.cometRestarted(),
        onGivenUp: (reason) => stopping.resolve(new CliError(reason, { hint: hintFor(home, reason) })),
      });
      supervisor.start();
    }
    const addresses = { rpc: rpc.url, abci: listening, ...Object.fromEntries(served.map(({ name, listening: { address } }) => [name, address])) };
    log("info", `${genesis.chainId}: node started`, { height: open.store.version, ...addresses });
    watch = watchHeight(open, supervisor, rpc, (height) => {
      log("info", "blocks are coming", { height });
      if (globals.format === "json") io.stdout(`${toJsonText({ event: "ready", chain_id: genesis.chainId, height, pid: process.pid, comet_pid: supervisor?.pid, ...addresses })}\n`);
    });
    const failure = await stopping.promise;
    log("info", "stopping");
    if (failure !== undefined) throw failure;
  } finally {
    clearInterval(watch);
    // CometBFT first: it ends cleanly only while the application still answers.
    await supervisor?.stop();
    for (const close of closers.reverse()) await close();
    rpc.close();
    held.release();
    log("info", "stopped");
  }
}

/** The block wants the next build; everything is closed. */
class UpgradeNeeded extends CliError {}

function halted({ needed }: HaltError, reason: string): CliError {
  const hint = needed === undefined
    ? "Nothing was executed or committed. docs/operators.md, Upgrades, says which build runs when."
    : `Nothing of block ${needed.height} was committed. Start the build that has the upgrade "${needed.name}" on the same home; a supervisor does it by itself (docs/operators.md, Upgrades).`;
  return new (needed === undefined ? CliError : UpgradeNeeded)(reason, { hint, exitCode: exitCodes.halted });
}

function withFlags(config: AppConfig, options: Options): AppConfig {
  const switched = <T extends { enable: boolean; address: string }>(part: T, flag: string | undefined): T =>
    flag === undefined ? part : flag === "off" ? { ...part, enable: false } : { ...part, enable: true, address: flag };
  return {
    ...config,
    minimumGasPrices: options.minimumGasPrices ?? config.minimumGasPrices,
    haltHeight: options.haltHeight === undefined ? config.haltHeight : wholeNumber("--halt-height", options.haltHeight, 0, Number.MAX_SAFE_INTEGER),
    api: switched(config.api, options.apiAddress),
    grpc: switched(config.grpc, options.grpcAddress),
    metrics: switched(config.metrics, options.metricsAddress),
  };
}

/** A CometBFT of this home that outlived its application: it would hold the databases, so it is ended first. */
async function endOrphan(home: Home, log: Log): Promise<void> {
  const orphan = livingProcess(home.cometPid, (line) => line.includes(home.root));
  if (orphan === undefined) return;
  log("warn", "a CometBFT of this home still runs: ending it", { pid: orphan });
  for (let tries = 0; tries < 100; tries++) {
    try {
      process.kill(orphan, tries < 50 ? "SIGTERM" : "SIGKILL");
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function privateSocket(home: Home): string {
  // Beside the data, not in it: programs that back the data up cannot copy a socket.
  const inside = join(home.root, "abci.sock");
  if (Buffer.byteLength(inside) <= maxSocketPath) return `unix://${inside}`;
  const directory = join(tmpdir(), `dcmd-${process.getuid?.() ?? 0}`);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return `unix://${join(directory, `${createHash("sha256").update(home.root).digest("hex").slice(0, 16)}.sock`)}`;
}

async function findComet(log: Log): Promise<string> {
  const { obtainCometBFT } = await import("../../../localnet/comet/obtain.ts");
  const { path, version, source } = await obtainCometBFT({ onProgress: (message) => log("info", message) });
  log("info", `CometBFT ${version}`, { source, path });
  return path;
}

function cometArgs(home: Home, proxyApp: string, { rpcLaddr, p2pLaddr, persistentPeers, logLevel }: Options): string[] {
  return [
    "start", "--home", home.root, "--proxy_app", proxyApp,
    ...(rpcLaddr === undefined ? [] : ["--rpc.laddr", rpcLaddr]),
    ...(p2pLaddr === undefined ? [] : ["--p2p.laddr", p2pLaddr]),
    ...(persistentPeers === undefined ? [] : ["--p2p.persistent_peers", persistentPeers]),
    ...(logLevel === "debug" ? ["--log_level", "info"] : []),
  ];
}

function abciLogger(log: Log): { info: (d: object, m: string) => void; warn: (d: object, m: string) => void; error: (d: object, m: string) => void } {
  const to = (level: Level) => (details: object, message: string) => log(level, message, details as Record<string, unknown>);
  return { info: to("debug"), warn: to("warn"), error: to("error") };
}

/** The application, with a stop after a height. */
function haltAt({ node, store }: OpenNode, haltHeight: number, stop: () => void): PartialApplication {
  if (haltHeight > 0) {
    const commit = node.commit.bind(node);
    node.commit = () => {
      const answer = commit();
      if (store.version >= haltHeight) setImmediate(stop);
      return answer;
    };
  }
  return node;
}

interface Served {
  readonly name: "api" | "grpc" | "metrics";
  readonly listening: Listening;
}

/** What listens is closed by `closers` from the moment it does, also where the next one cannot listen. */
async function serve({ queries, metrics }: OpenNode, config: AppConfig, log: Log, closers: (() => Promise<void>)[]): Promise<Served[]> {
  const out: Served[] = [];
  const add = async (name: Served["name"], listen: Promise<Listening>): Promise<void> => {
    const listening = await named(`${name}.address`, listen);
    closers.push(() => listening.close());
    out.push({ name, listening });
  };
  if (config.api.enable) {
    const { serveRest } = await import("../rest/server.ts");
    const { versionInfo } = await import("../version.ts");
    await add("api", serveRest(queries, { ...config.api, version: versionInfo().version, log, metrics }));
  }
  if (config.grpc.enable) {
    const { serveGrpc } = await import("../grpc/server.ts");
    await add("grpc", serveGrpc(queries, { ...config.grpc, log, metrics }));
  }
  if (config.metrics.enable) await add("metrics", metrics.serve(config.metrics.address, staleSeconds));
  return out;
}

/** The error says which setting it comes from. */
async function named<T>(setting: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new CliError(`${setting} of app.toml: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Tells once that the height moves and CometBFT serves: while it replays old blocks after a crash the one is true without the other. */
function watchHeight({ store }: OpenNode, supervisor: CometSupervisor | undefined, rpc: CometRpc, moved: (height: number) => void): NodeJS.Timeout {
  const from = store.version;
  let asking = false;
  const timer = setInterval(() => {
    if (store.version === from || asking) return;
    asking = true;
    rpc.call("health", {}).then(() => {
      clearInterval(timer);
      supervisor?.worked();
      moved(store.version);
    }).catch(() => {
      asking = false;
    });
  }, 50);
  return timer;
}

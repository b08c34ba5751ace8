/** `dcm-worker`: a provider's worker as a process, with a session key of its operator or with the provider's account; and the operator's part beside it. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { DirectSecp256k1HdWallet, type OfflineDirectSigner } from "@cosmjs/proto-signing";
import { connect, type Connection } from "../client/connection.ts";
import { Sender } from "../client/sender.ts";
import { findSession } from "../client/session.ts";
import { prefixes } from "../chain/codec/address.ts";
import { equalBytes } from "../chain/codec/bytes.ts";
import { MsgReclaimServiceResponse } from "../chain/codec/gen/dcm/market/v1/tx.ts";
import { Agent } from "./agent/agent.ts";
import { enroll } from "./agent/enroll.ts";
import { faultsOf } from "./agent/faults.ts";
import { ensureAsk, ensureProvider, type AskTerms, type ProviderProfile } from "./agent/setup.ts";
import { checkBackend, wordsOf } from "./check.ts";
import { levels } from "./gateway/bid.ts";
import { ConfigError, dataUrlOf, encryptionKeys, readConfig, readWallet, sessionTerms, type WorkerConfig } from "./config.ts";
import { serveBlobs } from "./data/server.ts";
import { BlobStore } from "./data/store.ts";
import type { Backend } from "./sandbox/backend.ts";
import { rv32Backend } from "./sandbox/rv32-backend.ts";
import { wasmBackend } from "./sandbox/wasm-backend.ts";
import { Disputes } from "./refereed/disputes.ts";
import { KeptInputs } from "./refereed/kept.ts";
import { ServiceAgent } from "./services/agent.ts";
import { Host } from "./services/host.ts";
import { Prober } from "./services/prober.ts";
import { Cluster } from "./slurm/cluster.ts";
import { slurmIdentity } from "./slurm/identity.ts";
import { hasSessionKey, makeSessionKey, readPublicKeys, sessionWallet } from "./session-key.ts";

const help = `usage: dcm-worker init --home HOME     a new account in HOME (encrypted where DCM_WORKER_PASSWORD is set); prints its address
       dcm-worker init --home HOME --session
                                      a new session key in HOME instead, and public.json for the operator; prints the key's address
       dcm-worker enroll --home HOME --operator-home OTHER
                                      with the operator's account in OTHER: registers the provider of HOME or brings its profile up to date, and
                                      grants a session to the key of HOME. HOME may be a copy of its worker.json and public.json
       dcm-worker run --home HOME     offers the asks of HOME/worker.json, runs tasks until SIGTERM; with an account of its own registers first
       dcm-worker check --home HOME   whether tasks would run, here or on the Slurm cluster of worker.json; a line for each step, with what to do where one fails
       dcm-worker address --home HOME the address that signs
       dcm-worker reclaim --home HOME --instance ID
                                      gives notice to an instance of a service

Talk goes to stderr as one JSON object a line.
example: dcm-worker init --home ~/.dcm-operator && dcm-worker init --session --home ~/.dcm-worker
         dcm-worker enroll --home ~/.dcm-worker --operator-home ~/.dcm-operator && dcm-worker run --home ~/.dcm-worker
`;

function log(message: string, fields: Record<string, unknown> = {}): void {
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), message, ...fields })}\n`);
}

async function init(home: string): Promise<void> {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  if (values.session) {
    process.stdout.write(`${await makeSessionKey(home)}\n`);
    return;
  }
  const wallet = await DirectSecp256k1HdWallet.generate(24, { prefix: prefixes.account });
  const password = process.env.DCM_WORKER_PASSWORD;
  if (password === undefined) writeFileSync(join(home, "mnemonic"), `${wallet.mnemonic}\n`, { mode: 0o600, flag: "wx" });
  else writeFileSync(join(home, "wallet.json"), await wallet.serialize(password), { mode: 0o600, flag: "wx" });
  encryptionKeys(home);
  await address(home);
}

async function address(home: string): Promise<void> {
  process.stdout.write(`${await addressOf(await walletOf(home))}\n`);
}

/** The session key, where the home has one; else its account. */
function walletOf(home: string): Promise<OfflineDirectSigner> {
  return hasSessionKey(home) ? sessionWallet(home) : readWallet(home, process.env.DCM_WORKER_PASSWORD);
}

async function addressOf(wallet: OfflineDirectSigner): Promise<string> {
  return (await wallet.getAccounts())[0]!.address;
}

/** Who signs for whom: a session key for its operator, or the provider's account for itself. */
interface Acting {
  readonly wallet: OfflineDirectSigner;
  readonly provider: string;
  readonly session?: string;
}

async function acting(home: string, config: WorkerConfig): Promise<Acting> {
  const wallet = await walletOf(home);
  const signer = await addressOf(wallet);
  if (!hasSessionKey(home)) return { wallet, provider: signer };
  if (config.operator === undefined) throw new ConfigError(`${join(home, "worker.json")}: operator is missing: the address whose session key ${signer} is`);
  return { wallet, provider: config.operator, session: signer };
}

function senderOf(connection: Connection, { chainId, gasPrice }: WorkerConfig, { wallet, provider, session }: Acting): Promise<Sender> {
  return Sender.create({ connection, signer: wallet, address: provider, chainId, gasPrice, ...(session === undefined ? {} : { session }) });
}

/** With the operator's account: everything that a session key may not do. */
async function enrollHome(home: string, operatorHome: string | undefined): Promise<void> {
  if (operatorHome === undefined) throw new ConfigError("say whose provider it is: --operator-home, a home with the operator's account");
  const config = readConfig(home);
  const { sessionKey, encryptionKey } = readPublicKeys(home);
  const wallet = await readWallet(operatorHome, process.env.DCM_WORKER_PASSWORD);
  const operator = await addressOf(wallet);
  if (config.operator !== undefined && config.operator !== operator) throw new ConfigError(`${join(home, "worker.json")} names the operator ${config.operator}, the account in ${operatorHome} is ${operator}`);
  const connection = await reach(config.rpc, { wallet, provider: operator });
  try {
    const done = await enroll(connection, await senderOf(connection, config, { wallet, provider: operator }), profileOf(config, dataUrlOf(config), encryptionKey), sessionKey, sessionTerms(config));
    log("enrolled", { operator, ...done });
  } finally {
    connection.close();
  }
}

function profileOf(config: WorkerConfig, dataUrl: string, encryptionKey: Uint8Array): ProviderProfile {
  return {
    moniker: config.moniker, dataUrl, encryptionKey, bond: BigInt(config.bond),
    ...(config.organization === undefined ? {} : { organization: config.organization }), ...(config.attributes === undefined ? {} : { attributes: config.attributes }),
  };
}

function termsOf({ ask, refereedAsk, serviceAsk }: WorkerConfig): AskTerms[] {
  const amounts = (prices: Readonly<Record<string, string>> = {}): Record<string, bigint> => Object.fromEntries(Object.entries(prices).map(([key, price]) => [key, BigInt(price)]));
  const common = ({ maxAcceptanceWindowMs, price, premiums, ...same }: NonNullable<WorkerConfig["serviceAsk"]> | Omit<WorkerConfig["ask"], "levels">): AskTerms =>
    ({ ...same, price: BigInt(price), premiums: amounts(premiums), maxAcceptanceWindow: BigInt(maxAcceptanceWindowMs ?? 0) });
  const ofJobs = ({ levels: named, ...terms }: WorkerConfig["ask"]): AskTerms => ({ ...common(terms), ...(named === undefined ? {} : { levels: named.map((level) => levels[level]).sort((a, b) => a - b) }) });
  const asks = [ofJobs(ask), ...(refereedAsk === undefined ? [] : [ofJobs(refereedAsk)])];
  if (serviceAsk === undefined) return asks;
  const { reclaimNoticeMs, ...timed } = serviceAsk;
  return [...asks, { ...common(timed), ...(reclaimNoticeMs === undefined ? {} : { reclaimNotice: BigInt(reclaimNoticeMs) }) }];
}

/** One after the other: two could not both reckon with the bond that is free. */
async function ensureAsks(connection: Connection, sender: Sender, terms: readonly AskTerms[], keepShrunk: boolean): Promise<bigint[]> {
  const out: bigint[] = [];
  for (const one of terms) out.push(await ensureAsk(connection, sender, one, keepShrunk));
  return out;
}

/** Gives notice to an instance that this home's provider serves: it is served until the notice is over. */
async function reclaim(home: string, instance: string | undefined): Promise<void> {
  if (instance === undefined || !/^\d+$/.test(instance)) throw new ConfigError("say which instance: --instance ID");
  const config = readConfig(home);
  const who = await acting(home, config);
  const connection = await connect(config.rpc);
  try {
    const sender = await senderOf(connection, config, who);
    const sent = await sender.send({ typeUrl: "/dcm.market.v1.MsgReclaimService", value: { worker: who.provider, provider: who.provider, instanceId: BigInt(instance) } });
    const { reclaimTau, penalty } = MsgReclaimServiceResponse.decode(sent.response?.value ?? new Uint8Array(0));
    process.stdout.write(`instance ${instance} ends at tau ${reclaimTau}; taken from the stake: ${penalty}\n`);
  } finally {
    connection.close();
  }
}

/** Waits for a node that is still starting, and for the account's first coins or the session that the operator grants. */
async function reach(rpc: string, { provider, session }: Acting): Promise<Connection> {
  for (let waited = 0; ; waited++) {
    try {
      const connection = await connect(rpc);
      if (session === undefined ? await connection.query.auth.account(provider).then(() => true, () => false) : (await findSession(connection, provider, session))?.live === true) return connection;
      connection.close();
      if (waited % 20 === 0) log(session === undefined ? "waiting for coins on the account" : "waiting for the operator to grant a session: dcm-worker enroll", { account: provider, ...(session === undefined ? {} : { session }) });
    } catch (error) {
      if (waited % 20 === 0) log("waiting for the node", { rpc, error: error instanceof Error ? error.message : String(error) });
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** Of a worker that acts by session: whether the operator's part still fits what this home is. */
async function checkEnrolled(connection: Connection, { provider, session }: Acting, profile: ProviderProfile): Promise<void> {
  const { provider: known } = await connection.query.providers.provider({ operator: provider });
  const { endpoints, encryptionKey } = known!.profile!;
  if (!endpoints.includes(profile.dataUrl) || !equalBytes(encryptionKey, profile.encryptionKey)) {
    log("the provider's profile names another address or encryption key than this home: the operator runs dcm-worker enroll", { provider, endpoints, dataUrl: profile.dataUrl });
  }
  const found = await findSession(connection, provider, session!);
  if (found?.session !== undefined) log("session", { session, expiresInHours: Number((found.session.expiresTau - found.tau) / 3_600_000n), left: found.left.map(({ denom, amount }) => `${amount}${denom}`).join(",") });
}

/** Where tasks run. Calls of services stay on this machine: a job of a cluster begins too late for them. */
function backendsOf(home: string, config: WorkerConfig): { readonly backend: Backend; readonly refereed: Backend; readonly available: () => Promise<void> } {
  if (config.backend?.kind !== "slurm") return { backend: wasmBackend(), refereed: rv32Backend(), available: () => Promise.resolve() };
  const cluster = new Cluster({ settings: config.backend, worker: slurmIdentity(home), environment: process.env, log });
  return { backend: cluster.backend("wasm"), refereed: cluster.backend("rv32"), available: () => cluster.available() };
}

async function check(home: string): Promise<void> {
  for await (const finding of checkBackend(readConfig(home).backend, process.env)) {
    process.stdout.write(wordsOf(finding));
    if (!finding.ok) process.exitCode = 1;
  }
}

async function run(home: string): Promise<void> {
  const config = readConfig(home);
  const who = await acting(home, config);
  const account = who.provider;
  const keys = encryptionKeys(home);
  const blobs = await BlobStore.open({ directory: join(home, "blobs") });
  const { backend, refereed, available } = backendsOf(home, config);
  const slots = config.slots ?? config.ask.units;
  const host = new Host({ backend: wasmBackend(), slots: config.serviceAsk === undefined ? slots : Math.max(slots, config.serviceAsk.units), log });
  const server = await serveBlobs(blobs, { host: config.data.host, port: config.data.port, route: host.route });
  const dataUrl = config.data.url ?? server.url;
  const connection = await reach(config.rpc, who);
  const sender = await senderOf(connection, config, who);
  const profile = profileOf(config, dataUrl, keys.publicKey);
  const terms = termsOf(config);
  const provider = who.session === undefined ? await ensureProvider(connection, sender, profile) : "enrolled";
  if (who.session !== undefined) await checkEnrolled(connection, who, profile);
  // Nothing is offered that could not run.
  const offer = async (keepShrunk: boolean): Promise<bigint[]> => {
    await available();
    return ensureAsks(connection, sender, terms, keepShrunk);
  };
  try {
    log("ready", { account, ...(who.session === undefined ? {} : { session: who.session }), provider, asks: (await offer(false)).map(String), dataUrl });
  } catch (error) {
    // Tasks from before must be served whatever becomes of the ask: their stake is at risk.
    if (provider === "registered") throw error;
    log("the ask is not in the book; trying again with each heartbeat", { account, error: error instanceof Error ? error.message : String(error) });
  }
  const pollMs = config.pollMs ?? 1_000;
  const faults = config.fault === undefined ? {} : faultsOf(config.fault);
  const kept = await KeptInputs.open(join(home, "refereed"));
  const agent = new Agent({
    connection, sender, provider: account, encryptionSecret: keys.secretKey, backend, refereed, kept, blobs, dataUrl,
    directory: join(home, "journal"), slots, pollMs, log, renew: () => offer(true), faults,
  });
  const services = new ServiceAgent({ connection, sender, provider: account, encryptionSecret: keys.secretKey, host, pollMs, log });
  const prober = new Prober({ connection, sender, provider: account, pollMs, log });
  const disputes = new Disputes({ connection, sender, party: account, encryptionSecret: keys.secretKey, kept, pollMs, log, faults });
  agent.start();
  services.start();
  prober.start();
  disputes.start();
  const end = async (): Promise<void> => {
    await Promise.all([agent.stop(), services.stop(), prober.stop(), disputes.stop()]);
    await server.close();
    connection.close();
    process.exit(0);
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void end());
}

const { values, positionals } = parseArgs({ allowPositionals: true, options: { home: { type: "string" }, instance: { type: "string" }, "operator-home": { type: "string" }, session: { type: "boolean", default: false }, help: { type: "boolean", short: "h", default: false }, version: { type: "boolean", default: false } } });
const commands: Record<string, (home: string) => Promise<void>> = { init, address, check, run, enroll: (home) => enrollHome(home, values["operator-home"]), reclaim: (home) => reclaim(home, values.instance) };
const command = commands[positionals[0] ?? ""];
if (values.version) {
  process.stdout.write(`${(JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string }).version}\n`);
} else if (values.help || command === undefined || values.home === undefined) {
  (values.help ? process.stdout : process.stderr).write(help);
  process.exitCode = values.help ? 0 : 2;
} else {
  await command(values.home).catch((error: unknown) => {
    process.stderr.write(`dcm-worker: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(error instanceof ConfigError ? 2 : 1);
  });
}

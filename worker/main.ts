/** `dcm-worker`: a provider's worker as a process. Registers, offers its ask, then works until SIGTERM. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { DirectSecp256k1HdWallet } from "@cosmjs/proto-signing";
import { connect, type Connection } from "../client/connection.ts";
import { Sender } from "../client/sender.ts";
import { prefixes } from "../chain/codec/address.ts";
import { MsgReclaimServiceResponse } from "../chain/codec/gen/dcm/market/v1/tx.ts";
import { Agent } from "./agent/agent.ts";
import { faultsOf } from "./agent/faults.ts";
import { ensureAsk, ensureProvider, type AskTerms } from "./agent/setup.ts";
import { ConfigError, encryptionKeys, readConfig, readWallet, type WorkerConfig } from "./config.ts";
import { serveBlobs } from "./data/server.ts";
import { BlobStore } from "./data/store.ts";
import { wasmBackend } from "./sandbox/wasm-backend.ts";
import { ServiceAgent } from "./services/agent.ts";
import { Host } from "./services/host.ts";
import { Prober } from "./services/prober.ts";

const help = `usage: dcm-worker run --home HOME     register, offer the ask of HOME/worker.json, run tasks until SIGTERM
       dcm-worker init --home HOME    a new account in HOME (encrypted where DCM_WORKER_PASSWORD is set); prints its address
       dcm-worker address --home HOME the account's address
       dcm-worker reclaim --home HOME --instance ID
                                      gives notice to an instance of a service

Talk goes to stderr as one JSON object a line.
example: dcm-worker init --home ~/.dcm-worker && dcm-worker run --home ~/.dcm-worker
`;

function log(message: string, fields: Record<string, unknown> = {}): void {
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), message, ...fields })}\n`);
}

async function init(home: string): Promise<void> {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const wallet = await DirectSecp256k1HdWallet.generate(24, { prefix: prefixes.account });
  const password = process.env.DCM_WORKER_PASSWORD;
  if (password === undefined) writeFileSync(join(home, "mnemonic"), `${wallet.mnemonic}\n`, { mode: 0o600, flag: "wx" });
  else writeFileSync(join(home, "wallet.json"), await wallet.serialize(password), { mode: 0o600, flag: "wx" });
  encryptionKeys(home);
  await address(home);
}

async function address(home: string): Promise<void> {
  const wallet = await readWallet(home, process.env.DCM_WORKER_PASSWORD);
  process.stdout.write(`${(await wallet.getAccounts())[0]!.address}\n`);
}

function termsOf({ ask, serviceAsk }: WorkerConfig): AskTerms[] {
  const amounts = (prices: Readonly<Record<string, string>> = {}): Record<string, bigint> => Object.fromEntries(Object.entries(prices).map(([key, price]) => [key, BigInt(price)]));
  const tasks = { ...ask, price: BigInt(ask.price), premiums: amounts(ask.premiums) };
  if (serviceAsk === undefined) return [tasks];
  const { reclaimNoticeMs, price, premiums, ...same } = serviceAsk;
  return [tasks, { ...same, price: BigInt(price), premiums: amounts(premiums), ...(reclaimNoticeMs === undefined ? {} : { reclaimNotice: BigInt(reclaimNoticeMs) }) }];
}

/** One after the other: two could not both reckon with the bond that is free. */
async function ensureAsks(connection: Connection, sender: Sender, terms: readonly AskTerms[], keepShrunk = false): Promise<bigint[]> {
  const out: bigint[] = [];
  for (const one of terms) out.push(await ensureAsk(connection, sender, one, keepShrunk));
  return out;
}

/** Gives notice to an instance that this home's provider serves: it is served until the notice is over. */
async function reclaim(home: string, instance: string | undefined): Promise<void> {
  if (instance === undefined || !/^\d+$/.test(instance)) throw new ConfigError("say which instance: --instance ID");
  const config = readConfig(home);
  const wallet = await readWallet(home, process.env.DCM_WORKER_PASSWORD);
  const address = (await wallet.getAccounts())[0]!.address;
  const connection = await connect(config.rpc);
  try {
    const sender = await Sender.create({ connection, signer: wallet, address, chainId: config.chainId, gasPrice: config.gasPrice });
    const sent = await sender.send({ typeUrl: "/dcm.market.v1.MsgReclaimService", value: { worker: address, provider: address, instanceId: BigInt(instance) } });
    const { reclaimTau, penalty } = MsgReclaimServiceResponse.decode(sent.response?.value ?? new Uint8Array(0));
    process.stdout.write(`instance ${instance} ends at tau ${reclaimTau}; taken from the stake: ${penalty}\n`);
  } finally {
    connection.close();
  }
}

/** Waits for a node that is still starting, and for the account's first coins. */
async function reach(rpc: string, account: string): Promise<Connection> {
  for (let waited = 0; ; waited++) {
    try {
      const connection = await connect(rpc);
      const { info } = await connection.query.auth.account(account).then(() => ({ info: true }), () => ({ info: false }));
      if (info) return connection;
      connection.close();
      if (waited % 20 === 0) log("waiting for coins on the account", { account });
    } catch (error) {
      if (waited % 20 === 0) log("waiting for the node", { rpc, error: error instanceof Error ? error.message : String(error) });
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

async function run(home: string): Promise<void> {
  const config = readConfig(home);
  const wallet = await readWallet(home, process.env.DCM_WORKER_PASSWORD);
  const account = (await wallet.getAccounts())[0]!.address;
  const keys = encryptionKeys(home);
  const blobs = await BlobStore.open({ directory: join(home, "blobs") });
  const backend = wasmBackend();
  const slots = config.slots ?? config.ask.units;
  const host = new Host({ backend, slots: config.serviceAsk === undefined ? slots : Math.max(slots, config.serviceAsk.units), log });
  const server = await serveBlobs(blobs, { host: config.data.host, port: config.data.port, route: host.route });
  const dataUrl = config.data.url ?? server.url;
  const connection = await reach(config.rpc, account);
  const sender = await Sender.create({ connection, signer: wallet, address: account, chainId: config.chainId, gasPrice: config.gasPrice });
  const profile = {
    moniker: config.moniker, dataUrl, encryptionKey: keys.publicKey, bond: BigInt(config.bond),
    ...(config.organization === undefined ? {} : { organization: config.organization }), ...(config.attributes === undefined ? {} : { attributes: config.attributes }),
  };
  const terms = termsOf(config);
  const provider = await ensureProvider(connection, sender, profile);
  try {
    log("ready", { account, provider, asks: (await ensureAsks(connection, sender, terms)).map(String), dataUrl });
  } catch (error) {
    // Tasks from before must be served whatever becomes of the ask: their stake is at risk.
    if (provider === "registered") throw error;
    log("the ask is not in the book; trying again with each heartbeat", { account, error: error instanceof Error ? error.message : String(error) });
  }
  const agent = new Agent({
    connection, sender, provider: account, encryptionSecret: keys.secretKey, backend, blobs, dataUrl,
    directory: join(home, "journal"), slots, pollMs: config.pollMs ?? 1_000, log, renew: () => ensureAsks(connection, sender, terms, true),
    ...(config.fault === undefined ? {} : { faults: faultsOf(config.fault) }),
  });
  const services = new ServiceAgent({ connection, sender, provider: account, encryptionSecret: keys.secretKey, host, pollMs: config.pollMs ?? 1_000, log });
  const prober = new Prober({ connection, sender, provider: account, pollMs: config.pollMs ?? 1_000, log });
  agent.start();
  services.start();
  prober.start();
  const end = async (): Promise<void> => {
    await Promise.all([agent.stop(), services.stop(), prober.stop()]);
    await server.close();
    connection.close();
    process.exit(0);
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void end());
}

const { values, positionals } = parseArgs({ allowPositionals: true, options: { home: { type: "string" }, instance: { type: "string" }, help: { type: "boolean", short: "h", default: false }, version: { type: "boolean", default: false } } });
const commands: Record<string, (home: string) => Promise<void>> = { init, address, run, reclaim: (home) => reclaim(home, values.instance) };
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

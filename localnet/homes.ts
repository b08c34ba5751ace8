/**
 * Homes of a localnet's validators and providers, made with the same commands that operators type, and its named accounts. A provider's home has its worker's
 * session key; the operator's account lies apart, in `operators/`, where no worker looks.
 */
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DirectSecp256k1HdWallet } from "@cosmjs/proto-signing";
import { prefixes } from "../chain/codec/address.ts";
import { toJson } from "../chain/codec/proto-json.ts";
import { Params as SlashingParams } from "../chain/codec/gen/cosmos/slashing/v1beta1/slashing.ts";
import { Params as ChannelParams } from "../chain/codec/gen/dcm/channel/v1/types.ts";
import { Params as DisputeParams } from "../chain/codec/gen/dcm/dispute/v1/types.ts";
import { Params as RefereeParams } from "../chain/codec/gen/dcm/referee/v1/types.ts";
import { Params as ForwardParams } from "../chain/codec/gen/dcm/forward/v1/types.ts";
import { Params, QuoteDenom } from "../chain/codec/gen/dcm/market/v1/types.ts";
import { localnetParams as localnetChannelParams } from "../chain/modules/channel/params.ts";
import { localnetParams as localnetDisputeParams } from "../chain/modules/dispute/params.ts";
import { localnetParams as localnetRefereeParams } from "../chain/modules/referee/params.ts";
import { localnetParams as localnetForwardParams } from "../chain/modules/forward/params.ts";
import { Params as GovernanceParams } from "../chain/codec/gen/cosmos/gov/v1/gov.ts";
import { localnetParams as localnetGovernanceParams } from "../chain/modules/governance/params.ts";
import { localnetParams } from "../chain/modules/market/params.ts";
import { localnetParams as localnetSlashingParams } from "../chain/modules/slashing/params.ts";
import { run } from "../chain/node/cli/program.ts";
import { connect } from "../client/connection.ts";
import { Sender } from "../client/sender.ts";
import { dataUrlOf, readConfig, sessionTerms, type BackendConfig, type WorkerConfig } from "../worker/config.ts";
import { enroll } from "../worker/agent/enroll.ts";
import { makeSessionKey, readPublicKeys } from "../worker/session-key.ts";
import type { FaultKind } from "../worker/agent/faults.ts";
import { type HomeBuilder, type NetworkPlan, type NodePlan, cometConfig } from "./plan.ts";
import { editToml } from "./toml.ts";

export const denom = "udcm";
/** Books quote in it too: five of the bond denom for two of it. */
export const secondDenom = "uusd";
export const secondRate = { bondUnits: 5n, quoteUnits: 2n } as const;
/** Accounts with coins from genesis, for people to play: their mnemonics lie in `personas/`. */
export const personas = ["faucet", "alice", "bob"] as const;
export type Persona = (typeof personas)[number];

export interface ProviderTerms {
  /** Price of one lot, in udcm. */
  readonly price: bigint;
  readonly units: number;
  readonly bond: bigint;
  readonly fault?: FaultKind;
  /** Runs refereed jobs too, at this price of a lot. */
  readonly refereedPrice?: bigint;
  /** Where its tasks run. */
  readonly backend?: BackendConfig;
  /** Serves services too. */
  readonly service?: { readonly price: bigint; readonly units: number; readonly reclaimNoticeMs?: number; readonly preemptible?: boolean; readonly maxAcceptanceWindowMs?: number };
}

export interface HomeOptions {
  /** What provider i offers. */
  readonly provider: (index: number) => ProviderTerms;
  /** Prices below are turned away from mempools. */
  readonly minimumGasPrices?: string;
  /** Heights between snapshots. */
  readonly snapshotInterval?: number;
  /** Changes to the parsed genesis.json before validators sign it. */
  readonly genesis?: (doc: GenesisDoc) => void;
}

export interface GenesisDoc {
  chain_id: string;
  consensus: { params: { block: { max_bytes: string; max_gas: string } } };
  app_state: Record<string, Record<string, unknown>>;
}

export const gasPrice = { denom, amount: 0.001 } as const;
const stake = `500000000${denom}`;
const root = join(import.meta.dirname, "..");

export function personaWallet(folder: string, name: Persona): Promise<DirectSecp256k1HdWallet> {
  return DirectSecp256k1HdWallet.fromMnemonic(readFileSync(join(folder, "personas", name, "mnemonic"), "utf8").trim(), { prefix: prefixes.account });
}

/** The account of a provider's operator. */
export function operatorWallet(folder: string, provider: string): Promise<DirectSecp256k1HdWallet> {
  return DirectSecp256k1HdWallet.fromMnemonic(readFileSync(join(operatorHome(folder, provider), "mnemonic"), "utf8").trim(), { prefix: prefixes.account });
}

function operatorHome(folder: string, provider: string): string {
  return join(folder, "operators", provider);
}

function operatorAddress(folder: string, provider: string): string {
  return readFileSync(join(operatorHome(folder, provider), "address"), "utf8").trim();
}

export function dcmHomes(options: HomeOptions): HomeBuilder {
  return {
    async build(plan) {
      if (!existsSync(join(plan.folder, "built"))) {
        await create(plan, options);
        writeFileSync(join(plan.folder, "built"), `${plan.manifest.chainId}\n`);
      }
      await configure(plan, options);
    },
    processes(node, plan) {
      if (node.role === "provider") {
        // Its own folder for what a killed worker would leave behind.
        const environment = { ...process.env, TMPDIR: temporary(node) };
        return [{ name: `${node.name}/worker`, command: process.execPath, args: [join(root, "worker/main.ts"), "run", "--home", node.home], logFile: node.logFile("worker"), environment, restart: true }];
      }
      const args = [
        join(root, "chain/main.ts"), "start", "--home", node.home, "--comet", plan.comet.path, "--api-address", `127.0.0.1:${node.ports.rest}`,
        "--grpc-address", `127.0.0.1:${node.ports.grpc}`, "--metrics-address", `127.0.0.1:${node.ports.metrics}`, "--log-level", "info",
      ];
      return [{ name: `${node.name}/dcmd`, command: process.execPath, args, logFile: node.logFile("dcmd"), restart: true }];
    },
    started: enrollAll,
  };
}

/** What each provider's operator does with its own key, once: the provider, and the session of its worker's key. */
async function enrollAll(plan: NetworkPlan): Promise<void> {
  const providers = plan.nodes.filter((node) => node.role === "provider");
  if (providers.length === 0) return;
  const connection = await connect(`http://127.0.0.1:${plan.nodes[0]!.ports.rpc}`);
  try {
    await Promise.all(providers.map(async ({ name, home }) => {
      const config = readConfig(home);
      const { sessionKey, encryptionKey } = readPublicKeys(home);
      const wallet = await operatorWallet(plan.folder, name);
      const operator = await Sender.create({ connection, signer: wallet, address: config.operator!, chainId: config.chainId, gasPrice });
      await enroll(connection, operator, { moniker: config.moniker, dataUrl: dataUrlOf(config), encryptionKey, bond: BigInt(config.bond) }, sessionKey, sessionTerms(config));
    }));
  } finally {
    connection.close();
  }
}

/** Runs one dcmd command in this process and gives its standard output. Rejects with what it said. */
async function dcmd(...argv: string[]): Promise<string> {
  let out = "";
  let err = "";
  const code = await run(argv, {
    stdout: (text) => (out += text), stderr: (text) => (err += text), readStdin: () => Promise.resolve(""), promptSecret: undefined, env: {}, now: () => new Date(),
  });
  if (code !== 0) throw new Error(`dcmd ${argv.join(" ")} ended with ${code}: ${err.trim()}`);
  return out.trim();
}

async function create(plan: NetworkPlan, options: HomeOptions): Promise<void> {
  const { manifest, folder } = plan;
  const validators = plan.nodes.filter((node) => node.role === "validator");
  const first = validators[0]!;
  const accounts: [address: string, coins: string][] = [];
  for (const node of validators) {
    await dcmd("init", node.name, "--chain-id", manifest.chainId, "--home", node.home);
    await dcmd("keys", "add", "operator", "--keyring-backend", "test", "--home", node.home);
    accounts.push([await dcmd("keys", "show", "operator", "--address", "--keyring-backend", "test", "--home", node.home), `1000000000000${denom}`]);
  }
  for (const name of personas) accounts.push([await newAccount(join(folder, "personas", name)), `1000000000000${denom},1000000000000${secondDenom}`]);
  for (const { name, home, role } of plan.nodes) {
    if (role !== "provider") continue;
    const address = await newAccount(operatorHome(folder, name));
    writeFileSync(join(operatorHome(folder, name), "address"), `${address}\n`);
    mkdirSync(home, { recursive: true, mode: 0o700 });
    await makeSessionKey(home);
    accounts.push([address, `100000000000${denom}`]);
  }
  editGenesis(genesisFile(first), (doc) => {
    doc.app_state.market = { ...doc.app_state.market, params: [{ version: "1", params: toJson(Params.$type, localnetParams()) }], quote_denoms: [toJson(QuoteDenom.$type, { denom: secondDenom, rate: secondRate, closed: false })] };
    doc.app_state.referee = { ...doc.app_state.referee, params: toJson(RefereeParams.$type, localnetRefereeParams()) };
    doc.app_state.dispute = { ...doc.app_state.dispute, params: toJson(DisputeParams.$type, localnetDisputeParams()) };
    doc.app_state.forward = { ...doc.app_state.forward, params: toJson(ForwardParams.$type, localnetForwardParams()) };
    doc.app_state.channel = { ...doc.app_state.channel, params: toJson(ChannelParams.$type, localnetChannelParams()) };
    doc.app_state.slashing = { ...doc.app_state.slashing, params: toJson(SlashingParams.$type, localnetSlashingParams()) };
    doc.app_state.gov = { ...doc.app_state.gov, params: toJson(GovernanceParams.$type, localnetGovernanceParams()) };
    options.genesis?.(doc);
  });
  for (const [address, coins] of accounts) await dcmd("genesis", "add-genesis-account", address, coins, "--home", first.home);
  for (const node of validators) {
    if (node !== first) copyFileSync(genesisFile(first), genesisFile(node));
    await dcmd("genesis", "gentx", "operator", stake, "--chain-id", manifest.chainId, "--keyring-backend", "test", "--home", node.home, "--p2p-port", String(node.ports.p2p));
    if (node === first) continue;
    const from = join(node.home, "config/gentx");
    for (const file of readdirSync(from)) copyFileSync(join(from, file), join(first.home, "config/gentx", file));
  }
  await dcmd("genesis", "collect-gentxs", "--home", first.home);
  for (const node of validators) if (node !== first) copyFileSync(genesisFile(first), genesisFile(node));
}

/** Ports may be others than at the last start: configuration is written anew each time. */
async function configure(plan: NetworkPlan, options: HomeOptions): Promise<void> {
  const validators = plan.nodes.filter((node) => node.role === "validator");
  const ids = new Map<string, string>();
  for (const node of validators) ids.set(node.name, await dcmd("comet", "show-node-id", "--home", node.home));
  for (const node of validators) {
    edit(join(node.home, "config/config.toml"), { rpc: { cors_allowed_origins: ["*"] } });
    edit(join(node.home, "config/config.toml"), cometConfig(node, plan, ids));
    edit(join(node.home, "config/app.toml"), {
      "": { "minimum-gas-prices": options.minimumGasPrices ?? `${gasPrice.amount}${denom}` },
      "state-sync": { "snapshot-interval": options.snapshotInterval ?? 1_000 },
      api: { "cors-allowed-origins": ["*"] },
    });
  }
  const rpcs = validators.map((node) => `http://127.0.0.1:${node.ports.rpc}`);
  for (const node of plan.nodes) if (node.role === "provider") writeWorker(node, plan, rpcs[node.index % rpcs.length]!, options.provider(node.index));
}

function writeWorker(node: NodePlan, plan: NetworkPlan, rpc: string, terms: ProviderTerms): void {
  rmSync(temporary(node), { recursive: true, force: true });
  mkdirSync(temporary(node), { recursive: true, mode: 0o700 });
  const config: WorkerConfig = {
    rpc, chainId: plan.manifest.chainId, moniker: node.name, operator: operatorAddress(plan.folder, node.name), data: { host: "127.0.0.1", port: node.ports.data }, gasPrice, bond: String(terms.bond),
    ask: { classId: "wasm.core", quoteDenom: denom, price: String(terms.price), units: terms.units }, pollMs: 400,
    ...(terms.refereedPrice === undefined ? {} : { refereedAsk: { classId: "rv32.core", quoteDenom: denom, price: String(terms.refereedPrice), units: terms.units } }),
    ...(terms.service === undefined ? {} : { serviceAsk: { classId: "cpu.x64.small", quoteDenom: denom, ...terms.service, price: String(terms.service.price) } }),
    // Both cores of a small machine are shared by all workers: one task at a time each.
    slots: 1,
    ...(terms.backend === undefined ? {} : { backend: terms.backend }),
    ...(terms.fault === undefined ? {} : { fault: terms.fault }),
  };
  writeFileSync(join(node.home, "worker.json"), `${JSON.stringify(config, undefined, 2)}\n`, { mode: 0o600 });
}

async function newAccount(home: string): Promise<string> {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const wallet = await DirectSecp256k1HdWallet.generate(24, { prefix: prefixes.account });
  writeFileSync(join(home, "mnemonic"), `${wallet.mnemonic}\n`, { mode: 0o600 });
  chmodSync(join(home, "mnemonic"), 0o600);
  return (await wallet.getAccounts())[0]!.address;
}

function temporary(node: NodePlan): string {
  return join(node.home, "tmp");
}

function genesisFile(node: NodePlan): string {
  return join(node.home, "config/genesis.json");
}

function editGenesis(path: string, change: (doc: GenesisDoc) => void): void {
  const doc = JSON.parse(readFileSync(path, "utf8")) as GenesisDoc;
  change(doc);
  writeFileSync(path, JSON.stringify(doc, undefined, 2));
}

function edit(path: string, changes: Parameters<typeof editToml>[1]): void {
  writeFileSync(path, editToml(readFileSync(path, "utf8"), changes));
}

/**
 * Four validators that differ in what operators may choose: two run `dcmd start`, two run `--app-only` with a CometBFT of their
 * own beside it; each has another mempool and another minimum gas price.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { denom, dcmHomes, type GenesisDoc } from "../../../localnet/homes.ts";
import { Network } from "../../../localnet/network.ts";
import type { NetworkNode } from "../../../localnet/node.ts";
import type { HomeBuilder, NodePlan } from "../../../localnet/plan.ts";
import { tailFile } from "../../../localnet/process.ts";
import { editToml, type TomlChanges } from "../../../localnet/toml.ts";
import { senders } from "./load.ts";

export const chainId = "dcm-operations-1";
export const fundsOfSender = 1_000_000_000n;
export const snapshotInterval = 10;
/** Its mempool takes eight transactions. */
export const forgetful = ["validator-2"];

const mempools: readonly { readonly comet: TomlChanges; readonly minimumGasPrices: string }[] = [
  { comet: {}, minimumGasPrices: `0.001${denom}` },
  { comet: { mempool: { recheck: false } }, minimumGasPrices: "" },
  { comet: { mempool: { size: 8, cache_size: 16 } }, minimumGasPrices: `0.01${denom}` },
  { comet: { mempool: { size: 100, recheck: false, max_txs_bytes: 100_000 } }, minimumGasPrices: `0.001${denom}` },
];

function edit(path: string, changes: TomlChanges): void {
  writeFileSync(path, editToml(readFileSync(path, "utf8"), changes));
}

/** Gives the load's senders coins, in the sections that the SDK has for it. */
export function fundSenders(doc: GenesisDoc): void {
  const { auth, bank } = doc.app_state as { auth: { accounts: object[] }; bank: { balances: object[] } };
  for (const { text } of senders) {
    auth.accounts.push({ "@type": "/cosmos.auth.v1beta1.BaseAccount", address: text, pub_key: null, account_number: "0", sequence: "0" });
    bank.balances.push({ address: text, coins: [{ denom, amount: String(fundsOfSender) }] });
  }
}

const homes = dcmHomes({
  provider: () => {
    throw new Error("this network has no providers");
  },
  snapshotInterval,
  genesis: fundSenders,
});

/** Whether the node's CometBFT is a process of its own rather than a child of `dcmd`. */
export function runsApart({ index }: NodePlan): boolean {
  return index >= 2;
}

const builder: HomeBuilder = {
  async build(plan) {
    await homes.build(plan);
    for (const node of plan.nodes) {
      const { comet, minimumGasPrices } = mempools[node.index % mempools.length]!;
      edit(join(node.home, "config/config.toml"), comet);
      edit(join(node.home, "config/app.toml"), { "": { "minimum-gas-prices": minimumGasPrices } });
    }
  },
  processes(node, plan) {
    const [service] = homes.processes(node, plan);
    if (!runsApart(node)) return [service!];
    const address = `tcp://127.0.0.1:${node.ports.abci}`;
    const appLog = node.logFile("app");
    return [
      { ...service!, name: `${node.name}/app`, args: [...service!.args, "--app-only", "--proxy-app", address], logFile: appLog, ready: () => Promise.resolve(tailFile(appLog, 8_000).includes("node started")) },
      { name: `${node.name}/comet`, command: plan.comet.path, args: ["start", "--home", node.home, "--proxy_app", address], logFile: node.logFile("comet"), restart: true },
    ];
  },
};

export interface FourOptions {
  readonly folder: string;
  /** CometBFT's pause after each block. */
  readonly commitMs: number;
  readonly onProgress?: (message: string) => void;
}

export function startFour({ folder, commitMs, onProgress }: FourOptions): Promise<Network> {
  const manifest = { chainId, validators: 4, providers: 0, timings: { proposeMs: 1_500, prevoteMs: 500, precommitMs: 500, commitMs }, faults: {} };
  return Network.start(manifest, { builder, folder, ...(onProgress === undefined ? {} : { onProgress }) });
}

/** The process id of the CometBFT that `dcmd start` runs; undefined while there is none. */
export function cometPid({ plan }: NetworkNode): number | undefined {
  try {
    return Number(readFileSync(join(plan.home, "data/cometbft.pid"), "utf8")) || undefined;
  } catch {
    return undefined;
  }
}

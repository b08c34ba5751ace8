/** One validator for all files of this folder: started by the first that needs it, stopped after the last. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Secp256k1HdWallet, makeCosmoshubPath } from "@cosmjs/amino";
import { DirectSecp256k1HdWallet } from "@cosmjs/proto-signing";
import { GasPrice, SigningStargateClient, type SigningStargateClientOptions } from "@cosmjs/stargate";
import { after, before } from "mocha";
import { run } from "../../../chain/node/cli/program.ts";
import { denom, dcmHomes, type GenesisDoc } from "../../../localnet/homes.ts";
import { Network } from "../../../localnet/network.ts";
import type { NetworkNode } from "../../../localnet/node.ts";

export { denom };
export const chainId = "dcm-clients-1";
export const prefix = "dcm";
/** What every person has at genesis, besides `tokenFunds` of `token`. */
export const funds = 10_000_000_000n;
export const tokenFunds = 5_000n;
export const gasPrice = GasPrice.fromString(`0.002${denom}`);

/** Accounts with coins from genesis. Each file uses its own, so that no file sees the sequences and balances of another. */
export const people = [
  "alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy", "kim", "leo", "mia", "nina", "oscar", "peggy", "quinn", "rupert", "sybil", "trent", "ursula", "victor", "wendy", "yves", "zoe",
  "adam", "berta", "carla", "dora",
  "agnes", "bruno", "clara", "doris",
  "emil", "flora",
  "gerda", "helmut",
  "gina", "hugo",
  "ines",
  "karl", "lena",
  "nora", "olaf", "paul", "rosa",
  "sven",
  "tilda", "ulf", "vera",
  "xenia",
] as const;
export type Person = (typeof people)[number];

const mnemonic = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";
const walletOptions = (name: Person | number): { prefix: string; hdPaths: ReturnType<typeof makeCosmoshubPath>[] } => ({
  prefix,
  hdPaths: [makeCosmoshubPath(typeof name === "number" ? name : people.indexOf(name))],
});

/** May attest attributes from genesis on. */
const accredited: readonly { readonly person: Person; readonly keys: readonly string[] }[] = [{ person: "agnes", keys: ["*"] }, { person: "bruno", keys: ["zone"] }, { person: "rosa", keys: ["zone"] }];

/** Signs in SIGN_MODE_DIRECT. A number stands for an account that has nothing at genesis; take one of 100 and above. */
export function directWallet(name: Person | number): Promise<DirectSecp256k1HdWallet> {
  return DirectSecp256k1HdWallet.fromMnemonic(mnemonic, walletOptions(name));
}

/** Signs amino JSON only, as a Ledger does. */
export function aminoWallet(name: Person | number): Promise<Secp256k1HdWallet> {
  return Secp256k1HdWallet.fromMnemonic(mnemonic, walletOptions(name));
}

export async function addressOf(name: Person | number): Promise<string> {
  return (await aminoWallet(name).then((wallet) => wallet.getAccounts()))[0]!.address;
}

export interface Chain {
  readonly network: Network;
  readonly node: NetworkNode;
  readonly rpc: string;
  readonly rest: string;
  /** host:port */
  readonly grpc: string;
  /** A stock client; the wallet is a direct one unless `amino` is asked for. Disconnected after the file. */
  client(name: Person | number, options?: SigningStargateClientOptions & { readonly amino?: boolean }): Promise<SigningStargateClient>;
  /** What dcmd answers as JSON, with the validator's home and, for what is sent, its operator's key. */
  dcmd(...argv: string[]): Promise<Record<string, unknown>>;
  /** Resolves once `blocks` more blocks are there. */
  wait(blocks: number): Promise<void>;
}

let users = 0;
let started: Promise<{ network: Network; folder: string }> | undefined;

async function start(): Promise<{ network: Network; folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), "dcm-clients-"));
  const addresses = await Promise.all(people.map(addressOf));
  const accreditations = await Promise.all(accredited.map(async ({ person, keys }) => ({ auditor: await addressOf(person), keys, granted_tau_ms: "0", expires_tau_ms: "86400000" })));
  const builder = dcmHomes({
    provider: () => {
      throw new Error("this network has no providers");
    },
    genesis(doc) {
      fund(doc, addresses);
      Object.assign(doc.app_state.auditors!, { accreditations });
      Object.assign(doc.app_state.gov!.params as object, { max_deposit_period: "5s", voting_period: "5s", expedited_voting_period: "1s" });
      hasten(doc);
    },
  });
  const network = await Network.start({ chainId, validators: 1, providers: 0, timings: { commitMs: 300 } }, { builder, folder });
  return { network, folder };
}

/** Bonds and deposits come back within seconds, one task that did not start puts into jail. */
function hasten({ app_state: { providers, jurors, auditors, market } }: GenesisDoc): void {
  Object.assign(providers!.params as object, { unbonding_time_ms: "4000", heartbeat_window_ms: "5000", jail_misses: 1, jail_time_ms: "3000" });
  Object.assign(jurors!.params as object, { unbonding_time_ms: "2000" });
  // Longer than an expedited vote.
  Object.assign(auditors!.params as object, { unbonding_time_ms: "5000" });
  Object.assign((market!.params as { params: object }[])[0]!.params, { start_due: "2000", record_lifetime: "3000" });
}

function fund(doc: GenesisDoc, addresses: readonly string[]): void {
  const { auth, bank } = doc.app_state as { auth: { accounts: object[] }; bank: { balances: object[] } };
  for (const address of addresses) {
    auth.accounts.push({ "@type": "/cosmos.auth.v1beta1.BaseAccount", address, pub_key: null, account_number: "0", sequence: "0" });
    bank.balances.push({ address, coins: [{ denom: "token", amount: String(tokenFunds) }, { denom, amount: String(funds) }] });
  }
}

async function dcmd({ rpcAddress, plan: { home } }: NetworkNode, argv: readonly string[]): Promise<Record<string, unknown>> {
  let out = "";
  let err = "";
  const signer = argv[0] === "tx" ? ["--from", "operator", "--keyring-backend", "test"] : [];
  const code = await run([...argv, ...signer, "--node", rpcAddress, "--output", "json", "--home", home], { stdout: (words) => (out += words), stderr: (words) => (err += words), readStdin: () => Promise.resolve(""), promptSecret: undefined, env: {}, now: () => new Date() });
  if (code !== 0) throw new Error(`dcmd ${argv.join(" ")}: ${err}`);
  return JSON.parse(out) as Record<string, unknown>;
}

/** To be called in a `describe`: the chain is there from its first `before` hook on. */
export function useChain(): () => Chain {
  users++;
  let chain: Chain | undefined;
  const clients: SigningStargateClient[] = [];
  before(async function () {
    this.timeout(120_000);
    started ??= start();
    const { network } = await started;
    const node = network.node("validator-0");
    chain = {
      network,
      node,
      rpc: node.rpcAddress,
      rest: `http://127.0.0.1:${node.plan.ports.rest}`,
      grpc: `127.0.0.1:${node.plan.ports.grpc}`,
      async client(name, { amino = false, ...options } = {}) {
        const wallet = await (amino ? aminoWallet(name) : directWallet(name));
        const client = await SigningStargateClient.connectWithSigner(node.rpcAddress, wallet, { gasPrice, broadcastPollIntervalMs: 100, ...options });
        clients.push(client);
        return client;
      },
      dcmd: (...argv) => dcmd(node, argv),
      async wait(blocks) {
        await network.waitForHeight((await node.status()).height + blocks);
      },
    };
  });
  after(async function () {
    this.timeout(60_000);
    for (const client of clients) client.disconnect();
    if (--users > 0 || started === undefined) return;
    const { network, folder } = await started;
    started = undefined;
    await network.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return () => {
    if (chain === undefined) throw new Error("the chain is there in hooks and tests only");
    return chain;
  };
}

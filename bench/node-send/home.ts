/** The home of one validator with 1,000 accounts, made with the commands that operators type, and the sends that its accounts sign ahead. */
import { execFileSync } from "node:child_process";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MsgSend } from "../../chain/codec/gen/cosmos/bank/v1beta1/tx.ts";
import { dcmd } from "../../chain/node/testing.ts";
import { editToml, type TomlChanges } from "../../localnet/toml.ts";
import { anyOf, signedTx, testAccount, type TestAccount } from "../../test/support/accounts.ts";

export const chainId = "dcm-bench-1";
export const denom = "udcm";
export const initialBalance = 1_000_000_000_000n;
/** What each send pays; its gas is what a client sets after a simulation, with some room. */
export const fee = 200n;
const gas = 100_000n;

export interface Setting {
  readonly name: string;
  /** `init`: what dcmd init writes; `comet`: what CometBFT's own init writes. */
  readonly config: "init" | "comet";
  readonly changes: TomlChanges;
}

interface Genesis {
  validators?: unknown[];
  app_state: { auth: { accounts: unknown[] }; bank: { balances: unknown[] } };
}

const genesisFile = (home: string): string => join(home, "config/genesis.json");

async function run(...argv: string[]): Promise<void> {
  const { code, err } = await dcmd(argv);
  if (code !== 0) throw new Error(`dcmd ${argv.join(" ")} ended with ${code}: ${err.trim()}`);
}

/** A home that was never started, with these accounts in its genesis, numbered in their order. */
export async function buildHome(home: string, accounts: readonly TestAccount[]): Promise<void> {
  const test = ["--keyring-backend", "test", "--home", home];
  await run("init", "bench", "--chain-id", chainId, "--home", home);
  editGenesis(home, ({ app_state: { auth, bank } }) => {
    for (const [i, { text }] of accounts.entries()) {
      auth.accounts.push({ "@type": "/cosmos.auth.v1beta1.BaseAccount", address: text, pub_key: null, account_number: String(i), sequence: "0" });
      bank.balances.push({ address: text, coins: [{ denom, amount: String(initialBalance) }] });
    }
  });
  await run("keys", "add", "operator", ...test);
  await run("genesis", "add-genesis-account", "operator", `1000000000000${denom}`, ...test);
  await run("genesis", "gentx", "operator", `500000000000${denom}`, "--chain-id", chainId, ...test);
  await run("genesis", "collect-gentxs", "--home", home);
}

/** A copy of a home under a setting. For an application without state the genesis names the validator itself. */
export function copyHome(built: string, home: string, setting: Setting, comet: string, stateless: boolean): void {
  rmSync(home, { recursive: true, force: true });
  cpSync(built, home, { recursive: true });
  const config = join(home, "config/config.toml");
  if (setting.config === "comet") {
    const defaults = `${home}-defaults`;
    execFileSync(comet, ["init", "--home", defaults], { stdio: "ignore" });
    cpSync(join(defaults, "config/config.toml"), config);
    rmSync(defaults, { recursive: true });
  }
  writeFileSync(config, editToml(readFileSync(config, "utf8"), setting.changes));
  if (!stateless) return;
  const { address, pub_key } = JSON.parse(readFileSync(join(home, "config/priv_validator_key.json"), "utf8")) as Record<"address" | "pub_key", unknown>;
  editGenesis(home, (doc) => {
    doc.validators = [{ address, pub_key, power: "1", name: "bench" }];
  });
}

function editGenesis(home: string, change: (doc: Genesis) => void): void {
  const doc = JSON.parse(readFileSync(genesisFile(home), "utf8")) as Genesis;
  change(doc);
  writeFileSync(genesisFile(home), JSON.stringify(doc));
}

export function benchAccounts(count: number): TestAccount[] {
  return Array.from({ length: count }, (_, i) => testAccount(String(i)));
}

/** For each account its transactions in the order of their sequences: one coin to another account each. */
export function signSends(accounts: readonly TestAccount[], each: number): Uint8Array[][] {
  return accounts.map((from, i) => {
    const to = accounts[(i * 7 + 1) % accounts.length]!;
    const messages = [anyOf(MsgSend, { fromAddress: from.text, toAddress: to.text, amount: [{ denom, amount: "1" }] })];
    return Array.from({ length: each }, (_, n) => signedTx(from, { chainId, accountNumber: BigInt(i), sequence: BigInt(n), messages, gas, fee: { denom, amount: fee } }));
  });
}

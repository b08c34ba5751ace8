/** dcmd genesis add-genesis-account: one account in `auth`, its coins in `bank`, the supply that they add to. */
import { addressBytes } from "../../codec/address.ts";
import { isObject, readGenesisDoc, writeAppState, type JsonObject } from "../config/genesis-doc.ts";
import { Input, openHome, openKeyring, parseCoins, wholeNumber, type KeyringOptions } from "./common.ts";
import { CliError, exitCodes, print, type Io } from "./io.ts";
import type { Globals } from "./program.ts";

interface Options extends KeyringOptions {
  readonly append?: true | undefined;
  readonly vestingAmount?: string | undefined;
  readonly vestingStartTime?: string | undefined;
  readonly vestingEndTime?: string | undefined;
}

type Coin = { denom: string; amount: bigint };

export async function addGenesisAccount(io: Io, globals: Globals, who: string, coinsText: string, options: Options): Promise<void> {
  const home = openHome(globals);
  const address = who.startsWith("dcm1") ? who : openKeyring(globals, options, new Input(io)).show(who).address;
  addressBytes(address);
  const coins = parseCoins(coinsText);
  const doc = readGenesisDoc(home.genesis);
  const auth = section(doc.appState, "auth");
  const bank = section(doc.appState, "bank");
  const accounts = list(auth, "accounts");
  const balances = list(bank, "balances");
  const known = accounts.some((account) => addressOf(account) === address) || balances.some((balance) => isObject(balance) && balance.address === address);
  if (known && options.append !== true) throw new CliError(`${address} has an account in ${home.genesis} already`, { hint: "Add to it with --append.", exitCode: exitCodes.invalid });
  if (known && options.vestingAmount !== undefined) throw new CliError("--append cannot make a present account vest", { exitCode: exitCodes.usage });
  if (!accounts.some((account) => addressOf(account) === address)) accounts.push(newAccount(address, coins, options));
  const balance = balances.find((entry): entry is JsonObject => isObject(entry) && entry.address === address);
  if (balance === undefined) balances.push({ address, coins: write(coins) });
  else balance.coins = write(sum(read(balance.coins), coins));
  // The SDK accepts a missing supply (it is the sum of balances then); one that is written down must stay right.
  if (Array.isArray(bank.supply) && bank.supply.length > 0) bank.supply = write(sum(read(bank.supply), coins));
  writeAppState(home.genesis, doc, doc.appState);
  print(io, globals.format, { address, coins: coins.map(({ denom, amount }) => ({ denom, amount })) }, `${address} has ${coinsText} at genesis`);
}

function newAccount(address: string, coins: readonly Coin[], options: Options): JsonObject {
  const base: JsonObject = { address, pub_key: null, account_number: "0", sequence: "0" };
  if (options.vestingAmount === undefined) return { "@type": "/cosmos.auth.v1beta1.BaseAccount", ...base };
  const vesting = parseCoins(options.vestingAmount);
  const short = vesting.find(({ denom, amount }) => (coins.find((coin) => coin.denom === denom)?.amount ?? 0n) < amount);
  if (short !== undefined) throw new CliError(`--vesting-amount is more ${short.denom} than the account gets`, { exitCode: exitCodes.usage });
  if (options.vestingEndTime === undefined) throw new CliError("--vesting-amount needs --vesting-end-time", { exitCode: exitCodes.usage });
  const end = wholeNumber("--vesting-end-time", options.vestingEndTime, 1, 253_402_300_799);
  const account: JsonObject = { base_account: base, original_vesting: write(vesting), delegated_free: [], delegated_vesting: [], end_time: String(end) };
  if (options.vestingStartTime === undefined) return { "@type": "/cosmos.vesting.v1beta1.DelayedVestingAccount", base_vesting_account: account };
  const start = wholeNumber("--vesting-start-time", options.vestingStartTime, 0, end - 1);
  return { "@type": "/cosmos.vesting.v1beta1.ContinuousVestingAccount", base_vesting_account: account, start_time: String(start) };
}

function addressOf(account: unknown): unknown {
  if (!isObject(account)) return undefined;
  if (typeof account.address === "string") return account.address;
  return addressOf(account.base_account ?? account.base_vesting_account);
}

function section(state: JsonObject, name: string): JsonObject {
  const found = state[name];
  if (!isObject(found)) throw new CliError(`genesis.json has no section app_state.${name}`, { hint: 'Write a new file with "dcmd init MONIKER --overwrite".', exitCode: exitCodes.invalid });
  return found;
}

function list(parent: JsonObject, name: string): NonNullable<JsonObject[string]>[] {
  const found = (parent[name] ??= []);
  if (!Array.isArray(found)) throw new CliError(`genesis.json: ${name} is not a list`, { exitCode: exitCodes.invalid });
  return found as NonNullable<JsonObject[string]>[];
}

function read(value: unknown): Coin[] {
  return (Array.isArray(value) ? (value as { denom: string; amount: string }[]) : []).map(({ denom, amount }) => ({ denom, amount: BigInt(amount) }));
}

function write(coins: readonly Coin[]): JsonObject[] {
  return coins.map(({ denom, amount }) => ({ denom, amount: amount.toString() }));
}

function sum(a: readonly Coin[], b: readonly Coin[]): Coin[] {
  const denoms = [...new Set([...a, ...b].map((coin) => coin.denom))].sort((x, y) => (x < y ? -1 : 1));
  return denoms.map((denom) => ({ denom, amount: [...a, ...b].reduce((total, coin) => (coin.denom === denom ? total + coin.amount : total), 0n) }));
}

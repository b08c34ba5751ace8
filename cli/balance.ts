/** dcm balance: what an account has. */
import { isAddress, prefixes } from "../chain/codec/address.ts";
import type { Connection } from "../client/connection.ts";
import { CliError, columns, exitCodes, print, type Io } from "./io.ts";
import { openNet, type NetOptions } from "./net.ts";
import { grouped } from "./screen.ts";
import { accountOf } from "./wallet.ts";

interface Coin {
  readonly denom: string;
  readonly amount: string;
}

/** Of an address, or of a key by its name; by default of the profile's key. */
export async function balance(io: Io, who: string | undefined, options: NetOptions & { readonly json?: true | undefined }): Promise<void> {
  if (who?.startsWith(`${prefixes.account}1`) === true && !isAddress(who)) throw new CliError(exitCodes.usage, `${who.slice(0, 100)} is no account's address`, "A letter is wrong or missing; dcm keys list shows yours.");
  const net = await openNet(io, options);
  try {
    const address = who !== undefined && isAddress(who) ? who : accountOf(io, net, { key: who, input: false }).address;
    const balances = await balancesOf(net.connection, address);
    print(io, options.json, { address, balances }, balances.length === 0 ? "" : columns([["denom", "amount"], ...balances.map(({ denom, amount }) => [denom, grouped(amount)])]));
    if (balances.length === 0) io.stderr(`${address} has nothing on ${net.chainId}${net.profile?.net === "local" ? "; dcm init gives it coins" : ""}\n`);
  } finally {
    net.connection.close();
  }
}

export async function balancesOf({ query }: Connection, address: string): Promise<readonly Coin[]> {
  return (await query.bank.allBalances(address)).map(({ denom, amount }) => ({ denom, amount }));
}

export function coinsText(coins: readonly Coin[]): string {
  return coins.length === 0 ? "nothing" : coins.map(({ denom, amount }) => `${grouped(amount)} ${denom}`).join(", ");
}

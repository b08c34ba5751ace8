/** Genesis of accounts. Account numbers that collide are replaced by the lowest free ones, as the SDK does. */
import { GenesisState } from "../../codec/gen/cosmos/auth/v1beta1/genesis.ts";
import { AddressError, addressBytes, addressText, moduleAddress, pubkeyAddress } from "../../codec/address.ts";
import { equalBytes } from "../../codec/bytes.ts";
import { decodePubKey } from "../../codec/pubkey.ts";
import { accountOfAny, anyOfAccount, type StoredAccount } from "./accounts.ts";
import { setAccount } from "./keeper.ts";
import { defaultParams, paramsFault } from "./params.ts";
import { accounts, nextNumber, params } from "./state.ts";
import { vestingFault } from "./vesting.ts";
import type { Context } from "../../runtime/context.ts";
import type { Genesis } from "../../runtime/module.ts";
import type { SignersPort } from "./ports.ts";

export const feeCollector = "fee_collector";

export function authGenesis(port: SignersPort): Genesis<GenesisState> {
  return {
    type: GenesisState,
    defaults: () => ({ params: defaultParams(), accounts: [] }),
    check,
    init(ctx, state) {
      params.set(ctx, state.params ?? defaultParams());
      let next = 0n;
      for (const account of numbered(state.accounts.map(accountOfAny))) {
        setAccount(ctx, account.address, account);
        next = account.accountNumber + 1n;
      }
      if (next > 0n) nextNumber.set(ctx, next);
      port.moduleAccount(ctx, feeCollector);
      return undefined;
    },
    export: (ctx: Context) => ({ params: params.get(ctx), accounts: [...accounts.entries(ctx)].map(([, account]) => anyOfAccount(account)) }),
  };
}

function check(state: GenesisState): void {
  const fault = paramsFault(state.params ?? defaultParams());
  if (fault !== undefined) throw new Error(fault);
  const seen = new Set<string>();
  for (const any of state.accounts) {
    const account = accountOfAny(any);
    const text = account.addressText;
    if (seen.has(text)) throw new Error(`duplicate account found in genesis state; address: ${text}`);
    seen.add(text);
    const wrong = accountFault(account);
    if (wrong !== undefined) throw new Error(`invalid account found in genesis state; address: ${text}, error: ${wrong}`);
  }
}

function accountFault(account: StoredAccount): string | undefined {
  try {
    const address = addressBytes(account.addressText);
    if (account.pubKey !== undefined && !equalBytes(pubkeyAddress(decodePubKey(account.pubKey)), address)) return "account address and pubkey address do not match";
  } catch (error) {
    if (error instanceof AddressError) return error.message;
    throw error;
  }
  const { details } = account;
  if (details.kind === "vesting") return vestingFault(details.vesting);
  if (details.kind !== "module") return undefined;
  if (details.name.trim() === "") return "module account name cannot be blank";
  if (addressText(moduleAddress(details.name)) !== account.addressText) return `address ${account.addressText} cannot be derived from the module name '${details.name}'`;
  return undefined;
}

/** Accounts in the order of their numbers, each number once. */
function numbered(all: readonly StoredAccount[]): StoredAccount[] {
  const taken = new Set<bigint>();
  const out: StoredAccount[] = [];
  const again: StoredAccount[] = [];
  for (const account of all) {
    if (taken.has(account.accountNumber)) again.push(account);
    else {
      taken.add(account.accountNumber);
      out.push(account);
    }
  }
  // Array.prototype.sort is stable: accounts of one number keep their order.
  again.sort((a, b) => (a.accountNumber < b.accountNumber ? -1 : a.accountNumber > b.accountNumber ? 1 : 0));
  let free = 0n;
  for (const account of again) {
    while (taken.has(free)) free++;
    taken.add(free);
    out.push(account.with({ accountNumber: free }));
  }
  return out.sort((a, b) => (a.accountNumber < b.accountNumber ? -1 : 1));
}

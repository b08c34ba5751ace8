/** Genesis of balances. The supply is their sum; a supply that says otherwise is refused. */
import { GenesisState } from "../../codec/gen/cosmos/bank/v1beta1/genesis.ts";
import { addressBytes, addressText } from "../../codec/address.ts";
import { coinsText, isDenom, readCoins, sameCoins, toWire, type Money, type WireCoin } from "../../runtime/coins.ts";
import { setBalance } from "./keeper.ts";
import { metadataFault } from "./metadata.ts";
import { defaultParams } from "./params.ts";
import { balances, metadata, params, sendEnabled, supplies } from "./state.ts";
import type { SendEnabled } from "../../codec/gen/cosmos/bank/v1beta1/bank.ts";
import type { Context } from "../../runtime/context.ts";
import type { Genesis } from "../../runtime/module.ts";

export const bankGenesis: Genesis<GenesisState> = {
  type: GenesisState,
  defaults: () => ({ params: defaultParams(), balances: [], supply: [], denomMetadata: [], sendEnabled: [] }),
  check,
  init(ctx, state) {
    params.set(ctx, { sendEnabled: [], defaultSendEnabled: (state.params ?? defaultParams()).defaultSendEnabled });
    for (const { denom, enabled } of allSendEnabled(state)) sendEnabled.set(ctx, denom, enabled);
    const total = new Map<string, bigint>();
    for (const balance of state.balances) {
      const address = addressBytes(balance.address);
      for (const { denom, amount } of coinsOf(balance.coins)) {
        setBalance(ctx, address, denom, 0n, amount);
        total.set(denom, (total.get(denom) ?? 0n) + amount);
      }
    }
    for (const { denom, amount } of sortedCoins(total)) supplies.set(ctx, denom, amount);
    for (const entry of state.denomMetadata) metadata.set(ctx, entry.base, entry);
    return undefined;
  },
  export(ctx) {
    return {
      params: params.get(ctx),
      balances: exportedBalances(ctx),
      supply: toWire([...supplies.entries(ctx)].map(([denom, amount]) => ({ denom, amount }))),
      denomMetadata: [...metadata.entries(ctx)].map(([, entry]) => entry),
      sendEnabled: [...sendEnabled.entries(ctx)].map(([denom, enabled]) => ({ denom, enabled })),
    };
  },
};

function check(state: GenesisState): void {
  if (state.params !== undefined && state.params.sendEnabled.length > 0 && state.sendEnabled.length > 0) {
    throw new Error("send_enabled defined in both the send_enabled field and in params (deprecated)");
  }
  unique(allSendEnabled(state).map((entry) => entry.denom), (denom) => `duplicate send enabled found: '${denom}'`);
  for (const { denom } of allSendEnabled(state)) if (!isDenom(denom)) throw new Error(`invalid denom: ${denom}`);
  unique(state.balances.map((balance) => balance.address), (address) => `duplicate balance for address ${address}`);
  const sum = new Map<string, bigint>();
  for (const { address, coins } of state.balances) {
    addressBytes(address);
    for (const { denom, amount } of coinsOf(coins)) sum.set(denom, (sum.get(denom) ?? 0n) + amount);
  }
  unique(state.denomMetadata.map((entry) => entry.base), (base) => `duplicate client metadata for denom ${base}`);
  for (const entry of state.denomMetadata) {
    const fault = metadataFault(entry);
    if (fault !== undefined) throw new Error(fault);
  }
  if (state.supply.length === 0) return;
  const supply = coinsOf(state.supply);
  const total = sortedCoins(sum);
  if (!sameCoins(supply, total)) throw new Error(`genesis supply is incorrect, expected ${coinsText(supply)}, got ${coinsText(total)}`);
}

function sortedCoins(sums: ReadonlyMap<string, bigint>): Money[] {
  return Array.from(sums, ([denom, amount]) => ({ denom, amount })).sort((a, b) => (a.denom < b.denom ? -1 : 1));
}

function unique(values: readonly string[], words: (value: string) => string): void {
  const seen = new Set<string>();
  for (const value of values) {
    if (seen.has(value)) throw new Error(words(value));
    seen.add(value);
  }
}

function coinsOf(wire: readonly WireCoin[]): Money[] {
  const coins = readCoins(wire);
  if (typeof coins === "string") throw new Error(coins);
  return coins;
}

/** Entries of both places, the section's own first. */
function allSendEnabled(state: GenesisState): SendEnabled[] {
  const known = new Set(state.sendEnabled.map((entry) => entry.denom));
  return [...state.sendEnabled, ...(state.params?.sendEnabled ?? []).filter((entry) => !known.has(entry.denom))];
}

function exportedBalances(ctx: Context): { address: string; coins: WireCoin[] }[] {
  const out: { address: string; coins: WireCoin[] }[] = [];
  for (const [[address, denom], amount] of balances.entries(ctx)) {
    const text = addressText(address);
    if (out.at(-1)?.address !== text) out.push({ address: text, coins: [] });
    out.at(-1)!.coins.push({ denom, amount: amount.toString() });
  }
  return out;
}

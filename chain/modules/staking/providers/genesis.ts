import { GenesisState, type GenesisProvider } from "../../../codec/gen/dcm/staking/v1/genesis.ts";
import type { Unbonding } from "../../../codec/gen/dcm/staking/v1/types.ts";
import { addressBytes, addressText } from "../../../codec/address.ts";
import { readAmount } from "../../../runtime/coins.ts";
import { assert } from "../../../runtime/errors.ts";
import type { Genesis } from "../../../runtime/module.ts";
import { bondFault, readBond, writeBond } from "./bond.ts";
import { accountName, type Keeper } from "./keeper.ts";
import { defaultParams, paramsFault } from "./params.ts";
import { profileFault } from "./profile.ts";
import { faults, livenesses, nextUnbondingId, params, profiles, standings, unbondingQueue, unbondings } from "./state.ts";
import { statisticsOf } from "./statistics.ts";
import { startRecheck } from "./sweeps.ts";

export function providersGenesis(keeper: Keeper): Genesis<GenesisState> {
  return {
    type: GenesisState,
    defaults: () => ({ params: defaultParams(), providers: [], unbondings: [], nextUnbondingId: 1n }),

    check(state) {
      const fault = paramsFault(state.params);
      assert(fault === undefined, `providers.params: ${fault ?? ""}`);
      const left = new Map<string, bigint>();
      for (const provider of state.providers) {
        assert(!left.has(provider.operator), `providers.providers: ${provider.operator} stands twice`);
        checkProvider(provider);
        left.set(provider.operator, BigInt(provider.bond!.unbonding));
      }
      const ids = new Set<bigint>();
      for (const entry of state.unbondings) {
        checkUnbonding(entry, state.nextUnbondingId);
        const rest = left.get(entry.provider);
        assert(rest !== undefined && !ids.has(entry.id), `providers.unbondings: entry ${entry.id} stands twice or belongs to nobody`);
        ids.add(entry.id);
        left.set(entry.provider, rest - BigInt(entry.amount));
      }
      for (const { operator } of state.providers) assert(left.get(operator) === 0n, `providers.providers: the unbonding bond of ${operator} is not the sum of its entries`);
    },

    init(ctx, state) {
      params.set(ctx, state.params!);
      // An absent number reads as zero: ids begin at 1.
      nextUnbondingId.set(ctx, state.nextUnbondingId > 0n ? state.nextUnbondingId : 1n);
      let total = 0n;
      for (const { operator, profile, bond, liveness, statistics: record } of state.providers) {
        const address = addressBytes(operator);
        profiles.set(ctx, address, profile!);
        const { matched, finished, earned, ...rest } = record!;
        standings.set(ctx, address, { ...bond!, matched, finished, earned });
        livenesses.set(ctx, address, liveness!);
        faults.set(ctx, address, rest);
        if (!liveness!.suspended) keeper.watch(ctx, address, liveness!.heartbeatTauMs);
        total += BigInt(bond!.total);
      }
      // Whatever the state says of who is silent, the parameters of the section count.
      if (state.providers.length > 0) startRecheck(ctx);
      for (const entry of state.unbondings) {
        const address = addressBytes(entry.provider);
        unbondings.set(ctx, [address, entry.id], entry);
        unbondingQueue.set(ctx, [entry.dueTauMs, entry.id], address);
      }
      const account = keeper.ports.accounts.moduleAccount(ctx, accountName);
      const { bondDenom } = state.params!;
      const held = keeper.ports.bank.balance(ctx, account, bondDenom);
      assert(held >= total, `the account of providers (${addressText(account)}) holds ${held}${bondDenom} in the genesis balances, the bonds are ${total}`);
    },

    export: (ctx) => ({
      params: params.get(ctx),
      providers: [...profiles.entries(ctx)].map(([address, profile]) => {
        const standing = keeper.standing(ctx, address);
        return { operator: addressText(address), profile, bond: writeBond(standing), liveness: livenesses.find(ctx, address), statistics: statisticsOf(standing, faults.find(ctx, address)!, keeper.tau(ctx)) };
      }),
      unbondings: [...unbondings.entries(ctx)].map(([, entry]) => entry),
      nextUnbondingId: nextUnbondingId.get(ctx),
    }),
  };
}

function checkProvider({ operator, profile, bond, liveness, statistics: record }: GenesisProvider): void {
  const where = `providers.providers: ${operator}`;
  assert(addressText(addressBytes(operator)) === operator, `${where}: not in lower case`);
  const fault = profileFault(profile);
  assert(fault === undefined, `${where}: ${fault ?? ""}`);
  assert(bond !== undefined && liveness !== undefined && record !== undefined, `${where}: bond, liveness and statistics belong to a provider`);
  for (const amount of [bond.total, bond.reserved, bond.locked, bond.unbonding, record.slashedAmount, record.earned, ...[...record.recentDeclines, ...record.recentMisses].map(({ untilEarned }) => untilEarned)]) assert((readAmount(amount) ?? -1n) >= 0n, `${where}: not an amount: ${amount.slice(0, 80)}`);
  const broken = bondFault(readBond(bond));
  assert(broken === undefined, `${where}: ${broken ?? ""}`);
}

function checkUnbonding(entry: Unbonding, nextId: bigint): void {
  const amount = readAmount(entry.amount);
  assert(amount !== undefined && amount > 0n, `providers.unbondings: entry ${entry.id}: not a positive amount: ${entry.amount.slice(0, 80)}`);
  assert(entry.id > 0n && entry.id < nextId && entry.createdTauMs <= entry.dueTauMs, `providers.unbondings: entry ${entry.id}: ids are 1 to next_unbonding_id - 1, and due is not before created`);
}

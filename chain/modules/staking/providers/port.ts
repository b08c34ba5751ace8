/** The market's door to bonds. Amounts that contradict the state are mistakes of ours, not of users. */
import { addressText } from "../../../codec/address.ts";
import type { Context } from "../../../runtime/context.ts";
import { assert } from "../../../runtime/errors.ts";
import { freeOf, lockParts } from "./bond.ts";
import { inactiveReason, isSilent, type Keeper } from "./keeper.ts";
import type { Award, DeclarationsPort, ProvidersPort } from "./ports.ts";
import { faults, livenesses, params, profiles, unbondings } from "./state.ts";
import { faulted, freeDeclinesLeft } from "./statistics.ts";

export function providersPort(keeper: Keeper): ProvidersPort & DeclarationsPort {
  const find: ProvidersPort["find"] = (ctx, address) => {
    const profile = profiles.find(ctx, address);
    const liveness = livenesses.find(ctx, address);
    if (profile === undefined || liveness === undefined) return undefined;
    const bond = keeper.standing(ctx, address);
    return {
      address,
      encryptionKey: profile.encryptionKey,
      attributes: profile.attributes.map(({ key, value }) => [key, value] as const),
      organization: profile.organization !== "" && keeper.ports.affiliations.holds(ctx, profile.organization, addressText(address)) ? profile.organization : addressText(address),
      bond: bond.total, reserved: bond.reserved, locked: bond.locked,
      active: inactiveReason(bond, liveness, params.get(ctx), keeper.tau(ctx)) === "",
      silent: isSilent(liveness, params.get(ctx), keeper.tau(ctx)),
      retiring: liveness.retiring,
    };
  };
  const free: ProvidersPort["free"] = (ctx, address) => {
    const bond = keeper.findStanding(ctx, address);
    return bond === undefined ? 0n : freeOf(bond);
  };
  return {
    bondDenom: (ctx) => params.get(ctx).bondDenom,

    find,

    free,

    locked: (ctx, address) => keeper.findStanding(ctx, address)?.locked ?? 0n,

    activeFrom(ctx, from, limit) {
      const addresses: Uint8Array[] = [];
      for (const range of [{ from }, { to: from }]) {
        for (const [address] of livenesses.entries(ctx, range)) {
          if (addresses.length >= limit) break;
          addresses.push(address);
        }
      }
      return addresses.flatMap((address) => {
        const view = find(ctx, address);
        return view?.active === true ? [{ address, organization: view.organization, free: free(ctx, address) }] : [];
      });
    },

    reserve(ctx, address, amount) {
      assert(amount >= 0n, "reserve: a negative amount");
      const bond = keeper.findStanding(ctx, address);
      if (bond === undefined || livenesses.find(ctx, address)?.retiring === true || freeOf(bond) < amount) return false;
      keeper.setStanding(ctx, address, { ...bond, reserved: bond.reserved + amount });
      return true;
    },

    release(ctx, address, amount) {
      assert(amount >= 0n, "release: a negative amount");
      if (amount === 0n) return;
      const bond = keeper.standing(ctx, address);
      keeper.setStanding(ctx, address, { ...bond, reserved: bond.reserved - amount });
      keeper.drain(ctx, address);
    },

    lock(ctx, address, fromReserved, amount) {
      assert(amount >= 0n && fromReserved >= 0n, "lock: a negative amount");
      const bond = keeper.findStanding(ctx, address);
      const locked = bond === undefined ? undefined : lockParts(bond, fromReserved, amount, keeper.tau(ctx));
      if (locked === undefined) return false;
      keeper.setStanding(ctx, address, { ...locked, matched: locked.matched + 1n });
      return true;
    },

    unlock(ctx, address, amount, reserved = 0n) {
      assert(amount >= 0n && reserved >= 0n, "unlock: a negative amount");
      // Of one that has left nothing is locked.
      if (amount === 0n && reserved === 0n) return true;
      const bond = keeper.standing(ctx, address);
      const unlocked = { ...bond, locked: bond.locked - amount };
      const isRetiring = livenesses.find(ctx, address)?.retiring === true;
      const reserves = !isRetiring && freeOf(unlocked) >= reserved;
      keeper.setStanding(ctx, address, reserves ? { ...unlocked, reserved: bond.reserved + reserved } : unlocked);
      if (isRetiring) keeper.drain(ctx, address);
      return reserves;
    },

    slash(ctx, address, amount, awards, reason) {
      const bond = keeper.standing(ctx, address);
      assert(amount >= 0n && amount <= bond.locked, `slash: ${amount} of ${bond.locked} locked`);
      if (amount === 0n) return;
      keeper.setStanding(ctx, address, { ...bond, total: bond.total - amount, locked: bond.locked - amount });
      keeper.spend(ctx, address, amount, awards, reason);
    },

    slashUnlocked: (ctx, address, amount, awards, reason) => slashUnlocked(keeper, ctx, address, amount, awards, reason),

    record(ctx, address, outcome, worth) {
      // A provider may have left with the very slash that is recorded.
      const standing = keeper.findStanding(ctx, address);
      if (standing === undefined) return;
      if (outcome === "finished") {
        keeper.setStanding(ctx, address, { ...standing, finished: standing.finished + 1n, earned: standing.earned + worth });
        return;
      }
      const { jailMisses, jailTimeMs, markLifetimeMs } = params.get(ctx);
      const next = faulted(faults.find(ctx, address)!, outcome, standing.earned, worth, keeper.tau(ctx), markLifetimeMs);
      const liveness = outcome === "missed" && next.recentMisses.length >= jailMisses ? livenesses.find(ctx, address) : undefined;
      const jails = liveness?.jailed === false;
      faults.set(ctx, address, jails ? { ...next, recentMisses: [] } : next);
      if (!jails) return;
      const until = keeper.tau(ctx) + jailTimeMs;
      livenesses.set(ctx, address, { ...liveness, jailed: true, jailedUntilTauMs: until });
      keeper.emit(ctx, "ProviderJailed", address, { until_tau_ms: String(until), misses: String(next.recentMisses.length) });
      keeper.changed(ctx, address);
    },

    freeDeclines(ctx, address) {
      const record = faults.find(ctx, address);
      return record === undefined ? 0 : freeDeclinesLeft(record, keeper.standing(ctx, address).earned, params.get(ctx).freeDeclines, keeper.tau(ctx));
    },

    onChange: (listener) => keeper.onChange(listener),

    onEdit: (listener) => keeper.onEdit(listener),
  };
}

/** Free bond goes first; then unbonding bond, the youngest entry first: whoever sees a credit coming cannot take its bond away from it. */
function slashUnlocked(keeper: Keeper, ctx: Context, address: Uint8Array, amount: bigint, awards: readonly Award[], reason: string): bigint {
  assert(amount >= 0n, "slashUnlocked: a negative amount");
  if (keeper.findStanding(ctx, address) === undefined) return 0n;
  keeper.settle(ctx, address);
  const bond = keeper.findStanding(ctx, address);
  if (bond === undefined) return 0n;
  const fromFree = least(amount, freeOf(bond));
  let left = amount - fromFree;
  for (const entry of keeper.entries(ctx, address).reverse()) {
    const part = least(left, BigInt(entry.amount));
    if (part === 0n) break;
    left -= part;
    const rest = BigInt(entry.amount) - part;
    if (rest === 0n) keeper.removeEntry(ctx, address, entry);
    else unbondings.set(ctx, [address, entry.id], { ...entry, amount: String(rest) });
  }
  const taken = amount - left;
  if (taken === 0n) return 0n;
  keeper.setStanding(ctx, address, { ...bond, total: bond.total - taken, unbonding: bond.unbonding - (taken - fromFree) });
  let room = taken;
  const paid = awards.map(({ to, amount: wanted }) => {
    const part = least(wanted, room);
    room -= part;
    return { to, amount: part };
  });
  keeper.spend(ctx, address, taken, paid, reason);
  return taken;
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

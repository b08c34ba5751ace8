/** The providers' state with its money: every move of a bond, its events, and who must hear of it. Handlers, hooks and the port are made of these. */
import type { Liveness, Params, Unbonding } from "../../../codec/gen/dcm/staking/v1/types.ts";
import { addressText } from "../../../codec/address.ts";
import { bytesKey } from "../../../runtime/collections.ts";
import type { Context } from "../../../runtime/context.ts";
import { assert, fail } from "../../../runtime/errors.ts";
import type { AccountsPort } from "../../auth/ports.ts";
import type { BankPort } from "../../bank/ports.ts";
import type { ClockPort } from "../../clock/ports.ts";
import type { AffiliationsPort } from "../../organization/ports.ts";
import { freeOf, isExposed, readStanding, writeStanding, type BondParts, type Standing } from "./bond.ts";
import { errors } from "./errors.ts";
import type { AttributesListener, Award, ProviderListener } from "./ports.ts";
import { faults, heartbeatQueue, livenesses, nextUnbondingId, params, profiles, standings, unbondingQueue, unbondings } from "./state.ts";
import { noFaults } from "./statistics.ts";

/** The module account that holds all bonds. */
export const accountName = "providers";

export interface ProviderPorts {
  readonly bank: Pick<BankPort, "send" | "burn" | "balance">;
  readonly accounts: Pick<AccountsPort, "moduleAccount">;
  readonly clock: ClockPort;
  /** Whose name a provider may go by. */
  readonly affiliations: AffiliationsPort;
  /** The governance account's address. */
  readonly authority: string;
}

export type InactiveReason = "" | "jailed" | "retiring" | "silent" | "underbonded";

/** Why a provider may not be matched; empty where it may. */
export function inactiveReason(bond: BondParts, liveness: Liveness, rules: Params, tau: bigint): InactiveReason {
  if (liveness.jailed) return "jailed";
  if (liveness.retiring) return "retiring";
  if (isSilent(liveness, rules, tau)) return "silent";
  return bond.total - bond.unbonding < BigInt(rules.minBond) ? "underbonded" : "";
}

export function isSilent(liveness: Liveness, rules: Params, tau: bigint): boolean {
  return tau >= liveness.heartbeatTauMs + rules.heartbeatWindowMs;
}

export class Keeper {
  readonly ports: ProviderPorts;
  readonly #listeners: ProviderListener[] = [];
  readonly #attributesListeners: AttributesListener[] = [];

  constructor(ports: ProviderPorts) {
    this.ports = ports;
  }

  onChange(listener: ProviderListener): void {
    this.#listeners.push(listener);
  }
  changed(ctx: Context, address: Uint8Array): void {
    for (const listener of this.#listeners) listener(ctx, address);
  }
  onEdit(listener: AttributesListener): void {
    this.#attributesListeners.push(listener);
  }
  edited(ctx: Context, address: Uint8Array, keys: readonly string[] | "all"): void {
    for (const listener of this.#attributesListeners) listener(ctx, address, keys);
  }
  tau(ctx: Context): bigint {
    return this.ports.clock.tau(ctx);
  }
  emit(ctx: Context, event: string, address: Uint8Array, attributes: Readonly<Record<string, string>> = {}): void {
    ctx.emit(`dcm.staking.v1.Event${event}`, { operator: addressText(address), ...attributes });
  }

  findStanding(ctx: Context, address: Uint8Array): Standing | undefined {
    const wire = standings.find(ctx, address);
    return wire === undefined ? undefined : readStanding(wire);
  }
  /** The standing of a provider that must be there: a mistake of ours otherwise. */
  standing(ctx: Context, address: Uint8Array): Standing {
    const standing = this.findStanding(ctx, address);
    assert(standing !== undefined, `${addressText(address)} is not a provider`);
    return standing;
  }
  setStanding(ctx: Context, address: Uint8Array, standing: Standing): void {
    standings.set(ctx, address, writeStanding(standing));
  }
  /** A user's provider, with what was due up to now done first; fails where there is none. */
  require(ctx: Context, address: Uint8Array): { bond: Standing; liveness: Liveness } {
    this.settle(ctx, address);
    const liveness = livenesses.find(ctx, address);
    if (liveness === undefined) fail(errors.unknown, { operator: addressText(address) });
    return { bond: this.standing(ctx, address), liveness };
  }

  /** Fails where a profile takes the name of an organization in which the operator has no role that may. */
  requireAffiliation(ctx: Context, address: Uint8Array, organization: string): void {
    if (organization === "") return;
    const what = this.ports.affiliations.refusal(ctx, organization, addressText(address));
    if (what !== undefined) fail(errors.notAffiliated, { what });
  }

  /** Bonds come in: the caller has checked denom and amount. */
  deposit(ctx: Context, address: Uint8Array, amount: bigint): void {
    const { bondDenom } = params.get(ctx);
    this.ports.bank.send(ctx, address, this.ports.accounts.moduleAccount(ctx, accountName), [{ denom: bondDenom, amount }]);
    const bond = this.standing(ctx, address);
    this.setStanding(ctx, address, { ...bond, total: bond.total + amount });
  }

  /** Moves free bond into a new unbonding entry. */
  startUnbonding(ctx: Context, address: Uint8Array, amount: bigint): Unbonding {
    const bond = this.standing(ctx, address);
    const tau = this.tau(ctx);
    const id = nextUnbondingId.get(ctx);
    nextUnbondingId.set(ctx, id + 1n);
    const entry: Unbonding = { id, provider: addressText(address), amount: String(amount), createdTauMs: tau, dueTauMs: tau + params.get(ctx).unbondingTimeMs };
    this.setStanding(ctx, address, { ...bond, unbonding: bond.unbonding + amount });
    unbondings.set(ctx, [address, id], entry);
    unbondingQueue.set(ctx, [entry.dueTauMs, id], address);
    this.emit(ctx, "UnbondingStarted", address, { id: String(id), amount: entry.amount, due_tau_ms: String(entry.dueTauMs) });
    return entry;
  }

  entries(ctx: Context, address: Uint8Array): Unbonding[] {
    return [...unbondings.entries(ctx, { within: bytesKey.encode(address) })].map(([, entry]) => entry);
  }
  removeEntry(ctx: Context, address: Uint8Array, entry: Unbonding): void {
    unbondings.remove(ctx, [address, entry.id]);
    // An entry that was held stands elsewhere in the queue; the sweep drops what it finds without its entry.
    unbondingQueue.remove(ctx, [entry.dueTauMs, entry.id]);
  }

  /** Protocol time (ms) at which the entry is next to be looked at; undefined where it is to be paid now. */
  nextLook(ctx: Context, address: Uint8Array, entry: Unbonding): bigint | undefined {
    const tau = this.tau(ctx);
    if (tau < entry.dueTauMs) return entry.dueTauMs;
    const end = entry.dueTauMs + params.get(ctx).maxUnbondingHoldMs;
    if (tau >= end || !isExposed(this.standing(ctx, address), entry.createdTauMs)) return undefined;
    const later = tau + holdLookMs;
    return later < end ? later : end;
  }

  /** Pays what is due of one provider; it may leave with that. */
  settle(ctx: Context, address: Uint8Array): void {
    let paid = false;
    for (const entry of this.entries(ctx, address)) {
      if (this.nextLook(ctx, address, entry) !== undefined) continue;
      this.pay(ctx, address, entry);
      paid = true;
    }
    if (paid) this.drain(ctx, address);
  }

  pay(ctx: Context, address: Uint8Array, entry: Unbonding): void {
    const amount = BigInt(entry.amount);
    const bond = this.standing(ctx, address);
    this.removeEntry(ctx, address, entry);
    this.setStanding(ctx, address, { ...bond, total: bond.total - amount, unbonding: bond.unbonding - amount });
    if (amount > 0n) this.ports.bank.send(ctx, this.ports.accounts.moduleAccount(ctx, accountName), address, [{ denom: params.get(ctx).bondDenom, amount }]);
    this.emit(ctx, "UnbondingCompleted", address, { id: String(entry.id), amount: entry.amount });
  }

  /** A retiring provider without stake or reservation unbonds the rest; with nothing left it is gone. */
  drain(ctx: Context, address: Uint8Array): void {
    if (livenesses.find(ctx, address)?.retiring !== true) return;
    const bond = this.standing(ctx, address);
    if (bond.reserved > 0n || bond.locked > 0n) return;
    if (freeOf(bond) > 0n) this.startUnbonding(ctx, address, freeOf(bond));
    else if (bond.total === 0n) {
      for (const entry of this.entries(ctx, address)) this.removeEntry(ctx, address, entry);
      for (const collection of [profiles, standings, livenesses, faults]) collection.remove(ctx, address);
      this.emit(ctx, "ProviderLeft", address);
      this.edited(ctx, address, "all");
      this.changed(ctx, address);
    }
  }

  /** Pays awards out of bond that was taken off already and burns the rest. */
  spend(ctx: Context, address: Uint8Array, amount: bigint, awards: readonly Award[], reason: string): void {
    const { bondDenom: denom } = params.get(ctx);
    const account = this.ports.accounts.moduleAccount(ctx, accountName);
    let rest = amount;
    for (const award of awards) {
      assert(award.amount >= 0n && award.amount <= rest, `awards are more than the slashed ${amount}`);
      if (award.amount === 0n) continue;
      this.ports.bank.send(ctx, account, award.to, [{ denom, amount: award.amount }]);
      rest -= award.amount;
    }
    if (rest > 0n) this.ports.bank.burn(ctx, accountName, [{ denom, amount: rest }]);
    const old = faults.find(ctx, address) ?? noFaults();
    faults.set(ctx, address, { ...old, slashedAmount: String(BigInt(old.slashedAmount) + amount) });
    this.emit(ctx, "ProviderSlashed", address, { amount: String(amount), burned: String(rest), reason });
    this.changed(ctx, address);
    if (standings.has(ctx, address)) this.drain(ctx, address);
  }

  /** Puts the provider's heartbeat under watch from now on. */
  watch(ctx: Context, address: Uint8Array, heartbeatTau: bigint): bigint {
    const due = heartbeatTau + params.get(ctx).heartbeatWindowMs;
    heartbeatQueue.set(ctx, [due, address], true);
    return due;
  }
}

/** An entry that is held is looked at again after an hour, or when its hold must end. */
export const holdLookMs = 3_600_000n;

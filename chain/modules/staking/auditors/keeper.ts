/** The auditors' state with its money: bonds, accreditations, their events, and who must hear of what changed. Records of attestations: `attestations.ts`. */
import type { Accreditation, Unbonding } from "../../../codec/gen/dcm/auditor/v1/types.ts";
import { addressText } from "../../../codec/address.ts";
import { maxInt, minInt, mulDivCeil } from "../../../math/int.ts";
import type { Context } from "../../../runtime/context.ts";
import { assert, fail } from "../../../runtime/errors.ts";
import type { AccountsPort } from "../../auth/ports.ts";
import type { BankPort } from "../../bank/ports.ts";
import type { ClockPort } from "../../clock/ports.ts";
import type { DeclarationsPort } from "../providers/ports.ts";
import { readBond, stays, writeBond, type BondParts } from "./bond.ts";
import { errors } from "./errors.ts";
import type { AttestationsListener } from "./ports.ts";
import type { Standing } from "./standing.ts";
import { accreditationQueue, accreditations, bonds, byAuditor, nextUnbondingId, notices, params, profiles, unbondingQueue, unbondings, voidAuditors, within } from "./state.ts";

/** The module account that holds all bonds and storage deposits. */
export const accountName = "auditors";

export interface AuditorPorts {
  readonly bank: Pick<BankPort, "send" | "burn" | "balance">;
  readonly accounts: Pick<AccountsPort, "moduleAccount">;
  readonly clock: ClockPort;
  readonly providers: DeclarationsPort;
  /** The governance account's address. */
  readonly authority: string;
}

export class Keeper {
  readonly ports: AuditorPorts;
  readonly #listeners: AttestationsListener[] = [];

  constructor(ports: AuditorPorts) {
    this.ports = ports;
  }

  onChange(listener: AttestationsListener): void {
    this.#listeners.push(listener);
  }
  /** Other attestations of this provider may count now. */
  changed(ctx: Context, provider: Uint8Array): void {
    for (const listener of this.#listeners) listener(ctx, provider);
  }
  tau(ctx: Context): bigint {
    return this.ports.clock.tau(ctx);
  }
  emit(ctx: Context, event: string, auditor: Uint8Array, attributes: Readonly<Record<string, string>> = {}): void {
    ctx.emit(`dcm.auditor.v1.Event${event}`, { auditor: addressText(auditor), ...attributes });
  }
  account(ctx: Context): Uint8Array {
    return this.ports.accounts.moduleAccount(ctx, accountName);
  }
  minBond(ctx: Context): bigint {
    return BigInt(params.get(ctx).minBond);
  }

  findBond(ctx: Context, auditor: Uint8Array): BondParts | undefined {
    const wire = bonds.find(ctx, auditor);
    return wire === undefined ? undefined : readBond(wire);
  }
  /** The bond of an auditor that must be there: a mistake of ours otherwise. */
  bond(ctx: Context, auditor: Uint8Array): BondParts {
    const bond = this.findBond(ctx, auditor);
    assert(bond !== undefined, `${addressText(auditor)} is not an auditor`);
    return bond;
  }
  /** Writes the bond; where it crossed the least, what the auditor signed begins or ceases to count. */
  setBond(ctx: Context, auditor: Uint8Array, bond: BondParts): void {
    const least = this.minBond(ctx);
    const old = this.findBond(ctx, auditor);
    bonds.set(ctx, auditor, writeBond(bond));
    if (old !== undefined && stays(old) >= least !== stays(bond) >= least) this.tell(ctx, auditor);
  }
  /** A user's auditor, with what was due up to now done first; fails where there is none. */
  require(ctx: Context, auditor: Uint8Array): BondParts {
    this.settle(ctx, auditor);
    const bond = this.findBond(ctx, auditor);
    if (bond === undefined) fail(errors.unknown, { auditor: addressText(auditor) });
    return bond;
  }
  /** The same, of one that does not retire. */
  requireStaying(ctx: Context, auditor: Uint8Array): BondParts {
    const bond = this.require(ctx, auditor);
    if (bond.retiring) fail(errors.retiring, { auditor: addressText(auditor) });
    return bond;
  }
  standing(ctx: Context, auditor: Uint8Array): Standing {
    return { bond: this.findBond(ctx, auditor), accreditation: accreditations.find(ctx, auditor), isVoid: voidAuditors.has(ctx, auditor) };
  }

  /** Coins come in: the caller has checked denom and amount. */
  collect(ctx: Context, from: Uint8Array, amount: bigint): void {
    if (amount > 0n) this.ports.bank.send(ctx, from, this.account(ctx), [{ denom: params.get(ctx).bondDenom, amount }]);
  }
  payBack(ctx: Context, to: Uint8Array, amount: bigint): void {
    if (amount > 0n) this.ports.bank.send(ctx, this.account(ctx), to, [{ denom: params.get(ctx).bondDenom, amount }]);
  }
  deposit(ctx: Context, auditor: Uint8Array, amount: bigint): void {
    this.collect(ctx, auditor, amount);
    const bond = this.bond(ctx, auditor);
    this.setBond(ctx, auditor, { ...bond, total: bond.total + amount });
  }

  /** Moves bond that stays into a new unbonding entry. */
  startUnbonding(ctx: Context, auditor: Uint8Array, amount: bigint): Unbonding {
    const bond = this.bond(ctx, auditor);
    const tau = this.tau(ctx);
    const id = nextUnbondingId.get(ctx);
    nextUnbondingId.set(ctx, id + 1n);
    const entry: Unbonding = { id, auditor: addressText(auditor), amount: String(amount), createdTauMs: tau, dueTauMs: tau + params.get(ctx).unbondingTimeMs };
    this.setBond(ctx, auditor, { ...bond, unbonding: bond.unbonding + amount });
    unbondings.set(ctx, [auditor, id], entry);
    unbondingQueue.set(ctx, [entry.dueTauMs, id], auditor);
    this.emit(ctx, "UnbondingStarted", auditor, { id: String(id), amount: entry.amount, due_tau_ms: String(entry.dueTauMs) });
    return entry;
  }
  entries(ctx: Context, auditor: Uint8Array): Unbonding[] {
    return [...unbondings.entries(ctx, { within: within.address(auditor) })].map(([, entry]) => entry);
  }
  removeEntry(ctx: Context, auditor: Uint8Array, entry: Unbonding): void {
    unbondings.remove(ctx, [auditor, entry.id]);
    unbondingQueue.remove(ctx, [entry.dueTauMs, entry.id]);
  }
  pay(ctx: Context, auditor: Uint8Array, entry: Unbonding): void {
    const amount = BigInt(entry.amount);
    const bond = this.bond(ctx, auditor);
    this.removeEntry(ctx, auditor, entry);
    this.setBond(ctx, auditor, { ...bond, total: bond.total - amount, unbonding: bond.unbonding - amount });
    this.payBack(ctx, auditor, amount);
    this.emit(ctx, "UnbondingCompleted", auditor, { id: String(entry.id), amount: entry.amount });
  }
  /** Does what is due of one auditor: its payments, the end of its accreditation. It may leave with that. */
  settle(ctx: Context, auditor: Uint8Array): void {
    const tau = this.tau(ctx);
    const accreditation = accreditations.find(ctx, auditor);
    if (accreditation !== undefined && tau >= accreditation.expiresTauMs) this.endAccreditation(ctx, auditor, accreditation, "AccreditationExpired");
    const due = this.entries(ctx, auditor).filter(({ dueTauMs }) => tau >= dueTauMs);
    for (const entry of due) this.pay(ctx, auditor, entry);
    if (due.length > 0) this.drain(ctx, auditor);
  }

  /** A retiring auditor unbonds the rest; with nothing left, neither bond nor attestation, it is gone. */
  drain(ctx: Context, auditor: Uint8Array): void {
    const bond = this.findBond(ctx, auditor);
    if (bond?.retiring !== true) return;
    if (stays(bond) > 0n) this.startUnbonding(ctx, auditor, stays(bond));
    else if (bond.total === 0n && !voidAuditors.has(ctx, auditor)) {
      profiles.remove(ctx, auditor);
      bonds.remove(ctx, auditor);
      this.emit(ctx, "AuditorLeft", auditor);
    }
  }

  /** Burns a fraction of the whole bond, rounded up; what stays goes first, then what unbonds, the youngest entry first. Gives what was burned. */
  slash(ctx: Context, auditor: Uint8Array, fractionBps: number, reason: string): bigint {
    const bond = this.bond(ctx, auditor);
    const amount = mulDivCeil(bond.total, BigInt(fractionBps), 10_000n);
    let left = maxInt(0n, amount - stays(bond));
    const fromUnbonding = left;
    for (const entry of this.entries(ctx, auditor).reverse()) {
      const part = minInt(left, BigInt(entry.amount));
      if (part === 0n) break;
      left -= part;
      const rest = BigInt(entry.amount) - part;
      if (rest === 0n) this.removeEntry(ctx, auditor, entry);
      else unbondings.set(ctx, [auditor, entry.id], { ...entry, amount: String(rest) });
    }
    assert(left === 0n, `slash: ${left} of ${amount} in no entry`);
    this.setBond(ctx, auditor, { ...bond, total: bond.total - amount, unbonding: bond.unbonding - fromUnbonding });
    this.ports.bank.burn(ctx, accountName, [{ denom: params.get(ctx).bondDenom, amount }]);
    this.emit(ctx, "AuditorSlashed", auditor, { amount: String(amount), fraction_bps: String(fractionBps), reason });
    this.drain(ctx, auditor);
    return amount;
  }

  setAccreditation(ctx: Context, auditor: Uint8Array, accreditation: Accreditation): void {
    const old = accreditations.find(ctx, auditor);
    if (old !== undefined) accreditationQueue.remove(ctx, [old.expiresTauMs, auditor]);
    accreditations.set(ctx, auditor, accreditation);
    accreditationQueue.set(ctx, [accreditation.expiresTauMs, auditor], true);
    this.emit(ctx, "AccreditationSet", auditor, { keys: accreditation.keys.join(","), expires_tau_ms: String(accreditation.expiresTauMs) });
    this.tell(ctx, auditor);
  }
  endAccreditation(ctx: Context, auditor: Uint8Array, { expiresTauMs }: Accreditation, event: "AccreditationExpired" | "AccreditationWithdrawn"): void {
    accreditations.remove(ctx, auditor);
    accreditationQueue.remove(ctx, [expiresTauMs, auditor]);
    this.emit(ctx, event, auditor);
    this.tell(ctx, auditor);
  }

  /** Everything that the auditor signed counts no more from now on, and is on its way out. */
  voidAll(ctx: Context, auditor: Uint8Array): void {
    if (byAuditor.first(ctx, { within: within.address(auditor) }) !== undefined) voidAuditors.set(ctx, auditor, true);
  }
  /** What this auditor's word is worth has changed: its providers are told of in turns. */
  tell(ctx: Context, auditor: Uint8Array): void {
    const range = within.address(auditor);
    if (byAuditor.first(ctx, { within: range }) !== undefined) notices.set(ctx, auditor, range);
  }
}

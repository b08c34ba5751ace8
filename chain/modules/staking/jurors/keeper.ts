/** Jurors and their bonds: the moves that messages, sweeps and the port share. */
import type { Unbonding } from "../../../codec/gen/dcm/juror/v1/types.ts";
import { addressText } from "../../../codec/address.ts";
import type { Context } from "../../../runtime/context.ts";
import { assert, fail } from "../../../runtime/errors.ts";
import type { AccountsPort } from "../../auth/ports.ts";
import type { BankPort } from "../../bank/ports.ts";
import type { ClockPort } from "../../clock/ports.ts";
import { freeOf, readBond, writeBond, type BondParts } from "./bond.ts";
import { errors } from "./errors.ts";
import { bonds, changed, nextUnbondingId, params, profiles, unbondingQueue, unbondings, within } from "./state.ts";
import { leavePlace } from "./weights.ts";

/** The module account that holds all bonds. */
export const accountName = "jurors";

export interface JurorPorts {
  readonly bank: Pick<BankPort, "send" | "balance">;
  readonly accounts: Pick<AccountsPort, "moduleAccount">;
  readonly clock: ClockPort;
  /** The governance account's address. */
  readonly authority: string;
}

export class Keeper {
  readonly ports: JurorPorts;

  constructor(ports: JurorPorts) {
    this.ports = ports;
  }

  tau(ctx: Context): bigint {
    return this.ports.clock.tau(ctx);
  }
  emit(ctx: Context, event: string, juror: Uint8Array, attributes: Readonly<Record<string, string>> = {}): void {
    ctx.emit(`dcm.juror.v1.Event${event}`, { juror: addressText(juror), ...attributes });
  }
  account(ctx: Context): Uint8Array {
    return this.ports.accounts.moduleAccount(ctx, accountName);
  }
  minBond(ctx: Context): bigint {
    return BigInt(params.get(ctx).minBond);
  }

  findBond(ctx: Context, juror: Uint8Array): BondParts | undefined {
    const wire = bonds.find(ctx, juror);
    return wire === undefined ? undefined : readBond(wire);
  }
  /** The bond of a juror that must be there: a mistake of ours otherwise. */
  bond(ctx: Context, juror: Uint8Array): BondParts {
    const bond = this.findBond(ctx, juror);
    assert(bond !== undefined, `${addressText(juror)} is not a juror`);
    return bond;
  }
  /** Writes the bond; draws hear of it from the next block on. */
  setBond(ctx: Context, juror: Uint8Array, bond: BondParts): void {
    bonds.set(ctx, juror, writeBond(bond));
    changed.set(ctx, juror, true);
  }
  /** A user's juror, with what was due up to now paid first; fails where there is none. */
  require(ctx: Context, juror: Uint8Array): BondParts {
    this.settle(ctx, juror);
    const bond = this.findBond(ctx, juror);
    if (bond === undefined) fail(errors.unknown, { juror: addressText(juror) });
    return bond;
  }
  /** The same, of one that does not retire. */
  requireStaying(ctx: Context, juror: Uint8Array): BondParts {
    const bond = this.require(ctx, juror);
    if (bond.retiring) fail(errors.retiring, { juror: addressText(juror) });
    return bond;
  }

  /** Coins come in: the caller has checked denom and amount. */
  deposit(ctx: Context, juror: Uint8Array, amount: bigint): void {
    this.ports.bank.send(ctx, juror, this.account(ctx), [{ denom: params.get(ctx).bondDenom, amount }]);
    const bond = this.bond(ctx, juror);
    this.setBond(ctx, juror, { ...bond, total: bond.total + amount });
  }

  /** Moves free bond into a new unbonding entry. */
  startUnbonding(ctx: Context, juror: Uint8Array, amount: bigint): Unbonding {
    const bond = this.bond(ctx, juror);
    const tau = this.tau(ctx);
    const id = nextUnbondingId.get(ctx);
    nextUnbondingId.set(ctx, id + 1n);
    const entry: Unbonding = { id, juror: addressText(juror), amount: String(amount), createdTauMs: tau, dueTauMs: tau + params.get(ctx).unbondingTimeMs };
    this.setBond(ctx, juror, { ...bond, unbonding: bond.unbonding + amount });
    unbondings.set(ctx, [juror, id], entry);
    unbondingQueue.set(ctx, [entry.dueTauMs, id], juror);
    this.emit(ctx, "UnbondingStarted", juror, { id: String(id), amount: entry.amount, due_tau_ms: String(entry.dueTauMs) });
    return entry;
  }
  entries(ctx: Context, juror: Uint8Array): Unbonding[] {
    return [...unbondings.entries(ctx, { within: within.address(juror) })].map(([, entry]) => entry);
  }
  pay(ctx: Context, juror: Uint8Array, entry: Unbonding): void {
    const amount = BigInt(entry.amount);
    const bond = this.bond(ctx, juror);
    unbondings.remove(ctx, [juror, entry.id]);
    unbondingQueue.remove(ctx, [entry.dueTauMs, entry.id]);
    this.setBond(ctx, juror, { ...bond, total: bond.total - amount, unbonding: bond.unbonding - amount });
    this.ports.bank.send(ctx, this.account(ctx), juror, [{ denom: params.get(ctx).bondDenom, amount }]);
    this.emit(ctx, "UnbondingCompleted", juror, { id: String(entry.id), amount: entry.amount });
  }
  /** Pays what is due of one juror. It may leave with that. */
  settle(ctx: Context, juror: Uint8Array): void {
    const tau = this.tau(ctx);
    const due = this.entries(ctx, juror).filter(({ dueTauMs }) => tau >= dueTauMs);
    for (const entry of due) this.pay(ctx, juror, entry);
    if (due.length > 0) this.drain(ctx, juror);
  }

  /** A retiring juror unbonds what is free; with nothing left it is gone. */
  drain(ctx: Context, juror: Uint8Array): void {
    const bond = this.findBond(ctx, juror);
    if (bond?.retiring !== true) return;
    if (freeOf(bond) > 0n) this.startUnbonding(ctx, juror, freeOf(bond));
    else if (bond.total === 0n) {
      profiles.remove(ctx, juror);
      bonds.remove(ctx, juror);
      changed.remove(ctx, juror);
      leavePlace(ctx, juror);
      this.emit(ctx, "JurorLeft", juror);
    }
  }
}

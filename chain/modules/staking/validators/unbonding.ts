/** Unbonding delegations: stake that left a validator and waits, still to be slashed, until it is paid out. */
import { addressBytes, addressText, prefixes } from "../../../codec/address.ts";
import { assert, fail } from "../../../runtime/errors.ts";
import { coinsText } from "../../../runtime/coins.ts";
import { nanosOf } from "../../../runtime/time-text.ts";
import { errors } from "./errors.ts";
import { unbond } from "./delegations.ts";
import { bondedPool, isBonded, movePools, nextUnbondingId, notBondedPool, validatorAt, type Keeper } from "./keeper.ts";
import { timestampOf, unbondingNanos } from "./params.ts";
import { params, unbondingHeights, unbondingQueue, unbondings, unbondingsOf } from "./state.ts";
import type { UnbondingDelegation, UnbondingDelegationEntry } from "../../../codec/gen/cosmos/staking/v1beta1/staking.ts";
import type { Dec } from "../../../math/dec.ts";
import type { Context } from "../../../runtime/context.ts";

/** Begins to unbond shares; gives when they are paid and how many tokens. Fails with staking 27 and what `unbond` fails with. */
export function undelegate(keeper: Keeper, ctx: Context, delegator: Uint8Array, operator: Uint8Array, shares: Dec): { readonly completionNanos: bigint; readonly tokens: bigint } {
  const validator = validatorAt(ctx, operator);
  const values = params.get(ctx);
  if ((unbondings.find(ctx, [delegator, operator])?.entries.length ?? 0) >= values.maxEntries) fail(errors.tooManyUnbondings);
  const tokens = unbond(keeper, ctx, delegator, operator, shares);
  if (isBonded(validator)) movePools(keeper, ctx, bondedPool, notBondedPool, tokens);
  const completionNanos = ctx.header.timeNanos + unbondingNanos(values);
  addEntry(ctx, delegator, operator, completionNanos, tokens);
  unbondingQueue.set(ctx, [completionNanos, delegator, operator], true);
  return { completionNanos, tokens };
}

/** What leaves in one block at one completion time is one entry. */
function addEntry(ctx: Context, delegator: Uint8Array, operator: Uint8Array, completionNanos: bigint, tokens: bigint): void {
  const unbondingId = nextUnbondingId(ctx);
  const before = unbondings.find(ctx, [delegator, operator]);
  const entries = [...(before?.entries ?? [])];
  const same = entries.findIndex(({ creationHeight, completionTime }) => creationHeight === ctx.height && nanosOf(completionTime!) === completionNanos);
  if (same >= 0) {
    const entry = entries[same]!;
    entries[same] = { ...entry, initialBalance: (BigInt(entry.initialBalance) + tokens).toString(), balance: (BigInt(entry.balance) + tokens).toString() };
  } else {
    entries.push({ creationHeight: ctx.height, completionTime: timestampOf(completionNanos), initialBalance: tokens.toString(), balance: tokens.toString(), unbondingId, unbondingOnHoldRefCount: 0n });
  }
  setUnbonding(ctx, delegator, operator, entries, before);
}

/** Writes the entries of an unbonding delegation with its indexes, or takes it away where none is left. */
export function setUnbonding(ctx: Context, delegator: Uint8Array, operator: Uint8Array, entries: UnbondingDelegationEntry[], before: UnbondingDelegation | undefined): void {
  const had = heightsOf(before?.entries ?? []);
  const has = heightsOf(entries);
  for (const height of had) if (!has.includes(height)) unbondingHeights.remove(ctx, [operator, height, delegator]);
  for (const height of has) if (!had.includes(height)) unbondingHeights.set(ctx, [operator, height, delegator], true);
  if (entries.length === 0) {
    unbondings.remove(ctx, [delegator, operator]);
    unbondingsOf.remove(ctx, [operator, delegator]);
    return;
  }
  unbondings.set(ctx, [delegator, operator], { delegatorAddress: addressText(delegator), validatorAddress: addressText(operator, prefixes.validator), entries });
  if (before === undefined) unbondingsOf.set(ctx, [operator, delegator], true);
}

export function heightsOf(entries: readonly { readonly creationHeight: bigint }[]): bigint[] {
  return [...new Set(entries.map(({ creationHeight }) => creationHeight))];
}

export const isMature = (entry: { readonly completionTime: UnbondingDelegationEntry["completionTime"] }, nowNanos: bigint): boolean => nanosOf(entry.completionTime!) <= nowNanos;

/** Pays what is mature of an unbonding delegation, and says so. */
export function completeUnbonding({ bank }: Keeper, ctx: Context, delegator: Uint8Array, operator: Uint8Array): void {
  const before = unbondings.find(ctx, [delegator, operator]);
  if (before === undefined) return;
  const { bondDenom } = params.get(ctx);
  const now = ctx.header.timeNanos;
  let paid = 0n;
  for (const entry of before.entries) {
    const amount = BigInt(entry.balance);
    if (!isMature(entry, now) || amount === 0n) continue;
    bank.undelegate(ctx, notBondedPool, delegator, [{ denom: bondDenom, amount }]);
    paid += amount;
  }
  setUnbonding(ctx, delegator, operator, before.entries.filter((entry) => !isMature(entry, now)), before);
  const amount = paid === 0n ? "" : coinsText([{ denom: bondDenom, amount: paid }]);
  ctx.emit("complete_unbonding", [["amount", amount], ["validator", before.validatorAddress], ["delegator", before.delegatorAddress]]);
}

/** The delegator and the operator of an unbonding delegation. */
export function partiesOf({ delegatorAddress, validatorAddress }: UnbondingDelegation): readonly [Uint8Array, Uint8Array] {
  assert(delegatorAddress !== "" && validatorAddress !== "", "an unbonding delegation without addresses");
  return [addressBytes(delegatorAddress), addressBytes(validatorAddress, prefixes.validator)];
}

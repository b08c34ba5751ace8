/** Redelegations: stake that moved from one validator to another at once, and answers for the first one until the unbonding time has passed. */
import { BondStatus, type Redelegation, type RedelegationEntry } from "../../../codec/gen/cosmos/staking/v1beta1/staking.ts";
import { addressText, prefixes } from "../../../codec/address.ts";
import { concatBytes, equalBytes } from "../../../codec/bytes.ts";
import { bytesKey } from "../../../runtime/collections.ts";
import { coinsText } from "../../../runtime/coins.ts";
import { fail } from "../../../runtime/errors.ts";
import { nanosOf } from "../../../runtime/time-text.ts";
import { delegate, unbond } from "./delegations.ts";
import { errors } from "./errors.ts";
import { isBonded, nextUnbondingId, validatorAt, type Keeper } from "./keeper.ts";
import { timestampOf, unbondingNanos } from "./params.ts";
import { params, redelegationHeights, redelegationQueue, redelegations, redelegationsFrom, redelegationsTo, validators } from "./state.ts";
import { heightsOf, isMature } from "./unbonding.ts";
import type { Dec } from "../../../math/dec.ts";
import type { Context } from "../../../runtime/context.ts";

/** When a redelegation from an unbonded validator completes: it does not wait. Go's zero time, as the SDK answers. */
const zeroTimeNanos = -62_135_596_800n * 1_000_000_000n;

/** Moves shares of one validator to another; gives the completion time in Unix nanoseconds. Fails with staking 29 to 33 and what delegate and unbond fail with. */
export function beginRedelegation(keeper: Keeper, ctx: Context, delegator: Uint8Array, source: Uint8Array, destination: Uint8Array, shares: Dec): bigint {
  if (equalBytes(source, destination)) fail(errors.selfRedelegation);
  if (!validators.has(ctx, destination)) fail(errors.badDestination);
  const from = validatorAt(ctx, source);
  const values = params.get(ctx);
  if (redelegationsTo.first(ctx, { within: concatBytes(bytesKey.encode(source), bytesKey.encode(delegator)) }) !== undefined) fail(errors.transitiveRedelegation);
  const before = redelegations.find(ctx, [delegator, source, destination]);
  if ((before?.entries.length ?? 0) >= values.maxEntries) fail(errors.tooManyRedelegations);
  const tokens = unbond(keeper, ctx, delegator, source, shares);
  if (tokens === 0n) fail(errors.tinyRedelegation);
  const created = delegate(keeper, ctx, delegator, destination, tokens, isBonded(from) ? "bonded" : "notBonded", validatorAt(ctx, destination));
  // What left an unbonded validator answers for nothing; one that took its last shares is gone.
  const left = validators.find(ctx, source);
  if (left === undefined || left.status === BondStatus.BOND_STATUS_UNBONDED) return zeroTimeNanos;
  const bonded = isBonded(left);
  const completionNanos = bonded ? ctx.header.timeNanos + unbondingNanos(values) : nanosOf(left.unbondingTime!);
  const entry: RedelegationEntry = {
    creationHeight: bonded ? ctx.height : left.unbondingHeight, completionTime: timestampOf(completionNanos), initialBalance: tokens.toString(), sharesDst: created.toProto(),
    unbondingId: nextUnbondingId(ctx), unbondingOnHoldRefCount: 0n,
  };
  setRedelegation(ctx, delegator, source, destination, [...(before?.entries ?? []), entry], before);
  redelegationQueue.set(ctx, [completionNanos, [delegator, source, destination]], true);
  return completionNanos;
}

/** Writes the entries of a redelegation with its indexes, or takes it away where none is left. */
export function setRedelegation(ctx: Context, delegator: Uint8Array, source: Uint8Array, destination: Uint8Array, entries: RedelegationEntry[], before: Redelegation | undefined): void {
  const had = heightsOf(before?.entries ?? []);
  const has = heightsOf(entries);
  for (const height of had) if (!has.includes(height)) redelegationHeights.remove(ctx, [[source, height], [delegator, destination]]);
  for (const height of has) if (!had.includes(height)) redelegationHeights.set(ctx, [[source, height], [delegator, destination]], true);
  if (entries.length === 0) {
    redelegations.remove(ctx, [delegator, source, destination]);
    redelegationsFrom.remove(ctx, [source, delegator, destination]);
    redelegationsTo.remove(ctx, [destination, delegator, source]);
    return;
  }
  redelegations.set(ctx, [delegator, source, destination], {
    delegatorAddress: addressText(delegator), validatorSrcAddress: addressText(source, prefixes.validator), validatorDstAddress: addressText(destination, prefixes.validator), entries,
  });
  if (before !== undefined) return;
  redelegationsFrom.set(ctx, [source, delegator, destination], true);
  redelegationsTo.set(ctx, [destination, delegator, source], true);
}

/** Forgets what is mature of a redelegation, and says so. */
export function completeRedelegation(ctx: Context, delegator: Uint8Array, source: Uint8Array, destination: Uint8Array): void {
  const before = redelegations.find(ctx, [delegator, source, destination]);
  if (before === undefined) return;
  const now = ctx.header.timeNanos;
  const mature = before.entries.filter((entry) => isMature(entry, now));
  setRedelegation(ctx, delegator, source, destination, before.entries.filter((entry) => !isMature(entry, now)), before);
  const sum = mature.reduce((total, { initialBalance }) => total + BigInt(initialBalance), 0n);
  const amount = sum === 0n ? "" : coinsText([{ denom: params.get(ctx).bondDenom, amount: sum }]);
  ctx.emit("complete_redelegation", [
    ["amount", amount], ["delegator", before.delegatorAddress], ["source_validator", before.validatorSrcAddress], ["destination_validator", before.validatorDstAddress],
  ]);
}

/** What the end of a block does with what has waited long enough. Times are the header's. */
import { BondStatus } from "../../../codec/gen/cosmos/staking/v1beta1/staking.ts";
import { Dec } from "../../../math/dec.ts";
import { uint64Key, type MapOf } from "../../../runtime/collections.ts";
import { removeValidator, setValidator, type Keeper } from "./keeper.ts";
import { completeRedelegation } from "./redelegation.ts";
import { redelegationQueue, unbondingQueue, validatorQueue, validators } from "./state.ts";
import { completeUnbonding } from "./unbonding.ts";
import { retryMs } from "../../../runtime/retry.ts";
import type { Context } from "../../../runtime/context.ts";

/** Items of one queue in one block; the others follow in the next blocks, oldest first (ADR 17). */
export const maxSweep = 500;

/** STAKING-9: validators, unbonding delegations, redelegations, in this order as in the SDK. */
export function completeMature(keeper: Keeper, ctx: Context): void {
  const later = ctx.header.timeNanos + retryMs * 1_000_000n;
  for (const key of mature(ctx, validatorQueue)) {
    const [, height, operator] = key;
    if (height > ctx.height) continue;
    validatorQueue.remove(ctx, key);
    if (!ctx.isolate(`unbonding validator at height ${height}`, (inner) => completeValidator(keeper, inner, operator, height))) validatorQueue.set(ctx, [later, height, operator], true);
  }
  for (const key of mature(ctx, unbondingQueue)) {
    unbondingQueue.remove(ctx, key);
    if (!ctx.isolate("unbonding delegation", (inner) => completeUnbonding(keeper, inner, key[1], key[2]))) unbondingQueue.set(ctx, [later, key[1], key[2]], true);
  }
  for (const key of mature(ctx, redelegationQueue)) {
    redelegationQueue.remove(ctx, key);
    if (!ctx.isolate("redelegation", (inner) => completeRedelegation(inner, ...key[1]))) redelegationQueue.set(ctx, [later, key[1]], true);
  }
}

function mature<K>(ctx: Context, queue: MapOf<K, true>): K[] {
  const due: K[] = [];
  for (const [key] of queue.entries(ctx, { to: uint64Key.encode(ctx.header.timeNanos + 1n) })) {
    due.push(key);
    if (due.length === maxSweep) break;
  }
  return due;
}

/** `height`: at which it began to unbond. An entry that was put off may find it bonded again, unbonding anew, or gone. */
function completeValidator(keeper: Keeper, ctx: Context, operator: Uint8Array, height: bigint): void {
  const validator = validators.find(ctx, operator);
  if (validator?.status !== BondStatus.BOND_STATUS_UNBONDING || validator.unbondingHeight !== height) return;
  const unbonded = { ...validator, status: BondStatus.BOND_STATUS_UNBONDED, unbondingIds: [] };
  setValidator(ctx, operator, unbonded, validator);
  if (Dec.fromProto(unbonded.delegatorShares).isZero) removeValidator(keeper, ctx, operator, unbonded);
}

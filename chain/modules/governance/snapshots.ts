/**
 * The stake by which votes count: as it was when the voting period of their proposal began. The set is written down then; delegations keep
 * what they had beside them when they change for the first time after a snapshot. Nothing has to be looked at again when stake moves.
 */
import { compareBytes, concatBytes } from "../../codec/bytes.ts";
import { operatorBytes } from "./keeper.ts";
import { Dec } from "../../math/dec.ts";
import { bytesKey, uint64Key } from "../../runtime/collections.ts";
import { assert } from "../../runtime/errors.ts";
import { sweepWork } from "./params.ts";
import { formerBySnapshot, formerShares, lastSnapshot, openSnapshot, snapshots } from "./state.ts";
import type { Snapshot } from "../../codec/gen/dcm/governance/v1/state.ts";
import type { Context } from "../../runtime/context.ts";
import type { StakingHooks, StakingPort } from "../staking/validators/ports.ts";

/** Writes down the set as it is now; gives the snapshot's number. */
export function takeSnapshot(ctx: Context, staking: StakingPort): bigint {
  const id = (lastSnapshot.find(ctx) ?? 0n) + 1n;
  const validators = Array.from(staking.bondedByPower(ctx), ({ operatorAddress, tokens, delegatorShares }) => ({ operator: operatorBytes(operatorAddress), tokens, shares: delegatorShares }));
  snapshots.set(ctx, id, { bonded: staking.totalBonded(ctx).toString(), validators: validators.sort((a, b) => compareBytes(a.operator, b.operator)) });
  lastSnapshot.set(ctx, id);
  openSnapshot.set(ctx, id);
  return id;
}

/** Forgets a snapshot whose proposal is over. */
export function dropSnapshot(ctx: Context, id: bigint): void {
  snapshots.remove(ctx, id);
  if (snapshots.first(ctx) === undefined) openSnapshot.remove(ctx);
}

export function snapshotAt(ctx: Context, id: bigint): Snapshot {
  const snapshot = snapshots.find(ctx, id);
  assert(snapshot !== undefined, `gov: snapshot ${id} is missing`);
  return snapshot;
}

/** GOV-9: before a delegation changes for the first time since the newest snapshot, its shares are kept; one read while nothing is voted on. */
export function snapshotHooks(staking: StakingPort): StakingHooks {
  const keep = (ctx: Context, delegator: Uint8Array, operator: Uint8Array): void => {
    const id = openSnapshot.find(ctx);
    if (id === undefined || formerShares.has(ctx, [delegator, operator, id])) return;
    formerShares.set(ctx, [delegator, operator, id], staking.delegation(ctx, delegator, operator)?.shares.atomics ?? 0n);
    formerBySnapshot.set(ctx, [id, delegator, operator], true);
  };
  return { beforeDelegationCreated: keep, beforeDelegationSharesModified: keep };
}

export interface Held {
  readonly operator: Uint8Array;
  readonly shares: Dec;
}

/** What a delegator's delegations were at a snapshot that is still open, those without shares left out. */
export function heldAt(ctx: Context, staking: Pick<StakingPort, "delegationsOf">, delegator: Uint8Array, snapshot: bigint): Held[] {
  const out: Held[] = [];
  const add = (operator: Uint8Array, shares: Dec): void => {
    if (shares.isPositive) out.push({ operator, shares });
  };
  const former = formerOf(ctx, delegator, snapshot);
  for (const { operator, shares } of staking.delegationsOf(ctx, delegator)) {
    const at = former.findIndex((one) => compareBytes(one.operator, operator) === 0);
    if (at < 0) add(operator, shares);
    else add(operator, former.splice(at, 1)[0]!.shares);
  }
  for (const { operator, shares } of former) add(operator, shares);
  return out;
}

/** The delegations that changed since the snapshot, as they were at it: of each validator the first record from the snapshot on. */
function formerOf(ctx: Context, delegator: Uint8Array, snapshot: bigint): Held[] {
  const out: Held[] = [];
  const within = bytesKey.encode(delegator);
  const end = uint64Key.encode(0xffff_ffff_ffff_ffffn);
  for (let from = within; ; ) {
    const next = formerShares.first(ctx, { within, from });
    if (next === undefined) return out;
    const operator = next[0][1];
    const pair = concatBytes(within, bytesKey.encode(operator));
    const first = formerShares.first(ctx, { within: pair, from: concatBytes(pair, uint64Key.encode(snapshot)) });
    if (first !== undefined) out.push({ operator, shares: Dec.fromAtomics(first[1]) });
    from = concatBytes(pair, end);
  }
}

/** Removes what no open snapshot needs any more: records from before the oldest one. At most `sweepWork` a block. */
export function sweepFormer(ctx: Context): void {
  const oldest = snapshots.first(ctx)?.[0];
  const gone: (readonly [bigint, Uint8Array, Uint8Array])[] = [];
  for (const [key] of formerBySnapshot.entries(ctx, oldest === undefined ? {} : { to: uint64Key.encode(oldest) })) {
    gone.push(key);
    if (gone.length === sweepWork) break;
  }
  for (const [id, delegator, operator] of gone) {
    formerBySnapshot.remove(ctx, [id, delegator, operator]);
    formerShares.remove(ctx, [delegator, operator, id]);
  }
}

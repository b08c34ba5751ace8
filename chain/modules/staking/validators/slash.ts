/** Slashing of stake: what a validator had at the height of an infraction loses a fraction, wherever it has gone since. */
import { BondStatus, type Redelegation, type UnbondingDelegationEntry } from "../../../codec/gen/cosmos/staking/v1beta1/staking.ts";
import { compareBytes, concatBytes } from "../../../codec/bytes.ts";
import { Dec } from "../../../math/dec.ts";
import { maxInt, minInt } from "../../../math/int.ts";
import { bytesKey, uint64Key } from "../../../runtime/collections.ts";
import { assert } from "../../../runtime/errors.ts";
import { unbond } from "./delegations.ts";
import { bondedPool, burn, isBonded, notBondedPool, poolOf, setValidator, validatorAt, type Keeper } from "./keeper.ts";
import { powerReduction } from "./params.ts";
import { removeTokens } from "./shares.ts";
import { byConsensusAddress, delegations, redelegationHeights, redelegations, unbondingHeights, unbondings, validators } from "./state.ts";
import { isMature, setUnbonding } from "./unbonding.ts";
import type { Context } from "../../../runtime/context.ts";

/** STAKING-10: see StakingPort.slash. `power` at the infraction counts, not what the validator has now. */
export function slash(keeper: Keeper, ctx: Context, consensus: Uint8Array, infractionHeight: bigint, power: bigint, fraction: Dec): bigint {
  assert(!fraction.isNegative && fraction.lte(Dec.one), `a slash of ${fraction.toString()} is not between 0 and 1`);
  assert(infractionHeight <= ctx.height, `an infraction at height ${infractionHeight}, before it came`);
  const operator = byConsensusAddress.find(ctx, consensus);
  const validator = operator === undefined ? undefined : validators.find(ctx, operator);
  if (operator === undefined || validator === undefined || validator.status === BondStatus.BOND_STATUS_UNBONDED) return 0n;
  keeper.hooks.beforeValidatorModified(ctx, operator);
  let rest = Dec.fromInt(power * powerReduction).mul(fraction).truncateInt();
  if (infractionHeight < ctx.height) {
    for (const delegator of unbondingSince(ctx, operator, infractionHeight)) rest -= slashUnbonding(keeper, ctx, delegator, operator, infractionHeight, fraction);
    for (const [delegator, destination] of redelegatedSince(ctx, operator, infractionHeight)) {
      rest -= slashRedelegation(keeper, ctx, delegator, destination, redelegations.find(ctx, [delegator, operator, destination])!, infractionHeight, fraction);
    }
  }
  const now = validatorAt(ctx, operator);
  const tokens = BigInt(now.tokens);
  const burned = maxInt(minInt(rest, tokens), 0n);
  if (burned === 0n) return 0n;
  keeper.hooks.beforeValidatorSlashed(ctx, operator, Dec.min(Dec.fromInt(burned).quoRoundUp(Dec.fromInt(tokens)), Dec.one));
  setValidator(ctx, operator, removeTokens(now, burned), now);
  burn(keeper, ctx, poolOf(now), burned);
  return burned;
}

/** Whose entries began at this height or later, in byte order. */
function unbondingSince(ctx: Context, operator: Uint8Array, height: bigint): Uint8Array[] {
  const within = bytesKey.encode(operator);
  const found = Array.from(unbondingHeights.entries(ctx, { within, from: concatBytes(within, uint64Key.encode(height)) }), ([[, , delegator]]) => delegator);
  return found.sort(compareBytes).filter((one, i) => i === 0 || compareBytes(found[i - 1]!, one) !== 0);
}

function redelegatedSince(ctx: Context, source: Uint8Array, height: bigint): (readonly [Uint8Array, Uint8Array])[] {
  const within = bytesKey.encode(source);
  const compare = (a: readonly [Uint8Array, Uint8Array], b: readonly [Uint8Array, Uint8Array]): number => compareBytes(a[0], b[0]) || compareBytes(a[1], b[1]);
  const found = Array.from(redelegationHeights.entries(ctx, { within, from: concatBytes(within, uint64Key.encode(height)) }), ([[, pair]]) => pair);
  return found.sort(compare).filter((one, i) => i === 0 || compare(found[i - 1]!, one) !== 0);
}

/** Stake that began to unbond before the infraction had no part in it; what is mature is out of reach. */
const isLiable = (entry: Pick<UnbondingDelegationEntry, "creationHeight" | "completionTime">, height: bigint, nowNanos: bigint): boolean => entry.creationHeight >= height && !isMature(entry, nowNanos);

/** Gives what the slash would take if nothing had been slashed before; burns what is there. */
function slashUnbonding(keeper: Keeper, ctx: Context, delegator: Uint8Array, operator: Uint8Array, height: bigint, fraction: Dec): bigint {
  const before = unbondings.find(ctx, [delegator, operator])!;
  let owed = 0n;
  let burned = 0n;
  const entries = before.entries.map((entry) => {
    if (!isLiable(entry, height, ctx.header.timeNanos)) return entry;
    const amount = fraction.mulInt(BigInt(entry.initialBalance)).truncateInt();
    owed += amount;
    const taken = minInt(amount, BigInt(entry.balance));
    burned += taken;
    return { ...entry, balance: (BigInt(entry.balance) - taken).toString() };
  });
  if (burned > 0n) setUnbonding(ctx, delegator, operator, entries, before);
  burn(keeper, ctx, notBondedPool, burned);
  return owed;
}

/** What moved on to another validator: first what unbonds from there, then its shares. Gives what the slash would take in full. */
function slashRedelegation(keeper: Keeper, ctx: Context, delegator: Uint8Array, destination: Uint8Array, { entries }: Redelegation, height: bigint, fraction: Dec): bigint {
  let owed = 0n;
  let bondedBurned = 0n;
  let notBondedBurned = 0n;
  for (const entry of entries) {
    if (!isLiable(entry, height, ctx.header.timeNanos)) continue;
    const amount = fraction.mulInt(BigInt(entry.initialBalance)).truncateInt();
    owed += amount;
    const taken = takeUnbonding(ctx, delegator, destination, amount, height);
    notBondedBurned += taken;
    const shares = fraction.mul(Dec.fromProto(entry.sharesDst));
    const delegation = delegations.find(ctx, [delegator, destination]);
    if (shares.isZero || taken === amount || delegation === undefined) continue;
    const pooled = isBonded(validatorAt(ctx, destination));
    const tokens = unbond(keeper, ctx, delegator, destination, Dec.min(shares, Dec.fromProto(delegation.shares)));
    if (pooled) bondedBurned += tokens;
    else notBondedBurned += tokens;
  }
  burn(keeper, ctx, bondedPool, bondedBurned);
  burn(keeper, ctx, notBondedPool, notBondedBurned);
  return owed;
}

/** Takes up to `amount` of what a delegator unbonds from a validator since `height`; gives what it took. */
function takeUnbonding(ctx: Context, delegator: Uint8Array, operator: Uint8Array, amount: bigint, height: bigint): bigint {
  const before = unbondings.find(ctx, [delegator, operator]);
  if (before === undefined) return 0n;
  let rest = amount;
  const entries = before.entries.map((entry) => {
    if (!isLiable(entry, height, ctx.header.timeNanos)) return entry;
    const taken = minInt(rest, BigInt(entry.balance));
    rest -= taken;
    return { ...entry, balance: (BigInt(entry.balance) - taken).toString() };
  });
  if (rest < amount) setUnbonding(ctx, delegator, operator, entries, before);
  return amount - rest;
}

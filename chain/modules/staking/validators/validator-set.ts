/** The set that signs blocks: who bonds, who begins to unbond, and what CometBFT is told of it. */
import { BondStatus, type Validator } from "../../../codec/gen/cosmos/staking/v1beta1/staking.ts";
import { toHex } from "../../../codec/bytes.ts";
import { decodePubKey } from "../../../codec/pubkey.ts";
import { assert } from "../../../runtime/errors.ts";
import { nanosOf } from "../../../runtime/time-text.ts";
import { bondedPool, consensusAddress, isBonded, movePools, nextUnbondingId, notBondedPool, setValidator, type Keeper } from "./keeper.ts";
import { timestampOf, unbondingNanos } from "./params.ts";
import { byPower, lastPowers, lastTotalPower, params, setChanged, validatorQueue, validators } from "./state.ts";
import type { ValidatorUpdate } from "../../../codec/gen/tendermint/abci/types.ts";
import type { Context } from "../../../runtime/context.ts";

/**
 * STAKING-3: the strongest validators that are not jailed and have power, at most maxValidators, are the set. Compares the power index with the
 * powers told last, and only where they differ looks at a validator. Nothing is done where no power has changed since.
 *
 * STAKING-7: where nobody would be left, the last set stays, as CometBFT ends at an empty one; the next block looks again.
 */
export function applySetChanges(keeper: Keeper, ctx: Context): ValidatorUpdate[] {
  if (setChanged.find(ctx) === undefined) return [];
  const last = Array.from(lastPowers.entries(ctx));
  const set = strongest(ctx, params.get(ctx).maxValidators);
  if (set.length === 0 && last.length > 0) return [];
  setChanged.remove(ctx);
  const told = new Map(last.map(([operator, power]) => [toHex(operator), power]));
  const staying = new Set(set.map(({ operator }) => toHex(operator)));
  const updates: ValidatorUpdate[] = [];
  let total = 0n;
  let bonding = 0n;
  for (const { operator, power } of set) {
    total += power;
    const before = told.get(toHex(operator));
    if (before === power) continue;
    let validator = known(ctx, operator);
    if (before === undefined) {
      validator = bond(keeper, ctx, operator, validator);
      bonding += BigInt(validator.tokens);
    }
    lastPowers.set(ctx, operator, power);
    updates.push(update(validator, power));
  }
  for (const [operator] of last) {
    if (staying.has(toHex(operator))) continue;
    const validator = beginUnbonding(keeper, ctx, operator, known(ctx, operator));
    bonding -= BigInt(validator.tokens);
    lastPowers.remove(ctx, operator);
    updates.push(update(validator, 0n));
  }
  if (bonding > 0n) movePools(keeper, ctx, notBondedPool, bondedPool, bonding);
  else movePools(keeper, ctx, bondedPool, notBondedPool, -bonding);
  if (updates.length > 0) lastTotalPower.set(ctx, { int: total.toString() });
  return updates;
}

/** What an imported set tells CometBFT: the powers of the chain that was exported. */
export function importedSet(ctx: Context): ValidatorUpdate[] {
  return Array.from(lastPowers.entries(ctx), ([operator, power]) => update(known(ctx, operator), power));
}

/** From the top of the power index. */
export function strongest(ctx: Context, most: number): { readonly operator: Uint8Array; readonly power: bigint }[] {
  const out: { operator: Uint8Array; power: bigint }[] = [];
  for (const [[power, operator]] of byPower.entries(ctx, { reverse: true })) {
    if (power === 0n || out.length === most) break;
    out.push({ operator, power });
  }
  return out;
}

function known(ctx: Context, operator: Uint8Array): Validator {
  const validator = validators.find(ctx, operator);
  assert(validator !== undefined, "an index names a validator that is not there");
  return validator;
}

function bond({ hooks }: Keeper, ctx: Context, operator: Uint8Array, validator: Validator): Validator {
  assert(!isBonded(validator), `${validator.operatorAddress} is bonded already`);
  const bonded = { ...validator, status: BondStatus.BOND_STATUS_BONDED };
  setValidator(ctx, operator, bonded, validator);
  if (validator.status === BondStatus.BOND_STATUS_UNBONDING) validatorQueue.remove(ctx, queueKey(operator, validator));
  hooks.afterValidatorBonded(ctx, consensusAddress(validator), operator);
  return bonded;
}

function beginUnbonding({ hooks }: Keeper, ctx: Context, operator: Uint8Array, validator: Validator): Validator {
  assert(isBonded(validator), `${validator.operatorAddress} is not bonded`);
  const id = nextUnbondingId(ctx);
  const unbonding = {
    ...validator, status: BondStatus.BOND_STATUS_UNBONDING, unbondingHeight: ctx.height, unbondingTime: timestampOf(ctx.header.timeNanos + unbondingNanos(params.get(ctx))),
    unbondingIds: [...validator.unbondingIds, id],
  };
  setValidator(ctx, operator, unbonding, validator);
  validatorQueue.set(ctx, queueKey(operator, unbonding), true);
  hooks.afterValidatorBeginUnbonding(ctx, consensusAddress(validator), operator);
  return unbonding;
}

/** Where an unbonding validator stands in the queue. */
export function queueKey(operator: Uint8Array, { unbondingTime, unbondingHeight }: Validator): readonly [bigint, bigint, Uint8Array] {
  return [nanosOf(unbondingTime!), unbondingHeight, operator];
}

function update(validator: Validator, power: bigint): ValidatorUpdate {
  const key = decodePubKey(validator.consensusPubkey!);
  assert(key.kind === "ed25519", "a consensus key that is not ed25519");
  return { pubKey: { ed25519: key.key }, power };
}

/** Validators: reading and writing them with their indexes, and the two pools that hold the stake. */
import { BondStatus, type Validator } from "../../../codec/gen/cosmos/staking/v1beta1/staking.ts";
import { addressBytes, moduleAddress, prefixes, pubkeyAddress } from "../../../codec/address.ts";
import { decodePubKey } from "../../../codec/pubkey.ts";
import { assert, fail } from "../../../runtime/errors.ts";
import { errors } from "./errors.ts";
import { powerReduction } from "./params.ts";
import { byConsensusAddress, byPower, lastUnbondingId, params, setChanged, touched, validators } from "./state.ts";
import type { Context } from "../../../runtime/context.ts";
import type { BankPort } from "../../bank/ports.ts";
import type { StakingHooks } from "./ports.ts";

export const bondedPool = "bonded_tokens_pool";
export const notBondedPool = "not_bonded_tokens_pool";

/** What changes of stake need beside the state. */
export interface Keeper {
  readonly bank: BankPort;
  readonly hooks: Required<StakingHooks>;
}

export const operatorBytes = (text: string): Uint8Array => addressBytes(text, prefixes.validator);
export const powerOf = (validator: Validator): bigint => BigInt(validator.tokens) / powerReduction;
export const isBonded = ({ status }: Validator): boolean => status === BondStatus.BOND_STATUS_BONDED;
export const poolOf = (validator: Validator): string => (isBonded(validator) ? bondedPool : notBondedPool);

export function consensusAddress(validator: Validator): Uint8Array {
  assert(validator.consensusPubkey !== undefined, "a validator without a consensus key");
  return pubkeyAddress(decodePubKey(validator.consensusPubkey));
}

/** Fails with staking 3. */
export function validatorAt(ctx: Context, operator: Uint8Array): Validator {
  return validators.find(ctx, operator) ?? fail(errors.noValidator);
}

/** Writes a new validator, or one of genesis, with its indexes. */
export function addValidator(ctx: Context, operator: Uint8Array, validator: Validator): void {
  validators.set(ctx, operator, validator);
  byConsensusAddress.set(ctx, consensusAddress(validator), operator);
  if (isBonded(validator)) touched.set(ctx, operator, true);
  if (validator.jailed) return;
  byPower.set(ctx, [powerOf(validator), operator], operator);
  setChanged.set(ctx, true);
}

/** Writes a validator; its place in the power index follows its power and jail. `before` is what is there now. */
export function setValidator(ctx: Context, operator: Uint8Array, validator: Validator, before: Validator): void {
  validators.set(ctx, operator, validator);
  if (isBonded(validator) || isBonded(before)) touched.set(ctx, operator, true);
  const old = before.jailed ? undefined : powerOf(before);
  const power = validator.jailed ? undefined : powerOf(validator);
  if (old === power) return;
  if (old !== undefined) byPower.remove(ctx, [old, operator]);
  if (power !== undefined) byPower.set(ctx, [power, operator], operator);
  setChanged.set(ctx, true);
}

/** Takes an unbonded validator without shares out of the state. */
export function removeValidator({ hooks }: Keeper, ctx: Context, operator: Uint8Array, validator: Validator): void {
  assert(validator.status === BondStatus.BOND_STATUS_UNBONDED && BigInt(validator.tokens) === 0n, `${validator.operatorAddress} cannot be removed: it is bonded or has tokens`);
  const consensus = consensusAddress(validator);
  validators.remove(ctx, operator);
  byConsensusAddress.remove(ctx, consensus);
  if (!validator.jailed) byPower.remove(ctx, [powerOf(validator), operator]);
  hooks.afterValidatorRemoved(ctx, consensus, operator);
}

export function jailValidator(ctx: Context, operator: Uint8Array, validator: Validator): Validator {
  const jailed = { ...validator, jailed: true };
  setValidator(ctx, operator, jailed, validator);
  return jailed;
}

/** Operators that a new validator would collide with. */
export function taken(ctx: Context, operator: Uint8Array, consensus: Uint8Array): "operator" | "key" | undefined {
  if (validators.has(ctx, operator)) return "operator";
  return byConsensusAddress.has(ctx, consensus) ? "key" : undefined;
}

export function nextUnbondingId(ctx: Context): bigint {
  const id = (lastUnbondingId.find(ctx) ?? 0n) + 1n;
  lastUnbondingId.set(ctx, id);
  return id;
}

/** Moves stake from one pool to the other. */
export function movePools({ bank }: Keeper, ctx: Context, from: string, to: string, amount: bigint): void {
  if (amount === 0n || from === to) return;
  bank.send(ctx, moduleAddress(from), moduleAddress(to), [{ denom: params.get(ctx).bondDenom, amount }]);
}

export function burn({ bank }: Keeper, ctx: Context, pool: string, amount: bigint): void {
  if (amount > 0n) bank.burn(ctx, pool, [{ denom: params.get(ctx).bondDenom, amount }]);
}

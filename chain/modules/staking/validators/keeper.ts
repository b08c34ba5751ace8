/** Validators: writing them with their indexes, and the set that CometBFT is told. */
import { BondStatus, type Validator } from "../../../codec/gen/cosmos/staking/v1beta1/staking.ts";
import { addressBytes, moduleAddress, prefixes, pubkeyAddress } from "../../../codec/address.ts";
import { decodePubKey } from "../../../codec/pubkey.ts";
import { assert } from "../../../runtime/errors.ts";
import { powerReduction } from "./params.ts";
import { byConsensusAddress, byPower, lastPowers, lastTotalPower, params, validators } from "./state.ts";
import type { ValidatorUpdate } from "../../../codec/gen/tendermint/abci/types.ts";
import type { Context } from "../../../runtime/context.ts";
import type { BankPort } from "../../bank/ports.ts";

export const bondedPool = "bonded_tokens_pool";
export const notBondedPool = "not_bonded_tokens_pool";

export const operatorBytes = (text: string): Uint8Array => addressBytes(text, prefixes.validator);
export const powerOf = (validator: Validator): bigint => BigInt(validator.tokens) / powerReduction;

export function consensusAddress(validator: Validator): Uint8Array {
  assert(validator.consensusPubkey !== undefined, "a validator without a consensus key");
  return pubkeyAddress(decodePubKey(validator.consensusPubkey));
}

/** Writes a validator with its indexes; `before` is what is there now. */
export function setValidator(ctx: Context, validator: Validator, before?: Validator): void {
  const operator = operatorBytes(validator.operatorAddress);
  validators.set(ctx, operator, validator);
  byConsensusAddress.set(ctx, consensusAddress(validator), operator);
  if (before !== undefined && !before.jailed) byPower.remove(ctx, [powerOf(before), operator]);
  if (!validator.jailed) byPower.set(ctx, [powerOf(validator), operator], operator);
}

/**
 * STAKING-3: bonds the strongest validators, at most maxValidators, and gives the powers that changed. Nothing leaves the set here: the
 * stake of validators does not change after genesis until delegation is served.
 */
export function genesisUpdates(ctx: Context, bank: BankPort): ValidatorUpdate[] {
  const { maxValidators, bondDenom } = params.get(ctx);
  const updates: ValidatorUpdate[] = [];
  let total = 0n;
  let moved = 0n;
  for (const [[power], operator] of [...byPower.entries(ctx, { reverse: true })].slice(0, maxValidators)) {
    if (power === 0n) break;
    const validator = validators.find(ctx, operator);
    assert(validator !== undefined, "the power index names a validator that is not there");
    if (validator.status !== BondStatus.BOND_STATUS_BONDED) {
      validators.set(ctx, operator, { ...validator, status: BondStatus.BOND_STATUS_BONDED });
      moved += BigInt(validator.tokens);
    }
    total += power;
    if (lastPowers.find(ctx, operator) === power) continue;
    lastPowers.set(ctx, operator, power);
    updates.push(update(validator, power));
  }
  if (moved > 0n) bank.send(ctx, moduleAddress(notBondedPool), moduleAddress(bondedPool), [{ denom: bondDenom, amount: moved }]);
  lastTotalPower.set(ctx, { int: total.toString() });
  return updates;
}

export function update(validator: Validator, power: bigint): ValidatorUpdate {
  const key = decodePubKey(validator.consensusPubkey!);
  assert(key.kind === "ed25519", "a consensus key that is not ed25519");
  return { pubKey: { ed25519: key.key }, power };
}

/** Operators that a new validator would collide with. */
export function taken(ctx: Context, operator: Uint8Array, consensus: Uint8Array): "operator" | "key" | undefined {
  if (validators.has(ctx, operator)) return "operator";
  return byConsensusAddress.has(ctx, consensus) ? "key" : undefined;
}

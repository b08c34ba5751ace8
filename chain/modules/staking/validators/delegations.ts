/** Delegations: tokens in for shares, shares out for tokens. */
import { BondStatus, type Validator } from "../../../codec/gen/cosmos/staking/v1beta1/staking.ts";
import { addressText } from "../../../codec/address.ts";
import { equalBytes } from "../../../codec/bytes.ts";
import { Dec } from "../../../math/dec.ts";
import { fail, sdkErrors } from "../../../runtime/errors.ts";
import { errors } from "./errors.ts";
import { bondedPool, jailValidator, movePools, notBondedPool, poolOf, removeValidator, setValidator, validatorAt, type Keeper } from "./keeper.ts";
import { addTokens, isWorthless, removeShares, sharesFromTokens, sharesFromTokensTruncated, tokensFromShares } from "./shares.ts";
import { delegations, delegatorMark, delegatorsOf, params } from "./state.ts";
import type { Context } from "../../../runtime/context.ts";

/**
 * Delegates `amount` to a validator as it is in the state; gives the shares that it bought. The tokens come from the delegator's account, or
 * from the pool that they lie in already. Fails with staking 34 where the validator's shares are worth nothing, with sdk 5 without funds.
 */
export function delegate(keeper: Keeper, ctx: Context, delegator: Uint8Array, operator: Uint8Array, amount: bigint, from: "account" | "bonded" | "notBonded", validator: Validator): Dec {
  if (isWorthless(validator)) fail(errors.invalidExchangeRate);
  const delegation = delegations.find(ctx, [delegator, operator]);
  if (delegation === undefined) keeper.hooks.beforeDelegationCreated(ctx, delegator, operator);
  else keeper.hooks.beforeDelegationSharesModified(ctx, delegator, operator);
  if (from === "account") keeper.bank.delegate(ctx, delegator, poolOf(validator), [{ denom: params.get(ctx).bondDenom, amount }]);
  else movePools(keeper, ctx, from === "bonded" ? bondedPool : notBondedPool, poolOf(validator), amount);
  const { validator: after, issued } = addTokens(validator, amount);
  setValidator(ctx, operator, after, validator);
  const held = delegation === undefined ? Dec.zero : Dec.fromProto(delegation.shares);
  setShares(ctx, delegator, operator, held.add(issued), validator.operatorAddress, delegation === undefined);
  keeper.hooks.afterDelegationModified(ctx, delegator, operator);
  return issued;
}

export function setShares(ctx: Context, delegator: Uint8Array, operator: Uint8Array, shares: Dec, validatorAddress: string, isNew: boolean): void {
  delegations.set(ctx, [delegator, operator], { delegatorAddress: addressText(delegator), validatorAddress, shares: shares.toProto() });
  if (isNew) delegatorsOf.set(ctx, [operator, delegator], delegatorMark);
}

/**
 * Takes shares out of a delegation; gives the whole tokens that they were worth, which still lie in the validator's pool. A validator whose
 * operator holds less than its minimum self delegation afterwards is jailed; one that nobody delegates to any more and that is unbonded ends.
 * Fails with staking 21 and 24.
 */
export function unbond(keeper: Keeper, ctx: Context, delegator: Uint8Array, operator: Uint8Array, shares: Dec): bigint {
  const delegation = delegations.find(ctx, [delegator, operator]) ?? fail(errors.noDelegatorForAddress);
  keeper.hooks.beforeDelegationSharesModified(ctx, delegator, operator);
  const held = Dec.fromProto(delegation.shares);
  if (held.lt(shares)) fail(errors.notEnoughShares, { shares: held.toString() });
  let validator = validatorAt(ctx, operator);
  const left = held.sub(shares);
  if (equalBytes(delegator, operator) && !validator.jailed && tokensFromShares(validator, left).truncateInt() < BigInt(validator.minSelfDelegation)) {
    validator = jailValidator(ctx, operator, validator);
  }
  if (left.isZero) {
    keeper.hooks.beforeDelegationRemoved(ctx, delegator, operator);
    delegations.remove(ctx, [delegator, operator]);
    delegatorsOf.remove(ctx, [operator, delegator]);
  } else {
    setShares(ctx, delegator, operator, left, delegation.validatorAddress, false);
    keeper.hooks.afterDelegationModified(ctx, delegator, operator);
  }
  const { validator: after, tokens } = removeShares(validator, shares);
  setValidator(ctx, operator, after, validator);
  if (after.status === BondStatus.BOND_STATUS_UNBONDED && Dec.fromProto(after.delegatorShares).isZero) removeValidator(keeper, ctx, operator, after);
  return tokens;
}

/** No supply comes near: what is asked beyond is refused before it is multiplied. */
const mostTokens = 1n << 128n;

/** The shares that `amount` of a delegation stands for, at most all it has. Fails with staking 3, 19, 22 and sdk 18. */
export function sharesToUnbond(ctx: Context, delegator: Uint8Array, operator: Uint8Array, amount: bigint): Dec {
  const validator = validatorAt(ctx, operator);
  const delegation = delegations.find(ctx, [delegator, operator]) ?? fail(errors.noDelegation);
  const held = Dec.fromProto(delegation.shares);
  if (amount > mostTokens || sharesFromTokensTruncated(validator, amount).gt(held)) fail(sdkErrors.invalidRequest, "invalid shares amount");
  return Dec.min(sharesFromTokens(validator, amount), held);
}

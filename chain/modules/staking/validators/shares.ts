/** What shares of a validator are worth, and what tokens buy: pure, with the SDK's roundings. */
import { Dec } from "../../../math/dec.ts";
import { assert, fail } from "../../../runtime/errors.ts";
import { errors } from "./errors.ts";
import type { Validator } from "../../../codec/gen/cosmos/staking/v1beta1/staking.ts";

export const tokensOf = (validator: Validator): bigint => BigInt(validator.tokens);
export const sharesOf = (validator: Validator): Dec => Dec.fromProto(validator.delegatorShares);

/** True where all tokens were slashed away from under the shares: what a further token would buy is not defined. */
export const isWorthless = (validator: Validator): boolean => tokensOf(validator) === 0n && sharesOf(validator).isPositive;

/** Rounded half to even. */
export const tokensFromShares = (validator: Validator, shares: Dec): Dec => shares.mulInt(tokensOf(validator)).quo(sharesOf(validator));

/** Rounded towards zero at the 18th place. Fails with staking 22 where the validator has no tokens. */
export function sharesFromTokens(validator: Validator, amount: bigint): Dec {
  return sharesOf(validator).mulInt(amount).quoInt(tokensIn(validator));
}

/** Like sharesFromTokens by another division; the SDK asks both. */
export function sharesFromTokensTruncated(validator: Validator, amount: bigint): Dec {
  return sharesOf(validator).mulInt(amount).quoTruncate(Dec.fromInt(tokensIn(validator)));
}

function tokensIn(validator: Validator): bigint {
  const tokens = tokensOf(validator);
  return tokens === 0n ? fail(errors.insufficientShares) : tokens;
}

/** The validator with tokens that were delegated to it, and the shares they bought; the first delegation sets one share a token. */
export function addTokens(validator: Validator, amount: bigint): { readonly validator: Validator; readonly issued: Dec } {
  const shares = sharesOf(validator);
  const issued = shares.isZero ? Dec.fromInt(amount) : sharesFromTokens(validator, amount);
  return { validator: { ...validator, tokens: (tokensOf(validator) + amount).toString(), delegatorShares: shares.add(issued).toProto() }, issued };
}

/** The validator without these shares, and the whole tokens they were worth: fractions stay with the others, the last shares take all. */
export function removeShares(validator: Validator, shares: Dec): { readonly validator: Validator; readonly tokens: bigint } {
  const left = sharesOf(validator).sub(shares);
  const tokens = left.isZero ? tokensOf(validator) : tokensFromShares(validator, shares).truncateInt();
  return { validator: { ...removeTokens(validator, tokens), delegatorShares: left.toProto() }, tokens };
}

export function removeTokens(validator: Validator, tokens: bigint): Validator {
  const left = tokensOf(validator) - tokens;
  assert(tokens >= 0n && left >= 0n, `${validator.operatorAddress} has ${validator.tokens} tokens, ${tokens} were to be removed`);
  return { ...validator, tokens: left.toString() };
}

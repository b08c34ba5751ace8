/** F1 fee distribution: periods of validators, and what a delegation earned between two of them. */
import { addressText, moduleAddress } from "../../codec/address.ts";
import { concatBytes } from "../../codec/bytes.ts";
import { Dec } from "../../math/dec.ts";
import { bytesKey, uint64Key } from "../../runtime/collections.ts";
import { coinsText, type Money } from "../../runtime/coins.ts";
import { assert, fail, sdkErrors } from "../../runtime/errors.ts";
import { addDec, fromWireDec, intersectDec, mulDecTruncate, noDecCoins, quoDecTruncate, subDec, toWireDec, truncateDec, type DecCoins } from "./dec-coins.ts";
import { errors } from "./errors.ts";
import { books, feePool, historical, slashEvents, startingInfos, withdrawAddresses, type Book } from "./state.ts";
import type { Validator } from "../../codec/gen/cosmos/staking/v1beta1/staking.ts";
import type { Context } from "../../runtime/context.ts";
import type { AccountsPort } from "../auth/ports.ts";
import type { BankPort } from "../bank/ports.ts";
import type { DelegationView, StakingPort } from "../staking/validators/ports.ts";

/** What distribution needs of others. */
export interface Keeper {
  readonly bank: Pick<BankPort, "balance" | "balances" | "send" | "isBlocked">;
  readonly accounts: Pick<AccountsPort, "moduleAccount">;
  readonly staking: StakingPort;
}

export const moduleName = "distribution";
export const account: Uint8Array = moduleAddress(moduleName);

const tokensOf = ({ tokens }: Validator): bigint => BigInt(tokens);

export function bookOf(ctx: Context, operator: Uint8Array): Book {
  const book = books.find(ctx, operator);
  assert(book !== undefined, "a validator without records of its rewards");
  return book;
}

export function addToPool(ctx: Context, coins: DecCoins): void {
  if (coins.length > 0) feePool.set(ctx, { communityPool: toWireDec(addDec(fromWireDec(feePool.get(ctx).communityPool), coins)) });
}

/** Pays coins of the module's account to where this account wants its rewards. Fails with sdk 4 where that is a module's account. */
export function payOut({ bank }: Keeper, ctx: Context, owner: Uint8Array, coins: readonly Money[]): void {
  if (coins.length === 0) return;
  const to = withdrawAddresses.find(ctx, owner) ?? owner;
  if (bank.isBlocked(to)) fail(sdkErrors.unauthorized, `${addressText(to)} is not allowed to receive funds`);
  bank.send(ctx, account, to, coins);
}

export function initializeValidator(ctx: Context, operator: Uint8Array): void {
  historical.set(ctx, [operator, 0n], { cumulativeRewardRatio: [], referenceCount: 1 });
  books.set(ctx, operator, { outstanding: noDecCoins, commission: noDecCoins, rewards: noDecCoins, period: 1n });
}

/** The cumulative ratio of rewards to tokens at the end of a period. */
export function ratioAt(ctx: Context, operator: Uint8Array, period: bigint): DecCoins {
  const found = historical.find(ctx, [operator, period]);
  assert(found !== undefined, `period ${period} is referred to and gone`);
  return fromWireDec(found.cumulativeRewardRatio);
}

/** The cumulative ratio of rewards to tokens as it is when the running period ends now; of tokens nobody has there are no rewards. */
export function endingRatio(ctx: Context, operator: Uint8Array, validator: Validator, book: Book): DecCoins {
  const before = ratioAt(ctx, operator, book.period - 1n);
  return tokensOf(validator) === 0n ? before : addDec(before, quoDecTruncate(book.rewards, Dec.fromInt(tokensOf(validator))));
}

/** Ends the running period and begins the next; gives the one that ended. */
export function incrementPeriod(ctx: Context, operator: Uint8Array, validator: Validator): { readonly period: bigint; readonly ratio: DecCoins; readonly book: Book } {
  const before = bookOf(ctx, operator);
  const ratio = endingRatio(ctx, operator, validator, before);
  let { outstanding } = before;
  if (tokensOf(validator) === 0n) {
    addToPool(ctx, before.rewards);
    outstanding = subDec(outstanding, before.rewards);
  }
  release(ctx, operator, before.period - 1n);
  historical.set(ctx, [operator, before.period], { cumulativeRewardRatio: toWireDec(ratio), referenceCount: 1 });
  const book = { outstanding, commission: before.commission, rewards: noDecCoins, period: before.period + 1n };
  books.set(ctx, operator, book);
  return { period: before.period, ratio, book };
}

function retain(ctx: Context, operator: Uint8Array, period: bigint): void {
  const found = historical.find(ctx, [operator, period]);
  assert(found !== undefined && found.referenceCount <= 2, "a period is referred to more than thrice");
  historical.set(ctx, [operator, period], { ...found, referenceCount: found.referenceCount + 1 });
}

function release(ctx: Context, operator: Uint8Array, period: bigint): void {
  const found = historical.find(ctx, [operator, period]);
  assert(found !== undefined && found.referenceCount > 0, "a period that nobody refers to is released");
  if (found.referenceCount === 1) historical.remove(ctx, [operator, period]);
  else historical.set(ctx, [operator, period], { ...found, referenceCount: found.referenceCount - 1 });
}

/** Notes what a delegation is worth from the period on that ended last. */
export function initializeDelegation({ staking }: Keeper, ctx: Context, delegator: Uint8Array, operator: Uint8Array): void {
  const previousPeriod = bookOf(ctx, operator).period - 1n;
  retain(ctx, operator, previousPeriod);
  const validator = staking.find(ctx, operator);
  const delegation = staking.delegation(ctx, delegator, operator);
  assert(validator !== undefined && delegation !== undefined, "a delegation begins that is not there");
  const stake = delegation.shares.mulInt(tokensOf(validator)).quoTruncate(Dec.fromProto(validator.delegatorShares));
  startingInfos.set(ctx, [operator, delegator], { previousPeriod, stake: stake.toProto(), height: ctx.height });
}

/** What rounding may make a stake that is slashed period by period greater than one that is computed at once. */
const marginOfError = Dec.fromAtomics(3n);

/** All that a delegation earned up to a period that ends with this ratio. Fails with distribution 5 where nothing is known of it. */
export function delegationRewards(ctx: Context, validator: Validator, { delegator, operator, shares }: DelegationView, ending: DecCoins): DecCoins {
  const info = startingInfos.find(ctx, [operator, delegator]) ?? fail(errors.noDelegationInfo);
  if (info.height === ctx.height) return noDecCoins;
  let period = info.previousPeriod;
  let ratio = ratioAt(ctx, operator, period);
  let stake = Dec.fromProto(info.stake);
  let rewards = noDecCoins;
  const within = bytesKey.encode(operator);
  const range = { within, from: concatBytes(within, uint64Key.encode(info.height)), to: concatBytes(within, uint64Key.encode(ctx.height + 1n)) };
  for (const [, { validatorPeriod, fraction }] of slashEvents.entries(ctx, range)) {
    if (validatorPeriod <= period) continue;
    const next = ratioAt(ctx, operator, validatorPeriod);
    rewards = addDec(rewards, mulDecTruncate(subDec(next, ratio), stake));
    stake = stake.mulTruncate(Dec.one.sub(Dec.fromProto(fraction)));
    period = validatorPeriod;
    ratio = next;
  }
  const current = shares.mulInt(tokensOf(validator)).quo(Dec.fromProto(validator.delegatorShares));
  if (stake.gt(current)) {
    assert(stake.lte(current.add(marginOfError)), `a delegation's stake comes out as ${stake.toString()}, it is ${current.toString()}`);
    stake = current;
  }
  return addDec(rewards, mulDecTruncate(subDec(ending, ratio), stake));
}

/** Pays what a delegation earned, whole coins of it, the rest to the community pool; its starting info goes. Gives what was paid, a zero coin where nothing was. */
export function withdrawRewards(keeper: Keeper, ctx: Context, validator: Validator, delegation: DelegationView): readonly Money[] {
  const { delegator, operator } = delegation;
  const info = startingInfos.find(ctx, [operator, delegator]) ?? fail(errors.noDelegationInfo);
  const { ratio, book } = incrementPeriod(ctx, operator, validator);
  const rewards = intersectDec(delegationRewards(ctx, validator, delegation, ratio), book.outstanding);
  const { whole, rest } = truncateDec(rewards);
  payOut(keeper, ctx, delegator, whole);
  if (rewards.length > 0) books.set(ctx, operator, { ...book, outstanding: subDec(book.outstanding, rewards) });
  addToPool(ctx, rest);
  release(ctx, operator, info.previousPeriod);
  startingInfos.remove(ctx, [operator, delegator]);
  const paid = whole.length > 0 ? whole : [{ denom: keeper.staking.bondDenom(ctx), amount: 0n }];
  ctx.emit("withdraw_rewards", [["amount", coinsText(paid)], ["validator", validator.operatorAddress], ["delegator", addressText(delegator)]]);
  return paid;
}

/** A slash: what came before it was earned with the whole stake. */
export function recordSlash(ctx: Context, operator: Uint8Array, validator: Validator, fraction: Dec): void {
  assert(!fraction.isNegative && fraction.lte(Dec.one), `a slash of ${fraction.toString()} is not between 0 and 1`);
  const { period } = incrementPeriod(ctx, operator, validator);
  retain(ctx, operator, period);
  slashEvents.set(ctx, [operator, ctx.height, period], { validatorPeriod: period, fraction: fraction.toProto() });
}

/** A validator that ended: its commission is paid, what rounding left goes to the community pool, its records go. */
export function closeValidator(keeper: Keeper, ctx: Context, operator: Uint8Array): void {
  const { outstanding, commission } = bookOf(ctx, operator);
  const { whole, rest } = truncateDec(commission);
  payOut(keeper, ctx, operator, whole);
  addToPool(ctx, addDec(subDec(outstanding, commission), rest));
  books.remove(ctx, operator);
  const within = bytesKey.encode(operator);
  for (const [key] of [...slashEvents.entries(ctx, { within })]) slashEvents.remove(ctx, key);
  for (const [key] of [...historical.entries(ctx, { within })]) historical.remove(ctx, key);
}

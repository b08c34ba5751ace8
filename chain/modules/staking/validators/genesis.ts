/** Genesis of staking: what an SDK chain exports, unbonding and redelegating stake included. */
import { GenesisState } from "../../../codec/gen/cosmos/staking/v1beta1/genesis.ts";
import { BondStatus, type Validator } from "../../../codec/gen/cosmos/staking/v1beta1/staking.ts";
import { addressBytes, addressText, moduleAddress, prefixes } from "../../../codec/address.ts";
import { fromUtf8, utf8 } from "../../../codec/bytes.ts";
import { Dec } from "../../../math/dec.ts";
import { maxInt } from "../../../math/int.ts";
import { readAmount } from "../../../runtime/coins.ts";
import { bytesKey } from "../../../runtime/collections.ts";
import { isShowable, nanosOf } from "../../../runtime/time-text.ts";
import { addValidator, bondedPool, consensusAddress, isBonded, notBondedPool, operatorBytes, type Keeper } from "./keeper.ts";
import { defaultParams, paramsFault, powerReduction, readDec } from "./params.ts";
import { setRedelegation } from "./redelegation.ts";
import { delegations, delegatorMark, delegatorsOf, lastPowers, lastTotalPower, lastUnbondingId, params, redelegationQueue, redelegations, setChanged, unbondingQueue, unbondings, validatorQueue, validators } from "./state.ts";
import { setUnbonding } from "./unbonding.ts";
import { queueKey } from "./validator-set.ts";
import type { Timestamp } from "../../../codec/gen/google/protobuf/timestamp.ts";
import type { Context } from "../../../runtime/context.ts";
import type { Genesis } from "../../../runtime/module.ts";
import type { AccountsPort } from "../../auth/ports.ts";
import type { BankPort } from "../../bank/ports.ts";

export function validatorsGenesis({ bank, hooks }: Keeper, accounts: AccountsPort): Genesis<GenesisState> {
  return {
    type: GenesisState,
    defaults: () => ({
      params: defaultParams(), lastTotalPower: utf8("0"), lastValidatorPowers: [], validators: [], delegations: [], unbondingDelegations: [], redelegations: [], exported: false,
    }),
    check,
    init(ctx, state) {
      const values = state.params ?? defaultParams();
      params.set(ctx, values);
      lastTotalPower.set(ctx, { int: state.lastTotalPower.length === 0 ? "0" : fromUtf8(state.lastTotalPower) });
      for (const validator of state.validators) {
        const operator = operatorBytes(validator.operatorAddress);
        addValidator(ctx, operator, validator);
        if (validator.status === BondStatus.BOND_STATUS_UNBONDING) validatorQueue.set(ctx, queueKey(operator, validator), true);
        if (!state.exported) hooks.afterValidatorCreated(ctx, operator);
      }
      for (const delegation of state.delegations) {
        const [delegator, operator] = [addressBytes(delegation.delegatorAddress), operatorBytes(delegation.validatorAddress)];
        if (!state.exported) hooks.beforeDelegationCreated(ctx, delegator, operator);
        delegations.set(ctx, [delegator, operator], delegation);
        delegatorsOf.set(ctx, [operator, delegator], delegatorMark);
        if (!state.exported) hooks.afterDelegationModified(ctx, delegator, operator);
      }
      for (const { delegatorAddress, validatorAddress, entries } of state.unbondingDelegations) {
        const [delegator, operator] = [addressBytes(delegatorAddress), operatorBytes(validatorAddress)];
        setUnbonding(ctx, delegator, operator, entries, undefined);
        for (const { completionTime } of entries) unbondingQueue.set(ctx, [nanosOf(completionTime!), delegator, operator], true);
      }
      for (const { delegatorAddress, validatorSrcAddress, validatorDstAddress, entries } of state.redelegations) {
        const [delegator, source, destination] = [addressBytes(delegatorAddress), operatorBytes(validatorSrcAddress), operatorBytes(validatorDstAddress)];
        setRedelegation(ctx, delegator, source, destination, entries, undefined);
        for (const { completionTime } of entries) redelegationQueue.set(ctx, [nanosOf(completionTime!), [delegator, source, destination]], true);
      }
      const newest = newestId(state);
      if (newest > 0n) lastUnbondingId.set(ctx, newest);
      if (state.exported) for (const { address, power } of state.lastValidatorPowers) lastPowers.set(ctx, operatorBytes(address), power);
      // Where all of the set are jailed it stays until another can take its place (STAKING-7): the next block looks again.
      if (state.exported) setChanged.set(ctx, true);
      for (const pool of [bondedPool, notBondedPool]) accounts.moduleAccount(ctx, pool);
      const fault = poolFault(ctx, bank) ?? sharesFault(ctx) ?? supplyFault(ctx, bank);
      if (fault !== undefined) throw new Error(fault);
      if (state.exported) hooks.afterImport(ctx);
    },
    export: (ctx) => ({
      params: params.get(ctx),
      lastTotalPower: utf8(lastTotalPower.find(ctx)?.int ?? "0"),
      lastValidatorPowers: [...lastPowers.entries(ctx)].map(([operator, power]) => ({ address: addressText(operator, prefixes.validator), power })),
      validators: [...validators.entries(ctx)].map(([, validator]) => validator),
      delegations: [...delegations.entries(ctx)].map(([, delegation]) => delegation),
      unbondingDelegations: [...unbondings.entries(ctx)].map(([, unbonding]) => unbonding),
      redelegations: [...redelegations.entries(ctx)].map(([, redelegation]) => redelegation),
      exported: true,
    }),
  };
}

/** The section has no counter of its own: the greatest id in it. */
function newestId(state: GenesisState): bigint {
  let newest = 0n;
  for (const { unbondingIds } of state.validators) for (const id of unbondingIds) newest = maxInt(newest, id);
  for (const { entries } of [...state.unbondingDelegations, ...state.redelegations]) for (const { unbondingId } of entries) newest = maxInt(newest, unbondingId);
  return newest;
}

function check(state: GenesisState): void {
  const fault = paramsFault(state.params ?? defaultParams());
  if (fault !== undefined) throw new Error(fault);
  const inSet = state.exported ? state.lastValidatorPowers.map(({ address }) => address) : [];
  const powers = new Set(inSet);
  if (state.lastTotalPower.length > 0 && readAmount(fromUtf8(state.lastTotalPower)) === undefined) throw new Error("last total power is no whole number");
  for (const { address, power } of state.lastValidatorPowers) if (power <= 0n) throw new Error(`${address} has ${power} as its last power: a validator of the set has power above 0`);
  const seen = new Set<string>();
  const keys = new Set<string>();
  for (const validator of state.validators) {
    const { operatorAddress, jailed } = validator;
    operatorBytes(operatorAddress);
    if (seen.has(operatorAddress)) throw new Error(`duplicate validator in genesis state: moniker and operator ${operatorAddress}`);
    seen.add(operatorAddress);
    if (validator.consensusPubkey === undefined) throw new Error(`validator ${operatorAddress} has no consensus key`);
    const key = addressText(consensusAddress(validator), prefixes.consensus);
    if (keys.has(key)) throw new Error(`two validators in genesis state have the consensus key of ${key}`);
    keys.add(key);
    if (jailed && isBonded(validator) && !state.exported) throw new Error(`validator is bonded and jailed in genesis state: ${operatorAddress}`);
    if (isBonded(validator) !== powers.has(operatorAddress)) {
      throw new Error(`validator ${operatorAddress} is ${isBonded(validator) ? "bonded, but has no last power" : "not bonded, but has a last power"}: only an exported section has bonded validators, each with its last power`);
    }
    checkValidator(validator);
  }
  for (const address of inSet) if (!seen.has(address)) throw new Error(`${address} has a last power, but is no validator of this section`);
  const found = new Set<string>();
  const once = (what: string): void => {
    if (found.has(what)) throw new Error(`${what} stands twice in the section`);
    found.add(what);
  };
  for (const { delegatorAddress, validatorAddress, shares } of state.delegations) {
    addressBytes(delegatorAddress);
    once(`delegation of ${delegatorAddress} to ${validatorAddress}`);
    if (!seen.has(validatorAddress)) throw new Error(`delegation to ${validatorAddress}, which is no validator of this section`);
    if (readDec(shares)?.isPositive !== true) throw new Error(`delegation of ${delegatorAddress} to ${validatorAddress} has no shares: ${shares.slice(0, 80)}`);
  }
  for (const { delegatorAddress, validatorAddress, entries } of state.unbondingDelegations) {
    addressBytes(delegatorAddress);
    operatorBytes(validatorAddress);
    once(`unbonding delegation of ${delegatorAddress} from ${validatorAddress}`);
    checkEntries(`unbonding delegation of ${delegatorAddress} from ${validatorAddress}`, entries);
    for (const { balance } of entries) if ((readAmount(balance) ?? -1n) < 0n) throw new Error(`unbonding delegation of ${delegatorAddress}: balance ${balance.slice(0, 80)}`);
  }
  for (const { delegatorAddress, validatorSrcAddress, validatorDstAddress, entries } of state.redelegations) {
    addressBytes(delegatorAddress);
    operatorBytes(validatorSrcAddress);
    operatorBytes(validatorDstAddress);
    once(`redelegation of ${delegatorAddress} from ${validatorSrcAddress} to ${validatorDstAddress}`);
    checkEntries(`redelegation of ${delegatorAddress} from ${validatorSrcAddress}`, entries);
    for (const { sharesDst } of entries) if (readDec(sharesDst)?.isNegative !== false) throw new Error(`redelegation of ${delegatorAddress}: shares ${sharesDst.slice(0, 80)}`);
  }
}

function checkValidator({ operatorAddress, status, tokens, delegatorShares, minSelfDelegation, unbondingTime, unbondingHeight, unbondingOnHoldRefCount, description, commission }: Validator): void {
  const complain = (what: string): never => {
    throw new Error(`validator ${operatorAddress} ${what}`);
  };
  if (status < BondStatus.BOND_STATUS_UNBONDED || status > BondStatus.BOND_STATUS_BONDED) complain(`has status ${status}`);
  if ((readAmount(tokens) ?? -1n) < 0n || (readAmount(minSelfDelegation) ?? -1n) < 0n) complain("has an amount that is no whole number from 0");
  if (readDec(delegatorShares)?.isNegative !== false) complain(`has ${delegatorShares.slice(0, 80)} shares`);
  if (unbondingTime === undefined || !isQueueable(unbondingTime) || unbondingHeight < 0n) complain("has no time and height of unbonding");
  if (unbondingOnHoldRefCount !== 0n) complain("is on hold: nothing here releases it, let it go on the old chain before the export");
  const rates = commission?.commissionRates;
  if (description === undefined || commission?.updateTime === undefined || !isShowable(commission.updateTime) || rates === undefined) complain("has no description or no commission");
  for (const rate of [rates!.rate, rates!.maxRate, rates!.maxChangeRate]) {
    const value = readDec(rate);
    if (value === undefined || value.isNegative || value.gt(Dec.one)) complain(`has a commission rate that is not between 0 and 1: ${rate.slice(0, 80)}`);
  }
}

function checkEntries(what: string, entries: readonly { readonly completionTime: Timestamp | undefined; readonly creationHeight: bigint; readonly initialBalance: string; readonly unbondingOnHoldRefCount: bigint }[]): void {
  if (entries.length === 0) throw new Error(`${what} has no entries`);
  for (const { completionTime, creationHeight, initialBalance, unbondingOnHoldRefCount } of entries) {
    if (completionTime === undefined || !isQueueable(completionTime) || creationHeight < 0n) throw new Error(`${what} has an entry without a time of completion or a height`);
    if ((readAmount(initialBalance) ?? -1n) < 0n) throw new Error(`${what} has an initial balance of ${initialBalance.slice(0, 80)}`);
    if (unbondingOnHoldRefCount !== 0n) throw new Error(`${what} is on hold: nothing here releases it, let it go on the old chain before the export`);
  }
}

/** The queues are in order of unsigned nanoseconds. */
const isQueueable = (time: Timestamp): boolean => isShowable(time) && time.seconds >= 0n && nanosOf(time) < 1n << 64n;

/** STAKING-1: the bonded pool holds exactly the tokens of bonded validators, the other one those of the others and what unbonds. */
export function poolFault(ctx: Context, bank: BankPort): string | undefined {
  const { bondDenom } = params.get(ctx);
  let bonded = 0n;
  let notBonded = 0n;
  for (const [, validator] of validators.entries(ctx)) {
    if (isBonded(validator)) bonded += BigInt(validator.tokens);
    else notBonded += BigInt(validator.tokens);
  }
  for (const [, { entries }] of unbondings.entries(ctx)) for (const { balance } of entries) notBonded += BigInt(balance);
  for (const [pool, sum, words] of [[bondedPool, bonded, "bonded"], [notBondedPool, notBonded, "not bonded"]] as const) {
    const held = bank.balance(ctx, moduleAddress(pool), bondDenom);
    if (held !== sum) return `${words} pool balance is different from ${words} coins: ${held}${bondDenom} <-> ${sum}${bondDenom}`;
  }
  return undefined;
}

/** STAKING-2: a validator's shares are those of its delegations, each above zero. */
export function sharesFault(ctx: Context): string | undefined {
  for (const [operator, validator] of validators.entries(ctx)) {
    let sum = Dec.zero;
    for (const [[, delegator]] of delegatorsOf.entries(ctx, { within: bytesKey.encode(operator) })) {
      const shares = Dec.fromProto(delegations.find(ctx, [delegator, operator])?.shares ?? "0");
      if (!shares.isPositive) return `a delegation to ${validator.operatorAddress} has ${shares.toString()} shares`;
      sum = sum.add(shares);
    }
    if (!sum.eq(Dec.fromProto(validator.delegatorShares))) return `${validator.operatorAddress} has ${Dec.fromProto(validator.delegatorShares).toString()} shares, its delegations ${sum.toString()}`;
  }
  return undefined;
}

/** CometBFT counts the power of the whole set in 60 bits. */
const mostPower = 1n << 59n;

function supplyFault(ctx: Context, bank: BankPort): string | undefined {
  const { bondDenom } = params.get(ctx);
  const supply = bank.supply(ctx, bondDenom);
  return supply / powerReduction > mostPower ? `the supply of ${bondDenom} is ${supply}: staked, it would be more power than CometBFT counts, at most ${mostPower * powerReduction}` : undefined;
}

/** What must hold of validators and delegations at every height. */
import { nanosOf } from "../../../runtime/time-text.ts";
import { poolFault, sharesFault } from "./genesis.ts";
import { heightsOf, partiesOf } from "./unbonding.ts";
import { consensusAddress, isBonded, operatorBytes, powerOf } from "./keeper.ts";
import {
  byConsensusAddress, byPower, delegations, delegatorsOf, historyRecords, lastPowers, params, redelegationHeights, redelegationQueue, redelegations, redelegationsFrom, redelegationsTo, setChanged, touched, unbondingHeights, unbondingQueue, unbondings,
  unbondingsOf, validatorQueue, validators,
} from "./state.ts";
import { bytesKey, type MapOf } from "../../../runtime/collections.ts";
import { queueKey, strongest } from "./validator-set.ts";
import { BondStatus } from "../../../codec/gen/cosmos/staking/v1beta1/staking.ts";
import { addressBytes } from "../../../codec/address.ts";
import { equalBytes } from "../../../codec/bytes.ts";
import type { Context } from "../../../runtime/context.ts";
import type { BankPort } from "../../bank/ports.ts";

export function validatorInvariants(bank: BankPort): Record<string, (ctx: Context) => string | undefined> {
  return {
    "pools-hold-stakes": (ctx) => poolFault(ctx, bank),
    "shares-sum": shares,
    "power-index": powerIndex,
    "set": signingSet,
    "unbonding-queues": queues,
    "history": history,
  };
}

const count = <K, V>(ctx: Context, collection: MapOf<K, V>): number => [...collection.entries(ctx)].length;

function shares(ctx: Context): string | undefined {
  return sharesFault(ctx) ?? (count(ctx, delegations) === count(ctx, delegatorsOf) ? undefined : "delegations and their index by validator differ");
}

/** STAKING-4: the power index has each validator that is not jailed, once, at its power. */
function powerIndex(ctx: Context): string | undefined {
  let expected = 0;
  for (const [operator, validator] of validators.entries(ctx)) {
    const signs = byConsensusAddress.find(ctx, consensusAddress(validator));
    if (signs === undefined || !equalBytes(signs, operator)) return `the consensus address of ${validator.operatorAddress} leads elsewhere`;
    if (validator.jailed) continue;
    expected++;
    if (!byPower.has(ctx, [powerOf(validator), operator])) return `${validator.operatorAddress} is not in the power index at ${powerOf(validator)}`;
  }
  const indexed = count(ctx, byPower);
  return indexed === expected ? undefined : `${indexed} entries in the power index for ${expected} validators`;
}

/** STAKING-3: bonded validators are the set that CometBFT was told, and no change of it is left undone but one that would empty it. */
function signingSet(ctx: Context): string | undefined {
  for (const [operator, validator] of validators.entries(ctx)) {
    if (isBonded(validator) !== lastPowers.has(ctx, operator)) return `${validator.operatorAddress} is ${isBonded(validator) ? "bonded without being" : "not bonded, but is"} in the set`;
  }
  if (setChanged.find(ctx) !== undefined) return undefined;
  const set = strongest(ctx, params.get(ctx).maxValidators);
  for (const { operator, power } of set) if (lastPowers.find(ctx, operator) !== power) return `CometBFT was told ${lastPowers.find(ctx, operator) ?? 0n} of a validator with power ${power}`;
  return count(ctx, lastPowers) === set.length ? undefined : `the set has ${set.length} validators, CometBFT was told ${count(ctx, lastPowers)}`;
}

/** STAKING-9: whatever waits stands in its queue and its indexes. */
function queues(ctx: Context): string | undefined {
  let waiting = 0;
  for (const [operator, validator] of validators.entries(ctx)) {
    if (validator.status !== BondStatus.BOND_STATUS_UNBONDING) continue;
    waiting++;
    if (!validatorQueue.has(ctx, queueKey(operator, validator))) return `${validator.operatorAddress} unbonds, but is not in the queue`;
  }
  if (count(ctx, validatorQueue) !== waiting) return `${count(ctx, validatorQueue)} validators in the queue, ${waiting} unbond`;
  let heights = 0;
  for (const [, unbonding] of unbondings.entries(ctx)) {
    const [delegator, operator] = partiesOf(unbonding);
    if (unbonding.entries.length === 0 || !unbondingsOf.has(ctx, [operator, delegator])) return `an unbonding delegation of ${unbonding.delegatorAddress} is empty or not indexed`;
    for (const { completionTime, balance } of unbonding.entries) {
      if (BigInt(balance) < 0n || !unbondingQueue.has(ctx, [nanosOf(completionTime!), delegator, operator])) return `${unbonding.delegatorAddress} unbonds ${balance} without a place in the queue`;
    }
    for (const height of heightsOf(unbonding.entries)) if (!unbondingHeights.has(ctx, [operator, height, delegator])) return `an unbonding delegation of ${unbonding.delegatorAddress} is not indexed at height ${height}`;
    heights += heightsOf(unbonding.entries).length;
  }
  if (count(ctx, unbondingsOf) !== count(ctx, unbondings) || count(ctx, unbondingHeights) !== heights) return "unbonding delegations and their indexes differ";
  heights = 0;
  for (const [, { delegatorAddress, validatorSrcAddress, validatorDstAddress, entries }] of redelegations.entries(ctx)) {
    const [delegator, source, destination] = [addressBytes(delegatorAddress), operatorBytes(validatorSrcAddress), operatorBytes(validatorDstAddress)];
    if (entries.length === 0 || !redelegationsFrom.has(ctx, [source, delegator, destination]) || !redelegationsTo.has(ctx, [destination, delegator, source])) return `a redelegation of ${delegatorAddress} is empty or not indexed`;
    for (const { completionTime } of entries) if (!redelegationQueue.has(ctx, [nanosOf(completionTime!), [delegator, source, destination]])) return `a redelegation of ${delegatorAddress} is not in the queue`;
    for (const height of heightsOf(entries)) if (!redelegationHeights.has(ctx, [[source, height], [delegator, destination]])) return `a redelegation of ${delegatorAddress} is not indexed at height ${height}`;
    heights += heightsOf(entries).length;
  }
  const indexed = [redelegationsFrom, redelegationsTo].every((index) => count(ctx, index) === count(ctx, redelegations)) && count(ctx, redelegationHeights) === heights;
  return indexed ? undefined : "redelegations and their indexes differ";
}

/** STAKING-12: the newest record of each validator says how the next block finds it. */
function history(ctx: Context): string | undefined {
  if (touched.first(ctx) !== undefined) return undefined;
  for (const [operator, validator] of validators.entries(ctx)) {
    const [, newest] = historyRecords.first(ctx, { within: bytesKey.encode(operator), reverse: true }) ?? [];
    const recorded = newest !== undefined && newest.operatorAddress !== "";
    if (recorded !== isBonded(validator)) return `${validator.operatorAddress} is ${recorded ? "recorded without being bonded" : "bonded without a record"}`;
    if (recorded && (newest.tokens !== validator.tokens || newest.delegatorShares !== validator.delegatorShares)) return `the newest record of ${validator.operatorAddress} has ${newest.tokens} tokens, it has ${validator.tokens}`;
  }
  return undefined;
}

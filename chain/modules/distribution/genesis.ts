/** Genesis of distribution, as an SDK chain exports it: the module's account holds what is owed. */
import { GenesisState } from "../../codec/gen/cosmos/distribution/v1beta1/genesis.ts";
import { addressBytes, addressText, prefixes } from "../../codec/address.ts";
import { Dec } from "../../math/dec.ts";
import { coinsText, sameCoins } from "../../runtime/coins.ts";
import { addDec, decCoinsFault, fromWireDec, noDecCoins, toWireDec, trySubDec, truncateDec } from "./dec-coins.ts";
import { account, moduleName, type Keeper } from "./keeper.ts";
import { defaultParams, paramsFault, readDec } from "./params.ts";
import { books, feePool, historical, params, previousProposer, slashEvents, startingInfos, withdrawAddresses, type Book } from "./state.ts";
import type { DecCoin } from "../../codec/gen/cosmos/base/v1beta1/coin.ts";
import type { Context } from "../../runtime/context.ts";
import type { Genesis } from "../../runtime/module.ts";

const operatorBytes = (text: string): Uint8Array => addressBytes(text, prefixes.validator);
const operatorText = (operator: Uint8Array): string => addressText(operator, prefixes.validator);

export function distributionGenesis({ bank, accounts }: Pick<Keeper, "bank" | "accounts">): Genesis<GenesisState> {
  return {
    type: GenesisState,
    defaults: () => ({
      params: defaultParams(), feePool: { communityPool: [] }, delegatorWithdrawInfos: [], previousProposer: "", outstandingRewards: [], validatorAccumulatedCommissions: [], validatorHistoricalRewards: [],
      validatorCurrentRewards: [], delegatorStartingInfos: [], validatorSlashEvents: [],
    }),
    check,
    init(ctx, state) {
      params.set(ctx, state.params ?? defaultParams());
      feePool.set(ctx, { communityPool: state.feePool?.communityPool ?? [] });
      for (const { delegatorAddress, withdrawAddress } of state.delegatorWithdrawInfos) withdrawAddresses.set(ctx, addressBytes(delegatorAddress), addressBytes(withdrawAddress));
      if (state.previousProposer !== "") previousProposer.set(ctx, addressBytes(state.previousProposer, prefixes.consensus));
      for (const [operator, book] of booksOf(state)) books.set(ctx, operatorBytes(operator), book);
      for (const { validatorAddress, period, rewards } of state.validatorHistoricalRewards) historical.set(ctx, [operatorBytes(validatorAddress), period], rewards!);
      for (const { validatorAddress, delegatorAddress, startingInfo } of state.delegatorStartingInfos) startingInfos.set(ctx, [operatorBytes(validatorAddress), addressBytes(delegatorAddress)], startingInfo!);
      for (const { validatorAddress, height, period, validatorSlashEvent } of state.validatorSlashEvents) slashEvents.set(ctx, [operatorBytes(validatorAddress), height, period], validatorSlashEvent!);
      accounts.moduleAccount(ctx, moduleName);
      const fault = accountFault(ctx, bank);
      if (fault !== undefined) throw new Error(fault);
    },
    export(ctx) {
      const all = Array.from(books.entries(ctx), ([operator, book]) => ({ validatorAddress: operatorText(operator), ...book }));
      const proposer = previousProposer.find(ctx);
      return {
        params: params.get(ctx),
        feePool: feePool.get(ctx),
        delegatorWithdrawInfos: Array.from(withdrawAddresses.entries(ctx), ([delegator, to]) => ({ delegatorAddress: addressText(delegator), withdrawAddress: addressText(to) })),
        previousProposer: proposer === undefined ? "" : addressText(proposer, prefixes.consensus),
        outstandingRewards: all.map(({ validatorAddress, outstanding }) => ({ validatorAddress, outstandingRewards: toWireDec(outstanding) })),
        validatorAccumulatedCommissions: all.map(({ validatorAddress, commission }) => ({ validatorAddress, accumulated: { commission: toWireDec(commission) } })),
        validatorHistoricalRewards: Array.from(historical.entries(ctx), ([[operator, period], rewards]) => ({ validatorAddress: operatorText(operator), period, rewards })),
        validatorCurrentRewards: all.map(({ validatorAddress, rewards, period }) => ({ validatorAddress, rewards: { rewards: toWireDec(rewards), period } })),
        delegatorStartingInfos: Array.from(startingInfos.entries(ctx), ([[operator, delegator], startingInfo]) => ({ delegatorAddress: addressText(delegator), validatorAddress: operatorText(operator), startingInfo })),
        validatorSlashEvents: Array.from(slashEvents.entries(ctx), ([[operator, height, period], validatorSlashEvent]) => ({ validatorAddress: operatorText(operator), height, period, validatorSlashEvent })),
      };
    },
  };
}

/** DISTRIBUTION-9: what the account holds is what is owed to validators and delegators and what the community pool has, whole coins of it. */
export function accountFault(ctx: Context, bank: Pick<Keeper["bank"], "balances">): string | undefined {
  let owed = fromWireDec(feePool.get(ctx).communityPool);
  for (const [, { outstanding }] of books.entries(ctx)) owed = addDec(owed, outstanding);
  const { whole } = truncateDec(owed);
  const held = bank.balances(ctx, account);
  return sameCoins(whole, held) ? undefined : `distribution module balance does not match the module holdings: ${coinsText(held)} <-> ${coinsText(whole)}`;
}

/** The three lists of a validator's sums as one record, by operator. */
function booksOf(state: GenesisState): (readonly [string, Book])[] {
  const out = new Map<string, Book>();
  for (const { validatorAddress, rewards } of state.validatorCurrentRewards) out.set(validatorAddress, { outstanding: noDecCoins, commission: noDecCoins, rewards: fromWireDec(rewards!.rewards), period: rewards!.period });
  for (const { validatorAddress, outstandingRewards } of state.outstandingRewards) change(out, validatorAddress, { outstanding: fromWireDec(outstandingRewards) });
  for (const { validatorAddress, accumulated } of state.validatorAccumulatedCommissions) change(out, validatorAddress, { commission: fromWireDec(accumulated!.commission) });
  return state.validatorCurrentRewards.map(({ validatorAddress }) => [validatorAddress, out.get(validatorAddress)!]);
}

function change(all: Map<string, Book>, operator: string, values: Partial<Book>): void {
  const found = all.get(operator);
  if (found === undefined) throw new Error(`${operator} has rewards or commission, but no current rewards`);
  all.set(operator, { ...found, ...values });
}

function check(state: GenesisState): void {
  const wanted = state.params ?? defaultParams();
  const fault = paramsFault(wanted);
  if (fault !== undefined) throw new Error(fault);
  requireCoins("the community pool", state.feePool?.communityPool ?? []);
  for (const { delegatorAddress, withdrawAddress } of state.delegatorWithdrawInfos) for (const text of [delegatorAddress, withdrawAddress]) addressBytes(text);
  if (state.previousProposer !== "") addressBytes(state.previousProposer, prefixes.consensus);
  for (const { validatorAddress, outstandingRewards } of state.outstandingRewards) requireCoins(`outstanding rewards of ${validatorAddress}`, outstandingRewards);
  for (const { validatorAddress, accumulated } of state.validatorAccumulatedCommissions) requireCoins(`commission of ${validatorAddress}`, accumulated?.commission ?? missing(`commission of ${validatorAddress}`));
  for (const { validatorAddress, rewards } of state.validatorCurrentRewards) {
    const what = `current rewards of ${validatorAddress}`;
    requireCoins(what, rewards?.rewards ?? missing(what));
    if (rewards!.period === 0n) throw new Error(`${what}: periods begin at 1`);
  }
  for (const { validatorAddress, period, rewards } of state.validatorHistoricalRewards) {
    const what = `historical rewards of ${validatorAddress} in period ${period}`;
    requireCoins(what, rewards?.cumulativeRewardRatio ?? missing(what));
    if (rewards!.referenceCount < 1) throw new Error(`${what}: nobody refers to them`);
  }
  for (const { delegatorAddress, validatorAddress, startingInfo } of state.delegatorStartingInfos) {
    const stake = readDec((startingInfo ?? missing(`the start of ${delegatorAddress} at ${validatorAddress}`)).stake);
    addressBytes(delegatorAddress);
    if (stake === undefined || stake.isNegative) throw new Error(`the start of ${delegatorAddress} at ${validatorAddress}: its stake is no positive decimal`);
  }
  for (const { validatorAddress, validatorSlashEvent } of state.validatorSlashEvents) {
    const fraction = readDec((validatorSlashEvent ?? missing(`a slash of ${validatorAddress}`)).fraction);
    if (fraction === undefined || fraction.isNegative || fraction.gt(Dec.one)) throw new Error(`a slash of ${validatorAddress} is not between 0 and 1`);
  }
  requireUnique(state);
  for (const [operator, { outstanding, commission, rewards }] of booksOf(state)) {
    operatorBytes(operator);
    if (trySubDec(outstanding, addDec(commission, rewards)) === undefined) throw new Error(`outstanding rewards of ${operator} are less than its commission and current rewards`);
  }
  requireReferences(state);
}

/** Each period has as many references as it is referred to by the running period, delegations and slashes. */
function requireReferences(state: GenesisState): void {
  const counts = new Map<string, number>();
  const refer = (operator: string, period: bigint): void => void counts.set(`${operator} ${period}`, (counts.get(`${operator} ${period}`) ?? 0) + 1);
  for (const { validatorAddress, rewards } of state.validatorCurrentRewards) refer(validatorAddress, rewards!.period - 1n);
  for (const { validatorAddress, startingInfo } of state.delegatorStartingInfos) refer(validatorAddress, startingInfo!.previousPeriod);
  for (const { validatorAddress, period } of state.validatorSlashEvents) refer(validatorAddress, period);
  for (const { validatorAddress, period, rewards } of state.validatorHistoricalRewards) {
    const key = `${validatorAddress} ${period}`;
    if ((counts.get(key) ?? 0) !== rewards!.referenceCount) throw new Error(`historical rewards of ${validatorAddress} in period ${period} have ${rewards!.referenceCount} references, ${counts.get(key) ?? 0} are in the section`);
    counts.delete(key);
  }
  if (counts.size > 0) throw new Error(`historical rewards of ${counts.size} periods are missing that the section refers to`);
}

function requireUnique(state: GenesisState): void {
  unique("withdraw address", state.delegatorWithdrawInfos.map((one) => one.delegatorAddress));
  unique("outstanding rewards", state.outstandingRewards.map((one) => one.validatorAddress));
  unique("commission", state.validatorAccumulatedCommissions.map((one) => one.validatorAddress));
  unique("current rewards", state.validatorCurrentRewards.map((one) => one.validatorAddress));
  unique("historical rewards", state.validatorHistoricalRewards.map((one) => `${one.validatorAddress} ${one.period}`));
  unique("start", state.delegatorStartingInfos.map((one) => `${one.delegatorAddress} ${one.validatorAddress}`));
  unique("slash", state.validatorSlashEvents.map((one) => `${one.validatorAddress} ${one.height} ${one.period}`));
}

function unique(what: string, keys: readonly string[]): void {
  const seen = new Set<string>();
  for (const key of keys) {
    if (seen.has(key)) throw new Error(`${what} of ${key} stands twice`);
    seen.add(key);
  }
}

function missing(what: string): never {
  throw new Error(`${what} are missing`);
}

function requireCoins(what: string, coins: readonly DecCoin[]): void {
  const fault = decCoinsFault(coins);
  if (fault !== undefined) throw new Error(`${what}: ${fault}`);
}

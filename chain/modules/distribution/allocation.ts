/** Begin of a block: the fees of the last one go to the validators of its commit, their delegators and the community pool. */
import { moduleAddress } from "../../codec/address.ts";
import { Dec } from "../../math/dec.ts";
import { addDec, decCoins, decCoinsText, mulDec, mulDecTruncate, subDec, type DecCoins } from "./dec-coins.ts";
import { account, addToPool, bookOf, type Keeper } from "./keeper.ts";
import { books, params, previousProposer } from "./state.ts";
import type { Validator } from "../../codec/gen/cosmos/staking/v1beta1/staking.ts";
import type { VoteInfo } from "../../codec/gen/tendermint/abci/types.ts";
import type { Context } from "../../runtime/context.ts";
import type { BlockInputs } from "../../runtime/module.ts";

const feeCollector = moduleAddress("fee_collector");

export const allocateFees = (keeper: Keeper) => (ctx: Context, { lastCommit }: BlockInputs): void => {
  if (ctx.height > 1n) allocate(keeper, ctx, lastCommit?.votes ?? []);
  previousProposer.set(ctx, ctx.header.proposer);
};

/** DISTRIBUTION-1: by voting power, whether a validator signed or not. */
export function allocate({ bank, staking }: Keeper, ctx: Context, votes: readonly VoteInfo[]): void {
  const collected = bank.balances(ctx, feeCollector);
  if (collected.length === 0) return;
  const fees = decCoins(collected);
  bank.send(ctx, feeCollector, account, collected);
  let total = 0n;
  for (const { validator } of votes) total += validator?.power ?? 0n;
  let rest = fees;
  if (total > 0n) {
    const shared = mulDecTruncate(fees, Dec.one.sub(Dec.fromProto(params.get(ctx).communityTax)));
    for (const { validator: voter } of votes) {
      const operator = voter === undefined ? undefined : staking.byConsensusAddress(ctx, voter.address);
      const validator = operator === undefined ? undefined : staking.find(ctx, operator);
      if (voter === undefined || operator === undefined || validator === undefined) continue;
      const reward = mulDecTruncate(shared, Dec.fromInt(voter.power).quoTruncate(Dec.fromInt(total)));
      allocateTo(ctx, operator, validator, reward);
      rest = subDec(rest, reward);
    }
  }
  addToPool(ctx, rest);
}

/** Coins that lie in the module's account already become a validator's commission and its delegators' rewards. */
export function allocateTo(ctx: Context, operator: Uint8Array, validator: Validator, coins: DecCoins): void {
  const commission = mulDec(coins, Dec.fromProto(validator.commission!.commissionRates!.rate));
  const book = bookOf(ctx, operator);
  ctx.emit("commission", [["amount", decCoinsText(commission)], ["validator", validator.operatorAddress]]);
  ctx.emit("rewards", [["amount", decCoinsText(coins)], ["validator", validator.operatorAddress]]);
  books.set(ctx, operator, { outstanding: addDec(book.outstanding, coins), commission: addDec(book.commission, commission), rewards: addDec(book.rewards, subDec(coins, commission)), period: book.period });
}

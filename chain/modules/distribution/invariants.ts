/** What must hold of rewards at every height. */
import { Dec } from "../../math/dec.ts";
import { addressBytes, addressText, prefixes } from "../../codec/address.ts";
import { addDec, noDecCoins, trySubDec } from "./dec-coins.ts";
import { accountFault } from "./genesis.ts";
import { delegationRewards, endingRatio, type Keeper } from "./keeper.ts";
import { books, historical, slashEvents, startingInfos } from "./state.ts";
import type { MapOf } from "../../runtime/collections.ts";
import type { Context } from "../../runtime/context.ts";

export function distributionInvariants({ bank, staking }: Keeper): Record<string, (ctx: Context) => string | undefined> {
  return {
    "module-account": (ctx) => accountFault(ctx, bank),

    /** DISTRIBUTION-9: whatever the order, everybody can withdraw. */
    "can-withdraw"(ctx) {
      for (const [operator, book] of books.entries(ctx)) {
        const validator = staking.find(ctx, operator);
        if (validator === undefined) return `${addressText(operator)} has rewards, and is no validator`;
        const ratio = Dec.fromProto(validator.delegatorShares).isZero ? noDecCoins : endingRatio(ctx, operator, validator, book);
        let owed = book.commission;
        for (const delegation of staking.delegationsTo(ctx, operator)) owed = addDec(owed, delegationRewards(ctx, validator, delegation, ratio));
        if (trySubDec(book.outstanding, owed) === undefined) return `${validator.operatorAddress} owes more than its outstanding rewards`;
      }
      return undefined;
    },

    /** DISTRIBUTION-4: a period is kept for as long as somebody refers to it, and no longer. */
    "reference-count"(ctx) {
      let references = 0;
      for (const [, { referenceCount }] of historical.entries(ctx)) references += referenceCount;
      const expected = count(ctx, books) + count(ctx, startingInfos) + count(ctx, slashEvents);
      return references === expected ? undefined : `${references} references to historical rewards, ${expected} are expected`;
    },

    "records": (ctx) => recordsFault({ staking }, ctx),
  };
}

/** DISTRIBUTION-3: each validator has a record, each delegation a start, and nobody else. */
export function recordsFault({ staking }: Pick<Keeper, "staking">, ctx: Context): string | undefined {
  let delegations = 0;
  let validators = 0;
  for (const { operatorAddress } of staking.validators(ctx)) {
    const operator = addressBytes(operatorAddress, prefixes.validator);
    validators++;
    if (!books.has(ctx, operator)) return `${operatorAddress} has no record of its rewards`;
    for (const { delegator } of staking.delegationsTo(ctx, operator)) {
      delegations++;
      if (!startingInfos.has(ctx, [operator, delegator])) return `${addressText(delegator)} delegates to ${operatorAddress} without a start`;
    }
  }
  if (validators !== count(ctx, books)) return `${count(ctx, books)} records of rewards for ${validators} validators`;
  return delegations === count(ctx, startingInfos) ? undefined : `${count(ctx, startingInfos)} starts for ${delegations} delegations`;
}

const count = <K, V>(ctx: Context, collection: MapOf<K, V>): number => [...collection.entries(ctx)].length;

/** The community pool. */
import { fail } from "../../runtime/errors.ts";
import { decCoins, fromWireDec, toWireDec, trySubDec } from "./dec-coins.ts";
import { errors } from "./errors.ts";
import { account, addToPool, type Keeper } from "./keeper.ts";
import { feePool } from "./state.ts";
import type { DistributionPort } from "./ports.ts";

export function distributionPort({ bank }: Keeper): DistributionPort {
  return {
    fundCommunityPool(ctx, from, coins) {
      bank.send(ctx, from, account, coins);
      addToPool(ctx, decCoins(coins));
    },
    spendCommunityPool(ctx, to, coins) {
      const rest = trySubDec(fromWireDec(feePool.get(ctx).communityPool), decCoins(coins)) ?? fail(errors.poolTooSmall);
      feePool.set(ctx, { communityPool: toWireDec(rest) });
      bank.send(ctx, account, to, coins);
    },
  };
}

/** Fees and rewards: what validators, their delegators and the community get. The SDK's `distribution`. */
import { MsgDefinition } from "../../codec/gen/cosmos/distribution/v1beta1/tx.ts";
import { defineModule, messageService, type Module } from "../../runtime/module.ts";
import { allocateFees } from "./allocation.ts";
import { errors } from "./errors.ts";
import { distributionGenesis } from "./genesis.ts";
import { distributionHooks } from "./hooks.ts";
import { distributionInvariants } from "./invariants.ts";
import { communityPoolSpend } from "./messages/community-pool-spend.ts";
import { depositValidatorRewardsPool } from "./messages/deposit-validator-rewards-pool.ts";
import { fundCommunityPool } from "./messages/fund-community-pool.ts";
import { setWithdrawAddress } from "./messages/set-withdraw-address.ts";
import { updateParams } from "./messages/update-params.ts";
import { withdrawDelegatorReward } from "./messages/withdraw-delegator-reward.ts";
import { withdrawValidatorCommission } from "./messages/withdraw-validator-commission.ts";
import { moduleName, type Keeper } from "./keeper.ts";
import { distributionPort } from "./pool.ts";
import { distributionQueries } from "./queries.ts";
import { storeName } from "./state.ts";
import type { DistributionPort } from "./ports.ts";
import type { StakingHooks } from "../staking/validators/ports.ts";

export function distributionModule(keeper: Keeper): { readonly module: Module; readonly distribution: DistributionPort; readonly hooks: StakingHooks } {
  const distribution = distributionPort(keeper);
  const module = defineModule({
    name: moduleName,
    stores: [storeName],
    consensusVersion: 3,
    messages: messageService(MsgDefinition, {
      setWithdrawAddress: setWithdrawAddress(keeper),
      withdrawDelegatorReward: withdrawDelegatorReward(keeper),
      withdrawValidatorCommission: withdrawValidatorCommission(keeper),
      fundCommunityPool: fundCommunityPool(distribution),
      updateParams,
      communityPoolSpend: communityPoolSpend(keeper, distribution),
      depositValidatorRewardsPool: depositValidatorRewardsPool(keeper),
    }),
    queries: distributionQueries(keeper),
    genesis: distributionGenesis(keeper),
    beginBlock: allocateFees(keeper),
    invariants: distributionInvariants(keeper),
    errors,
  });
  return { module, distribution, hooks: distributionHooks(keeper) };
}

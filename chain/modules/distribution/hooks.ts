/** What distribution does when staking changes: rewards are paid with the stake that earned them. */
import { assert } from "../../runtime/errors.ts";
import { recordsFault } from "./invariants.ts";
import { closeValidator, incrementPeriod, initializeDelegation, initializeValidator, recordSlash, withdrawRewards, type Keeper } from "./keeper.ts";
import type { Validator } from "../../codec/gen/cosmos/staking/v1beta1/staking.ts";
import type { Context } from "../../runtime/context.ts";
import type { StakingHooks } from "../staking/validators/ports.ts";

export function distributionHooks(keeper: Keeper): StakingHooks {
  const validatorOf = (ctx: Context, operator: Uint8Array): Validator => {
    const validator = keeper.staking.find(ctx, operator);
    assert(validator !== undefined, "staking speaks of a validator that it does not have");
    return validator;
  };
  return {
    afterImport(ctx) {
      const fault = recordsFault(keeper, ctx);
      if (fault !== undefined) throw new Error(`${fault}: app_state.distribution and app_state.staking are of one export`);
    },
    afterValidatorCreated: initializeValidator,
    afterValidatorRemoved: (ctx, _, operator) => closeValidator(keeper, ctx, operator),
    beforeValidatorSlashed: (ctx, operator, fraction) => recordSlash(ctx, operator, validatorOf(ctx, operator), fraction),
    beforeDelegationCreated: (ctx, _, operator) => void incrementPeriod(ctx, operator, validatorOf(ctx, operator)),
    beforeDelegationSharesModified(ctx, delegator, operator) {
      const delegation = keeper.staking.delegation(ctx, delegator, operator);
      assert(delegation !== undefined, "staking changes a delegation that it does not have");
      withdrawRewards(keeper, ctx, validatorOf(ctx, operator), delegation);
    },
    afterDelegationModified: (ctx, delegator, operator) => initializeDelegation(keeper, ctx, delegator, operator),
  };
}

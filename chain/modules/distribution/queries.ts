/** cosmos.distribution.v1beta1.Query. Rewards are what a withdrawal at this height would pay, with fractions. */
import { QueryDefinition } from "../../codec/gen/cosmos/distribution/v1beta1/query.ts";
import { AddressError, addressBytes, addressText, prefixes } from "../../codec/address.ts";
import { bytesKey } from "../../runtime/collections.ts";
import { QueryError } from "../../runtime/errors.ts";
import { queryService, type BoundQuery } from "../../runtime/module.ts";
import { paginate } from "../../runtime/queries.ts";
import { addDec, noDecCoins, toWireDec, type DecCoins } from "./dec-coins.ts";
import { bookOf, delegationRewards, endingRatio, type Keeper } from "./keeper.ts";
import { feePool, params, slashEvents, withdrawAddresses } from "./state.ts";
import type { Validator } from "../../codec/gen/cosmos/staking/v1beta1/staking.ts";
import type { Context } from "../../runtime/context.ts";
import type { DelegationView } from "../staking/validators/ports.ts";

export function distributionQueries({ staking }: Keeper): BoundQuery[] {
  const validatorAt = (ctx: Context, text: string): { readonly operator: Uint8Array; readonly validator: Validator } => {
    const operator = operatorOf(text);
    const validator = staking.find(ctx, operator);
    if (validator === undefined) throw new QueryError("Unknown", "validator does not exist");
    return { operator, validator };
  };
  const rewardsOf = (ctx: Context, validator: Validator, delegation: DelegationView): DecCoins =>
    delegationRewards(ctx, validator, delegation, endingRatio(ctx, delegation.operator, validator, bookOf(ctx, delegation.operator)));
  const delegationAt = (ctx: Context, delegator: Uint8Array, operator: Uint8Array): DelegationView => {
    const found = staking.delegation(ctx, delegator, operator);
    if (found === undefined) throw new QueryError("Unknown", "no delegation for (address, validator) tuple");
    return found;
  };
  return queryService(QueryDefinition, {
    params: (ctx) => ({ params: params.get(ctx) }),
    validatorDistributionInfo(ctx, { validatorAddress }) {
      const { operator, validator } = validatorAt(ctx, validatorAddress);
      const own = rewardsOf(ctx, validator, delegationAt(ctx, operator, operator));
      return { operatorAddress: addressText(operator), selfBondRewards: toWireDec(own), commission: toWireDec(bookOf(ctx, operator).commission) };
    },
    validatorOutstandingRewards(ctx, { validatorAddress }) {
      const { operator } = validatorAt(ctx, validatorAddress);
      return { rewards: { rewards: toWireDec(bookOf(ctx, operator).outstanding) } };
    },
    validatorCommission(ctx, { validatorAddress }) {
      const { operator } = validatorAt(ctx, validatorAddress);
      return { commission: { commission: toWireDec(bookOf(ctx, operator).commission) } };
    },
    validatorSlashes(ctx, { validatorAddress, startingHeight, endingHeight, pagination: page }) {
      const operator = operatorOf(validatorAddress);
      if (endingHeight < startingHeight) throw new QueryError("InvalidArgument", `starting height greater than ending height (${startingHeight} > ${endingHeight})`);
      const { items, pagination } = paginate(ctx, slashEvents, page, ([, height], event) => (height < startingHeight || height > endingHeight ? undefined : event), bytesKey.encode(operator));
      return { slashes: items, pagination };
    },
    delegationRewards(ctx, { delegatorAddress, validatorAddress }) {
      const delegator = delegatorOf(delegatorAddress);
      const { operator, validator } = validatorAt(ctx, validatorAddress);
      return { rewards: toWireDec(rewardsOf(ctx, validator, delegationAt(ctx, delegator, operator))) };
    },
    delegationTotalRewards(ctx, { delegatorAddress }) {
      let total = noDecCoins;
      const rewards = Array.from(staking.delegationsOf(ctx, delegatorOf(delegatorAddress)), (delegation) => {
        const validator = staking.find(ctx, delegation.operator)!;
        const reward = rewardsOf(ctx, validator, delegation);
        total = addDec(total, reward);
        return { validatorAddress: validator.operatorAddress, reward: toWireDec(reward) };
      });
      return { rewards, total: toWireDec(total) };
    },
    delegatorValidators(ctx, { delegatorAddress }) {
      return { validators: Array.from(staking.delegationsOf(ctx, delegatorOf(delegatorAddress)), ({ operator }) => addressText(operator, prefixes.validator)) };
    },
    delegatorWithdrawAddress(ctx, { delegatorAddress }) {
      const delegator = delegatorOf(delegatorAddress);
      return { withdrawAddress: addressText(withdrawAddresses.find(ctx, delegator) ?? delegator) };
    },
    communityPool: (ctx) => ({ pool: feePool.get(ctx).communityPool }),
  });
}

const operatorOf = (text: string): Uint8Array => read(text, prefixes.validator, "empty validator address");
const delegatorOf = (text: string): Uint8Array => read(text, prefixes.account, "empty delegator address");

function read(text: string, prefix: string, empty: string): Uint8Array {
  if (text === "") throw new QueryError("InvalidArgument", empty);
  try {
    return addressBytes(text, prefix);
  } catch (error) {
    if (error instanceof AddressError) throw new QueryError("Unknown", error.message);
    throw error;
  }
}

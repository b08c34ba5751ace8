/** Staking as the modules around it see it. */
import { moduleAddress } from "../../../codec/address.ts";
import { Dec } from "../../../math/dec.ts";
import { bytesKey } from "../../../runtime/collections.ts";
import { fail, failPlain } from "../../../runtime/errors.ts";
import { errors } from "./errors.ts";
import { bondedPool, jailValidator, setValidator, type Keeper } from "./keeper.ts";
import { slash } from "./slash.ts";
import { byConsensusAddress, byPower, delegations, delegatorsOf, lastPowers, params, validators } from "./state.ts";
import type { Delegation, Validator } from "../../../codec/gen/cosmos/staking/v1beta1/staking.ts";
import type { Context } from "../../../runtime/context.ts";
import type { DelegationView, StakingPort } from "./ports.ts";

export function stakingPort(keeper: Keeper): StakingPort {
  return {
    byConsensusAddress: (ctx, address) => byConsensusAddress.find(ctx, address),
    isValidator: (ctx, operator) => validators.has(ctx, operator),
    bondDenom: (ctx) => params.get(ctx).bondDenom,
    unbondingTime: (ctx) => params.get(ctx).unbondingTime!.seconds,
    maxValidators: (ctx) => params.get(ctx).maxValidators,
    find: (ctx, operator) => validators.find(ctx, operator),
    delegation(ctx, delegator, operator) {
      const found = delegations.find(ctx, [delegator, operator]);
      return found === undefined ? undefined : view(delegator, operator, found);
    },
    *delegationsOf(ctx, delegator) {
      for (const [[, operator], delegation] of delegations.entries(ctx, { within: bytesKey.encode(delegator) })) yield view(delegator, operator, delegation);
    },
    *delegationsTo(ctx, operator) {
      for (const [[, delegator]] of delegatorsOf.entries(ctx, { within: bytesKey.encode(operator) })) yield view(delegator, operator, delegations.find(ctx, [delegator, operator])!);
    },
    *validators(ctx) {
      for (const [, validator] of validators.entries(ctx)) yield validator;
    },
    *bondedByPower(ctx) {
      let left = params.get(ctx).maxValidators;
      for (const [[power, operator]] of byPower.entries(ctx, { reverse: true })) {
        if (power === 0n || left === 0) return;
        if (!lastPowers.has(ctx, operator)) continue;
        left--;
        yield validators.find(ctx, operator)!;
      }
    },
    totalBonded: (ctx) => keeper.bank.balance(ctx, moduleAddress(bondedPool), params.get(ctx).bondDenom),
    tokenSupply: (ctx) => keeper.bank.supply(ctx, params.get(ctx).bondDenom),
    slash: (ctx, consensus, infractionHeight, power, fraction) => slash(keeper, ctx, consensus, infractionHeight, power, fraction),
    jail(ctx, consensus) {
      const { operator, validator } = signer(ctx, consensus);
      if (validator.jailed) fail(errors.jailed);
      jailValidator(ctx, operator, validator);
    },
    unjail(ctx, consensus) {
      const { operator, validator } = signer(ctx, consensus);
      if (!validator.jailed) failPlain(`cannot unjail already unjailed validator, validator: ${validator.operatorAddress}`);
      setValidator(ctx, operator, { ...validator, jailed: false }, validator);
    },
  };
}

function view(delegator: Uint8Array, operator: Uint8Array, { shares }: Delegation): DelegationView {
  return { delegator, operator, shares: Dec.fromProto(shares) };
}

function signer(ctx: Context, consensus: Uint8Array): { readonly operator: Uint8Array; readonly validator: Validator } {
  const operator = byConsensusAddress.find(ctx, consensus) ?? fail(errors.noValidator);
  return { operator, validator: validators.find(ctx, operator)! };
}

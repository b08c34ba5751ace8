/** A delegation of one of the simulation's accounts, with an amount that it mostly has. */
import { params, delegations, validators } from "../state.ts";
import { operatorBytes } from "../keeper.ts";
import { tokensFromShares } from "../shares.ts";
import { Dec } from "../../../../math/dec.ts";
import type { Delegation } from "../../../../codec/gen/cosmos/staking/v1beta1/staking.ts";
import type { World } from "../../../../runtime/module.ts";
import type { WireCoin } from "../../../../runtime/coins.ts";

export function arbitraryDelegation({ ctx, accounts, random }: World): (Delegation & { readonly amount: WireCoin }) | undefined {
  const known = [...delegations.entries(ctx)].filter(([, { delegatorAddress }]) => accounts.includes(delegatorAddress));
  if (known.length === 0) return undefined;
  const [, delegation] = random.pick(known);
  const validator = validators.find(ctx, operatorBytes(delegation.validatorAddress))!;
  const worth = tokensFromShares(validator, Dec.fromProto(delegation.shares)).truncateInt();
  const amount = random.chance(20) ? worth : random.bigint(worth + worth / 10n + 2n);
  return { ...delegation, amount: { denom: params.get(ctx).bondDenom, amount: amount.toString() } };
}

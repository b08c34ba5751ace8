/** MsgUnbond: starts to take free bond out. Until it is paid, SLA credits can be taken out of it. */
import type { MsgUnbond, MsgUnbondResponse } from "../../../../codec/gen/dcm/staking/v1/tx.ts";
import { fail } from "../../../../runtime/errors.ts";
import type { MessageHandler } from "../../../../runtime/module.ts";
import { freeOf } from "../bond.ts";
import { bondAmount, checkAmount, operatorOf, signerOf } from "../checks.ts";
import { errors } from "../errors.ts";
import type { Keeper } from "../keeper.ts";
import { arbitraryOperator } from "../profile.ts";
import { params } from "../state.ts";

export function unbond(keeper: Keeper): MessageHandler<MsgUnbond, MsgUnbondResponse> {
  return {
    signers: signerOf,

    check(message) {
      operatorOf(message);
      checkAmount(message.amount, "amount");
    },

    execute(ctx, message) {
      const address = operatorOf(message);
      const { bond, liveness } = keeper.require(ctx, address);
      if (liveness.retiring) fail(errors.retiring);
      const amount = bondAmount(ctx, message.amount);
      const { minBond, maxUnbondingEntries } = params.get(ctx);
      if (amount > freeOf(bond)) fail(errors.notFree, { amount, free: freeOf(bond) });
      const stays = bond.total - bond.unbonding - amount;
      if (stays < BigInt(minBond)) fail(errors.bondTooSmall, { bond: stays, least: BigInt(minBond) });
      if (keeper.entries(ctx, address).length >= maxUnbondingEntries) fail(errors.tooManyUnbondings, { most: maxUnbondingEntries });
      const { id, dueTauMs } = keeper.startUnbonding(ctx, address, amount);
      keeper.changed(ctx, address);
      return { id, dueTauMs };
    },

    arbitrary(world) {
      const operator = arbitraryOperator(world);
      return operator === undefined ? undefined : { operator, amount: { denom: params.get(world.ctx).bondDenom, amount: String(1n + world.random.bigint(500_000n)) } };
    },
  };
}

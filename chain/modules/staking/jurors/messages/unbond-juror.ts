/** MsgUnbondJuror: starts to take free bond out. What cases lock stays where it is. */
import type { MsgUnbondJuror, MsgUnbondJurorResponse } from "../../../../codec/gen/dcm/juror/v1/tx.ts";
import { fail } from "../../../../runtime/errors.ts";
import type { MessageHandler } from "../../../../runtime/module.ts";
import { arbitraryJuror } from "../arbitrary.ts";
import { freeOf } from "../bond.ts";
import { bondAmount, checkAmount, jurorOf, signerOf } from "../checks.ts";
import { errors } from "../errors.ts";
import type { Keeper } from "../keeper.ts";
import { params } from "../state.ts";

export function unbondJuror(keeper: Keeper): MessageHandler<MsgUnbondJuror, MsgUnbondJurorResponse> {
  return {
    signers: signerOf,

    check(message) {
      jurorOf(message);
      checkAmount(message.amount, "amount");
    },

    execute(ctx, message) {
      const address = jurorOf(message);
      const bond = keeper.requireStaying(ctx, address);
      const amount = bondAmount(ctx, message.amount);
      if (amount > freeOf(bond)) fail(errors.notFree, { amount, free: freeOf(bond) });
      const [least, stays] = [keeper.minBond(ctx), bond.total - bond.unbonding - amount];
      if (stays < least) fail(errors.bondTooSmall, { bond: stays, least });
      const { maxUnbondingEntries } = params.get(ctx);
      if (keeper.entries(ctx, address).length >= maxUnbondingEntries) fail(errors.tooManyUnbondings, { most: maxUnbondingEntries });
      const { id, dueTauMs } = keeper.startUnbonding(ctx, address, amount);
      return { id, dueTauMs };
    },

    arbitrary(world) {
      const juror = arbitraryJuror(world);
      return juror === undefined ? undefined : { juror, amount: { denom: params.get(world.ctx).bondDenom, amount: String(1n + world.random.bigint(50_000n)) } };
    },
  };
}

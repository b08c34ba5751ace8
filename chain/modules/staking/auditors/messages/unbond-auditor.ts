/** MsgUnbondAuditor: starts to take bond out. It can be slashed until it is paid. */
import type { MsgUnbondAuditor, MsgUnbondAuditorResponse } from "../../../../codec/gen/dcm/auditor/v1/tx.ts";
import { fail } from "../../../../runtime/errors.ts";
import type { MessageHandler } from "../../../../runtime/module.ts";
import { arbitraryAuditor } from "../arbitrary.ts";
import { stays } from "../bond.ts";
import { auditorOf, bondAmount, checkAmount, signerOf } from "../checks.ts";
import { errors } from "../errors.ts";
import type { Keeper } from "../keeper.ts";
import { params } from "../state.ts";

export function unbondAuditor(keeper: Keeper): MessageHandler<MsgUnbondAuditor, MsgUnbondAuditorResponse> {
  return {
    signers: signerOf,

    check(message) {
      auditorOf(message);
      checkAmount(message.amount, "amount");
    },

    execute(ctx, message) {
      const address = auditorOf(message);
      const bond = keeper.requireStaying(ctx, address);
      const amount = bondAmount(ctx, message.amount);
      const least = keeper.minBond(ctx);
      if (stays(bond) - amount < least) fail(errors.bondTooSmall, { bond: stays(bond) - amount, least });
      const { maxUnbondingEntries } = params.get(ctx);
      if (keeper.entries(ctx, address).length >= maxUnbondingEntries) fail(errors.tooManyUnbondings, { most: maxUnbondingEntries });
      const { id, dueTauMs } = keeper.startUnbonding(ctx, address, amount);
      return { id, dueTauMs };
    },

    arbitrary(world) {
      const auditor = arbitraryAuditor(world);
      return auditor === undefined ? undefined : { auditor, amount: { denom: params.get(world.ctx).bondDenom, amount: String(1n + world.random.bigint(50_000n)) } };
    },
  };
}

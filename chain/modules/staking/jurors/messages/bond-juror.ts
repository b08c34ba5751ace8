/** MsgBondJuror: adds to the bond. */
import type { MsgBondJuror, MsgBondJurorResponse } from "../../../../codec/gen/dcm/juror/v1/tx.ts";
import type { MessageHandler } from "../../../../runtime/module.ts";
import { arbitraryJuror } from "../arbitrary.ts";
import { jurorOf, bondAmount, checkAmount, signerOf } from "../checks.ts";
import type { Keeper } from "../keeper.ts";
import { params } from "../state.ts";

export function bondJuror(keeper: Keeper): MessageHandler<MsgBondJuror, MsgBondJurorResponse> {
  return {
    signers: signerOf,

    check(message) {
      jurorOf(message);
      checkAmount(message.amount, "amount");
    },

    execute(ctx, message) {
      const address = jurorOf(message);
      keeper.requireStaying(ctx, address);
      const amount = bondAmount(ctx, message.amount);
      keeper.deposit(ctx, address, amount);
      keeper.emit(ctx, "JurorBonded", address, { amount: String(amount) });
      return {};
    },

    arbitrary(world) {
      const juror = arbitraryJuror(world);
      return juror === undefined ? undefined : { juror, amount: { denom: params.get(world.ctx).bondDenom, amount: String(1n + world.random.bigint(100_000n)) } };
    },
  };
}

/** MsgRetireJuror: the clean exit. It is drawn no more and all that is free unbonds; what cases lock follows as they close, and with the last payment the juror is gone. */
import type { MsgRetireJuror, MsgRetireJurorResponse } from "../../../../codec/gen/dcm/juror/v1/tx.ts";
import type { MessageHandler } from "../../../../runtime/module.ts";
import { arbitraryJuror } from "../arbitrary.ts";
import { jurorOf, signerOf } from "../checks.ts";
import type { Keeper } from "../keeper.ts";

export function retireJuror(keeper: Keeper): MessageHandler<MsgRetireJuror, MsgRetireJurorResponse> {
  return {
    signers: signerOf,

    check: (message) => void jurorOf(message),

    execute(ctx, message) {
      const address = jurorOf(message);
      const bond = keeper.requireStaying(ctx, address);
      keeper.setBond(ctx, address, { ...bond, retiring: true });
      keeper.emit(ctx, "JurorRetiring", address);
      keeper.drain(ctx, address);
      return {};
    },

    arbitrary(world) {
      const juror = arbitraryJuror(world);
      return juror === undefined || !world.random.chance(10) ? undefined : { juror };
    },
  };
}

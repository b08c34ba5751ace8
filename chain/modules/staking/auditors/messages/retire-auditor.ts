/** MsgRetireAuditor: the clean exit. Nothing that it signed counts any more, everything unbonds, and with the last payment the auditor is gone. */
import type { MsgRetireAuditor, MsgRetireAuditorResponse } from "../../../../codec/gen/dcm/auditor/v1/tx.ts";
import type { MessageHandler } from "../../../../runtime/module.ts";
import { arbitraryAuditor } from "../arbitrary.ts";
import { auditorOf, signerOf } from "../checks.ts";
import type { Keeper } from "../keeper.ts";

export function retireAuditor(keeper: Keeper): MessageHandler<MsgRetireAuditor, MsgRetireAuditorResponse> {
  return {
    signers: signerOf,

    check: (message) => void auditorOf(message),

    execute(ctx, message) {
      const address = auditorOf(message);
      const bond = keeper.requireStaying(ctx, address);
      keeper.setBond(ctx, address, { ...bond, retiring: true });
      keeper.emit(ctx, "AuditorRetiring", address);
      keeper.voidAll(ctx, address);
      keeper.drain(ctx, address);
      return {};
    },

    arbitrary(world) {
      const auditor = arbitraryAuditor(world);
      return auditor === undefined || !world.random.chance(10) ? undefined : { auditor };
    },
  };
}

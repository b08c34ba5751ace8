/** MsgBondAuditor: adds to the bond. */
import type { MsgBondAuditor, MsgBondAuditorResponse } from "../../../../codec/gen/dcm/auditor/v1/tx.ts";
import type { MessageHandler } from "../../../../runtime/module.ts";
import { arbitraryAuditor } from "../arbitrary.ts";
import { auditorOf, bondAmount, checkAmount, signerOf } from "../checks.ts";
import type { Keeper } from "../keeper.ts";
import { params } from "../state.ts";

export function bondAuditor(keeper: Keeper): MessageHandler<MsgBondAuditor, MsgBondAuditorResponse> {
  return {
    signers: signerOf,

    check(message) {
      auditorOf(message);
      checkAmount(message.amount, "amount");
    },

    execute(ctx, message) {
      const address = auditorOf(message);
      keeper.requireStaying(ctx, address);
      const amount = bondAmount(ctx, message.amount);
      keeper.deposit(ctx, address, amount);
      keeper.emit(ctx, "AuditorBonded", address, { amount: String(amount) });
      return {};
    },

    arbitrary(world) {
      const auditor = arbitraryAuditor(world);
      return auditor === undefined ? undefined : { auditor, amount: { denom: params.get(world.ctx).bondDenom, amount: String(1n + world.random.bigint(100_000n)) } };
    },
  };
}

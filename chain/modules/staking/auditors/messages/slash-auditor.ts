/** MsgSlashAuditor: governance burns a part of an auditor's bond, what is on its way out included. */
import type { MsgSlashAuditor, MsgSlashAuditorResponse } from "../../../../codec/gen/dcm/auditor/v1/tx.ts";
import { requireAuthority } from "../../../../runtime/addresses.ts";
import { fail } from "../../../../runtime/errors.ts";
import type { MessageHandler } from "../../../../runtime/module.ts";
import { arbitraryAuditor } from "../arbitrary.ts";
import { auditorOf, checkReason } from "../checks.ts";
import { errors } from "../errors.ts";
import type { Keeper } from "../keeper.ts";

export function slashAuditor(keeper: Keeper): MessageHandler<MsgSlashAuditor, MsgSlashAuditorResponse> {
  return {
    signers: (message) => [message.authority],

    check(message) {
      requireAuthority(message.authority, keeper.ports.authority);
      auditorOf(message);
      if (message.fractionBps < 1 || message.fractionBps > 10_000) fail(errors.badSlash, { what: `fraction_bps is 1 to 10000, got ${message.fractionBps}` });
      checkReason(message.reason, 1);
    },

    execute(ctx, message) {
      const address = auditorOf(message);
      const bond = keeper.require(ctx, address);
      if (bond.total === 0n) fail(errors.badSlash, { what: "the auditor has no bond left" });
      return { amount: String(keeper.slash(ctx, address, message.fractionBps, message.reason)) };
    },

    arbitrary(world) {
      const auditor = arbitraryAuditor(world);
      return auditor === undefined ? undefined : { authority: keeper.ports.authority, auditor, fractionBps: world.random.pick([1, 500, 2_000, 10_000, 10_001]), reason: "attested what is not so" };
    },
  };
}

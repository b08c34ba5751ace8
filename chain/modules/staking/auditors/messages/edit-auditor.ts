/** MsgEditAuditor: replaces what the auditor says of itself. What it signed stays. */
import type { MsgEditAuditor, MsgEditAuditorResponse } from "../../../../codec/gen/dcm/auditor/v1/tx.ts";
import type { MessageHandler } from "../../../../runtime/module.ts";
import { arbitraryAuditor, arbitraryProfile } from "../arbitrary.ts";
import { auditorOf, checkProfile, signerOf } from "../checks.ts";
import type { Keeper } from "../keeper.ts";
import { profiles } from "../state.ts";

export function editAuditor(keeper: Keeper): MessageHandler<MsgEditAuditor, MsgEditAuditorResponse> {
  return {
    signers: signerOf,

    check(message) {
      auditorOf(message);
      checkProfile(message.profile);
    },

    execute(ctx, message) {
      const address = auditorOf(message);
      keeper.require(ctx, address);
      profiles.set(ctx, address, message.profile!);
      keeper.emit(ctx, "AuditorEdited", address, { moniker: message.profile!.moniker });
      return {};
    },

    arbitrary(world) {
      const auditor = arbitraryAuditor(world);
      return auditor === undefined ? undefined : { auditor, profile: arbitraryProfile(world.random) };
    },
  };
}

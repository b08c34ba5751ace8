/** MsgEditJuror: replaces what the juror says of itself. */
import type { MsgEditJuror, MsgEditJurorResponse } from "../../../../codec/gen/dcm/juror/v1/tx.ts";
import type { MessageHandler } from "../../../../runtime/module.ts";
import { arbitraryJuror, arbitraryProfile } from "../arbitrary.ts";
import { jurorOf, checkProfile, signerOf } from "../checks.ts";
import type { Keeper } from "../keeper.ts";
import { profiles } from "../state.ts";

export function editJuror(keeper: Keeper): MessageHandler<MsgEditJuror, MsgEditJurorResponse> {
  return {
    signers: signerOf,

    check(message) {
      jurorOf(message);
      checkProfile(message.profile);
    },

    execute(ctx, message) {
      const address = jurorOf(message);
      keeper.require(ctx, address);
      profiles.set(ctx, address, message.profile!);
      keeper.emit(ctx, "JurorEdited", address, { moniker: message.profile!.moniker });
      return {};
    },

    arbitrary(world) {
      const juror = arbitraryJuror(world);
      return juror === undefined ? undefined : { juror, profile: arbitraryProfile(world.random) };
    },
  };
}

/** MsgEditProvider: replaces the whole profile. Running tasks keep the key that their inputs were sealed to. */
import type { MsgEditProvider, MsgEditProviderResponse } from "../../../../codec/gen/dcm/staking/v1/tx.ts";
import { fail } from "../../../../runtime/errors.ts";
import type { MessageHandler } from "../../../../runtime/module.ts";
import { operatorOf, signerOf } from "../checks.ts";
import { errors } from "../errors.ts";
import type { Keeper } from "../keeper.ts";
import { arbitraryOperator, arbitraryProfile, profileFault } from "../profile.ts";
import { profiles } from "../state.ts";

export function editProvider(keeper: Keeper): MessageHandler<MsgEditProvider, MsgEditProviderResponse> {
  return {
    signers: signerOf,

    check(message) {
      operatorOf(message);
      const what = profileFault(message.profile);
      if (what !== undefined) fail(errors.badProfile, { what });
    },

    execute(ctx, message) {
      const address = operatorOf(message);
      keeper.require(ctx, address);
      const profile = message.profile!;
      const declared = (key: string, value: string): boolean => profile.attributes.some((one) => one.key === key && one.value === value);
      const before = profiles.find(ctx, address)!;
      // What it goes by already it may keep, whatever it was registered with.
      if (profile.organization !== before.organization) keeper.requireAffiliation(ctx, address, profile.organization);
      const gone = before.attributes.filter(({ key, value }) => !declared(key, value)).map(({ key }) => key);
      profiles.set(ctx, address, profile);
      keeper.emit(ctx, "ProviderEdited", address, { moniker: profile.moniker });
      if (gone.length > 0) keeper.edited(ctx, address, gone);
      keeper.changed(ctx, address);
      return {};
    },

    arbitrary(world) {
      const operator = arbitraryOperator(world);
      return operator === undefined ? undefined : { operator, profile: arbitraryProfile(world.random) };
    },
  };
}

/** MsgRetireProvider: the clean exit. No new matches; what runs is finished; then everything unbonds, and with the last payment the provider is gone. */
import type { MsgRetireProvider, MsgRetireProviderResponse } from "../../../../codec/gen/dcm/staking/v1/tx.ts";
import { fail } from "../../../../runtime/errors.ts";
import type { MessageHandler } from "../../../../runtime/module.ts";
import { operatorOf, signerOf } from "../checks.ts";
import { errors } from "../errors.ts";
import type { Keeper } from "../keeper.ts";
import { arbitraryOperator } from "../profile.ts";
import { livenesses } from "../state.ts";

export function retireProvider(keeper: Keeper): MessageHandler<MsgRetireProvider, MsgRetireProviderResponse> {
  return {
    signers: signerOf,

    check: (message) => void operatorOf(message),

    execute(ctx, message) {
      const address = operatorOf(message);
      const { liveness } = keeper.require(ctx, address);
      if (liveness.retiring) fail(errors.retiring);
      livenesses.set(ctx, address, { ...liveness, retiring: true });
      keeper.emit(ctx, "ProviderRetiring", address);
      // The market withdraws the provider's asks at the end of this and the next blocks; with the last one the bond is free. Without asks it is so now.
      keeper.changed(ctx, address);
      if (livenesses.has(ctx, address)) keeper.drain(ctx, address);
      return {};
    },

    arbitrary(world) {
      const operator = arbitraryOperator(world);
      return operator === undefined || !world.random.chance(5) ? undefined : { operator };
    },
  };
}

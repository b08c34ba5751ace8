/** MsgUnjailProvider: ends a jail whose time is over. */
import type { MsgUnjailProvider, MsgUnjailProviderResponse } from "../../../../codec/gen/dcm/staking/v1/tx.ts";
import { fail } from "../../../../runtime/errors.ts";
import type { MessageHandler } from "../../../../runtime/module.ts";
import { operatorOf, signerOf } from "../checks.ts";
import { errors } from "../errors.ts";
import type { Keeper } from "../keeper.ts";
import { arbitraryOperator } from "../profile.ts";
import { livenesses, params } from "../state.ts";

export function unjailProvider(keeper: Keeper): MessageHandler<MsgUnjailProvider, MsgUnjailProviderResponse> {
  return {
    signers: signerOf,

    check: (message) => void operatorOf(message),

    execute(ctx, message) {
      const address = operatorOf(message);
      const { bond, liveness } = keeper.require(ctx, address);
      if (!liveness.jailed) fail(errors.notJailed);
      const tau = keeper.tau(ctx);
      if (tau < liveness.jailedUntilTauMs) fail(errors.stillJailed, { until: liveness.jailedUntilTauMs, tau });
      const least = BigInt(params.get(ctx).minBond);
      if (bond.total - bond.unbonding < least) fail(errors.underbonded, { bond: bond.total - bond.unbonding, least });
      livenesses.set(ctx, address, { ...liveness, jailed: false, jailedUntilTauMs: 0n });
      keeper.emit(ctx, "ProviderUnjailed", address);
      keeper.changed(ctx, address);
      return {};
    },

    arbitrary(world) {
      const operator = arbitraryOperator(world);
      return operator === undefined ? undefined : { operator };
    },
  };
}

/** MsgHeartbeat: the provider's workers are there. Ends a suspension. */
import type { MsgHeartbeat, MsgHeartbeatResponse } from "../../../../codec/gen/dcm/staking/v1/tx.ts";
import type { MessageHandler } from "../../../../runtime/module.ts";
import { operatorOf, signerOf } from "../checks.ts";
import type { Keeper } from "../keeper.ts";
import { arbitraryOperator } from "../profile.ts";
import { livenesses, params } from "../state.ts";

export function heartbeat(keeper: Keeper): MessageHandler<MsgHeartbeat, MsgHeartbeatResponse> {
  return {
    signers: signerOf,

    check: (message) => void operatorOf(message),

    execute(ctx, message) {
      const address = operatorOf(message);
      const { liveness } = keeper.require(ctx, address);
      const tau = keeper.tau(ctx);
      const { heartbeatWindowMs } = params.get(ctx);
      livenesses.set(ctx, address, { ...liveness, heartbeatTauMs: tau, suspended: false });
      // The sweep moves a watched provider along by itself: a heartbeat in time writes one small record only.
      if (liveness.suspended) keeper.watch(ctx, address, tau);
      if (liveness.suspended || tau >= liveness.heartbeatTauMs + heartbeatWindowMs) {
        keeper.emit(ctx, "ProviderResumed", address);
        keeper.changed(ctx, address);
      }
      return { dueTauMs: tau + heartbeatWindowMs };
    },

    arbitrary(world) {
      const operator = arbitraryOperator(world);
      return operator === undefined ? undefined : { operator };
    },
  };
}

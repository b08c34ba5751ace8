/** MsgStartService: the instance is served; its money begins to stream. */
import { InstanceState } from "../../../codec/gen/dcm/market/v1/types.ts";
import type { MsgStartService, MsgStartServiceResponse } from "../../../codec/gen/dcm/market/v1/tx.ts";
import { startInstance, streamOf } from "../services/instance-machine.ts";
import { applyInstance } from "../services/services.ts";
import { reachOf } from "../services/stream.ts";
import { arbitraryServed, instanceFor } from "./service-message.ts";
import { checkWorker } from "./worker-message.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { MarketPorts } from "../ports.ts";

export function startService(ports: MarketPorts): MessageHandler<MsgStartService, MsgStartServiceResponse> {
  return {
    signers: (message) => [message.worker],
    check: checkWorker,
    execute(ctx, message) {
      const { instance, terms } = instanceFor(ctx, ports, message, InstanceState.INSTANCE_STATE_PENDING);
      const started = applyInstance(ctx, ports, instance, startInstance(instance, terms, ports.clock.tau(ctx)));
      return { depletedTau: reachOf(streamOf(started, terms)).depletedTau };
    },
    arbitrary: arbitraryServed,
  };
}

/** MsgReclaimService: the provider gives notice. */
import { InstanceState } from "../../../codec/gen/dcm/market/v1/types.ts";
import type { MsgReclaimService, MsgReclaimServiceResponse } from "../../../codec/gen/dcm/market/v1/tx.ts";
import { reclaimInstance } from "../services/instance-machine.ts";
import { applyInstance } from "../services/services.ts";
import { arbitraryServed, instanceFor } from "./service-message.ts";
import { checkWorker } from "./worker-message.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { MarketPorts } from "../ports.ts";

export function reclaimService(ports: MarketPorts): MessageHandler<MsgReclaimService, MsgReclaimServiceResponse> {
  return {
    signers: (message) => [message.worker],
    check: checkWorker,
    execute(ctx, message) {
      const { instance, terms } = instanceFor(ctx, ports, message, InstanceState.INSTANCE_STATE_RUNNING, InstanceState.INSTANCE_STATE_GRACE);
      const step = reclaimInstance(instance, terms, ports.clock.tau(ctx));
      const { reclaimTau } = applyInstance(ctx, ports, instance, step);
      return { reclaimTau, penalty: step.penalty.toString() };
    },
    arbitrary: (world) => (world.random.chance(20) ? arbitraryServed(world) : undefined),
  };
}

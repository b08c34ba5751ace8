/** MsgCloseService: the consumer ends an instance at once. */
import type { MsgCloseService, MsgCloseServiceResponse } from "../../../codec/gen/dcm/market/v1/tx.ts";
import { addressBytes } from "../../../codec/address.ts";
import { fail } from "../../../runtime/errors.ts";
import { canonical, mayEnd } from "../checks.ts";
import { errors } from "../errors.ts";
import { closeInstance } from "../services/instance-machine.ts";
import { applyInstance, heldInstance } from "../services/services.ts";
import { services } from "../state.ts";
import { arbitraryInstance } from "./service-message.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { MarketPorts } from "../ports.ts";

export function closeService(ports: MarketPorts): MessageHandler<MsgCloseService, MsgCloseServiceResponse> {
  return {
    signers: (message) => [message.consumer],
    check: (message) => void canonical(message.consumer, "consumer"),
    execute(ctx, message) {
      const signer = canonical(message.consumer, "consumer");
      const { instance, service, terms } = heldInstance(ctx, ports, message.instanceId);
      if (!mayEnd(ctx, ports, service, signer)) fail(errors.notYours, { what: `instance ${instance.id}`, owner: service.consumer, signer });
      const silent = ports.providers.find(ctx, addressBytes(instance.provider))?.silent !== false;
      const closed = applyInstance(ctx, ports, instance, closeInstance(instance, terms, silent, ports.clock.tau(ctx)));
      return { refunded: (BigInt(closed.refunded) - BigInt(instance.refunded)).toString() };
    },
    arbitrary(world) {
      const instance = world.random.chance(20) ? arbitraryInstance(world) : undefined;
      return instance === undefined ? undefined : { consumer: services.find(world.ctx, instance.serviceId)?.consumer ?? world.random.pick(world.accounts), instanceId: instance.id };
    },
  };
}

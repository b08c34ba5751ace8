/** MsgSettleService: pays the provider up to now. */
import type { MsgSettleService, MsgSettleServiceResponse } from "../../../codec/gen/dcm/market/v1/tx.ts";
import { fail } from "../../../runtime/errors.ts";
import { canonical } from "../checks.ts";
import { errors } from "../errors.ts";
import { heldInstance } from "../services/services.ts";
import { instances } from "../state.ts";
import { arbitraryInstance } from "./service-message.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { MarketPorts } from "../ports.ts";

export function settleService(ports: MarketPorts): MessageHandler<MsgSettleService, MsgSettleServiceResponse> {
  return {
    signers: (message) => [message.signer],
    check: (message) => void canonical(message.signer, "signer"),
    execute(ctx, message) {
      const before = instances.find(ctx, message.instanceId);
      if (before === undefined) fail(errors.unknownInstance, { id: message.instanceId });
      const { instance } = heldInstance(ctx, ports, message.instanceId);
      return { paid: (BigInt(instance.paid) - BigInt(before.paid)).toString() };
    },
    arbitrary(world) {
      const instance = arbitraryInstance(world);
      return instance === undefined ? undefined : { signer: world.random.pick(world.accounts), instanceId: instance.id };
    },
  };
}

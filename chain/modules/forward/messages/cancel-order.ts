/** MsgCancelOrder, by its owner or by those who manage the organization that pays for it: out of the book after this block's batch; what the order holds goes back. */
import type { MsgCancelOrder, MsgCancelOrderResponse } from "../../../codec/gen/dcm/forward/v1/tx.ts";
import { fail } from "../../../runtime/errors.ts";
import { canonical, notBegun, orderOf } from "../checks.ts";
import { errors } from "../errors.ts";
import { cancelled, nextOrderId, orders, spenderOf } from "../state.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { ForwardPorts } from "../ports.ts";

export function cancelOrder(ports: ForwardPorts): MessageHandler<MsgCancelOrder, MsgCancelOrderResponse> {
  return {
    signers: (message) => [message.owner],

    check: (message) => void canonical(message.owner, "owner"),

    execute(ctx, message) {
      const signer = canonical(message.owner, "owner");
      const { orderId: id } = message;
      const order = orderOf(ctx, id);
      const organization = spenderOf(order);
      const manages = organization !== "" && ports.organizations.manages(ctx, organization, signer);
      if (order.owner !== signer && !manages) fail(errors.notYours, { what: `order ${id}`, owner: order.owner, signer });
      notBegun(`order ${id}`, order.slotTau, ports.clock.tau(ctx));
      if (cancelled.has(ctx, id)) fail(errors.cancelPending, { id });
      cancelled.set(ctx, id, true);
      return {};
    },

    arbitrary({ ctx, accounts, random }) {
      const orderId = 1n + random.bigint(nextOrderId.get(ctx));
      const order = orders.find(ctx, orderId);
      const organization = order === undefined ? "" : spenderOf(order);
      const managers = organization === "" || random.chance(50) ? [] : accounts.filter((account) => ports.organizations.manages(ctx, organization, account));
      return { owner: managers.length > 0 ? random.pick(managers) : (order?.owner ?? random.pick(accounts)), orderId };
    },
  };
}

/** MsgResell: sells a position in the book of its slot, beside capacity. */
import { Order, Side } from "../../../codec/gen/dcm/forward/v1/types.ts";
import type { MsgResell, MsgResellResponse } from "../../../codec/gen/dcm/forward/v1/tx.ts";
import { arbitraryPosition } from "../arbitrary.ts";
import { canonical, inRange, maxPrice, maxUnits, tradablePosition } from "../checks.ts";
import { positionChanged } from "../events.ts";
import { placeOrder } from "../orders.ts";
import { nextOrderId, params, savePosition, take } from "../state.ts";
import { heldByResale } from "../terms.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { ForwardPorts } from "../ports.ts";

export function resell(ports: ForwardPorts): MessageHandler<MsgResell, MsgResellResponse> {
  return {
    signers: (message) => [message.holder],

    check(message) {
      canonical(message.holder, "holder");
      inRange("units", message.units, 0, maxUnits);
      inRange("price", message.price, 1n, maxPrice);
    },

    execute(ctx, message) {
      const { before, held: position } = tradablePosition(ctx, ports, message.positionId, canonical(message.holder, "holder"));
      const { id: positionId, holder, organization, payer, costTags, classId, quoteDenom, slotTau, lots } = position;
      const { price } = message;
      const units = message.units === 0 ? position.units : message.units;
      inRange("units", units, 1, position.units);
      ports.deliveries.contract(ctx, classId, quoteDenom, "price", price);
      const id = take(ctx, nextOrderId);
      placeOrder(ctx, ports, Order.fromPartial({
        id, side: Side.SIDE_SELL, owner: holder, organization, payer, costTags, classId, quoteDenom, slotTau, lots, price, units, positionId, createdHeight: ctx.height, createdTau: ports.clock.tau(ctx), marginBps: params.get(ctx).marginBps,
        heldPerUnit: heldByResale(position, price).toString(), positionDeposit: "0",
      }));
      const resold = { ...position, orderId: id, offeredTo: "" };
      savePosition(ctx, before, resold);
      positionChanged(ctx, resold);
      return { orderId: id };
    },

    arbitrary(world) {
      const position = arbitraryPosition(world);
      if (position === undefined) return undefined;
      const { random, accounts } = world;
      return { holder: random.chance(90) ? position.holder : random.pick(accounts), positionId: position.id, units: random.int(position.units + 1), price: 1n + random.bigint(30n) };
    },
  };
}

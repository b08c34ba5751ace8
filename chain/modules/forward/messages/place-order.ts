/** MsgPlaceOrder: sells capacity of slots to come, with margin, or buys it, paid in full until it is matched. One order for each slot. */
import { Order, Side } from "../../../codec/gen/dcm/forward/v1/types.ts";
import type { MsgPlaceOrder, MsgPlaceOrderResponse } from "../../../codec/gen/dcm/forward/v1/tx.ts";
import { addressBytes } from "../../../codec/address.ts";
import { fail } from "../../../runtime/errors.ts";
import { canonical, checkBilling, inRange, maxPrice, maxTau, maxUnits, slotsTrade } from "../checks.ts";
import { arbitraryBilling } from "../arbitrary.ts";
import { errors } from "../errors.ts";
import { placeOrder as place, positionDeposit } from "../orders.ts";
import { paramBounds } from "../params.ts";
import { nextOrderId, params, take } from "../state.ts";
import { heldByCapacity, heldByPurchase, lotsOf } from "../terms.ts";
import type { Context } from "../../../runtime/context.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { ForwardPorts } from "../ports.ts";

export function placeOrder(ports: ForwardPorts): MessageHandler<MsgPlaceOrder, MsgPlaceOrderResponse> {
  return {
    signers: (message) => [message.owner],

    check(message) {
      canonical(message.owner, "owner");
      const { side } = message;
      if (side !== Side.SIDE_BUY && side !== Side.SIDE_SELL) fail(errors.invalidField, { field: "side", value: side, limit: "SIDE_BUY or SIDE_SELL" });
      if (message.classId.length === 0 || message.classId.length > 64) fail(errors.invalidField, { field: "class_id", value: message.classId, limit: "1 to 64 characters" });
      inRange("slot_tau", message.slotTau, 0n, maxTau);
      inRange("slots", message.slots, 0, paramBounds.maxRange[2]);
      inRange("units", message.units, 1, maxUnits);
      inRange("price", message.price, 1n, maxPrice);
      checkBilling(message);
      if (side === Side.SIDE_SELL && (message.organization !== "" || message.costTags.length > 0)) {
        fail(errors.invalidField, { field: "organization and cost_tags", value: message.organization, limit: "empty in a sale of capacity, whose margin is the provider's own" });
      }
      if (message.marginPrice === 0n) return;
      if (side === Side.SIDE_BUY) fail(errors.invalidField, { field: "margin_price", value: message.marginPrice, limit: "0 in a purchase, which is paid in full" });
      inRange("margin_price", message.marginPrice, message.price, maxPrice);
    },

    execute(ctx, message) {
      const owner = canonical(message.owner, "owner");
      const { side, classId, quoteDenom, slotTau, units, price } = message;
      const now = params.get(ctx);
      const slots = Math.max(1, message.slots);
      inRange("slots", slots, 1, now.maxRange);
      const tau = ports.clock.tau(ctx);
      slotsTrade(now, slotTau, slots, tau);
      const capacity = ports.deliveries.contract(ctx, classId, quoteDenom, "price", price);
      const marginPrice = side === Side.SIDE_BUY ? 0n : message.marginPrice === 0n ? price : message.marginPrice;
      if (marginPrice % capacity.tick !== 0n) fail(errors.invalidField, { field: "margin_price", value: marginPrice, limit: `a multiple of the tick ${capacity.tick} of ${classId}` });
      const lots = lotsOf(now.slotLength, capacity);
      if (lots === 0n) fail(errors.slotTooShort, { classId, length: now.slotLength, lot: capacity.maxLotMs });
      const organization = side === Side.SIDE_SELL ? sellerOrganization(ctx, ports, owner) : message.organization;
      const payer = ports.organizations.payerOf({ signer: owner, organization: message.organization, payer: "" });
      const billed = { organization, payer, costTags: message.costTags };
      const held = side === Side.SIDE_BUY ? heldByPurchase(price, lots) : heldByCapacity(marginPrice, lots, now.marginBps);
      const ids: bigint[] = [];
      for (let i = 0; i < slots; i++) {
        const id = take(ctx, nextOrderId);
        ids.push(id);
        place(ctx, ports, Order.fromPartial({
          id, side, owner, classId, quoteDenom, slotTau: slotTau + now.slotLength * BigInt(i), lots, price, marginPrice, units, createdHeight: ctx.height, createdTau: tau, marginBps: now.marginBps, acceptanceWindow: side === Side.SIDE_SELL ? now.acceptanceWindow : 0n,
          heldPerUnit: held.toString(), positionDeposit: side === Side.SIDE_BUY ? positionDeposit(ctx, billed).toString() : "0", ...billed,
        }));
      }
      return { orderId: ids[0]!, lots };
    },

    arbitrary({ ctx, accounts, random }) {
      const now = params.get(ctx);
      const side = random.chance(50) ? Side.SIDE_BUY : Side.SIDE_SELL;
      const price = 1n + random.bigint(30n);
      const owner = random.pick(accounts);
      return {
        owner, side, classId: "wasm.core", quoteDenom: ports.providers.bondDenom(ctx), slotTau: (ports.clock.tau(ctx) / now.slotLength + 1n + random.bigint(2n)) * now.slotLength,
        slots: random.int(3), units: 1 + random.int(5), price, marginPrice: side === Side.SIDE_SELL && random.chance(50) ? price + random.bigint(10n) : 0n,
        ...(side === Side.SIDE_BUY ? arbitraryBilling(ports, { ctx, random }, owner) : { organization: "", costTags: [] }),
      };
    },
  };
}

/** Of an active provider, so that affiliates are no two sides of one trade. */
function sellerOrganization(ctx: Context, ports: ForwardPorts, owner: string): string {
  const view = ports.providers.find(ctx, addressBytes(owner));
  if (view?.active !== true) fail(errors.notProvider, { address: owner });
  return view.organization;
}

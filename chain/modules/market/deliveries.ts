/** What forwards use of the market: asks that deliver a position in its slot, and what became of them. */
import { Allotment, Ask, OrderStatus } from "../../codec/gen/dcm/market/v1/types.ts";
import { addressBytes } from "../../codec/address.ts";
import { maxInt } from "../../math/int.ts";
import { saveAsk } from "./asks.ts";
import { jobsOnly, tradable } from "./checks.ts";
import { askPlaced } from "./events.ts";
import { addAsk } from "./followers.ts";
import { currentParams } from "./params.ts";
import { findQuoteDenom } from "./quote-denoms.ts";
import { toBond } from "./rate.ts";
import { saveAllotment } from "./reserved.ts";
import { allotments, classes, collect, dueKinds, endedDeliveries, nextAskId, schedule, take } from "./state.ts";
import type { DeliveriesPort, Delivery } from "./ports.ts";
import type { Context } from "../../runtime/context.ts";
import type { MarketPorts } from "./ports.ts";

export function deliveriesOf(ports: MarketPorts): DeliveriesPort {
  return {
    contract(ctx, classId, denom, field, price) {
      const capacity = tradable(ctx, ports, classId, denom, field, price);
      jobsOnly(capacity, "forwards");
      return capacity;
    },
    open: (ctx, delivery) => open(ctx, ports, delivery),
    ended: (ctx, limit) => collect(ctx, endedDeliveries, limit).map(([askId]) => askId),
    takeOutcome(ctx, askId) {
      const { positionId, served, failed, voided } = allotments.find(ctx, askId)!;
      endedDeliveries.remove(ctx, askId);
      allotments.remove(ctx, askId);
      return { positionId, served, failed, voided };
    },
  };
}

/** The bond of each unit is at least what its lots cost, at the present rate, so that no task of V0 lacks stake. */
function open(ctx: Context, ports: MarketPorts, { positionId, provider, holder, classId, quoteDenom, price, units, lots, untilTau, acceptanceWindow }: Delivery): bigint | undefined {
  const address = addressBytes(provider);
  const view = ports.providers.find(ctx, address);
  const capacity = classes.find(ctx, classId);
  const quoted = findQuoteDenom(ctx, ports, quoteDenom);
  if (view?.active !== true || capacity === undefined || quoted === undefined) return undefined;
  const tau = ports.clock.tau(ctx);
  const bondPerUnit = maxInt(capacity.minBondPerUnit, toBond(price * lots, quoted.rate!, "up"));
  if (tau >= untilTau || !ports.providers.reserve(ctx, address, bondPerUnit * BigInt(units))) return undefined;
  const ask = Ask.fromPartial({
    id: take(ctx, nextAskId), provider, classId, quoteDenom, basePrice: price, units, freeUnits: units, availableUntil: untilTau, expiresTau: untilTau, status: OrderStatus.ORDER_STATUS_OPEN,
    createdHeight: ctx.height, createdTau: tau, paramsVersion: currentParams(ctx).version, bondPerUnit, organization: view.organization, storageDeposit: "0", reservedFor: holder, positionId, maxAcceptanceWindow: acceptanceWindow,
  });
  addAsk(ctx, ports, address, ask.id);
  askPlaced(ctx, ask);
  saveAllotment(ctx, Allotment.fromPartial({ askId: ask.id, lots: lots * BigInt(units), positionId }));
  saveAsk(ctx, ask);
  schedule(ctx, untilTau, dueKinds.askExpiry, ask.id);
  return ask.id;
}

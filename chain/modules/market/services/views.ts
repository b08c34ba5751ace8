/** How services are shown: as they are at the present tau, settled or not. */
import type { Instance, Service } from "../../../codec/gen/dcm/market/v1/types.ts";
import type { InstanceView } from "../../../codec/gen/dcm/market/v1/query.ts";
import { maxInt, minInt } from "../../../math/int.ts";
import { loadService } from "../bids.ts";
import { balanceOf, depositedOf } from "./deposits.ts";
import { streamOf, streams } from "./instance-machine.ts";
import { presentInstance, serviceTerms } from "./services.ts";
import { dueUntil, lastsFor, payableOf, reachOf } from "./stream.ts";
import type { Context } from "../../../runtime/context.ts";
import type { MarketPorts } from "../ports.ts";

export function viewOf(ctx: Context, ports: MarketPorts, stored: Instance, service: Service = loadService(ctx, stored.serviceId)): InstanceView {
  const terms = serviceTerms(ctx, service);
  const tau = ports.clock.tau(ctx);
  const instance = presentInstance(ctx, ports, stored, terms);
  const balance = balanceOf(instance).toString();
  if (!streams(instance.state)) {
    const runwayMs = instance.price === 0n ? 0n : lastsFor(payableOf(depositedOf(instance), terms.params.feeBps), instance.price, terms.meterPerLot);
    return { instance, balance, debt: instance.unpaid, runwayMs: instance.endedTau === 0n ? runwayMs : 0n, endsTau: 0n };
  }
  const stream = streamOf(instance, terms);
  const { depletedTau, graceTau } = reachOf(stream);
  const endsTau = instance.reclaimTau === 0n ? graceTau : minInt(graceTau, instance.reclaimTau);
  return { instance, balance, debt: dueUntil(stream, tau).debt.toString(), runwayMs: maxInt(0n, depletedTau - tau), endsTau };
}

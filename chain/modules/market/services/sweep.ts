/** Instances of which something becomes by itself: at most `max_sweep` a block, the oldest first, apart from all other deadlines. Rights do not wait for it. */
import { addressBytes } from "../../../codec/address.ts";
import { loadBid, removeBid } from "../bids.ts";
import { returnBidDeposit } from "../escrow.ts";
import { emit } from "../events.ts";
import { removeLease } from "../leases.ts";
import { currentParams } from "../params.ts";
import { collect, dueKinds, instanceQueue, instances, leasesByJob, schedule, seals, services, servicesByConsumer, within } from "../state.ts";
import { loadInstance } from "./services.ts";
import { retryMs } from "../../../runtime/retry.ts";
import type { Context } from "../../../runtime/context.ts";
import type { MarketPorts } from "../ports.ts";

export function sweepInstances(ctx: Context, ports: MarketPorts): void {
  const tau = ports.clock.tau(ctx);
  for (const [[due, id]] of collect(ctx, instanceQueue, currentParams(ctx).params.maxSweep, undefined, within.id(tau))) {
    const done = ctx.isolate(`market: instance ${id}`, (item) => void loadInstance(item, ports, id));
    // It has another place by now, or none.
    instanceQueue.remove(ctx, [due, id]);
    if (!done) instanceQueue.set(ctx, [tau + retryMs, id], true);
  }
}

/** Records that one visit removes; a service with more is visited again. */
const pruneStep = 100;

/** The records' time is over: instances, seals and leases first, the service and its deposit last. Gives how many records went. */
export function pruneService(ctx: Context, ports: MarketPorts, id: bigint): number {
  const service = services.find(ctx, id);
  if (service === undefined) return 0;
  let room = pruneStep;
  for (const [instanceId] of collect(ctx, instances, room, within.job(id))) {
    instances.remove(ctx, instanceId);
    room--;
  }
  for (const [key] of collect(ctx, seals, room, within.id(id))) {
    seals.remove(ctx, key);
    room--;
  }
  for (const [[, leaseId]] of collect(ctx, leasesByJob, room, within.id(id))) {
    removeLease(ctx, leaseId);
    room--;
  }
  if (room <= 0) {
    schedule(ctx, ports.clock.tau(ctx), dueKinds.servicePrune, id);
    return pruneStep;
  }
  services.remove(ctx, id);
  removeBid(ctx, loadBid(ctx, id));
  servicesByConsumer.remove(ctx, [addressBytes(service.consumer), id]);
  returnBidDeposit(ctx, ports, service);
  emit(ctx, "EventServicePruned", { service_id: id, consumer: service.consumer, storage_deposit: service.escrow!.storageDeposit });
  return pruneStep - room;
}

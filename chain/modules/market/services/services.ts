/** The edge around the instance machine: loads an instance brought up to date, carries out what a step asks for, stores. */
import { InstanceState, OrderStatus, Term, type Ask, type Bid, type Instance, type Service } from "../../../codec/gen/dcm/market/v1/types.ts";
import { addressBytes } from "../../../codec/address.ts";
import { fail } from "../../../runtime/errors.ts";
import { bookOf, returnUnit } from "../asks.ts";
import { closedBy, exclude, isTerminal, loadBid, loadService, saveBid, saveService } from "../bids.ts";
import { openBook } from "../books.ts";
import { meterOf } from "../classes.ts";
import { disburse } from "../escrow.ts";
import { errors } from "../errors.ts";
import { billedTo, emit, instanceChanged } from "../events.ts";
import { createLease } from "../leases.ts";
import { paramsAt } from "../params.ts";
import { countSettled } from "../prices.ts";
import { rateOf, toBond } from "../rate.ts";
import { instanceQueue, instances, instancesByProvider, seals, tasksPerJob } from "../state.ts";
import { bringInstanceUp, closeOpenInstance, feeOfNotice, isHeld, matchInstance, type InstanceEffect, type InstanceStep, type ServiceTerms } from "./instance-machine.ts";
import { gather, redate } from "./periods.ts";
import { followRounds } from "./rounds.ts";
import type { Context } from "../../../runtime/context.ts";
import type { MarketPorts } from "../ports.ts";

/** Lots in a notice; a begun one counts whole. */
export function lotsOf(notice: bigint, meterPerLot: bigint): bigint {
  return (notice + meterPerLot - 1n) / meterPerLot;
}

/** What a provider stakes on an instance at a price: what the notice costs, which is the most that a penalty takes; in bond, rounded up. */
export function stakeOfInstance(ctx: Context, bid: Bid, price: bigint): bigint {
  return toBond(feeOfNotice(price, lotsOf(bid.reclaimNotice, meterOf(ctx, bid.classId))), rateOf(loadService(ctx, bid.id)), "up");
}

export function serviceTerms(ctx: Context, service: Service): ServiceTerms {
  const bid = loadBid(ctx, service.id);
  const meterPerLot = meterOf(ctx, service.classId);
  return {
    params: paramsAt(ctx, service.paramsVersion), rate: rateOf(service), meterPerLot, notice: bid.reclaimNotice, noticeLots: lotsOf(bid.reclaimNotice, meterPerLot),
    acceptance: service.acceptance, colocated: bid.minColocated > 1, sealedTau: (provider) => seals.find(ctx, [service.id, addressBytes(provider)])?.sealedTau, reference: openBook(ctx, bookOf(service)).referencePrice,
  };
}

export interface LoadedInstance {
  readonly instance: Instance;
  readonly service: Service;
  readonly terms: ServiceTerms;
}

/** An instance as it is at this tau, nothing stored: for queries. */
export function presentInstance(ctx: Context, ports: MarketPorts, instance: Instance, terms: ServiceTerms): Instance {
  return bringInstanceUp(instance, terms, ports.clock.tau(ctx)).instance;
}

/** The instance, brought up to date and stored; undefined where it has no record. */
export function loadInstance(ctx: Context, ports: MarketPorts, id: bigint): LoadedInstance | undefined {
  const before = instances.find(ctx, id);
  if (before === undefined) return undefined;
  const terms = serviceTerms(ctx, loadService(ctx, before.serviceId));
  const instance = applyInstance(ctx, ports, before, bringInstanceUp(before, terms, ports.clock.tau(ctx)));
  return { instance, service: loadService(ctx, before.serviceId), terms };
}

/** The instance that a message is about, which some provider has. A late message finds it as time left it, and fails. */
export function heldInstance(ctx: Context, ports: MarketPorts, id: bigint): LoadedInstance {
  const found = loadInstance(ctx, ports, id);
  if (found === undefined) fail(errors.unknownInstance, { id });
  if (!isHeld(found.instance.state)) fail(errors.notServing, { id, state: found.instance.state === InstanceState.INSTANCE_STATE_OPEN ? "open" : "closed" });
  return found;
}

interface Filled {
  readonly bid: Bid;
  readonly ask: Ask;
  readonly organization: string;
  readonly jurisdiction: string;
  readonly ids: readonly bigint[];
  readonly price: bigint;
  /** Of each, locked already. */
  readonly stake: bigint;
  readonly tau: bigint;
}

/** Clearing gave instances of a bid to an ask: a lease for each, as each ends by itself. */
export function fillInstances(ctx: Context, ports: MarketPorts, { bid, ask, organization, jurisdiction, ids, price, stake, tau }: Filled): void {
  const service = loadService(ctx, bid.id);
  const terms = serviceTerms(ctx, service);
  const term = ask.term === Term.TERM_PREEMPTIBLE ? Term.TERM_PREEMPTIBLE : Term.TERM_SPOT;
  for (const id of ids) {
    const lease = createLease(ctx, bid, service.paramsVersion, ask, { units: 1, lots: bid.lots, price, profileId: bid.profileId, drawn: false, costTags: service.costTags, jurisdiction, term, tau });
    const before = instances.find(ctx, id) ?? blankInstance(bid, service, Number(id % tasksPerJob));
    const seat = { provider: ask.provider, organization, askId: ask.id, leaseId: lease.id, jurisdiction, term, price, stake };
    applyInstance(ctx, ports, before, matchInstance(before, terms, seat, tau));
  }
}

/** An instance without a record: OPEN while the bid lives, CLOSED with it. */
export function blankInstance(bid: Bid, service: Service, index: number): Instance {
  const filled = { ...bid, status: OrderStatus.ORDER_STATUS_OPEN };
  return instanceOf(filled, service, index);
}

/** As `blankInstance`, but as it is shown where the bid has left the book. */
export function instanceOf(bid: Bid, service: Service, index: number): Instance {
  const closed = isTerminal(bid.status);
  return {
    id: service.id * tasksPerJob + BigInt(index), serviceId: service.id, index, state: closed ? InstanceState.INSTANCE_STATE_CLOSED : InstanceState.INSTANCE_STATE_OPEN,
    provider: "", providerOrganization: "", jurisdiction: "", askId: 0n, leaseId: 0n, price: 0n, term: Term.TERM_UNSPECIFIED, stake: "0", slashed: "0", unitOut: false, misses: 0, matchedTau: 0n,
    startedTau: 0n, settledTau: 0n, reclaimTau: 0n, dueTau: 0n, endedTau: closed ? bid.endedTau : 0n, closeReason: closed ? closedBy(bid) : 0,
    deposits: [{ payer: service.payer, amount: service.escrow!.perTask }], paid: "0", fees: "0", burned: "0", refunded: closed ? service.escrow!.perTask : "0", unpaid: "0",
    accrued: "0", accruedFees: "0", held: "0", holds: 0, period: 0n, periodUntil: 0n, heldPeriod: 0n,
  };
}

/** Stores the step and carries out its effects, in order. Gives the instance as it is then. */
export function applyInstance(ctx: Context, ports: MarketPorts, before: Instance, step: InstanceStep): Instance {
  const { instance } = step;
  if (instance === before && step.effects.length === 0) return before;
  let service = loadService(ctx, instance.serviceId);
  for (const effect of step.effects) service = carryOut(ctx, ports, instance, service, effect);
  store(ctx, before, instance);
  if (before.state !== instance.state || before.slashed !== instance.slashed) instanceChanged(ctx, instance, service);
  saveService(ctx, ports, service);
  followRounds(ctx, ports, before, instance, service);
  const bid = loadBid(ctx, service.id);
  if (instance.state === InstanceState.INSTANCE_STATE_OPEN && isTerminal(bid.status)) {
    // A bid that left the book takes no instance back.
    return applyInstance(ctx, ports, instance, closeOpenInstance(instance, serviceTerms(ctx, service), closedBy(bid), ports.clock.tau(ctx)));
  }
  return instance;
}

function carryOut(ctx: Context, ports: MarketPorts, instance: Instance, service: Service, effect: InstanceEffect): Service {
  switch (effect.kind) {
    case "slash": {
      const { penalty, provider } = effect;
      const awards = penalty.consumer > 0n ? [{ to: addressBytes(service.payer), amount: penalty.consumer }] : [];
      ports.providers.slash(ctx, addressBytes(provider), penalty.amount, awards, effect.reason);
      emit(ctx, "EventProviderPenalized", {
        instance_id: instance.id, service_id: service.id, provider, ...billedTo(service), reason: effect.reason, amount: penalty.amount, to_consumer: penalty.consumer, to_provers: 0n,
        denom: ports.providers.bondDenom(ctx),
      });
      return service;
    }
    case "settled": {
      const { settlement, from, to, lots } = effect;
      const { provider: servedBy, providerOrganization, jurisdiction, leaseId, price } = instance;
      const paid = disburse(ctx, ports, service, settlement, { service_id: service.id, instance_id: instance.id, lease_id: leaseId, provider: servedBy, price, from_tau: from, to_tau: to }, [
        { provider: servedBy, providerOrganization, jurisdiction, leaseId, price, lots, fromTau: from, toTau: to },
      ]);
      if (settlement.fee > 0n) for (const { provider, amount } of settlement.payments) countSettled(ctx, ports, service, { provider, amount, lots, stake: 0n });
      return paid;
    }
    case "gathered":
      return gather(ctx, instance, service, effect.gathered);
    case "redated":
      redate(ctx, instance, service, effect.period, effect.until);
      return service;
    case "ended": {
      const { provider, askId, unitOut } = effect.instance;
      if (unitOut) returnUnit(ctx, ports, askId, effect.unlock);
      else if (effect.unlock > 0n) ports.providers.unlock(ctx, addressBytes(provider), effect.unlock);
      return service;
    }
    case "record":
      ports.providers.record(ctx, addressBytes(effect.provider), effect.outcome, effect.worth);
      return service;
    case "exclude":
      exclude(ctx, service.id, effect.provider);
      return service;
    case "reopened": {
      const bid = loadBid(ctx, service.id);
      if (!isTerminal(bid.status)) saveBid(ctx, { ...bid, reopened: [...bid.reopened, instance.id] });
      return service;
    }
    case "closed":
      return { ...service, instancesClosed: service.instancesClosed + 1 };
  }
}

/** Writes the instance, its place in the queue and who has it. */
function store(ctx: Context, before: Instance, instance: Instance): void {
  instances.set(ctx, instance.id, instance);
  if (before.dueTau !== instance.dueTau) {
    if (before.dueTau !== 0n) instanceQueue.remove(ctx, [before.dueTau, instance.id]);
    if (instance.dueTau !== 0n) instanceQueue.set(ctx, [instance.dueTau, instance.id], true);
  }
  const [was, is] = [isHeld(before.state), isHeld(instance.state)];
  if (was && (!is || before.provider !== instance.provider)) instancesByProvider.remove(ctx, [addressBytes(before.provider), instance.id]);
  if (is && (!was || before.provider !== instance.provider)) instancesByProvider.set(ctx, [addressBytes(instance.provider), instance.id], true);
}

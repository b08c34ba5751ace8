/** MsgPlaceServiceBid: instances that are served for as long as they are paid, and the money for the first of that time. */
import { Bid, Meter, OrderStatus, Service, Term, TimeInForce, type Params, type ServiceSpec } from "../../../codec/gen/dcm/market/v1/types.ts";
import type { MsgPlaceServiceBid, MsgPlaceServiceBidResponse } from "../../../codec/gen/dcm/market/v1/tx.ts";
import { addressBytes } from "../../../codec/address.ts";
import { encodeWire } from "../../../codec/wire.ts";
import { fail } from "../../../runtime/errors.ts";
import { bookOf } from "../asks.ts";
import { saveBid } from "../bids.ts";
import { anyClass } from "../classes.ts";
import { atMost, canonical, checkClassId, checkCostTags, checkProfile, checkTimeInForce, checkUrls, checkWhole, expiry, maxPrice, maxTau, size, textAtMost, tradable } from "../checks.ts";
import { authorizeSpend, holdingOf, payerOf } from "../escrow.ts";
import { errors } from "../errors.ts";
import { serviceBidPlaced, termName } from "../events.ts";
import { payForMatches } from "../gas.ts";
import { currentParams, inRange, noticeOf, paramBounds } from "../params.ts";
import { anyDenom, checkDenom, presentRate } from "../quote-denoms.ts";
import { countJob } from "../profiles.ts";
import { lotsOf } from "../services/services.ts";
import { checkAcceptancePeriod, checkServiceAcceptance, maxHolds } from "../services/acceptance.ts";
import { checkPeriod, checkSla } from "../services/sla.ts";
import { escrowOf } from "../settlement.ts";
import { dueKinds, freshBooks, nextJobId, schedule, services, servicesByConsumer, take } from "../state.ts";
import { profileBy, spentBy } from "./place-bid.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { MarketPorts } from "../ports.ts";

/** Bytes of state that an instance, its deposits and its leases may take, for the deposit. */
const instanceBytes = 2_560;
/** And its probe round. */
const roundBytes = 512;
/** And one of its holds. */
const holdBytes = 512;
/** The most weighted instructions that one request may use. */
const maxRequestMeter = 1n << 50n;

export function placeServiceBid(ports: MarketPorts): MessageHandler<MsgPlaceServiceBid, MsgPlaceServiceBidResponse> {
  return {
    signers: (message) => [message.consumer],

    check(message) {
      canonical(message.consumer, "consumer");
      if (message.payer !== "") canonical(message.payer, "payer");
      textAtMost("organization", message.organization, 128);
      checkCostTags(message.costTags);
      checkClassId(message.classId);
      checkDenom("quote_denom", message.quoteDenom);
      inRange("limit_price", message.limitPrice, 1n, maxPrice);
      inRange("lots", message.lots, 1n, 1n << 40n);
      inRange("expires_tau", message.expiresTau, 0n, maxTau);
      checkTimeInForce(message.timeInForce);
      if (message.term !== Term.TERM_SPOT && message.term !== Term.TERM_PREEMPTIBLE) fail(errors.notServed, { field: "term", value: termName(message.term) });
      inRange("reclaim_notice", message.reclaimNotice, 0n, paramBounds.maxReclaimNotice[2]);
      checkService(message.service);
      checkSla(message.sla);
      checkServiceAcceptance(message.acceptance);
    },

    execute(ctx, message) {
      const consumer = canonical(message.consumer, "consumer");
      const { organization } = message;
      const payer = payerOf(ports, { signer: consumer, payer: message.payer === "" ? "" : canonical(message.payer, "payer"), organization });
      const spec = message.service!;
      const { version, params } = currentParams(ctx);
      const capacity = tradable(ctx, ports, message.classId, message.quoteDenom, "limit_price", message.limitPrice);
      if (capacity.meter !== Meter.METER_TIME) fail(errors.serviceNeedsTime, { classId: capacity.id });
      inRange("lots", message.lots, 1n, capacity.maxLots);
      checkAgainst(params, message);
      checkPeriod(message.sla, params);
      checkAcceptancePeriod(message.acceptance, params);
      checkProfile(ctx, message);
      const reclaimNotice = noticeOf(message.reclaimNotice, params);
      const noticeLots = lotsOf(reclaimNotice, capacity.meterPerLot);
      if (message.lots < noticeLots) fail(errors.lotsBelowNotice, { lots: message.lots, least: noticeLots, notice: reclaimNotice });
      const tau = ports.clock.tau(ctx);
      const perInstance = escrowOf(message.limitPrice, message.lots, 1, 0, params.feeBps);
      const escrow = perInstance * BigInt(spec.instances);
      payForMatches(ctx, spec.instances, 1);
      const id = take(ctx, nextJobId);
      const common = { id, consumer, organization, classId: message.classId, quoteDenom: message.quoteDenom, createdHeight: ctx.height };
      const bid = Bid.fromPartial({
        ...common, limitPrice: message.limitPrice, lots: message.lots, timeInForce: message.timeInForce, term: message.term, profileId: message.profileId, minColocated: message.minColocated,
        expiresTau: expiry("expires_tau", message.expiresTau, tau, params.maxOrderLifetime), status: OrderStatus.ORDER_STATUS_OPEN, k: 1, tasks: spec.instances, service: true, reclaimNotice,
      });
      const service = Service.fromPartial({
        ...common, payer, costTags: message.costTags, spec, ...(message.sla === undefined ? {} : { sla: message.sla }), ...(message.acceptance === undefined ? {} : { acceptance: message.acceptance }), createdTau: tau, paramsVersion: version, rate: presentRate(ctx, ports, message.quoteDenom),
        escrow: { denom: message.quoteDenom, deposited: escrow.toString(), held: escrow.toString(), perTask: perInstance.toString(), paid: "0", refunded: "0", fees: "0", burned: "0", storageDeposit: "0" },
      });
      const bytes = encodeWire(Service, service).length + encodeWire(Bid, bid).length + 256 + spec.instances * (instanceBytes + (message.sla === undefined ? 0 : roundBytes) + (message.acceptance === undefined ? 0 : maxHolds * holdBytes));
      const deposit = BigInt(bytes) * params.depositPerByte;
      const policy = { purpose: "bid" as const, classId: message.classId, costTags: message.costTags };
      authorizeSpend(ctx, ports, { signer: consumer, payer, organization, holding: holdingOf(id), coins: [{ denom: message.quoteDenom, amount: escrow }, { denom: ports.providers.bondDenom(ctx), amount: deposit }], policy });
      const placed = { ...service, escrow: { ...service.escrow!, storageDeposit: deposit.toString() } };
      services.set(ctx, id, placed);
      servicesByConsumer.set(ctx, [addressBytes(consumer), id], true);
      serviceBidPlaced(ctx, bid, placed);
      countJob(ctx, ports, bookOf(bid), bid.profileId, 1n);
      saveBid(ctx, bid);
      schedule(ctx, bid.expiresTau, dueKinds.bidExpiry, id);
      freshBooks.set(ctx, bookOf(bid), true);
      return { serviceId: id, escrow: escrow.toString(), storageDeposit: deposit.toString() };
    },

    arbitrary({ ctx, accounts, random }) {
      const [classId, capacity] = anyClass(ctx, random, Meter.METER_TIME) ?? [];
      if (classId === undefined || capacity === undefined) return undefined;
      const { minReclaimNotice, minSlaPeriod } = currentParams(ctx).params;
      const reclaimNotice = random.chance(50) ? 0n : minReclaimNotice + random.bigint(60_000n);
      const consumer = random.pick(accounts);
      return {
        consumer, payer: "", organization: spentBy(ctx, ports, random, consumer), costTags: random.chance(40) ? [{ key: "team", value: "a" }] : [], classId, quoteDenom: anyDenom(ctx, ports, random),
        limitPrice: capacity.tick * BigInt(1 + random.int(60)), lots: lotsOf(reclaimNotice === 0n ? minReclaimNotice : reclaimNotice, capacity.meterPerLot) + random.bigint(3n),
        timeInForce: random.chance(80) ? TimeInForce.TIME_IN_FORCE_GTT : TimeInForce.TIME_IN_FORCE_FOK, term: random.chance(50) ? Term.TERM_PREEMPTIBLE : Term.TERM_SPOT, expiresTau: 0n,
        profileId: random.chance(20) ? (profileBy(ctx, random, classId) ?? 0) : 0, minColocated: 0, reclaimNotice,
        sla: random.chance(20) ? undefined : { minAvailabilityBps: 1 + random.int(10_000), maxLatencyMs: 1n + random.bigint(800n), periodMs: minSlaPeriod + random.bigint(60_000n), creditBps: 1 + random.int(10_000) },
        acceptance: random.chance(25) ? { window: minSlaPeriod + random.bigint(20_000n), providerShareBps: random.pick([0, 5_000, 10_000]), heldBps: random.pick([1, 3_333, 5_000, 10_000]), period: minSlaPeriod + random.bigint(20_000n) } : undefined,
        service: {
          program: { digest: new Uint8Array(32), size: 100n }, instances: 1 + random.int(3), dataUrls: ["http://127.0.0.1:1"], requestMeter: 1_000_000n, maxRequestSize: 1_000n,
          maxResponseSize: 1_000n, consumerKey: new Uint8Array(32), arguments: new Uint8Array(0),
        },
      };
    },
  };
}

function checkService(spec: ServiceSpec | undefined): void {
  if (spec?.program === undefined) fail(errors.invalidField, { field: "service", value: "missing", limit: "given, with program" });
  size("service.program.digest", spec.program.digest, 32);
  inRange("service.program.size", spec.program.size, 1n, 1n << 32n);
  inRange("service.instances", spec.instances, 1, paramBounds.maxTasks[2]);
  inRange("service.request_meter", spec.requestMeter, 1n, maxRequestMeter);
  inRange("service.max_request_size", spec.maxRequestSize, 0n, paramBounds.maxResultSize[2]);
  inRange("service.max_response_size", spec.maxResponseSize, 0n, paramBounds.maxResultSize[2]);
  // Without a key anybody could call what one consumer pays for.
  size("service.consumer_key", spec.consumerKey, 32);
  atMost("service.arguments", spec.arguments.length, 4_096, "bytes");
  checkUrls("service.data_urls", spec.dataUrls);
}

/** What depends on parameters. */
function checkAgainst(params: Params, message: MsgPlaceServiceBid): void {
  const spec = message.service!;
  inRange("service.instances", spec.instances, 1, params.maxTasks);
  checkWhole("service.instances", spec.instances, message, params);
  inRange("service.max_request_size", spec.maxRequestSize, 0n, params.maxResultSize);
  inRange("service.max_response_size", spec.maxResponseSize, 0n, params.maxResultSize);
}

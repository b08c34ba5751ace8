/** MsgPlaceAsk: units of a class at a price; their bond is set aside. */
import { Ask, Meter, OrderStatus, Term, type CapacityClass, type Params } from "../../../codec/gen/dcm/market/v1/types.ts";
import type { MsgPlaceAsk, MsgPlaceAskResponse } from "../../../codec/gen/dcm/market/v1/tx.ts";
import { addressBytes } from "../../../codec/address.ts";
import { encodeWire } from "../../../codec/wire.ts";
import { fail } from "../../../runtime/errors.ts";
import { bookOf, maxAsksPerProvider, saveAsk } from "../asks.ts";
import { anyClass } from "../classes.ts";
import { canonical, checkClassId, checkPremiums, declared, expiry, jobsOnly, maxPrice, maxTau, tradable } from "../checks.ts";
import { authorizeSpend } from "../escrow.ts";
import { errors } from "../errors.ts";
import { askPlaced, termName } from "../events.ts";
import { addAsk } from "../followers.ts";
import { checkLevels, served } from "../levels.ts";
import { currentParams, inRange, noticeOf, paramBounds } from "../params.ts";
import { anyDenom, checkDenom } from "../quote-denoms.ts";
import { isReserved } from "../reserved.ts";
import { sellerOf } from "../sellers.ts";
import { dueKinds, freshBooks, nextAskId, schedule, take } from "../state.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { MarketPorts } from "../ports.ts";

/** Units of one ask. */
export const maxUnits = 10_000;
/** Bytes of state beside the record, and what a place among a profile's asks takes: an ask may come to stand in as many as it offers attributes. */
const indexBytes = 128;
const placeBytes = 64;

/** For the record of an ask, in the bond denom. */
export function askDeposit(ask: Ask, params: Params): bigint {
  return BigInt(encodeWire(Ask, { ...ask, places: [], profilesSeen: 0, storageDeposit: "" }).length + indexBytes + placeBytes * ask.premiums.length) * params.depositPerByte;
}

/** How what it serves may end before its time: for services only. Gives the notice. */
function checkTerms({ id, meter }: CapacityClass, { term, reclaimNotice, availableUntil }: MsgPlaceAsk, params: Params): bigint {
  if (meter !== Meter.METER_TIME) {
    if (reclaimNotice !== 0n) fail(errors.termsNeedTime, { field: "reclaim_notice", value: String(reclaimNotice), classId: id });
    if (term === Term.TERM_PREEMPTIBLE) fail(errors.termsNeedTime, { field: "term", value: termName(term), classId: id });
    return 0n;
  }
  if (availableUntil !== 0n) fail(errors.windowNeedsWork, { until: availableUntil, classId: id });
  return noticeOf(reclaimNotice, params);
}

export function placeAsk(ports: MarketPorts): MessageHandler<MsgPlaceAsk, MsgPlaceAskResponse> {
  return {
    signers: (message) => [message.provider],

    check(message) {
      canonical(message.provider, "provider");
      checkClassId(message.classId);
      checkDenom("quote_denom", message.quoteDenom);
      inRange("base_price", message.basePrice, 1n, maxPrice);
      inRange("units", message.units, 1, maxUnits);
      inRange("expires_tau", message.expiresTau, 0n, maxTau);
      inRange("available_until", message.availableUntil, 0n, maxTau);
      inRange("max_colocated", message.maxColocated, 0, message.units);
      inRange("available_from", message.availableFrom, 0n, maxTau);
      checkPremiums(message.premiums);
      inRange("reclaim_notice", message.reclaimNotice, 0n, paramBounds.maxReclaimNotice[2]);
      inRange("max_acceptance_window", message.maxAcceptanceWindow, 0n, paramBounds.maxAcceptanceWindow[2]);
      checkLevels(message.levels);
      const { term } = message;
      if (term !== Term.TERM_UNSPECIFIED && term !== Term.TERM_SPOT && term !== Term.TERM_PREEMPTIBLE) fail(errors.notServed, { field: "term", value: termName(term) });
      if (message.reservedFor !== "" && canonical(message.reservedFor, "reserved_for") === canonical(message.provider, "provider")) {
        fail(errors.invalidField, { field: "reserved_for", value: message.reservedFor, limit: "another account than the provider's" });
      }
    },

    execute(ctx, message) {
      const provider = canonical(message.provider, "provider");
      const address = addressBytes(provider);
      const capacity = tradable(ctx, ports, message.classId, message.quoteDenom, "base_price", message.basePrice);
      if (message.reservedFor !== "") jobsOnly(capacity, "reserved_for");
      if (message.levels.length > 0) jobsOnly(capacity, "levels");
      const reclaimNotice = checkTerms(capacity, message, currentParams(ctx).params);
      const view = ports.providers.find(ctx, address);
      if (view?.active !== true) fail(errors.notProvider, { address: provider });
      if (sellerOf(ctx, address).asks >= maxAsksPerProvider) fail(errors.tooManyOrders, { owner: provider, limit: maxAsksPerProvider });
      const { version, params } = currentParams(ctx);
      const tau = ports.clock.tau(ctx);
      const until = expiry("expires_tau", message.expiresTau, tau, params.maxOrderLifetime);
      const window = message.availableUntil === 0n ? until : expiry("available_until", message.availableUntil, tau, maxTau);
      const expiresTau = window < until ? window : until;
      const waiting = message.availableFrom > tau;
      if (waiting) inRange("available_from", message.availableFrom, tau, expiresTau - 1n);
      declared(view, message.premiums);
      const bond = capacity.minBondPerUnit * BigInt(message.units);
      if (bond > 0n && !ports.providers.reserve(ctx, address, bond)) fail(errors.bondTooSmall, { needed: bond, free: ports.providers.free(ctx, address) });
      const ask = Ask.fromPartial({
        id: take(ctx, nextAskId), provider, classId: message.classId, quoteDenom: message.quoteDenom, basePrice: message.basePrice, units: message.units,
        freeUnits: message.units, premiums: message.premiums, maxColocated: message.maxColocated, availableFrom: message.availableFrom, availableUntil: message.availableUntil, expiresTau, waiting, reclaimNotice, term: message.term, maxAcceptanceWindow: message.maxAcceptanceWindow, levels: message.levels,
        status: OrderStatus.ORDER_STATUS_OPEN, createdHeight: ctx.height, createdTau: tau, paramsVersion: version, bondPerUnit: capacity.minBondPerUnit, organization: view.organization,
        reservedFor: message.reservedFor === "" ? "" : canonical(message.reservedFor, "reserved_for"),
      });
      const deposit = askDeposit(ask, params);
      authorizeSpend(ctx, ports, { signer: provider, payer: provider, organization: "", coins: [{ denom: ports.providers.bondDenom(ctx), amount: deposit }], policy: { purpose: "ask", classId: message.classId, costTags: [] } });
      const placed = { ...ask, storageDeposit: deposit.toString() };
      addAsk(ctx, ports, address, ask.id);
      askPlaced(ctx, placed);
      saveAsk(ctx, placed);
      schedule(ctx, placed.expiresTau, dueKinds.askExpiry, ask.id);
      if (waiting) schedule(ctx, ask.availableFrom, dueKinds.askOpening, ask.id);
      if (!isReserved(ask)) freshBooks.set(ctx, bookOf(ask), true);
      return { askId: ask.id };
    },

    arbitrary({ ctx, accounts, random }) {
      const [classId, capacity] = anyClass(ctx, random) ?? [];
      if (classId === undefined || capacity === undefined) return undefined;
      const provider = random.pick(accounts);
      const declares = ports.providers.find(ctx, addressBytes(provider))?.attributes ?? [];
      return {
        provider, classId, quoteDenom: anyDenom(ctx, ports, random), basePrice: capacity.tick * BigInt(1 + random.int(50)), units: 1 + random.int(4),
        premiums: declares.filter(() => random.chance(60)).map(([key, value]) => ({ attribute: { key, value }, price: random.bigint(10n) })), maxColocated: random.chance(20) ? 1 + random.int(2) : 0,
        availableFrom: random.chance(10) ? ports.clock.tau(ctx) + random.bigint(20_000n) : 0n, availableUntil: 0n, expiresTau: random.chance(20) ? ports.clock.tau(ctx) + BigInt(1 + random.int(100_000)) : 0n,
        reclaimNotice: capacity.meter === Meter.METER_TIME && random.chance(30) ? currentParams(ctx).params.minReclaimNotice + random.bigint(60_000n) : 0n,
        term: capacity.meter === Meter.METER_TIME && random.chance(30) ? Term.TERM_PREEMPTIBLE : Term.TERM_SPOT,
        reservedFor: capacity.meter === Meter.METER_WORK && random.chance(10) ? random.pick(accounts) : "",
        maxAcceptanceWindow: random.chance(90) ? currentParams(ctx).params.maxAcceptanceWindow : 0n,
        levels: capacity.meter === Meter.METER_WORK && random.chance(10) ? served.filter(() => random.chance(70)) : [],
      };
    },
  };
}

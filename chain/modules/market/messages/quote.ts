/** MsgQuote: a binding answer to a request: an ask for the requester alone, its bond set aside. */
import { Allotment, Ask, OrderStatus } from "../../../codec/gen/dcm/market/v1/types.ts";
import type { MsgQuote, MsgQuoteResponse } from "../../../codec/gen/dcm/market/v1/tx.ts";
import { addressBytes } from "../../../codec/address.ts";
import { fail } from "../../../runtime/errors.ts";
import { loadAsk, maxAsksPerProvider, saveAsk } from "../asks.ts";
import { canonical, declared, expiry, maxPrice, maxTau, tradable } from "../checks.ts";
import { authorizeSpend } from "../escrow.ts";
import { errors } from "../errors.ts";
import { askPlaced } from "../events.ts";
import { addAsk } from "../followers.ts";
import { factsOf } from "../mandates.ts";
import { checkLevels, served } from "../levels.ts";
import { currentParams, inRange, paramBounds } from "../params.ts";
import { maxQuotes, quotesOf } from "../requests.ts";
import { saveAllotment } from "../reserved.ts";
import { sellerOf } from "../sellers.ts";
import { dueKinds, nextAskId, quoteRequests, quotes, schedule, take } from "../state.ts";
import { askDeposit, maxUnits } from "./place-ask.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { Context } from "../../../runtime/context.ts";
import type { ProviderView } from "../../staking/providers/ports.ts";
import type { MarketPorts } from "../ports.ts";

/** Fails where no bid with the organization's money could name what the provider offers. */
function mayServe(ctx: Context, ports: MarketPorts, organization: string, provider: string, view: ProviderView): void {
  const rule = ports.organizations.organizationsOf(ctx, provider).includes(organization) ? "members do not sell to their organization" : ports.organizations.admission(ctx, organization)?.(factsOf(ctx, ports, view));
  if (rule !== undefined) fail(errors.notAdmitted, { provider, organization, rule });
}

export function quote(ports: MarketPorts): MessageHandler<MsgQuote, MsgQuoteResponse> {
  return {
    signers: (message) => [message.provider],

    check(message) {
      canonical(message.provider, "provider");
      inRange("price", message.price, 1n, maxPrice);
      inRange("units", message.units, 1, maxUnits);
      inRange("expires_tau", message.expiresTau, 0n, maxTau);
      inRange("max_acceptance_window", message.maxAcceptanceWindow, 0n, paramBounds.maxAcceptanceWindow[2]);
      checkLevels(message.levels);
    },

    execute(ctx, message) {
      const provider = canonical(message.provider, "provider");
      const address = addressBytes(provider);
      const tau = ports.clock.tau(ctx);
      const request = quoteRequests.find(ctx, message.requestId);
      if (request === undefined || tau > request.deadlineTau) fail(errors.unknownRequest, { id: message.requestId });
      const { id, classId, quoteDenom, tasks, lots, resources } = request;
      if (request.requester === provider) fail(errors.ownRequest, { id });
      const capacity = tradable(ctx, ports, classId, quoteDenom, "price", message.price);
      inRange("units", message.units, 1, tasks);
      const view = ports.providers.find(ctx, address);
      if (view?.active !== true) fail(errors.notProvider, { address: provider });
      if (request.organization !== "") mayServe(ctx, ports, request.organization, provider, view);
      declared(view, request.requirements.map((attribute) => ({ attribute, price: 0n })));
      const standing = quotesOf(ctx, id);
      const own = standing.find((askId) => loadAsk(ctx, askId).provider === provider);
      if (own !== undefined) fail(errors.alreadyQuoted, { id, ask: own });
      if (standing.length >= maxQuotes) fail(errors.tooManyQuotes, { id, limit: maxQuotes });
      if (sellerOf(ctx, address).asks >= maxAsksPerProvider) fail(errors.tooManyOrders, { owner: provider, limit: maxAsksPerProvider });
      const bond = capacity.minBondPerUnit * BigInt(message.units);
      if (bond > 0n && !ports.providers.reserve(ctx, address, bond)) fail(errors.bondTooSmall, { needed: bond, free: ports.providers.free(ctx, address) });
      const { version, params } = currentParams(ctx);
      const ask = Ask.fromPartial({
        id: take(ctx, nextAskId), provider, classId, quoteDenom, basePrice: message.price, units: message.units, freeUnits: message.units,
        expiresTau: expiry("expires_tau", message.expiresTau, tau, params.maxOrderLifetime), status: OrderStatus.ORDER_STATUS_OPEN, createdHeight: ctx.height, createdTau: tau, paramsVersion: version,
        bondPerUnit: capacity.minBondPerUnit, organization: view.organization, reservedFor: request.payer, requestId: id, maxAcceptanceWindow: message.maxAcceptanceWindow, levels: message.levels, ...(resources === undefined ? {} : { resources }),
      });
      const deposit = askDeposit(ask, params);
      const policy = { purpose: "ask", classId, costTags: [] } as const;
      authorizeSpend(ctx, ports, { signer: provider, payer: provider, organization: "", coins: [{ denom: ports.providers.bondDenom(ctx), amount: deposit }], policy });
      const placed = { ...ask, storageDeposit: deposit.toString() };
      addAsk(ctx, ports, address, ask.id);
      askPlaced(ctx, placed);
      saveAllotment(ctx, Allotment.fromPartial({ askId: ask.id, lots: lots * BigInt(tasks) }));
      saveAsk(ctx, placed);
      quotes.set(ctx, [id, ask.id], true);
      schedule(ctx, placed.expiresTau, dueKinds.askExpiry, ask.id);
      return { askId: ask.id };
    },

    arbitrary({ ctx, accounts, random }) {
      const known = Array.from(quoteRequests.entries(ctx), ([id]) => id);
      if (known.length === 0) return undefined;
      return { provider: random.pick(accounts), requestId: random.pick(known), price: BigInt(1 + random.int(50)), units: 1 + random.int(2), expiresTau: random.chance(50) ? 0n : ports.clock.tau(ctx) + BigInt(1 + random.int(100_000)), maxAcceptanceWindow: random.chance(70) ? 100_000n : 0n, levels: random.chance(10) ? served.filter(() => random.chance(70)) : [] };
    },
  };
}

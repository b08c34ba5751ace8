/** MsgReplaceAsk: another price for the free units of an ask, after this block's batch. */
import { Ask, AskReplacement } from "../../../codec/gen/dcm/market/v1/types.ts";
import type { MsgReplaceAsk, MsgReplaceAskResponse } from "../../../codec/gen/dcm/market/v1/tx.ts";
import { addressBytes } from "../../../codec/address.ts";
import { canonical, checkPremiums, declared, expiry, maxPrice, maxTau, ownAsk, tradable } from "../checks.ts";
import { fail } from "../../../runtime/errors.ts";
import { authorizeSpend } from "../escrow.ts";
import { errors } from "../errors.ts";
import { currentParams, inRange } from "../params.ts";
import { isReserved } from "../reserved.ts";
import { asks, nextAskId, replacedAsks } from "../state.ts";
import { askDeposit } from "./place-ask.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { MarketPorts } from "../ports.ts";

export function replaceAsk(ports: MarketPorts): MessageHandler<MsgReplaceAsk, MsgReplaceAskResponse> {
  return {
    signers: (message) => [message.provider],

    check(message) {
      canonical(message.provider, "provider");
      inRange("base_price", message.basePrice, 1n, maxPrice);
      inRange("expires_tau", message.expiresTau, 0n, maxTau);
      checkPremiums(message.premiums);
    },

    execute(ctx, message) {
      const ask = ownAsk(ctx, ports, message.askId, canonical(message.provider, "provider"));
      if (isReserved(ask)) fail(errors.fixedPrice, { what: `ask ${ask.id}` });
      tradable(ctx, ports, ask.classId, ask.quoteDenom, "base_price", message.basePrice);
      const view = ports.providers.find(ctx, addressBytes(ask.provider));
      if (view === undefined) fail(errors.notProvider, { address: ask.provider });
      declared(view, message.premiums);
      const { params } = currentParams(ctx);
      const until = expiry("expires_tau", message.expiresTau, ports.clock.tau(ctx), params.maxOrderLifetime);
      const expiresTau = ask.availableUntil !== 0n && ask.availableUntil < until ? ask.availableUntil : until;
      const more = askDeposit({ ...ask, basePrice: message.basePrice, premiums: message.premiums, expiresTau }, params) - BigInt(ask.storageDeposit);
      if (more > 0n) {
        const policy = { purpose: "ask", classId: ask.classId, costTags: [] } as const;
        authorizeSpend(ctx, ports, { signer: ask.provider, payer: ask.provider, organization: "", coins: [{ denom: ports.providers.bondDenom(ctx), amount: more }], policy });
        asks.set(ctx, ask.id, Ask.fromPartial({ ...ask, storageDeposit: (BigInt(ask.storageDeposit) + more).toString() }));
      }
      replacedAsks.set(ctx, ask.id, AskReplacement.fromPartial({ askId: ask.id, basePrice: message.basePrice, premiums: message.premiums, expiresTau }));
      return {};
    },

    arbitrary({ ctx, accounts, random }) {
      const askId = 1n + random.bigint(nextAskId.find(ctx) ?? 1n);
      const ask = asks.find(ctx, askId);
      return { provider: ask?.provider ?? random.pick(accounts), askId, basePrice: BigInt(1 + random.int(50)), premiums: ask === undefined || random.chance(50) ? [] : ask.premiums, expiresTau: 0n };
    },
  };
}

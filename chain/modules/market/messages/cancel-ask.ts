/** MsgCancelAsk: out of the book after this block's batch. */
import type { MsgCancelAsk, MsgCancelAskResponse } from "../../../codec/gen/dcm/market/v1/tx.ts";
import { canonical, ownAsk } from "../checks.ts";
import { asks, cancelledAsks, nextAskId } from "../state.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { MarketPorts } from "../ports.ts";

export function cancelAsk(ports: MarketPorts): MessageHandler<MsgCancelAsk, MsgCancelAskResponse> {
  return {
    signers: (message) => [message.provider],

    check: (message) => void canonical(message.provider, "provider"),

    execute(ctx, message) {
      const ask = ownAsk(ctx, ports, message.askId, canonical(message.provider, "provider"));
      cancelledAsks.set(ctx, ask.id, true);
      return {};
    },

    arbitrary({ ctx, accounts, random }) {
      const last = nextAskId.find(ctx) ?? 1n;
      const askId = 1n + random.bigint(last);
      return { provider: asks.find(ctx, askId)?.provider ?? random.pick(accounts), askId };
    },
  };
}

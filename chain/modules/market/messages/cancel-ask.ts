/** MsgCancelAsk: out of the book after this block's batch. */
import { OrderStatus } from "../../../codec/gen/dcm/market/v1/types.ts";
import type { MsgCancelAsk, MsgCancelAskResponse } from "../../../codec/gen/dcm/market/v1/tx.ts";
import { fail } from "../../../runtime/errors.ts";
import { canonical } from "../checks.ts";
import { errors } from "../errors.ts";
import { statusName } from "../events.ts";
import { asks, cancelledAsks, nextAskId } from "../state.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { MarketPorts } from "../ports.ts";

export function cancelAsk(ports: MarketPorts): MessageHandler<MsgCancelAsk, MsgCancelAskResponse> {
  return {
    signers: (message) => [message.provider],

    check: (message) => void canonical(message.provider, "provider"),

    execute(ctx, message) {
      const provider = canonical(message.provider, "provider");
      const ask = asks.find(ctx, message.askId);
      if (ask === undefined) fail(errors.unknownAsk, { id: message.askId });
      if (ask.provider !== provider) fail(errors.notYours, { what: `ask ${ask.id}`, owner: ask.provider, signer: provider });
      if (ask.status !== OrderStatus.ORDER_STATUS_OPEN) fail(errors.notOpen, { what: `ask ${ask.id}`, status: statusName(ask.status) });
      if (ask.expiresTau < ports.clock.tau(ctx)) fail(errors.notOpen, { what: `ask ${ask.id}`, status: "expired" });
      if (cancelledAsks.has(ctx, ask.id)) fail(errors.cancelPending, { what: `ask ${ask.id}` });
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

/** MsgSetQuoteDenom: a denom that books may quote prices in, or another rate for it. */
import type { MsgSetQuoteDenom, MsgSetQuoteDenomResponse } from "../../../codec/gen/dcm/market/v1/tx.ts";
import { requireAuthority } from "../authority.ts";
import { checkQuoteDenom, saveQuoteDenom } from "../quote-denoms.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { MarketPorts } from "../ports.ts";

export function setQuoteDenom(ports: MarketPorts): MessageHandler<MsgSetQuoteDenom, MsgSetQuoteDenomResponse> {
  return {
    signers: (message) => [message.authority],
    check: (message) => void checkQuoteDenom(message.quoteDenom),
    execute(ctx, message) {
      requireAuthority(ports, message.authority);
      saveQuoteDenom(ctx, ports, checkQuoteDenom(message.quoteDenom));
      return {};
    },
    arbitrary: () => undefined,
  };
}

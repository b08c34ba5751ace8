/** MsgCancelRequest: the requester, or an owner or admin of its organization, wants no quotes any more; those that stand leave, their bond is free. */
import type { MsgCancelRequest, MsgCancelRequestResponse } from "../../../codec/gen/dcm/market/v1/tx.ts";
import { fail } from "../../../runtime/errors.ts";
import { canonical, mayEnd } from "../checks.ts";
import { errors } from "../errors.ts";
import { closeQuotes, endRequest } from "../requests.ts";
import { nextRequestId, quoteRequests } from "../state.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { MarketPorts } from "../ports.ts";

export function cancelRequest(ports: MarketPorts): MessageHandler<MsgCancelRequest, MsgCancelRequestResponse> {
  return {
    signers: (message) => [message.requester],

    check: (message) => void canonical(message.requester, "requester"),

    execute(ctx, message) {
      const requester = canonical(message.requester, "requester");
      const { requestId: id } = message;
      const request = quoteRequests.find(ctx, id);
      if (request === undefined || ports.clock.tau(ctx) > request.deadlineTau) fail(errors.unknownRequest, { id });
      if (!mayEnd(ctx, ports, { consumer: request.requester, organization: request.organization }, requester)) fail(errors.notYours, { what: `request ${id}`, owner: request.requester, signer: requester });
      closeQuotes(ctx, ports, id, 0n);
      endRequest(ctx, ports, request, "cancelled");
      return {};
    },

    arbitrary({ ctx, accounts, random }) {
      if (!random.chance(30)) return undefined;
      const requestId = 1n + random.bigint(nextRequestId.find(ctx) ?? 1n);
      return { requester: quoteRequests.find(ctx, requestId)?.requester ?? random.pick(accounts), requestId };
    },
  };
}

/** dcm.session.v1.Query. */
import { QueryDefinition } from "../../codec/gen/dcm/session/v1/query.ts";
import { addressText } from "../../codec/address.ts";
import { queryAddress } from "../../runtime/addresses.ts";
import { toWire } from "../../runtime/coins.ts";
import { QueryError } from "../../runtime/errors.ts";
import { queryService, type BoundQuery } from "../../runtime/module.ts";
import { paginate } from "../../runtime/queries.ts";
import { grantable } from "./grantable.ts";
import { isOver, leftOf, spendingAt } from "./limits.ts";
import { params, sessions, sessionsByKey, spendings, within } from "./state.ts";
import type { SessionPorts } from "./ports.ts";

export function sessionQueries({ clock }: SessionPorts): BoundQuery[] {
  return queryService(QueryDefinition, {
    params: (ctx) => ({ params: params.get(ctx) }),
    session(ctx, request) {
      const [owner, key] = [queryAddress(request.owner, "invalid owner address"), queryAddress(request.session, "invalid session address")];
      const session = sessions.find(ctx, [owner, key]);
      if (session === undefined) throw new QueryError("NotFound", `${addressText(owner)} has granted no session to ${addressText(key)}, or it is over`);
      const tau = clock.tau(ctx);
      const spending = spendingAt(session, spendings.find(ctx, [owner, key]), tau);
      return { session, live: !isOver(session, tau), spent: spending.spent, left: toWire(leftOf(session, spending)), tau };
    },
    sessionsByOwner(ctx, { owner, pagination: page }) {
      const { items, pagination } = paginate(ctx, sessions, page, (_, session) => session, within.address(queryAddress(owner, "invalid owner address")));
      return { sessions: items, pagination };
    },
    sessionsByKey(ctx, { session, pagination: page }) {
      const { items, pagination } = paginate(ctx, sessionsByKey, page, ([key, owner]) => sessions.find(ctx, [owner, key]), within.address(queryAddress(session, "invalid session address")));
      return { sessions: items, pagination };
    },
    grantable: () => ({ messages: [...grantable] }),
  });
}

import { QueryDefinition, type DisputeView } from "../../codec/gen/dcm/referee/v1/query.ts";
import { DisputeState, type Dispute } from "../../codec/gen/dcm/referee/v1/types.ts";
import { queryAddress } from "../../runtime/addresses.ts";
import { QueryError } from "../../runtime/errors.ts";
import { queryService, type BoundQuery } from "../../runtime/module.ts";
import { paginate } from "../../runtime/queries.ts";
import { isLate, leftOf } from "./machine.ts";
import { answers, disputes, disputesByParty, disputesByTask, params, within } from "./state.ts";
import type { Context } from "../../runtime/context.ts";
import type { RefereePorts } from "./ports.ts";

export function refereeQueries(ports: RefereePorts): BoundQuery[] {
  return queryService(QueryDefinition, {
    dispute(ctx, { disputeId }) {
      const found = disputes.find(ctx, disputeId);
      if (found === undefined) throw new QueryError("NotFound", `dispute ${disputeId} not found`);
      const tau = ports.clock.tau(ctx);
      return { view: viewOf(found, tau), answer: answers.find(ctx, disputeId) ?? new Uint8Array(0), tau };
    },
    disputes(ctx, { taskId, party, state, pagination }) {
      if (taskId !== 0n && party !== "") throw new QueryError("InvalidArgument", "task_id or party, not both");
      const tau = ports.clock.tau(ctx);
      const fits = (found: Dispute): DisputeView | undefined => (state === DisputeState.DISPUTE_STATE_UNSPECIFIED || found.state === state ? viewOf(found, tau) : undefined);
      const byId = (context: Context, id: bigint): DisputeView | undefined => fits(disputes.find(context, id)!);
      const page = taskId !== 0n ? paginate(ctx, disputesByTask, pagination, ([, id]) => byId(ctx, id), within.task(taskId))
        : party !== "" ? paginate(ctx, disputesByParty, pagination, ([, id]) => byId(ctx, id), within.address(queryAddress(party, "party")))
        : paginate(ctx, disputes, pagination, (_, found) => fits(found));
      return { views: page.items, pagination: page.pagination, tau };
    },
    params: (ctx) => ({ params: params.get(ctx) }),
  });
}

function viewOf(dispute: Dispute, tau: bigint): DisputeView {
  return { dispute, providerLeft: leftOf(dispute, "provider", tau), challengerLeft: leftOf(dispute, "challenger", tau), overdue: isLate(dispute, tau) };
}

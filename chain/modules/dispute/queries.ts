import { QueryDefinition } from "../../codec/gen/dcm/dispute/v1/query.ts";
import { CaseState, type Case } from "../../codec/gen/dcm/dispute/v1/types.ts";
import { queryAddress } from "../../runtime/addresses.ts";
import { QueryError } from "../../runtime/errors.ts";
import { queryService, type BoundQuery } from "../../runtime/module.ts";
import { paginate } from "../../runtime/queries.ts";
import { bringUp } from "./machine.ts";
import { cases, casesByParty, evidence, params, seats, seatsByJuror, within } from "./state.ts";
import type { Context } from "../../runtime/context.ts";
import type { DisputePorts } from "./ports.ts";

export function disputeQueries(ports: DisputePorts): BoundQuery[] {
  /** As it is at the present tau, swept or not; closing is the sweep's. */
  const present = (ctx: Context, one: Case): Case => (one.state === CaseState.CASE_STATE_CLOSED ? one : bringUp(one, ports.clock.tau(ctx), ctx.height));
  return queryService(QueryDefinition, {
    case(ctx, { caseId }) {
      const found = cases.find(ctx, caseId);
      if (found === undefined) throw new QueryError("NotFound", `case ${caseId} not found`);
      return { case: present(ctx, found), tau: ports.clock.tau(ctx) };
    },
    cases(ctx, { party, state, pagination }) {
      const fits = (found: Case): Case | undefined => {
        const one = present(ctx, found);
        return state === CaseState.CASE_STATE_UNSPECIFIED || one.state === state ? one : undefined;
      };
      const page = party === "" ? paginate(ctx, cases, pagination, (_, one) => fits(one)) : paginate(ctx, casesByParty, pagination, ([, id]) => fits(cases.find(ctx, id)!), within.address(queryAddress(party, "party")));
      return { cases: page.items, pagination: page.pagination };
    },
    seats(ctx, { caseId, pagination }) {
      const page = paginate(ctx, seats, pagination, (_, seat) => seat, within.case(caseId));
      return { seats: page.items, pagination: page.pagination };
    },
    jurorSeats(ctx, { juror, pagination }) {
      const address = queryAddress(juror, "juror");
      const page = paginate(ctx, seatsByJuror, pagination, ([, id, round]) => seats.find(ctx, [id, round, address]), within.address(address));
      return { seats: page.items, pagination: page.pagination };
    },
    evidence(ctx, { caseId, pagination }) {
      const page = paginate(ctx, evidence, pagination, (_, piece) => piece, within.case(caseId));
      return { evidence: page.items, pagination: page.pagination };
    },
    params: (ctx) => ({ params: params.get(ctx) }),
  });
}

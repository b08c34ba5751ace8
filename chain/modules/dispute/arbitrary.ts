/** What several generators of simulations share. */
import type { Case, CaseState, Seat } from "../../codec/gen/dcm/dispute/v1/types.ts";
import type { World } from "../../runtime/module.ts";
import { cases, seats } from "./state.ts";

/** A case that was written in this state. */
export function arbitraryCase({ ctx, random }: World, state: CaseState): Case | undefined {
  const found = Array.from(cases.entries(ctx), ([, one]) => one).filter((one) => one.state === state);
  return found.length === 0 ? undefined : random.pick(found);
}

/** A seat of the present round of such a case, whose juror's key the simulation holds. */
export function arbitrarySeat(world: World, state: CaseState, wanted: (seat: Seat) => boolean): { readonly one: Case; readonly seat: Seat } | undefined {
  const { ctx, random, accounts } = world;
  const found = Array.from(seats.entries(ctx), ([, seat]) => ({ seat, one: cases.find(ctx, seat.caseId)! }))
    .filter(({ seat, one }) => one.state === state && seat.round === one.rounds.length - 1 && accounts.includes(seat.juror) && wanted(seat));
  return found.length === 0 ? undefined : random.pick(found);
}

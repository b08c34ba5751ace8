/** What several generators of simulations share. */
import type { Dispute } from "../../codec/gen/dcm/referee/v1/types.ts";
import type { World } from "../../runtime/module.ts";
import { turnOf } from "./machine.ts";
import { disputes } from "./state.ts";

/** A dispute in which it is this side's turn, and whose key for it the simulation holds. */
export function arbitraryTurn({ ctx, random, accounts }: World, side: "provider" | "challenger"): Dispute | undefined {
  const found = Array.from(disputes.entries(ctx), ([, one]) => one).filter((one) => turnOf(one) === side && accounts.includes(one[side]));
  return found.length === 0 ? undefined : random.pick(found);
}

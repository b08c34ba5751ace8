/** What the module's generators share. */
import type { Position } from "../../codec/gen/dcm/forward/v1/types.ts";
import type { CostTag } from "../../codec/gen/dcm/market/v1/types.ts";
import { positions } from "./state.ts";
import type { World } from "../../runtime/module.ts";
import type { ForwardPorts } from "./ports.ts";

/** A position, mostly one that still trades. */
export function arbitraryPosition({ ctx, random }: World): Position | undefined {
  const all = Array.from(positions.entries(ctx), ([, position]) => position);
  const trading = all.filter(({ askId }) => askId === 0n);
  const from = trading.length > 0 && random.chance(90) ? trading : all;
  return from.length === 0 ? undefined : random.pick(from);
}

/** Whose money an account spends, mostly its organization's where it has one. */
export function arbitraryBilling({ organizations }: ForwardPorts, { ctx, random }: Pick<World, "ctx" | "random">, account: string): { organization: string; costTags: CostTag[] } {
  const known = organizations.organizationsOf(ctx, account);
  return { organization: known.length > 0 && random.chance(60) ? random.pick(known) : "", costTags: random.chance(30) ? [{ key: "team", value: "a" }] : [] };
}

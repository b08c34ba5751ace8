/** What the module's generators share. */
import type { Position } from "../../codec/gen/dcm/forward/v1/types.ts";
import { positions } from "./state.ts";
import type { World } from "../../runtime/module.ts";

/** A position, mostly one that still trades. */
export function arbitraryPosition({ ctx, random }: World): Position | undefined {
  const all = Array.from(positions.entries(ctx), ([, position]) => position);
  const trading = all.filter(({ askId }) => askId === 0n);
  const from = trading.length > 0 && random.chance(90) ? trading : all;
  return from.length === 0 ? undefined : random.pick(from);
}

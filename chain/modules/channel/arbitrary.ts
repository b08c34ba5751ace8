/** What the module's generators share. */
import { channels, nextChannelId } from "./state.ts";
import type { World } from "../../runtime/module.ts";

/** The id of a living channel, at times of one that has ended or never was. */
export function arbitraryChannel({ ctx, random }: World): bigint {
  const living = Array.from(channels.entries(ctx), ([id]) => id);
  return living.length === 0 || random.chance(10) ? 1n + random.bigint(nextChannelId.get(ctx) + 1n) : random.pick(living);
}

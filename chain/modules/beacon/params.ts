import type { Params } from "../../codec/gen/dcm/beacon/v1/types.ts";

/** Bounds that governance cannot leave. */
export const bounds = { seedsKept: [256n, 1_000_000n], keyActivationDelayBlocks: [2n, 100_000n] } as const;

export function defaultParams(): Params {
  return { seedsKept: 20_000n, keyActivationDelayBlocks: 64n };
}

/** The sentence that says which parameter is out of bounds, or undefined. */
export function paramsFault(params: Params | undefined): string | undefined {
  if (params === undefined) return "params is missing";
  const [least, most] = bounds.seedsKept;
  if (params.seedsKept < least || params.seedsKept > most) return `seeds_kept is ${least} to ${most}, got ${params.seedsKept}`;
  const [short, long] = bounds.keyActivationDelayBlocks;
  if (params.keyActivationDelayBlocks < short || params.keyActivationDelayBlocks > long) {
    return `key_activation_delay_blocks is ${short} to ${long}, got ${params.keyActivationDelayBlocks}`;
  }
  return undefined;
}

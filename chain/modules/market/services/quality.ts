/** Providers' counters of probes: sums over EventProbeJudged and EventCreditPaid, nothing else. */
import { ProviderQuality } from "../../../codec/gen/dcm/market/v1/types.ts";
import { addressBytes } from "../../../codec/address.ts";
import { qualities } from "../state.ts";
import type { Context } from "../../../runtime/context.ts";

/** All zero where nothing was counted yet. */
export function qualityOf(ctx: Context, provider: string): ProviderQuality {
  return qualities.find(ctx, addressBytes(provider)) ?? ProviderQuality.fromPartial({ provider, credits: "0" });
}

type Counter = Exclude<keyof ProviderQuality, "provider" | "credits">;

export function count(ctx: Context, provider: string, counters: Readonly<Partial<Record<Counter, boolean>>>, credit = 0n): void {
  const quality = qualityOf(ctx, provider);
  const next = { ...quality, credits: (BigInt(quality.credits) + credit).toString() };
  for (const [name, counts] of Object.entries(counters)) if (counts) next[name as Counter]++;
  qualities.set(ctx, addressBytes(provider), next);
}

/** The market's door: does anybody whose word counts attest this? */
import { equalBytes } from "../../../codec/bytes.ts";
import type { Context } from "../../../runtime/context.ts";
import type { Keeper } from "./keeper.ts";
import type { AttestationsPort } from "./ports.ts";
import { invalidReason, lastsUntil } from "./standing.ts";
import { attestations, voidProviders, within } from "./state.ts";

export function attestationsPort(keeper: Keeper): AttestationsPort {
  return {
    attested: (ctx, provider, key, value, tau, auditors) => validUntil(ctx, keeper, provider, key, value, tau, auditors).next().done !== true,

    attestedUntil(ctx, provider, key, value, tau, auditors) {
      let last = 0n;
      for (const until of validUntil(ctx, keeper, provider, key, value, tau, auditors)) if (until > last) last = until;
      return last;
    },

    onChange: (listener) => keeper.onChange(listener),
  };
}

/** For each attestation that counts at `tau`, until when. Reads no further than it is asked. */
function* validUntil(ctx: Context, keeper: Keeper, provider: Uint8Array, key: string, value: string, tau: bigint, auditors?: readonly Uint8Array[]): IterableIterator<bigint> {
  if (voidProviders.has(ctx, provider)) return;
  for (const [[, , auditor], one] of attestations.entries(ctx, { within: within.attribute(provider, key) })) {
    if (one.value !== value || (auditors !== undefined && !auditors.some((wanted) => equalBytes(wanted, auditor)))) continue;
    const standing = keeper.standing(ctx, auditor);
    if (invalidReason(one, standing, keeper.minBond(ctx), tau) === "") yield lastsUntil(one, standing);
  }
}

/** The market's door: does anybody whose word counts attest this? */
import type { Attestation } from "../../../codec/gen/dcm/auditor/v1/types.ts";
import { addressBytes, addressText } from "../../../codec/address.ts";
import type { Context } from "../../../runtime/context.ts";
import { attestationsOf } from "./attestations.ts";
import type { Keeper } from "./keeper.ts";
import type { AttestationsPort } from "./ports.ts";
import { invalidReason, lastsUntil } from "./standing.ts";
import { voidProviders } from "./state.ts";

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

/** For each attestation that counts at `tau`, until when. */
function* validUntil(ctx: Context, keeper: Keeper, provider: Uint8Array, key: string, value: string, tau: bigint, auditors?: readonly Uint8Array[]): IterableIterator<bigint> {
  if (voidProviders.has(ctx, provider)) return;
  const wanted = auditors?.map((auditor) => addressText(auditor));
  const fits = (one: Attestation): boolean => one.value === value && (wanted === undefined || wanted.includes(one.auditor));
  const candidates = attestationsOf(ctx, provider, key).filter(fits);
  if (candidates.length === 0) return;
  const least = keeper.minBond(ctx);
  for (const one of candidates) {
    const standing = keeper.standing(ctx, addressBytes(one.auditor));
    if (invalidReason(one, standing, least, tau) === "") yield lastsUntil(one, standing);
  }
}

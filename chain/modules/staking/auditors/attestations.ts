/** Attestations as records: written with all their indexes, taken away with their deposit. */
import { Attestation } from "../../../codec/gen/dcm/auditor/v1/types.ts";
import { addressBytes, addressText } from "../../../codec/address.ts";
import { toHex } from "../../../codec/bytes.ts";
import type { Context } from "../../../runtime/context.ts";
import { fail } from "../../../runtime/errors.ts";
import { errors } from "./errors.ts";
import type { Keeper } from "./keeper.ts";
import { invalidReason, type InvalidReason } from "./standing.ts";
import { attestations, byAuditor, byKey, expiryQueue, params, voidProviders, within, type Place } from "./state.ts";

/** Bytes that a record's indexes take beside it. */
const indexBytes = 256;

export type Ending = { readonly event: "AttestationExpired" } | { readonly event: "AttestationRevoked"; readonly by: string; readonly reason: string } | {
  readonly event: "AttestationVoided";
  readonly reason: "edited" | "provider-left" | "retired" | "withdrawn" | "displaced";
};

export function placeOf({ provider, key, auditor }: Attestation): Place {
  return [addressBytes(provider), key, addressBytes(auditor)];
}

/** What is attested of one attribute, void or not. */
export function attestationsOf(ctx: Context, provider: Uint8Array, key: string): Attestation[] {
  return [...attestations.entries(ctx, { within: within.attribute(provider, key) })].map(([, attestation]) => attestation);
}

/** Why an attestation does not count now; empty where it does. */
export function reasonAgainst(ctx: Context, keeper: Keeper, attestation: Attestation): InvalidReason {
  const [provider, , auditor] = placeOf(attestation);
  const reason = invalidReason(attestation, keeper.standing(ctx, auditor), keeper.minBond(ctx), keeper.tau(ctx));
  return reason === "" && voidProviders.has(ctx, provider) ? "void" : reason;
}

/** Writes a record, and takes its deposit from the auditor; one in its place is replaced. The caller has checked everything. */
export function sign(ctx: Context, keeper: Keeper, unpaid: Omit<Attestation, "storageDeposit">): bigint {
  const place = placeOf({ ...unpaid, storageDeposit: "0" });
  const [provider, , auditor] = place;
  const deposit = BigInt(Attestation.encode({ ...unpaid, storageDeposit: "" }).finish().length + indexBytes) * params.get(ctx).depositPerByte;
  const old = attestations.find(ctx, place);
  if (old !== undefined) {
    drop(ctx, old);
    keeper.payBack(ctx, auditor, BigInt(old.storageDeposit));
  }
  keeper.collect(ctx, auditor, deposit);
  const attestation = { ...unpaid, storageDeposit: String(deposit) };
  put(ctx, attestation);
  keeper.emit(ctx, "AttestationSigned", auditor, {
    provider: attestation.provider, key: attestation.key, value: attestation.value, expires_tau_ms: String(attestation.expiresTauMs), evidence_hash: toHex(attestation.evidenceHash),
    storage_deposit: attestation.storageDeposit, replaced: String(old !== undefined),
  });
  keeper.changed(ctx, provider);
  return deposit;
}

export function put(ctx: Context, attestation: Attestation): void {
  const place = placeOf(attestation);
  const [provider, key, auditor] = place;
  attestations.set(ctx, place, attestation);
  byAuditor.set(ctx, [auditor, provider, key], true);
  byKey.set(ctx, [key, provider, auditor], true);
  expiryQueue.set(ctx, [attestation.expiresTauMs, place], true);
}

function drop(ctx: Context, attestation: Attestation): void {
  const place = placeOf(attestation);
  const [provider, key, auditor] = place;
  attestations.remove(ctx, place);
  byAuditor.remove(ctx, [auditor, provider, key]);
  byKey.remove(ctx, [key, provider, auditor]);
  expiryQueue.remove(ctx, [attestation.expiresTauMs, place]);
}

/** The record goes, its deposit goes home. Whoever takes several of one provider away tells of it once: `keeper.changed`. */
export function end(ctx: Context, keeper: Keeper, attestation: Attestation, { event, ...why }: Ending): void {
  const auditor = addressBytes(attestation.auditor);
  drop(ctx, attestation);
  keeper.payBack(ctx, auditor, BigInt(attestation.storageDeposit));
  keeper.emit(ctx, event, auditor, { provider: attestation.provider, key: attestation.key, value: attestation.value, storage_deposit: attestation.storageDeposit, ...why });
}

/** Makes sure of a place for one more auditor: where all are taken, attestations that do not count now make room, in the order of their auditors. */
export function makeRoom(ctx: Context, keeper: Keeper, provider: Uint8Array, key: string, auditor: Uint8Array): void {
  const most = params.get(ctx).maxAttestationsPerKey;
  const own = addressText(auditor);
  const others = attestationsOf(ctx, provider, key).filter((one) => one.auditor !== own);
  const excess = others.length - most + 1;
  if (excess <= 0) return;
  const idle = others.map((one) => ({ one, reason: reasonAgainst(ctx, keeper, one) })).filter(({ reason }) => reason !== "");
  if (idle.length < excess) fail(errors.full, { key, most });
  for (const { one, reason } of idle.slice(0, excess)) end(ctx, keeper, one, reason === "expired" ? { event: "AttestationExpired" } : { event: "AttestationVoided", reason: "displaced" });
}

/** A provider's attributes are no longer what was attested. */
export function voidEdited(ctx: Context, keeper: Keeper, provider: Uint8Array, keys: readonly string[]): void {
  const gone = keys.flatMap((key) => attestationsOf(ctx, provider, key));
  for (const one of gone) end(ctx, keeper, one, { event: "AttestationVoided", reason: "edited" });
  if (gone.length > 0) keeper.changed(ctx, provider);
}

/** A provider left: what is attested of it counts no more, and is on its way out. */
export function voidLeft(ctx: Context, provider: Uint8Array): void {
  if (attestations.first(ctx, { within: within.address(provider) }) !== undefined) voidProviders.set(ctx, provider, true);
}

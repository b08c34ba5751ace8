/** What comes due by itself, at most 500 items a queue and block. Nothing counts longer for being swept late. What was put off after an error may have got more time since, or be gone. */
import { equalBytes, uint64Bytes } from "../../../codec/bytes.ts";
import type { Context } from "../../../runtime/context.ts";
import { retryMs } from "../../../runtime/retry.ts";
import { end } from "./attestations.ts";
import type { Keeper } from "./keeper.ts";
import { accreditationQueue, accreditations, attestations, byAuditor, expiryQueue, notices, unbondingQueue, unbondings, voidAuditors, voidProviders, within } from "./state.ts";

export const sweepLimit = 500;

function take<T>(items: IterableIterator<T>, most: number): T[] {
  const out: T[] = [];
  for (const item of items) {
    if (out.length === most) break;
    out.push(item);
  }
  return out;
}

/** Pays unbonding entries that are due. */
export function sweepUnbondings(ctx: Context, keeper: Keeper): void {
  const tau = keeper.tau(ctx);
  for (const [key, auditor] of take(unbondingQueue.entries(ctx, { to: uint64Bytes(tau + 1n) }), sweepLimit)) {
    unbondingQueue.remove(ctx, key);
    const done = ctx.isolate(`auditors: unbonding ${key[1]}`, (item) => {
      const entry = unbondings.find(item, [auditor, key[1]]);
      if (entry === undefined) return;
      keeper.pay(item, auditor, entry);
      keeper.drain(item, auditor);
    });
    if (!done) unbondingQueue.set(ctx, [tau + retryMs, key[1]], auditor);
  }
}

export function sweepAccreditations(ctx: Context, keeper: Keeper): void {
  const tau = keeper.tau(ctx);
  for (const [key] of take(accreditationQueue.entries(ctx, { to: uint64Bytes(tau + 1n) }), sweepLimit)) {
    accreditationQueue.remove(ctx, key);
    const done = ctx.isolate("auditors: accreditation", (item) => {
      const accreditation = accreditations.find(item, key[1]);
      if (accreditation !== undefined && accreditation.expiresTauMs <= tau) keeper.endAccreditation(item, key[1], accreditation, "AccreditationExpired");
    });
    if (!done) accreditationQueue.set(ctx, [tau + retryMs, key[1]], true);
  }
}

/** Attestations whose time is over. */
export function sweepExpired(ctx: Context, keeper: Keeper): void {
  const tau = keeper.tau(ctx);
  for (const [key] of take(expiryQueue.entries(ctx, { to: uint64Bytes(tau + 1n) }), sweepLimit)) {
    expiryQueue.remove(ctx, key);
    const [, place] = key;
    const done = ctx.isolate("auditors: attestation", (item) => {
      const attestation = attestations.find(item, place);
      if (attestation === undefined || attestation.expiresTauMs > tau) return;
      end(item, keeper, attestation, { event: "AttestationExpired" });
      keeper.changed(item, place[0]);
    });
    if (!done) expiryQueue.set(ctx, [tau + retryMs, place], true);
  }
}

/** Takes away what is attested of providers that left. */
export function sweepLeft(ctx: Context, keeper: Keeper): void {
  let room = sweepLimit;
  for (const [provider] of take(voidProviders.entries(ctx), sweepLimit)) {
    if (room <= 0) return;
    ctx.isolate("auditors: provider that left", (item) => {
      const gone = take(attestations.entries(item, { within: within.address(provider) }), room);
      for (const [, attestation] of gone) end(item, keeper, attestation, { event: "AttestationVoided", reason: "provider-left" });
      if (gone.length < room) voidProviders.remove(item, provider);
      room -= Math.max(1, gone.length);
    });
  }
}

/** Takes away what auditors signed that retire or whose accreditation was withdrawn. */
export function sweepEnded(ctx: Context, keeper: Keeper): void {
  let room = sweepLimit;
  for (const [auditor] of take(voidAuditors.entries(ctx), sweepLimit)) {
    if (room <= 0) return;
    ctx.isolate("auditors: auditor that ended", (item) => {
      const reason = keeper.findBond(item, auditor)?.retiring === true ? "retired" : "withdrawn";
      const gone = take(byAuditor.entries(item, { within: within.address(auditor) }), room);
      for (const [[, provider, key]] of gone) {
        end(item, keeper, attestations.find(item, [provider, key, auditor])!, { event: "AttestationVoided", reason });
        keeper.changed(item, provider);
      }
      if (gone.length < room) {
        voidAuditors.remove(item, auditor);
        keeper.drain(item, auditor);
      }
      room -= Math.max(1, gone.length);
    });
  }
}

/** Tells of the providers of auditors whose standing changed. */
export function sweepNotices(ctx: Context, keeper: Keeper): void {
  let room = sweepLimit;
  for (const [auditor, from] of take(notices.entries(ctx), sweepLimit)) {
    if (room <= 0) return;
    notices.remove(ctx, auditor);
    ctx.isolate("auditors: notice", (item) => {
      const next = take(byAuditor.entries(item, { within: within.address(auditor), from }), room + 1);
      let last: Uint8Array | undefined;
      for (const [[, provider]] of next.slice(0, room)) {
        if (last === undefined || !equalBytes(last, provider)) keeper.changed(item, provider);
        last = provider;
      }
      if (next.length > room) notices.set(item, auditor, byAuditor.key.encode(next[room]![0]));
      room -= Math.max(1, Math.min(room, next.length));
    });
  }
}

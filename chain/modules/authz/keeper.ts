/** Grants: making, ending, forgetting them. */
import { addressText } from "../../codec/address.ts";
import { fail } from "../../runtime/errors.ts";
import { isShowable, nanosOf, rfc3339Text, sortableText } from "../../runtime/time-text.ts";
import { errors } from "./errors.ts";
import { expiries, grants } from "./state.ts";
import type { Grant } from "../../codec/gen/cosmos/authz/v1beta1/authz.ts";
import type { Timestamp } from "../../codec/gen/google/protobuf/timestamp.ts";
import type { Context } from "../../runtime/context.ts";

/** Queue entries that one block forgets; each is one granter, grantee and time. */
export const prunedPerBlock = 200;
const gasPerQueueItem = 20;

/** The SDK's typed events carry JSON values. */
function emit(ctx: Context, type: "EventGrant" | "EventRevoke", granter: Uint8Array, grantee: Uint8Array, message: string): void {
  ctx.emit(`cosmos.authz.v1beta1.${type}`, [["grantee", `"${addressText(grantee)}"`], ["granter", `"${addressText(granter)}"`], ["msg_type_url", `"${message}"`]]);
}

export function saveGrant(ctx: Context, granter: Uint8Array, grantee: Uint8Array, message: string, grant: Grant): void {
  const { expiration } = grant;
  if (expiration !== undefined && !isShowable(expiration)) fail(errors.invalidExpiration, { what: "expiration is not a time of the years 1 to 9999" });
  if (expiration !== undefined && nanosOf(expiration) <= ctx.header.timeNanos) {
    fail(errors.invalidExpiration, { what: `expiration must be after the current block time (${rfc3339Text(ctx.header.timeNanos)}), got ${rfc3339Text(nanosOf(expiration))}` });
  }
  const old = grants.find(ctx, [granter, grantee, message])?.expiration;
  if (old !== undefined) dequeue(ctx, granter, grantee, message, old);
  if (expiration !== undefined) {
    const key = [sortableText(nanosOf(expiration)), granter, grantee] as const;
    expiries.set(ctx, key, { msgTypeUrls: [...(expiries.find(ctx, key)?.msgTypeUrls ?? []), message] });
  }
  grants.set(ctx, [granter, grantee, message], grant);
  emit(ctx, "EventGrant", granter, grantee, message);
}

export function deleteGrant(ctx: Context, granter: Uint8Array, grantee: Uint8Array, message: string): void {
  const grant = grants.find(ctx, [granter, grantee, message]);
  if (grant === undefined) fail(errors.notFound, { what: `failed to delete grant of ${addressText(granter)} to ${addressText(grantee)} for ${message.slice(0, 200)}` });
  if (grant.expiration !== undefined) dequeue(ctx, granter, grantee, message, grant.expiration);
  grants.remove(ctx, [granter, grantee, message]);
  emit(ctx, "EventRevoke", granter, grantee, message);
}

function dequeue(ctx: Context, granter: Uint8Array, grantee: Uint8Array, message: string, expiration: Timestamp): void {
  const key = [sortableText(nanosOf(expiration)), granter, grantee] as const;
  const queued = expiries.find(ctx, key)?.msgTypeUrls ?? [];
  ctx.gas.consume(gasPerQueueItem * queued.length, "grant queue");
  const rest = queued.filter((one) => one !== message);
  if (rest.length === 0) expiries.remove(ctx, key);
  else expiries.set(ctx, key, { msgTypeUrls: rest });
}

/** Forgets grants that expired by now, the oldest first, in bounded work. */
export function prune(ctx: Context): void {
  const now = sortableText(ctx.header.timeNanos);
  const due: (readonly [readonly [string, Uint8Array, Uint8Array], readonly string[]])[] = [];
  for (const [key, { msgTypeUrls }] of expiries.entries(ctx)) {
    if (key[0] > now || due.length === prunedPerBlock) break;
    due.push([key, msgTypeUrls]);
  }
  for (const [key, messages] of due) {
    expiries.remove(ctx, key);
    for (const message of messages) grants.remove(ctx, [key[1], key[2], message]);
  }
}

/** AUTHZ-6: every grant that expires is queued once under its time. */
export function queueFault(ctx: Context): string | undefined {
  let expiring = 0;
  for (const [[granter, grantee, message], { expiration }] of grants.entries(ctx)) {
    if (expiration === undefined) continue;
    expiring++;
    const queued = expiries.find(ctx, [sortableText(nanosOf(expiration)), granter, grantee])?.msgTypeUrls ?? [];
    if (!queued.includes(message)) return `the grant of ${addressText(granter)} to ${addressText(grantee)} for ${message} is not in the expiry queue`;
  }
  let queued = 0;
  for (const [, { msgTypeUrls }] of expiries.entries(ctx)) queued += msgTypeUrls.length;
  return queued === expiring ? undefined : `${queued} queued expiries for ${expiring} grants that expire`;
}

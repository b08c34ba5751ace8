/** What holds at every block's end. */
import { addressText } from "../../codec/address.ts";
import { allWithin, fromWire } from "../../runtime/coins.ts";
import { keyAddress } from "./key.ts";
import { dueQueue, sessions, sessionsByKey, spendings } from "./state.ts";
import type { MapOf } from "../../runtime/collections.ts";
import type { Context } from "../../runtime/context.ts";

export const invariants: Readonly<Record<string, (ctx: Context) => string | undefined>> = { records, indexes };

/** Nobody spent more than was granted; each stands under its own addresses. */
function records(ctx: Context): string | undefined {
  for (const [[owner, key], session] of sessions.entries(ctx)) {
    const where = `the session of ${session.session} for ${session.owner}`;
    if (addressText(owner) !== session.owner || addressText(key) !== session.session || addressText(keyAddress(session.key)) !== session.session) return `${where} stands under ${addressText(owner)}, ${addressText(key)}`;
  }
  for (const [at, { owner, session, spent }] of spendings.entries(ctx)) {
    const of = sessions.find(ctx, at);
    if (of?.owner !== owner || of.session !== session) return `what ${session} spent of ${owner} has no session`;
    if (spent.length === 0 || !allWithin(fromWire(spent), fromWire(of.spendLimit))) return `the session of ${session} for ${owner} spent nothing or more than its limit`;
  }
  return undefined;
}

function indexes(ctx: Context): string | undefined {
  let count = 0;
  for (const [[owner, key], session] of sessions.entries(ctx)) {
    count++;
    if (!sessionsByKey.has(ctx, [key, owner])) return `the session of ${session.session} for ${session.owner} is not among those of its key`;
    if (!dueQueue.has(ctx, [session.expiresTau, owner, key])) return `the session of ${session.session} for ${session.owner} is not in the queue`;
  }
  const length = <K, V>(collection: MapOf<K, V>): number => Array.from(collection.entries(ctx)).length;
  return length(sessionsByKey) === count && length(dueQueue) === count ? undefined : `index and queue have ${length(sessionsByKey)} and ${length(dueQueue)} entries for ${count} sessions`;
}

/** The keys of store `session`; the README has them as a table. Numbers in keys are big-endian, so that byte order is numeric order. */
import { Params, Session, Spending } from "../../codec/gen/dcm/session/v1/types.ts";
import { addressBytes } from "../../codec/address.ts";
import { bytesKey, item, map, pairKey, present, proto, tailKey, tripleKey, uint64Key } from "../../runtime/collections.ts";
import type { Context } from "../../runtime/context.ts";

export const storeName = "session";

export const params = item(storeName, Uint8Array.of(0x01), proto(Params));
/** (owner, key's address) */
export const sessions = map(storeName, Uint8Array.of(0x02), pairKey(bytesKey, tailKey), proto(Session));
/** (owner, key's address) of sessions that have spent anything: small, as it is written with most executions. */
export const spendings = map(storeName, Uint8Array.of(0x05), pairKey(bytesKey, tailKey), proto(Spending));
/** (key's address, owner) */
export const sessionsByKey = map(storeName, Uint8Array.of(0x03), pairKey(bytesKey, tailKey), present);
/** (expires_tau, owner, key's address): due where the tau lies behind the present. */
export const dueQueue = map(storeName, Uint8Array.of(0x04), tripleKey(uint64Key, bytesKey, tailKey), present);

export const within = { address: (address: Uint8Array): Uint8Array => bytesKey.encode(address) };

/** Writes a session with its indexes, over the one that the owner granted to this key before and what that has spent. */
export function putSession(ctx: Context, session: Session): void {
  const [owner, key] = [addressBytes(session.owner), addressBytes(session.session)];
  const before = sessions.find(ctx, [owner, key]);
  if (before !== undefined) {
    dueQueue.remove(ctx, [before.expiresTau, owner, key]);
    spendings.remove(ctx, [owner, key]);
  } else {
    sessionsByKey.set(ctx, [key, owner], true);
  }
  sessions.set(ctx, [owner, key], session);
  dueQueue.set(ctx, [session.expiresTau, owner, key], true);
}

export function removeSession(ctx: Context, session: Session): void {
  const [owner, key] = [addressBytes(session.owner), addressBytes(session.session)];
  sessions.remove(ctx, [owner, key]);
  spendings.remove(ctx, [owner, key]);
  sessionsByKey.remove(ctx, [key, owner]);
  dueQueue.remove(ctx, [session.expiresTau, owner, key]);
}

/** Sessions: finding the one that lives, charging it, ending those that are over. */
import type { Session } from "../../codec/gen/dcm/session/v1/types.ts";
import { addressText } from "../../codec/address.ts";
import { uint64Bytes } from "../../codec/bytes.ts";
import { fail } from "../../runtime/errors.ts";
import { errors } from "./errors.ts";
import { feePaid, sessionExpired } from "./events.ts";
import { charged, isOver, spendingAt } from "./limits.ts";
import { dueQueue, params, removeSession, sessions, spendings } from "./state.ts";
import type { Money } from "../../runtime/coins.ts";
import type { Context } from "../../runtime/context.ts";
import type { FeegrantPort } from "../feegrant/ports.ts";
import type { SessionPorts } from "./ports.ts";

export const execUrl = "/dcm.session.v1.MsgExecSession";

/** A session that counts now, of an owner and the address of a key. Fails where there is none or it is over. */
export function liveSession(ctx: Context, { clock }: Pick<SessionPorts, "clock">, owner: Uint8Array, key: Uint8Array): Session {
  const session = sessions.find(ctx, [owner, key]);
  if (session === undefined) fail(errors.unknownSession, { session: addressText(key), owner: addressText(owner) });
  const tau = clock.tau(ctx);
  if (isOver(session, tau)) fail(errors.expired, { session: session.session, owner: session.owner, expires: session.expiresTau, tau });
  return session;
}

/** Records that the session cost its owner so much more. Fails where that is beyond its limit. */
export function charge(ctx: Context, { clock }: Pick<SessionPorts, "clock">, session: Session, owner: Uint8Array, key: Uint8Array, more: readonly Money[]): void {
  if (more.length === 0) return;
  const before = spendingAt(session, spendings.find(ctx, [owner, key]), clock.tau(ctx));
  spendings.set(ctx, [owner, key], charged(session, before, more));
}

/** SESSION-6: of transactions that do nothing but use sessions, the owner pays the fee within the session's limit; of all others fee grants decide. */
export function sessionFees(ports: Pick<SessionPorts, "clock">, feegrant: FeegrantPort): FeegrantPort {
  return {
    use(ctx, granter, grantee, fee, typeUrls) {
      const found = typeUrls.every((typeUrl) => typeUrl === execUrl) ? sessions.find(ctx, [granter, grantee]) : undefined;
      if (found?.ownerPaysFees !== true) return feegrant.use(ctx, granter, grantee, fee, typeUrls);
      const session = liveSession(ctx, ports, granter, grantee);
      charge(ctx, ports, session, granter, grantee, fee);
      if (fee.length > 0) feePaid(ctx, session, fee);
    },
  };
}

/** SESSION-9: at most `max_sweep` a block, the oldest first. Rights do not wait for it: messages look at tau themselves. */
export function sweep(ctx: Context, { clock }: SessionPorts): void {
  const { maxSweep } = params.get(ctx);
  const due: (readonly [bigint, Uint8Array, Uint8Array])[] = [];
  for (const [key] of dueQueue.entries(ctx, { to: uint64Bytes(clock.tau(ctx)) })) {
    due.push(key);
    if (due.length >= maxSweep) break;
  }
  for (const [, owner, key] of due) {
    const session = sessions.find(ctx, [owner, key])!;
    removeSession(ctx, session);
    sessionExpired(ctx, session);
  }
}

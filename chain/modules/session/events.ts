/** Events, all of package dcm.session.v1; the README lists their attributes. */
import type { Session } from "../../codec/gen/dcm/session/v1/types.ts";
import { coinsText, type Money } from "../../runtime/coins.ts";
import type { Context } from "../../runtime/context.ts";

type Attributes = Readonly<Record<string, string | bigint | number | boolean>>;

function emit(ctx: Context, name: string, attributes: Attributes): void {
  ctx.emit(`dcm.session.v1.${name}`, Object.entries(attributes).map(([key, value]) => [key, String(value)] as const));
}

export function sessionGranted(ctx: Context, { owner, session, messages, spendLimit, period, ownerPaysFees, expiresTau }: Session, replaced: boolean): void {
  emit(ctx, "EventSessionGranted", { owner, session, messages: messages.join(","), spend_limit: coinsText(spendLimit), period, owner_pays_fees: ownerPaysFees, expires_tau: expiresTau, replaced });
}

export function sessionRevoked(ctx: Context, { owner, session }: Session): void {
  emit(ctx, "EventSessionRevoked", { owner, session });
}

export function sessionExpired(ctx: Context, { owner, session }: Session): void {
  emit(ctx, "EventSessionExpired", { owner, session });
}

export function sessionUsed(ctx: Context, { owner, session }: Session, typeUrls: readonly string[], spent: readonly Money[]): void {
  emit(ctx, "EventSessionUsed", { owner, session, messages: typeUrls.join(","), spent: coinsText(spent) });
}

export function feePaid(ctx: Context, { owner, session }: Session, fee: readonly Money[]): void {
  emit(ctx, "EventSessionFeePaid", { owner, session, fee: coinsText(fee) });
}

export function paramsUpdated(ctx: Context, authority: string): void {
  emit(ctx, "EventParamsUpdated", { authority });
}

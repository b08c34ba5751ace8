/** Fee grants: making, spending, ending them. */
import { addressText } from "../../codec/address.ts";
import { fail, sdkErrors } from "../../runtime/errors.ts";
import { sortableText } from "../../runtime/time-text.ts";
import { afterFee, expiryOf, readAllowance, writeAllowance } from "./allowance.ts";
import { expiries, expiryMark, grants } from "./state.ts";
import type { Grant } from "../../codec/gen/cosmos/feegrant/v1beta1/feegrant.ts";
import type { Any } from "../../codec/gen/google/protobuf/any.ts";
import type { Context } from "../../runtime/context.ts";
import type { AccountsPort } from "../auth/ports.ts";
import type { BankPort } from "../bank/ports.ts";
import type { FeegrantPort } from "./ports.ts";

export interface FeegrantPorts {
  readonly accounts: AccountsPort;
  readonly bank: BankPort;
}

const gasPerComparison = 10;
/** A block's end forgets at most this many expired grants, a MsgPruneAllowances at most as many as the SDK's. */
export const prunedPerBlock = 200;
export const prunedPerMessage = 75;

const emit = (ctx: Context, type: string, granter: string, grantee: string): void => ctx.emit(type, [["granter", granter], ["grantee", grantee]]);

export function findGrant(ctx: Context, granter: Uint8Array, grantee: Uint8Array): Grant {
  const grant = grants.find(ctx, [grantee, granter]);
  if (grant === undefined) fail(sdkErrors.notFound, "fee-grant not found");
  return grant;
}

export function addGrant(ctx: Context, granter: Uint8Array, grantee: Uint8Array, any: Any, { accounts, bank }: FeegrantPorts): void {
  if (grants.has(ctx, [grantee, granter])) fail(sdkErrors.invalidRequest, "fee allowance already exists");
  if (!accounts.has(ctx, grantee)) {
    if (bank.isBlocked(grantee)) fail(sdkErrors.unauthorized, `${addressText(grantee)} is not allowed to receive funds`);
    accounts.ensure(ctx, grantee);
  }
  const expiry = expiryOf(readAllowance(any));
  if (expiry !== undefined) {
    if (expiry < ctx.header.timeNanos) fail(sdkErrors.invalidRequest, "expiration is before current block time");
    expiries.set(ctx, [sortableText(expiry), grantee, granter], expiryMark);
  }
  const grant = { granter: addressText(granter), grantee: addressText(grantee), allowance: any };
  grants.set(ctx, [grantee, granter], grant);
  emit(ctx, "set_feegrant", grant.granter, grant.grantee);
}

export function removeGrant(ctx: Context, granter: Uint8Array, grantee: Uint8Array): void {
  const grant = findGrant(ctx, granter, grantee);
  grants.remove(ctx, [grantee, granter]);
  const expiry = expiryOf(readAllowance(grant.allowance));
  if (expiry !== undefined) expiries.remove(ctx, [sortableText(expiry), grantee, granter]);
  emit(ctx, "revoke_feegrant", grant.granter, grant.grantee);
}

/** Forgets grants that expired by now, the oldest first. */
export function prune(ctx: Context, most: number): void {
  const now = sortableText(ctx.header.timeNanos);
  const due: (readonly [string, Uint8Array, Uint8Array])[] = [];
  for (const [key] of expiries.entries(ctx)) {
    // A grant may still be used at its very expiry.
    if (key[0] >= now || due.length === most) break;
    due.push(key);
  }
  for (const key of due) {
    expiries.remove(ctx, key);
    grants.remove(ctx, [key[1], key[2]]);
  }
}

export const feegrantPort: FeegrantPort = {
  use(ctx, granter, grantee, fee, typeUrls) {
    const grant = findGrant(ctx, granter, grantee);
    const left = afterFee(readAllowance(grant.allowance), fee, typeUrls, ctx.header.timeNanos, (n) => ctx.gas.consume(gasPerComparison * n, "check msg"));
    if (left === undefined) removeGrant(ctx, granter, grantee);
    emit(ctx, "use_feegrant", grant.granter, grant.grantee);
    if (left === undefined) return;
    grants.set(ctx, [grantee, granter], { ...grant, allowance: writeAllowance(left) });
    emit(ctx, "update_feegrant", grant.granter, grant.grantee);
  },
};

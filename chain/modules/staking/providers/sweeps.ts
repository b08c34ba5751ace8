/** What comes due by itself, at most 500 items a queue and block. */
import { concatBytes, uint64Bytes } from "../../../codec/bytes.ts";
import type { Context } from "../../../runtime/context.ts";
import { retryMs } from "../../../runtime/retry.ts";
import type { Keeper } from "./keeper.ts";
import { heartbeatQueue, livenesses, params, recheckFrom, unbondingQueue, unbondings } from "./state.ts";

export const sweepLimit = 500;

/** Items due at `tau` or before, in order, at most 500. */
function due<K, V>(items: IterableIterator<readonly [K, V]>): (readonly [K, V])[] {
  const out: (readonly [K, V])[] = [];
  for (const item of items) {
    if (out.length === sweepLimit) break;
    out.push(item);
  }
  return out;
}

/** Pays unbonding entries that are due; those that are held are looked at again later. */
export function sweepUnbondings(ctx: Context, keeper: Keeper): void {
  const tau = keeper.tau(ctx);
  for (const [key, address] of due(unbondingQueue.entries(ctx, { to: uint64Bytes(tau + 1n) }))) {
    unbondingQueue.remove(ctx, key);
    if (!ctx.isolate(`providers: unbonding ${key[1]}`, (item) => payOrHold(item, keeper, address, key[1]))) unbondingQueue.set(ctx, [tau + retryMs, key[1]], address);
  }
}

function payOrHold(ctx: Context, keeper: Keeper, address: Uint8Array, id: bigint): void {
  const entry = unbondings.find(ctx, [address, id]);
  if (entry === undefined) return;
  const next = keeper.nextLook(ctx, address, entry);
  if (next === undefined) {
    keeper.pay(ctx, address, entry);
    keeper.drain(ctx, address);
  } else unbondingQueue.set(ctx, [next, entry.id], address);
}

/** Suspends providers whose window went by in silence. Their asks stand still from the due time on, whether or not they were swept. */
export function sweepHeartbeats(ctx: Context, keeper: Keeper): void {
  const tau = keeper.tau(ctx);
  const { heartbeatWindowMs } = params.get(ctx);
  for (const [key] of due(heartbeatQueue.entries(ctx, { to: uint64Bytes(tau + 1n) }))) {
    heartbeatQueue.remove(ctx, key);
    if (!ctx.isolate("providers: heartbeat", (item) => suspendSilent(item, keeper, key[1], tau, heartbeatWindowMs))) heartbeatQueue.set(ctx, [tau + retryMs, key[1]], true);
  }
}

function suspendSilent(ctx: Context, keeper: Keeper, address: Uint8Array, tau: bigint, heartbeatWindowMs: bigint): void {
  const liveness = livenesses.find(ctx, address);
  if (liveness === undefined || liveness.suspended) return;
  if (liveness.heartbeatTauMs + heartbeatWindowMs > tau) {
    keeper.watch(ctx, address, liveness.heartbeatTauMs);
    return;
  }
  livenesses.set(ctx, address, { ...liveness, suspended: true });
  keeper.emit(ctx, "ProviderSuspended", address, { heartbeat_tau_ms: String(liveness.heartbeatTauMs) });
  keeper.changed(ctx, address);
}

/** Parameters that say who is active have changed: all providers are looked at again, some each block. */
export function startRecheck(ctx: Context): void {
  // No operator's address comes before it.
  recheckFrom.set(ctx, Uint8Array.of(0));
}

/** The next providers of the walk: the window counts for them as it is now, and whoever listens hears of them. */
export function sweepRecheck(ctx: Context, keeper: Keeper): void {
  const from = recheckFrom.find(ctx);
  if (from === undefined) return;
  const tau = keeper.tau(ctx);
  const { heartbeatWindowMs } = params.get(ctx);
  const next = due(livenesses.entries(ctx, { from }));
  const last = next.at(-1);
  if (last === undefined || next.length < sweepLimit) recheckFrom.remove(ctx);
  else recheckFrom.set(ctx, concatBytes(last[0], Uint8Array.of(0)));
  for (const [address] of next) ctx.isolate("providers: recheck", (item) => recheck(item, keeper, address, tau, heartbeatWindowMs));
}

function recheck(ctx: Context, keeper: Keeper, address: Uint8Array, tau: bigint, heartbeatWindowMs: bigint): void {
  const liveness = livenesses.find(ctx, address)!;
  if (liveness.heartbeatTauMs + heartbeatWindowMs > tau) {
    keeper.watch(ctx, address, liveness.heartbeatTauMs);
    if (liveness.suspended) {
      livenesses.set(ctx, address, { ...liveness, suspended: false });
      keeper.emit(ctx, "ProviderResumed", address);
    }
  } else if (!liveness.suspended) {
    suspendSilent(ctx, keeper, address, tau, heartbeatWindowMs);
    return;
  }
  keeper.changed(ctx, address);
}

/** What comes due by itself, at most 500 items a queue and block. */
import { uint64Bytes } from "../../../codec/bytes.ts";
import type { Context } from "../../../runtime/context.ts";
import type { Keeper } from "./keeper.ts";
import { heartbeatQueue, livenesses, params, unbondingQueue, unbondings } from "./state.ts";

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
  const to = uint64Bytes(keeper.tau(ctx) + 1n);
  for (const [key, address] of due(unbondingQueue.entries(ctx, { to }))) {
    unbondingQueue.remove(ctx, key);
    ctx.isolate(`providers: unbonding ${key[1]}`, (item) => payOrHold(item, keeper, address, key[1]));
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
    ctx.isolate("providers: heartbeat", (item) => suspendSilent(item, keeper, key[1], tau, heartbeatWindowMs));
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

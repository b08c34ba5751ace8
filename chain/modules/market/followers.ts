/**
 * Asks follow their provider: out of the books where it may not be matched, back where it may again, withdrawn where it retires. That is noted at once and
 * done by and by, a bounded number of asks a block: clearing and draws look at the provider itself, so an ask that still stands in the book is passed over.
 */
import { OrderStatus } from "../../codec/gen/dcm/market/v1/types.ts";
import { uint64Bytes } from "../../codec/bytes.ts";
import { closeAsk, isListed, isOutOfStep, saveAsk, supplyGrew } from "./asks.ts";
import { isReserved, wake } from "./reserved.ts";
import { asks, asksByProvider, collect, followCursors, followQueue, joinKey, nextTicket, take, within } from "./state.ts";
import { isSuspended, countAsk, sellerOf, suspend } from "./sellers.ts";
import type { Context } from "../../runtime/context.ts";
import type { ProviderView } from "../staking/providers/ports.ts";
import type { MarketPorts } from "./ports.ts";

/** Hears of a provider that may no longer, or again, be matched, that retires or has left. Cheap whatever number of asks it has. */
export function followProvider(ctx: Context, ports: MarketPorts, address: Uint8Array): void {
  const { asks: count, suspended } = sellerOf(ctx, address);
  if (count === 0) return;
  const view = ports.providers.find(ctx, address);
  const active = view?.active === true;
  // One that stays out has nothing to be moved.
  if (!active && suspended && !withdraws(view)) return;
  suspend(ctx, address, !active);
  enqueue(ctx, address);
}

/** A provider that may be matched gets one more ask; where its others stand outside the books, they come back. */
export function addAsk(ctx: Context, ports: MarketPorts, address: Uint8Array, id: bigint): void {
  if (isSuspended(ctx, address)) followProvider(ctx, ports, address);
  countAsk(ctx, address, id);
}

/** Hears that other attestations of a provider count: its asks may serve what they did not. */
export function followAttestations(ctx: Context, address: Uint8Array): void {
  const { asks: count, suspended } = sellerOf(ctx, address);
  if (count > 0 && !suspended) enqueue(ctx, address);
}

/** All its asks are looked at, from the first one on. One that waits already goes behind the others, so that nobody holds the queue up. */
function enqueue(ctx: Context, address: Uint8Array): void {
  const waits = followCursors.find(ctx, address);
  if (waits !== undefined) followQueue.remove(ctx, waits[0]);
  const ticket = take(ctx, nextTicket);
  followQueue.set(ctx, ticket, address);
  followCursors.set(ctx, address, [ticket, 0n]);
}

/** Its asks leave for good: the bond behind them must come free. */
const withdraws = (view: ProviderView | undefined): boolean => view === undefined || view.retiring;

/** At the end of a block: the next `limit` asks of the providers that wait, in turn. */
export function moveFollowers(ctx: Context, ports: MarketPorts, limit: number): void {
  let room = limit;
  for (const [ticket, address] of collect(ctx, followQueue, limit)) {
    if (room <= 0) return;
    const ids = asksFrom(ctx, address, followCursors.find(ctx, address)![1], room);
    const rest = ids.length === room;
    if (rest) followCursors.set(ctx, address, [ticket, ids.at(-1)! + 1n]);
    else {
      followCursors.remove(ctx, address);
      followQueue.remove(ctx, ticket);
    }
    // A provider without asks is work too.
    room -= Math.max(1, ids.length);
    const view = ports.providers.find(ctx, address);
    for (const id of ids) ctx.isolate(`market: ask ${id} follows its provider`, (item) => follow(item, ports, id, withdraws(view)));
    // Of one that has left nothing stays behind.
    if (!rest && view === undefined) suspend(ctx, address, false);
  }
}

function asksFrom(ctx: Context, address: Uint8Array, from: bigint, limit: number): bigint[] {
  const range = within.address(address);
  const out: bigint[] = [];
  for (const [[, id]] of asksByProvider.entries(ctx, { within: range, from: joinKey(range, uint64Bytes(from)) })) {
    out.push(id);
    if (out.length === limit) break;
  }
  return out;
}

function follow(ctx: Context, ports: MarketPorts, id: bigint, withdrawn: boolean): void {
  const ask = asks.find(ctx, id);
  if (ask === undefined || ask.status !== OrderStatus.ORDER_STATUS_OPEN) return;
  if (withdrawn) {
    closeAsk(ctx, ports, ask, OrderStatus.ORDER_STATUS_CANCELLED);
    return;
  }
  if (isReserved(ask)) wake(ctx, id);
  else if (isOutOfStep(ctx, ask)) saveAsk(ctx, ask);
  // Its provider has more bond, other attributes or other attestations.
  else if (isListed(ctx, ask)) supplyGrew(ctx, ask);
}

/** Matches bids that name a reserved ask. There is one price and one buyer, so there is no auction: they are filled in the order in which they came. */
import { CloseReason, OrderStatus, TimeInForce, type Ask, type Bid, type Job } from "../../codec/gen/dcm/market/v1/types.ts";
import { addressBytes } from "../../codec/address.ts";
import { maxInt, minInt } from "../../math/int.ts";
import { closeBid, closingWeight, isImmediate, loadBid, loadJob, openTasks } from "./bids.ts";
import { fillBid, stakeAt } from "./clearing.ts";
import { Mandates } from "./guards.ts";
import { currentParams } from "./params.ts";
import { failLots, leftOf, takeLots, wake } from "./reserved.ts";
import { allotments, asks, collect, reservedBids, wakeQueue, wakeTickets, within } from "./state.ts";
import type { Context } from "../../runtime/context.ts";
import type { MarketPorts } from "./ports.ts";

/** What is left of a block: tasks to match, bids to look at. */
interface Room {
  fills: number;
  looks: number;
  readonly mandates: Mandates;
}

/** At the end of a block, before the books: bids that were accepted before this block, of the asks that woke up, in turn. */
export function fillReserved(ctx: Context, ports: MarketPorts): void {
  const { params } = currentParams(ctx);
  const room: Room = { fills: params.maxFills, looks: params.maxSweep, mandates: new Mandates(ctx, ports) };
  for (const [ticket, askId] of collect(ctx, wakeQueue, params.maxSweep)) {
    if (room.fills <= 0 || room.looks <= 0) return;
    wakeQueue.remove(ctx, ticket);
    wakeTickets.remove(ctx, askId);
    room.looks--;
    ctx.isolate(`market: bids on reserved ask ${askId}`, (item) => serveAsk(item, ports, askId, room));
  }
}

function serveAsk(ctx: Context, ports: MarketPorts, askId: bigint, room: Room): void {
  for (const [[, id]] of collect(ctx, reservedBids, room.looks + 1, within.id(askId))) {
    const bid = loadBid(ctx, id);
    if (bid.createdHeight >= ctx.height || room.fills <= 0 || room.looks <= 0) {
      wake(ctx, askId);
      return;
    }
    room.looks -= closingWeight(bid);
    if (!serveBid(ctx, ports, bid, room)) return;
  }
}

/** False where the bid goes on waiting, and those behind it with it. */
function serveBid(ctx: Context, ports: MarketPorts, bid: Bid, room: Room): boolean {
  const ask = asks.find(ctx, bid.askId);
  const job = loadJob(ctx, bid.id);
  const open = openTasks(bid);
  const tau = ports.clock.tau(ctx);
  if (ask === undefined || !fits(ask, bid, job, tau)) return leave(ctx, ports, bid);
  const { mandates } = room;
  const guard = mandates.guardOf(bid.organization);
  const admitted = guard === undefined || guard.admits({ owner: ask.provider });
  const ownSide = bid.organization !== "" && ports.organizations.organizationsOf(ctx, ask.provider).includes(bid.organization);
  if (admitted === false || ownSide || mandates.bars(bid)) return leave(ctx, ports, bid, OrderStatus.ORDER_STATUS_BARRED, CloseReason.CLOSE_REASON_BARRED);
  // The block has read what it may: the next one looks again.
  if (admitted === undefined) wake(ctx, ask.id);
  if (ask.waiting || admitted === undefined) return false;
  if (ports.providers.find(ctx, addressBytes(ask.provider))?.active !== true) {
    failLots(ctx, ask.id, BigInt(open) * bid.lots);
    return leave(ctx, ports, bid);
  }
  const allotment = allotments.find(ctx, ask.id);
  const lots = allotment === undefined ? open : Number(minInt(BigInt(open), leftOf(allotment) / bid.lots));
  const bond = affordable(ctx, ports, ask, stakeAt(ctx, job, ask.basePrice * bid.lots), open);
  const most = Math.min(open, lots, bond);
  const untouched = bid.nextTask === 0 && bid.reopened.length === 0;
  const count = Math.min(most, ask.freeUnits, room.fills);
  if (bid.timeInForce === TimeInForce.TIME_IN_FORCE_FOK && untouched && count < open) return leave(ctx, ports, bid);
  // Units, and lots that tasks have taken and may not use, come back; bond and lots beyond that do not.
  if (most === 0 && (bond === 0 || allotment === undefined || leftOf(allotment) + allotment.taken < bid.lots)) return leave(ctx, ports, bid);
  if (count > 0) {
    takeLots(ctx, ask.id, BigInt(count) * bid.lots);
    fillBid(ctx, ports, { bid, ask, tasks: count, price: ask.basePrice, held: [] });
    room.fills -= count;
  }
  if (count === open) return true;
  if (isImmediate(bid)) return leave(ctx, ports, bid);
  if (count < ask.freeUnits && room.fills <= 0) wake(ctx, ask.id);
  return false;
}

/** Whether the ask may still serve the bid, now or later. */
function fits(ask: Ask, bid: Bid, job: Job, tau: bigint): boolean {
  if (ask.status !== OrderStatus.ORDER_STATUS_OPEN || tau > ask.expiresTau || tau > bid.expiresTau || bid.excluded.includes(ask.provider)) return false;
  return ask.availableUntil === 0n || tau + job.spec!.duration <= ask.availableUntil;
}

/** Tasks, up to `most`, whose stake the reservation and the free bond of the provider reach for. */
function affordable(ctx: Context, ports: MarketPorts, ask: Ask, stake: bigint, most: number): number {
  const beyond = maxInt(0n, stake - ask.bondPerUnit);
  return beyond === 0n ? most : Number(minInt(BigInt(most), ports.providers.free(ctx, addressBytes(ask.provider)) / beyond));
}

function leave(ctx: Context, ports: MarketPorts, bid: Bid, status: OrderStatus = OrderStatus.ORDER_STATUS_EXPIRED, reason: CloseReason = CloseReason.CLOSE_REASON_UNFILLED): true {
  closeBid(ctx, ports, bid.id, status, reason);
  return true;
}

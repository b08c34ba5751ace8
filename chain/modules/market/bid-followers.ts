/**
 * Bids follow their organization: where its policy or members change, those that it does not allow any more leave, and the others are looked at again. The change is noted at once and done by and by, a
 * bounded number of bids a block; matching and draws ask the organization themselves, so a bid that still stands is not served against its word.
 */
import { CloseReason, OrderStatus } from "../../codec/gen/dcm/market/v1/types.ts";
import { bookOf } from "./asks.ts";
import { closeBid, closingWeight, loadBid } from "./bids.ts";
import { markDirty } from "./books.ts";
import { Mandates } from "./guards.ts";
import { unpark } from "./profiles.ts";
import { wake } from "./reserved.ts";
import { uint64Bytes } from "../../codec/bytes.ts";
import { bidsByOrganization, collect, joinKey, mandateCursors, mandateQueue, nextTicket, take, within } from "./state.ts";
import type { Context } from "../../runtime/context.ts";
import type { MarketPorts } from "./ports.ts";

/** Hears of an organization whose policy or members changed: all its bids are looked at, from the first one on. One that waits already goes behind the others, so that nobody holds the queue up. */
export function followOrganization(ctx: Context, organization: string): void {
  if (collect(ctx, bidsByOrganization, 1, within.organization(organization)).length === 0) return;
  const waits = mandateCursors.find(ctx, organization);
  if (waits !== undefined) mandateQueue.remove(ctx, waits[0]);
  const ticket = take(ctx, nextTicket);
  mandateQueue.set(ctx, ticket, organization);
  mandateCursors.set(ctx, organization, [ticket, 0n]);
}

/** At the end of a block, behind its batches: the next `limit` bids of the organizations that wait, in turn. */
export function moveMandates(ctx: Context, ports: MarketPorts, limit: number): void {
  let room = limit;
  const mandates = new Mandates(ctx, ports);
  for (const [ticket, organization] of collect(ctx, mandateQueue, limit)) {
    if (room <= 0) return;
    const ids = bidsFrom(ctx, organization, mandateCursors.find(ctx, organization)![1], room);
    let last: bigint | undefined;
    for (const id of ids) {
      if (room <= 0) break;
      last = id;
      let weight = 1;
      ctx.isolate(`market: bid ${id} follows ${organization}`, (item) => (weight = follow(item, ports, mandates, id)));
      room -= weight;
    }
    if (room <= 0 && last !== undefined) mandateCursors.set(ctx, organization, [ticket, last + 1n]);
    else {
      mandateCursors.remove(ctx, organization);
      mandateQueue.remove(ctx, ticket);
    }
    // An organization without bids is work too.
    if (ids.length === 0) room--;
  }
}

function bidsFrom(ctx: Context, organization: string, from: bigint, limit: number): bigint[] {
  const range = within.organization(organization);
  const out: bigint[] = [];
  for (const [[, id]] of bidsByOrganization.entries(ctx, { within: range, from: joinKey(range, uint64Bytes(from)) })) {
    out.push(id);
    if (out.length === limit) break;
  }
  return out;
}

/** Gives what it weighs, in bids. */
function follow(ctx: Context, ports: MarketPorts, mandates: Mandates, id: bigint): number {
  const bid = loadBid(ctx, id);
  if (mandates.bars(bid)) {
    closeBid(ctx, ports, id, OrderStatus.ORDER_STATUS_BARRED, CloseReason.CLOSE_REASON_BARRED);
    return closingWeight(bid);
  }
  // Others may serve it than before.
  if (bid.askId !== 0n) wake(ctx, bid.askId);
  else {
    markDirty(ctx, bookOf(bid));
    unpark(ctx, bookOf(bid), bid.profileId);
  }
  return 1;
}

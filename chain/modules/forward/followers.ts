/**
 * Orders follow their organization: where its policy or members change, those that it does not allow any more leave, and the books of the others are looked at again. Noted at once and done by and
 * by, a bounded number of orders a block; the batch asks the organization itself, so an order that still stands does not trade against its word.
 */
import { concatBytes, uint64Bytes } from "../../codec/bytes.ts";
import { Mandates } from "../market/ports.ts";
import { endOrder, workOf } from "./orders.ts";
import { bookOf, collect, mandateCursors, mandateQueue, markDirty, nextTicket, orders, ordersByOrganization, params, spenderOf, take, within } from "./state.ts";
import type { Order } from "../../codec/gen/dcm/forward/v1/types.ts";
import type { Context } from "../../runtime/context.ts";
import type { ForwardPorts } from "./ports.ts";

/** Whether the organization whose money the order spends does not allow it any more. */
export function isBarred(mandates: Mandates, order: Order): boolean {
  const organization = spenderOf(order);
  return organization !== "" && mandates.barsWork(organization, order.owner, workOf(order));
}

/** Hears of an organization whose policy or members changed: all its orders are looked at, from the first one on. One that waits already goes behind the others, so that nobody holds the queue up. */
export function followOrganization(ctx: Context, organization: string): void {
  if (collect(ctx, ordersByOrganization, 1, { within: within.organization(organization) }).length === 0) return;
  const waits = mandateCursors.find(ctx, organization);
  if (waits !== undefined) mandateQueue.remove(ctx, waits[0]);
  const ticket = take(ctx, nextTicket);
  mandateQueue.set(ctx, ticket, organization);
  mandateCursors.set(ctx, organization, [ticket, 0n]);
}

/** At the end of a block, behind its batches: the next orders of the organizations that wait, in turn. */
export function moveMandates(ctx: Context, ports: ForwardPorts): void {
  let room = params.get(ctx).maxSweep;
  const mandates = new Mandates(ctx, ports);
  for (const [ticket, organization] of collect(ctx, mandateQueue, room)) {
    if (room <= 0) return;
    const range = within.organization(organization);
    const ids = collect(ctx, ordersByOrganization, room, { within: range, from: concatBytes(range, uint64Bytes(mandateCursors.find(ctx, organization)![1])) }).map(([[, id]]) => id);
    if (ids.length === room) mandateCursors.set(ctx, organization, [ticket, ids.at(-1)! + 1n]);
    else {
      mandateCursors.remove(ctx, organization);
      mandateQueue.remove(ctx, ticket);
    }
    // An organization without orders is work too.
    room -= Math.max(1, ids.length);
    for (const id of ids) {
      ctx.isolate(`forward: order ${id} follows ${organization}`, (item) => {
        const order = orders.find(item, id);
        if (order === undefined) return;
        if (isBarred(mandates, order)) endOrder(item, ports, order, "barred");
        else markDirty(item, bookOf(order));
      });
    }
  }
}

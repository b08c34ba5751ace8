/** What is due: deliveries that are over, orders whose slot begins, positions to be delivered. At most `max_sweep` of each queue a block, the oldest first. */
import { uint64Bytes } from "../../codec/bytes.ts";
import { endOrder } from "./orders.ts";
import { deliver, settlePosition } from "./positions.ts";
import { collect, dueKinds, dueQueue, orders, params, positions } from "./state.ts";
import { retryMs } from "../../runtime/retry.ts";
import type { Context } from "../../runtime/context.ts";
import type { ForwardPorts } from "./ports.ts";

export function sweep(ctx: Context, ports: ForwardPorts): void {
  const { maxSweep } = params.get(ctx);
  for (const askId of ports.deliveries.ended(ctx, maxSweep)) {
    // What cannot be settled is tried again in the next block.
    ctx.isolate(`forward: settlement of the delivery of ask ${askId}`, (item) => {
      const { positionId, ...outcome } = ports.deliveries.takeOutcome(item, askId);
      const position = positions.find(item, positionId);
      if (position !== undefined) settlePosition(item, ports, position, outcome);
    });
  }
  const tau = ports.clock.tau(ctx);
  for (const [[due, kind, id]] of collect(ctx, dueQueue, maxSweep, { to: uint64Bytes(tau + 1n) })) {
    const done = ctx.isolate(`forward: due entry ${kind}/${id}`, (item) => {
      if (kind === dueKinds.position) deliver(item, ports, id);
      else {
        const order = orders.find(item, id);
        if (order !== undefined) endOrder(item, ports, order, "expired");
      }
    });
    // An entry whose object moved on has gone already; what is left of it goes now.
    dueQueue.remove(ctx, [due, kind, id]);
    if (!done) dueQueue.set(ctx, [tau + retryMs, kind, id], true);
  }
}

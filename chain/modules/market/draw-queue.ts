/** Pending draws: from the event, over the seed, to the salt. The draw itself is draws.ts. */
import type { Draw, Params, Task } from "../../codec/gen/dcm/market/v1/types.ts";
import { draws, drawsBySeed, dueKinds, nextTicket, readyDraws, reschedule, schedule, take, within, collect } from "./state.ts";
import { emit } from "./events.ts";
import { paramsAt } from "./params.ts";
import { loadJob } from "./bids.ts";
import type { Context } from "../../runtime/context.ts";
import type { MarketPorts } from "./ports.ts";

export function requestDraw(ctx: Context, task: Task, round: number, count: number, delayBlocks: number): void {
  const seedHeight = ctx.height + BigInt(delayBlocks);
  const draw: Draw = {
    taskId: task.id, jobId: task.jobId, round, count, eventHeight: ctx.height, seedHeight, saltDueTau: 0n, salt: new Uint8Array(0), drawDueTau: 0n, seed: new Uint8Array(0),
  };
  draws.set(ctx, task.id, draw);
  drawsBySeed.set(ctx, [seedHeight, task.id], true);
  emit(ctx, "EventDrawRequested", { task_id: task.id, job_id: task.jobId, round, count, seed_height: seedHeight });
}

/** Forgets the draw of a task, whatever it waits for. */
export function dropDraw(ctx: Context, taskId: bigint): void {
  const draw = draws.find(ctx, taskId);
  if (draw === undefined) return;
  draws.remove(ctx, taskId);
  drawsBySeed.remove(ctx, [draw.seedHeight, taskId]);
  reschedule(ctx, dueKinds.draw, taskId, draw.salt.length === 0 ? draw.saltDueTau : 0n, 0n);
  // A ready draw's ticket finds nothing when its turn comes.
}

/** Draws that get their seed in one block: as many as a block can match. Behind blocks without seeds more may wait. */
const maxSeeded = 5_000;

/** At the end of the block whose seed they wait for: the consumer's time for the salt begins. Where the beacon has no seed, or too many wait, the next block's serves. */
export function seedDraws(ctx: Context, ports: MarketPorts): void {
  const waiting = collect(ctx, drawsBySeed, maxSeeded, undefined, within.id(ctx.height + 1n));
  if (waiting.length === 0) return;
  const seed = ports.beacon.seed(ctx, ctx.height);
  if (seed === undefined) return;
  const tau = ports.clock.tau(ctx);
  for (const [[height, taskId]] of waiting) {
    drawsBySeed.remove(ctx, [height, taskId]);
    const draw = draws.find(ctx, taskId)!;
    const saltDueTau = tau + paramsAt(ctx, loadJob(ctx, draw.jobId).paramsVersion).saltDue;
    draws.set(ctx, taskId, { ...draw, seedHeight: ctx.height, saltDueTau, seed });
    schedule(ctx, saltDueTau, dueKinds.draw, taskId);
    emit(ctx, "EventDrawSeeded", { task_id: taskId, job_id: draw.jobId, seed_height: ctx.height, salt_due_tau: saltDueTau });
  }
}

/** Gives the draw its salt: it is drawn at the end of a block from now on. */
export function saltDraw(ctx: Context, draw: Draw, salt: Uint8Array, tau: bigint, params: Params): void {
  reschedule(ctx, dueKinds.draw, draw.taskId, draw.saltDueTau, 0n);
  draws.set(ctx, draw.taskId, { ...draw, salt, drawDueTau: tau + params.drawDue });
  queueDraw(ctx, draw.taskId);
}

/** Tickets of draws that found too few: behind all that have not had a turn [cheap draws that nobody can serve, each of them looking through the book again and again before all others]. */
const again = 1n << 63n;

export function queueDraw(ctx: Context, taskId: bigint, tried = false): void {
  readyDraws.set(ctx, [take(ctx, nextTicket) + (tried ? again : 0n), taskId], true);
}

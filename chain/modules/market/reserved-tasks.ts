/** What a task of a reserved ask leaves of its allotment. */
import { OrderStatus, ReplicaState, TaskState, type Replica, type Task } from "../../codec/gen/dcm/market/v1/types.ts";
import { closeAsk } from "./asks.ts";
import { leftOf, noteEnded, saveAllotment, wake } from "./reserved.ts";
import { allotments, asks } from "./state.ts";
import type { Context } from "../../runtime/context.ts";
import type { MarketPorts } from "./ports.ts";
import type { Effect } from "./task-run.ts";

/** Lots of an ended part in a task: what was paid for, and what becomes of the rest. */
export interface Ended {
  readonly served: bigint;
  readonly failed: bigint;
  readonly voided: bigint;
}

/**
 * How the ask's part in the task ended with this step; undefined where it has not. What was missed has failed. What was declined is nobody's: the
 * provider may be at fault, or whoever withheld the input. All else that was not paid for can be used again.
 */
export function endedPart(seat: Replica, after: Task, effects: readonly Effect[]): Ended | undefined {
  const over = after.state === TaskState.TASK_STATE_FINAL || after.state === TaskState.TASK_STATE_CLOSED || after.state === TaskState.TASK_STATE_OPEN;
  if (!over) return undefined;
  const { provider } = seat;
  const missed = seat.state === ReplicaState.REPLICA_STATE_OUT
    || effects.some((effect) => effect.kind === "record" && effect.provider === provider && (effect.outcome === "missed" || effect.outcome === "slashed"));
  if (missed) return { served: 0n, failed: after.lots, voided: 0n };
  if (effects.some((effect) => effect.kind === "exclude" && effect.provider === provider)) return { served: 0n, failed: 0n, voided: after.lots };
  // What is held counts as what is paid: a jury moves pay, and nothing of what was agreed beside it.
  const held = effects.flatMap((effect) => (effect.kind === "held" ? effect.settlement.payments : [])).find((one) => one.provider === provider)?.amount ?? 0n;
  const paid = BigInt(after.replicas.find((one) => one.provider === provider)?.paid ?? "0");
  return { served: (paid + held) / seat.price, failed: 0n, voided: 0n };
}

/** Counts the step; an ask that has nothing left to serve leaves. */
export function countReserved(ctx: Context, ports: MarketPorts, askId: bigint, before: Task, after: Task, effects: readonly Effect[]): void {
  const allotment = allotments.find(ctx, askId);
  const seat = before.replicas.find((replica) => replica.askId === askId);
  const ended = allotment === undefined || seat === undefined ? undefined : endedPart(seat, after, effects);
  if (allotment === undefined || ended === undefined) return;
  const next = {
    ...allotment, taken: allotment.taken - after.lots, served: allotment.served + ended.served, failed: allotment.failed + ended.failed, voided: allotment.voided + ended.voided,
  };
  saveAllotment(ctx, next);
  // Bids may wait for these lots while the unit has been back for long.
  wake(ctx, askId);
  const ask = asks.find(ctx, askId);
  if (ask === undefined || (ask.status !== OrderStatus.ORDER_STATUS_OPEN && ask.units === 0)) noteEnded(ctx, askId);
  else if (ask.status === OrderStatus.ORDER_STATUS_OPEN && next.taken === 0n && leftOf(next) === 0n) closeAsk(ctx, ports, ask, OrderStatus.ORDER_STATUS_FILLED);
}

/** What the chain says of an executor's job, in the words of TES. */
import { CloseReason, TaskState, type Task } from "../../../chain/codec/gen/dcm/market/v1/types.ts";
import type { ResultStatus } from "../../../client/protocol.ts";
import type { State } from "./types.ts";

/** Of a task that lives: the first executor's waiting shows, that of later ones is a part of running. */
export function liveState(task: Pick<Task, "state"> | undefined, executor: number): State {
  if (executor > 0) return "RUNNING";
  switch (task?.state ?? TaskState.TASK_STATE_OPEN) {
    case TaskState.TASK_STATE_OPEN:
    case TaskState.TASK_STATE_WAITING:
      return "QUEUED";
    case TaskState.TASK_STATE_MATCHED:
    case TaskState.TASK_STATE_DRAWING:
    case TaskState.TASK_STATE_ASSIGNED:
      return "INITIALIZING";
    default:
      return "RUNNING";
  }
}

/** Of a job that ended without a result, which no client asked for. */
export function closedState(reason: CloseReason): State {
  switch (reason) {
    case CloseReason.CLOSE_REASON_MISSED:
    case CloseReason.CLOSE_REASON_RECLAIMED:
      return "PREEMPTED";
    case CloseReason.CLOSE_REASON_CANCELLED:
      return "CANCELED";
    default:
      return "SYSTEM_ERROR";
  }
}

/** Exit codes of programs that did not end by themselves: those of a shell for the signal that such an end has. */
const codes: Readonly<Record<Exclude<ResultStatus, "ok">, number>> = { trap: 134, "out-of-fuel": 152, "out-of-memory": 137, "output-too-large": 153, "invalid-module": 126 };

export function exitCodeOf({ status, exitCode }: { readonly status: ResultStatus; readonly exitCode: number }): number {
  return status === "ok" ? exitCode : codes[status];
}

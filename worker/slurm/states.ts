/** What Slurm says of a job, and what that means for its task. */
import type { HostFault } from "../sandbox/backend.ts";
import type { SeenJob } from "./commands.ts";

export type Phase = "waiting" | "running" | "completed" | "timeout" | "failed";

const phases: Readonly<Record<string, Phase>> = {
  PENDING: "waiting", CONFIGURING: "waiting", REQUEUED: "waiting", REQUEUE_FED: "waiting", REQUEUE_HOLD: "waiting", RESV_DEL_HOLD: "waiting", SPECIAL_EXIT: "waiting",
  RUNNING: "running", COMPLETING: "running", RESIZING: "running", SIGNALING: "running", STAGE_OUT: "running", STOPPED: "running", SUSPENDED: "running",
  COMPLETED: "completed",
  TIMEOUT: "timeout", DEADLINE: "timeout",
  BOOT_FAIL: "failed", CANCELLED: "failed", FAILED: "failed", NODE_FAIL: "failed", OUT_OF_MEMORY: "failed", PREEMPTED: "failed", REVOKED: "failed", LAUNCH_FAILED: "failed", RECONFIG_FAIL: "failed", EXPIRED: "failed",
};

/** A state that is not known here counts as running: the task's own time bounds it. */
export function phaseOf(state: string): Phase {
  return phases[state] ?? "running";
}

/** Reasons to wait that do not pass by themselves, with what helps. */
const hopeless: Readonly<Record<string, string>> = {
  PartitionTimeLimit: "the partition allows less time than the task has: set backend.maxMinutes, or offer another class",
  PartitionConfig: "the partition has no nodes like the one that the job asks for: lower backend.cpus or choose another partition",
  PartitionNodeLimit: "the partition has no nodes like the one that the job asks for: lower backend.cpus or choose another partition",
  BadConstraints: "no node satisfies backend.constraint and the task's memory",
  JobHeldUser: "the job is held",
  JobHeldAdmin: "the job is held",
  InvalidAccount: "backend.account is not valid",
  InvalidQOS: "backend.qos is not valid",
  ReservationDeleted: "the reservation is gone: change backend.reservation",
};

/** How a job ended that left no outcome. None of them says anything about the task. */
export interface Ended {
  readonly status: HostFault;
  readonly reason: string;
  /** Whether the job is still in the queue, where nobody wants it any more. */
  readonly queued: boolean;
}

const words: Readonly<Record<string, string>> = {
  BOOT_FAIL: "its node did not boot", CANCELLED: "it was cancelled", NODE_FAIL: "its node failed", OUT_OF_MEMORY: "it outgrew its memory", PREEMPTED: "it made room for another job", REVOKED: "another cluster took it",
  LAUNCH_FAILED: "it could not be started", TIMEOUT: "it came to its time limit", DEADLINE: "it came to its deadline",
};

/** Undefined while there is something to wait for: the job, or a file that a shared file system shows late. */
export function endOf({ id, state, nodes, reason }: SeenJob): Ended | undefined {
  const phase = phaseOf(state);
  const where = nodes === "" ? "" : ` on ${nodes}`;
  if (phase === "waiting") return hopeless[reason] === undefined ? undefined : { status: "host-fault", reason: `Slurm does not begin job ${id} (${reason}): ${hopeless[reason]}`, queued: true };
  if (phase !== "timeout" && phase !== "failed") return undefined;
  const why = words[state] ?? "it failed";
  const detail = reason === "" || reason === "None" || reason === state ? state : `${state}, ${reason}`;
  return { status: phase === "timeout" ? "timeout" : "host-fault", reason: `Slurm ended job ${id}${where}: ${why} (${detail})`, queued: false };
}

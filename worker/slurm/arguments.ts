/** The arguments of one sbatch. What a consumer controls is in files: here it decides numbers only. */
import type { TaskInput } from "../sandbox/backend.ts";
import { jobMegabytes, type Runtime } from "./order.ts";
import { logFile } from "./exchange.ts";
import type { SlurmSettings } from "./settings.ts";

export interface JobPaths {
  readonly name: string;
  /** Of the task, as compute nodes see it. */
  readonly folder: string;
  /** On this machine: sbatch hands its text over. */
  readonly script: string;
  readonly node: string;
  readonly runner: string;
}

/** Of the job beside its task: the runner's own start and end. */
const runnerMinutes = 1;

export function submission(settings: SlurmSettings, runtime: Runtime, task: TaskInput, { name, folder, script, node, runner }: JobPaths): string[] {
  const minutes = Math.ceil(task.limits.wallMs / 60_000) + runnerMinutes;
  const options: Readonly<Record<string, string | number | undefined>> = {
    "job-name": name, chdir: folder, output: `${folder}/${logFile}`, "open-mode": "truncate", export: "ALL", nodes: 1, ntasks: 1,
    "cpus-per-task": settings.cpus ?? 1, mem: `${jobMegabytes(runtime, task)}M`, time: Math.min(minutes, settings.maxMinutes ?? minutes),
    partition: settings.partition, account: settings.account, qos: settings.qos, reservation: settings.reservation, constraint: settings.constraint,
  };
  const given = Object.entries(options).flatMap(([option, value]) => (value === undefined ? [] : [`--${option}=${value}`]));
  return ["--parsable", "--no-requeue", ...given, ...(settings.arguments ?? []), script, node, runner, folder];
}

/** GA4GH TES 1.1: its documents, as JSON has them (github.com/ga4gh/task-execution-schemas). What is null or empty is left out. */

export const states = ["UNKNOWN", "QUEUED", "INITIALIZING", "RUNNING", "PAUSED", "COMPLETE", "EXECUTOR_ERROR", "SYSTEM_ERROR", "CANCELED", "PREEMPTED", "CANCELING"] as const;
export type State = (typeof states)[number];

/** Those that nothing follows. */
export const endStates: readonly State[] = ["COMPLETE", "EXECUTOR_ERROR", "SYSTEM_ERROR", "CANCELED", "PREEMPTED"];

export const views = ["MINIMAL", "BASIC", "FULL"] as const;
export type View = (typeof views)[number];

export type FileType = "FILE" | "DIRECTORY";

export interface TesInput {
  readonly name?: string;
  readonly description?: string;
  readonly url?: string;
  readonly path: string;
  readonly type: FileType;
  readonly content?: string;
  readonly streamable?: boolean;
}

export interface TesOutput {
  readonly name?: string;
  readonly description?: string;
  readonly url: string;
  readonly path: string;
  readonly path_prefix?: string;
  readonly type: FileType;
}

export interface TesExecutor {
  readonly image: string;
  readonly command: readonly string[];
  readonly workdir?: string;
  readonly stdin?: string;
  readonly stdout?: string;
  readonly stderr?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly ignore_error?: boolean;
}

export interface TesResources {
  readonly cpu_cores?: number;
  readonly preemptible?: boolean;
  readonly ram_gb?: number;
  readonly disk_gb?: number;
  readonly zones?: readonly string[];
  readonly backend_parameters?: Readonly<Record<string, string>>;
  readonly backend_parameters_strict?: boolean;
}

/** What a client sends, read. */
export interface TesTask {
  readonly name?: string;
  readonly description?: string;
  readonly inputs?: readonly TesInput[];
  readonly outputs?: readonly TesOutput[];
  readonly resources?: TesResources;
  readonly executors: readonly TesExecutor[];
  readonly volumes?: readonly string[];
  readonly tags?: Readonly<Record<string, string>>;
}

export interface ExecutorLog {
  readonly start_time?: string;
  readonly end_time?: string;
  readonly stdout?: string;
  readonly stderr?: string;
  readonly exit_code: number;
}

export interface OutputFileLog {
  readonly url: string;
  readonly path: string;
  readonly size_bytes: string;
}

export interface TaskLog {
  readonly logs: readonly ExecutorLog[];
  readonly metadata?: Readonly<Record<string, string>>;
  readonly start_time?: string;
  readonly end_time?: string;
  readonly outputs: readonly OutputFileLog[];
  readonly system_logs?: readonly string[];
}

/** A task as it is shown. */
export interface ShownTask extends Partial<TesTask> {
  readonly id: string;
  readonly state: State;
  readonly logs?: readonly TaskLog[];
  readonly creation_time?: string;
}

/** A request that is answered with an HTTP status and words for whoever sent it. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly status: 400 | 401 | 403 | 404 | 405 | 413 | 415 | 503;
  constructor(status: Refused["status"], message: string) {
    super(message);
    this.status = status;
  }
}

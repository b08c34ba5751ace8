/**
 * What a sandbox promises to the worker, whatever runs behind it.
 *
 * An outcome is either a *verdict*, which every honest machine reaches for the same task and which may therefore be committed to the chain,
 * or a *host fault*, which says something about this machine only and must never be committed.
 */

import type { FinalState } from "../../chain/vm/state-hash.ts";

/** One run of one program. All of it is data of a stranger. */
export interface TaskInput {
  /** The program, in the format of the backend. */
  readonly module: Uint8Array;
  /** What the program reads: stdin of a WASI command, `dcm.input_read` otherwise. */
  readonly input: Uint8Array;
  /** Without the program's name: a WASI command finds them from `argv[1]`. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The input is a bundle (bundle.ts), which brings arguments and environment, and the output what changed. */
  readonly files?: boolean;
  /** Feeds `random_get`; the same on every replica of the task, at most 64 bytes. Empty where not given. */
  readonly seed?: Uint8Array;
  /** Of a refereed machine: the arguments as they stand on chain, and the task's index within its stage. None and 0 where not given. */
  readonly arguments?: Uint8Array;
  readonly taskIndex?: number;
  readonly limits: TaskLimits;
  /** Stops the run; the outcome is then a `host-fault`. */
  readonly signal?: AbortSignal;
}

export interface TaskLimits {
  /** Weighted instructions (docs/adr/0003-wasm-metering.md): lots x 10^9. */
  readonly maxMeter: bigint;
  /** Linear memory, rounded down to pages of 64 KiB; a refereed machine has its own size. */
  readonly memoryBytes: number;
  readonly outputBytes: number;
  /** Wall time of this machine, in milliseconds, start of the process included. */
  readonly wallMs: number;
}

/** Equal on every machine that runs the pinned runtime. */
export const verdicts = ["ok", "trap", "out-of-fuel", "out-of-memory", "output-too-large", "invalid-module"] as const;
/** Of this machine: too slow, too small, stopped or broken. */
export const hostFaults = ["timeout", "host-fault"] as const;

export type Verdict = (typeof verdicts)[number];
export type HostFault = (typeof hostFaults)[number];
export type TaskStatus = Verdict | HostFault;

export interface TaskOutcome {
  readonly status: TaskStatus;
  /** Empty unless the status is `ok`. */
  readonly output: Uint8Array;
  /** Weighted instructions executed; `maxMeter` where the program ran out of fuel, 0 where it never ran or the host failed. */
  readonly meter: bigint;
  /** The program's exit code where it ended by itself (status `ok`, which a code other than 0 does not change); 0 of a refereed machine, which has none. */
  readonly exitCode?: number;
  /** The last 8 KiB that the program wrote to stderr, as the bytes it wrote. */
  readonly stderr: Uint8Array;
  /** Why, in words, for a person; no part of the result. Empty for `ok`. */
  readonly reason: string;
  /** Of a refereed machine that ran until it halted. */
  readonly machine?: MachineEnd;
}

/** What a claim about a run of a refereed machine is made of, with size and meter of the outcome. */
export interface MachineEnd {
  readonly final: FinalState;
  /** Of the output region: the digest of the result. */
  readonly outputRoot: Uint8Array;
  /** What is served behind the output, where its program left something there (`chain/vm/result.ts`): less than 768 bytes. Absent where nothing is. */
  readonly behind?: Uint8Array;
}

export interface Backend {
  /** The runtime as the class registry names it. */
  readonly name: string;
  /** Never rejects for anything that the task does. */
  run(task: TaskInput): Promise<TaskOutcome>;
}

/** Whether every honest machine comes to this status, so that it may be committed. */
export function isVerdict(status: TaskStatus): status is Verdict {
  return (verdicts as readonly string[]).includes(status);
}

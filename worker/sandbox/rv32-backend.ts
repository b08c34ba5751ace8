/** The backend of the refereed machine "dcm rv32 v1": a process per task, as for WebAssembly. */
import { argumentsBytes, ramBytes, regionBytes } from "../../chain/vm/layout.ts";
import { mostProgramFileBytes } from "../../chain/vm/program.ts";
import type { Backend, TaskInput, TaskOutcome } from "./backend.ts";
import { children, hostFault, type ChildOptions } from "./child.ts";
import { maxHeader } from "./frames.ts";
import type { EngineKind } from "./rv32/execute.ts";
import { decodeOutcome, encodeTask } from "./rv32/frames.ts";
import { taskLimits } from "./wasm-backend.ts";

export interface Rv32BackendOptions extends ChildOptions {
  /** What runs the machine; both come to the same. By default `translated`, which is several to twenty times faster where a program has hot parts; where a result is in doubt, `interpreted` is what the chain runs. */
  readonly engine?: EngineKind;
}

/** Of the child beside RAM, program, input and output. */
const processBytes = 768 << 20;
const none = new Uint8Array(0);

/** Runs program files (chain/vm). Outcomes of every halt have the machine's end; `invalid-module`, for a file that is no program, has none. */
export function rv32Backend(options: Rv32BackendOptions = {}): Backend {
  const run = children(options);
  return {
    name: "rv32",
    run: async (task) => {
      const refused = refuse(task);
      if (refused !== undefined) return refused;
      const { limits } = task;
      return run({
        runner: "rv32",
        // Regions are worth nothing before they are optimized.
        v8Flags: ["--no-liftoff", ...(options.v8Flags ?? [])],
        parts: encodeTask({ ...limits, program: task.module, input: task.input, arguments: task.arguments ?? none, taskIndex: task.taskIndex ?? 0, engine: options.engine ?? "translated" }),
        answerBytes: limits.outputBytes + 2 * (maxHeader + 4),
        residentBytes: rv32ResidentBytes(task),
        wallMs: limits.wallMs,
        signal: task.signal,
        decode: (frame) => decodeOutcome(frame, limits),
      });
    },
  };
}

/** The most memory that the child of a task may hold. */
export function rv32ResidentBytes({ module, input, limits }: TaskInput): number {
  return ramBytes + 8 * module.length + 4 * (input.length + limits.outputBytes) + processBytes;
}

/** A file that is too long for a program is everybody's matter; the rest never comes from the chain. */
function refuse(task: TaskInput): TaskOutcome | undefined {
  const { limits, taskIndex = 0 } = task;
  if (task.signal?.aborted === true) return hostFault("stopped before its start");
  if (task.module.length > mostProgramFileBytes) return { status: "invalid-module", output: none, meter: 0n, stderr: none, reason: `the program has ${task.module.length} bytes; the limit is ${mostProgramFileBytes}` };
  if (task.input.length > regionBytes) return hostFault(`the input has ${task.input.length} bytes; the machine has room for ${regionBytes}`);
  if ((task.arguments?.length ?? 0) > argumentsBytes) return hostFault(`the arguments have ${task.arguments!.length} bytes; the machine has room for ${argumentsBytes}`);
  if (!Number.isInteger(taskIndex) || taskIndex < 0 || taskIndex >= 2 ** 32) return hostFault(`task index ${taskIndex} is no uint32`);
  if (limits.maxMeter < 0n || limits.maxMeter > taskLimits.maxMeter) return hostFault(`maxMeter ${limits.maxMeter} is not within 0 and ${taskLimits.maxMeter}`);
  for (const name of ["outputBytes", "wallMs"] as const) {
    const value = limits[name];
    if (!Number.isSafeInteger(value) || value < 0 || value > taskLimits[name]) return hostFault(`${name} ${value} is not within 0 and ${taskLimits[name]}`);
  }
  return undefined;
}

/** The WebAssembly backend: a process per task, which may do nothing but compute. */
import type { Backend, TaskInput, TaskOutcome } from "./backend.ts";
import { children, hostFault, type ChildOptions, type ChildRun } from "./child.ts";
import { decodeOutcome, encodeTask, maxHeader } from "./frames.ts";
import { engineStackReason } from "./wasm/execute.ts";
import { stderrTail } from "./wasm/host.ts";
import { moduleLimits } from "./wasm/instrument.ts";

/** What the worker accepts of a task, before any process is started. */
export const taskLimits = { inputBytes: 256 << 20, memoryBytes: 2 ** 31, outputBytes: 64 << 20, wallMs: 24 * 3_600_000, argsBytes: 65_536, seedBytes: 64, maxMeter: 1n << 60n } as const;

/** Up to here all code is compiled by the optimizing compiler at once; a long call would else stay in the baseline tier, some times slower. */
const optimizeBytes = 512 << 10;
/** Of the child beside the task's memory, input and output. */
const processBytes = 512 << 20;
const none = new Uint8Array(0);

/** Runs modules of "dcm wasm v1" (worker/README.md). */
export function wasmBackend(options: ChildOptions = {}): Backend {
  const run = children(options);
  return {
    name: "wasm",
    run: async (task) => {
      const refused = refuse(task);
      if (refused !== undefined) return refused;
      const began = performance.now();
      const outcome = await run(childRun(task, [...(task.module.length <= optimizeBytes ? ["--no-liftoff"] : []), ...(options.v8Flags ?? [])]));
      if (outcome.status !== "host-fault" || outcome.reason !== engineStackReason) return outcome;
      // Optimized code can hold far more values in a frame than the module has locals, and exhaust V8's stack before the logical one. Baseline
      // code cannot: it gives the verdict, more slowly.
      const wallMs = Math.max(0, Math.ceil(task.limits.wallMs - (performance.now() - began)));
      return run({ ...childRun(task, ["--liftoff", "--liftoff-only"]), wallMs });
    },
  };
}

/** The most memory that the child of a task may hold. */
export function wasmResidentBytes({ input, limits }: TaskInput): number {
  return limits.memoryBytes + 4 * (input.length + limits.outputBytes) + processBytes;
}

function childRun(task: TaskInput, v8Flags: readonly string[]): ChildRun {
  const { limits } = task;
  return {
    runner: "wasm",
    v8Flags,
    parts: encodeTask({ ...task, ...limits, args: task.args ?? [], env: task.env ?? {}, files: task.files ?? false, seed: task.seed ?? none }),
    answerBytes: limits.outputBytes + maxHeader + stderrTail + 4,
    residentBytes: wasmResidentBytes(task),
    wallMs: limits.wallMs,
    signal: task.signal,
    decode: (frame) => decodeOutcome(frame, limits, stderrTail),
  };
}

/** Limits beyond the worker's own are this worker's matter, a module beyond the format's limits is everybody's. */
function refuse(task: TaskInput): TaskOutcome | undefined {
  const { limits } = task;
  if (task.signal?.aborted === true) return hostFault("stopped before its start");
  if (task.module.length > moduleLimits.bytes) return { status: "invalid-module", output: none, meter: 0n, stderr: none, reason: `the module has ${task.module.length} bytes; the limit is ${moduleLimits.bytes}` };
  if (task.input.length > taskLimits.inputBytes) return hostFault(`the input has ${task.input.length} bytes; this worker takes ${taskLimits.inputBytes}`);
  const texts = [...(task.args ?? []), ...Object.entries(task.env ?? {}).flat()];
  if (texts.some((text) => text.includes("\0")) || texts.reduce((sum, text) => sum + Buffer.byteLength(text) + 1, 0) > taskLimits.argsBytes) return hostFault(`arguments and environment exceed ${taskLimits.argsBytes} bytes or have zero bytes`);
  if ((task.seed?.length ?? 0) > taskLimits.seedBytes) return hostFault(`the seed exceeds ${taskLimits.seedBytes} bytes`);
  if (limits.maxMeter < 0n || limits.maxMeter > taskLimits.maxMeter) return hostFault(`maxMeter ${limits.maxMeter} is not within 0 and ${taskLimits.maxMeter}`);
  for (const name of ["memoryBytes", "outputBytes", "wallMs"] as const) {
    const value = limits[name];
    if (!Number.isSafeInteger(value) || value < 0 || value > taskLimits[name]) return hostFault(`${name} ${value} is not within 0 and ${taskLimits[name]}`);
  }
  return undefined;
}

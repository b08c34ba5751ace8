/** Runs one task in this very process. Only the child process of the sandbox, and tests, call it: it does not return for a long time. */
import type { TaskOutcome } from "../backend.ts";
import { NoBundle } from "../bundle.ts";
import { InvalidModule } from "./binary.ts";
import { engine, type Global, type Instance, type Memory } from "./engine.ts";
import { flags } from "./function.ts";
import { Stop } from "./guest.ts";
import { Host, type HostTask } from "./host.ts";
import { instrument, MemoryTooLarge, reserved, type Instrumented } from "./instrument.ts";

export interface ExecuteTask extends HostTask {
  readonly module: Uint8Array;
  readonly maxMeter: bigint;
  readonly memoryBytes: number;
}

const pageBytes = 65_536;
const none = new Uint8Array(0);

export function execute(task: ExecuteTask): TaskOutcome {
  let program: Instrumented;
  let compiled: object;
  try {
    const original = task.module;
    if (!engine.validate(original)) new engine.Module(original);
    program = instrument(original, task.maxMeter, Math.floor(task.memoryBytes / pageBytes));
    compiled = new engine.Module(program.module);
  } catch (error) {
    if (error instanceof MemoryTooLarge) return { status: "out-of-memory", output: none, meter: 0n, stderr: none, reason: error.message };
    if (error instanceof InvalidModule || error instanceof engine.CompileError) return { status: "invalid-module", output: none, meter: 0n, stderr: none, reason: plain(error) };
    return hostFault(error);
  }
  return start(task, program, compiled);
}

function start(task: ExecuteTask, program: Instrumented, compiled: object): TaskOutcome {
  let host: Host;
  try {
    host = new Host(task);
  } catch (error) {
    if (error instanceof NoBundle) return { status: "invalid-module", output: none, meter: 0n, stderr: none, reason: `the input is no bundle: ${error.message}` };
    return hostFault(error);
  }
  let instance: Instance;
  try {
    instance = new engine.Instance(compiled, host.imports());
  } catch (error) {
    // A data or element segment outside its memory or table: the same everywhere. A memory that cannot be had: this machine's.
    if (error instanceof engine.RuntimeError) return { status: "trap", output: none, meter: 0n, stderr: none, reason: plain(error) };
    return hostFault(error);
  }
  const fuel = instance.exports[reserved.fuel] as Global<bigint>;
  host.attach(instance.exports["memory"] as Memory, fuel);
  let end: unknown;
  let code = 0;
  try {
    for (const name of program.calls) code = ((instance.exports[name] as () => number | undefined)() ?? 0) | 0;
  } catch (error) {
    end = error;
  }
  return judge(task, host, instance, end, code);
}

function judge(task: ExecuteTask, host: Host, instance: Instance, end: unknown, code: number): TaskOutcome {
  const left = (instance.exports[reserved.fuel] as Global<bigint>).value;
  const raised = (instance.exports[reserved.flags] as Global<number>).value;
  const stderr = host.stderr;
  const failed = (status: TaskOutcome["status"], reason: string): TaskOutcome => ({ status, output: none, meter: task.maxMeter - (left < 0n ? 0n : left), stderr, reason });
  if ((raised & flags.hostRefusedGrow) !== 0) return hostFault(new Error("this machine could not give the memory that the task may have"));
  const stopped = end instanceof Stop ? end.end : undefined;
  if (end !== undefined && stopped === undefined && !(end instanceof engine.RuntimeError)) return hostFault(end);
  if (left < 0n) return failed("out-of-fuel", `the task needs more than its ${task.maxMeter} weighted instructions`);
  const tooLarge = (): TaskOutcome => failed("output-too-large", `the output exceeds ${task.outputBytes} bytes`);
  if (stopped === "output-too-large") return tooLarge();
  if (end === undefined || (typeof stopped === "object" && "exit" in stopped)) {
    const exitCode = typeof stopped === "object" && "exit" in stopped ? stopped.exit : code;
    const output = host.result();
    return output === undefined ? tooLarge() : { status: "ok", output, meter: task.maxMeter - left, exitCode, stderr, reason: "" };
  }
  if ((raised & flags.growRefused) !== 0) return failed("out-of-memory", `the task was refused memory beyond ${task.memoryBytes} bytes and then trapped`);
  if ((raised & flags.stackExhausted) !== 0) return failed("trap", "call stack exhausted");
  return failed("trap", typeof stopped === "object" ? stopped.trap : plain(end));
}

/** How V8 says that its own stack, not the logical one, gave out. */
export const engineStackReason = "RangeError: Maximum call stack size exceeded";

/** V8's own stack or heap gave out, or this program has a fault: nothing that another machine would confirm. */
function hostFault(error: unknown): TaskOutcome {
  return { status: "host-fault", output: none, meter: 0n, stderr: none, reason: plain(error) };
}

function plain(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return text.replace(/[^\x20-\x7e]/g, "?").slice(0, 500);
}

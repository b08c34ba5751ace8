/** What parent and child of the sandbox say to each other: one frame each way, a JSON header and byte runs. */
import { hostFaults, verdicts, type TaskLimits, type TaskOutcome, type TaskStatus } from "./backend.ts";
import type { ExecuteTask } from "./wasm/execute.ts";

export const maxHeader = 1 << 20;

interface TaskHeader {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly seed: string;
  readonly maxMeter: string;
  readonly memoryBytes: number;
  readonly outputBytes: number;
  readonly moduleBytes: number;
  readonly files: boolean;
}

interface OutcomeHeader {
  readonly status: string;
  readonly meter: string;
  readonly exitCode?: number;
  readonly stderrBytes: number;
  readonly reason: string;
}

export function encodeTask(task: ExecuteTask): Uint8Array[] {
  const header: TaskHeader = {
    args: task.args, env: task.env, seed: Buffer.from(task.seed).toString("hex"), maxMeter: String(task.maxMeter),
    memoryBytes: task.memoryBytes, outputBytes: task.outputBytes, moduleBytes: task.module.length, files: task.files,
  };
  return encodeFrame(header, task.module, task.input);
}

/** The child trusts its parent: it checks nothing. */
export function decodeTask(frame: Buffer): ExecuteTask {
  const { header, rest } = decodeFrame(frame);
  const { moduleBytes, seed, maxMeter, ...same } = header as TaskHeader;
  return { ...same, seed: Buffer.from(seed, "hex"), maxMeter: BigInt(maxMeter), module: rest.subarray(0, moduleBytes), input: rest.subarray(moduleBytes) };
}

export function encodeOutcome(outcome: TaskOutcome): Uint8Array[] {
  const { status, meter, exitCode, stderr, reason } = outcome;
  const header: OutcomeHeader = { status, meter: String(meter), stderrBytes: stderr.length, reason, ...(exitCode === undefined ? {} : { exitCode }) };
  return encodeFrame(header, stderr, outcome.output);
}

/** Trusts nothing: whatever a child that was taken over can write either fits the rules or throws a SyntaxError. */
export function decodeOutcome(frame: Buffer, limits: TaskLimits, stderrTail: number): TaskOutcome {
  const { header, rest } = decodeFrame(frame);
  const { status, meter, exitCode, stderrBytes, reason } = header as Partial<Record<keyof OutcomeHeader, unknown>>;
  const known = [...verdicts, ...hostFaults].find((one) => one === status) as TaskStatus | undefined;
  if (known === undefined || typeof reason !== "string" || typeof meter !== "string" || !/^\d{1,20}$/.test(meter)) throw new SyntaxError("the child's answer has no status, reason or meter");
  if (typeof stderrBytes !== "number" || !(stderrBytes >= 0 && stderrBytes <= Math.min(stderrTail, rest.length))) throw new SyntaxError("the child's answer has too much stderr");
  const output = new Uint8Array(rest.subarray(stderrBytes));
  const used = BigInt(meter);
  const ended = Number.isInteger(exitCode);
  if (used > limits.maxMeter || output.length > limits.outputBytes || (known !== "ok" && output.length > 0) || ended !== (known === "ok")) throw new SyntaxError("the child's answer breaks the task's limits");
  return { status: known, output, meter: used, stderr: new Uint8Array(rest.subarray(0, stderrBytes)), reason: reason.slice(0, 500), ...(ended ? { exitCode: exitCode as number } : {}) };
}

/** Parts of a frame, in the order in which they are written. */
export function encodeFrame(header: object, ...rest: readonly Uint8Array[]): Uint8Array[] {
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  return [length, text, ...rest];
}

/** A frame's header, an object of whatever form, and what stands behind it. Throws a SyntaxError where there is none. */
export function decodeFrame(frame: Buffer): { header: object; rest: Buffer } {
  if (frame.length < 4) throw new SyntaxError("the answer is too short");
  const length = frame.readUInt32BE(0);
  if (length > maxHeader || length > frame.length - 4) throw new SyntaxError("the answer's header is too long");
  const header = JSON.parse(frame.toString("utf8", 4, 4 + length)) as unknown;
  if (typeof header !== "object" || header === null) throw new SyntaxError("the answer's header is no object");
  return { header, rest: frame.subarray(4 + length) };
}

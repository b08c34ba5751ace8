/**
 * What a worker and its runner on a compute node write to each other: an order (a task) and its outcome, each one file on a shared file system. An order is known by
 * its digest, which stands in its folder's name; an outcome by its own and by that of its order. So a file that is cut off, old or another's is found out.
 */
import { createHash } from "node:crypto";
import { fromHex, toHex } from "../../chain/codec/bytes.ts";
import { childCode } from "../sandbox/child-code.ts";
import type { TaskInput, TaskLimits, TaskOutcome } from "../sandbox/backend.ts";
import { decodeFrame, decodeOutcome as decodeWasm, encodeFrame, encodeOutcome as encodeWasm, maxHeader } from "../sandbox/frames.ts";
import { decodeOutcome as decodeRv32, encodeOutcome as encodeRv32 } from "../sandbox/rv32/frames.ts";
import { rv32ResidentBytes } from "../sandbox/rv32-backend.ts";
import { stderrTail } from "../sandbox/wasm/host.ts";
import { wasmResidentBytes } from "../sandbox/wasm-backend.ts";

export const runtimes = ["wasm", "rv32"] as const;
export type Runtime = (typeof runtimes)[number];

export interface Order {
  readonly runtime: Runtime;
  /** `process.version` of whoever orders: another engine could come to another outcome. */
  readonly version: string;
  /** Digest of the sandbox's program, for the same reason. */
  readonly code: string;
  readonly task: TaskInput;
}

interface OrderHeader {
  readonly runtime: Runtime;
  readonly version: string;
  readonly code: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly files: boolean;
  readonly seed: string;
  readonly arguments: string;
  readonly taskIndex: number;
  readonly maxMeter: string;
  readonly memoryBytes: number;
  readonly outputBytes: number;
  readonly wallMs: number;
  readonly moduleBytes: number;
}

const none = new Uint8Array(0);

export function encodeOrder(runtime: Runtime, task: TaskInput): Buffer {
  const { limits } = task;
  const header: OrderHeader = {
    runtime, version: process.version, code: childCode(runtime).digest, args: task.args ?? [], env: task.env ?? {}, files: task.files ?? false, seed: toHex(task.seed ?? none), arguments: toHex(task.arguments ?? none),
    taskIndex: task.taskIndex ?? 0, maxMeter: String(limits.maxMeter), memoryBytes: limits.memoryBytes, outputBytes: limits.outputBytes, wallMs: limits.wallMs, moduleBytes: task.module.length,
  };
  return Buffer.concat(encodeFrame(header, task.module, task.input));
}

/** Its bytes must be those that `key` names. Throws a SyntaxError where they are not. */
export function decodeOrder(bytes: Buffer, key: string): Order {
  if (digestOf(bytes) !== key) throw new SyntaxError("the task's file is not what the worker wrote: the shared file system lost or changed something");
  const { header, rest } = decodeFrame(bytes);
  const { runtime, version, code, args, env, files, seed, arguments: refereed, taskIndex, moduleBytes, maxMeter, ...sizes } = header as OrderHeader;
  const limits = { ...sizes, maxMeter: BigInt(maxMeter) };
  return { runtime, version, code, task: { module: rest.subarray(0, moduleBytes), input: rest.subarray(moduleBytes), args, env, files, seed: fromHex(seed), arguments: fromHex(refereed), taskIndex, limits } };
}

/** SHA-256 in hexadecimal. */
export function digestOf(...parts: readonly Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

export function encodeOutcome(runtime: Runtime, key: string, host: string, outcome: TaskOutcome): Buffer {
  const parts = runtime === "rv32" ? encodeRv32(outcome) : encodeWasm(outcome);
  return Buffer.concat(encodeFrame({ order: key, host, digest: digestOf(...parts) }, ...parts));
}

/** Trusts nothing, as with what comes from a child. Throws a SyntaxError. */
export function decodeOutcome(bytes: Buffer, runtime: Runtime, key: string, limits: TaskLimits): TaskOutcome {
  const { header, rest } = decodeFrame(bytes);
  const { order, host, digest } = header as Partial<Record<"order" | "host" | "digest", unknown>>;
  if (order !== key) throw new SyntaxError("the outcome is another task's");
  if (digest !== digestOf(rest)) throw new SyntaxError("the outcome is not what its node wrote");
  const outcome = runtime === "rv32" ? decodeRv32(rest, limits) : decodeWasm(rest, limits, stderrTail);
  return outcome.status === "timeout" || outcome.status === "host-fault" ? { ...outcome, reason: `${String(host).slice(0, 100)}: ${outcome.reason}` } : outcome;
}

/** The longest outcome that a node may write. */
export function mostOutcomeBytes({ outputBytes }: TaskLimits): number {
  return outputBytes + stderrTail + 3 * (maxHeader + 4);
}

/** Of the runner beside its child: the runtime, and the order that it reads. */
const runnerBytes = 256 << 20;

/** Memory of the job: the bound that the sandbox itself keeps, and the runner. */
export function jobMegabytes(runtime: Runtime, task: TaskInput): number {
  const child = runtime === "rv32" ? rv32ResidentBytes(task) : wasmResidentBytes(task);
  return Math.ceil((child + runnerBytes + 2 * (task.module.length + task.input.length) + 2 * task.limits.outputBytes) / 2 ** 20);
}

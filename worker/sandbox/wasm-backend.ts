/** The WebAssembly backend: a process per task, which may do nothing but compute. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import type { Backend, TaskInput, TaskLimits, TaskOutcome } from "./backend.ts";
import { childCode } from "./child-code.ts";
import { decodeOutcome, encodeTask, maxHeader } from "./frames.ts";
import { engineStackReason } from "./wasm/execute.ts";
import { stderrTail } from "./wasm/host.ts";
import { moduleLimits } from "./wasm/instrument.ts";

export interface WasmBackendOptions {
  /** The runtime; by default the one that runs the worker. */
  readonly node?: string;
  /** A network namespace of its own for each task: `auto` where this machine allows it, `required` refuses to run without. */
  readonly networkNamespace?: "auto" | "required" | "off";
  /** Further V8 flags, for tests that compare compilers. */
  readonly v8Flags?: readonly string[];
}

/** What the worker accepts of a task, before any process is started. */
export const taskLimits = { inputBytes: 256 << 20, memoryBytes: 2 ** 31, outputBytes: 64 << 20, wallMs: 24 * 3_600_000, argsBytes: 65_536, seedBytes: 64, maxMeter: 1n << 60n } as const;

const heapMegabytes = 256;
/** V8's stack in KiB: several times the logical limit of 1 MiB, and below the 8 MiB that systems give a main thread. */
const stackKilobytes = 6000;
/** Up to here all code is compiled by the optimizing compiler at once; a long call would else stay in the baseline tier, some times slower. */
const optimizeBytes = 512 << 10;
/** Of the child beside the task's memory, input and output. */
const processBytes = 512 << 20;
const residentPollMs = 250;
const none = new Uint8Array(0);

/** Runs modules of "dcm wasm v1" (worker/README.md). */
export function wasmBackend(options: WasmBackendOptions = {}): Backend {
  const network = options.networkNamespace === "off" ? [] : prefix("unshare", ["--map-root-user", "--net", "--"]);
  if (options.networkNamespace === "required" && network.length === 0) throw new Error("this machine gives no network namespaces: install util-linux's unshare and allow unprivileged user namespaces, or choose networkNamespace auto");
  // A child dies with its worker, however that ends, and cannot gain rights from a file that it runs.
  const wrapper = [...network, ...prefix("setpriv", ["--pdeathsig", "KILL", "--no-new-privs", "--"])];
  return {
    name: "wasm",
    run: async (task) => {
      const refused = refuse(task);
      if (refused !== undefined) return refused;
      const began = performance.now();
      const outcome = await runChild(task, options, wrapper);
      if (outcome.status !== "host-fault" || outcome.reason !== engineStackReason) return outcome;
      // Optimized code can hold far more values in a frame than the module has locals, and exhaust V8's stack before the logical one. Baseline
      // code cannot: it gives the verdict, more slowly.
      const wallMs = Math.max(0, Math.ceil(task.limits.wallMs - (performance.now() - began)));
      return runChild({ ...task, limits: { ...task.limits, wallMs } }, { ...options, v8Flags: ["--liftoff", "--liftoff-only"] }, wrapper);
    },
  };
}

/** Limits beyond the worker's own are this worker's matter, a module beyond the format's limits is everybody's. */
function refuse(task: TaskInput): TaskOutcome | undefined {
  const { limits } = task;
  const fault = (reason: string): TaskOutcome => ({ status: "host-fault", output: none, meter: 0n, stderr: none, reason });
  if (task.signal?.aborted === true) return fault("stopped before its start");
  if (task.module.length > moduleLimits.bytes) return { status: "invalid-module", output: none, meter: 0n, stderr: none, reason: `the module has ${task.module.length} bytes; the limit is ${moduleLimits.bytes}` };
  if (task.input.length > taskLimits.inputBytes) return fault(`the input has ${task.input.length} bytes; this worker takes ${taskLimits.inputBytes}`);
  const texts = [...(task.args ?? []), ...Object.entries(task.env ?? {}).flat()];
  if (texts.some((text) => text.includes("\0")) || texts.reduce((sum, text) => sum + Buffer.byteLength(text) + 1, 0) > taskLimits.argsBytes) return fault(`arguments and environment exceed ${taskLimits.argsBytes} bytes or have zero bytes`);
  if ((task.seed?.length ?? 0) > taskLimits.seedBytes) return fault(`the seed exceeds ${taskLimits.seedBytes} bytes`);
  if (limits.maxMeter < 0n || limits.maxMeter > taskLimits.maxMeter) return fault(`maxMeter ${limits.maxMeter} is not within 0 and ${taskLimits.maxMeter}`);
  for (const name of ["memoryBytes", "outputBytes", "wallMs"] as const) {
    const value = limits[name];
    if (!Number.isSafeInteger(value) || value < 0 || value > taskLimits[name]) return fault(`${name} ${value} is not within 0 and ${taskLimits[name]}`);
  }
  return undefined;
}

function command(task: TaskInput, options: WasmBackendOptions, wrapper: readonly string[]): [string, string[]] {
  const node = options.node ?? process.execPath;
  const { folder, entry } = childCode();
  const args = [
    "--permission", `--allow-fs-read=${folder}*`, `--max-old-space-size=${heapMegabytes}`, `--stack-size=${stackKilobytes}`, "--disable-proto=throw",
    "--disallow-code-generation-from-strings", "--no-addons", "--no-warnings", ...(task.module.length <= optimizeBytes ? ["--no-liftoff"] : []), ...(options.v8Flags ?? []),
    entry,
  ];
  const [file, ...rest] = [...wrapper, node, ...args];
  return [file!, rest];
}

function runChild(task: TaskInput, options: WasmBackendOptions, wrapper: readonly string[]): Promise<TaskOutcome> {
  const [file, args] = command(task, options, wrapper);
  return new Promise((resolve) => {
    const child = spawn(file, args, { env: {}, cwd: "/", stdio: ["pipe", "pipe", "pipe"], windowsHide: true });
    let ended: Pick<TaskOutcome, "status" | "reason"> | undefined;
    const end = (status: TaskOutcome["status"], reason: string): void => {
      ended ??= { status, reason };
      child.kill("SIGKILL");
    };
    const answer = collect(child, task.limits.outputBytes + maxHeader + stderrTail + 4, () => end("host-fault", "the child wrote more than the task may"));
    const timer = setTimeout(() => end("timeout", `the task did not end within ${task.limits.wallMs} ms on this machine`), task.limits.wallMs);
    const resident = watchResident(child, task.limits.memoryBytes + 4 * (task.input.length + task.limits.outputBytes) + processBytes, () => end("host-fault", "the child's memory outgrew its bound"));
    const abort = (): void => end("host-fault", "stopped by the worker");
    task.signal?.addEventListener("abort", abort, { once: true });
    child.on("error", (error) => end("host-fault", `cannot start ${file}: ${error.message}`));
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      clearInterval(resident);
      task.signal?.removeEventListener("abort", abort);
      resolve(ended === undefined ? conclude(answer, task.limits, code, signal) : { ...ended, output: none, meter: 0n, stderr: none });
    });
    // A child that dies while it is fed breaks the pipe: `close` tells the outcome.
    child.stdin.on("error", () => undefined);
    for (const part of encodeTask({ ...task, ...task.limits, args: task.args ?? [], env: task.env ?? {}, files: task.files ?? false, seed: task.seed ?? none })) child.stdin.write(part);
    child.stdin.end();
  });
}

interface Answer {
  readonly out: Buffer[];
  /** The runtime's own complaints: the program's stderr travels in the frame. */
  complaint: string;
}

function collect(child: ChildProcess, limit: number, exceeded: () => void): Answer {
  const answer: Answer = { out: [], complaint: "" };
  let bytes = 0;
  child.stdout!.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > limit) return exceeded();
    answer.out.push(chunk);
  });
  child.stderr!.on("data", (chunk: Buffer) => {
    answer.complaint = (answer.complaint + chunk.toString("latin1")).slice(-2000);
  });
  return answer;
}

function conclude(answer: Answer, limits: TaskLimits, code: number | null, signal: NodeJS.Signals | null): TaskOutcome {
  try {
    if (code !== 0) throw new SyntaxError(`the child ended with ${signal ?? `code ${code}`}`);
    return decodeOutcome(Buffer.concat(answer.out), limits, stderrTail);
  } catch (error) {
    const said = answer.complaint.replace(/\s+/g, " ").trim().slice(0, 300);
    return { status: "host-fault", output: none, meter: 0n, stderr: none, reason: `${(error as Error).message}${said === "" ? "" : `: ${said}`}` };
  }
}

/** Where the system tells (Linux), ends a child whose resident memory exceeds `limit` bytes. */
function watchResident(child: ChildProcess, limit: number, exceeded: () => void): NodeJS.Timeout | undefined {
  if (process.platform !== "linux") return undefined;
  return setInterval(() => {
    try {
      const pages = Number(readFileSync(`/proc/${child.pid}/statm`, "latin1").split(" ")[1]);
      if (pages * 4096 > limit) exceeded();
    } catch {
      // It ended in between: `close` follows.
    }
  }, residentPollMs);
}

/** The beginning of a command line that goes through a tool of util-linux; empty where it is missing or may not do this here. */
function prefix(tool: string, args: readonly string[]): string[] {
  if (process.platform !== "linux") return [];
  const path = [`/usr/bin/${tool}`, `/bin/${tool}`].find((one) => existsSync(one));
  if (path === undefined || spawnSync(path, [...args, "/bin/true"], { stdio: "ignore", env: {} }).status !== 0) return [];
  return [path, ...args];
}

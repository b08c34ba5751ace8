/** Starts a process for each task, which may do nothing but compute, and ends it when it takes too long or too much. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import type { HostFault, TaskOutcome } from "./backend.ts";
import { childCode, type Runner } from "./child-code.ts";

export interface ChildOptions {
  /** The runtime; by default the one that runs the worker. */
  readonly node?: string;
  /** A network namespace of its own for each task: `auto` where this machine allows it, `required` refuses to run without. */
  readonly networkNamespace?: "auto" | "required" | "off";
  /** Further V8 flags, for tests that compare compilers. */
  readonly v8Flags?: readonly string[];
}

/** What one child is given, and what it may take. */
export interface ChildRun {
  readonly runner: Runner;
  readonly v8Flags: readonly string[];
  /** Its frame, in parts. */
  readonly parts: readonly Uint8Array[];
  /** The longest answer that it may give. */
  readonly answerBytes: number;
  readonly residentBytes: number;
  readonly wallMs: number;
  readonly signal: AbortSignal | undefined;
  /** Throws a SyntaxError where the answer is none. */
  readonly decode: (frame: Buffer) => TaskOutcome;
}

const heapMegabytes = 256;
/** V8's stack in KiB: several times the logical limit of 1 MiB, and below the 8 MiB that systems give a main thread. */
const stackKilobytes = 6000;
const residentPollMs = 250;
const none = new Uint8Array(0);

/** Gives a function that runs a child and never rejects. Throws where this machine cannot do what the options require. */
export function children(options: ChildOptions): (run: ChildRun) => Promise<TaskOutcome> {
  const network = options.networkNamespace === "off" ? [] : prefix("unshare", ["--map-root-user", "--net", "--"]);
  if (options.networkNamespace === "required" && network.length === 0) throw new Error("this machine gives no network namespaces: install util-linux's unshare and allow unprivileged user namespaces, or choose networkNamespace auto");
  // A child dies with its worker, however that ends, and cannot gain rights from a file that it runs.
  const wrapper = [...network, ...prefix("setpriv", ["--pdeathsig", "KILL", "--no-new-privs", "--"])];
  return (run) => runChild(run, options, wrapper);
}

/** An outcome that says something about this machine only. */
export function hostFault(reason: string, status: HostFault = "host-fault"): TaskOutcome {
  return { status, output: none, meter: 0n, stderr: none, reason };
}

function command({ runner, v8Flags }: ChildRun, options: ChildOptions, wrapper: readonly string[]): [string, string[]] {
  const node = options.node ?? process.execPath;
  const { folder, entry } = childCode(runner);
  const args = [
    "--permission", `--allow-fs-read=${folder}*`, `--max-old-space-size=${heapMegabytes}`, `--stack-size=${stackKilobytes}`, "--disable-proto=throw",
    "--disallow-code-generation-from-strings", "--no-addons", "--no-warnings", ...v8Flags,
    entry,
  ];
  const [file, ...rest] = [...wrapper, node, ...args];
  return [file!, rest];
}

function runChild(run: ChildRun, options: ChildOptions, wrapper: readonly string[]): Promise<TaskOutcome> {
  const [file, args] = command(run, options, wrapper);
  return new Promise((resolve) => {
    const child = spawn(file, args, { env: {}, cwd: "/", stdio: ["pipe", "pipe", "pipe"], windowsHide: true });
    let ended: TaskOutcome | undefined;
    const end = (reason: string, status?: HostFault): void => {
      ended ??= hostFault(reason, status);
      child.kill("SIGKILL");
    };
    const answer = collect(child, run.answerBytes, () => end("the child wrote more than the task may"));
    const timer = setTimeout(() => end(`the task did not end within ${run.wallMs} ms on this machine`, "timeout"), run.wallMs);
    const resident = watchResident(child, run.residentBytes, () => end("the child's memory outgrew its bound"));
    const abort = (): void => end("stopped by the worker");
    run.signal?.addEventListener("abort", abort, { once: true });
    child.on("error", (error) => end(`cannot start ${file}: ${error.message}`));
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      clearInterval(resident);
      run.signal?.removeEventListener("abort", abort);
      resolve(ended ?? conclude(answer, run.decode, code, signal));
    });
    // A child that dies while it is fed breaks the pipe: `close` tells the outcome.
    child.stdin.on("error", () => undefined);
    for (const part of run.parts) child.stdin.write(part);
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

function conclude(answer: Answer, decode: ChildRun["decode"], code: number | null, signal: NodeJS.Signals | null): TaskOutcome {
  try {
    if (code !== 0) throw new SyntaxError(`the child ended with ${signal ?? `code ${code}`}`);
    return decode(Buffer.concat(answer.out));
  } catch (error) {
    const said = answer.complaint.replace(/\s+/g, " ").trim().slice(0, 300);
    return hostFault(`${(error as Error).message}${said === "" ? "" : `: ${said}`}`);
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

/** A program alone as a job: dcm run PROGRAM -- ARG ..., without a job file. */
import { basename } from "node:path";
import type { CapacityClass } from "../chain/codec/gen/dcm/market/v1/types.ts";
import { usualReplicas } from "../worker/gateway/bid.ts";
import { programOf, type JobFile, type LoadedJob } from "../worker/job-file.ts";
import { bytesOf, CliError, exitCodes, whole, type Io } from "./io.ts";

/** What a job file would say of its tasks, as the command line has it. */
export interface ProgramOptions {
  readonly in?: readonly string[] | undefined;
  readonly tasks?: string | undefined;
  readonly lots?: string | undefined;
  readonly maxResult?: string | undefined;
  readonly plain?: true | undefined;
}

export const usual = { lots: "3", maxResult: "1048576" } as const;

export const isProgramFile = (path: string): boolean => /\.(?:wasm|rv32)$/.test(path);

/** As it would be typed again. */
export const typed = (path: string, args: readonly string[]): string => [path, ...(args.length === 0 ? [] : ["--", ...args])].join(" ");

/** A job file says all of this itself. Throws a CliError where it is said beside one. */
export function refuseBesideFile(path: string, args: readonly string[], options: ProgramOptions): void {
  const named = { "--in": options.in, "--tasks": options.tasks, "--lots": options.lots, "--max-result": options.maxResult, "--plain": options.plain };
  const said = args.length > 0 ? typed("", args).trim() : Object.entries(named).find(([, value]) => value !== undefined)?.[0];
  if (said !== undefined) throw new CliError(exitCodes.usage, `${said.slice(0, 100)} is for a program alone, such as tools.wasm; ${path} is none`, "What the tasks of a job file read, are told and may use stands in the file: examples/job.schema.json.");
}

/** One task for each input, or several of one input, told apart by their index; all with the same arguments. How long one runs is left open: see `timed`. Throws a CliError. */
export function programJob(io: Pick<Io, "readBytes">, path: string, args: readonly string[], options: ProgramOptions, refereed: boolean): LoadedJob {
  const { in: inputs = [] } = options;
  const tasks = options.tasks === undefined ? undefined : whole("--tasks", options.tasks, 1, 10_000);
  if (tasks !== undefined && inputs.length > 1) throw new CliError(exitCodes.usage, `--tasks ${tasks} beside ${inputs.length} inputs`, "Each --in is a task of its own; --tasks is for several tasks of one input, or of none.");
  if (args.length > 64 || args.some((arg) => arg.length > 1_024)) throw new CliError(exitCodes.usage, "a program takes at most 64 arguments of 1,024 characters", "What is more is data: --in.");
  const file = basename(path);
  const job: JobFile = {
    name: file.replace(/\.[^.]*$/, "").toLowerCase().replace(/[^a-z0-9]+/g, "-").slice(0, 40), title: [file, ...args].join(" ").replace(/\p{C}+/gu, " ").slice(0, 100),
    classId: refereed || file.endsWith(".rv32") ? "rv32.core" : "wasm.core", quoteDenom: "udcm", limitPrice: undefined, verification: "V2", replicas: usualReplicas("V2"),
    wishes: { requires: {}, prefers: {} }, organization: "", costTags: {}, sealed: options.plain !== true, program: file,
    waves: [{
      kind: "map", args, lots: BigInt(whole("--lots", options.lots ?? usual.lots, 1, 1_000_000_000)), durationMs: 0n,
      maxResultBytes: BigInt(whole("--max-result", options.maxResult ?? usual.maxResult, 1, 1 << 30)),
    }],
  };
  const program = programOf(job, bytesOf(io, path));
  const read = inputs.length === 0 ? [new Uint8Array(0)] : inputs.map((one) => bytesOf(io, one));
  return { job, program, inputs: tasks === undefined ? read : Array.from({ length: tasks }, () => read[0]!), present: (output) => Buffer.from(output).toString("utf8") };
}

/** Its tasks have the time that a conforming host of the class takes for their lots. */
export function timed(loaded: LoadedJob, { maxLotMs }: Pick<CapacityClass, "maxLotMs">): LoadedJob {
  return { ...loaded, job: { ...loaded.job, waves: loaded.job.waves.map((wave) => ({ ...wave, durationMs: wave.lots * maxLotMs })) } };
}

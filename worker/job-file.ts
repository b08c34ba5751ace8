/** Job files: what a consumer wants to have computed, and how its data is cut into tasks (examples/job.schema.json). */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { concatBytes } from "../chain/codec/bytes.ts";
import { encodeProgram, isProgram } from "../chain/vm/program.ts";
import type { Wishes } from "../client/profiles.ts";
import { replicasFault, usualReplicas, type Verification } from "./gateway/bid.ts";
import { compile } from "./rom/compile.ts";
import { checkModule } from "./sandbox/wasm/check-module.ts";
import { costTags, integer, object, readFields, string, wrong } from "./fields.ts";

/** Tasks that run side by side. All of them run the job's program with the wave's arguments; each has its own input. */
export interface Wave {
  readonly kind: "map" | "reduce";
  readonly args: readonly string[];
  /** For each task: the most lots (as large as the class says: dcm classes) that it may use. */
  readonly lots: bigint;
  readonly durationMs: bigint;
  readonly maxResultBytes: bigint;
}

export interface JobFile {
  readonly name: string;
  readonly title: string;
  readonly classId: string;
  readonly quoteDenom: string;
  /** Per lot, all in, in the quote denom's smallest unit. Undefined: whoever orders says it. */
  readonly limitPrice: bigint | undefined;
  readonly verification: Verification;
  /** Providers that run each task from the start. */
  readonly replicas: number;
  readonly wishes: Wishes;
  /** Whose money it is; empty: the consumer's own. */
  readonly organization: string;
  readonly costTags: Readonly<Record<string, string>>;
  /** False: program, inputs and results are in the clear, so that anybody can run a refereed task again and challenge it. */
  readonly sealed: boolean;
  /** File name of the module, beside the job file; for rv32.core it is compiled, or a program file already. */
  readonly program: string;
  /** First the map wave, whose inputs `inputs.ts` makes; then reduce waves of one task, fed by `frameOutputs` of the wave before. */
  readonly waves: readonly Wave[];
}

export interface LoadedJob {
  readonly job: JobFile;
  readonly program: Uint8Array;
  /** Of the first wave. */
  readonly inputs: readonly Uint8Array[];
  /** The last wave's output as text for people. */
  readonly present: (output: Uint8Array) => string;
}

/** Reads the job file of a folder, the module, and runs `inputs.ts` there (the consumer's own code). Throws an Error that names the field. */
export async function loadJob(folder: string, file = "job.json"): Promise<LoadedJob> {
  const at = resolve(folder);
  const job = parseJob(readFileSync(join(at, file), "utf8"));
  const { inputs } = (await load(at, "inputs.ts")) as { inputs: () => readonly Uint8Array[] };
  return { job, program: programOf(job, new Uint8Array(readFileSync(join(at, job.program)))), inputs: inputs(), present: await loadPresent(at) };
}

/** Pages of 64 KiB that a module can address: how much a class gives is for its providers to say. */
const addressablePages = 65_536;

/** As providers of the class run it. Throws an InvalidModule where they could not: paying for that answer would be a waste. */
export function programOf({ classId }: Pick<JobFile, "classId">, bytes: Uint8Array): Uint8Array {
  if (classId === "rv32.core") return isProgram(bytes) ? bytes : encodeProgram(compile(bytes));
  checkModule(bytes, addressablePages);
  return bytes;
}

/** What turns the job's output into text, alone. */
export async function loadPresent(folder: string): Promise<LoadedJob["present"]> {
  return ((await load(resolve(folder), "present.ts")) as { present: LoadedJob["present"] }).present;
}

async function load(folder: string, file: string): Promise<Record<string, unknown>> {
  return (await import(pathToFileURL(join(folder, file)).href)) as Record<string, unknown>;
}

/** What a reduce task reads: the number of outputs, then each behind its length (32 bits, little-endian), in task order. */
export function frameOutputs(outputs: readonly Uint8Array[]): Uint8Array {
  return concatBytes(number(outputs.length), ...outputs.flatMap((output) => [number(output.length), output]));
}

/** Throws a FileError that names the field, what it must be, what it is, and where it stands. */
export function parseJob(text: string): JobFile {
  return readFields(text, "job", jobOf);
}

function jobOf(value: unknown): JobFile {
  const fields = object(value, "job", ["$schema", "name", "title", "class", "quoteDenom", "limitPrice", "verification", "replicas", "program", "waves", "requires", "prefers", "organization", "costTags", "sealed"]);
  const waves = fields["waves"];
  const verification = string(fields["verification"], "verification", /^V[0-3]$/, "V0, V1, V2 or V3") as Verification;
  if (!Array.isArray(waves) || waves.length < 1 || waves.length > 16) throw wrong("waves", "a list of 1 to 16 waves", waves);
  return {
    name: string(fields["name"], "name", /^[a-z0-9-]{1,40}$/, "1 to 40 of a-z, 0-9 and -"),
    title: string(fields["title"], "title", /^[^\p{C}]{1,100}$/u, "1 to 100 printable characters"),
    classId: string(fields["class"], "class", /^(wasm|rv32)\.core$/, "wasm.core or rv32.core"),
    quoteDenom: string(fields["quoteDenom"], "quoteDenom", /^[a-zA-Z][a-zA-Z0-9/:._-]{2,127}$/, "a denom"),
    limitPrice: fields["limitPrice"] === undefined ? undefined : integer(fields["limitPrice"], "limitPrice"),
    verification,
    replicas: fields["replicas"] === undefined ? usualReplicas(verification) : replicasOf(fields["replicas"], verification),
    wishes: { requires: requirements(fields["requires"] ?? {}), prefers: preferences(fields["prefers"] ?? {}) },
    organization: fields["organization"] === undefined ? "" : string(fields["organization"], "organization", /^[a-z0-9._-]{3,64}$/, "the name of an organization"),
    costTags: Object.fromEntries(costTags(fields["costTags"] ?? {})),
    sealed: fields["sealed"] === undefined || flag(fields["sealed"], "sealed"),
    program: string(fields["program"], "program", /^[A-Za-z0-9_-]{1,60}\.(wasm|rv32)$/, "the name of a .wasm or .rv32 file beside the job file"),
    waves: waves.map((wave, i) => parseWave(wave, `waves[${i}]`, i === 0 ? "map" : "reduce")),
  };
}

function replicasOf(value: unknown, verification: Verification): number {
  const wanted = typeof value === "number" ? value : NaN;
  const fault = replicasFault(verification, wanted);
  if (fault !== undefined) throw wrong("replicas", fault, value);
  return wanted;
}

function flag(value: unknown, at: string): boolean {
  if (typeof value !== "boolean") throw wrong(at, "true or false", value);
  return value;
}

const attributeValue = /^[\x21-\x7e](?:[\x20-\x7e]{0,62}[\x21-\x7e])?$/;
const valueWords = "1 to 64 printable ASCII characters";

/** Attributes by key, at most 16. */
function attributes(value: unknown, at: string): [string, unknown][] {
  if (typeof value !== "object" || value === null || Array.isArray(value) || Object.keys(value).length > 16) throw wrong(at, "at most 16 attributes by key", value);
  for (const key of Object.keys(value)) if (!/^[a-z][a-z0-9._/-]{0,31}$/.test(key)) throw wrong(`a key of ${at}`, "1 to 32 of a-z 0-9 . _ / - beginning with a letter", key);
  return Object.entries(value);
}

function requirements(value: unknown): NonNullable<Wishes["requires"]> {
  return Object.fromEntries(attributes(value, "requires").map(([key, wish]) => {
    const at = `requires.${key}`;
    if (typeof wish === "string") return [key, string(wish, at, attributeValue, valueWords)];
    const fields = object(wish, at, ["value", "attestedBy"]);
    const auditors = fields["attestedBy"];
    if (!Array.isArray(auditors) || auditors.length > 8 || !auditors.every((one) => typeof one === "string")) throw wrong(`${at}.attestedBy`, "a list of at most 8 auditors; empty: any accredited one", auditors);
    return [key, { value: string(fields["value"], `${at}.value`, attributeValue, valueWords), attestedBy: auditors as string[] }];
  }));
}

function preferences(value: unknown): NonNullable<Wishes["prefers"]> {
  return Object.fromEntries(attributes(value, "prefers").map(([key, wish]) => {
    const fields = object(wish, `prefers.${key}`, ["value", "worth"]);
    return [key, { value: string(fields["value"], `prefers.${key}.value`, attributeValue, valueWords), worth: integer(fields["worth"], `prefers.${key}.worth`) }];
  }));
}

function parseWave(value: unknown, at: string, kind: Wave["kind"]): Wave {
  const fields = object(value, at, ["kind", "args", "lots", "durationMs", "maxResultBytes"]);
  if (fields["kind"] !== kind) throw wrong(`${at}.kind`, `${kind}: the first wave maps, the others reduce`, fields["kind"]);
  const args = fields["args"] ?? [];
  if (!Array.isArray(args) || args.length > 64 || !args.every((arg) => typeof arg === "string" && arg.length <= 1024)) throw wrong(`${at}.args`, "at most 64 strings of 1,024 characters", args);
  return { kind, args: args as string[], lots: integer(fields["lots"], `${at}.lots`), durationMs: integer(fields["durationMs"], `${at}.durationMs`), maxResultBytes: integer(fields["maxResultBytes"], `${at}.maxResultBytes`) };
}

function number(value: number): Uint8Array {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, value, true);
  return out;
}

/** The byte forms that clients and chain share: commitments, salts, input roots, results. Each is written down in chain/modules/market/README.md. */
import { concatBytes, equalBytes, toHex, uint64Bytes, utf8 } from "../chain/codec/bytes.ts";
import { addressBytes } from "../chain/codec/address.ts";
import { sha256 } from "../chain/codec/hash.ts";
import { Halt } from "../chain/vm/machine.ts";
import { Manifest, type Blob, type JobSpec, type Stage } from "../chain/codec/gen/dcm/market/v1/types.ts";

/** Tasks of a job have ids `jobId * 65,536 + index`. */
export function taskId(jobId: bigint, index: number): bigint {
  return jobId * 65_536n + BigInt(index);
}

/** What calls of an instance carry as `Authorization: Bearer`: 64 hexadecimal digits that only holders of the 32-byte service key can make. */
export function callToken(serviceKey: Uint8Array, instanceId: bigint): string {
  return toHex(sha256(utf8("dcm/call/v1"), serviceKey, uint64Bytes(instanceId)));
}

/** What a worker commits to before it reveals. `digest`, `salt` and, of a refereed run alone, `stateHash` are 32 bytes, `size` is in bytes, `meter` in the class's meter. */
export function commitment(worker: string, task: bigint, result: { digest: Uint8Array; size: bigint; meter: bigint; stateHash?: Uint8Array }, salt: Uint8Array): Uint8Array {
  const raw = addressBytes(worker);
  return sha256(utf8("dcm/commit/v1"), Uint8Array.of(raw.length), raw, uint64Bytes(task), result.digest, uint64Bytes(result.size), uint64Bytes(result.meter), result.stateHash ?? new Uint8Array(0), salt);
}

/** RFC 6962 root over `digest || size` of each input, in task order; of refereed jobs over root and size of each in clear. */
export function inputRoot(inputs: readonly Blob[]): Uint8Array {
  return inputs.length === 0 ? sha256(new Uint8Array(0)) : subtree(leavesOf(inputs), 0, inputs.length);
}

/** What leads from the input at `index` to the input root: siblings of 32 bytes, the nearest first. */
export function inputPath(inputs: readonly Blob[], index: number): Uint8Array[] {
  const leaves = leavesOf(inputs);
  const path: Uint8Array[] = [];
  for (let from = 0, to = leaves.length; to - from > 1;) {
    const split = from + splitOf(to - from);
    if (index < split) {
      path.unshift(subtree(leaves, split, to));
      to = split;
    } else {
      path.unshift(subtree(leaves, from, split));
      from = split;
    }
  }
  return path;
}

const leavesOf = (inputs: readonly Blob[]): Uint8Array[] => inputs.map((input) => sha256(Uint8Array.of(0), input.digest, uint64Bytes(input.size)));

/** The greatest power of two below the number of leaves. */
function splitOf(leaves: number): number {
  let split = 1;
  while (split * 2 < leaves) split *= 2;
  return split;
}

function subtree(leaves: readonly Uint8Array[], from: number, to: number): Uint8Array {
  if (to - from === 1) return leaves[from]!;
  const split = from + splitOf(to - from);
  return sha256(Uint8Array.of(1), subtree(leaves, from, split), subtree(leaves, split, to));
}

/** `roots`, of refereed jobs alone: of each input in clear. */
export function encodeManifest(inputs: readonly Blob[], roots: readonly Blob[] = []): Uint8Array {
  return Manifest.encode({ inputs: [...inputs], roots: [...roots] }).finish();
}

/** Where a task finds what it works on: of its job or, where that has stages, of its stage. */
export interface TaskInputs {
  /** Index of the first task whose input the manifest names. */
  readonly first: number;
  readonly tasks: number;
  readonly inputRoot: Uint8Array;
  readonly manifest: Blob;
  readonly arguments: Uint8Array;
}

/** Of the task with this index. Undefined as long as its stage waits for its inputs. */
export function inputsOf(spec: JobSpec, stages: readonly Stage[], index: number): TaskInputs | undefined {
  if (spec.stages.length === 0) return { first: 0, tasks: spec.tasks, inputRoot: spec.inputRoot, manifest: spec.manifest!, arguments: spec.arguments };
  const stage = stages.find(({ firstTask, tasks }) => index >= firstTask && index < firstTask + tasks);
  if (stage?.manifest === undefined) return undefined;
  return { first: stage.firstTask, tasks: stage.tasks, inputRoot: stage.inputRoot, manifest: stage.manifest, arguments: spec.stages[stage.index]!.arguments };
}

/** A chain of salts: `head` goes into the bid, each further salt hashes to the one before it. Made again from its secret after a restart. */
export class SaltChain {
  readonly #salts: Uint8Array[];
  /** `secret` is 32 random bytes; `length` the number of draws it can serve. */
  constructor(secret: Uint8Array, length: number) {
    const salts = [sha256(utf8("dcm/salt/v1"), secret)];
    for (let i = 0; i < length; i++) salts.push(sha256(salts[i]!));
    this.#salts = salts.reverse();
  }
  get head(): Uint8Array {
    return this.#salts[0]!;
  }
  /** Whether this is the head, or a salt that was revealed since. */
  has(salt: Uint8Array): boolean {
    return this.#salts.some((one) => equalBytes(one, salt));
  }
  /** The salt after `revealed` of them are known. Throws where the chain is used up. */
  next(revealed: number): Uint8Array {
    const salt = this.#salts[revealed + 1];
    if (salt === undefined) throw new RangeError(`the chain of ${this.#salts.length - 1} salts is used up`);
    return salt;
  }
}

/** How a run ended, where every honest machine agrees on it; the first byte of a result. */
export const resultStatuses = ["ok", "trap", "out-of-fuel", "out-of-memory", "output-too-large", "invalid-module"] as const;
export type ResultStatus = (typeof resultStatuses)[number];

export interface TaskResult {
  readonly status: ResultStatus;
  /** 0 unless the program ended with another code. */
  readonly exitCode: number;
  readonly output: Uint8Array;
}

/** One byte of status, one byte of exit code, the output: what a result's digest is taken over. */
export function encodeResult(result: TaskResult): Uint8Array {
  return concatBytes(Uint8Array.of(resultStatuses.indexOf(result.status), result.exitCode & 0xff), result.output);
}

/** Throws a RangeError on bytes that are no result. */
export function decodeResult(bytes: Uint8Array): TaskResult {
  const status = resultStatuses[bytes[0] ?? 255];
  if (status === undefined || bytes.length < 2) throw new RangeError("not a task result: its first byte names no status");
  return { status, exitCode: bytes[1]!, output: bytes.slice(2) };
}

/**
 * The result of the refereed machine (V3), by why it halted and the bytes that its size gives. A machine that frames nothing has size 0: its meter
 * ran out, it met an illegal instruction, or its result is larger than the job allows. Throws a RangeError on other bytes that are no result.
 */
export function decodeRefereedResult(halt: Halt, bytes: Uint8Array): TaskResult {
  if (bytes.length > 0) return decodeResult(bytes);
  const status = halt === Halt.exhausted ? "out-of-fuel" : halt === Halt.done ? "output-too-large" : "trap";
  return { status, exitCode: 0, output: bytes };
}

/** What `JobSpec.arguments` holds for the `wasm` runtime: UTF-8 JSON. */
export interface WasmArguments {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The input is a bundle of this version, which brings arguments, environment and files, none of them in clear on chain; the output is what changed. `args` and `env` are left out. */
  readonly bundle?: 1;
}

export function encodeWasmArguments(value: WasmArguments): Uint8Array {
  return value.args === undefined && value.env === undefined && value.bundle === undefined ? new Uint8Array(0) : utf8(JSON.stringify(value));
}

/** What `JobSpec.arguments` say; undefined where they are not of the form that `encodeWasmArguments` writes. Everybody must judge this alike. */
export function decodeWasmArguments(bytes: Uint8Array): WasmArguments | undefined {
  if (bytes.length === 0) return {};
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    return undefined;
  }
  if (!isRecord(value) || Object.keys(value).some((key) => key !== "args" && key !== "env" && key !== "bundle")) return undefined;
  const { args, env, bundle } = value;
  if (bundle !== undefined && (bundle !== 1 || args !== undefined || env !== undefined)) return undefined;
  if (args !== undefined && !(Array.isArray(args) && args.every(isText))) return undefined;
  if (env !== undefined && !(isRecord(env) && Object.entries(env).flat().every(isText))) return undefined;
  return value as WasmArguments;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A zero byte would end it early in C. */
function isText(value: unknown): value is string {
  return typeof value === "string" && !value.includes("\0");
}

/**
 * The instructions of "dcm wasm v1": WebAssembly 1.0 with multi-value, sign extension, saturating truncation and bulk memory.
 * What is not listed is refused: SIMD (relaxed or not), threads, exceptions, tail calls, garbage collection, reference types beyond the
 * function table, several memories, 64-bit memories.
 *
 * The weights are version 1 of the weight table; they are part of what replicas agree on and never change under this version.
 */

export type Immediate = "none" | "index" | "index2" | "memarg" | "i32" | "i64" | "f32" | "f64" | "zero" | "zero2" | "index-zero";
export type FloatType = "f32" | "f64";

export interface Instruction {
  readonly immediate: Immediate;
  readonly pops: number;
  readonly pushes: number;
  readonly weight: number;
  /** Set where the result may be a NaN whose bits the machine chooses. */
  readonly nan?: FloatType;
}

export const weightVersion = 1;

/** Costs that depend on more than the instruction. */
export const weights = {
  /** Entering a function, on top of the call instruction; its locals are zeroed. */
  entry: 2,
  localsPerUnit: 4,
  call: 4,
  callIndirect: 8,
  branchTable: 3,
  /** memory.copy, fill, init, table.copy, init: per call, and one more per 8 bytes or elements. */
  bulk: 10,
  /** memory.grow: per call, and per page of 64 KiB, which the system has to clear. */
  grow: 100,
  growPage: 8192,
  /** A call into the host, on top of the call instruction, and one more per 8 bytes moved. */
  host: 500,
  /** random_get: per 32 bytes, one SHA-256. */
  randomBlock: 3000,
} as const;

const table: (Instruction | undefined)[] = [];
const prefixed: (Instruction | undefined)[] = [];

function define(from: number, to: number, pops: number, pushes: number, weight: number, immediate: Immediate = "none", nan?: FloatType): void {
  for (let op = from; op <= to; op++) table[op] = { immediate, pops, pushes, weight, ...(nan === undefined ? {} : { nan }) };
}

define(0x1a, 0x1a, 1, 0, 1); // drop
define(0x1b, 0x1b, 3, 1, 1); // select
define(0x20, 0x20, 0, 1, 1, "index"); // local.get
define(0x21, 0x21, 1, 0, 1, "index"); // local.set
define(0x22, 0x22, 1, 1, 1, "index"); // local.tee
define(0x23, 0x23, 0, 1, 1, "index"); // global.get
define(0x24, 0x24, 1, 0, 1, "index"); // global.set
define(0x28, 0x35, 1, 1, 2, "memarg"); // loads
define(0x36, 0x3e, 2, 0, 2, "memarg"); // stores
define(0x3f, 0x3f, 0, 1, 2, "zero"); // memory.size
define(0x41, 0x41, 0, 1, 1, "i32");
define(0x42, 0x42, 0, 1, 1, "i64");
define(0x43, 0x43, 0, 1, 1, "f32");
define(0x44, 0x44, 0, 1, 1, "f64");
define(0x45, 0x45, 1, 1, 1); // i32.eqz
define(0x46, 0x4f, 2, 1, 1);
define(0x50, 0x50, 1, 1, 1); // i64.eqz
define(0x51, 0x66, 2, 1, 1); // i64, f32, f64 comparisons
define(0x67, 0x69, 1, 1, 1);
define(0x6a, 0x6c, 2, 1, 1);
define(0x6d, 0x70, 2, 1, 12); // i32 division
define(0x71, 0x78, 2, 1, 1);
define(0x79, 0x7b, 1, 1, 1);
define(0x7c, 0x7e, 2, 1, 1);
define(0x7f, 0x82, 2, 1, 16); // i64 division
define(0x83, 0x8a, 2, 1, 1);
define(0x8b, 0x8c, 1, 1, 1); // f32.abs, neg
define(0x8d, 0x90, 1, 1, 3, "none", "f32"); // ceil, floor, trunc, nearest
define(0x91, 0x91, 1, 1, 10, "none", "f32"); // sqrt
define(0x92, 0x94, 2, 1, 3, "none", "f32");
define(0x95, 0x95, 2, 1, 8, "none", "f32"); // div
define(0x96, 0x97, 2, 1, 4, "none", "f32"); // min, max
define(0x98, 0x98, 2, 1, 2); // copysign
define(0x99, 0x9a, 1, 1, 1);
define(0x9b, 0x9e, 1, 1, 3, "none", "f64");
define(0x9f, 0x9f, 1, 1, 14, "none", "f64");
define(0xa0, 0xa2, 2, 1, 3, "none", "f64");
define(0xa3, 0xa3, 2, 1, 10, "none", "f64");
define(0xa4, 0xa5, 2, 1, 4, "none", "f64");
define(0xa6, 0xa6, 2, 1, 2);
define(0xa7, 0xa7, 1, 1, 1); // i32.wrap_i64
define(0xa8, 0xab, 1, 1, 4); // i32.trunc
define(0xac, 0xad, 1, 1, 1); // i64.extend
define(0xae, 0xb1, 1, 1, 4); // i64.trunc
define(0xb2, 0xb5, 1, 1, 3); // f32.convert
define(0xb6, 0xb6, 1, 1, 3, "none", "f32"); // f32.demote
define(0xb7, 0xba, 1, 1, 3);
define(0xbb, 0xbb, 1, 1, 3, "none", "f64"); // f64.promote
define(0xbc, 0xbf, 1, 1, 1); // reinterpret
define(0xc0, 0xc4, 1, 1, 1); // sign extension

for (let op = 0; op < 8; op++) prefixed[op] = { immediate: "none", pops: 1, pushes: 1, weight: 4 };
prefixed[8] = { immediate: "index-zero", pops: 3, pushes: 0, weight: weights.bulk }; // memory.init
prefixed[9] = { immediate: "index", pops: 0, pushes: 0, weight: 4 }; // data.drop
prefixed[10] = { immediate: "zero2", pops: 3, pushes: 0, weight: weights.bulk }; // memory.copy
prefixed[11] = { immediate: "zero", pops: 3, pushes: 0, weight: weights.bulk }; // memory.fill
prefixed[12] = { immediate: "index2", pops: 3, pushes: 0, weight: weights.bulk }; // table.init
prefixed[13] = { immediate: "index", pops: 0, pushes: 0, weight: 4 }; // elem.drop
prefixed[14] = { immediate: "index2", pops: 3, pushes: 0, weight: weights.bulk }; // table.copy

/** Instructions that are neither control, call nor memory.grow; undefined where "dcm wasm v1" has none of that number. */
export function instruction(op: number): Instruction | undefined {
  return table[op];
}

/** The same after the prefix 0xfc. */
export function prefixedInstruction(op: number): Instruction | undefined {
  return prefixed[op];
}

/** Whether the prefixed instruction works on a length that stands on top of the operands. */
export function isBulk(op: number): boolean {
  return op === 8 || op === 10 || op === 11 || op === 12 || op === 14;
}

const consumers: Record<FloatType, ReadonlySet<number>> = {
  f32: new Set([0x1a, ...range(0x5b, 0x60), ...range(0x8d, 0x97), 0xa8, 0xa9, 0xae, 0xaf, 0xbb]),
  f64: new Set([0x1a, ...range(0x61, 0x66), ...range(0x9b, 0xa5), 0xaa, 0xab, 0xb0, 0xb1, 0xb6]),
};

/** Whether the instruction takes a NaN from the top of the operands without letting its bits be seen: the NaN need not be canonical. */
export function hidesNan(op: number, type: FloatType): boolean {
  return consumers[type].has(op);
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

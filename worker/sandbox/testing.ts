/** For tests: modules from text, and tasks with small limits. */
import binaryen from "binaryen";
import type { TaskInput, TaskLimits } from "./backend.ts";
import { execute } from "./wasm/execute.ts";

export const smallLimits: TaskLimits = { maxMeter: 1_000_000_000n, memoryBytes: 16 << 20, outputBytes: 65_536, wallMs: 20_000 };

/** The binary form of a module in text form, with every proposal that the assembler knows. */
export function wat(text: string): Uint8Array {
  const module = binaryen.parseText(text);
  try {
    module.setFeatures(binaryen.Features.All);
    return module.emitBinary();
  } finally {
    module.dispose();
  }
}

/** A module with a memory of one page, the usual imports and `body` as its run function. */
export function program(body: string, rest = ""): Uint8Array {
  return wat(`(module
    (import "dcm" "output_write" (func $output (param i32 i32)))
    (import "dcm" "input_size" (func $inputSize (result i32)))
    (import "dcm" "input_read" (func $inputRead (param i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    ${rest}
    (func (export "run") ${body}))`);
}

export function task(module: Uint8Array, changes: Omit<Partial<TaskInput>, "limits"> & { limits?: Partial<TaskLimits> } = {}): TaskInput {
  return { module, input: new Uint8Array(0), ...changes, limits: { ...smallLimits, ...changes.limits } };
}

/** Runs a task in this process: for modules that are known to end. */
export function runHere(given: TaskInput): ReturnType<typeof execute> {
  return execute({ ...given, ...given.limits, args: given.args ?? [], env: given.env ?? {}, files: given.files ?? false, seed: given.seed ?? new Uint8Array(0) });
}

// The result's bytes, as encodeResult of client/protocol.ts has them: status, exit code, output.
import { readArguments } from "./arguments";
import { copy, fill } from "./copy";
import { growRefused, halt, OUTPUT, OUTPUT_MOST } from "./machine";

const OK: u8 = 0;
const TRAP: u8 = 1;
const OUT_OF_MEMORY: u8 = 3;
const OUTPUT_TOO_LARGE: u8 = 4;
const INVALID_MODULE: u8 = 5;

let length: u32 = 0;

/** Before the program's own code. */
export function begin(): void {
  if (!readArguments()) fail(INVALID_MODULE);
}

/** The program ended by itself. */
export function finish(code: i32): void {
  store<u8>(OUTPUT, OK);
  store<u8>(OUTPUT, code, 1);
  halt(2 + length);
}

/** What was written goes: a verdict that is no success has no output, and the region's root must be that of the result. */
function fail(status: u8): void {
  fill(OUTPUT + 2, 0, length);
  store<u8>(OUTPUT, status);
  halt(2);
}

export function finishTrap(): void {
  fail(growRefused() ? OUT_OF_MEMORY : TRAP);
}

/** Appends bytes of the program's memory, which must lie there. */
export function emit(from: u32, bytes: u32): void {
  if (bytes > OUTPUT_MOST - length) fail(OUTPUT_TOO_LARGE);
  copy(OUTPUT + 2 + length, from, bytes);
  length += bytes;
}

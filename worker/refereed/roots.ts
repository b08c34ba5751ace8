/** What consumers of refereed results do beside the rest: roots of what they offer, and results in the form that the machine leaves them in. */
import { decodeRefereedResult, type TaskResult } from "../../client/protocol.ts";
import type { Blob, Result } from "../../chain/codec/gen/dcm/market/v1/types.ts";
import type { Halt } from "../../chain/vm/machine.ts";
import { regionRoot } from "../../chain/vm/merkle.ts";
import { decodeProgram, programRoot, programRoots } from "../../chain/vm/program.ts";
import { resultOf } from "../../chain/vm/result.ts";

/** Root and size of each input, as the machine reads it. Throws a RangeError on one beyond 16 MiB. */
export function rootsOf(inputs: readonly Uint8Array[]): Blob[] {
  return inputs.map((input) => ({ digest: regionRoot(input), size: BigInt(input.length) }));
}

/** Throws a ProgramError on bytes that are no program file. */
export function programRootOf(file: Uint8Array): Uint8Array {
  return programRoot(programRoots(decodeProgram(file)));
}

/** Undefined where the bytes are not those of the result. How the machine halted the chain knows, all else says the program's output. */
export function readRefereed({ digest, size, final }: Result, clear: Uint8Array): TaskResult | undefined {
  if (final === undefined || size > BigInt(clear.length)) return undefined;
  const result = resultOf(clear, Number(size), digest);
  return result === undefined ? undefined : decodeRefereedResult(final.halt as Halt, result);
}

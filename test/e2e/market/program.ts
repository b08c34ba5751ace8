/** One small deterministic program for all jobs: works for as long as its input says, then gives the input back with a sum behind it. */
import { concatBytes, utf8 } from "../../../chain/codec/bytes.ts";
import { encodeResult, type ResultStatus, type TaskResult } from "../../../client/protocol.ts";
import { program, runHere, task } from "../../../worker/sandbox/testing.ts";

export const lotMeter = 1_000_000_000n;

export const module = program(`
  (local $size i32) (local $rounds i32) (local $sum i32)
  (local.set $size (call $inputSize))
  (drop (call $inputRead (i32.const 0) (i32.const 0) (local.get $size)))
  (local.set $rounds (i32.load (i32.const 0)))
  (block $done
    (loop $again
      (br_if $done (i32.eqz (local.get $rounds)))
      (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 1664525)) (i32.const 1013904223)))
      (local.set $rounds (i32.sub (local.get $rounds) (i32.const 1)))
      (br $again)))
  (i32.store (local.get $size) (local.get $sum))
  (call $output (i32.const 0) (i32.add (local.get $size) (i32.const 4)))`);

/** `text` must come back; `rounds` says how long it takes. */
export function input(text: string, rounds = 1_000): Uint8Array {
  const head = new Uint8Array(4);
  new DataView(head.buffer).setUint32(0, rounds, true);
  return concatBytes(head, utf8(text));
}

export interface Expected {
  readonly result: TaskResult;
  /** What the digest on chain is taken over. */
  readonly bytes: Uint8Array;
  readonly meter: bigint;
  /** Begun lots, at most those of the task. */
  readonly lots: bigint;
}

/** What every honest machine must find, from a run in this process. */
export function expected(given: Uint8Array, lots: bigint): Expected {
  const { status, exitCode, output, meter } = runHere(task(module, { input: given, limits: { maxMeter: lots * lotMeter, memoryBytes: 256 << 20 } }));
  const result: TaskResult = { status: status as ResultStatus, exitCode: exitCode ?? 0, output };
  const used = (meter + lotMeter - 1n) / lotMeter;
  return { result, bytes: encodeResult(result), meter, lots: used < lots ? used : lots };
}

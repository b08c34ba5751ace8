/** For tests: runs compiled programs, and the same modules in the WebAssembly sandbox beside them. */
import { initialMachine } from "../../chain/vm/initial.ts";
import { Interpreter } from "../../chain/vm/interpreter.ts";
import { argumentsAt, inputAt, outputAt } from "../../chain/vm/layout.ts";
import { Halt } from "../../chain/vm/machine.ts";
import { Ram } from "../../chain/vm/ram.ts";
import { decodeWasmArguments, encodeResult, type ResultStatus } from "../../client/protocol.ts";
import { execute } from "../sandbox/wasm/execute.ts";
import type { CompiledProgram } from "./compile.ts";
import { mostPages } from "./layout.ts";

export interface Run {
  readonly input?: Uint8Array;
  /** As they stand on chain. */
  readonly arguments?: Uint8Array;
  readonly taskIndex?: number;
  readonly maxMeter?: bigint;
}

export interface Ended {
  readonly halt: Halt;
  readonly steps: bigint;
  readonly meter: bigint;
  /** As long as a0 says. */
  readonly result: Uint8Array;
  /** Whether all that lies behind the result in the output region is zero. */
  readonly clean: boolean;
}

const none = new Uint8Array(0);
/** As much as tests write. */
const zeros = Buffer.alloc(1 << 20);
const enough = 1n << 40n;

export function runProgram({ rom, data }: Pick<CompiledProgram, "rom" | "data">, run: Run = {}): Ended {
  const { input = none, arguments: args = none, taskIndex = 0, maxMeter = enough } = run;
  const ram = new Ram();
  ram.write(0, data);
  ram.write(argumentsAt, args);
  ram.write(inputAt, input);
  const machine = initialMachine({ inputSize: input.length, argumentsSize: args.length, taskIndex });
  new Interpreter(rom).run(machine, ram, maxMeter, 1n << 60n);
  const size = machine.halt === Halt.done ? machine.registers[10]! >>> 0 : 0;
  return { halt: machine.halt, steps: machine.steps, meter: machine.meter, result: ram.bytes.slice(outputAt, outputAt + size), clean: zeros.equals(ram.bytes.subarray(outputAt + size, outputAt + size + zeros.length)) };
}

/** The bytes that the WebAssembly runtime would reveal for the same task, with as much memory as a compiled program may have. */
export function runSandbox(module: Uint8Array, { input = none, arguments: args = none, taskIndex = 0 }: Run = {}): { readonly result: Uint8Array; readonly meter: bigint } {
  const seed = new Uint8Array(4);
  new DataView(seed.buffer).setUint32(0, taskIndex, true);
  const wasm = decodeWasmArguments(args);
  if (wasm === undefined) return { result: encodeResult({ status: "invalid-module", exitCode: 0, output: none }), meter: 0n };
  const outcome = execute({ module, input, args: wasm.args ?? [], env: wasm.env ?? {}, seed, files: false, outputBytes: (1 << 24) - 2, maxMeter: enough, memoryBytes: mostPages * 65_536 });
  return { result: encodeResult({ status: outcome.status as ResultStatus, exitCode: outcome.exitCode ?? 0, output: outcome.output }), meter: outcome.meter };
}

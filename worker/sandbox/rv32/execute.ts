/** Runs one refereed task in this very process. Only the child process of the sandbox, and tests, call it: it does not return for a long time. */
import { Interpreter, type Engine } from "../../../chain/vm/interpreter.ts";
import { initialMachine } from "../../../chain/vm/initial.ts";
import { argumentsAt, inputAt, outputAt, ramDepth, regionBytes, regionDepth } from "../../../chain/vm/layout.ts";
import { Halt, type Machine } from "../../../chain/vm/machine.ts";
import { MemoryTree } from "../../../chain/vm/memory-tree.ts";
import { decodeProgram, ProgramError, type Program } from "../../../chain/vm/program.ts";
import { Ram } from "../../../chain/vm/ram.ts";
import { behindResult } from "../../../chain/vm/result.ts";
import { fieldsOf, outputSizeOf, resultSize } from "../../../chain/vm/state-hash.ts";
import type { TaskOutcome } from "../backend.ts";
import { Translator } from "./translator.ts";

export type EngineKind = "translated" | "interpreted";

export interface MachineTask {
  /** A program file. */
  readonly program: Uint8Array;
  /** At most 16 MiB. */
  readonly input: Uint8Array;
  /** At most 64 KiB. */
  readonly arguments: Uint8Array;
  readonly taskIndex: number;
  readonly maxMeter: bigint;
  /** The largest result. */
  readonly outputBytes: number;
  readonly engine: EngineKind;
}

const none = new Uint8Array(0);

export function execute(task: MachineTask): TaskOutcome {
  try {
    return run(task, decodeProgram(task.program));
  } catch (error) {
    // Memory that this machine has not got, or a fault of this program.
    const status = error instanceof ProgramError ? "invalid-module" : "host-fault";
    return { status, output: none, meter: 0n, stderr: none, reason: String(error).replace(/[^\x20-\x7e]/g, "?").slice(0, 500) };
  }
}

function run(task: MachineTask, { rom, data }: Program): TaskOutcome {
  const { engine, ram } = engineOf(task.engine, rom);
  ram.write(0, data);
  ram.write(argumentsAt, task.arguments);
  ram.write(inputAt, task.input);
  const machine = initialMachine({ inputSize: task.input.length, argumentsSize: task.arguments.length, taskIndex: task.taskIndex });
  // Each transition weighs at least 1 but the one that exhausts the meter.
  engine.run(machine, ram, task.maxMeter, task.maxMeter + 1n);
  const tree = new MemoryTree(ramDepth);
  tree.update(ram.bytes, ram.dirty);
  const regionRoot = (at: number): Uint8Array => tree.node(regionDepth, at / regionBytes);
  const final = { ...fieldsOf(machine), lowRoot: tree.node(ramDepth - 1, 0), inputRoot: regionRoot(inputAt) };
  const size = Number(resultSize(final, BigInt(task.outputBytes)));
  const outputRoot = regionRoot(outputAt);
  const behind = behindResult(ram.bytes, tree, outputRoot, size);
  return {
    ...verdict(machine, task, outputSizeOf(final.registers)),
    output: ram.bytes.slice(outputAt, outputAt + size), meter: machine.meter, stderr: none, machine: { final, outputRoot, ...(behind.length > 0 ? { behind } : {}) },
  };
}

function engineOf(kind: EngineKind, rom: Uint8Array): { readonly engine: Engine; readonly ram: Ram } {
  if (kind === "interpreted") return { engine: new Interpreter(rom), ram: new Ram() };
  const translator = new Translator(rom);
  return { engine: translator, ram: translator.ram };
}

function verdict({ halt, pc }: Machine, { maxMeter, outputBytes }: MachineTask, size: number): Pick<TaskOutcome, "status" | "reason" | "exitCode"> {
  if (halt === Halt.illegal) return { status: "trap", reason: `no instruction of the machine at ${pc}` };
  if (halt === Halt.exhausted) return { status: "out-of-fuel", reason: `the task needs more than its ${maxMeter} weighted instructions` };
  const most = Math.min(outputBytes, regionBytes);
  return size > most ? { status: "output-too-large", reason: `the output has ${size} bytes; the limit is ${most}` } : { status: "ok", reason: "", exitCode: 0 };
}

/** Frames of refereed tasks: the machine's end as a header around the frame of the outcome. */
import { fromHex, toHex } from "../../../chain/codec/bytes.ts";
import { checkFinal } from "../../../chain/vm/state-hash.ts";
import type { MachineEnd, TaskLimits, TaskOutcome } from "../backend.ts";
import { decodeFrame, decodeOutcome as decodePlain, encodeFrame, encodeOutcome as encodePlain } from "../frames.ts";
import type { EngineKind, MachineTask } from "./execute.ts";

interface TaskHeader {
  readonly engine: EngineKind;
  readonly taskIndex: number;
  readonly maxMeter: string;
  readonly outputBytes: number;
  readonly programBytes: number;
  readonly argumentsBytes: number;
}

/** Bytes are hexadecimal, 64-bit numbers decimal text. */
interface EndHeader {
  readonly pc: number;
  readonly halt: number;
  readonly steps: string;
  readonly registers: string;
  readonly lowRoot: string;
  readonly inputRoot: string;
  readonly outputRoot: string;
  readonly behind?: string;
}

export function encodeTask(task: MachineTask): Uint8Array[] {
  const { engine, taskIndex, maxMeter, outputBytes, program, input } = task;
  const header: TaskHeader = { engine, taskIndex, maxMeter: String(maxMeter), outputBytes, programBytes: program.length, argumentsBytes: task.arguments.length };
  return encodeFrame(header, program, task.arguments, input);
}

/** The child trusts its parent: it checks nothing. */
export function decodeTask(frame: Buffer): MachineTask {
  const { header, rest } = decodeFrame(frame);
  const { engine, taskIndex, maxMeter, outputBytes, programBytes, argumentsBytes } = header as TaskHeader;
  const inputFrom = programBytes + argumentsBytes;
  return { engine, taskIndex, maxMeter: BigInt(maxMeter), outputBytes, program: rest.subarray(0, programBytes), arguments: rest.subarray(programBytes, inputFrom), input: rest.subarray(inputFrom) };
}

export function encodeOutcome({ machine, ...outcome }: TaskOutcome): Uint8Array[] {
  return encodeFrame(machine === undefined ? {} : endHeader(machine), ...encodePlain(outcome));
}

function endHeader({ final, outputRoot, behind }: MachineEnd): EndHeader {
  const { pc, halt, steps, registers, lowRoot, inputRoot } = final;
  return { pc, halt, steps: String(steps), registers: toHex(registers), lowRoot: toHex(lowRoot), inputRoot: toHex(inputRoot), outputRoot: toHex(outputRoot), ...(behind === undefined ? {} : { behind: toHex(behind) }) };
}

/** Trusts nothing: what a child that was taken over writes is an outcome that the chain could take, or throws a SyntaxError. */
export function decodeOutcome(frame: Buffer, limits: TaskLimits): TaskOutcome {
  const { header, rest } = decodeFrame(frame);
  const outcome = decodePlain(rest, limits, 0);
  const { pc, halt, steps, registers, lowRoot, inputRoot, outputRoot, behind } = header as Partial<Record<keyof EndHeader, unknown>>;
  const halted = Object.entries(haltOf).find(([status]) => status === outcome.status)?.[1];
  if (halted === undefined) {
    if (Object.keys(header).length > 0) throw new SyntaxError(`the child's answer has a machine's end, but status ${outcome.status}`);
    return outcome;
  }
  if (halt !== halted || typeof pc !== "number" || typeof steps !== "string" || !/^\d{1,20}$/.test(steps)) throw new SyntaxError("the child's answer has no pc, halt or steps");
  const final = { pc, halt: halted, steps: BigInt(steps), meter: outcome.meter, registers: bytes(registers, 124), lowRoot: bytes(lowRoot, 32), inputRoot: bytes(inputRoot, 32) };
  const machine: MachineEnd = { final, outputRoot: bytes(outputRoot, 32), ...(behind === undefined ? {} : { behind: someBytes(behind, mostBehind) }) };
  const wrong = checkFinal({ ...machine, size: BigInt(outcome.output.length), meter: outcome.meter, meterLimit: limits.maxMeter, maxResultSize: BigInt(limits.outputBytes) });
  if (wrong !== undefined) throw new SyntaxError(`the child's answer cannot be: ${wrong}`);
  return { ...outcome, machine };
}

/** How a machine halted whose outcome has the status. */
const haltOf = { ok: 1, "output-too-large": 1, trap: 2, "out-of-fuel": 3 } as const;

/** More than there is behind any result. */
const mostBehind = 768;

function someBytes(text: unknown, most: number): Uint8Array {
  return bytes(text, Math.min(typeof text === "string" ? text.length >> 1 : 0, most));
}

function bytes(text: unknown, length: number): Uint8Array {
  if (typeof text !== "string" || text.length !== 2 * length || !/^[0-9a-f]*$/.test(text)) throw new SyntaxError(`the child's answer has no ${length} bytes where they belong`);
  return fromHex(text);
}

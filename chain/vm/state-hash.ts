/** What a state of the machine hashes to, its form on the wire, and the checks of a final state that a provider claims. */
import { utf8 } from "../codec/bytes.ts";
import { sha256 } from "../codec/hash.ts";
import { pcMask, regionBytes } from "./layout.ts";
import { Halt, type Machine } from "./machine.ts";
import { hashBytes, nodeHash } from "./merkle.ts";

/** x1 to x31, 4 bytes each. */
export const registersBytes = 124;

/** A machine as messages carry it. */
export interface MachineFields {
  readonly pc: number;
  readonly halt: number;
  readonly steps: bigint;
  readonly meter: bigint;
  /** x1 to x31, 4 bytes each, little-endian. */
  readonly registers: Uint8Array;
}

/** A final state as a result carries it: the root of the output region is the result's digest. */
export interface FinalState extends MachineFields {
  /** Of the lower half of RAM. */
  readonly lowRoot: Uint8Array;
  /** Of the input region at the end. */
  readonly inputRoot: Uint8Array;
}

const domain = utf8("dcm/rv32/state/v1");
const mostUint64 = (1n << 64n) - 1n;

/** 32 bytes. The machine's numbers are in their ranges. */
export function stateHash(machine: Machine, ramRoot: Uint8Array): Uint8Array {
  const head = new Uint8Array(24);
  const view = new DataView(head.buffer);
  view.setUint32(0, machine.pc, true);
  view.setUint32(4, machine.halt, true);
  view.setBigUint64(8, machine.steps, true);
  view.setBigUint64(16, machine.meter, true);
  return sha256(domain, head, registersOf(machine), ramRoot);
}

/** x1 to x31 as messages carry them. */
export function registersOf({ registers }: Machine): Uint8Array {
  const out = new Uint8Array(registersBytes);
  const view = new DataView(out.buffer);
  for (let i = 1; i < 32; i++) view.setInt32((i - 1) * 4, registers[i]!, true);
  return out;
}

export function fieldsOf(machine: Machine): MachineFields {
  return { pc: machine.pc, halt: machine.halt, steps: machine.steps, meter: machine.meter, registers: registersOf(machine) };
}

/** The machine that the fields describe, or what is wrong with them. `meterLimit`: its meter is at most that. */
export function machineOf(fields: MachineFields, meterLimit: bigint): Machine | string {
  const { pc, halt, steps, meter, registers } = fields;
  if (pc !== (pc & pcMask)) return `pc ${pc} is not a multiple of 4 below 2^24`;
  if (!isHalt(halt)) return `halt ${halt} is none of 0 to 3`;
  if (steps < 0n || steps > mostUint64) return `steps ${steps} is no uint64`;
  if (meter < 0n || meter > meterLimit) return `meter ${meter} is above the limit ${meterLimit}`;
  if (registers.length !== registersBytes) return `registers have ${registers.length} bytes, not ${registersBytes}`;
  const x = new Int32Array(32);
  const view = new DataView(registers.buffer, registers.byteOffset);
  for (let i = 1; i < 32; i++) x[i] = view.getInt32((i - 1) * 4, true);
  return { pc, halt, steps, meter, registers: x };
}

function isHalt(halt: number): halt is Halt {
  return halt === Halt.running || halt === Halt.done || halt === Halt.illegal || halt === Halt.exhausted;
}

/** The root of RAM of which these are the lower half, the input region and the output region. */
export function ramRootOf({ lowRoot, inputRoot }: Pick<FinalState, "lowRoot" | "inputRoot">, outputRoot: Uint8Array): Uint8Array {
  return nodeHash(lowRoot, nodeHash(inputRoot, outputRoot));
}

/** a0, as an unsigned number: at `ecall` the size of the output. */
export function outputSizeOf(registers: Uint8Array): number {
  return new DataView(registers.buffer, registers.byteOffset).getUint32(9 * 4, true);
}

/** The size of the result in bytes: a0 of a program that is done, where it is no more than fits; else 0. */
export function resultSize(final: MachineFields, maxResultSize: bigint): bigint {
  const size = BigInt(outputSizeOf(final.registers));
  const most = maxResultSize < BigInt(regionBytes) ? maxResultSize : BigInt(regionBytes);
  return final.halt === Halt.done && size <= most ? size : 0n;
}

/** What a claimed final state is held against. */
export interface FinalClaim {
  readonly final: FinalState;
  /** Of the output region. */
  readonly outputRoot: Uint8Array;
  readonly size: bigint;
  readonly meter: bigint;
  readonly meterLimit: bigint;
  readonly maxResultSize: bigint;
}

/** What is wrong with a claimed final state, as far as it shows without running anything; undefined where nothing is. */
export function checkFinal({ final, outputRoot, size, meter, meterLimit, maxResultSize }: FinalClaim): string | undefined {
  const machine = machineOf(final, meterLimit);
  if (typeof machine === "string") return machine;
  for (const [name, root] of [["low_root", final.lowRoot], ["input_root", final.inputRoot], ["output root", outputRoot]] as const) if (root.length !== hashBytes) return `${name} has ${root.length} bytes, not ${hashBytes}`;
  if (machine.halt === Halt.running) return "halt is 0: the machine still runs";
  if (machine.halt === Halt.exhausted && machine.meter !== meterLimit) return `halt is 3, but meter ${machine.meter} is not the limit ${meterLimit}`;
  // Every transition weighs at least 1 but the one that exhausts the meter.
  if (machine.steps < 1n || machine.steps > machine.meter + 1n) return `steps ${machine.steps} cannot be with meter ${machine.meter}`;
  if (meter !== machine.meter) return `meter ${meter} is not the final state's ${machine.meter}`;
  const expected = resultSize(final, maxResultSize);
  return size === expected ? undefined : `size ${size} is not ${expected}, which halt and a0 give`;
}

/** The state hash of a final state that `checkFinal` found nothing wrong with. */
export function finalHash(final: FinalState, outputRoot: Uint8Array): Uint8Array {
  const machine = machineOf(final, mostUint64);
  if (typeof machine === "string") throw new RangeError(machine);
  return stateHash(machine, ramRootOf(final, outputRoot));
}

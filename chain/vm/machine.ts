/**
 * The machine and what one transition does to it: the definition that every other engine is held against. The referee
 * runs it over the leaves of a witness. No access traps: addresses wrap, and their low bits are cleared as the access needs.
 */
import { div, divu, mulh, mulhsu, mulhu, rem, remu } from "./arithmetic.ts";
import { immediateB, immediateI, immediateJ, immediateS, immediateU, Op, operationOf, weightOfOp } from "./instructions.ts";
import { pcMask, ramMask } from "./layout.ts";

export { weightOf } from "./instructions.ts";

/** Why a machine stands still. A halted machine is its own successor. */
export const Halt = { running: 0, done: 1, illegal: 2, exhausted: 3 } as const;
export type Halt = (typeof Halt)[keyof typeof Halt];

/** All but the memories. */
export interface Machine {
  /** Of the next instruction: below 2^24, a multiple of 4. */
  pc: number;
  halt: Halt;
  /** Transitions so far, the one that halted included; below 2^64. */
  steps: bigint;
  /** Weights so far, at most the limit; below 2^64. */
  meter: bigint;
  /** x0 to x31; x0 is 0. */
  readonly registers: Int32Array;
}

/** The two memories, by words. Addresses come masked and on a word; values are int32. */
export interface Memory {
  fetch(address: number): number;
  load(wordAddress: number): number;
  store(wordAddress: number, value: number): void;
}

/** A running machine at the beginning of the program, all zero. */
export function newMachine(): Machine {
  return { pc: 0, halt: Halt.running, steps: 0n, meter: 0n, registers: new Int32Array(32) };
}

export function copyMachine({ pc, halt, steps, meter, registers }: Machine): Machine {
  return { pc, halt, steps, meter, registers: Int32Array.from(registers) };
}

/** One transition. Of a halted machine it changes nothing and touches no memory. What `memory` throws comes through, with `machine` as it was. */
export function step(machine: Machine, memory: Memory, meterLimit: bigint): void {
  advance(machine, memory, 1, meterLimit);
}

/** `transitions` steps, at most 2^48, or those until it halts. Where `memory` throws, the machine is as before the first one; its memory is not. */
export function advance(machine: Machine, memory: Memory, transitions: number, meterLimit: bigint): void {
  if (machine.halt !== Halt.running) return;
  const left = meterLimit - machine.meter;
  // Weights of 2^48 steps stay below this.
  const allowance = left < 1n << 52n ? Number(left) : 2 ** 52;
  const x = Int32Array.from(machine.registers);
  let pc = machine.pc;
  let halt: Halt = Halt.running;
  let steps = 0;
  let spent = 0;
  while (steps < transitions) {
    const word = memory.fetch(pc);
    const op = operationOf(word);
    steps++;
    const weight = weightOfOp(op);
    if (spent + weight > allowance) {
      halt = Halt.exhausted;
      break;
    }
    spent += weight;
    if (op === Op.illegal || op === Op.ecall) {
      halt = op === Op.ecall ? Halt.done : Halt.illegal;
      break;
    }
    pc = execute(op, word, pc, x, memory);
  }
  machine.registers.set(x);
  machine.pc = pc;
  machine.halt = halt;
  machine.steps += BigInt(steps);
  machine.meter = halt === Halt.exhausted ? meterLimit : machine.meter + BigInt(spent);
}

/** Executes any but an illegal instruction or `ecall`; returns the next program counter. */
function execute(op: Op, word: number, pc: number, x: Int32Array, memory: Memory): number {
  const a = x[(word >>> 15) & 0x1f]!;
  const b = x[(word >>> 20) & 0x1f]!;
  let next = (pc + 4) & pcMask;
  let value: number;
  switch (op) {
    case Op.lui: value = immediateU(word); break;
    case Op.auipc: value = pc + immediateU(word); break;
    // The link is not masked: behind the last word of ROM it is 2^24.
    case Op.jal: value = pc + 4; next = (pc + immediateJ(word)) & pcMask; break;
    case Op.jalr: value = pc + 4; next = (a + immediateI(word)) & pcMask; break;
    case Op.beq: return a === b ? (pc + immediateB(word)) & pcMask : next;
    case Op.bne: return a !== b ? (pc + immediateB(word)) & pcMask : next;
    case Op.blt: return a < b ? (pc + immediateB(word)) & pcMask : next;
    case Op.bge: return a >= b ? (pc + immediateB(word)) & pcMask : next;
    case Op.bltu: return a >>> 0 < b >>> 0 ? (pc + immediateB(word)) & pcMask : next;
    case Op.bgeu: return a >>> 0 >= b >>> 0 ? (pc + immediateB(word)) & pcMask : next;
    case Op.lb: value = (loadFrom(memory, a + immediateI(word), 0) << 24) >> 24; break;
    case Op.lbu: value = loadFrom(memory, a + immediateI(word), 0) & 0xff; break;
    case Op.lh: value = (loadFrom(memory, a + immediateI(word), 1) << 16) >> 16; break;
    case Op.lhu: value = loadFrom(memory, a + immediateI(word), 1) & 0xffff; break;
    case Op.lw: value = loadFrom(memory, a + immediateI(word), 3); break;
    case Op.sb: storeTo(memory, a + immediateS(word), 0, 0xff, b); return next;
    case Op.sh: storeTo(memory, a + immediateS(word), 1, 0xffff, b); return next;
    case Op.sw: storeTo(memory, a + immediateS(word), 3, -1, b); return next;
    case Op.addi: value = a + immediateI(word); break;
    case Op.slti: value = a < immediateI(word) ? 1 : 0; break;
    case Op.sltiu: value = a >>> 0 < immediateI(word) >>> 0 ? 1 : 0; break;
    case Op.xori: value = a ^ immediateI(word); break;
    case Op.ori: value = a | immediateI(word); break;
    case Op.andi: value = a & immediateI(word); break;
    // A shift takes the low five bits of its amount, in JavaScript as in RISC-V.
    case Op.slli: value = a << immediateI(word); break;
    case Op.srli: value = a >>> immediateI(word); break;
    case Op.srai: value = a >> immediateI(word); break;
    case Op.add: value = a + b; break;
    case Op.sub: value = a - b; break;
    case Op.sll: value = a << b; break;
    case Op.slt: value = a < b ? 1 : 0; break;
    case Op.sltu: value = a >>> 0 < b >>> 0 ? 1 : 0; break;
    case Op.xor: value = a ^ b; break;
    case Op.srl: value = a >>> b; break;
    case Op.sra: value = a >> b; break;
    case Op.or: value = a | b; break;
    case Op.and: value = a & b; break;
    case Op.mul: value = Math.imul(a, b); break;
    case Op.mulh: value = mulh(a, b); break;
    case Op.mulhsu: value = mulhsu(a, b); break;
    case Op.mulhu: value = mulhu(a, b); break;
    case Op.div: value = div(a, b); break;
    case Op.divu: value = divu(a, b); break;
    case Op.rem: value = rem(a, b); break;
    case Op.remu: value = remu(a, b); break;
    case Op.fence: case Op.ecall: case Op.illegal: return next;
  }
  const target = (word >>> 7) & 0x1f;
  if (target !== 0) x[target] = value;
  return next;
}

/** The word at `address`, shifted so that the byte or half-word there is lowest. `low`: the address bits that the access may not have, within its word. */
function loadFrom(memory: Memory, address: number, low: 0 | 1 | 3): number {
  const at = address & ramMask & ~low;
  return memory.load(at & ~3) >> ((at & 3) * 8);
}

/** Replaces the bytes that `mask` has of the word at `address`; what lies around them is loaded first. */
function storeTo(memory: Memory, address: number, low: 0 | 1 | 3, mask: number, value: number): void {
  const at = address & ramMask & ~low;
  const shift = (at & 3) * 8;
  const word = at & ~3;
  memory.store(word, low === 3 ? value : (memory.load(word) & ~(mask << shift)) | ((value & mask) << shift));
}

/**
 * The fast engine of parties and tests: a ROM decoded once, RAM in one piece. It does what `advance` does, transition by transition; tests hold one
 * against the other. The chain does not run it.
 */
import { div, divu, mulh, mulhsu, mulhu, rem, remu } from "./arithmetic.ts";
import { immediateB, immediateI, immediateJ, immediateS, immediateU, maxWeight, Op, operationOf } from "./instructions.ts";
import { pcMask, romBytes } from "./layout.ts";
import { advance, Halt, type Machine, type Memory } from "./machine.ts";
import { ProgramError } from "./program.ts";
import type { Ram } from "./ram.ts";

/** What runs a program: whoever has another engine (a translator) plugs it in where this one goes. */
export interface Engine {
  /** All zeros; the only one that it runs on, where it has one. */
  readonly ram?: Ram;
  /** Takes `transitions` of the machine, or those until it halts, to the exact number; marks the pages of RAM that it stores to. */
  run(machine: Machine, ram: Ram, meterLimit: bigint, transitions: bigint): void;
}

/** Transitions of one call of the loop: its counters stay small integers. */
const mostAtOnce = 1n << 24n;

/** Where writes to x0 go: a register that nothing reads. */
const sink = 32;

export class Interpreter implements Engine {
  readonly #rom: Uint8Array;
  readonly #code: Int32Array;
  readonly #registers = new Int32Array(64);
  readonly #stop: Stop = { index: 0, steps: 0, extra: 0 };

  /** Throws a ProgramError where the ROM is longer than 16 MiB or no whole number of words. */
  constructor(rom: Uint8Array) {
    if (rom.length > romBytes || rom.length % 4 !== 0) throw new ProgramError(`${rom.length} bytes of instructions: a multiple of 4 up to ${romBytes} is needed`);
    this.#rom = rom;
    this.#code = decode(rom);
  }

  run(machine: Machine, ram: Ram, meterLimit: bigint, transitions: bigint): void {
    let left = transitions;
    while (left > 0n && machine.halt === Halt.running) {
      const before = machine.steps;
      // So many can be taken without a look at the meter.
      const safe = (meterLimit - machine.meter) / BigInt(maxWeight);
      const budget = least(left, least(safe, mostAtOnce));
      if (budget > 0n) this.#loop(machine, ram, Number(budget));
      // What the loop leaves alone: whatever halts or goes where there is no code, and the last of the meter.
      const taken = machine.steps - before;
      if (taken < budget || budget === 0n) advance(machine, this.memoryOf(ram), 1, meterLimit);
      left -= machine.steps - before;
    }
  }

  #loop(machine: Machine, ram: Ram, budget: number): void {
    this.#registers.set(machine.registers);
    loop(this.#code, this.#registers, ram, machine.pc >>> 1, budget, this.#stop);
    machine.registers.set(this.#registers.subarray(0, 32));
    const { index, steps, extra } = this.#stop;
    machine.pc = (index << 1) & pcMask;
    machine.steps += BigInt(steps);
    machine.meter += BigInt(steps + extra);
  }

  /** This ROM and `ram` as `advance` takes them. */
  memoryOf(ram: Ram): Memory {
    const rom = this.#rom;
    return {
      fetch: (address) => (address < rom.length ? rom[address]! | (rom[address + 1]! << 8) | (rom[address + 2]! << 16) | (rom[address + 3]! << 24) : 0),
      load: (address) => ram.words[address >>> 2]!,
      store: (address, value) => {
        ram.words[address >>> 2] = value;
        ram.dirty[address >>> 12] = 1;
      },
    };
  }
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

interface Stop {
  /** In the code, of the next instruction. */
  index: number;
  steps: number;
  /** What these steps weigh beyond 1 each. */
  extra: number;
}

/** Two words for each instruction, at pc / 2: operation and registers, then immediate, constant or target. 0 is what the loop leaves alone; it stands behind the last instruction. */
function decode(rom: Uint8Array): Int32Array {
  const code = new Int32Array(rom.length / 2 + 2);
  const view = new DataView(rom.buffer, rom.byteOffset, rom.length);
  for (let pc = 0; pc < rom.length; pc += 4) {
    const word = view.getInt32(pc, true);
    const op = operationOf(word);
    const target = (word >>> 7) & 0x1f;
    const operands = ((target === 0 ? sink : target) << 8) | (((word >>> 15) & 0x1f) << 16) | (((word >>> 20) & 0x1f) << 24);
    const [kind, value] = constantOf(op, word, pc, rom.length);
    code[pc / 2] = kind | operands;
    code[pc / 2 + 1] = value;
  }
  return code;
}

/** The operation that the loop sees, and its constant: `auipc` is a `lui` of another value, and a jump that leaves the code is none of its own. */
function constantOf(op: Op, word: number, pc: number, length: number): readonly [op: Op, value: number] {
  if (op === Op.lui) return [op, immediateU(word)];
  if (op === Op.auipc) return [Op.lui, pc + immediateU(word)];
  if (op === Op.jal || (op >= Op.beq && op <= Op.bgeu)) {
    const target = (pc + (op === Op.jal ? immediateJ(word) : immediateB(word))) & pcMask;
    return target < length ? [op, target / 2] : [Op.illegal, 0];
  }
  if (op >= Op.sb && op <= Op.sw) return [op, immediateS(word)];
  return [op === Op.ecall ? Op.illegal : op, immediateI(word)];
}

/** At most `budget` transitions, from code `index` on; writes where it stopped to `stop`. Cases are numbers, as only these make a table of jumps: see `Op`. */
function loop(code: Int32Array, x: Int32Array, ram: Ram, index: number, budget: number, stop: Stop): void {
  const { words, halves, unsignedHalves, bytes, signedBytes, dirty } = ram;
  const end = code.length;
  let i = index;
  let left = budget;
  let extra = 0;
  running: while (left > 0) {
    if (i >= end) break;
    const c = code[i]!;
    const k = code[i + 1]!;
    const d = (c >>> 8) & 0x3f;
    const a = x[(c >>> 16) & 0x1f]!;
    const b = x[c >>> 24]!;
    left--;
    i += 2;
    switch (c & 0xff) {
      case 1: /* lui, auipc */ x[d] = k; break;
      case 3: /* jal */ extra++; x[d] = i << 1; i = k; break;
      case 4: /* jalr */ extra++; x[d] = i << 1; i = ((a + k) & 0xfffffc) >>> 1; break;
      case 5: /* beq */ if (a === b) i = k; break;
      case 6: /* bne */ if (a !== b) i = k; break;
      case 7: /* blt */ if (a < b) i = k; break;
      case 8: /* bge */ if (a >= b) i = k; break;
      case 9: /* bltu */ if (a >>> 0 < b >>> 0) i = k; break;
      case 10: /* bgeu */ if (a >>> 0 >= b >>> 0) i = k; break;
      case 11: /* lb */ extra++; x[d] = signedBytes[(a + k) & 0x3ffffff]!; break;
      case 12: /* lh */ extra++; x[d] = halves[((a + k) & 0x3ffffff) >>> 1]!; break;
      case 13: /* lw */ extra++; x[d] = words[((a + k) & 0x3ffffff) >>> 2]!; break;
      case 14: /* lbu */ extra++; x[d] = bytes[(a + k) & 0x3ffffff]!; break;
      case 15: /* lhu */ extra++; x[d] = unsignedHalves[((a + k) & 0x3ffffff) >>> 1]!; break;
      case 16: /* sb */ { extra++; const at = (a + k) & 0x3ffffff; bytes[at] = b; dirty[at >>> 12] = 1; break; }
      case 17: /* sh */ { extra++; const at = (a + k) & 0x3ffffff; halves[at >>> 1] = b; dirty[at >>> 12] = 1; break; }
      case 18: /* sw */ { extra++; const at = (a + k) & 0x3ffffff; words[at >>> 2] = b; dirty[at >>> 12] = 1; break; }
      case 19: /* addi */ x[d] = a + k; break;
      case 20: /* slti */ x[d] = a < k ? 1 : 0; break;
      case 21: /* sltiu */ x[d] = a >>> 0 < k >>> 0 ? 1 : 0; break;
      case 22: /* xori */ x[d] = a ^ k; break;
      case 23: /* ori */ x[d] = a | k; break;
      case 24: /* andi */ x[d] = a & k; break;
      case 25: /* slli */ x[d] = a << k; break;
      case 26: /* srli */ x[d] = a >>> k; break;
      case 27: /* srai */ x[d] = a >> k; break;
      case 28: /* add */ x[d] = a + b; break;
      case 29: /* sub */ x[d] = a - b; break;
      case 30: /* sll */ x[d] = a << b; break;
      case 31: /* slt */ x[d] = a < b ? 1 : 0; break;
      case 32: /* sltu */ x[d] = a >>> 0 < b >>> 0 ? 1 : 0; break;
      case 33: /* xor */ x[d] = a ^ b; break;
      case 34: /* srl */ x[d] = a >>> b; break;
      case 35: /* sra */ x[d] = a >> b; break;
      case 36: /* or */ x[d] = a | b; break;
      case 37: /* and */ x[d] = a & b; break;
      case 38: /* fence */ break;
      case 40: /* mul */ extra++; x[d] = Math.imul(a, b); break;
      case 41: /* mulh */ extra++; x[d] = mulh(a, b); break;
      case 42: /* mulhsu */ extra++; x[d] = mulhsu(a, b); break;
      case 43: /* mulhu */ extra++; x[d] = mulhu(a, b); break;
      case 44: /* div */ extra += 7; x[d] = div(a, b); break;
      case 45: /* divu */ extra += 7; x[d] = divu(a, b); break;
      case 46: /* rem */ extra += 7; x[d] = rem(a, b); break;
      case 47: /* remu */ extra += 7; x[d] = remu(a, b); break;
      default: i -= 2; left++; break running;
    }
  }
  stop.index = i;
  stop.steps = budget - left;
  stop.extra = extra;
}

/** Routines that are called with the link in t3, take and give values in t0 to t2, and leave every other register as it was. */
import { Assembler, type Routine } from "./assembler.ts";
import { alu, branch, reg, width } from "./instructions.ts";

/** Symbols of the routines; functions have symbols from 0 on. */
export const routines = {
  /** t0 = number of leading zero bits of t0. */
  clz: -1,
  /** t0 = number of trailing zero bits of t0. */
  ctz: -2,
  /** t0 = number of bits of t0 that are set. */
  popcnt: -3,
  /** t0 = the word at t0, which need not be a multiple of 4. */
  loadWord: -4,
  /** The word t1 goes to t0. */
  storeWord: -5,
  /** Ends the program with the verdict of a trap; jumped to, with any sp. */
  trap: -6,
  /** Where the machine starts. */
  start: -7,
} as const;

const { t0, t1, t2, t3, a0, sp, zero } = reg;

/** Those that need to know nothing of the program; undefined for others. */
export function fixedRoutine(symbol: number, far: boolean): Routine | undefined {
  const asm = new Assembler(far);
  switch (symbol) {
    case routines.clz:
      clz(asm);
      break;
    case routines.ctz:
      asm.op(alu.sub, t1, zero, t0);
      asm.op(alu.and, t0, t0, t1);
      {
        const some = asm.label();
        asm.branch(branch.ne, t0, zero, some);
        asm.constant(t0, 32);
        asm.return(t3);
        asm.bind(some);
      }
      // 31 - clz of the lowest bit.
      count(asm, 31, -1);
      break;
    case routines.popcnt:
      popcnt(asm);
      break;
    case routines.loadWord:
      asm.opImmediate(alu.and, t1, t0, 3);
      asm.opImmediate(alu.sll, t1, t1, 3);
      asm.load(width.w, t2, t0, 0);
      asm.op(alu.srl, t2, t2, t1);
      asm.load(width.w, t0, t0, 4);
      asm.op(alu.sub, t1, zero, t1);
      asm.op(alu.sll, t0, t0, t1);
      asm.op(alu.or, t0, t0, t2);
      asm.return(t3);
      break;
    case routines.storeWord:
      for (let byte = 0; byte < 4; byte++) {
        if (byte > 0) asm.opImmediate(alu.srl, t1, t1, 8);
        asm.store(width.b, t1, t0, byte);
      }
      asm.return(t3);
      break;
    default:
      return undefined;
  }
  return asm.finish();
}

function clz(asm: Assembler): void {
  const some = asm.label();
  asm.branch(branch.ne, t0, zero, some);
  asm.constant(t0, 32);
  asm.return(t3);
  asm.bind(some);
  count(asm, 0, 1);
}

/** t0 = base + sign * clz(t0), t0 not 0. */
function count(asm: Assembler, base: number, sign: 1 | -1): void {
  asm.constant(t1, base);
  for (const bits of [16, 8, 4, 2, 1]) {
    const high = asm.label();
    asm.opImmediate(alu.srl, t2, t0, 32 - bits);
    asm.branch(branch.ne, t2, zero, high);
    asm.opImmediate(alu.add, t1, t1, sign * bits);
    if (bits > 1) asm.opImmediate(alu.sll, t0, t0, bits);
    asm.bind(high);
  }
  asm.move(t0, t1);
  asm.return(t3);
}

/** Sums of 2, 4, 8 bits side by side, then all bytes by a multiplication. */
function popcnt(asm: Assembler): void {
  asm.store(width.w, a0, sp, -4);
  asm.opImmediate(alu.srl, t1, t0, 1);
  asm.constant(a0, 0x55555555);
  asm.op(alu.and, t1, t1, a0);
  asm.op(alu.sub, t0, t0, t1);
  asm.constant(a0, 0x33333333);
  asm.op(alu.and, t1, t0, a0);
  asm.opImmediate(alu.srl, t0, t0, 2);
  asm.op(alu.and, t0, t0, a0);
  asm.op(alu.add, t0, t0, t1);
  asm.opImmediate(alu.srl, t1, t0, 4);
  asm.op(alu.add, t0, t0, t1);
  asm.constant(a0, 0x0f0f0f0f);
  asm.op(alu.and, t0, t0, a0);
  asm.constant(a0, 0x01010101);
  asm.op(alu.mul, t0, t0, a0);
  asm.opImmediate(alu.srl, t0, t0, 24);
  asm.load(width.w, a0, sp, -4);
  asm.return(t3);
}

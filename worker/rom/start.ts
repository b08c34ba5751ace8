/** Where a program starts and where its traps go. */
import { Assembler, type Routine } from "./assembler.ts";
import { alu, branch, reg, split, width } from "./instructions.ts";
import { argumentsSizeAt, globalPointer, inputSizeAt, stackTop, taskIndexAt } from "./layout.ts";

export interface Start {
  /** Addresses that the statics move to, multiples of 8. */
  readonly from: number;
  readonly to: number;
  /** Where they wait. */
  readonly at: number;
  /** Of the memory as it begins. */
  readonly memoryBytes: number;
  /** Symbols: of the runtime, of the module's start function, of what it exports. */
  readonly begin: number;
  readonly finish: number;
  readonly first?: number;
  readonly entry: number;
  /** The entry gives an exit code. */
  readonly givesCode: boolean;
}

export function startRoutine({ from, to, at, memoryBytes, begin, finish, first, entry, givesCode }: Start, far: boolean): Routine {
  const asm = new Assembler(far);
  asm.constant(reg.gp, globalPointer);
  asm.constant(reg.sp, stackTop);
  asm.constant(reg.tp, memoryBytes);
  for (const [register, address] of [[reg.a0, inputSizeAt], [reg.a1, argumentsSizeAt], [reg.a2, taskIndexAt]] as const) asm.store(width.w, register, reg.gp, address - globalPointer);
  if (to > from) {
    asm.constant(reg.t0, at);
    asm.constant(reg.t1, from);
    asm.constant(reg.t2, to);
    const next = asm.here();
    for (const offset of [0, 4]) {
      asm.load(width.w, reg.t3, reg.t0, offset);
      asm.store(width.w, reg.t3, reg.t1, offset);
      asm.store(width.w, reg.zero, reg.t0, offset);
    }
    asm.opImmediate(alu.add, reg.t0, reg.t0, 8);
    asm.opImmediate(alu.add, reg.t1, reg.t1, 8);
    asm.branch(branch.ne, reg.t1, reg.t2, next);
  }
  asm.call(begin);
  if (first !== undefined) asm.call(first);
  asm.call(entry);
  if (!givesCode) asm.constant(reg.a0, 0);
  asm.call(finish);
  return asm.finish();
}

/** The stack may have run out: it begins anew. */
export function trapRoutine(finishTrap: number, far: boolean): Routine {
  const asm = new Assembler(far);
  asm.upper(reg.sp, split(stackTop).high);
  asm.call(finishTrap);
  return asm.finish();
}

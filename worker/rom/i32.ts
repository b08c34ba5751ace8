/** i32 operations in RV32IM. */
import { alu, branch, fits12, reg, type Alu, type Branch } from "./instructions.ts";
import { types } from "./module.ts";
import { constant, zero, type Operands, type Word } from "./operands.ts";
import { routines } from "./routines.ts";

/** A comparison that nothing has asked for as a number yet. */
export interface Condition {
  readonly branch: Branch;
  readonly a: Word;
  readonly b: Word;
}

/** By opcode from i32.eq (0x46) on. `swap`: the operands change places. */
const comparisons: readonly { readonly branch: Branch; readonly swap: boolean }[] = [
  { branch: branch.eq, swap: false }, { branch: branch.ne, swap: false }, { branch: branch.lt, swap: false }, { branch: branch.ltu, swap: false }, { branch: branch.lt, swap: true },
  { branch: branch.ltu, swap: true }, { branch: branch.ge, swap: true }, { branch: branch.geu, swap: true }, { branch: branch.ge, swap: false }, { branch: branch.geu, swap: false },
];

/** `index`: 0 for eq, 1 ne, 2 lt_s, 3 lt_u, 4 gt_s, 5 gt_u, 6 le_s, 7 le_u, 8 ge_s, 9 ge_u. */
export function comparison(index: number, a: Word, b: Word): Condition {
  const { branch: condition, swap } = comparisons[index]!;
  return swap ? { branch: condition, a: b, b: a } : { branch: condition, a, b };
}

/** Leaves 0 or 1 in `target`. */
export function materialise(o: Operands, { branch: condition, a, b }: Condition, target: number): void {
  const { asm } = o;
  if (condition === branch.eq || condition === branch.ne) {
    const difference = subtract(o, a, b);
    if (condition === branch.eq) asm.opImmediate(alu.sltu, target, difference, 1);
    else asm.op(alu.sltu, target, reg.zero, difference);
    return;
  }
  const less = condition === branch.lt || condition === branch.ge ? alu.slt : alu.sltu;
  if (b.kind === "constant" && fits12(b.value)) asm.opImmediate(less, target, o.use(a, reg.t0), b.value);
  else asm.op(less, target, o.use(a, reg.t0), o.use(b, reg.t1));
  if (condition === branch.ge || condition === branch.geu) asm.opImmediate(alu.xor, target, target, 1);
}

/** A register that is zero exactly where the two are equal. */
function subtract(o: Operands, a: Word, b: Word): number {
  if (b.kind === "constant" && b.value === 0) return o.use(a, reg.t0);
  const x = o.use(a, reg.t0);
  if (b.kind === "constant" && fits12(b.value)) o.asm.opImmediate(alu.xor, reg.t0, x, b.value);
  else o.asm.op(alu.xor, reg.t0, x, o.use(b, reg.t1));
  return reg.t0;
}

/** By opcode from i32.and (0x71) to i32.shr_u (0x76). */
const simple: readonly Alu[] = [alu.and, alu.or, alu.xor, alu.sll, alu.sra, alu.srl];

export function binary32(o: Operands, code: number, trap: number): void {
  const b = o.popWord();
  const a = o.popWord();
  const destination = o.begin(types.i32);
  const result = code <= 0x6c || (code >= 0x71 && code <= 0x76)
    ? arithmetic(o, code === 0x6a ? alu.add : code === 0x6b ? alu.sub : code === 0x6c ? alu.mul : simple[code - 0x71]!, a, b, () => o.target(destination, 0))
    : code <= 0x70 ? divide(o, code, a, b, trap, () => o.target(destination, 0)) : rotate(o, code === 0x77, a, b, () => o.target(destination, 0));
  o.finish(destination, [result]);
}

/** One operation on two words, which it releases. Constants are folded, immediates used. `target` gives the result's register. */
export function arithmetic(o: Operands, op: Alu, left: Word, right: Word, target: () => number): Word {
  const commutes = op === alu.add || op === alu.and || op === alu.or || op === alu.xor || op === alu.mul;
  const [a, b] = commutes && left.kind === "constant" ? [right, left] : [left, right];
  if (a.kind === "constant" && b.kind === "constant") return constant(fold(op, a.value, b.value));
  const value = b.kind === "constant" ? b.value : undefined;
  if (value !== undefined && isIdentity(op, value)) return a;
  if (value === 0 && (op === alu.and || op === alu.mul)) return o.release(a), zero;
  const { asm } = o;
  const emit = (form: Alu, immediate: number, align: number): Word => {
    const x = o.use(a, reg.t0);
    o.release(a, b);
    const register = target();
    asm.opImmediate(form, register, x, immediate);
    return { kind: "register", register, align };
  };
  if (value !== undefined) {
    if (op === alu.sub && fits12(-value)) return emit(alu.add, -value, Math.min(o.alignOf(a), zeros(value)));
    if (op === alu.mul && value > 0 && (value & (value - 1)) === 0) return emit(alu.sll, zeros(value), zeros(value));
    if (op === alu.sll || op === alu.sra || op === alu.srl) return emit(op, value & 31, op === alu.sll ? o.alignOf(a) + (value & 31) : 0);
    if (op !== alu.sub && op !== alu.mul && fits12(value)) return emit(op, value, op === alu.and ? Math.max(o.alignOf(a), zeros(value)) : Math.min(o.alignOf(a), zeros(value)));
  }
  const align = op === alu.and ? Math.max(o.alignOf(a), o.alignOf(b)) : op === alu.mul ? o.alignOf(a) + o.alignOf(b) : op === alu.sll ? o.alignOf(a) : op === alu.sra || op === alu.srl ? 0 : Math.min(o.alignOf(a), o.alignOf(b));
  const x = o.use(a, reg.t0);
  const y = o.use(b, reg.t1);
  o.release(a, b);
  const register = target();
  asm.op(op, register, x, y);
  return { kind: "register", register, align };
}

/** Trailing zero bits; 32 of 0. */
export function zeros(value: number): number {
  return value === 0 ? 32 : 31 - Math.clz32(value & -value);
}

function isIdentity(op: Alu, value: number): boolean {
  return (value === 0 && op !== alu.and && op !== alu.mul) || (value === -1 && op === alu.and) || (value === 1 && op === alu.mul);
}

function fold(op: Alu, a: number, b: number): number {
  switch (op) {
    case alu.add: return a + b;
    case alu.sub: return a - b;
    case alu.and: return a & b;
    case alu.or: return a | b;
    case alu.xor: return a ^ b;
    case alu.sll: return a << b;
    case alu.sra: return a >> b;
    case alu.srl: return a >>> b;
    case alu.mul: return Math.imul(a, b);
    default: throw new Error(`no folding of operation ${op}`);
  }
}

const divisions: readonly Alu[] = [alu.div, alu.divu, alu.rem, alu.remu];

function divide(o: Operands, code: number, a: Word, b: Word, trap: number, target: () => number): Word {
  const { asm } = o;
  const op = divisions[code - 0x6d]!;
  const value = b.kind === "constant" ? b.value : undefined;
  const power = value !== undefined && value !== 0 && (value & (value - 1)) === 0;
  if (power && op === alu.divu) return arithmetic(o, alu.srl, a, constant(zeros(value)), target);
  if (power && op === alu.remu) return arithmetic(o, alu.and, a, constant(value - 1), target);
  const x = o.use(a, reg.t0);
  const y = o.use(b, reg.t1);
  if (value === undefined || value === 0) asm.branch(branch.eq, y, reg.zero, trap);
  if (op === alu.div && (value === undefined || value === -1)) {
    const fine = asm.label();
    asm.constant(reg.t2, -1);
    asm.branch(branch.ne, y, reg.t2, fine);
    asm.upper(reg.t2, 0x80000000);
    asm.branch(branch.eq, x, reg.t2, trap);
    asm.bind(fine);
  }
  o.release(a, b);
  const register = target();
  asm.op(op, register, x, y);
  return { kind: "register", register };
}

function rotate(o: Operands, left: boolean, a: Word, b: Word, target: () => number): Word {
  const { asm } = o;
  const x = o.use(a, reg.t0);
  if (b.kind === "constant") {
    const amount = b.value & 31;
    o.release(a);
    const register = target();
    asm.opImmediate(alu.sll, reg.t1, x, left ? amount : -amount);
    asm.opImmediate(alu.srl, reg.t2, x, left ? -amount : amount);
    asm.op(alu.or, register, reg.t1, reg.t2);
    return { kind: "register", register };
  }
  const y = o.use(b, reg.t1);
  o.release(a, b);
  const register = target();
  asm.op(alu.sub, reg.t2, reg.zero, y);
  asm.op(left ? alu.srl : alu.sll, reg.t2, x, reg.t2);
  asm.op(left ? alu.sll : alu.srl, reg.t1, x, y);
  asm.op(alu.or, register, reg.t1, reg.t2);
  return { kind: "register", register };
}

/** clz, ctz, popcnt, sign extension of 8 and 16 bits. */
export function unary32(o: Operands, code: number): void {
  const a = o.popWord();
  const destination = o.begin(types.i32);
  const { asm } = o;
  const shift = code === 0xc0 ? 24 : code === 0xc1 ? 16 : undefined;
  if (shift === undefined) {
    o.place(a, reg.t0);
    o.release(a);
    const register = o.target(destination, 0);
    asm.call(code === 0x67 ? routines.clz : code === 0x68 ? routines.ctz : routines.popcnt, reg.t3);
    asm.move(register, reg.t0);
    return o.finish(destination, [{ kind: "register", register }]);
  }
  const x = o.use(a, reg.t0);
  o.release(a);
  const register = o.target(destination, 0);
  asm.opImmediate(alu.sll, register, x, shift);
  asm.opImmediate(alu.sra, register, register, shift);
  o.finish(destination, [{ kind: "register", register }]);
}

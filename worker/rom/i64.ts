/** i64 operations on pairs of words. Division is the runtime's. */
import { arithmetic, comparison, type Condition } from "./i32.ts";
import { alu, branch, fits12, reg, type Alu } from "./instructions.ts";
import { types } from "./module.ts";
import { constant, zero, type Destination, type Operands, type Word } from "./operands.ts";
import { routines } from "./routines.ts";

type Pair = readonly [Word, Word];

const bitwise: readonly Alu[] = [alu.and, alu.or, alu.xor];

/** add to mul (0x7c to 0x7e), and to rotr (0x83 to 0x8a). */
export function binary64(o: Operands, code: number): void {
  const b = o.pop().words as Pair;
  const a = o.pop().words as Pair;
  const destination = o.begin(types.i64);
  o.finish(destination, compute(o, code, a, b, destination));
}

function compute(o: Operands, code: number, a: Pair, b: Pair, destination: Destination): Pair {
  switch (code) {
    case 0x7c: return add(o, a, b, destination);
    case 0x7d: return subtract(o, a, b, destination);
    case 0x7e: return multiply(o, a, b, destination);
    case 0x83:
    case 0x84:
    case 0x85: return logic(o, bitwise[code - 0x83]!, a, b, destination);
    case 0x86:
    case 0x87:
    case 0x88: return b[0].kind === "constant" ? shiftConstant(o, code, a, b[0].value & 63, destination) : shift(o, code, a, b, destination);
    default: return rotate(o, code === 0x89, a, b, destination);
  }
}

/** Words of a result in the registers `low` and `high`, where they may lie over operands, which are all read by then. */
function settle(o: Operands, a: Pair, b: Pair, destination: Destination, low: number, high: number): Pair {
  o.release(...a, ...b);
  const first = o.target(destination, 0);
  const second = o.target(destination, 1);
  o.asm.move(first, low);
  o.asm.move(second, high);
  return [{ kind: "register", register: first }, { kind: "register", register: second }];
}

/** Where a low word can be written while `others` are still to be read: its target where that is none of them, else t2. */
function lowRegister(o: Operands, destination: Destination, others: readonly Word[], also: readonly number[] = []): number {
  const target = destination.registers?.[0];
  return target === undefined || also.includes(target) || others.some((word) => o.registerOf(word) === target) ? reg.t2 : target;
}

/** The pair whose low word is in `low` (t2 or its target) and whose high word `high` makes; operands are released here. */
function complete(o: Operands, a: Pair, b: Pair, destination: Destination, low: number, high: (target: number) => void): Pair {
  if (destination.registers !== undefined) {
    // Nothing of the operands but the high words is read from here on, and `high` reads them as it writes.
    high(destination.registers[1]!);
    o.release(...a, ...b);
    o.asm.move(destination.registers[0]!, low);
    return [{ kind: "register", register: destination.registers[0]! }, { kind: "register", register: destination.registers[1]! }];
  }
  const second = o.take();
  high(second);
  o.release(...a, ...b);
  const first = o.take();
  o.asm.move(first, low);
  return [{ kind: "register", register: first }, { kind: "register", register: second }];
}

function add(o: Operands, left: Pair, right: Pair, destination: Destination): Pair {
  const [a, b] = left[0].kind === "constant" ? [right, left] : [left, right];
  const { asm } = o;
  if (b[0].kind === "constant" && b[0].value === 0) {
    const high = arithmetic(o, alu.add, a[1], b[1], () => o.take());
    return [a[0], high];
  }
  const x = o.use(a[0], reg.t0);
  const value = b[0].kind === "constant" ? b[0].value : undefined;
  // The carry is found by comparing the sum with an operand that the sum does not lie over.
  const short = value !== undefined && fits12(value);
  const y = short ? -1 : o.use(b[0], reg.t1);
  const low = lowRegister(o, destination, [a[1], b[1]], x === y || short ? [x] : []);
  if (short) asm.opImmediate(alu.add, low, x, value);
  else asm.op(alu.add, low, x, y);
  asm.op(alu.sltu, reg.t3, low, y === -1 || (y === low && x !== low) ? x : y);
  return complete(o, a, b, destination, low, (target) => {
    const p = o.use(a[1], reg.t0);
    if (b[1].kind === "constant" && b[1].value === 0) return asm.op(alu.add, target, p, reg.t3);
    if (b[1].kind === "constant" && fits12(b[1].value)) asm.opImmediate(alu.add, reg.t0, p, b[1].value);
    else asm.op(alu.add, reg.t0, p, o.use(b[1], reg.t1));
    asm.op(alu.add, target, reg.t0, reg.t3);
  });
}

function subtract(o: Operands, a: Pair, b: Pair, destination: Destination): Pair {
  if (b[0].kind === "constant" && b[1].kind === "constant") {
    const value = -((BigInt(b[1].value) << 32n) | BigInt(b[0].value >>> 0));
    return add(o, a, [constant(Number(BigInt.asIntN(32, value))), constant(Number(BigInt.asIntN(32, value >> 32n)))], destination);
  }
  const { asm } = o;
  const x = o.use(a[0], reg.t0);
  const y = o.use(b[0], reg.t1);
  asm.op(alu.sltu, reg.t3, x, y);
  const low = lowRegister(o, destination, [a[1], b[1]]);
  asm.op(alu.sub, low, x, y);
  return complete(o, a, b, destination, low, (target) => {
    const p = o.use(a[1], reg.t0);
    if (b[1].kind === "constant" && b[1].value === 0) return asm.op(alu.sub, target, p, reg.t3);
    asm.op(alu.sub, reg.t0, p, o.use(b[1], reg.t1));
    asm.op(alu.sub, target, reg.t0, reg.t3);
  });
}

function multiply(o: Operands, a: Pair, b: Pair, destination: Destination): Pair {
  const { asm } = o;
  const x = o.use(a[0], reg.t0);
  const y = o.use(b[0], reg.t1);
  const cross = ([[a[1], y], [b[1], x]] as const).filter(([word]) => word.kind !== "constant" || word.value !== 0);
  asm.op(alu.mulhu, reg.t2, x, y);
  for (const [word, other] of cross) {
    asm.op(alu.mul, reg.t3, o.use(word, reg.t3), other);
    asm.op(alu.add, reg.t2, reg.t2, reg.t3);
  }
  o.release(...a, ...b);
  const low = o.target(destination, 0);
  const high = o.target(destination, 1);
  asm.op(alu.mul, low, x, y);
  asm.move(high, reg.t2);
  return [{ kind: "register", register: low }, { kind: "register", register: high }];
}

/** Each word by itself; the low one stays in t2 where its target is still to be read. */
function logic(o: Operands, op: Alu, a: Pair, b: Pair, destination: Destination): Pair {
  const low = arithmetic(o, op, a[0], b[0], () => (destination.registers === undefined ? o.take() : lowRegister(o, destination, [a[1], b[1]])));
  // Without a destination the high word's operands keep their registers, so the low word cannot have taken one of them.
  const high = arithmetic(o, op, a[1], b[1], () => (destination.registers === undefined ? o.take() : destination.registers[1] === o.registerOf(low) ? reg.t3 : destination.registers[1]!));
  return [low, high];
}

/** `code`: 0x86 shl, 0x87 shr_s, 0x88 shr_u; `amount` from 0 to 63. */
function shiftConstant(o: Operands, code: number, a: Pair, amount: number, destination: Destination): Pair {
  const { asm } = o;
  if (amount === 0) return [a[0], a[1]];
  const left = code === 0x86;
  const [from, other] = left ? a : [a[1], a[0]];
  if (amount >= 32) {
    // The word that leaves on one side comes in on the other; what comes in behind it is zero or the sign.
    const moves = amount === 32;
    if (moves && code !== 0x87) {
      o.release(other);
      return left ? [zero, a[0]] : [a[1], zero];
    }
    const x = o.use(from, reg.t0);
    if (code === 0x87) {
      o.release(other);
      const high = destination.registers === undefined ? o.take() : reg.t2;
      asm.opImmediate(alu.sra, high, x, 31);
      if (moves) return [a[1], { kind: "register", register: high }];
      o.release(from);
      const low = destination.registers?.[0] ?? o.take();
      asm.opImmediate(alu.sra, low, x, amount - 32);
      return [{ kind: "register", register: low }, { kind: "register", register: high }];
    }
    o.release(other, from);
    const register = destination.registers?.[left ? 1 : 0] ?? o.take();
    asm.opImmediate(left ? alu.sll : alu.srl, register, x, amount - 32);
    const word: Word = { kind: "register", register };
    return left ? [zero, word] : [word, zero];
  }
  // `other` takes in what `from` loses.
  const x = o.use(from, reg.t0);
  const y = o.use(other, reg.t1);
  asm.opImmediate(left ? alu.srl : alu.sll, reg.t2, x, 32 - amount);
  asm.opImmediate(left ? alu.sll : alu.srl, reg.t3, y, amount);
  o.release(...a);
  const [keeps, takes] = left ? [o.target(destination, 0), o.target(destination, 1)] : [o.target(destination, 1), o.target(destination, 0)];
  asm.opImmediate(code === 0x87 ? alu.sra : left ? alu.sll : alu.srl, keeps, x, amount);
  asm.op(alu.or, takes, reg.t2, reg.t3);
  const [low, high] = left ? [keeps, takes] : [takes, keeps];
  return [{ kind: "register", register: low }, { kind: "register", register: high }];
}

function shift(o: Operands, code: number, a: Pair, b: Pair, destination: Destination): Pair {
  const { asm } = o;
  const left = code === 0x86;
  const [fromWord, otherWord] = left ? a : [a[1], a[0]];
  const amount = o.use(b[0], reg.t2);
  const from = o.use(fromWord, reg.t0);
  const whole = asm.label();
  const done = asm.label();
  // t3: what stays of `from`; t1: what `other` becomes.
  asm.opImmediate(alu.and, reg.t1, amount, 32);
  asm.op(left ? alu.sll : code === 0x87 ? alu.sra : alu.srl, reg.t3, from, amount);
  asm.branch(branch.ne, reg.t1, reg.zero, whole);
  asm.opImmediate(left ? alu.srl : alu.sll, reg.t0, from, 1);
  asm.opImmediate(alu.xor, reg.t1, amount, -1);
  asm.op(left ? alu.srl : alu.sll, reg.t0, reg.t0, reg.t1);
  const other = o.use(otherWord, reg.t1);
  asm.op(left ? alu.sll : alu.srl, reg.t1, other, amount);
  asm.op(alu.or, reg.t1, reg.t1, reg.t0);
  asm.bind(done);
  o.later(() => {
    asm.bind(whole);
    asm.move(reg.t1, reg.t3);
    if (code === 0x87) asm.opImmediate(alu.sra, reg.t3, from, 31);
    else asm.constant(reg.t3, 0);
    asm.jump(done);
  });
  return left ? settle(o, a, b, destination, reg.t3, reg.t1) : settle(o, a, b, destination, reg.t1, reg.t3);
}

function rotate(o: Operands, left: boolean, a: Pair, b: Pair, destination: Destination): Pair {
  const { asm } = o;
  const done = asm.label();
  // t0: low, t1: high; the words change places where the amount has its bit of 32.
  o.place(b[0], reg.t2);
  asm.opImmediate(alu.and, reg.t3, reg.t2, 32);
  const swapped = asm.label();
  const chosen = asm.label();
  asm.branch(branch.ne, reg.t3, reg.zero, swapped);
  o.place(a[0], reg.t0);
  o.place(a[1], reg.t1);
  asm.jump(chosen);
  asm.bind(swapped);
  o.place(a[1], reg.t0);
  o.place(a[0], reg.t1);
  asm.bind(chosen);
  o.release(...a, ...b);
  const low = o.target(destination, 0);
  const high = o.target(destination, 1);
  asm.move(low, reg.t0);
  asm.move(high, reg.t1);
  asm.opImmediate(alu.and, reg.t2, reg.t2, 31);
  asm.branch(branch.eq, reg.t2, reg.zero, done);
  asm.op(alu.sub, reg.t3, reg.zero, reg.t2);
  asm.op(left ? alu.sll : alu.srl, low, reg.t0, reg.t2);
  asm.op(left ? alu.sll : alu.srl, high, reg.t1, reg.t2);
  asm.op(left ? alu.srl : alu.sll, reg.t0, reg.t0, reg.t3);
  asm.op(left ? alu.srl : alu.sll, reg.t1, reg.t1, reg.t3);
  asm.op(alu.or, low, low, reg.t1);
  asm.op(alu.or, high, high, reg.t0);
  asm.bind(done);
  return [{ kind: "register", register: low }, { kind: "register", register: high }];
}

/** Leaves in t0 whether it is not zero, or the condition itself where the high words decide nothing. `index` as in i32's comparison. */
export function compare64(o: Operands, index: number): Condition {
  const b = o.pop().words as Pair;
  const a = o.pop().words as Pair;
  const { asm } = o;
  const isZero = (word: Word): boolean => word.kind === "constant" && word.value === 0;
  if (index >= 2 && isZero(b[0]) && isZero(b[1]) && (index === 2 || index === 8)) {
    o.release(a[0]);
    return comparison(index, a[1], zero);
  }
  if (isZero(a[1]) && isZero(b[1])) return comparison(index < 2 ? index : index | 1, a[0], b[0]);
  if (index < 2) {
    difference(o, a[0], b[0], reg.t2);
    difference(o, a[1], b[1], reg.t3);
    o.release(...a, ...b);
    const register = o.take();
    asm.op(alu.or, register, reg.t2, reg.t3);
    return comparison(index, { kind: "register", register }, zero);
  }
  // gt and le swap, le and ge negate: all become "p less than q".
  const swaps = [4, 5, 6, 7].includes(index);
  const [p, q] = swaps ? [b, a] : [a, b];
  const signed = index % 2 === 0;
  const decided = asm.label();
  const pHigh = o.use(p[1], reg.t0);
  const qHigh = o.use(q[1], reg.t1);
  asm.op(signed ? alu.slt : alu.sltu, reg.t2, pHigh, qHigh);
  asm.branch(branch.ne, pHigh, qHigh, decided);
  asm.op(alu.sltu, reg.t2, o.use(p[0], reg.t0), o.use(q[0], reg.t1));
  asm.bind(decided);
  o.release(...a, ...b);
  const register = o.take();
  asm.move(register, reg.t2);
  return { branch: index >= 6 ? branch.eq : branch.ne, a: { kind: "register", register }, b: zero };
}

function difference(o: Operands, a: Word, b: Word, target: number): void {
  const x = o.use(a, reg.t0);
  if (b.kind === "constant" && b.value === 0) return o.asm.move(target, x);
  if (b.kind === "constant" && fits12(b.value)) return o.asm.opImmediate(alu.xor, target, x, b.value);
  o.asm.op(alu.xor, target, x, o.use(b, reg.t1));
}

/** i64.eqz as a condition. */
export function isZero64(o: Operands): Condition {
  const [low, high] = o.pop().words as Pair;
  if (high.kind === "constant" && high.value === 0) return { branch: branch.eq, a: low, b: zero };
  const x = o.use(low, reg.t0);
  const y = o.use(high, reg.t1);
  o.release(low, high);
  const register = o.take();
  o.asm.op(alu.or, register, x, y);
  return { branch: branch.eq, a: { kind: "register", register }, b: zero };
}

/** clz, ctz, popcnt (0x79 to 0x7b), extend8_s, 16, 32 (0xc2 to 0xc4). */
export function unary64(o: Operands, code: number): void {
  const a = o.pop().words as Pair;
  const destination = o.begin(types.i64);
  o.finish(destination, code >= 0xc2 ? signExtend(o, code, a, destination) : countBits(o, code, a, destination));
}

function signExtend(o: Operands, code: number, a: Pair, destination: Destination): Pair {
  const { asm } = o;
  const x = o.use(a[0], reg.t0);
  o.release(...a);
  const low = o.target(destination, 0);
  if (code === 0xc4) asm.move(low, x);
  else {
    asm.opImmediate(alu.sll, low, x, code === 0xc2 ? 24 : 16);
    asm.opImmediate(alu.sra, low, low, code === 0xc2 ? 24 : 16);
  }
  const high = o.target(destination, 1);
  asm.opImmediate(alu.sra, high, low, 31);
  return [{ kind: "register", register: low }, { kind: "register", register: high }];
}

function countBits(o: Operands, code: number, a: Pair, destination: Destination): Pair {
  const { asm } = o;
  // Both words in registers of the pool: the routines use t0 to t3.
  const first = o.take();
  const second = o.take();
  o.place(a[0], first);
  o.place(a[1], second);
  if (code === 0x7b) {
    asm.move(reg.t0, first);
    asm.call(routines.popcnt, reg.t3);
    asm.move(first, reg.t0);
    asm.move(reg.t0, second);
    asm.call(routines.popcnt, reg.t3);
    asm.op(alu.add, reg.t0, reg.t0, first);
  } else {
    const [near, far] = code === 0x79 ? [second, first] : [first, second];
    const routine = code === 0x79 ? routines.clz : routines.ctz;
    const done = asm.label();
    const other = asm.label();
    asm.branch(branch.eq, near, reg.zero, other);
    asm.move(reg.t0, near);
    asm.call(routine, reg.t3);
    asm.jump(done);
    asm.bind(other);
    asm.move(reg.t0, far);
    asm.call(routine, reg.t3);
    asm.opImmediate(alu.add, reg.t0, reg.t0, 32);
    asm.bind(done);
  }
  o.release(...a, { kind: "register", register: first }, { kind: "register", register: second });
  const low = o.target(destination, 0);
  asm.move(low, reg.t0);
  return [{ kind: "register", register: low }, zero];
}

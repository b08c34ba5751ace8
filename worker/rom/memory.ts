/**
 * Loads and stores. Each is checked against the size of the memory, which tp holds, and an access that the machine would align is made
 * byte by byte behind the function.
 */
import { alu, branch, fits12, reg, split, width, type Width } from "./instructions.ts";
import { wordsOf } from "./body.ts";
import { types } from "./module.ts";
import { zero, type Destination, type Operands, type Word } from "./operands.ts";
import { routines } from "./routines.ts";

export interface MemoryRules {
  /** No checks: the runtime's own code, which reaches all of RAM. */
  readonly raw: boolean;
  /** Bytes that the memory begins with. */
  readonly least: number;
  readonly trap: number;
}

interface Access {
  readonly bytes: 1 | 2 | 4 | 8;
  readonly type: number;
  readonly signed: boolean;
}

const { i32, i64, f32, f64 } = types;
const access = (bytes: Access["bytes"], type: number, signed = false): Access => ({ bytes, type, signed });
/** From 0x28 on. */
const loads: readonly Access[] = [
  access(4, i32), access(8, i64), access(4, f32), access(8, f64), access(1, i32, true), access(1, i32), access(2, i32, true), access(2, i32),
  access(1, i64, true), access(1, i64), access(2, i64, true), access(2, i64), access(4, i64, true), access(4, i64),
];
/** From 0x36 on. */
const stores: readonly Access[] = [access(4, i32), access(8, i64), access(4, f32), access(8, f64), access(1, i32), access(2, i32), access(1, i64), access(2, i64), access(4, i64)];

/** A place in memory that was checked, as the base register and the displacement of an instruction. */
interface Place {
  readonly base: number;
  readonly displacement: number;
}

export function load(o: Operands, code: number, offset: number, rules: MemoryRules): void {
  const kind = loads[code - 0x28]!;
  const address = o.popWord();
  const destination = o.begin(kind.type);
  const { asm } = o;
  const slow = asm.label();
  const done = asm.label();
  const x = o.use(address, reg.t0);
  // Before the checks: what makes room for the result must happen on the slow way, too.
  o.release(address);
  const low = o.target(destination, 0);
  const wide = kind.bytes === 8 ? o.target(destination, 1) : undefined;
  const checked = check(o, address, x, offset, kind.bytes, rules, slow);
  const place = reach(o, x, offset, kind.bytes);
  if (wide !== undefined && low === place.base) asm.load(width.w, wide, place.base, place.displacement + 4);
  asm.load(widthOf(kind), low, place.base, place.displacement);
  if (wide !== undefined && low !== place.base) asm.load(width.w, wide, place.base, place.displacement + 4);
  asm.bind(done);
  if (!checked) {
    o.later(() => {
      asm.bind(slow);
      loadSlowly(o, kind, x, offset, low, wide, rules);
      asm.jump(done);
    });
  }
  const words: Word[] = [{ kind: "register", register: low }];
  if (wide !== undefined) words.push({ kind: "register", register: wide });
  else if (wordsOf(kind.type) === 2) words.push(extension(o, kind.signed, low, destination));
  o.finish(destination, words);
}

function extension(o: Operands, signed: boolean, low: number, destination: Destination): Word {
  if (!signed) return zero;
  const register = o.target(destination, 1);
  o.asm.opImmediate(alu.sra, register, low, 31);
  return { kind: "register", register };
}

function widthOf({ bytes, signed }: Access): Width {
  return bytes >= 4 ? width.w : bytes === 2 ? (signed ? width.h : width.hu) : signed ? width.b : width.bu;
}

export function store(o: Operands, code: number, offset: number, rules: MemoryRules): void {
  const { bytes } = stores[code - 0x36]!;
  const value = o.pop().words;
  const address = o.popWord();
  const { asm } = o;
  const slow = asm.label();
  const done = asm.label();
  const x = o.use(address, reg.t0);
  const checked = check(o, address, x, offset, bytes, rules, slow);
  const { base, displacement } = reach(o, x, offset, bytes);
  asm.store(bytes >= 4 ? width.w : bytes === 2 ? width.h : width.b, o.use(value[0]!, reg.t1), base, displacement);
  if (bytes === 8) asm.store(width.w, o.use(value[1]!, reg.t1), base, displacement + 4);
  asm.bind(done);
  if (!checked) {
    o.later(() => {
      asm.bind(slow);
      checkBounds(o, x, offset + bytes, rules);
      addOffset(o, x, offset);
      storeSlowly(o, bytes, value);
      asm.jump(done);
    });
  }
  o.release(address, ...value);
}

/**
 * Traps where the access leaves the memory, goes to `slow` where the machine would align it; true where that cannot be. Uses t1 and t2.
 */
function check(o: Operands, address: Word, x: number, offset: number, bytes: number, rules: MemoryRules, slow: number): boolean {
  if (rules.raw) return true;
  const { asm } = o;
  const unit = Math.min(bytes, 4);
  const local = address.kind === "local" ? address.word : undefined;
  const aligned = unit === 1 || (2 ** o.alignOf(address) >= unit && offset % unit === 0);
  if (!aligned) {
    if (offset % unit === 0) asm.opImmediate(alu.and, reg.t1, x, unit - 1);
    else {
      asm.opImmediate(alu.add, reg.t1, x, offset % unit);
      asm.opImmediate(alu.and, reg.t1, reg.t1, unit - 1);
    }
    asm.branch(branch.ne, reg.t1, reg.zero, slow);
  }
  const end = offset + bytes;
  const known = address.kind === "constant" ? (address.value >>> 0) + end <= rules.least : local !== undefined && o.facts.checked(local) >= end;
  if (known) return aligned;
  // An aligned place that begins within the memory ends within it: its size is a multiple of 64 KiB.
  const limit = below(o, end - unit, rules);
  asm.branch(branch.geu, x, limit, rules.trap);
  if (local !== undefined) o.facts.learn(local, end);
  return aligned;
}

/** The register with the memory's size less `bytes`: t2, or tp itself. Traps where the memory is smaller. */
function below(o: Operands, size: number, { least, trap }: MemoryRules): number {
  if (size === 0) return reg.tp;
  const bytes = Math.min(size, 0x7fffffff);
  const { asm } = o;
  if (fits12(-bytes) && bytes <= least) asm.opImmediate(alu.add, reg.t2, reg.tp, -bytes);
  else {
    asm.constant(reg.t2, bytes | 0);
    if (bytes > least) asm.branch(branch.ltu, reg.tp, reg.t2, trap);
    asm.op(alu.sub, reg.t2, reg.tp, reg.t2);
  }
  return reg.t2;
}

function checkBounds(o: Operands, x: number, end: number, rules: MemoryRules): void {
  o.asm.branch(branch.ltu, below(o, end, rules), x, rules.trap);
}

function reach(o: Operands, x: number, offset: number, bytes: number): Place {
  if (fits12(offset) && fits12(offset + bytes - 1)) return { base: x, displacement: offset };
  const { high, low } = split(offset);
  const displacement = fits12(low + bytes - 1) ? low : 0;
  if (displacement === low) o.asm.upper(reg.t2, high);
  else o.asm.constant(reg.t2, offset | 0);
  o.asm.op(alu.add, reg.t0, reg.t2, x);
  return { base: reg.t0, displacement };
}

/** t0 = x + offset. */
function addOffset(o: Operands, x: number, offset: number): void {
  if (fits12(offset)) return o.asm.opImmediate(alu.add, reg.t0, x, offset);
  o.asm.constant(reg.t1, offset | 0);
  o.asm.op(alu.add, reg.t0, x, reg.t1);
}

function loadSlowly(o: Operands, kind: Access, x: number, offset: number, low: number, wide: number | undefined, rules: MemoryRules): void {
  const { asm } = o;
  checkBounds(o, x, offset + kind.bytes, rules);
  if (kind.bytes === 2) {
    addOffset(o, x, offset);
    asm.load(width.bu, reg.t1, reg.t0, 0);
    asm.load(kind.signed ? width.b : width.bu, reg.t0, reg.t0, 1);
    asm.opImmediate(alu.sll, reg.t0, reg.t0, 8);
    asm.op(alu.or, low, reg.t0, reg.t1);
    return;
  }
  if (wide === undefined) {
    addOffset(o, x, offset);
    asm.call(routines.loadWord, reg.t3);
    asm.move(low, reg.t0);
    return;
  }
  // x may be t0, and it may be where a word goes: both wait below the stack until both words are read.
  addOffset(o, x, offset);
  asm.store(width.w, reg.t0, reg.sp, -8);
  asm.call(routines.loadWord, reg.t3);
  asm.load(width.w, reg.t1, reg.sp, -8);
  asm.store(width.w, reg.t0, reg.sp, -8);
  asm.opImmediate(alu.add, reg.t0, reg.t1, 4);
  asm.call(routines.loadWord, reg.t3);
  asm.move(wide, reg.t0);
  asm.load(width.w, low, reg.sp, -8);
}

/** To t0. */
function storeSlowly(o: Operands, bytes: number, value: readonly Word[]): void {
  const { asm } = o;
  if (bytes === 2) {
    o.place(value[0]!, reg.t1);
    asm.store(width.b, reg.t1, reg.t0, 0);
    asm.opImmediate(alu.srl, reg.t1, reg.t1, 8);
    asm.store(width.b, reg.t1, reg.t0, 1);
    return;
  }
  for (let at = 0; at < bytes; at += 4) {
    if (at > 0) asm.opImmediate(alu.add, reg.t0, reg.t0, 4);
    o.place(value[at / 4]!, reg.t1);
    asm.call(routines.storeWord, reg.t3);
  }
}

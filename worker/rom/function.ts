/** Compiles one function: control flow, calls, locals, and which operation is compiled where. */
import { InvalidModule } from "../sandbox/wasm/binary.ts";
import { Assembler, type Routine } from "./assembler.ts";
import { isLast, op, wordsOf, type Body, type Operation } from "./body.ts";
import type { Snapshot } from "./facts.ts";
import { floatComparisons, helperOf } from "./floats.ts";
import { binary32, comparison, materialise, unary32, type Condition } from "./i32.ts";
import { binary64, compare64, isZero64, unary64 } from "./i64.ts";
import { alu, branch, ecall, fits12, negated, reg, split, width } from "./instructions.ts";
import { isLeaf, layOut, leastPool, passing, readFirst, setWithin, type Layout } from "./locals.ts";
import { load, store, type MemoryRules } from "./memory.ts";
import { types, type ModuleParts } from "./module.ts";
import { Operands, zero, type Value, type Word } from "./operands.ts";
import { routines } from "./routines.ts";

/** What the function's code stands among. */
export interface Surroundings {
  readonly module: ModuleParts;
  /** The runtime's own code: it reaches all of RAM unchecked. */
  readonly raw: boolean;
  /** Routines may be more than 1 MiB apart. */
  readonly far: boolean;
  readonly symbolOf: (functionIndex: number) => number;
  /** Symbol of a function of the runtime. */
  readonly helper: (name: string) => number;
  /** Functions that are instructions, by index: only the runtime imports such. */
  readonly intrinsic: (functionIndex: number) => Intrinsic | undefined;
  readonly globalAddress: (index: number) => number;
  readonly table: (index: number) => { readonly address: number; readonly size: number };
  /** The same for equal types. */
  readonly typeId: (typeIndex: number) => number;
  readonly leastPages: number;
  readonly mostPages: number;
  readonly layout: { readonly globalPointer: number; readonly stackLimit: number; readonly growRefused: number };
}

export type Intrinsic = "halt" | "trap" | "mulhu";

interface Label {
  readonly code: number;
  readonly target: number;
  readonly otherwise: number;
  readonly params: readonly number[];
  readonly results: readonly number[];
  /** What was on the stack at the beginning, parameters included. */
  readonly stack: readonly Value[];
  facts: Snapshot;
  used: boolean;
  hasElse: boolean;
}

/** Offsets up to here need no check of the stack's end: what lies below it is free for that. */
const uncheckedFrame = 2048;
const comparison32 = 0x46;
const comparison64 = 0x51;

export interface Signature {
  readonly paramTypes: readonly number[];
  readonly results: readonly number[];
}

/** Throws InvalidModule, with the reason, where the function cannot be compiled. */
export function compileFunction(body: Body, type: Signature, around: Surroundings): Routine {
  const leaf = isLeaf(body, ({ code, a }, index) => code === op.call && (around.intrinsic(a) !== undefined || isTailCall(body, index, type, around)));
  const layout = layOut(body, type.paramTypes.length, leaf, 4 * outgoingWords(body, around));
  // The first time for the size of the frame, which the code around the body depends on.
  const { frame } = new Compiler(body, type, around, layout, leaf, 0).run();
  return new Compiler(body, type, around, layout, leaf, frame).run().routine;
}

/** Words of arguments beyond the registers, the most of any call. */
function outgoingWords({ operations }: Body, { module }: Surroundings): number {
  const words = operations.map(({ code, a }) => (code === op.call ? size(module.types[module.functions[a]!]!.paramTypes) : code === op.callIndirect ? size(module.types[a]!.paramTypes) : 0));
  return words.reduce((most, count) => Math.max(most, count - passing.length), 0);
}

/** Whether the function ends with what this call gives, so that the call can be a jump. */
function isTailCall({ operations }: Body, index: number, { results }: Signature, { module }: Surroundings): boolean {
  const callee = module.types[module.functions[operations[index]!.a]!]!;
  return size(callee.paramTypes) <= passing.length && callee.results.join() === results.join() && isLast(operations, index);
}

function size(list: readonly number[]): number {
  return list.reduce((sum, type) => sum + wordsOf(type), 0);
}

class Compiler {
  readonly #body: Body;
  readonly #type: Signature;
  readonly #around: Surroundings;
  readonly #layout: Layout;
  readonly #leaf: boolean;
  readonly #frame: number;
  readonly #asm: Assembler;
  readonly #o: Operands;
  readonly #labels: Label[] = [];
  readonly #trap: number;
  readonly #rules: MemoryRules;
  /** The comparison that would be on top of the stack. */
  #pending: Condition | undefined;
  #reachable = true;

  constructor(body: Body, type: Signature, around: Surroundings, layout: Layout, leaf: boolean, frame: number) {
    this.#body = body;
    this.#type = type;
    this.#around = around;
    this.#layout = layout;
    this.#leaf = leaf;
    this.#frame = frame;
    this.#asm = new Assembler(around.far);
    this.#o = new Operands(this.#asm, layout);
    this.#trap = this.#asm.label();
    this.#rules = { raw: around.raw, least: around.leastPages * 65_536, trap: this.#trap };
  }

  run(): { routine: Routine; frame: number } {
    const { operations } = this.#body;
    this.#enter();
    this.#open(op.block, [], this.#results(this.#type.results));
    for (let at = 0; at < operations.length; at++) {
      const next = operations[at + 1];
      const sets = next !== undefined && (next.code === op.localSet || next.code === op.localTee);
      this.#o.next = sets ? { firstWord: this.#layout.firstWords[next.a]!, keeps: next.code === op.localTee } : undefined;
      this.#o.taken = false;
      this.#compile(operations[at]!, at);
      if (sets && this.#pending !== undefined) this.#settlePending(true);
      if (!this.#o.taken) continue;
      this.#o.facts.set(this.#layout.firstWords[next!.a]!, this.#o.takenAlign);
      at += 1;
    }
    this.#leave();
    this.#o.flushStubs();
    this.#asm.bind(this.#trap);
    this.#asm.call(routines.trap, reg.zero);
    return { routine: this.#asm.finish(), frame: this.#o.frame };
  }

  #enter(): void {
    const asm = this.#asm;
    const { homes, unused, saved, firstWords } = this.#layout;
    this.#moveStack(-this.#frame);
    if (!this.#leaf || this.#frame > uncheckedFrame) {
      asm.upper(reg.t0, this.#around.layout.stackLimit);
      asm.branch(branch.ltu, reg.sp, reg.t0, this.#trap);
    }
    for (const { register, offset } of saved) this.#o.storeFrame(register, offset);
    const params = size(this.#type.paramTypes);
    const setHome = (word: number, source: number): void => {
      const home = homes[word]!;
      if ("register" in home) asm.move(home.register, source);
      else this.#o.storeFrame(source, home.offset);
    };
    for (let word = 0; word < params; word++) {
      if (unused[word]!) continue;
      if (word >= passing.length) this.#o.loadFrame(reg.t0, this.#frame + 4 * (word - passing.length));
      setHome(word, passing[word] ?? reg.t0);
    }
    for (const local of readFirst(this.#body, this.#type.paramTypes.length)) {
      for (let i = 0; i < wordsOf(this.#body.locals[local]!); i++) setHome(firstWords[local]! + i, reg.zero);
    }
  }

  #leave(): void {
    this.#restore();
    this.#asm.return();
  }

  #restore(): void {
    for (const { register, offset } of this.#layout.saved) this.#o.loadFrame(register, offset);
    this.#moveStack(this.#frame);
  }

  #moveStack(distance: number): void {
    if (distance === 0) return;
    if (fits12(distance)) return this.#asm.opImmediate(alu.add, reg.sp, reg.sp, distance);
    this.#asm.constant(reg.t0, distance);
    this.#asm.op(alu.add, reg.sp, reg.sp, reg.t0);
  }

  #compile(operation: Operation, at: number): void {
    const { code, a } = operation;
    if (this.#pending !== undefined && code !== op.brIf && code !== op.if && code !== op.select && code !== op.i32Eqz) this.#settlePending(false);
    if (this.#o.isLarge) this.#o.spillRegisters();
    switch (code) {
      case op.unreachable:
        this.#asm.jump(this.#trap);
        this.#reachable = false;
        return;
      case op.block:
      case op.loop:
      case op.if:
        return this.#begin(operation, at);
      case op.else:
        return this.#else();
      case op.end:
        return this.#end();
      case op.br:
        return this.#branch(a);
      case op.brIf:
        return this.#branchIf(a);
      case op.brTable:
        return this.#branchTable(operation.depths!);
      case op.return:
        return this.#branch(this.#labels.length - 1);
      case op.call:
        return this.#callFunction(a, at);
      case op.callIndirect:
        return this.#callIndirect(a, operation.b);
      case op.drop:
        return this.#o.release(...this.#o.pop().words);
      case op.select:
        return this.#select();
      case op.localGet:
        return this.#o.push(this.#body.locals[a]!, this.#wordsOfLocal(a));
      case op.localSet:
      case op.localTee:
        return this.#setLocal(a, code === op.localTee);
      case op.globalGet:
      case op.globalSet:
        return this.#global(a, code === op.globalSet);
      case op.memorySize: {
        const destination = this.#o.begin(types.i32);
        const register = this.#o.target(destination, 0);
        this.#asm.opImmediate(alu.srl, register, reg.tp, 16);
        return this.#o.finish(destination, [{ kind: "register", register }]);
      }
      case op.memoryGrow:
        return this.#grow();
      case op.memoryCopy:
      case op.memoryFill:
        return this.#callSymbol(this.#around.helper(code === op.memoryCopy ? "memory_copy" : "memory_fill"), 3, []);
      case op.i32Const:
      case op.f32Const:
        return this.#o.push(code === op.i32Const ? types.i32 : types.f32, [{ kind: "constant", value: a }]);
      case op.i64Const:
      case op.f64Const:
        return this.#o.push(code === op.i64Const ? types.i64 : types.f64, [{ kind: "constant", value: a }, { kind: "constant", value: operation.b }]);
      default:
        return this.#compute(code, a);
    }
  }

  #compute(code: number, a: number): void {
    const o = this.#o;
    const helper = helperOf(code);
    if (helper !== undefined) return this.#callSymbol(this.#around.helper(helper.name), helper.params.length, [helper.result]);
    if (code >= 0x28 && code <= 0x35) return load(o, code, a, this.#rules);
    if (code >= 0x36 && code <= 0x3e) return store(o, code, a, this.#rules);
    if (code === op.i32Eqz) {
      const condition = this.#condition();
      this.#pending = { ...condition, branch: negated(condition.branch) };
      return;
    }
    if (code >= comparison32 && code < 0x50) {
      const right = o.popWord();
      this.#pending = comparison(code - comparison32, o.popWord(), right);
      return;
    }
    if (code === 0x50) return void (this.#pending = isZero64(o));
    if (code >= comparison64 && code < 0x5b) return void (this.#pending = compare64(o, code - comparison64));
    if (code >= 0x5b && code <= 0x66) return this.#compareFloats(code);
    if ((code >= 0x67 && code <= 0x69) || code === 0xc0 || code === 0xc1) return unary32(o, code);
    if (code >= 0x6a && code <= 0x78) return binary32(o, code, this.#trap);
    if ((code >= 0x79 && code <= 0x7b) || (code >= 0xc2 && code <= 0xc4)) return unary64(o, code);
    if (code >= 0x7c && code <= 0x8a) return binary64(o, code);
    if (code === 0x8b || code === 0x8c) return this.#changeSign(types.f32, code === 0x8c);
    if (code === 0x99 || code === 0x9a) return this.#changeSign(types.f64, code === 0x9a);
    if (code === 0x98 || code === 0xa6) return this.#copySign(code === 0x98 ? types.f32 : types.f64);
    const { words } = o.pop();
    if (code === 0xa7) {
      o.release(words[1]!);
      return o.push(types.i32, [words[0]!]);
    }
    if (code === 0xad) return o.push(types.i64, [words[0]!, zero]);
    if (code === 0xac) return this.#extend(words[0]!);
    // reinterpret: 0xbc to 0xbf.
    o.push([types.i32, types.i64, types.f32, types.f64][code - 0xbc]!, words);
  }

  #wordsOfLocal(local: number): Word[] {
    const first = this.#layout.firstWords[local]!;
    return Array.from({ length: wordsOf(this.#body.locals[local]!) }, (_, i) => ({ kind: "local", word: first + i }));
  }

  #setLocal(local: number, keeps: boolean): void {
    const o = this.#o;
    const value = o.pop();
    const own = this.#wordsOfLocal(local);
    const first = this.#layout.firstWords[local]!;
    o.detach(first, own.length);
    const homes = own.map((_, i) => this.#layout.homes[first + i]!);
    const align = o.alignOf(value.words[0]!);
    const inRegisters = homes.flatMap((home, i) => ("register" in home ? [{ word: value.words[i]!, target: home.register }] : []));
    if (inRegisters.length > 0) o.placeAll(inRegisters);
    else {
      const registers = value.words.map((word, i) => o.use(word, [reg.t0, reg.t1][i]!));
      for (const [i, home] of homes.entries()) if ("offset" in home) o.storeFrame(registers[i]!, home.offset);
    }
    o.facts.set(first, align);
    // What waits in registers need not be read from the frame again.
    if (keeps && inRegisters.length === 0 && value.words.every(({ kind }) => kind === "register" || kind === "constant")) return o.push(value.type, value.words);
    o.release(...value.words);
    if (keeps) o.push(value.type, own);
  }

  #global(index: number, sets: boolean): void {
    const o = this.#o;
    const { type } = this.#around.module.globals[index]!;
    const address = this.#around.globalAddress(index);
    const near = address - this.#around.layout.globalPointer;
    const { high, low } = split(address);
    const reaches = fits12(near) && fits12(near + 4);
    const base = reaches ? reg.gp : reg.t1;
    const offset = reaches ? near : low;
    if (sets) {
      const { words } = o.pop();
      if (!reaches) this.#asm.upper(reg.t1, high);
      for (const [i, word] of words.entries()) this.#asm.store(width.w, o.use(word, reg.t0), base, offset + 4 * i);
      return o.release(...words);
    }
    const destination = o.begin(type);
    const registers = Array.from({ length: wordsOf(type) }, (_, i) => o.target(destination, i));
    if (!reaches) this.#asm.upper(reg.t1, high);
    for (const [i, register] of registers.entries()) this.#asm.load(width.w, register, base, offset + 4 * i);
    o.finish(destination, registers.map((register) => ({ kind: "register", register })));
  }

  #grow(): void {
    const o = this.#o;
    const asm = this.#asm;
    const { mostPages, layout } = this.#around;
    const delta = o.popWord();
    const destination = o.begin(types.i32);
    const pages = o.use(delta, reg.t2);
    o.release(delta);
    const register = o.target(destination, 0);
    const refused = asm.label();
    const done = asm.label();
    asm.opImmediate(alu.srl, reg.t0, reg.tp, 16);
    asm.constant(reg.t1, mostPages);
    asm.op(alu.sub, reg.t1, reg.t1, reg.t0);
    asm.branch(branch.ltu, reg.t1, pages, refused);
    asm.opImmediate(alu.sll, reg.t1, pages, 16);
    asm.op(alu.add, reg.tp, reg.tp, reg.t1);
    asm.move(register, reg.t0);
    asm.bind(done);
    o.later(() => {
      asm.bind(refused);
      asm.constant(reg.t0, 1);
      asm.store(width.w, reg.t0, reg.gp, layout.growRefused - layout.globalPointer);
      asm.constant(register, -1);
      asm.jump(done);
    });
    o.finish(destination, [{ kind: "register", register }]);
  }

  #extend(word: Word): void {
    const o = this.#o;
    if (word.kind === "constant") return o.push(types.i64, [word, { kind: "constant", value: word.value >> 31 }]);
    const x = o.use(word, reg.t0);
    const high = o.take();
    this.#asm.opImmediate(alu.sra, high, x, 31);
    o.push(types.i64, [word, { kind: "register", register: high }]);
  }

  #changeSign(type: number, negate: boolean): void {
    const o = this.#o;
    const asm = this.#asm;
    const { words } = o.pop();
    const last = words.length - 1;
    const x = o.use(words[last]!, reg.t0);
    o.release(words[last]!);
    const register = o.take();
    if (negate) {
      asm.upper(reg.t1, 0x80000000);
      asm.op(alu.xor, register, x, reg.t1);
    } else {
      asm.opImmediate(alu.sll, register, x, 1);
      asm.opImmediate(alu.srl, register, register, 1);
    }
    o.push(type, [...words.slice(0, last), { kind: "register", register }]);
  }

  #copySign(type: number): void {
    const o = this.#o;
    const asm = this.#asm;
    const sign = o.pop().words;
    const { words } = o.pop();
    const last = words.length - 1;
    const x = o.use(words[last]!, reg.t0);
    const y = o.use(sign[last]!, reg.t1);
    asm.upper(reg.t2, 0x80000000);
    asm.op(alu.and, reg.t1, y, reg.t2);
    asm.opImmediate(alu.sll, reg.t0, x, 1);
    asm.opImmediate(alu.srl, reg.t0, reg.t0, 1);
    o.release(...sign, words[last]!);
    const register = o.take();
    asm.op(alu.or, register, reg.t0, reg.t1);
    o.push(type, [...words.slice(0, last), { kind: "register", register }]);
  }

  #compareFloats(code: number): void {
    const single = code <= 0x60;
    const { name, swap, negate } = floatComparisons[code - (single ? 0x5b : 0x61)]!;
    if (swap) {
      const { stack } = this.#o;
      const [a, b] = stack.splice(-2);
      // Their depths, where they may have slots, stay theirs.
      stack.push(b!, a!);
    }
    this.#callSymbol(this.#around.helper(`${single ? "f32" : "f64"}_${name}`), 2, [types.i32]);
    const a = this.#o.popWord();
    this.#pending = { branch: negate ? branch.eq : branch.ne, a, b: zero };
  }

  /** The condition on top of the stack, taken off. */
  #condition(): Condition {
    const pending = this.#pending;
    this.#pending = undefined;
    return pending ?? { branch: branch.ne, a: this.#o.popWord(), b: zero };
  }

  /** `direct`: to the local that the next operation sets, where there is one. */
  #settlePending(direct: boolean): void {
    const condition = this.#condition();
    const o = this.#o;
    if (!direct) o.next = undefined;
    const destination = o.begin(types.i32);
    o.release(condition.a, condition.b);
    const register = o.target(destination, 0);
    materialise(o, condition, register);
    o.finish(destination, [{ kind: "register", register }]);
  }

  #jumpIf({ branch: condition, a, b }: Condition, label: number): void {
    const x = this.#o.use(a, reg.t0);
    this.#asm.branch(condition, x, this.#o.use(b, reg.t1), label);
  }

  #select(): void {
    const o = this.#o;
    const condition = this.#condition();
    const other = o.pop();
    const { type, words } = o.pop();
    const read = [condition.a, condition.b, ...other.words].map((word) => o.registerOf(word));
    const destination = o.begin(type);
    const targets = words.map((word, i) => {
      const wanted = destination.registers?.[i];
      if (destination.registers !== undefined && !destination.registers.some((register) => read.includes(register))) return wanted!;
      return word.kind === "register" ? word.register : o.take();
    });
    o.placeAll(words.map((word, i) => ({ word, target: targets[i]! })));
    const chosen = this.#asm.label();
    this.#jumpIf(condition, chosen);
    for (const [i, word] of other.words.entries()) o.place(word, targets[i]!);
    this.#asm.bind(chosen);
    o.release(condition.a, condition.b, ...other.words, ...words.filter((word) => word.kind === "register" && !targets.includes(word.register)));
    o.finish(destination, targets.map((register) => ({ kind: "register", register })));
  }

  /** They travel in registers. */
  #results(results: readonly number[]): readonly number[] {
    if (size(results) > leastPool) throw new InvalidModule(`a block or function with ${size(results)} words of results cannot be compiled, the limit is ${leastPool}`);
    return results;
  }

  /** Where results of the label are expected: those of the function where its caller looks for them. */
  #registersOf(label: Label): readonly number[] {
    return label === this.#labels[0] ? passing : this.#o.pool;
  }

  #open(code: number, params: readonly number[], results: readonly number[]): void {
    this.#labels.push({
      code, params, results, target: this.#asm.label(), otherwise: this.#asm.label(), stack: [...this.#o.stack], facts: this.#o.facts.snapshot(), used: false, hasElse: false,
    });
  }

  #begin({ code, block }: Operation, at: number): void {
    const o = this.#o;
    const params = this.#results(block!.params);
    const results = this.#results(block!.results);
    const condition = code === op.if ? this.#condition() : undefined;
    if (code === op.loop) {
      o.settle(params.length);
      if (params.length > 0) {
        this.#toJoin(params, o.pool);
        o.stack.length -= params.length;
        this.#pushJoined(params, o.pool);
      }
      o.facts.forget([...setWithin(this.#body, at, this.#body.operations[at]!.end!)].map((local) => this.#layout.firstWords[local]!));
      this.#open(code, params, results);
      return this.#asm.bind(this.#labels.at(-1)!.target);
    }
    o.settle();
    this.#open(code, params, results);
    if (condition === undefined) return;
    this.#jumpIf({ ...condition, branch: negated(condition.branch) }, this.#labels.at(-1)!.otherwise);
    o.release(condition.a, condition.b);
  }

  /** Moves the values on top into these registers. */
  #toJoin(list: readonly number[], registers: readonly number[]): void {
    const o = this.#o;
    const values = list.length === 0 ? [] : o.stack.slice(-list.length);
    o.placeAll(values.flatMap(({ words }) => words).map((word, i) => ({ word, target: registers[i]! })));
  }

  /** Nothing but these is in registers of the pool. */
  #pushJoined(list: readonly number[], registers: readonly number[]): void {
    const o = this.#o;
    o.releaseAll();
    let used = 0;
    for (const type of list) {
      const own = registers.slice(used, (used += wordsOf(type)));
      o.claim(own);
      o.push(type, own.map((register) => ({ kind: "register", register })));
    }
  }

  #else(): void {
    const label = this.#labels.at(-1)!;
    if (this.#reachable) {
      this.#toJoin(label.results, this.#registersOf(label));
      this.#asm.jump(label.target);
      label.used = true;
    }
    this.#otherwise(label);
  }

  #otherwise(label: Label): void {
    label.hasElse = true;
    this.#asm.bind(label.otherwise);
    this.#o.stack = [...label.stack];
    this.#o.releaseAll();
    this.#o.facts.restore(label.facts);
    this.#reachable = true;
  }

  #end(): void {
    const label = this.#labels.at(-1)!;
    const o = this.#o;
    // An if without else gives what it takes.
    if (label.code === op.if && !label.hasElse && label.results.length > 0) this.#else();
    const registers = this.#registersOf(label);
    this.#labels.pop();
    const below = label.stack.length - label.params.length;
    const outermost = this.#labels.length === 0;
    const joins = (label.code !== op.loop && label.used) || (label.code === op.if && !label.hasElse) || outermost;
    if (!joins && this.#reachable) return;
    if (this.#reachable) this.#toJoin(label.results, registers);
    if (label.code === op.if && !label.hasElse) this.#asm.bind(label.otherwise);
    if (label.code !== op.loop) this.#asm.bind(label.target);
    o.stack.length = Math.min(below, o.stack.length);
    this.#pushJoined(label.results, registers);
    if (joins) o.facts.restoreUnchanged(label.facts);
    this.#reachable = true;
  }

  #labelAt(depth: number): Label {
    const label = this.#labels[this.#labels.length - 1 - depth]!;
    label.used = true;
    return label;
  }

  #arity({ code, params, results }: Label): readonly number[] {
    return code === op.loop ? params : results;
  }

  #branch(depth: number): void {
    const label = this.#labelAt(depth);
    this.#toJoin(this.#arity(label), this.#registersOf(label));
    this.#asm.jump(label.target);
    this.#reachable = false;
  }

  #branchIf(depth: number): void {
    const condition = this.#condition();
    const label = this.#labelAt(depth);
    const arity = this.#arity(label);
    if (arity.length === 0) this.#jumpIf(condition, label.target);
    else {
      const stays = this.#asm.label();
      this.#jumpIf({ ...condition, branch: negated(condition.branch) }, stays);
      this.#toJoin(arity, this.#registersOf(label));
      this.#asm.jump(label.target);
      this.#asm.bind(stays);
    }
    this.#o.release(condition.a, condition.b);
  }

  #branchTable(depths: readonly number[]): void {
    const asm = this.#asm;
    const index = this.#o.popWord();
    this.#o.place(index, reg.t2);
    this.#o.release(index);
    const labels = depths.map((depth) => this.#labelAt(depth));
    const arity = this.#arity(labels[0]!);
    const mixed = arity.length > 0 && labels.some((label) => this.#registersOf(label) !== this.#registersOf(labels[0]!));
    this.#toJoin(arity, mixed ? this.#o.pool : this.#registersOf(labels[0]!));
    const targets = labels.map((label) => (mixed && this.#registersOf(label) === passing ? this.#passOn(size(arity), label.target) : label.target));
    const last = targets.pop()!;
    if (targets.length <= 4) {
      for (const [i, target] of targets.entries()) {
        if (i > 0) asm.constant(reg.t1, i);
        asm.branch(branch.eq, reg.t2, i === 0 ? reg.zero : reg.t1, target);
      }
      asm.jump(last);
    } else {
      asm.constant(reg.t1, targets.length);
      asm.branch(branch.geu, reg.t2, reg.t1, last);
      asm.jumpByTable(reg.t2, targets);
    }
    this.#reachable = false;
  }

  /** Where to go with results for a block that are to be the function's. */
  #passOn(words: number, target: number): number {
    const label = this.#asm.label();
    this.#o.later(() => {
      this.#asm.bind(label);
      this.#o.placeAll(Array.from({ length: words }, (_, i) => ({ word: { kind: "register", register: this.#o.pool[i]! }, target: passing[i]! })));
      this.#asm.jump(target);
    });
    return label;
  }

  #callFunction(index: number, at: number): void {
    const { module } = this.#around;
    const type = module.types[module.functions[index]!]!;
    const intrinsic = this.#around.intrinsic(index);
    if (intrinsic !== undefined) return this.#callIntrinsic(intrinsic);
    if (isTailCall(this.#body, at, this.#type, this.#around)) {
      this.#passArguments(type.params);
      this.#restore();
      this.#asm.call(this.#around.symbolOf(index), reg.zero);
      this.#reachable = false;
      return;
    }
    this.#callSymbol(this.#around.symbolOf(index), type.params, type.results);
  }

  #callIntrinsic(intrinsic: Intrinsic): void {
    const o = this.#o;
    switch (intrinsic) {
      case "trap":
        return this.#asm.jump(this.#trap);
      case "halt":
        o.place(o.popWord(), reg.a0);
        return this.#asm.word(ecall);
      case "mulhu": {
        const b = o.popWord();
        const a = o.popWord();
        const destination = o.begin(types.i32);
        const x = o.use(a, reg.t0);
        const y = o.use(b, reg.t1);
        o.release(a, b);
        const register = o.target(destination, 0);
        this.#asm.op(alu.mulhu, register, x, y);
        return o.finish(destination, [{ kind: "register", register }]);
      }
    }
  }

  #callSymbol(symbol: number, params: number, results: readonly number[]): void {
    this.#passArguments(params);
    this.#asm.call(symbol);
    this.#pushJoined(this.#results(results), passing);
  }

  /** Arguments go to registers and, beyond those, to sp. What stays on the stack leaves the registers. */
  #passArguments(params: number): void {
    const o = this.#o;
    const words = o.stack.splice(o.stack.length - params).flatMap((value) => value.words);
    o.spillRegisters();
    for (const [i, word] of words.slice(passing.length).entries()) o.storeFrame(o.use(word, reg.t0), 4 * i);
    o.placeAll(words.slice(0, passing.length).map((word, i) => ({ word, target: passing[i]! })));
    o.releaseAll();
  }

  #callIndirect(typeIndex: number, tableIndex: number): void {
    const o = this.#o;
    const asm = this.#asm;
    const type = this.#around.module.types[typeIndex]!;
    const table = this.#around.table(tableIndex);
    const index = o.popWord();
    const x = o.use(index, reg.t0);
    asm.constant(reg.t1, table.size);
    asm.branch(branch.geu, x, reg.t1, this.#trap);
    const { high, low } = split(table.address);
    asm.opImmediate(alu.sll, reg.t0, x, 3);
    asm.upper(reg.t1, high);
    asm.op(alu.add, reg.t1, reg.t1, reg.t0);
    asm.load(width.w, reg.t0, reg.t1, low + 4);
    const id = this.#around.typeId(typeIndex);
    asm.constant(reg.t2, id);
    asm.branch(branch.ne, reg.t0, reg.t2, this.#trap);
    asm.load(width.w, reg.t2, reg.t1, low);
    o.release(index);
    this.#passArguments(type.params);
    asm.callRegister(reg.t2);
    this.#pushJoined(this.#results(type.results), passing);
  }
}

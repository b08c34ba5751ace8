/**
 * The operand stack of WebAssembly while a function is compiled. Values stay constants, locals or registers as long as they can; what a
 * call or a block could disturb goes to a slot of the frame, whose place is the value's depth in the stack.
 */
import type { Assembler } from "./assembler.ts";
import { wordsOf } from "./body.ts";
import { Facts } from "./facts.ts";
import { alu, fits12, reg, split, width } from "./instructions.ts";
import type { Home, Layout } from "./locals.ts";

/** One 32-bit word of a value. i64 and f64 have two, low word first. */
export type Word =
  | { readonly kind: "constant"; readonly value: number }
  /** A register of the pool, which belongs to this word alone. `align`: log2 of what the value is known to be a multiple of. */
  | { readonly kind: "register"; readonly register: number; readonly align?: number }
  | { readonly kind: "local"; readonly word: number }
  | { readonly kind: "slot"; readonly depth: number };

export interface Value {
  readonly type: number;
  readonly depth: number;
  readonly words: readonly Word[];
}

/** Where a result goes: registers of the local that the next operation sets, or fresh ones. */
export interface Destination {
  readonly type: number;
  readonly registers: readonly number[] | undefined;
}

/** The next operation, where it is local.set or local.tee. */
export interface NextSet {
  readonly firstWord: number;
  readonly keeps: boolean;
}

export const zero: Word = { kind: "constant", value: 0 };
export function constant(value: number): Word {
  return { kind: "constant", value: value | 0 };
}

export class Operands {
  readonly asm: Assembler;
  readonly homes: readonly Home[];
  readonly facts = new Facts();
  stack: Value[] = [];
  /** Set before each operation; `taken` says that the operation has stored its result there, or left it on the stack as that local. */
  next: NextSet | undefined;
  taken = false;
  takenAlign = 0;
  readonly #stubs: (() => void)[] = [];
  #busy = 0;
  #deepest = 0;
  readonly #slots: number;
  /** Registers of values; none is the home of a local. Results of blocks travel in them. */
  readonly pool: readonly number[];

  /** `slots`: offset of the first slot from sp. */
  constructor(asm: Assembler, { homes, slots, pool }: Pick<Layout, "homes" | "slots" | "pool">) {
    this.asm = asm;
    this.homes = homes;
    this.#slots = slots;
    this.pool = pool;
  }

  /** Bytes of the frame, slots included, a multiple of 16. */
  get frame(): number {
    return (this.#slots + 4 * this.#deepest + 15) & ~15;
  }

  /** Code for what seldom happens, written behind the function. It must leave the operands as they are here. */
  later(stub: () => void): void {
    this.#stubs.push(stub);
  }

  flushStubs(): void {
    for (const stub of this.#stubs) stub();
  }

  /** Whether slots may lie beyond the reach of an immediate, so that spilling needs t3. */
  get isLarge(): boolean {
    return this.#slots + 4 * (this.depth + this.pool.length) > 2047;
  }

  get depth(): number {
    const top = this.stack.at(-1);
    return top === undefined ? 0 : top.depth + top.words.length;
  }

  push(type: number, words: readonly Word[]): void {
    this.stack.push({ type, depth: this.depth, words });
  }

  pop(): Value {
    return this.stack.pop()!;
  }

  popWord(): Word {
    return this.stack.pop()!.words[0]!;
  }

  /** A free register of the pool; the deepest value in one makes room where none is. */
  take(): number {
    for (;;) {
      for (const register of this.pool) {
        if ((this.#busy & (1 << register)) !== 0) continue;
        this.#busy |= 1 << register;
        return register;
      }
      const index = this.stack.findIndex(({ words }) => words.some(({ kind }) => kind === "register"));
      if (index < 0) throw new Error("operands of one operation take more registers than there are");
      this.#spill(index);
    }
  }

  release(...words: readonly Word[]): void {
    for (const word of words) if (word.kind === "register") this.#busy &= ~(1 << word.register);
  }

  /** Marks registers as taken that a call or a branch has left results in. */
  claim(registers: readonly number[]): void {
    for (const register of registers) this.#busy |= 1 << register;
  }

  releaseAll(): void {
    this.#busy = 0;
  }

  /** The register that holds the word, or `scratch` with it. */
  use(word: Word, scratch: number): number {
    switch (word.kind) {
      case "constant":
        if (word.value === 0) return reg.zero;
        this.asm.constant(scratch, word.value);
        return scratch;
      case "register":
        return word.register;
      case "local": {
        const home = this.homes[word.word]!;
        if ("register" in home) return home.register;
        this.loadFrame(scratch, home.offset);
        return scratch;
      }
      case "slot":
        this.loadFrame(scratch, this.#slots + 4 * word.depth);
        return scratch;
    }
  }

  /** The register that the word is in already. */
  registerOf(word: Word): number | undefined {
    if (word.kind === "register") return word.register;
    if (word.kind !== "local") return undefined;
    const home = this.homes[word.word]!;
    return "register" in home ? home.register : undefined;
  }

  /** log2 of what the word is known to be a multiple of; 32 of 0. */
  alignOf(word: Word): number {
    if (word.kind === "constant") return word.value === 0 ? 32 : 31 - Math.clz32(word.value & -word.value);
    return word.kind === "local" ? this.facts.align(word.word) : word.kind === "register" ? (word.align ?? 0) : 0;
  }

  place(word: Word, target: number): void {
    this.asm.move(target, this.use(word, target));
  }

  /** All at once: no target is written before what was in it is read. Uses t0. */
  placeAll(moves: readonly { readonly word: Word; readonly target: number }[]): void {
    let waiting = moves.map(({ word, target }) => ({ word, target, source: this.registerOf(word) })).filter(({ source, target }) => source !== target);
    while (waiting.length > 0) {
      const free = waiting.findIndex(({ target }, i) => waiting.every(({ source }, other) => other === i || source !== target));
      if (free >= 0) {
        const { word, target, source } = waiting[free]!;
        if (source === undefined) this.place(word, target);
        else this.asm.move(target, source);
        waiting.splice(free, 1);
        continue;
      }
      const blocked = waiting[0]!.target;
      this.asm.move(reg.t0, blocked);
      waiting = waiting.map((move) => (move.source === blocked ? { ...move, source: reg.t0 } : move));
    }
  }

  loadFrame(target: number, offset: number): void {
    if (fits12(offset)) return this.asm.load(width.w, target, reg.sp, offset);
    const { high, low } = split(offset);
    this.asm.upper(target, high);
    this.asm.op(alu.add, target, target, reg.sp);
    this.asm.load(width.w, target, target, low);
  }

  /** Uses t3 where the frame is large. */
  storeFrame(source: number, offset: number): void {
    if (fits12(offset)) return this.asm.store(width.w, source, reg.sp, offset);
    const { high, low } = split(offset);
    this.asm.upper(reg.t3, high);
    this.asm.op(alu.add, reg.t3, reg.t3, reg.sp);
    this.asm.store(width.w, source, reg.t3, low);
  }

  /** Call it when the operands are popped and not yet released. */
  begin(type: number): Destination {
    const registers = this.next === undefined ? undefined : this.#registersOf(this.next.firstWord, wordsOf(type));
    if (registers === undefined) return { type, registers: undefined };
    this.detach(this.next!.firstWord, registers.length);
    return { type, registers };
  }

  /** The register for word `index` of the result; operands must be released before. */
  target(destination: Destination, index: number): number {
    return destination.registers?.[index] ?? this.take();
  }

  finish(destination: Destination, words: readonly Word[]): void {
    const { type, registers } = destination;
    if (registers === undefined) return this.push(type, words);
    this.takenAlign = this.alignOf(words[0]!);
    this.placeAll(words.map((word, i) => ({ word, target: registers[i]! })));
    this.release(...words.filter((word) => word.kind !== "register" || !registers.includes(word.register)));
    this.taken = true;
    if (this.next!.keeps) this.push(type, registers.map((_, i) => ({ kind: "local", word: this.next!.firstWord + i })));
  }

  #registersOf(firstWord: number, count: number): readonly number[] | undefined {
    const homes = this.homes.slice(firstWord, firstWord + count);
    const registers = homes.flatMap((home) => ("register" in home ? [home.register] : []));
    return registers.length === count ? registers : undefined;
  }

  /** The words of a local are about to change: values on the stack that stand for them get registers of their own. */
  detach(firstWord: number, count: number): void {
    const stands = (word: Word): boolean => word.kind === "local" && word.word >= firstWord && word.word < firstWord + count;
    for (let index = 0; index < this.stack.length; index++) {
      if (!this.stack[index]!.words.some(stands)) continue;
      const words = [...this.stack[index]!.words];
      for (const [i, word] of words.entries()) {
        if (!stands(word)) continue;
        const target = this.take();
        this.place(word, target);
        words[i] = { kind: "register", register: target };
        // Taking a register may have moved words of this very value.
        const now = this.stack[index]!.words;
        this.stack[index] = { ...this.stack[index]!, words: now.map((other, at) => (at === i ? words[i]! : other)) };
      }
    }
  }

  /** Values in registers of the pool go to their slots: before calls. */
  spillRegisters(): void {
    for (const [index, { words }] of this.stack.entries()) if (words.some(({ kind }) => kind === "register")) this.#spill(index);
  }

  /** All but constants goes to the slots: before blocks, whose code may change what it was. */
  settle(keep = 0): void {
    for (let index = 0; index < this.stack.length - keep; index++) {
      const value = this.stack[index]!;
      value.words.forEach((word, i) => {
        if (word.kind === "local") this.#toSlot(value.depth + i, this.use(word, reg.t0));
      });
      this.#spill(index);
      this.stack[index] = { ...value, words: value.words.map((word, i) => (word.kind === "constant" ? word : { kind: "slot", depth: value.depth + i })) };
    }
  }

  #spill(index: number): void {
    const value = this.stack[index]!;
    const words = value.words.map((word, i): Word => {
      if (word.kind !== "register") return word;
      this.#toSlot(value.depth + i, word.register);
      this.release(word);
      return { kind: "slot", depth: value.depth + i };
    });
    this.stack[index] = { ...value, words };
  }

  #toSlot(depth: number, source: number): void {
    this.#deepest = Math.max(this.#deepest, depth + 1);
    this.storeFrame(source, this.#slots + 4 * depth);
  }
}

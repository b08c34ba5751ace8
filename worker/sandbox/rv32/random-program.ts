/** For tests: programs that no compiler would write, from a seed, and the translator held against the definition on them. */
import assert from "node:assert/strict";
import { operationOf, type Op } from "../../../chain/vm/instructions.ts";
import { romBytes } from "../../../chain/vm/layout.ts";
import { advance, Halt, newMachine, type Machine } from "../../../chain/vm/machine.ts";
import { pageBytes, ramPages } from "../../../chain/vm/ram.ts";
import { Translator } from "./translator.ts";

/** Deterministic numbers from a seed (mulberry32): whole ones from 0 to below `below`. */
export function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/**
 * Up to 512 words: mostly legal ones, with jumps and branches to anywhere in the program and addresses all over RAM. A third of such
 * programs have words that halt; the others run long.
 */
function randomProgram(next: (below: number) => number): Uint8Array {
  const words = 8 + next(next(4) === 0 ? 504 : 56);
  const halting = next(3) === 0;
  const few = next(2) === 0;
  const rom = new Int32Array(words);
  const register = (): number => next(few ? 8 : 32);
  const target = (): number => register() << 7;
  const first = (): number => register() << 15;
  const second = (): number => register() << 20;
  const immediate = (): number => next(4096) << 20;
  const funct3 = (...choices: readonly number[]): number => choices[next(choices.length)]! << 12;
  for (let at = 0; at < words; at++) {
    const to = next(3) === 0 ? next(words) : Math.max(0, Math.min(words - 1, at + next(24) - 12));
    const offset = 4 * (to - at) + (next(16) === 0 ? 2 : 0);
    const link = [0, 0, 1, 5][next(4)]!;
    const choice = next(halting ? 100 : 99);
    if (choice < 20) rom[at] = target() | first() | second() | (next(8) << 12) | 0x33;
    else if (choice < 24) rom[at] = target() | first() | second() | funct3(0, 5) | 0x40000033;
    else if (choice < 38) rom[at] = target() | first() | second() | (next(8) << 12) | 0x02000033;
    else if (choice < 50) rom[at] = target() | first() | immediate() | funct3(0, 2, 3, 4, 6, 7) | 0x13;
    else if (choice < 54) rom[at] = target() | first() | (next(32) << 20) | [0x1013, 0x5013, 0x40005013][next(3)]!;
    else if (choice < 62) rom[at] = target() | (next(1 << 20) << 12) | (next(4) === 0 ? 0x17 : 0x37);
    else if (choice < 70) rom[at] = target() | first() | immediate() | funct3(0, 1, 2, 4, 5) | 0x03;
    else if (choice < 76) rom[at] = first() | second() | (next(128) << 25) | (next(32) << 7) | funct3(0, 1, 2) | 0x23;
    else if (choice < 88) rom[at] = first() | second() | branchBits(offset) | funct3(0, 1, 4, 5, 6, 7) | 0x63;
    else if (choice < 92) rom[at] = jump(offset, link);
    else if (choice < 97) {
      // To somewhere within the program, and now and then to anywhere.
      const held = register();
      if (at + 1 < words && next(24) !== 0) rom[at++] = (held << 7) | first() | (next(Math.min(words, 511)) << 22) | 0x7013;
      rom[at] = (link << 7) | (held << 15) | ((next(16) - 8) << 20) | 0x67;
    } else if (choice < 99) rom[at] = (next(1 << 17) << 15) | 0x0f;
    else rom[at] = [0x73, 0, -1, 0x00100073, next(0x7fffffff)][next(5)]!;
  }
  if (!halting) rom[words - 1] = jump(-4 * (next(words - 1) + 1));
  return new Uint8Array(rom.buffer);
}

/**
 * Programs as compilers write them, and worse: loops in loops, calls, jumps by number, ways into the middle of loops. All that a statement makes, links included, goes into a sum
 * before it is forgotten, so that what is wrong once stays wrong. They go round for ever. x1 links, x2 is the sum, x4 to x15 hold data, x16 to x24 count rounds,
 * x25 to x27 keep links, x28 bounds jumps to anywhere.
 */
class Structured {
  readonly #words: number[] = [];
  readonly #next: (below: number) => number;
  /** Where functions begin; filled from the last one, so that calls go to those that are there already. */
  readonly #functions: number[] = [];
  readonly #places: number[] = [];
  #depth = 0;

  constructor(next: (below: number) => number) {
    this.#next = next;
  }

  rom(): Uint8Array {
    const next = this.#next;
    const start = this.#add(0);
    for (let level = 0; level < 3; level++) {
      for (let i = next(3); i >= 0; i--) this.#function(25 + level, level);
      // Some are far away.
      if (next(4) === 0) for (let i = next(3000); i >= 0; i--) this.#add(0x13);
    }
    this.#words[start] = jump(4 * (this.#words.length - start));
    const head = this.#words.length;
    this.#add(register(16, 28, 0, 0, 0x13) | (next(40) << 20));
    this.#statements(3 + next(10), 3);
    this.#add(jump(4 * (head - this.#words.length)));
    return new Uint8Array(Int32Array.from(this.#words).buffer);
  }

  #function(kept: number, level: number): void {
    const at = this.#words.length;
    // A loop that begins where the function does.
    if (this.#next(3) === 0) this.#add(register(24, 24, 1, 7, 0x13), register(24, 24, 4095, 0, 0x13), register(2, 2, 24, 0, 0x33), register(0, 24, 0, 4, 0x63) | branchBits(8), jump(-16));
    this.#sum(1);
    this.#add(register(kept, 1, 0, 0, 0x13), register(1, 0, 0, 0, 0x13));
    this.#statements(1 + this.#next(5), level);
    this.#add(register(this.#next(2) === 0 ? 0 : 1, kept, 0, 0, 0x67));
    this.#functions[level] = at;
  }

  #statements(count: number, level: number): void {
    for (let i = 0; i < count; i++) {
      this.#places.push(this.#words.length);
      this.#statement(level);
    }
  }

  #statement(level: number): void {
    const next = this.#next;
    const [to, a, b] = [next(40) === 0 ? 0 : this.#data(), this.#data(), next(8) === 0 ? 0 : this.#data()];
    switch (next(13)) {
      case 0: {
        const value = edges[next(edges.length)]!;
        const upper = (value + 0x800) & 0xfffff000;
        return void this.#add((a << 7) | upper | 0x37, register(a, a, 0, 0, 0x13) | ((value - upper) << 20));
      }
      case 1: return void this.#add(register(to, a, b, next(8), 0x33) | (next(2) << 25));
      case 2: this.#add(register(to, a, next(32), [1, 5, 5][next(3)]!, 0x13), register(0, a, next(32), 0, 0x13));
        return this.#sum(to);
      case 3: this.#add(register(a, b, 0, [0, 1, 2][next(3)]!, 0x23) | (next(128) << 25), register(to, b, 0, [0, 1, 2, 4, 5][next(5)]!, 0x03) | (next(4096) << 20));
        return this.#sum(to);
      case 4: this.#add((to << 7) | (next(1 << 20) << 12) | 0x17, (next(1 << 17) << 15) | (this.#data() << 7) | 0x0f);
        return this.#sum(to);
      case 5: return this.#over(() => this.#statements(1 + next(3), level));
      case 6: case 7: return this.#loop(level);
      case 8: return this.#call(level);
      case 9: return this.#switch(a, to, level);
      case 10: {
        // To anywhere near, as long as there is budget.
        const place = this.#places[Math.max(0, this.#places.length - 1 - next(12))]!;
        if (this.#words.length - place > 900) return;
        this.#add(register(28, 28, 4095, 0, 0x13));
        return void this.#add(register(0, 0, 28, 4, 0x63) | branchBits(4 * (place - this.#words.length)));
      }
      case 11: {
        for (let i = next(12) === 0 ? 200 + next(200) : next(8); i >= 0; i--) this.#add(register(this.#data(), this.#data(), this.#data(), [0, 2, 3, 4, 6, 7][next(6)]!, 0x33));
        return;
      }
      default: this.#add(register(to, a, b, 4 + next(4), 0x02000033), register(a, b, to, next(4), 0x02000033));
        return this.#sum(a);
    }
  }

  /** Around what `inner` makes, where two registers say so. */
  #over(inner: () => void): void {
    const at = this.#add(0);
    const [a, b] = [this.#data(), this.#data()];
    const comparison = [0, 1, 4, 5, 6, 7][this.#next(6)]!;
    inner();
    const distance = 4 * (this.#words.length - at);
    this.#words[at] = distance < 4096 ? register(0, a, b, comparison, 0x63) | branchBits(distance) : 0x13;
  }

  #loop(level: number): void {
    if (this.#depth > 8) return;
    const counter = 16 + this.#depth++;
    this.#add(register(counter, 0, 1 + this.#next(6), 0, 0x13));
    // Now and then its middle is entered.
    const entry = this.#next(4) === 0 ? this.#add(0) : -1;
    const head = this.#words.length;
    this.#statements(1 + this.#next(3), level);
    if (entry >= 0) this.#words[entry] = jump(4 * (this.#words.length - entry));
    this.#statements(1 + this.#next(2), level);
    this.#add(register(counter, counter, 4095, 0, 0x13));
    const distance = 4 * (head - this.#words.length);
    if (distance >= -4096) this.#add(register(0, 0, counter, 4, 0x63) | branchBits(distance));
    else this.#add(register(0, 0, counter, 5, 0x63) | branchBits(8), jump(distance - 4));
    this.#depth--;
  }

  #call(level: number): void {
    const to = this.#functions[this.#next(level + 1) - 1];
    if (to === undefined) return;
    const distance = 4 * (to - this.#words.length);
    if (this.#next(2) === 0) this.#add(jump(distance, 1));
    else {
      // Through x1, which the jump overwrites, or through another register.
      const through = this.#next(2) === 0 ? 1 : this.#data();
      this.#add((through << 7) | 0x17, register(through, through, 0, 0, 0x13));
      const low = (distance << 20) >> 20;
      this.#words[this.#words.length - 2]! |= (distance - low) & 0xfffff000;
      this.#add(register(1, through, 0, 0, 0x67) | (low << 20));
    }
    this.#sum(1);
  }

  /** One of four pieces of code, by a register; the jump may link. */
  #switch(by: number, link: number, level: number): void {
    this.#add(register(29, by, 12, 7, 0x13), (30 << 7) | 0x17);
    this.#add(register(29, 29, 30, 0, 0x33), register(link, 29, 12 + (this.#next(8) === 0 ? 3 : 0), 0, 0x67));
    const at = this.#words.length;
    for (let i = 0; i < 4; i++) this.#add(0);
    const ends: number[] = [];
    for (let i = 0; i < 4; i++) {
      this.#words[at + i] = jump(4 * (this.#words.length - at - i));
      this.#sum(link);
      if (this.#next(3) === 0) this.#statements(1, level);
      ends.push(this.#add(0));
    }
    for (const end of ends) this.#words[end] = jump(4 * (this.#words.length - end));
    this.#add(register(29, 0, 0, 0, 0x13), register(30, 0, 0, 0, 0x13));
  }

  /** x2 = 33 x2 + a register. */
  #sum(of: number): void {
    this.#add(register(31, 2, 5, 1, 0x13), register(2, 2, 31, 0, 0x33), register(2, 2, of, 0, 0x33));
  }

  #data(): number {
    return 4 + this.#next(12);
  }

  #add(...words: number[]): number {
    this.#words.push(...words.map((word) => word | 0));
    return this.#words.length - words.length;
  }
}

/** An instruction of three registers, or of two and a number of 12 bits in the place of the third. */
function register(to: number, a: number, b: number, funct3: number, rest: number): number {
  return (to << 7) | (a << 15) | (b << 20) | (funct3 << 12) | rest;
}

export type Style = "random" | "structured";

/** Runs the seed's program on the translator and by the definition, through the same stops; throws an AssertionError at the first difference. */
export function compareEngines(seed: number, style: Style = "random"): void {
  const next = numbers(seed);
  const rom = style === "random" ? randomProgram(next) : new Structured(next).rom();
  const translator = new Translator(rom, { first: [64, 500, 3000, 20_000][next(4)]!, patience: [1, 1.2][next(2)]!, cost: [1, 8, 64][next(3)]! });
  const [fast, slow] = [newMachine(), newMachine()];
  for (let i = 1; i < 32; i++) slow.registers[i] = next(4) === 0 ? next(64) : [next(0xffffffff), -1, 1 << 31, 0][next(4)]!;
  fast.registers.set(slow.registers);
  const words = new Int32Array(rom.buffer);
  const ram = new Int32Array(1 << 24);
  const dirty = new Uint8Array(ramPages);
  const memory = {
    fetch: (at: number) => words[at >>> 2] ?? 0, load: (at: number) => ram[at >>> 2]!,
    store: (at: number, value: number) => {
      ram[at >>> 2] = value;
      dirty[Math.floor(at / pageBytes)] = 1;
    },
  };
  const limit = next(3) === 0 ? BigInt(next(200_000)) : 1n << 60n;
  while (slow.steps < 150_000n && slow.halt === Halt.running) {
    const transitions = 1 + next([10, 5000, 100_000][next(3)]!);
    translator.run(fast, translator.ram, limit, BigInt(transitions));
    advance(slow, memory, transitions, limit);
    assert.deepEqual(plain(fast), plain(slow), `seed ${seed}`);
  }
  assert.ok(Buffer.from(dirty).equals(translator.ram.dirty), `seed ${seed}: marks of pages differ`);
  assert.ok(sameRam(new Uint8Array(ram.buffer), translator.ram.bytes, dirty), `seed ${seed}: RAM differs`);
}

/** Whether two RAMs hold the same in the pages that are marked: to look at 64 MiB that nobody wrote takes longer than the runs. */
export function sameRam(a: Uint8Array, b: Uint8Array, dirty: Uint8Array): boolean {
  return dirty.every((mark, page) => mark === 0 || Buffer.compare(a.subarray(page * pageBytes, (page + 1) * pageBytes), b.subarray(page * pageBytes, (page + 1) * pageBytes)) === 0);
}

function plain(machine: Machine): object {
  return { ...machine, registers: [...machine.registers] };
}

/** Values at which results change. */
export const edges: readonly number[] = [0, 1, -1, 2, -2, 31, 32, 0x7fff, 0x8000, 0x7fffffff, -0x80000000, -0x7fffffff, 0x12345678, 0xdeadbeef, 0x02fffffd];

/** A program of less than 4,096 words that goes sixteen times through each instruction but `fence`, jumps and what halts, on `a` and all edges, and keeps all results. */
export function loopOfInstructions(a: number): { readonly rom: Uint8Array; readonly operations: ReadonlySet<Op> } {
  const words: number[] = [];
  const operations = new Set<Op>();
  const add = (word: number): void => {
    words.push(word);
    operations.add(operationOf(word));
  };
  const load = (register: number, value: number): void => {
    const upper = (value + 0x800) & 0xfffff000;
    add((register << 7) | upper | 0x37);
    add((register << 7) | (register << 15) | ((value - upper) << 20) | 0x13);
  };
  const keep = (): void => {
    // x3 points to where results go.
    add((5 << 20) | (3 << 15) | 0x2023);
    add((3 << 7) | (3 << 15) | (4 << 20) | 0x13);
  };
  const operands = (5 << 7) | (1 << 15);
  for (const b of edges) {
    load(1, a);
    load(2, b);
    for (let funct3 = 0; funct3 < 8; funct3++) {
      for (const funct7 of funct3 === 0 || funct3 === 5 ? [0, 1, 32] : [0, 1]) {
        add((funct7 << 25) | (2 << 20) | (funct3 << 12) | operands | 0x33);
        keep();
      }
      if (funct3 === 1 || funct3 === 5) for (const high of funct3 === 1 ? [0] : [0, 32]) add((high << 25) | ((b & 31) << 20) | (funct3 << 12) | operands | 0x13);
      else add((b << 20) | (funct3 << 12) | operands | 0x13);
      keep();
      if (funct3 < 3) add((2 << 20) | (1 << 15) | (funct3 << 12) | (((b >> 5) & 0x7f) << 25) | ((b & 31) << 7) | 0x23);
      if (funct3 !== 3 && funct3 < 6) {
        add((b << 20) | (funct3 << 12) | operands | 0x03);
        keep();
      }
      // Over the next instruction, which tells whether it was taken.
      if (funct3 !== 2 && funct3 !== 3) add((2 << 20) | (1 << 15) | (funct3 << 12) | branchBits(8) | 0x63);
      add((5 << 7) | (b & 0xfffff000) | 0x17);
      keep();
    }
  }
  // x4 counts the rounds.
  add((4 << 7) | (4 << 15) | (1 << 20) | 0x13);
  add((6 << 7) | (16 << 20) | 0x13);
  words.push((6 << 20) | (4 << 15) | branchBits(8) | 0x63, jump(-4 * (words.length + 1)), 0x73);
  return { rom: new Uint8Array(Int32Array.from(words).buffer), operations };
}

/** A whole ROM of one instruction with a few others in it. */
export function fullRom(fill: number, others: Readonly<Record<number, number>>): Uint8Array {
  const rom = new Int32Array(romBytes / 4).fill(fill);
  for (const [word, instruction] of Object.entries(others)) rom[Number(word)] = instruction;
  return new Uint8Array(rom.buffer);
}

function branchBits(offset: number): number {
  return ((offset >> 12) << 31) | (((offset >> 5) & 0x3f) << 25) | (((offset >> 1) & 0xf) << 8) | (((offset >> 11) & 1) << 7);
}

/** A `jal` over `offset` bytes. */
export function jump(offset: number, link = 0): number {
  return (link << 7) | ((offset >> 20) << 31) | (((offset >> 1) & 0x3ff) << 21) | (((offset >> 11) & 1) << 20) | (((offset >> 12) & 0xff) << 12) | 0x6f;
}

/** For tests: programs that no compiler would write, from a seed, and the translator held against the definition on them. */
import assert from "node:assert/strict";
import { operationOf, type Op } from "../../../chain/vm/instructions.ts";
import { romBytes } from "../../../chain/vm/layout.ts";
import { advance, Halt, newMachine, type Machine } from "../../../chain/vm/machine.ts";
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

/** Runs the seed's program on the translator and by the definition, through the same stops; throws an AssertionError at the first difference. */
export function compareEngines(seed: number): void {
  const next = numbers(seed);
  const rom = randomProgram(next);
  const translator = new Translator(rom, { first: [64, 500, 3000, 20_000][next(4)]!, patience: [1, 1.2][next(2)]!, cost: [1, 8, 64][next(3)]! });
  const [fast, slow] = [newMachine(), newMachine()];
  for (let i = 1; i < 32; i++) slow.registers[i] = next(4) === 0 ? next(64) : [next(0xffffffff), -1, 1 << 31, 0][next(4)]!;
  fast.registers.set(slow.registers);
  const words = new Int32Array(rom.buffer);
  const ram = new Int32Array(1 << 24);
  const memory = { fetch: (at: number) => words[at >>> 2] ?? 0, load: (at: number) => ram[at >>> 2]!, store: (at: number, value: number) => void (ram[at >>> 2] = value) };
  const limit = next(3) === 0 ? BigInt(next(200_000)) : 1n << 60n;
  while (slow.steps < 150_000n && slow.halt === Halt.running) {
    const transitions = 1 + next([10, 5000, 100_000][next(3)]!);
    translator.run(fast, translator.ram, limit, BigInt(transitions));
    advance(slow, memory, transitions, limit);
    assert.deepEqual(plain(fast), plain(slow), `seed ${seed}`);
  }
  assert.ok(Buffer.from(ram.buffer).equals(translator.ram.bytes), `seed ${seed}: RAM differs`);
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

/**
 * Runs a machine of chain/vm fast: what runs often is translated to WebAssembly, the rest and whatever halts the machine is interpreted. Machine
 * and memory are after any number of transitions what the interpreter alone makes them.
 */
import { Op, operationOf } from "../../../chain/vm/instructions.ts";
import { Interpreter, type Engine } from "../../../chain/vm/interpreter.ts";
import { Halt, newMachine, type Machine } from "../../../chain/vm/machine.ts";
import { Ram } from "../../../chain/vm/ram.ts";
import { engine } from "../wasm/engine.ts";
import { formRegion, isBranch } from "./region.ts";
import { maxEntries, maxGrant, place, translate } from "./translate.ts";

/** Less is left to the interpreter; more than any block weighs. */
const minGrant = 4096;
/** Going from one region to the next takes about as long as interpreting so many. */
const passageCost = 3;

/** When to translate how much; the work is counted in interpreted instructions. */
export interface Tuning {
  /** Work beside translated code before the first translation. */
  readonly first: number;
  /** Each translation waits for so many times the work of the one before: a program without hot parts is soon left to the interpreter. */
  readonly patience: number;
  /** What it takes to translate one instruction. */
  readonly cost: number;
}

const usual: Tuning = { first: 131_072, patience: 1.5, cost: 1024 };
const regionLimits = { blocks: 512, instructions: 4096 } as const;
const mostSeeds = 512;
/** How many instructions are interpreted at most before the next look at whether translated code begins. */
const longestStretch = 256;
const longestStraight = 64;

/** Of chain/vm's engines the fast one. It brings its own RAM, and runs on no other. */
export class Translator implements Engine {
  readonly ram: Ram;
  /** Its registers lie where translated code has them. */
  readonly #machine: Machine;
  readonly #rom: Int32Array;
  readonly #interpreter: Interpreter;
  readonly #memory: { readonly buffer: ArrayBuffer };
  /** What is left of the grant: of weights, of steps. */
  readonly #left: Int32Array;
  /** For each word of the ROM its entry in a region; translate.ts has the form. */
  readonly #table: Int32Array;
  /** Numbered from 1. */
  readonly #regions: ((entry: number) => number)[] = [() => 0];
  /** How often the run came to each word from outside of translated code, since the last translation. */
  readonly #heat: Int32Array;
  /** The words of which that is not 0. */
  #warmWords: number[] = [];
  readonly #tuning: Tuning;
  #coldWork = 0;
  #nextTranslation: number;

  /** Throws a ProgramError where the ROM is none, a RangeError where this system has no memory left. */
  constructor(rom: Uint8Array, tuning = usual) {
    this.#interpreter = new Interpreter(rom);
    this.#rom = new Int32Array(new Uint8Array(rom).buffer);
    const pages = Math.ceil((place.table + rom.length) / 65_536);
    this.#memory = new engine.Memory({ initial: pages, maximum: pages });
    const { buffer } = this.#memory;
    this.ram = new Ram({ buffer, dirtyAt: place.dirty });
    this.ram.dirty.fill(0);
    this.#machine = { ...newMachine(), registers: new Int32Array(buffer, place.registers, 32) };
    this.#left = new Int32Array(buffer, place.meter, 2);
    this.#table = new Int32Array(buffer, place.table, this.#rom.length);
    this.#heat = new Int32Array(this.#rom.length);
    this.#tuning = tuning;
    this.#nextTranslation = tuning.first;
  }

  run(machine: Machine, ram: Ram, meterLimit: bigint, transitions: bigint): void {
    if (ram !== this.ram) throw new RangeError("a translator runs on its own RAM alone");
    copyMachine(machine, this.#machine);
    this.#run(machine.steps + transitions, meterLimit);
    copyMachine(this.#machine, machine);
  }

  #run(steps: bigint, meterLimit: bigint): void {
    const machine = this.#machine;
    let stretch = 0;
    while (machine.halt === Halt.running && machine.steps < steps) {
      const granted = Number(least(BigInt(maxGrant), least(steps - machine.steps, meterLimit - machine.meter)));
      // Each transition but the one that halts weighs at least 1.
      if (granted < minGrant) return void this.#interpret(granted + 1, steps, meterLimit);
      const entered = this.#enter(granted);
      if (entered === "used-up") continue;
      // Far from translated code whole stretches are interpreted, each up to a jump: where translated code may begin.
      stretch = entered === "left" ? 0 : Math.min(longestStretch, 2 * stretch + 1);
      let work = stretch === 0 ? 0 : this.#interpret(stretch, steps, meterLimit);
      work += this.#interpret(this.#straight(machine.pc >>> 2), steps, meterLimit);
      this.#warm(machine.pc >>> 2, work);
      if (this.#coldWork >= this.#nextTranslation) this.#translate();
    }
  }

  /** Runs translated code, where the run stands before any, until it leaves that or needs another grant. */
  #enter(granted: number): "nowhere" | "left" | "used-up" {
    const machine = this.#machine;
    const left = this.#left;
    const table = this.#table;
    let pc = machine.pc;
    let entry = table[pc >>> 2] ?? 0;
    if (entry === 0) return "nowhere";
    left.fill(granted);
    do {
      this.#warm(pc >>> 2, passageCost);
      pc = this.#regions[Math.floor(entry / maxEntries)]!(entry % maxEntries);
      entry = (pc & 1) === 0 ? (table[pc >>> 2] ?? 0) : 0;
    } while (entry !== 0);
    machine.pc = pc & ~1;
    machine.meter += BigInt(granted - left[0]!);
    machine.steps += BigInt(granted - left[1]!);
    return (pc & 1) === 0 ? "left" : "used-up";
  }

  /** At most `transitions`, and none beyond `steps` in all; returns how many. */
  #interpret(transitions: number, steps: bigint, meterLimit: bigint): number {
    const machine = this.#machine;
    const before = machine.steps;
    this.#interpreter.run(machine, this.ram, meterLimit, least(BigInt(transitions), steps - before));
    return Number(machine.steps - before);
  }

  /** Instructions from `word` on up to the next that may go elsewhere. */
  #straight(word: number): number {
    for (let count = 1; count < longestStraight; count++, word++) {
      const operation = operationOf(this.#rom[word] ?? 0);
      if (isBranch(operation) || operation === Op.jal || operation === Op.jalr) return count;
    }
    return longestStraight;
  }

  #warm(word: number, work: number): void {
    this.#coldWork += work;
    const before = this.#heat[word];
    if (before === undefined) return;
    if (before === 0) this.#warmWords.push(word);
    this.#heat[word] = before + work;
  }

  #translate(): void {
    const heat = this.#heat;
    const seeds = this.#warmWords.sort((a, b) => heat[b]! - heat[a]!);
    const instructions = Math.min(regionLimits.instructions, this.#nextTranslation / this.#tuning.cost);
    const region = formRegion(this.#rom, seeds.slice(0, mostSeeds), { ...regionLimits, instructions });
    if (region !== undefined) {
      const number = this.#regions.length;
      const module = new engine.Module(translate(this.#rom, region, number));
      this.#regions.push(new engine.Instance(module, { vm: { memory: this.#memory } }).exports["run"] as (entry: number) => number);
      region.entries.forEach((block, entry) => (this.#table[region.blocks[block]!.start] = number * maxEntries + entry));
    }
    for (const word of seeds) heat[word] = 0;
    this.#warmWords = [];
    this.#coldWork = 0;
    this.#nextTranslation = Math.min(2 ** 30, this.#nextTranslation * this.#tuning.patience);
  }
}

function copyMachine(from: Machine, to: Machine): void {
  to.registers.set(from.registers);
  [to.pc, to.halt, to.steps, to.meter] = [from.pc, from.halt, from.steps, from.meter];
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

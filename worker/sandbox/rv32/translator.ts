/**
 * Runs a machine of chain/vm fast: what runs often is translated to WebAssembly, the rest and whatever halts the machine is interpreted. Machine
 * and memory are after any number of transitions what the interpreter alone makes them.
 */
import { Op, operationOf } from "../../../chain/vm/instructions.ts";
import { Interpreter, type Engine } from "../../../chain/vm/interpreter.ts";
import { Halt, newMachine, type Machine } from "../../../chain/vm/machine.ts";
import { Ram } from "../../../chain/vm/ram.ts";
import { engine, type Table } from "../wasm/engine.ts";
import { formRegion, isBranch } from "./region.ts";
import { maxEntries, maxGrant, passageHeat, passages, place, translate } from "./translate.ts";

/** Less is left to the interpreter; more than any block weighs. */
const minGrant = 4096;
/** Fewer transitions in translated code are not worth the way there and back. */
const worthwhile = 64;

/** When to translate how much; the work is counted in interpreted instructions. */
export interface Tuning {
  /** Work beside translated code before the first translation. */
  readonly first: number;
  /** Each translation waits for so many times the work of the one before: a program without hot parts is soon left to the interpreter. */
  readonly patience: number;
  /** What it takes to translate one instruction. */
  readonly cost: number;
}

const usual: Tuning = { first: 262_144, patience: 1.5, cost: 256 };
const regionLimits = { blocks: 512, instructions: 4096 } as const;
const mostSeeds = 512;
/** How many instructions are interpreted at most before the next look at whether translated code begins. */
const longestStretch = 1024;
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
  /** How much work brought the run to each word from outside of its region; halved at each translation. */
  readonly #heat: Int32Array;
  /** How often it went from region to region. */
  readonly #passages: Int32Array;
  /** Functions by the numbers of their regions, from 1. */
  readonly #regions: Table;
  #regionCount = 0;
  readonly #runTranslated: (pc: number) => number;
  readonly #tuning: Tuning;
  #coldWork = 0;
  #nextTranslation: number;

  /** Throws a ProgramError where the ROM is none, a RangeError where this system has no memory left. */
  constructor(rom: Uint8Array, tuning = usual) {
    this.#interpreter = new Interpreter(rom);
    this.#rom = new Int32Array(new Uint8Array(rom).buffer);
    const pages = Math.ceil((place.table + 2 * rom.length) / 65_536);
    this.#memory = new engine.Memory({ initial: pages, maximum: pages });
    const { buffer } = this.#memory;
    this.ram = new Ram({ buffer, dirtyAt: place.dirty });
    this.ram.dirty.fill(0);
    this.#machine = { ...newMachine(), registers: new Int32Array(buffer, place.registers, 32) };
    this.#left = new Int32Array(buffer, place.meter, 2);
    this.#table = new Int32Array(buffer, place.table, this.#rom.length);
    this.#heat = new Int32Array(buffer, place.table + rom.length, this.#rom.length);
    this.#passages = new Int32Array(buffer, place.passages, 1);
    this.#regions = new engine.Table({ element: "anyfunc", initial: 1 });
    this.#runTranslated = this.#instantiate(passages(rom.length));
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
      const before = machine.steps;
      const usedUp = this.#enter(granted);
      if (!usedUp) {
        // Far from translated code whole stretches are interpreted, each up to a jump: where translated code may begin.
        stretch = machine.steps - before >= worthwhile ? 0 : Math.min(longestStretch, 2 * stretch + 1);
        let work = stretch === 0 ? 0 : this.#interpret(stretch, steps, meterLimit);
        work += this.#interpret(this.#straight(machine.pc >>> 2), steps, meterLimit);
        const word = machine.pc >>> 2;
        if (word < this.#heat.length) this.#heat[word]! += work;
        this.#coldWork += work;
      }
      if (this.#coldWork >= this.#nextTranslation) this.#translate();
    }
  }

  /** Runs translated code, where there is any for where the run stands, until it leaves that; true where it needs another grant. */
  #enter(granted: number): boolean {
    const machine = this.#machine;
    if ((this.#table[machine.pc >>> 2] ?? 0) === 0) return false;
    const left = this.#left.fill(granted);
    this.#passages[0] = 0;
    const pc = this.#runTranslated(machine.pc);
    this.#coldWork += this.#passages[0] * passageHeat;
    machine.pc = pc & ~1;
    machine.meter += BigInt(granted - left[0]!);
    machine.steps += BigInt(granted - left[1]!);
    return (pc & 1) !== 0;
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

  #translate(): void {
    const heat = this.#heat;
    const seeds: number[] = [];
    for (let word = 0; word < heat.length; word++) if (heat[word] !== 0) seeds.push(word);
    seeds.sort((a, b) => heat[b]! - heat[a]!);
    const instructions = Math.min(regionLimits.instructions, this.#nextTranslation / this.#tuning.cost);
    const region = formRegion(this.#rom, seeds.slice(0, mostSeeds), { ...regionLimits, instructions });
    if (region !== undefined) {
      const number = ++this.#regionCount;
      this.#regions.grow(1);
      this.#regions.set(number, this.#instantiate(translate(this.#rom, region, number)));
      region.entries.forEach((block, entry) => (this.#table[region.blocks[block]!.start] = number * maxEntries + entry));
    }
    // What is hot within a region comes to no heat: it may not be forgotten when that region is joined with others.
    for (const word of seeds) heat[word]! >>= 1;
    this.#coldWork = 0;
    this.#nextTranslation = Math.min(2 ** 30, this.#nextTranslation * this.#tuning.patience);
  }

  #instantiate(module: Uint8Array): (argument: number) => number {
    return new engine.Instance(new engine.Module(module), { vm: { memory: this.#memory, regions: this.#regions } }).exports["run"] as (argument: number) => number;
  }
}

function copyMachine(from: Machine, to: Machine): void {
  to.registers.set(from.registers);
  [to.pc, to.halt, to.steps, to.meter] = [from.pc, from.halt, from.steps, from.meter];
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

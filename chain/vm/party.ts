/**
 * One side of a dispute: a run of a task that can be taken to any number of transitions, forwards and backwards, and says
 * what its state hashes to there. It keeps checkpoints, so that a narrower range does not begin at the start again.
 */
import { innerBoundaries, wholeRange, type Range } from "./bisection.ts";
import { initialMachine } from "./initial.ts";
import { Interpreter, type Engine } from "./interpreter.ts";
import { argumentsAt, inputAt, outputAt, ramDepth, regionBytes, regionDepth, romDepth } from "./layout.ts";
import { copyMachine, Halt, type Machine } from "./machine.ts";
import { MemoryTree } from "./memory-tree.ts";
import type { Program } from "./program.ts";
import { proveSegment, type SegmentProof } from "./prove.ts";
import { pageBytes, Ram, ramPages } from "./ram.ts";
import { fieldsOf, resultSize, stateHash, type FinalState } from "./state-hash.ts";

export interface Task {
  readonly program: Program;
  /** At most 16 MiB. */
  readonly input: Uint8Array;
  /** At most 64 KiB. */
  readonly arguments: Uint8Array;
  readonly taskIndex: number;
  readonly meterLimit: bigint;
}

export interface PartyOptions {
  /** For the program's ROM, and for this party alone. Default: an interpreter. */
  readonly engine?: Engine;
  /** Pages of 4 KiB that checkpoints may keep beside RAM; default 32,768 (128 MiB), never less than the first state's. */
  readonly mostPages?: number;
  /** Transitions between checkpoints of the run as a whole, doubled whenever there are too many; default 2^22. */
  readonly interval?: bigint;
}

/** How a run ended, as a result carries it. */
export interface Outcome {
  readonly final: FinalState;
  /** Of the output region: the result's digest. */
  readonly outputRoot: Uint8Array;
  readonly stateHash: Uint8Array;
  /** The result: empty where the program did not end well. */
  readonly output: Uint8Array;
}

/** A page as it was; `bytes` is undefined where all are zero. */
interface Page {
  readonly bytes: Uint8Array | undefined;
  /** Where it was hashed before it was copied. */
  readonly root: Uint8Array | undefined;
  /** The last count of pages that saw it. */
  counted: number;
}

interface Checkpoint {
  readonly machine: Machine;
  readonly pages: readonly Page[];
}

/** Checkpoints of the run as a whole. */
const mostCoarse = 32;

export class Party {
  readonly meterLimit: bigint;
  readonly #engine: Engine;
  readonly #rom: { readonly bytes: Uint8Array; readonly tree: MemoryTree };
  readonly #ram: Ram;
  readonly #tree = new MemoryTree(ramDepth);
  readonly #machine: Machine;
  /** Pages whose hash in the tree is not theirs. */
  readonly #unhashed = new Uint8Array(ramPages);
  /** What RAM's pages are copies of; undefined where they changed since. */
  readonly #pages: (Page | undefined)[];
  readonly #mostPages: number;
  /** At least as many pages as checkpoints keep; counted again before any is given up. */
  #kept = 0;
  #counts = 0;
  /** In the order of their steps: the first is the initial state; the others lie `#interval` or more apart. */
  #coarse: Checkpoint[] = [];
  #interval: bigint;
  /** At the boundaries of the range that was cut last. */
  #fine: Checkpoint[] = [];

  /** Hashes program and input. Throws a RangeError or a ProgramError where something is too large. */
  constructor(task: Task, { engine, mostPages = 32_768, interval = 1n << 22n }: PartyOptions = {}) {
    const { program, input, arguments: args, taskIndex, meterLimit } = task;
    wholeRange(meterLimit);
    this.#machine = initialMachine({ inputSize: input.length, argumentsSize: args.length, taskIndex });
    if (program.data.length > regionBytes) throw new RangeError(`${program.data.length} bytes of data, a program starts with at most ${regionBytes}`);
    this.meterLimit = meterLimit;
    this.#interval = interval;
    this.#engine = engine ?? new Interpreter(program.rom);
    this.#ram = this.#engine.ram ?? new Ram();
    this.#rom = { bytes: program.rom, tree: MemoryTree.of(program.rom, romDepth) };
    const zero: Page = { bytes: undefined, root: this.#tree.pageRoot(0), counted: 0 };
    this.#pages = new Array<Page>(ramPages).fill(zero);
    this.#ram.write(0, program.data);
    this.#ram.write(argumentsAt, args);
    this.#ram.write(inputAt, input);
    this.#rehash();
    this.#coarse.push(this.#checkpoint());
    this.#mostPages = Math.max(mostPages, 2 * this.#kept);
  }

  get romRoot(): Uint8Array {
    return this.#rom.tree.root();
  }

  /** The state's hash after so many transitions from the start; it stays what it is once the machine has halted. */
  hashAfter(transitions: bigint): Uint8Array {
    this.#goTo(transitions);
    return this.#hash();
  }

  /** The hashes at the boundaries between the range's parts: what a provider answers, and what a challenger holds against it. */
  innerHashes(range: Range): Uint8Array[] {
    this.#goTo(range.low);
    this.#fine = [this.#checkpoint()];
    let stride = 1;
    return innerBoundaries(range).map((boundary, i) => {
      const hash = this.hashAfter(boundary);
      if (this.#machine.halt === Halt.running && (i + 1) % stride === 0) {
        this.#fine.push(this.#checkpoint());
        if (this.#tooManyPages()) {
          this.#fine = everySecond(this.#fine);
          stride *= 2;
        }
      }
      return hash;
    });
  }

  /** The state at the beginning of a range no longer than a segment, and the witness for its transitions; undefined where that is larger than the chain takes, and the range is to be cut on. */
  prove(range: Range): SegmentProof | undefined {
    this.#goTo(range.low);
    this.#rehash();
    return proveSegment({ machine: this.#machine, ram: { bytes: this.#ram.bytes, tree: this.#tree }, rom: this.#rom }, Number(range.length), this.meterLimit);
  }

  /** Runs to the end. */
  outcome(maxResultSize: bigint): Outcome {
    this.#goTo(wholeRange(this.meterLimit).length);
    const hash = this.#hash();
    const final: FinalState = { ...fieldsOf(this.#machine), lowRoot: this.#tree.node(ramDepth - 1, 0), inputRoot: this.#tree.node(regionDepth, inputAt / regionBytes) };
    const size = Number(resultSize(final, maxResultSize));
    return { final, outputRoot: this.#tree.node(regionDepth, outputAt / regionBytes), stateHash: hash, output: this.#ram.bytes.slice(outputAt, outputAt + size) };
  }

  /** Takes the machine there: from where it is, or from the nearest checkpoint before. */
  #goTo(transitions: bigint): void {
    const at = (checkpoint: Checkpoint): bigint => checkpoint.machine.steps;
    const before = [...this.#coarse, ...this.#fine].filter((checkpoint) => at(checkpoint) <= transitions);
    const nearest = before.reduce((best, checkpoint) => (at(checkpoint) > at(best) ? checkpoint : best));
    if (this.#machine.steps > transitions || at(nearest) > this.#machine.steps) this.#restore(nearest);
    while (this.#machine.steps < transitions && this.#machine.halt === Halt.running) {
      const next = this.#nextCoarse();
      this.#engine.run(this.#machine, this.#ram, this.meterLimit, (next < transitions ? next : transitions) - this.#machine.steps);
      if (this.#machine.steps === next && this.#machine.halt === Halt.running) this.#keepCoarse();
    }
  }

  /** Where the next checkpoint of the whole run is due. */
  #nextCoarse(): bigint {
    const { steps } = this.#machine;
    const last = this.#coarse.at(-1)!.machine.steps;
    return (steps > last ? steps - ((steps - last) % this.#interval) : last) + this.#interval;
  }

  #keepCoarse(): void {
    this.#coarse.push(this.#checkpoint());
    while (this.#coarse.length > mostCoarse || (this.#tooManyPages() && this.#coarse.length > 2)) {
      this.#coarse = everySecond(this.#coarse);
      this.#interval *= 2n;
    }
  }

  #collect(): void {
    const { dirty } = this.#ram;
    for (let page = dirty.indexOf(1); page >= 0; page = dirty.indexOf(1, page + 1)) {
      dirty[page] = 0;
      this.#pages[page] = undefined;
      this.#unhashed[page] = 1;
    }
  }

  #rehash(): void {
    this.#collect();
    this.#tree.update(this.#ram.bytes, this.#unhashed);
  }

  #hash(): Uint8Array {
    this.#rehash();
    return stateHash(this.#machine, this.#tree.root());
  }

  #checkpoint(): Checkpoint {
    this.#collect();
    const pages: Page[] = [];
    for (let page = 0; page < ramPages; page++) pages.push((this.#pages[page] ??= this.#copy(page)));
    return { machine: copyMachine(this.#machine), pages };
  }

  #copy(page: number): Page {
    this.#kept++;
    return { bytes: this.#ram.bytes.slice(page * pageBytes, (page + 1) * pageBytes), root: this.#unhashed[page] === 1 ? undefined : this.#tree.pageRoot(page), counted: 0 };
  }

  #restore({ machine, pages }: Checkpoint): void {
    this.#collect();
    pages.forEach((page, i) => {
      if (this.#pages[i] === page) return;
      this.#pages[i] = page;
      const at = i * pageBytes;
      if (page.bytes === undefined) this.#ram.bytes.fill(0, at, at + pageBytes);
      else this.#ram.bytes.set(page.bytes, at);
      if (page.root === undefined) this.#unhashed[i] = 1;
      else {
        this.#unhashed[i] = 0;
        this.#tree.setPage(i, page.root);
      }
    });
    const { pc, halt, steps, meter, registers } = machine;
    this.#machine.registers.set(registers);
    this.#machine.pc = pc;
    this.#machine.halt = halt;
    this.#machine.steps = steps;
    this.#machine.meter = meter;
  }

  /** Whether all checkpoints together keep more pages than they may. */
  #tooManyPages(): boolean {
    if (this.#kept <= this.#mostPages) return false;
    this.#kept = 0;
    this.#counts++;
    for (const { pages } of [...this.#coarse, ...this.#fine]) {
      for (const page of pages) {
        if (page.bytes === undefined || page.counted === this.#counts) continue;
        page.counted = this.#counts;
        this.#kept++;
      }
    }
    return this.#kept > this.#mostPages;
  }
}

/** The first, the third and so on. */
function everySecond<T>(list: readonly T[]): T[] {
  return list.filter((_, i) => i % 2 === 0);
}

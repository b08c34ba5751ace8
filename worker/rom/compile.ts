/**
 * Compiles a module of "dcm wasm v1" to a program of the refereed machine: same module, same bytes. The program frames its result as the
 * WebAssembly runtime does: status, exit code, output.
 */
import { readFileSync } from "node:fs";
import { InvalidModule, Reader } from "../sandbox/wasm/binary.ts";
import { checkModule } from "../sandbox/wasm/check-module.ts";
import { MemoryTooLarge } from "../sandbox/wasm/instrument.ts";
import { link, RoutineTooLong, type Routine } from "./assembler.ts";
import { readBody, wordsOf } from "./body.ts";
import { compileFunction, type Intrinsic, type Surroundings } from "./function.ts";
import { globalPointer, growRefusedAt, mostPages, runtimeDataAt, stackLimit, staticsAt, staticsEnd } from "./layout.ts";
import { pageBytes, readModule, type ModuleParts } from "./module.ts";
import { fixedRoutine, routines } from "./routines.ts";
import { startRoutine, trapRoutine, type Start } from "./start.ts";

export interface CompiledProgram {
  /** Instructions from address 0 on. */
  readonly rom: Uint8Array;
  /** What RAM holds from address 0 on, without the zeros at its end. */
  readonly data: Uint8Array;
  /** Functions that were compiled, those of the runtime included: what nothing can call is left out. */
  readonly functions: number;
}

/** The machine's. */
const romBytes = 1 << 24;
const dataBytes = 1 << 24;
/** Up to here every routine reaches every other with one instruction. */
const nearBytes = 1_000_000;
const nowhere = -1;

/**
 * Throws InvalidModule, with what to change, where the module is outside "dcm wasm v1" or needs what the machine has not.
 */
export function compile(bytes: Uint8Array): CompiledProgram {
  check(bytes);
  const program = readModule(bytes);
  try {
    const linker = new Linker(program, false);
    const near = linker.build();
    return near.rom.length <= nearBytes ? near : new Linker(program, true).build();
  } catch (error) {
    if (error instanceof RoutineTooLong) throw new InvalidModule(`a function is too large: ${error.message}`);
    throw error;
  }
}

function check(bytes: Uint8Array): void {
  try {
    checkModule(bytes, mostPages);
  } catch (error) {
    if (error instanceof MemoryTooLarge) throw new InvalidModule(`${error.message}: a compiled program has at most ${mostPages} pages of 64 KiB`);
    throw error;
  }
}

let runtimeParts: ModuleParts | undefined;

function runtime(): ModuleParts {
  return (runtimeParts ??= readModule(new Uint8Array(readFileSync(new URL("runtime.wasm", import.meta.url)))));
}

/** Imports that the runtime answers under another name than the rest. */
function runtimeName(module: string, name: string): string {
  if (module !== "wasi_snapshot_preview1") return `${module}_${name}`;
  if (runtime().exports.has(name)) return name;
  return name.startsWith("fd_") ? "fd_unsupported" : name === "poll_oneoff" ? "unsupported" : "notCapable";
}

class Linker {
  readonly #program: ModuleParts;
  readonly #runtime = runtime();
  readonly #far: boolean;
  /** Of the globals, program first. */
  readonly #globals: readonly number[];
  readonly #tables: readonly { readonly address: number; readonly size: number }[];
  readonly #typeIds: readonly number[];
  readonly #end: number;

  constructor(program: ModuleParts, far: boolean) {
    this.#program = program;
    this.#far = far;
    let at = Math.max(runtimeDataAt, ...this.#runtime.data.map(({ offset, bytes }) => offset + bytes.length));
    const place = (size: number): number => {
      at = (at + 7) & ~7;
      return (at += size) - size;
    };
    this.#globals = [...this.#runtime.globals, ...program.globals].map(({ type }) => place(4 * wordsOf(type)));
    this.#tables = program.tables.map(({ least }) => ({ address: place(8 * least), size: least }));
    this.#end = place(0);
    if (this.#end > staticsEnd) throw new InvalidModule(`globals and tables take ${this.#end - staticsAt} bytes, the limit is ${staticsEnd - staticsAt}`);
    const ids = new Map<string, number>();
    this.#typeIds = program.types.map(({ paramTypes, results }) => {
      const text = `${paramTypes.join()}:${results.join()}`;
      if (!ids.has(text)) ids.set(text, ids.size);
      return ids.get(text)!;
    });
  }

  build(): CompiledProgram {
    const elements = this.#elements();
    const roots = new Set(elements.flat().filter((index) => index >= 0).map((index) => this.#programSymbol(index)));
    const compiled = this.#compileFrom([routines.start, routines.trap, ...roots]);
    const symbols = [...compiled.keys()].filter((symbol) => symbol !== routines.start).sort((a, b) => a - b);
    // The start routine holds where its data lies, not how large the code is.
    const addresses = new Map<number, number>();
    let length = 0;
    for (const symbol of [routines.start, ...symbols]) {
      addresses.set(symbol, length);
      length += 4 * compiled.get(symbol)!.words.length;
    }
    if (length > romBytes) throw new InvalidModule(`the program has ${length} bytes of instructions, the machine has room for ${romBytes}`);
    const code = new Int32Array(length / 4);
    for (const symbol of [routines.start, ...symbols]) {
      const { words, references } = compiled.get(symbol)!;
      const from = addresses.get(symbol)! / 4;
      code.set(words, from);
      if (length > nearBytes && !this.#far) continue;
      for (const { at, symbol: target, link: register } of references) link(code, from + at, register, addresses.get(target)! - 4 * (from + at), this.#far);
    }
    const data = this.#data(elements, addresses);
    return { rom: littleEndian(code), data, functions: symbols.filter((symbol) => symbol >= 0).length };
  }

  /** Function indices of each table; -1 where it is empty. */
  #elements(): number[][] {
    const tables = this.#program.tables.map(({ least }) => new Array<number>(least).fill(nowhere));
    for (const [index, { table, offset, functions }] of this.#program.elements.entries()) {
      const entries = tables[table]!;
      if (offset + functions.length > entries.length) throw new InvalidModule(`element segment ${index} ends at ${offset + functions.length}, behind the table's ${entries.length} elements: every run would trap`);
      for (const [i, value] of functions.entries()) entries[offset + i] = value;
    }
    return tables;
  }

  /** Everything that these can reach. */
  #compileFrom(roots: readonly number[]): Map<number, Routine> {
    const compiled = new Map<number, Routine>();
    const waiting = [...roots];
    for (let symbol = waiting.pop(); symbol !== undefined; symbol = waiting.pop()) {
      if (compiled.has(symbol)) continue;
      const routine = this.#compile(symbol);
      compiled.set(symbol, routine);
      waiting.push(...routine.references.map((reference) => reference.symbol));
    }
    return compiled;
  }

  #compile(symbol: number): Routine {
    if (symbol === routines.start) return startRoutine(this.#start(), this.#far);
    if (symbol === routines.trap) return trapRoutine(this.#helper("finishTrap"), this.#far);
    if (symbol < 0) return fixedRoutine(symbol, this.#far)!;
    const ofProgram = symbol < this.#program.functions.length;
    const module = ofProgram ? this.#program : this.#runtime;
    const index = ofProgram ? symbol : symbol - this.#program.functions.length;
    const body = module.bodies[index - module.imports.length]!;
    const type = module.types[module.functions[index]!]!;
    return compileFunction(readBody(new Reader(body.bytes, body.at, body.end), type.paramTypes, module), type, this.#surroundings(ofProgram));
  }

  #surroundings(ofProgram: boolean): Surroundings {
    const module = ofProgram ? this.#program : this.#runtime;
    return {
      module, raw: !ofProgram, far: this.#far,
      symbolOf: ofProgram ? (index) => this.#programSymbol(index) : (index) => this.#program.functions.length + index,
      helper: (name) => this.#helper(name),
      intrinsic: (index) => (ofProgram ? undefined : (module.imports[index]?.name as Intrinsic | undefined)),
      globalAddress: (index) => this.#globals[ofProgram ? this.#runtime.globals.length + index : index]!,
      table: (index) => this.#tables[index]!,
      typeId: (index) => this.#typeIds[index]!,
      leastPages: this.#program.memory.least,
      mostPages: Math.min(mostPages, this.#program.memory.most ?? mostPages),
      layout: { globalPointer, stackLimit, growRefused: growRefusedAt },
    };
  }

  #helper(name: string): number {
    return this.#program.functions.length + this.#runtime.exports.get(name)!;
  }

  #programSymbol(index: number): number {
    const imported = this.#program.imports[index];
    return imported === undefined ? index : this.#helper(runtimeName(imported.module, imported.name));
  }

  #start(): Start {
    const { exports, functions, types, start, memory } = this.#program;
    const entry = exports.get("_start") ?? exports.get("run")!;
    const { from, to, at } = this.#blob();
    return {
      from, to, at, memoryBytes: memory.least * pageBytes,
      begin: this.#helper("begin"), finish: this.#helper("finish"), ...(start === undefined ? {} : { first: this.#programSymbol(start) }),
      entry: this.#programSymbol(entry), givesCode: types[functions[entry]!]!.results.length > 0,
    };
  }

  /** The statics wait behind the program's data until the start routine moves [from, to) there from `at`. */
  #blob(): { from: number; to: number; at: number } {
    const dataEnd = this.#program.data.reduce((end, { offset, bytes }) => Math.max(end, offset + bytes.length), 0);
    const at = (dataEnd + 7) & ~7;
    const size = this.#end - runtimeDataAt;
    if (at + size > dataBytes) throw new InvalidModule(`data segments end at ${dataEnd}; a compiled program has room for data up to ${dataBytes - size}`);
    return { from: runtimeDataAt, to: this.#end, at };
  }

  #data(elements: readonly (readonly number[])[], addresses: ReadonlyMap<number, number>): Uint8Array {
    const { data, memory, functions } = this.#program;
    const { from, to, at } = this.#blob();
    const image = new Uint8Array(at + to - from);
    for (const [index, { offset, bytes }] of data.entries()) {
      if (offset + bytes.length > memory.least * pageBytes) throw new InvalidModule(`data segment ${index} ends at ${offset + bytes.length}, behind the memory's ${memory.least * pageBytes} bytes: every run would trap`);
      image.set(bytes, offset);
    }
    const view = new DataView(image.buffer, at);
    const put = (address: number, words: readonly number[]): void => words.forEach((value, i) => view.setInt32(address - from + 4 * i, value, true));
    for (const { offset, bytes } of this.#runtime.data) image.set(bytes, at + offset - from);
    for (const [index, { words }] of [...this.#runtime.globals, ...this.#program.globals].entries()) put(this.#globals[index]!, words);
    for (const [table, entries] of elements.entries()) {
      entries.forEach((index, i) => put(this.#tables[table]!.address + 8 * i, index < 0 ? [0, nowhere] : [addresses.get(this.#programSymbol(index))!, this.#typeIds[functions[index]!]!]));
    }
    return image.subarray(0, image.findLastIndex((byte) => byte !== 0) + 1);
  }
}

function littleEndian(words: Int32Array): Uint8Array {
  const bytes = new Uint8Array(4 * words.length);
  const view = new DataView(bytes.buffer);
  words.forEach((word, i) => view.setInt32(4 * i, word, true));
  return bytes;
}

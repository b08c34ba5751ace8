/** Rewrites a module so that its run is bounded and metered, the same on every machine (docs/adr/0003-wasm-metering.md). */
import { InvalidModule, Reader, Writer } from "./binary.ts";
import { plainType, rewriteFunction, type FunctionType } from "./function.ts";
import { importSignature } from "./imports.ts";

/** Limits of "dcm wasm v1": part of what replicas agree on. */
export const moduleLimits = { bytes: 16 << 20, functions: 50_000, types: 10_000, imports: 200, exports: 10_000, tableElements: 65_536, globals: 10_000, results: 16, params: 255 } as const;

/** Exports of the rewritten module that the host reads; no module may export them itself. */
export const reserved = { fuel: "dcm:fuel", flags: "dcm:flags", depth: "dcm:depth", start: "dcm:start" } as const;

export interface Instrumented {
  readonly module: Uint8Array;
  /** What to call, in order: the start function where there is one, then `_start` or `run`. */
  readonly calls: readonly string[];
  /** Pages that the memory begins with. */
  readonly initialPages: number;
}

/** The program asks for more memory at its start than it may have. */
export class MemoryTooLarge extends Error {
  override readonly name = "MemoryTooLarge";
}

const sectionNames = ["custom", "type", "import", "function", "table", "memory", "global", "export", "start", "element", "code", "data", "data count"];

/**
 * `bytes` must have passed WebAssembly.validate. Throws InvalidModule where the module is outside "dcm wasm v1", MemoryTooLarge where it
 * starts with more than `maxPages`.
 */
export function instrument(bytes: Uint8Array, fuel: bigint, maxPages: number): Instrumented {
  if (bytes.length > moduleLimits.bytes) throw new InvalidModule(`the module has ${bytes.length} bytes; the limit is ${moduleLimits.bytes}`);
  const sections = readSections(bytes);
  const types = readTypes(sections[1]);
  const functions = [...readImports(sections[2], types), ...readFunctions(sections[3], types)];
  if (functions.length > moduleLimits.functions) throw new InvalidModule(`the module has ${functions.length} functions; the limit is ${moduleLimits.functions}`);
  const imported = functions.length - count(sections[3]);
  checkTables(sections[4]);
  const memory = readMemory(sections[5], maxPages);
  const globals = count(sections[6]);
  if (globals > moduleLimits.globals) throw new InvalidModule(`the module has ${globals} globals; the limit is ${moduleLimits.globals}`);
  const exported = readExports(sections[7], functions);
  const start = sections[8] === undefined ? undefined : new Reader(sections[8]).u32();

  const added: (readonly number[])[] = [];
  const resultBlock = (results: readonly number[]): bigint => {
    if (results.length === 0) return -64n;
    if (results.length === 1) return BigInt(results[0]! - 128);
    const known = added.findIndex((other) => other.length === results.length && other.every((type, i) => type === results[i]));
    return BigInt(types.length + (known >= 0 ? known : added.push(results) - 1));
  };
  const around = { types, functions, fuelGlobal: globals, depthGlobal: globals + 1, flagsGlobal: globals + 2, maxPages: memory.max, resultBlock };
  const code = rewriteCode(sections[10], functions.slice(imported), around);

  const out = new Writer(bytes.length * 2);
  out.append(bytes.subarray(0, 8));
  const section = (id: number, content: Uint8Array | undefined): void => {
    if (content === undefined) return;
    out.byte(id);
    out.u32(content.length);
    out.append(content);
  };
  section(1, extended(sections[1], added.length, (to) => added.forEach((results) => writeType(to, results))));
  for (const id of [2, 3, 4]) section(id, sections[id]);
  section(5, memory.section);
  section(6, extended(sections[6], 3, (to) => writeGlobals(to, fuel)));
  const names = [reserved.fuel, reserved.depth, reserved.flags];
  section(7, extended(sections[7], names.length + (start === undefined ? 0 : 1), (to) => {
    names.forEach((name, i) => writeExport(to, name, 3, globals + i));
    if (start !== undefined) writeExport(to, reserved.start, 0, start);
  }));
  for (const id of [9, 12]) section(id, sections[id]);
  section(10, code);
  section(11, sections[11]);
  return { module: out.take(), calls: [...(start === undefined ? [] : [reserved.start]), exported], initialPages: memory.initial };
}

/** Content by section id; custom sections are left out. */
export function readSections(bytes: Uint8Array): (Uint8Array | undefined)[] {
  const reader = new Reader(bytes, 8);
  const sections: (Uint8Array | undefined)[] = [];
  while (!reader.done) {
    const id = reader.byte();
    const content = reader.take(reader.u32());
    if (id >= sectionNames.length) throw new InvalidModule(`section ${id} is not part of dcm wasm v1`);
    if (id !== 0) sections[id] = content;
  }
  return sections;
}

function count(section: Uint8Array | undefined): number {
  return section === undefined ? 0 : new Reader(section).u32();
}

export function readTypes(section: Uint8Array | undefined): FunctionType[] {
  const reader = new Reader(section ?? new Uint8Array(1));
  const n = reader.u32();
  if (n > moduleLimits.types) throw new InvalidModule(`the module has ${n} types; the limit is ${moduleLimits.types}`);
  return Array.from({ length: n }, () => {
    const form = reader.byte();
    if (form !== 0x60) throw new InvalidModule(`a type of form 0x${form.toString(16)} is not part of dcm wasm v1: only functions`);
    const params = plainTypes(reader, moduleLimits.params);
    return { params: params.length, paramTypes: params, results: plainTypes(reader, moduleLimits.results) };
  });
}

function plainTypes(reader: Reader, limit: number): number[] {
  const n = reader.u32();
  if (n > limit) throw new InvalidModule(`a function type lists ${n} values; the limit is ${limit}`);
  return Array.from({ length: n }, () => plainType(reader.byte()));
}

function readImports(section: Uint8Array | undefined, types: readonly FunctionType[]): FunctionType[] {
  const reader = new Reader(section ?? new Uint8Array(1));
  const n = reader.u32();
  if (n > moduleLimits.imports) throw new InvalidModule(`the module has ${n} imports; the limit is ${moduleLimits.imports}`);
  return Array.from({ length: n }, () => {
    const module = reader.name();
    const name = reader.name();
    const kind = reader.byte();
    const label = `${module.slice(0, 60)}.${name.slice(0, 60)}`;
    if (kind !== 0) throw new InvalidModule(`the import ${label} is not a function`);
    const type = types[reader.u32()]!;
    const wanted = importSignature(module, name);
    if (wanted === undefined) throw new InvalidModule(`the import ${label} is not offered; worker/README.md lists what is`);
    if (!equal(type.paramTypes, wanted.params) || !equal(type.results, wanted.results)) throw new InvalidModule(`the import ${label} is declared with another type than it has`);
    return type;
  });
}

function equal(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

function readFunctions(section: Uint8Array | undefined, types: readonly FunctionType[]): FunctionType[] {
  const reader = new Reader(section ?? new Uint8Array(1));
  return Array.from({ length: Math.min(reader.u32(), moduleLimits.functions + 1) }, () => types[reader.u32()]!);
}

function checkTables(section: Uint8Array | undefined): void {
  const reader = new Reader(section ?? new Uint8Array(1));
  for (let n = reader.u32(); n > 0; n--) {
    if (reader.byte() !== 0x70) throw new InvalidModule("a table of other things than functions is not part of dcm wasm v1");
    const bounds = reader.byte();
    if (bounds > 1) throw new InvalidModule("a shared or 64-bit table is not part of dcm wasm v1");
    const elements = reader.u32();
    if (elements > moduleLimits.tableElements) throw new InvalidModule(`a table has ${elements} elements; the limit is ${moduleLimits.tableElements}`);
    if (bounds === 1) reader.u32();
    if (n > 16) throw new InvalidModule("more than 16 tables");
  }
}

function readMemory(section: Uint8Array | undefined, maxPages: number): { section: Uint8Array; initial: number; max: number } {
  const reader = new Reader(section ?? new Uint8Array(1));
  const n = reader.u32();
  if (n !== 1) throw new InvalidModule(n === 0 ? "the module has no memory of its own; export one named memory" : "the module has several memories");
  const bounds = reader.byte();
  if (bounds > 1) throw new InvalidModule("a shared or 64-bit memory is not part of dcm wasm v1");
  const initial = reader.u32();
  if (initial > maxPages) throw new MemoryTooLarge(`the memory begins with ${initial} pages; the task may have ${maxPages}`);
  const max = Math.min(bounds === 1 ? reader.u32() : maxPages, maxPages);
  const out = new Writer(16);
  out.byte(1, 1);
  out.u32(initial);
  out.u32(max);
  return { section: out.take(), initial, max };
}

/** The name of the entry function. */
function readExports(section: Uint8Array | undefined, functions: readonly FunctionType[]): string {
  const reader = new Reader(section ?? new Uint8Array(1));
  const n = reader.u32();
  if (n > moduleLimits.exports) throw new InvalidModule(`the module has ${n} exports; the limit is ${moduleLimits.exports}`);
  const entries = new Map<string, FunctionType>();
  let memory = false;
  for (let i = 0; i < n; i++) {
    const name = reader.name();
    const kind = reader.byte();
    const index = reader.u32();
    if (name.startsWith("dcm:")) throw new InvalidModule(`the export ${name.slice(0, 60)} is reserved: names that begin with dcm: are the host's`);
    if (kind === 0 && (name === "run" || name === "_start")) entries.set(name, functions[index]!);
    if (kind === 2 && name === "memory") memory = true;
  }
  if (!memory) throw new InvalidModule("the module does not export its memory under the name memory");
  const name = entries.has("_start") ? "_start" : "run";
  const entry = entries.get(name);
  if (entry === undefined) throw new InvalidModule("the module exports neither _start nor run");
  const results = name === "_start" ? [[]] : [[], [0x7f]];
  if (entry.params !== 0 || !results.some((wanted) => equal(wanted, entry.results))) throw new InvalidModule(`${name} must take nothing and give ${name === "run" ? "nothing or an i32" : "nothing"}`);
  return name;
}

function rewriteCode(section: Uint8Array | undefined, own: readonly FunctionType[], around: Parameters<typeof rewriteFunction>[2]): Uint8Array | undefined {
  if (section === undefined) return undefined;
  const reader = new Reader(section);
  const out = new Writer(section.length * 2);
  out.u32(reader.u32());
  for (const type of own) {
    const size = reader.u32();
    const body = rewriteFunction(new Reader(section, reader.at, reader.at + size), type, around);
    reader.at += size;
    out.u32(body.length);
    out.append(body);
  }
  return out.take();
}

/** A section's vector with `more` entries after its own. */
function extended(section: Uint8Array | undefined, more: number, write: (to: Writer) => void): Uint8Array | undefined {
  if (more === 0) return section;
  const reader = new Reader(section ?? new Uint8Array(1));
  const out = new Writer(reader.end + 64);
  out.u32(reader.u32() + more);
  out.append(reader.bytes.subarray(reader.at));
  write(out);
  return out.take();
}

function writeType(to: Writer, results: readonly number[]): void {
  to.byte(0x60, 0);
  to.u32(results.length);
  to.byte(...results);
}

function writeGlobals(to: Writer, fuel: bigint): void {
  to.byte(0x7e, 1, 0x42);
  to.signed(fuel);
  to.byte(0x0b, 0x7f, 1, 0x41, 0, 0x0b, 0x7f, 1, 0x41, 0, 0x0b);
}

function writeExport(to: Writer, name: string, kind: number, index: number): void {
  to.name(name);
  to.byte(kind);
  to.u32(index);
}

/** What the compiler reads of a module that has passed WebAssembly.validate. */
import { InvalidModule, Reader } from "../sandbox/wasm/binary.ts";
import type { FunctionType } from "../sandbox/wasm/function.ts";
import { readSections, readTypes } from "../sandbox/wasm/instrument.ts";

export const types = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, funcref: 0x70 } as const;
export const pageBytes = 65_536;

export interface ImportedFunction {
  readonly module: string;
  readonly name: string;
}

export interface Limits {
  readonly least: number;
  readonly most: number | undefined;
}

export interface Segment {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export interface ElementSegment {
  readonly table: number;
  readonly offset: number;
  /** Function indices; -1 for null. */
  readonly functions: readonly number[];
}

export interface ModuleParts {
  readonly types: readonly FunctionType[];
  readonly imports: readonly ImportedFunction[];
  /** Of each function, imported ones first: index of its type. */
  readonly functions: readonly number[];
  readonly tables: readonly Limits[];
  readonly memory: Limits;
  /** Type and initial bits of each global, low word first. */
  readonly globals: readonly { readonly type: number; readonly words: readonly number[] }[];
  readonly exports: ReadonlyMap<string, number>;
  readonly start: number | undefined;
  readonly elements: readonly ElementSegment[];
  /** Readers over the bodies of the functions that are not imported. */
  readonly bodies: readonly Reader[];
  readonly data: readonly Segment[];
}

/** Throws InvalidModule, by name, at what the compiler does not support. */
export function readModule(bytes: Uint8Array): ModuleParts {
  const sections = readSections(bytes);
  const each = <T>(id: number, read: (reader: Reader, index: number) => T): T[] => {
    const reader = new Reader(sections[id] ?? new Uint8Array(1));
    return Array.from({ length: reader.u32() }, (_, index) => read(reader, index));
  };
  const functionTypes = readTypes(sections[1]);
  const functions: number[] = [];
  const imports = each(2, (reader) => {
    const module = reader.name();
    const name = reader.name();
    if (reader.byte() !== 0) throw new InvalidModule(`the import ${module}.${name} is not a function`);
    functions.push(reader.u32());
    return { module, name };
  });
  functions.push(...each(3, (reader) => reader.u32()));
  const tables = each(4, (reader) => {
    if (reader.byte() !== types.funcref) throw new InvalidModule("a table of other things than functions cannot be compiled");
    return readLimits(reader);
  });
  const memories = each(5, readLimits);
  const globals: { type: number; words: readonly number[] }[] = [];
  each(6, (reader, index) => {
    const type = reader.byte();
    reader.byte();
    globals.push({ type, words: constant(reader, globals, `the initial value of global ${index}`) });
  });
  const exports = new Map<string, number>();
  each(7, (reader) => {
    const name = reader.name();
    const kind = reader.byte();
    const index = reader.u32();
    if (kind === 0) exports.set(name, index);
  });
  const elements = each(9, (reader, index) => readElements(reader, globals, index)).filter((segment) => segment !== undefined);
  const bodies = each(10, (reader) => {
    const size = reader.u32();
    const from = reader.at;
    reader.take(size);
    return new Reader(reader.bytes, from, reader.at);
  });
  const data = each(11, (reader, index) => {
    const kind = reader.u32();
    if (kind === 1) throw new InvalidModule(`data segment ${index} is passive, which cannot be compiled: only active segments`);
    if (kind === 2) reader.u32();
    const [offset] = constant(reader, globals, `the offset of data segment ${index}`);
    return { offset: offset! >>> 0, bytes: reader.take(reader.u32()) };
  });
  return {
    types: functionTypes, imports, functions, tables, memory: memories[0] ?? { least: 0, most: 0 }, globals, exports,
    start: sections[8] === undefined ? undefined : new Reader(sections[8]).u32(), elements, bodies, data,
  };
}

function readLimits(reader: Reader): Limits {
  const bounded = reader.byte() === 1;
  const least = reader.u32();
  return { least, most: bounded ? reader.u32() : undefined };
}

/** Undefined for segments that only declare functions. */
function readElements(reader: Reader, globals: ModuleParts["globals"], index: number): ElementSegment | undefined {
  const kind = reader.u32();
  const expressions = (kind & 4) !== 0;
  if ((kind & 3) === 1) throw new InvalidModule(`element segment ${index} is passive, which cannot be compiled: only active segments`);
  const declarative = (kind & 3) === 3;
  const table = (kind & 3) === 2 ? reader.u32() : 0;
  const [offset] = declarative ? [0] : constant(reader, globals, `the offset of element segment ${index}`);
  if ((kind & 3) !== 0) reader.byte();
  const functions = Array.from({ length: reader.u32() }, () => (expressions ? functionReference(reader, index) : reader.u32()));
  return declarative ? undefined : { table, offset: offset! >>> 0, functions };
}

function functionReference(reader: Reader, segment: number): number {
  const code = reader.byte();
  const index = code === 0xd2 ? reader.u32() : code === 0xd0 ? -1 : undefined;
  if (index === -1) reader.byte();
  if (index === undefined || reader.byte() !== 0x0b) throw new InvalidModule(`element segment ${segment} has an entry that is neither ref.func nor ref.null`);
  return index;
}

/** The words of a constant expression, low first. */
function constant(reader: Reader, globals: ModuleParts["globals"], what: string): readonly number[] {
  const code = reader.byte();
  let words: readonly number[] | undefined;
  if (code === 0x41) words = [reader.signed(32) | 0];
  else if (code === 0x42) words = signed64(reader);
  else if (code === 0x43) words = [word(reader)];
  else if (code === 0x44) words = [word(reader), word(reader)];
  else if (code === 0x23) words = globals[reader.u32()]?.words;
  if (words === undefined || reader.byte() !== 0x0b) throw new InvalidModule(`${what} is more than one constant, which cannot be compiled`);
  return words;
}

/** Four bytes, little-endian, as an int32. */
export function word(reader: Reader): number {
  const [a, b, c, d] = reader.take(4);
  return a! | (b! << 8) | (c! << 16) | (d! << 24);
}

/** A signed LEB128 number of up to 64 bits as two int32, low word first. */
export function signed64(reader: Reader): readonly [number, number] {
  let value = 0n;
  let shift = 0n;
  for (;;) {
    const byte = reader.byte();
    value |= BigInt(byte & 0x7f) << shift;
    shift += 7n;
    if (byte >= 0x80 && shift < 70n) continue;
    if (byte >= 0x40) value -= 1n << shift;
    return [Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n))];
  }
}

/** One function body as a list of operations, without the code that nothing reaches. */
import { InvalidModule, type Reader } from "../sandbox/wasm/binary.ts";
import { instruction, prefixedInstruction, type Immediate } from "../sandbox/wasm/opcodes.ts";
import { plainType } from "../sandbox/wasm/function.ts";
import { signed64, types, word, type ModuleParts } from "./module.ts";

export const op = {
  unreachable: 0x00, nop: 0x01, block: 0x02, loop: 0x03, if: 0x04, else: 0x05, end: 0x0b, br: 0x0c, brIf: 0x0d, brTable: 0x0e, return: 0x0f,
  call: 0x10, callIndirect: 0x11, drop: 0x1a, select: 0x1b, selectTyped: 0x1c, localGet: 0x20, localSet: 0x21, localTee: 0x22, globalGet: 0x23, globalSet: 0x24,
  memorySize: 0x3f, memoryGrow: 0x40, i32Const: 0x41, i64Const: 0x42, f32Const: 0x43, f64Const: 0x44, i32Eqz: 0x45, prefix: 0xfc,
  /** Instructions behind the prefix have their number added to this. */
  prefixed: 0x100, memoryInit: 0x108, dataDrop: 0x109, memoryCopy: 0x10a, memoryFill: 0x10b, tableInit: 0x10c, elemDrop: 0x10d, tableCopy: 0x10e,
} as const;

export interface Operation {
  readonly code: number;
  /** Index, depth, offset of an access, low word of a constant. */
  readonly a: number;
  /** Index of a table, high word of a constant. */
  readonly b: number;
  /** Depths of br_table, the default last. */
  readonly depths?: readonly number[];
  /** Of a block: what it takes and gives. */
  readonly block?: { readonly params: readonly number[]; readonly results: readonly number[] };
  /** Of a block's beginning, of else, and of a branch to a block that is no loop: index of the operation that ends the block. */
  end?: number;
}

export interface Body {
  /** Types of all locals, parameters first. */
  readonly locals: readonly number[];
  readonly operations: readonly Operation[];
}

const unsupported: Record<number, string> = {
  [op.memoryInit]: "memory.init", [op.dataDrop]: "data.drop", [op.tableInit]: "table.init", [op.elemDrop]: "elem.drop", [op.tableCopy]: "table.copy",
};

export function readBody(reader: Reader, params: readonly number[], module: ModuleParts): Body {
  const locals = [...params];
  for (let groups = reader.u32(); groups > 0; groups--) {
    const count = reader.u32();
    const type = plainType(reader.byte());
    for (let i = 0; i < count; i++) locals.push(type);
  }
  const operations: Operation[] = [];
  const open: Operation[][] = [];
  /** Blocks opened within unreachable code; -1 while the code is reachable. */
  let dead = -1;
  while (!reader.done) {
    const operation = readOperation(reader, module);
    const { code } = operation;
    const opens = code === op.block || code === op.loop || code === op.if;
    if (dead >= 0) {
      if (opens) dead += 1;
      else if (code === op.end && dead > 0) dead -= 1;
      else if (dead === 0 && (code === op.end || code === op.else)) dead = -1;
      if (dead >= 0 || opens || (code !== op.end && code !== op.else)) continue;
    }
    if (code === op.nop) continue;
    if (opens) open.push([operation]);
    if (code === op.else) open.at(-1)!.push(operation);
    if (code === op.br) {
      const target = open.at(-1 - operation.a);
      if (target !== undefined && target[0]!.code !== op.loop) target.push(operation);
    }
    if (code === op.end) for (const begun of open.pop() ?? []) begun.end = operations.length;
    operations.push(operation);
    if (code === op.unreachable || code === op.br || code === op.brTable || code === op.return) dead = 0;
  }
  return { locals, operations };
}

function readOperation(reader: Reader, module: ModuleParts): Operation {
  const code = reader.byte();
  switch (code) {
    case op.block:
    case op.loop:
    case op.if:
      return { code, a: 0, b: 0, block: blockType(reader, module) };
    case op.br:
    case op.brIf:
    case op.call:
      return { code, a: reader.u32(), b: 0 };
    case op.callIndirect:
      return { code, a: reader.u32(), b: reader.u32() };
    case op.brTable: {
      const count = reader.u32();
      return { code, a: 0, b: 0, depths: Array.from({ length: count + 1 }, () => reader.u32()) };
    }
    case op.selectTyped:
      reader.u32();
      reader.byte();
      return { code: op.select, a: 0, b: 0 };
    case op.memoryGrow:
      reader.byte();
      return { code, a: 0, b: 0 };
    case op.unreachable:
    case op.nop:
    case op.else:
    case op.end:
    case op.return:
      return { code, a: 0, b: 0 };
    case op.prefix: {
      const prefixed = op.prefixed + reader.u32();
      const name = unsupported[prefixed];
      if (name !== undefined) throw new InvalidModule(`${name} cannot be compiled for the refereed machine`);
      return { code: prefixed, ...immediates(reader, prefixedInstruction(prefixed - op.prefixed)!.immediate) };
    }
    default: {
      const known = instruction(code);
      if (known === undefined) throw new InvalidModule(`instruction 0x${code.toString(16).padStart(2, "0")} cannot be compiled for the refereed machine`);
      return { code, ...immediates(reader, known.immediate) };
    }
  }
}

function blockType(reader: Reader, module: ModuleParts): { params: readonly number[]; results: readonly number[] } {
  const value = reader.signed(33);
  if (value === -64) return { params: [], results: [] };
  if (value < 0) return { params: [], results: [value + 128] };
  const type = module.types[value]!;
  return { params: type.paramTypes, results: type.results };
}

function immediates(reader: Reader, immediate: Immediate): { a: number; b: number } {
  switch (immediate) {
    case "none":
      return { a: 0, b: 0 };
    case "index":
      return { a: reader.u32(), b: 0 };
    case "i32":
      return { a: reader.signed(32) | 0, b: 0 };
    case "i64": {
      const [a, b] = signed64(reader);
      return { a, b };
    }
    case "f32":
      return { a: word(reader), b: 0 };
    case "f64":
      return { a: word(reader), b: word(reader) };
    case "memarg":
      reader.u32();
      return { a: reader.u32(), b: 0 };
    case "zero":
      reader.byte();
      return { a: 0, b: 0 };
    case "zero2":
      reader.byte();
      reader.byte();
      return { a: 0, b: 0 };
    case "index2":
      return { a: reader.u32(), b: reader.u32() };
    case "index-zero": {
      const a = reader.u32();
      reader.byte();
      return { a, b: 0 };
    }
  }
}

/** Whether the function is over behind the operation: nothing but ends of blocks, and the other sides of ifs, lies between. */
export function isLast(operations: readonly Operation[], index: number): boolean {
  for (let at = index + 1; at < operations.length; ) {
    const { code, end } = operations[at]!;
    if (code === op.return) return true;
    if (code === op.end) at += 1;
    else if ((code === op.else || code === op.br) && end !== undefined) at = end;
    else return false;
  }
  return true;
}

/** 32-bit words that a value of the type takes. */
export function wordsOf(type: number): number {
  return type === types.i64 || type === types.f64 ? 2 : 1;
}

/** Rewrites one function body: fuel, call depth, canonical NaNs, priced bulk operations, watched memory growth. */
import { InvalidModule, Reader, Writer } from "./binary.ts";
import { hidesNan, instruction, isBulk, prefixedInstruction, weights, type FloatType, type Immediate } from "./opcodes.ts";

export interface FunctionType {
  readonly params: number;
  readonly paramTypes: readonly number[];
  readonly results: readonly number[];
}

/** What the body's surroundings are; `resultBlock` gives the block type of () -> results, which a multi-value one adds to the types. */
export interface Surroundings {
  readonly types: readonly FunctionType[];
  /** Type of each function, imported ones first. */
  readonly functions: readonly FunctionType[];
  readonly fuelGlobal: number;
  readonly depthGlobal: number;
  readonly flagsGlobal: number;
  /** Pages that memory.grow can reach. */
  readonly maxPages: number;
  readonly resultBlock: (results: readonly number[]) => bigint;
}

/** Bits of the flags global. */
export const flags = { growRefused: 1, hostRefusedGrow: 2, stackExhausted: 4 } as const;

/** Logical bytes of call stack; V8's own stack is several times that, so that this limit is met first, on every tier. */
export const stackLimit = 1 << 20;
const frameOverhead = 128;
const slot = 8;
/** A function that calls nothing cannot recurse: it is checked only where its frame is large. */
const leafFrame = 4096;
const maxLocals = 50_000;

const op = {
  unreachable: 0x00, nop: 0x01, block: 0x02, loop: 0x03, if: 0x04, else: 0x05, end: 0x0b, br: 0x0c, brIf: 0x0d, brTable: 0x0e, return: 0x0f,
  call: 0x10, callIndirect: 0x11, select: 0x1b, selectTyped: 0x1c, localGet: 0x20, localSet: 0x21, localTee: 0x22, globalGet: 0x23, globalSet: 0x24,
  memorySize: 0x3f, memoryGrow: 0x40, i32Const: 0x41, i64Const: 0x42, i32Eq: 0x46, i32GtU: 0x4b, i64LtS: 0x53, i64LeU: 0x58, i32Add: 0x6a, i32Sub: 0x6b,
  i32Or: 0x72, i64Add: 0x7c, i64Sub: 0x7d, i64Mul: 0x7e, i64ShrU: 0x88, i64ExtendU: 0xad, prefix: 0xfc,
} as const;
const empty = 0x40;
const valueTypes = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c } as const;
const canonicalNan = { f32: [0x43, 0, 0, 0xc0, 0x7f], f64: [0x44, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f] } as const;
const equalFloat = { f32: 0x5b, f64: 0x61 } as const;

interface Label {
  /** Operands below the block. */
  readonly base: number;
  readonly params: number;
  readonly results: number;
}

/** `body` spans one entry of the code section, its size excluded. The module has passed WebAssembly.validate. */
export function rewriteFunction(body: Reader, type: FunctionType, around: Surroundings): Uint8Array {
  const start = body.at;
  const scan = new Reader(body.bytes, body.at, body.end);
  const first = new Rewriter(body, type, around, !callsAnything(scan)).run();
  if (first !== undefined) return first;
  return new Rewriter(new Reader(body.bytes, start, body.end), type, around, false).run()!;
}

class Rewriter {
  readonly #in: Reader;
  readonly #type: FunctionType;
  readonly #around: Surroundings;
  readonly #out = new Writer(1024);
  readonly #labels: Label[] = [];
  readonly #scratch = new Map<string, number>();
  readonly #scratchTypes: number[] = [];
  #locals = 0;
  #height = 0;
  #highest = 0;
  /** Weight of the segment so far, and the hole that its price goes to. A segment without weight writes nothing. */
  #cost = 0;
  #hole = -1;
  #checked = false;
  readonly #leaf: boolean;

  constructor(body: Reader, type: FunctionType, around: Surroundings, leaf: boolean) {
    this.#in = body;
    this.#type = type;
    this.#around = around;
    this.#leaf = leaf;
  }

  /** Undefined where the function was taken for a leaf and its frame is too large for one. */
  run(): Uint8Array | undefined {
    const groups = this.#readLocals();
    const frameHoles = this.#leaf ? [] : [this.#enter()];
    this.#segment(true);
    this.#spend(weights.entry + Math.floor(this.#locals / weights.localsPerUnit));
    this.#labels.push({ base: 0, params: 0, results: this.#type.results.length });
    while (this.#labels.length > 0) this.#next();
    if (!this.#in.done) throw new InvalidModule(`a function goes on after its end, at byte ${this.#in.at}`);
    if (!this.#leaf) frameHoles.push(this.#leave());
    this.#out.byte(op.end);

    const frame = frameOverhead + slot * (this.#type.params + this.#locals + this.#scratchTypes.length + this.#highest);
    if (this.#leaf && frame > leafFrame) return undefined;
    for (const hole of frameHoles) this.#out.fill(hole, frame);
    return this.#assemble(groups);
  }

  #assemble(groups: readonly (readonly [number, number])[]): Uint8Array {
    const out = new Writer(this.#out.length + 64);
    out.u32(groups.length + this.#scratchTypes.length);
    for (const [count, valueType] of groups) {
      out.u32(count);
      out.byte(valueType);
    }
    for (const valueType of this.#scratchTypes) out.byte(1, valueType);
    out.append(this.#out.take());
    return out.take();
  }

  #readLocals(): [number, number][] {
    const groups: [number, number][] = [];
    for (let n = this.#in.u32(); n > 0; n--) {
      const count = this.#in.u32();
      groups.push([count, plainType(this.#in.byte())]);
      this.#locals += count;
      if (this.#locals > maxLocals) throw new InvalidModule(`a function has more than ${maxLocals} locals`);
    }
    return groups;
  }

  /** Adds the frame to the depth and opens a block of the function's results: a branch out of the body ends at `#leave`. */
  #enter(): number {
    const { depthGlobal, flagsGlobal } = this.#around;
    const out = this.#out;
    this.#global(op.globalGet, depthGlobal);
    out.byte(op.i32Const);
    const hole = out.hole();
    out.byte(op.i32Add);
    this.#global(op.globalSet, depthGlobal);
    this.#global(op.globalGet, depthGlobal);
    this.#i32(stackLimit);
    out.byte(op.i32GtU, op.if, empty);
    this.#raise(flagsGlobal, flags.stackExhausted);
    out.byte(op.unreachable, op.end, op.block);
    out.signed(this.#around.resultBlock(this.#type.results));
    return hole;
  }

  #leave(): number {
    this.#out.byte(op.end);
    this.#global(op.globalGet, this.#around.depthGlobal);
    this.#out.byte(op.i32Const);
    const hole = this.#out.hole();
    this.#out.byte(op.i32Sub);
    this.#global(op.globalSet, this.#around.depthGlobal);
    return hole;
  }

  #next(): void {
    const from = this.#in.at;
    const code = this.#in.byte();
    switch (code) {
      case op.unreachable:
        this.#spend(1);
        this.#out.byte(code);
        return this.#skipDead();
      case op.nop:
        return;
      case op.block:
      case op.loop:
      case op.if:
        return this.#open(code, from);
      case op.else: {
        const label = this.#labels.at(-1)!;
        this.#height = label.base + label.params;
        this.#out.byte(code);
        return this.#segment();
      }
      case op.end:
        return this.#close();
      case op.br:
      case op.brIf: {
        this.#spend(1);
        this.#in.u32();
        this.#copy(from);
        if (code === op.br) return this.#skipDead();
        this.#height -= 1;
        return this.#segment();
      }
      case op.brTable: {
        this.#spend(weights.branchTable);
        for (let n = this.#in.u32(); n >= 0; n--) this.#in.u32();
        this.#copy(from);
        return this.#skipDead();
      }
      case op.return: {
        this.#spend(1);
        if (this.#leaf) this.#out.byte(op.return);
        else {
          this.#out.byte(op.br);
          this.#out.u32(this.#labels.length - 1);
        }
        return this.#skipDead();
      }
      case op.call: {
        this.#spend(weights.call);
        const callee = this.#around.functions[this.#in.u32()]!;
        this.#copy(from);
        return this.#move(callee.params, callee.results.length);
      }
      case op.callIndirect: {
        this.#spend(weights.callIndirect);
        const callee = this.#around.types[this.#in.u32()]!;
        this.#in.u32();
        this.#copy(from);
        return this.#move(callee.params + 1, callee.results.length);
      }
      case op.selectTyped: {
        this.#spend(1);
        if (this.#in.u32() !== 1) throw new InvalidModule(`select of several types at byte ${from}`);
        plainType(this.#in.byte());
        this.#copy(from);
        return this.#move(3, 1);
      }
      case op.memoryGrow:
        return this.#grow();
      case op.prefix:
        return this.#prefixed(from);
      default:
        return this.#plain(code, from);
    }
  }

  #plain(code: number, from: number): void {
    const known = instruction(code);
    if (known === undefined) throw new InvalidModule(`instruction 0x${code.toString(16).padStart(2, "0")} at byte ${from} is not part of dcm wasm v1`);
    this.#skipImmediate(known.immediate, from);
    this.#spend(known.weight);
    this.#copy(from);
    this.#move(known.pops, known.pushes);
    if (known.nan !== undefined && !this.#nextHidesNan(known.nan)) this.#canonicalise(known.nan);
  }

  #prefixed(from: number): void {
    const code = this.#in.u32();
    const known = prefixedInstruction(code);
    if (known === undefined) throw new InvalidModule(`instruction 0xfc ${code} at byte ${from} is not part of dcm wasm v1`);
    this.#skipImmediate(known.immediate, from);
    this.#spend(known.weight);
    if (isBulk(code)) this.#spendByLength(3n);
    this.#copy(from);
    this.#move(known.pops, known.pushes);
  }

  /**
   * Growth that the program's own limit or ours refuses gives -1 and raises a flag (a trap after it is called out-of-memory).
   * Growth that only this machine refuses must not be seen by the program: it stops the run.
   */
  #grow(): void {
    if (this.#in.byte() !== 0) throw new InvalidModule("memory.grow of a second memory");
    const delta = this.#local("i32", "delta");
    const result = this.#local("i32", "result");
    const out = this.#out;
    this.#spend(weights.grow);
    out.byte(op.localTee);
    out.u32(delta);
    // What cannot be granted costs no page: the price is delta where delta <= max - size, else nothing.
    this.#fits(delta);
    out.byte(op.if, empty);
    this.#global(op.globalGet, this.#around.fuelGlobal);
    this.#get(delta);
    out.byte(op.i64ExtendU);
    this.#i64(BigInt(weights.growPage));
    out.byte(op.i64Mul, op.i64Sub);
    this.#global(op.globalSet, this.#around.fuelGlobal);
    this.#check();
    out.byte(op.else);
    this.#raise(this.#around.flagsGlobal, flags.growRefused);
    out.byte(op.end, op.memoryGrow, 0, op.localTee);
    out.u32(result);
    this.#i32(-1);
    out.byte(op.i32Eq, op.if, empty);
    this.#fits(delta);
    out.byte(op.if, empty);
    this.#raise(this.#around.flagsGlobal, flags.hostRefusedGrow);
    out.byte(op.unreachable, op.end, op.end);
    this.#get(result);
    this.#reach(this.#height + 3);
  }

  /** Leaves whether memory.size + delta <= the limit. */
  #fits(delta: number): void {
    this.#out.byte(op.memorySize, 0, op.i64ExtendU);
    this.#get(delta);
    this.#out.byte(op.i64ExtendU, op.i64Add);
    this.#i64(BigInt(this.#around.maxPages));
    this.#out.byte(op.i64LeU);
  }

  #open(code: number, from: number): void {
    if (code === op.if) {
      this.#spend(1);
      this.#height -= 1;
    }
    const { params, results } = this.#blockType();
    this.#copy(from);
    this.#labels.push({ base: this.#height - params, params, results });
    if (code === op.loop) this.#segment(true);
    if (code === op.if) this.#segment();
  }

  #close(): void {
    const label = this.#labels.pop()!;
    this.#height = label.base + label.results;
    this.#reach(this.#height);
    this.#flush();
    if (this.#labels.length === 0) return;
    this.#out.byte(op.end);
    this.#segment();
  }

  #blockType(): { params: number; results: number } {
    const code = this.#in.signed(33);
    if (code === -64) return { params: 0, results: 0 };
    if (code < 0) {
      plainType(code + 128);
      return { params: 0, results: 1 };
    }
    const type = this.#around.types[code]!;
    return { params: type.params, results: type.results.length };
  }

  /** Nothing runs until the block's else or end: it is left out. */
  #skipDead(): void {
    this.#flush();
    for (let nested = 0; ; ) {
      const from = this.#in.at;
      const code = this.#in.peek();
      if (nested === 0 && (code === op.else || code === op.end)) return;
      this.#in.byte();
      if (code === op.end) nested -= 1;
      else if (code === op.block || code === op.loop || code === op.if) {
        nested += 1;
        this.#blockType();
      } else skipInstruction(this.#in, code, from);
    }
  }

  #skipImmediate(immediate: Immediate, from: number): void {
    skipImmediate(this.#in, immediate, from);
  }

  /** Ends a straight run of instructions: what follows may be reached from elsewhere, or not at all. */
  #segment(checked = false): void {
    this.#flush();
    // A check still owed stays owed: without a priced instruction in between, control has not moved.
    this.#checked ||= checked;
  }

  /** Prices stand before the instructions they pay for, so that the meter of a trap is that of its whole segment, on every tier. */
  #spend(weight: number): void {
    if (this.#hole < 0) {
      this.#global(op.globalGet, this.#around.fuelGlobal);
      this.#out.byte(op.i64Const);
      this.#hole = this.#out.hole();
      this.#out.byte(op.i64Sub);
      this.#global(op.globalSet, this.#around.fuelGlobal);
      // Loops and calls are the only ways to run for long: fuel is looked at there.
      if (this.#checked) this.#check();
      this.#checked = false;
    }
    this.#cost += weight;
  }

  #flush(): void {
    if (this.#hole >= 0) this.#out.fill(this.#hole, this.#cost);
    this.#hole = -1;
    this.#cost = 0;
  }

  /** The operand on top is a length: 1 for each 2^shift of it. */
  #spendByLength(shift: bigint): void {
    const length = this.#local("i32", "delta");
    this.#out.byte(op.localTee);
    this.#out.u32(length);
    this.#global(op.globalGet, this.#around.fuelGlobal);
    this.#get(length);
    this.#out.byte(op.i64ExtendU);
    this.#i64(shift);
    this.#out.byte(op.i64ShrU, op.i64Sub);
    this.#global(op.globalSet, this.#around.fuelGlobal);
    this.#check();
    this.#reach(this.#height + 3);
  }

  #check(): void {
    this.#global(op.globalGet, this.#around.fuelGlobal);
    this.#out.byte(op.i64Const, 0, op.i64LtS, op.if, empty, op.unreachable, op.end);
  }

  #raise(global: number, bit: number): void {
    this.#global(op.globalGet, global);
    this.#i32(bit);
    this.#out.byte(op.i32Or);
    this.#global(op.globalSet, global);
  }

  #nextHidesNan(type: FloatType): boolean {
    const next = this.#in.peek();
    return next === op.prefix ? this.#in.peek(1) < 8 : hidesNan(next, type);
  }

  #canonicalise(type: FloatType): void {
    const local = this.#local(type, type);
    this.#out.byte(op.localTee);
    this.#out.u32(local);
    this.#out.byte(...canonicalNan[type]);
    this.#get(local);
    this.#get(local);
    this.#out.byte(equalFloat[type], op.select);
    this.#reach(this.#height + 3);
  }

  /** A local of our own, after the program's. */
  #local(type: keyof typeof valueTypes, purpose: string): number {
    const known = this.#scratch.get(purpose);
    if (known !== undefined) return known;
    const index = this.#type.params + this.#locals + this.#scratchTypes.length;
    this.#scratchTypes.push(valueTypes[type]);
    this.#scratch.set(purpose, index);
    return index;
  }

  #get(local: number): void {
    this.#out.byte(op.localGet);
    this.#out.u32(local);
  }

  #global(code: number, index: number): void {
    this.#out.byte(code);
    this.#out.u32(index);
  }

  #i32(value: number): void {
    this.#out.byte(op.i32Const);
    this.#out.signed(BigInt(value));
  }

  #i64(value: bigint): void {
    this.#out.byte(op.i64Const);
    this.#out.signed(value);
  }

  #copy(from: number): void {
    this.#out.append(this.#in.bytes.subarray(from, this.#in.at));
  }

  #move(pops: number, pushes: number): void {
    this.#height += pushes - pops;
    this.#reach(this.#height);
  }

  #reach(height: number): void {
    if (height > this.#highest) this.#highest = height;
  }
}

function callsAnything(scan: Reader): boolean {
  for (let n = scan.u32(); n > 0; n--) {
    scan.u32();
    plainType(scan.byte());
  }
  while (!scan.done) {
    const from = scan.at;
    const code = scan.byte();
    if (code === op.call || code === op.callIndirect) return true;
    if (code === op.block || code === op.loop || code === op.if) scan.signed(33);
    else if (code !== op.end) skipInstruction(scan, code, from);
  }
  return false;
}

/** Past the immediates of anything but a block's beginning or end. */
function skipInstruction(from: Reader, code: number, at: number): void {
  switch (code) {
    case op.unreachable:
    case op.nop:
    case op.else:
    case op.return:
      return;
    case op.br:
    case op.brIf:
    case op.call:
      from.u32();
      return;
    case op.brTable:
      for (let n = from.u32(); n >= 0; n--) from.u32();
      return;
    case op.callIndirect:
      from.u32();
      from.u32();
      return;
    case op.selectTyped:
      for (let n = from.u32(); n > 0; n--) plainType(from.byte());
      return;
    case op.memoryGrow:
      return skipImmediate(from, "zero", at);
    case op.prefix: {
      const known = prefixedInstruction(from.u32());
      if (known === undefined) throw new InvalidModule(`a 0xfc instruction at byte ${at} is not part of dcm wasm v1`);
      return skipImmediate(from, known.immediate, at);
    }
    default: {
      const known = instruction(code);
      if (known === undefined) throw new InvalidModule(`instruction 0x${code.toString(16).padStart(2, "0")} at byte ${at} is not part of dcm wasm v1`);
      skipImmediate(from, known.immediate, at);
    }
  }
}

function skipImmediate(from: Reader, immediate: Immediate, at: number): void {
  switch (immediate) {
    case "none":
      return;
    case "index":
      from.u32();
      return;
    case "index2":
      from.u32();
      from.u32();
      return;
    case "index-zero":
      from.u32();
      return zero(from, at);
    case "memarg":
      if (from.u32() >= 64) throw new InvalidModule(`an access to a second memory at byte ${at}`);
      from.u32();
      return;
    case "i32":
      from.signed(32);
      return;
    case "i64":
      from.signed(64);
      return;
    case "f32":
      from.take(4);
      return;
    case "f64":
      from.take(8);
      return;
    case "zero":
      return zero(from, at);
    case "zero2":
      zero(from, at);
      return zero(from, at);
  }
}

function zero(from: Reader, at: number): void {
  if (from.byte() !== 0) throw new InvalidModule(`an access to a second memory at byte ${at}`);
}

/** i32, i64, f32 or f64; anything else is refused. */
export function plainType(code: number): number {
  if (code < valueTypes.f64 || code > valueTypes.i32) throw new InvalidModule(`value type 0x${code.toString(16)} is not part of dcm wasm v1: only i32, i64, f32, f64`);
  return code;
}

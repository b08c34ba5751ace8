/**
 * One region of a ROM as a WebAssembly module with one function, (number of an entry) -> program counter. It runs until a jump leaves the
 * region, or until less of the grant is left than the next block weighs; then bit 0 of the program counter is set.
 *
 * Registers are locals; they, and what is left of the grant, are read from memory at the beginning and written back at the end. Blocks stand
 * in the order of their addresses: a jump forwards leaves a `block` that ends before its target, a jump backwards goes round a `loop`.
 * Everything else goes by number through a choice at the top, which loops repeat for what they hold.
 */
import { immediateI, immediateS, immediateU, Op, operationOf, weightOf } from "../../../chain/vm/instructions.ts";
import { pcMask, ramBytes, ramMask } from "../../../chain/vm/layout.ts";
import { pageBytes } from "../../../chain/vm/ram.ts";
import { Writer } from "../wasm/binary.ts";
import { isBranch, staticTarget, type Block, type Region } from "./region.ts";

/**
 * Behind the RAM, in the same memory: where registers, what is left of a grant, the number of passages from region to region, marks of pages, and
 * the table of entries lie, in bytes. Behind the table, which is as long as the ROM, lies the heat of each word.
 */
export const place = { registers: ramBytes, meter: ramBytes + 128, steps: ramBytes + 132, passages: ramBytes + 136, dirty: ramBytes + 32_768, table: ramBytes + 65_536 } as const;
/** What a passage adds to the heat of the word that it goes to: it takes about as long as interpreting so many instructions. */
export const passageHeat = 2;
/** The table holds, for each word of the ROM, (number of the region, from 1) x this + number of the entry, or 0. */
export const maxEntries = 4096;
const stepBits = 20;
/** The most that may be granted at once: the counter has weights above and steps below, and no step weighs less than 1. */
export const maxGrant = 2 ** stepBits - 1;

export function translate(rom: Int32Array, region: Region, number: number): Uint8Array {
  return new Translation(rom, region, number).module();
}

/**
 * The module that goes from region to region: (program counter) -> program counter, back where no region has an entry for it or where bit 0 is set.
 * Regions stand in the table by their numbers.
 */
export function passages(romBytes: number): Uint8Array {
  const out = header((part) => {
    part.name("vm");
    part.name("regions");
    part.byte(1, 0x70, 0, 1);
  });
  body(out, 1, (code) => {
    const add = (at: readonly number[], offset: number, value: number): void => {
      code.byte(...at, ...at, op.load, 2);
      code.u32(offset);
      code.byte(op.i32, value, op.add, op.store, 2);
      code.u32(offset);
    };
    // Local 0 is the program counter, 1 its entry.
    code.byte(op.block, void_, op.loop, void_, op.get, 0, op.i32);
    code.signed(BigInt(romBytes));
    code.byte(op.geU, op.brIf, 1, op.get, 0, op.load, 2);
    code.u32(place.table);
    code.byte(op.tee, 1, op.eqz, op.brIf, 1);
    add([op.get, 0], place.table + romBytes, passageHeat);
    add([op.i32, 0], place.passages, 1);
    code.byte(op.get, 1, op.i32);
    code.signed(BigInt(maxEntries - 1));
    code.byte(op.and, op.get, 1, op.i32, Math.log2(maxEntries), op.shrU, op.callIndirect, 0, 0, op.tee, 0, op.i32, 1, op.and, op.eqz, op.brIf, 0, op.end, op.end, op.get, 0, op.end);
  }, [1, i32]);
  return out.take();
}

const op = {
  unreachable: 0x00, block: 0x02, loop: 0x03, if: 0x04, else: 0x05, end: 0x0b, br: 0x0c, brIf: 0x0d, brTable: 0x0e, callIndirect: 0x11, get: 0x20, set: 0x21, tee: 0x22,
  load: 0x28, store: 0x36, i32: 0x41, i64: 0x42, eqz: 0x45, eq: 0x46, ne: 0x47, ltS: 0x48, ltU: 0x49, geS: 0x4e, geU: 0x4f, lt64S: 0x53,
  add: 0x6a, sub: 0x6b, mul: 0x6c, divS: 0x6d, divU: 0x6e, remS: 0x6f, remU: 0x70, and: 0x71, or: 0x72, xor: 0x73, shl: 0x74, shrS: 0x75, shrU: 0x76,
  select: 0x1b, add64: 0x7c, sub64: 0x7d, mul64: 0x7e, and64: 0x83, shl64: 0x86, shrU64: 0x88, wrap: 0xa7, extendS: 0xac, extendU: 0xad,
} as const;
const void_ = 0x40;
const i32 = 0x7f;
const i64 = 0x7e;

/** Locals: the parameter, which entry is to be entered, then x1 to x31, then these. */
const chosen = 0;
const counter = 32;
const pc = 33;
const address = 34;

const memoryOf: Partial<Record<Op, { readonly op: number; readonly align: number }>> = {
  [Op.lb]: { op: 0x2c, align: 0 }, [Op.lbu]: { op: 0x2d, align: 0 }, [Op.lh]: { op: 0x2e, align: 1 }, [Op.lhu]: { op: 0x2f, align: 1 }, [Op.lw]: { op: op.load, align: 2 },
  [Op.sb]: { op: 0x3a, align: 0 }, [Op.sh]: { op: 0x3b, align: 1 }, [Op.sw]: { op: op.store, align: 2 },
};
const comparisonOf: Partial<Record<Op, number>> = { [Op.beq]: op.eq, [Op.bne]: op.ne, [Op.blt]: op.ltS, [Op.bge]: op.geS, [Op.bltu]: op.ltU, [Op.bgeu]: op.geU };
/** Of the register-immediate and register-register forms; WebAssembly's shifts take the low five bits of their amount, too. */
const binaryOf: Partial<Record<Op, number>> = {
  [Op.addi]: op.add, [Op.slti]: op.ltS, [Op.sltiu]: op.ltU, [Op.xori]: op.xor, [Op.ori]: op.or, [Op.andi]: op.and, [Op.slli]: op.shl, [Op.srli]: op.shrU, [Op.srai]: op.shrS,
  [Op.add]: op.add, [Op.sub]: op.sub, [Op.sll]: op.shl, [Op.slt]: op.ltS, [Op.sltu]: op.ltU, [Op.xor]: op.xor, [Op.srl]: op.shrU, [Op.sra]: op.shrS, [Op.or]: op.or, [Op.and]: op.and,
  [Op.mul]: op.mul,
};

class Translation {
  readonly #rom: Int32Array;
  readonly #region: Region;
  readonly #firstEntry: number;
  readonly #code = new Writer(65_536);
  readonly #numberOf: ReadonlyMap<number, number>;
  readonly #read = new Set<number>();
  readonly #written = new Set<number>();
  /** Constructs that are open. */
  #depth = 0;
  /** For each block the depth of the construct that a jump to it leaves or goes round, where there is one open. */
  readonly #labels: Int32Array;
  /** Depths of the outermost block, which ends the function, and of the choice at the top. */
  readonly #exit = 1;
  readonly #choice = 2;

  constructor(rom: Int32Array, region: Region, number: number) {
    this.#rom = rom;
    this.#region = region;
    this.#firstEntry = number * maxEntries;
    this.#numberOf = new Map(region.entries.map((block, entry) => [block, entry]));
    this.#labels = new Int32Array(region.blocks.length).fill(-1);
  }

  module(): Uint8Array {
    const { blocks } = this.#region;
    this.#open(op.block);
    this.#open(op.loop);
    this.#level(0, blocks.length - 1, -1);
    this.#close();
    this.#close();
    const out = header();
    body(out, 3, (part) => {
      for (const register of new Set([...this.#read, ...this.#written])) {
        part.byte(op.i32, 0, op.load, 2);
        part.u32(place.registers + 4 * register);
        part.byte(op.set, register);
      }
      for (const [at, last] of [[place.meter, [op.i64, stepBits, op.shl64]], [place.steps, [op.add64]]] as const) {
        part.byte(op.i32, 0, op.load, 2);
        part.u32(at);
        part.byte(op.extendU, ...last);
      }
      part.byte(op.set, counter);
      part.append(this.#code.take());
      for (const register of this.#written) {
        part.byte(op.i32, 0, op.get, register, op.store, 2);
        part.u32(place.registers + 4 * register);
      }
      part.byte(op.i32, 0, op.get, counter, op.i64, stepBits, op.shrU64, op.wrap, op.store, 2);
      part.u32(place.meter);
      part.byte(op.i32, 0, op.get, counter, op.wrap, op.i32);
      part.signed(BigInt(maxGrant));
      part.byte(op.and, op.store, 2);
      part.u32(place.steps);
      part.byte(op.get, pc, op.end);
    }, [31, i32, 1, i64, 2, i32]);
    return out.take();
  }

  /** Blocks `from` to `to` in their order, loops among them nested; `head` is that of the loop that this level fills, else -1. */
  #level(from: number, to: number, head: number): void {
    const { loopEnds, entries } = this.#region;
    const items: { readonly first: number; readonly last: number }[] = [];
    for (let first = from; first <= to; ) {
      const last = first === head ? first : Math.max(first, loopEnds[first]!);
      items.push({ first, last });
      first = last + 1;
    }
    for (const { first } of items.toReversed()) {
      this.#open(op.block);
      if (first !== head) this.#labels[first] = this.#depth;
    }
    const within = entries.filter((block) => block >= from && block <= to);
    // A loop that is gone round comes with -1, which is beyond the table.
    if (within.length > 0 && (head === -1 || within.at(-1) !== head)) {
      this.#code.byte(op.get, chosen);
      this.#constant(this.#numberOf.get(within[0]!)!);
      this.#code.byte(op.sub, op.brTable);
      this.#code.u32(within.length);
      let item = 0;
      for (const block of within) {
        while (items[item]!.last < block) item++;
        this.#code.u32(item);
      }
      this.#code.u32(0);
    }
    for (const { first, last } of items) {
      this.#close();
      if (first === head) {
        this.#block(first);
        continue;
      }
      this.#labels[first] = -1;
      if (loopEnds[first] === -1) {
        this.#block(first);
        continue;
      }
      this.#open(op.loop);
      this.#labels[first] = this.#depth;
      this.#level(first, last, first);
      this.#close();
      this.#labels[first] = -1;
    }
    this.#code.byte(op.unreachable);
  }

  #block(index: number): void {
    const rom = this.#rom;
    const { start, end } = this.#region.blocks[index]!;
    if (this.#numberOf.has(index)) {
      this.#constant(-1);
      this.#code.byte(op.set, chosen);
    }
    const whole = spent(rom, { start, end });
    this.#code.byte(op.get, counter, op.i64);
    this.#code.signed(BigInt(Math.floor(whole / 2 ** stepBits) * 2 ** stepBits));
    this.#code.byte(op.lt64S);
    this.#open(op.if);
    this.#constant((4 * start) | 1);
    this.#leave();
    this.#close();
    for (let word = start; word < end; word++) this.#instruction(rom[word]!, word, start);
    const last = operationOf(rom[end - 1]!);
    if (last === Op.jal || last === Op.jalr) return;
    this.#charge(start, end);
    this.#go(end);
  }

  #instruction(instruction: number, word: number, start: number): void {
    const code = this.#code;
    const operation = operationOf(instruction);
    const target = (instruction >>> 7) & 0x1f;
    const a = (instruction >>> 15) & 0x1f;
    const b = (instruction >>> 20) & 0x1f;
    if (isBranch(operation)) {
      this.#get(a);
      this.#get(b);
      code.byte(comparisonOf[operation]!);
      this.#open(op.if);
      this.#charge(start, word + 1);
      this.#go(staticTarget(instruction, word));
      this.#close();
      return;
    }
    if (operation === Op.jal) {
      this.#link(target, word);
      this.#charge(start, word + 1);
      this.#go(staticTarget(instruction, word));
      return;
    }
    if (operation === Op.jalr) {
      this.#get(a);
      this.#constant(immediateI(instruction));
      code.byte(op.add);
      this.#constant(pcMask);
      code.byte(op.and, op.set, pc);
      this.#link(target, word);
      this.#charge(start, word + 1);
      this.#goByAddress();
      return;
    }
    if (operation >= Op.sb && operation <= Op.sw) {
      this.#access(operation, a, immediateS(instruction), () => this.#get(b));
      return;
    }
    // Nothing that is left has another effect than its target.
    if (target === 0 || operation === Op.fence) return;
    if (operation >= Op.lb && operation <= Op.lhu) this.#access(operation, a, immediateI(instruction));
    else if (operation === Op.lui) this.#constant(immediateU(instruction));
    else if (operation === Op.auipc) this.#constant((4 * word + immediateU(instruction)) | 0);
    else if (operation >= Op.mulh && operation <= Op.mulhu) {
      this.#get(a);
      code.byte(operation === Op.mulhu ? op.extendU : op.extendS);
      this.#get(b);
      code.byte(operation === Op.mulh ? op.extendS : op.extendU, op.mul64, op.i64, 32, op.shrU64, op.wrap);
    } else if (operation >= Op.div) this.#quotient(operation, a, b);
    else {
      this.#get(a);
      if (operation >= Op.add) this.#get(b);
      else this.#constant(immediateI(instruction));
      code.byte(binaryOf[operation]!);
    }
    this.#set(target);
  }

  /** Where WebAssembly would trap, what the manual gives instead. */
  #quotient(operation: Op, a: number, b: number): void {
    const code = this.#code;
    if (operation === Op.div) {
      // By 0 and -1 without a division: b + 1 is below 2.
      this.#get(b);
      this.#constant(1);
      code.byte(op.add);
      this.#constant(2);
      code.byte(op.ltU);
      this.#open(op.if, i32);
      this.#constant(0);
      this.#get(a);
      code.byte(op.sub);
      this.#constant(-1);
      this.#get(b);
      code.byte(op.select);
    } else {
      this.#get(b);
      code.byte(op.eqz);
      this.#open(op.if, i32);
      if (operation === Op.divu) this.#constant(-1);
      else this.#get(a);
    }
    code.byte(op.else);
    this.#get(a);
    this.#get(b);
    code.byte(operation === Op.div ? op.divS : operation === Op.divu ? op.divU : operation === Op.rem ? op.remS : op.remU);
    this.#close();
  }

  #access(operation: Op, base: number, offset: number, value?: () => void): void {
    const access = memoryOf[operation]!;
    this.#get(base);
    this.#constant(offset);
    this.#code.byte(op.add);
    this.#constant(ramMask & ~((1 << access.align) - 1));
    this.#code.byte(op.and);
    if (value === undefined) {
      this.#code.byte(access.op, access.align, 0);
      return;
    }
    this.#code.byte(op.tee, address);
    value();
    this.#code.byte(access.op, access.align, 0, op.get, address, op.i32, Math.log2(pageBytes), op.shrU, op.i32, 1, memoryOf[Op.sb]!.op, 0);
    this.#code.u32(place.dirty);
  }

  #link(target: number, word: number): void {
    if (target === 0) return;
    this.#constant(4 * (word + 1));
    this.#set(target);
  }

  /** Takes from the counter what the block's instructions up to `end` weigh. */
  #charge(start: number, end: number): void {
    this.#code.byte(op.get, counter, op.i64);
    this.#code.signed(BigInt(spent(this.#rom, { start, end })));
    this.#code.byte(op.sub64, op.set, counter);
  }

  #go(word: number): void {
    const block = this.#region.indexOf.get(word);
    if (block === undefined) {
      this.#constant((4 * word) & pcMask);
      this.#leave();
      return;
    }
    if (this.#labels[block] !== -1) return this.#branch(this.#labels[block]!);
    this.#constant(this.#numberOf.get(block)!);
    this.#code.byte(op.set, chosen);
    this.#branch(this.#choice);
  }

  #goByAddress(): void {
    this.#code.byte(op.get, pc);
    this.#constant(4 * this.#rom.length);
    this.#code.byte(op.ltU);
    this.#open(op.if);
    this.#code.byte(op.get, pc, op.load, 2);
    this.#code.u32(place.table);
    this.#constant(this.#firstEntry);
    this.#code.byte(op.sub, op.tee, chosen);
    this.#constant(this.#region.entries.length);
    this.#code.byte(op.ltU, op.brIf);
    this.#code.u32(this.#depth - this.#choice);
    this.#close();
    this.#branch(this.#exit);
  }

  /** With the program counter on the stack. */
  #leave(): void {
    this.#code.byte(op.set, pc);
    this.#branch(this.#exit);
  }

  #branch(depth: number): void {
    this.#code.byte(op.br);
    this.#code.u32(this.#depth - depth);
  }

  #open(construct: number, type: number = void_): void {
    this.#code.byte(construct, type);
    this.#depth++;
  }

  #close(): void {
    this.#code.byte(op.end);
    this.#depth--;
  }

  #get(register: number): void {
    if (register === 0) return this.#constant(0);
    this.#read.add(register);
    this.#code.byte(op.get, register);
  }

  #set(register: number): void {
    this.#written.add(register);
    this.#code.byte(op.set, register);
  }

  #constant(value: number): void {
    this.#code.byte(op.i32);
    this.#code.signed(BigInt(value | 0));
  }
}

/** What a block's instructions take from the counter: below 2^31. */
function spent(rom: Int32Array, { start, end }: Block): number {
  let meter = 0;
  for (let word = start; word < end; word++) meter += weightOf(rom[word]!);
  return meter * 2 ** stepBits + (end - start);
}

/** A module with one function (i32) -> i32, exported as `run`, up to its code; it imports the memory, and what `table` writes. */
function header(table?: (part: Writer) => void): Writer {
  const out = new Writer(1024);
  out.append(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
  section(out, 1, (part) => part.byte(1, 0x60, 1, i32, 1, i32));
  section(out, 2, (part) => {
    part.byte(table === undefined ? 1 : 2);
    part.name("vm");
    part.name("memory");
    part.byte(2, 0);
    part.u32(place.table / 65_536);
    table?.(part);
  });
  section(out, 3, (part) => part.byte(1, 0));
  section(out, 7, (part) => {
    part.byte(1);
    part.name("run");
    part.byte(0, 0);
  });
  return out;
}

/** The function's code; `locals` are `groups` of number and type. */
function body(out: Writer, groups: number, write: (part: Writer) => void, locals: readonly number[]): void {
  section(out, 10, (part) => {
    part.byte(1);
    const size = part.hole();
    const start = part.length;
    part.byte(groups, ...locals);
    write(part);
    part.fill(size, part.length - start);
  });
}

function section(out: Writer, id: number, write: (part: Writer) => void): void {
  const part = new Writer();
  write(part);
  out.byte(id);
  out.u32(part.length);
  out.append(part.take());
}

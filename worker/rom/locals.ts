/** Where the locals of a function live, and which of them must begin as zero. */
import { op, wordsOf, type Body, type Operation } from "./body.ts";
import { helperOf } from "./floats.ts";
import { reg } from "./instructions.ts";

/** Where a word of a local lives. */
export type Home = { readonly register: number } | { readonly offset: number };

export interface Layout {
  /** Index of the first word of each local. */
  readonly firstWords: readonly number[];
  /** Of each word. */
  readonly homes: readonly Home[];
  /** Words that nothing reads or writes. */
  readonly unused: readonly boolean[];
  /** Registers that the function must give back as they were, with the offset from sp where they wait. */
  readonly saved: readonly { readonly register: number; readonly offset: number }[];
  /** Registers that are nobody's home, for values: at least `leastPool`. */
  readonly pool: readonly number[];
  /** From where on the slots of operands lie. */
  readonly slots: number;
}

/** Registers that a call changes, those in which arguments come first. */
const callerSaved = [reg.a0, reg.a1, reg.a2, reg.a3, reg.a4, reg.a5, reg.a6, reg.a7, reg.t4, reg.t5, reg.t6] as const;
/** Where arguments and results of calls travel. */
export const passing = callerSaved.slice(0, 8);
const calleeSaved = [reg.s0, reg.s1, reg.s2, reg.s3, reg.s4, reg.s5, reg.s6, reg.s7, reg.s8, reg.s9, reg.s10, reg.s11];
/** What one operation may need for its operands and its result. */
export const leastPool = 6;
/** A use saves an access to the frame; saving and giving back a register costs two. */
const worthSaving = 3;

/** `leaf`: nothing is called, so that registers need not survive. `outgoing`: bytes at sp for arguments of calls. */
export function layOut(body: Body, params: number, leaf: boolean, outgoing: number): Layout {
  const firstWords: number[] = [];
  let words = 0;
  for (const type of body.locals) {
    firstWords.push(words);
    words += wordsOf(type);
  }
  const weights = weigh(body);
  const order = weights.map((_, local) => local).filter((local) => weights[local]! > 0).sort((a, b) => weights[b]! - weights[a]! || a - b);
  const homes = new Array<Home>(words);
  const pool = new Set<number>(leaf ? callerSaved : passing);
  const incoming = passing.slice(0, firstWords[params] ?? words);
  // Where nothing is called, parameters stay where they come, and other locals take registers in which none comes.
  const free = callerSaved.filter((register) => !incoming.includes(register)).reverse();
  let budget = leaf ? callerSaved.length - leastPool : 0;
  const toSave = [...calleeSaved];
  const chosen: number[] = [];
  for (const local of order) {
    const size = wordsOf(body.locals[local]!);
    const first = firstWords[local]!;
    const stays = local < params && first + size <= passing.length && budget >= size;
    const unsaved = stays ? incoming.slice(first, first + size) : free.slice(0, Math.min(budget, size));
    if (unsaved.length + toSave.length < size || (unsaved.length < size && weights[local]! < worthSaving)) continue;
    if (!stays) free.splice(0, unsaved.length);
    budget -= unsaved.length;
    const registers = [...unsaved, ...toSave.splice(0, size - unsaved.length)];
    chosen.push(...registers.slice(unsaved.length));
    for (const [i, register] of registers.entries()) {
      homes[first + i] = { register };
      pool.delete(register);
    }
  }
  let offset = outgoing;
  const saved = [...(leaf ? [] : [reg.ra]), ...chosen].map((register) => ({ register, offset: (offset += 4) - 4 }));
  const unused = body.locals.flatMap((type, local) => new Array<boolean>(wordsOf(type)).fill(weights[local] === 0));
  for (let word = 0; word < words; word++) {
    if (homes[word] !== undefined) continue;
    homes[word] = { offset };
    if (!unused[word]!) offset += 4;
  }
  return { firstWords, homes, unused, saved, pool: [...pool], slots: offset };
}

/** Uses of each local, those in loops for more. */
function weigh({ locals, operations }: Body): number[] {
  const weights = locals.map(() => 0);
  const loops: boolean[] = [];
  let factor = 1;
  for (const { code, a } of operations) {
    if (code === op.block || code === op.loop || code === op.if) {
      loops.push(code === op.loop);
      if (code === op.loop) factor *= 8;
    } else if (code === op.end) {
      if (loops.pop() === true) factor /= 8;
    } else if (code === op.localGet || code === op.localSet || code === op.localTee) weights[a] = weights[a]! + Math.min(factor, 4096);
  }
  return weights;
}

/** Whether no operation calls anything that uses the registers of values and comes back. `inline`: such operations do not. */
export function isLeaf({ operations }: Body, inline: (operation: Operation, index: number) => boolean): boolean {
  return operations.every((operation, index) => {
    const { code } = operation;
    const calls = code === op.call || code === op.callIndirect || code === op.memoryCopy || code === op.memoryFill || (code >= 0x5b && code <= 0x66) || helperOf(code) !== undefined;
    return !calls || inline(operation, index);
  });
}

/** Locals, parameters left out, that may be read before they are set. What is set within a block counts within it only. */
export function readFirst({ locals, operations }: Body, params: number): readonly number[] {
  let known = new Set<number>();
  const outside: ReadonlySet<number>[] = [];
  const found = new Set<number>();
  for (const { code, a } of operations) {
    if (code === op.block || code === op.loop || code === op.if) outside.push(new Set(known));
    else if (code === op.else) known = new Set(outside.at(-1));
    else if (code === op.end) known = new Set(outside.pop());
    else if (code === op.localGet && !known.has(a)) found.add(a);
    else if (code === op.localSet || code === op.localTee) known.add(a);
  }
  return locals.map((_, local) => local).filter((local) => local >= params && found.has(local));
}

/** Locals that are set between a loop's operation and its end. */
export function setWithin({ operations }: Body, from: number, to: number): Set<number> {
  const set = new Set<number>();
  for (let i = from; i < to; i++) if (operations[i]!.code === op.localSet || operations[i]!.code === op.localTee) set.add(operations[i]!.a);
  return set;
}

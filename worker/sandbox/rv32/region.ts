/**
 * Which part of a ROM becomes one WebAssembly function, cut into blocks.
 *
 * A block begins at a leader and runs straight on, through branches that are not taken, until a jump, the next leader, or an instruction
 * that is left to the interpreter. It has no other entry.
 */
import { immediateB, immediateJ, Op, operationOf } from "../../../chain/vm/instructions.ts";
import { pcMask } from "../../../chain/vm/layout.ts";

/** In words of the ROM. */
export interface Block {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

export interface Region {
  /** In the order of their addresses. */
  readonly blocks: readonly Block[];
  /** Index of the block that begins at a word. */
  readonly indexOf: ReadonlyMap<number, number>;
  /** Indices of the blocks that can be entered by number, ascending: seeds, return points, heads of loops. All other jumps within the region are direct. */
  readonly entries: readonly number[];
  /** For a block that heads a loop the last block of that loop, else -1. Any two loops are nested or apart. */
  readonly loopEnds: Int32Array;
  readonly instructions: number;
}

/** What one region may hold: the optimizing compiler's time grows faster than its input. */
export interface RegionLimits {
  readonly blocks: number;
  readonly instructions: number;
}

/** Deeper loops than this are gone round by number: each loop repeats the choice among what it holds. */
const maxLoopDepth = 8;

/** A block's weights fit the counter of translate.ts, and one is never longer than the interpreter's exact tail. */
export const maxBlockInstructions = 250;

/** Grows a region around `seeds` (words of the ROM); gives none where nothing there can be translated. */
export function formRegion(rom: Int32Array, seeds: readonly number[], limits: RegionLimits): Region | undefined {
  const starts = [...collectLeaders(rom, seeds, limits)].sort((a, b) => a - b);
  if (starts.length === 0) return undefined;
  const blocks = starts.map((start, i) => ({ start, end: straightEnd(rom, start, starts[i + 1] ?? rom.length) }));
  const indexOf = new Map(starts.map((start, i) => [start, i]));
  const jumps: { readonly from: number; readonly to: number; readonly call: boolean }[] = [];
  const returns: number[] = [];
  blocks.forEach(({ start, end }, from) => {
    for (let word = start; word < end; word++) {
      const call = isCall(rom[word]!);
      if (call) returns.push(word + 1);
      const to = indexOf.get(staticTarget(rom[word]!, word));
      if (to !== undefined) jumps.push({ from, to, call });
    }
  });
  const loopEnds = findLoops(blocks.length, jumps);
  const loopOf = enclosingLoops(loopEnds);
  const entries = new Set<number>();
  for (const word of [...seeds, ...returns]) entries.add(indexOf.get(word) ?? -1);
  entries.delete(-1);
  for (const { from, to } of jumps) {
    // Every way back can be entered, so the interpreter never goes round a loop for long; so can the middle of a loop that is entered there.
    if (to <= from || loopOf[to]! > from) entries.add(to);
  }
  return { blocks, indexOf, entries: [...entries].sort((a, b) => a - b), loopEnds, instructions: blocks.reduce((sum, { start, end }) => sum + end - start, 0) };
}

/** Breadth first, from all seeds at once: the instructions that are nearest to what was seen to run. */
function collectLeaders(rom: Int32Array, seeds: readonly number[], limits: RegionLimits): Set<number> {
  const leaders = new Set<number>();
  const covered = new Set<number>();
  const pending = [...seeds];
  for (let at = 0; at < pending.length && leaders.size < limits.blocks && covered.size < limits.instructions; at++) {
    const start = pending[at]!;
    if (start < 0 || start >= rom.length || leaders.has(start) || !isTranslated(rom[start]!)) continue;
    leaders.add(start);
    const end = straightEnd(rom, start, rom.length);
    let word = start;
    for (; word < end && !covered.has(word); word++) {
      covered.add(word);
      pending.push(staticTarget(rom[word]!, word));
      if (isCall(rom[word]!)) pending.push(word + 1);
    }
    if (word === end && !isJump(rom[end - 1]!)) pending.push(end);
  }
  return leaders;
}

/** For each block that heads a loop the last block of that loop, else -1. Loops that overlap are extended until each holds the other or they are apart. */
function findLoops(blocks: number, jumps: readonly { readonly from: number; readonly to: number; readonly call: boolean }[]): Int32Array {
  const ends = new Int32Array(blocks).fill(-1);
  // A call backwards makes no loop of what lies between.
  for (const { from, to, call } of jumps) if (to <= from && !call) ends[to] = Math.max(ends[to]!, from);
  for (let head = blocks - 1; head >= 0; head--) {
    let end = ends[head]!;
    for (let inner = head + 1; inner <= end; inner++) end = Math.max(end, ends[inner]!);
    ends[head] = end;
  }
  const open: number[] = [];
  for (let head = 0; head < blocks; head++) {
    while (open.length > 0 && open.at(-1)! < head) open.pop();
    if (ends[head] === -1) continue;
    if (open.length < maxLoopDepth) open.push(ends[head]!);
    else ends[head] = -1;
  }
  return ends;
}

/** For each block the head of the innermost loop that holds it behind its head, else -1. */
function enclosingLoops(loopEnds: Int32Array): Int32Array {
  const open: number[] = [];
  return loopEnds.map((end, block) => {
    while (open.length > 0 && loopEnds[open.at(-1)!]! < block) open.pop();
    const head = open.at(-1) ?? -1;
    if (end !== -1) open.push(block);
    return head;
  });
}

function straightEnd(rom: Int32Array, start: number, bound: number): number {
  const last = Math.min(bound, start + maxBlockInstructions);
  let word = start;
  while (word < last && isTranslated(rom[word]!)) {
    if (isJump(rom[word++]!)) break;
  }
  return word;
}

/** The word that a branch or `jal` at `word` may go to, else -1. */
export function staticTarget(instruction: number, word: number): number {
  const op = operationOf(instruction);
  const offset = isBranch(op) ? immediateB(instruction) : op === Op.jal ? immediateJ(instruction) : undefined;
  return offset === undefined ? -1 : ((4 * word + offset) & pcMask) >>> 2;
}

export function isBranch(op: Op): boolean {
  return op >= Op.beq && op <= Op.bgeu;
}

/** A jump that leaves its return address: where a run comes back to, most likely. */
function isCall(instruction: number): boolean {
  const op = operationOf(instruction);
  return (op === Op.jal || op === Op.jalr) && ((instruction >>> 7) & 0x1f) !== 0;
}

function isJump(instruction: number): boolean {
  const op = operationOf(instruction);
  return op === Op.jal || op === Op.jalr;
}

/** What halts the machine is left to the interpreter. */
function isTranslated(instruction: number): boolean {
  const op = operationOf(instruction);
  return op !== Op.illegal && op !== Op.ecall;
}

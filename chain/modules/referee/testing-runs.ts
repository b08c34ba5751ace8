/** Runs of the refereed machine as parties of a dispute have them: any boundary's hash, any segment's proof, and a bit that a liar flips. For tests; sparse, so that small programs cost little. */
import { concatBytes, uint64Bytes } from "../../codec/bytes.ts";
import { sha256 } from "../../codec/hash.ts";
import { wholeRange } from "../../vm/bisection.ts";
import { initialState } from "../../vm/initial.ts";
import { argumentsAt, inputAt, ramDepth, regionBytes, regionDepth, romDepth } from "../../vm/layout.ts";
import { advance, copyMachine, Halt, type Machine } from "../../vm/machine.ts";
import { eachSibling, regionRoot, romRoot, zeroRoot } from "../../vm/merkle.ts";
import { Party } from "../../vm/party.ts";
import { programRoot } from "../../vm/program.ts";
import { fieldsOf, resultSize, stateHash } from "../../vm/state-hash.ts";
import type { Result } from "../../codec/gen/dcm/market/v1/types.ts";
import type { SegmentState, Witness } from "../../codec/gen/dcm/referee/v1/types.ts";
import type { TreeWitness } from "../../vm/witness.ts";

/** Leaves that are not zero, by index: 64 words each. */
type Leaves = ReadonlyMap<number, Int32Array>;

function leafBytesOf(words: Int32Array): Uint8Array {
  const out = new Uint8Array(256);
  const view = new DataView(out.buffer);
  for (const [i, word] of words.entries()) view.setInt32(i * 4, word, true);
  return out;
}

function leavesOf(at: number, bytes: Uint8Array, into = new Map<number, Int32Array>()): Map<number, Int32Array> {
  for (const [i, byte] of bytes.entries()) {
    const address = at + i;
    const leaf = into.get(address >>> 8) ?? new Int32Array(64);
    into.set(address >>> 8, leaf);
    leaf[(address & 255) >>> 2]! |= byte << ((address & 3) * 8);
  }
  return into;
}

/** All nodes that are not zero, level by level. */
class Tree {
  readonly #levels: Map<number, Uint8Array>[];
  readonly #depth: number;

  constructor(leaves: Leaves, depth: number) {
    this.#depth = depth;
    this.#levels = [new Map(Array.from(leaves, ([index, words]) => [index, sha256(leafBytesOf(words))]))];
    for (let level = 0; level < depth; level++) {
      const parents = new Set(Array.from(this.#levels[level]!.keys(), (index) => index >>> 1));
      this.#levels.push(new Map(Array.from(parents, (index) => [index, sha256(this.node(level, index * 2), this.node(level, index * 2 + 1))])));
    }
  }

  node(level: number, index: number): Uint8Array {
    return this.#levels[level]!.get(index) ?? zeroRoot(level);
  }

  get root(): Uint8Array {
    return this.node(this.#depth, 0);
  }
}

function witnessOf(leaves: Leaves, accessed: ReadonlySet<number>, depth: number): Witness {
  const tree = new Tree(leaves, depth);
  const indices = [...accessed].sort((a, b) => a - b);
  const siblings: Uint8Array[] = [];
  eachSibling(indices, depth, (level, index) => void siblings.push(tree.node(level, index)));
  return { indices, leaves: concatBytes(...indices.map((index) => leafBytesOf(leaves.get(index) ?? new Int32Array(64)))), siblings: concatBytes(...siblings) };
}

export interface Job {
  readonly rom: Uint8Array;
  readonly data: Uint8Array;
  readonly input: Uint8Array;
  readonly arguments: Uint8Array;
  readonly index: number;
  readonly meterLimit: bigint;
}

/** A word at `address` that a liar changes once it has done so many transitions. */
export interface Lie {
  readonly at: bigint;
  readonly bits: number;
}

interface State {
  readonly machine: Machine;
  readonly leaves: Leaves;
  readonly position: bigint;
}

/** One side's view of a run. */
export interface Side {
  readonly job: Job;
  /** Of the state behind so many transitions. */
  hashAt(position: bigint): Uint8Array;
  stateAt(position: bigint): SegmentState;
  /** What the chain needs to run these transitions. */
  witness(start: bigint, length: bigint): { readonly ram: Witness; readonly rom: Witness };
}

/** A run as workers have it. */
export function partyOf(job: Job): Side {
  const party = new Party({ program: { rom: job.rom, data: job.data }, input: job.input, arguments: job.arguments, taskIndex: job.index, meterLimit: job.meterLimit });
  const wire = ({ indices, leaves, siblings }: TreeWitness): Witness => ({ indices: [...indices], leaves, siblings });
  return {
    job,
    hashAt: (position) => party.hashAfter(position),
    stateAt: (low) => party.prove({ low, length: 1n })!.pre,
    witness(low, length) {
      const { ram, rom } = party.prove({ low, length })!.witness;
      return { ram: wire(ram), rom: wire(rom) };
    },
  };
}

export class Run implements Side {
  readonly job: Job;
  readonly #rom: Leaves;
  readonly #lie: Lie | undefined;
  readonly #states: State[];
  readonly #hashes = new Map<bigint, Uint8Array>();

  constructor(job: Job, lie?: Lie) {
    this.job = job;
    this.#lie = lie;
    this.#rom = leavesOf(0, job.rom);
    const roots = { dataRoot: regionRoot(job.data), inputRoot: regionRoot(job.input) };
    const { machine } = initialState({ ...roots, inputSize: job.input.length, arguments: job.arguments, taskIndex: job.index });
    const leaves = leavesOf(0, job.data);
    leavesOf(argumentsAt, job.arguments, leaves);
    leavesOf(inputAt, job.input, leaves);
    this.#states = [{ machine, leaves, position: 0n }];
  }

  get programRoot(): Uint8Array {
    return programRoot({ romRoot: romRoot(this.job.rom), dataRoot: regionRoot(this.job.data) });
  }

  /** Behind so many transitions, the lie included. */
  hashAt(position: bigint): Uint8Array {
    const known = this.#hashes.get(position);
    if (known !== undefined) return known;
    const { machine, leaves } = this.#stateAt(position);
    const hash = stateHash(machine, new Tree(leaves, ramDepth).root);
    this.#hashes.set(position, hash);
    return hash;
  }

  stateAt(position: bigint): SegmentState {
    const { machine, leaves } = this.#stateAt(position);
    return { ...fieldsOf(machine), ramRoot: new Tree(leaves, ramDepth).root };
  }

  /** How the run ends, as a result says it: the digest is the root of the output region. */
  get result(): Pick<Result, "digest" | "size" | "meter" | "final"> {
    const { machine, leaves } = this.#stateAt(wholeRange(this.job.meterLimit).length);
    const tree = new Tree(leaves, ramDepth);
    const fields = fieldsOf(machine);
    const final = { ...fields, lowRoot: tree.node(ramDepth - 1, 0), inputRoot: tree.node(regionDepth, 2) };
    return { digest: tree.node(regionDepth, 3), size: resultSize(fields, BigInt(regionBytes)), meter: machine.meter, final };
  }

  /** What the chain needs to run these transitions, without any lie. */
  witness(start: bigint, length: bigint): { readonly ram: Witness; readonly rom: Witness } {
    const before = this.#stateAt(start);
    const accessed = { ram: new Set<number>(), rom: new Set<number>() };
    this.#advance(before, Number(length), accessed);
    return { ram: witnessOf(before.leaves, accessed.ram, ramDepth), rom: witnessOf(this.#rom, accessed.rom, romDepth) };
  }

  #stateAt(position: bigint): State {
    const from = this.#states.findLast((state) => state.position <= position)!;
    if (from.position === position || (from.machine.halt !== Halt.running && this.#lie === undefined)) return from;
    const lie = this.#lie;
    let state = from;
    if (lie !== undefined && lie.at > from.position && lie.at <= position) {
      state = this.#advance(state, Number(lie.at - from.position));
      const machine = copyMachine(state.machine);
      machine.registers[7]! ^= lie.bits;
      state = { ...state, machine };
    }
    state = this.#advance(state, Number(position - state.position));
    this.#states.push(state);
    this.#states.sort((a, b) => (a.position < b.position ? -1 : 1));
    return state;
  }

  #advance(from: State, transitions: number, accessed?: { readonly ram: Set<number>; readonly rom: Set<number> }): State {
    const machine = copyMachine(from.machine);
    const leaves = new Map(from.leaves);
    const own = new Set<number>();
    advance(machine, {
      fetch: (address) => {
        accessed?.rom.add(address >>> 8);
        return this.#rom.get(address >>> 8)?.[(address & 255) >>> 2] ?? 0;
      },
      load: (address) => {
        accessed?.ram.add(address >>> 8);
        return leaves.get(address >>> 8)?.[(address & 255) >>> 2] ?? 0;
      },
      store: (address, value) => {
        const index = address >>> 8;
        accessed?.ram.add(index);
        if (!own.has(index)) leaves.set(index, Int32Array.from(leaves.get(index) ?? new Int32Array(64)));
        own.add(index);
        leaves.get(index)![(address & 255) >>> 2] = value;
      },
    }, transitions, this.job.meterLimit);
    return { machine, leaves, position: from.position + BigInt(transitions) };
  }
}

/** The inputs of a job's tasks under their root, and the way of one of them up to it. */
export function inputTree(inputs: readonly Uint8Array[]): { readonly root: Uint8Array; readonly path: (index: number) => Uint8Array } {
  const entry = (input: Uint8Array): Uint8Array => sha256(Uint8Array.of(0), regionRoot(input), uint64Bytes(BigInt(input.length)));
  const split = (count: number): number => 2 ** (Math.ceil(Math.log2(count)) - 1);
  const rootOf = (from: number, to: number): Uint8Array => (to - from === 1 ? entry(inputs[from]!) : sha256(Uint8Array.of(1), rootOf(from, from + split(to - from)), rootOf(from + split(to - from), to)));
  const pathOf = (index: number, from: number, to: number): Uint8Array[] => {
    if (to - from === 1) return [];
    const middle = from + split(to - from);
    return index < middle ? [...pathOf(index, from, middle), rootOf(middle, to)] : [...pathOf(index, middle, to), rootOf(from, middle)];
  };
  return { root: rootOf(0, inputs.length), path: (index) => concatBytes(...pathOf(index, 0, inputs.length)) };
}

const [type, store] = [(op: number, funct3: number, rd: number, rs1: number, immediate: number): number => (immediate << 20) | (rs1 << 15) | (funct3 << 12) | (rd << 7) | op,
  (rs2: number, rs1: number): number => (rs2 << 20) | (rs1 << 15) | (2 << 12) | 0x23];

/**
 * Adds a growing number to a word of the output, as often as the input's first word says, and goes on by as many bytes as its second one says. 4 + 7 x count + 2
 * transitions; x7 is what is added.
 */
export function sampleProgram(): Uint8Array {
  const words = [
    0x0200_02b7, // lui x5, input
    type(0x03, 2, 6, 5, 0), // lw x6, 0(x5)
    type(0x03, 2, 13, 5, 4), // lw x13, 4(x5)
    0x0300_0437, // lui x8, output
    type(0x03, 2, 9, 8, 0), // loop: lw x9, 0(x8)
    (7 << 20) | (9 << 15) | (9 << 7) | 0x33, // add x9, x9, x7
    store(9, 8), // sw x9, 0(x8)
    type(0x13, 0, 7, 7, 3), // addi x7, x7, 3
    (13 << 20) | (8 << 15) | (8 << 7) | 0x33, // add x8, x8, x13
    type(0x13, 0, 6, 6, -1), // addi x6, x6, -1
    branchBack(6, 24), // bne x6, x0, loop
    type(0x13, 0, 10, 0, 4), // addi x10, x0, 4
    0x73, // ecall
  ];
  const out = new Uint8Array(words.length * 4);
  const view = new DataView(out.buffer);
  for (const [i, word] of words.entries()) view.setInt32(i * 4, word, true);
  return out;
}

/** bne rs1, x0, so many bytes back: less than 2,048. */
function branchBack(rs1: number, by: number): number {
  const offset = -by;
  return (((offset >> 12) & 1) << 31) | (((offset >> 5) & 0x3f) << 25) | (rs1 << 15) | (1 << 12) | (((offset >> 1) & 0xf) << 8) | (((offset >> 11) & 1) << 7) | 0x63;
}

export function sampleJob(count: number, { stride = 0, index = 0, meterLimit = 2_000_000n }: { readonly stride?: number; readonly index?: number; readonly meterLimit?: bigint } = {}): Job {
  const input = new Uint8Array(8);
  new DataView(input.buffer).setUint32(0, count, true);
  new DataView(input.buffer).setUint32(4, stride, true);
  return { rom: sampleProgram(), data: Uint8Array.of(1, 2, 3), input, arguments: Uint8Array.of(9), index, meterLimit };
}

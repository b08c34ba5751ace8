/** The other side of `segment.ts`: the witness that a party makes of a segment of its own run. */
import { leafBytes } from "./layout.ts";
import { advance, copyMachine, type Machine, type Memory } from "./machine.ts";
import type { MemoryTree } from "./memory-tree.ts";
import type { SegmentState } from "./segment.ts";
import { fieldsOf } from "./state-hash.ts";
import { mostWitnessBytes, witnessBytes, type SegmentWitness, type TreeWitness } from "./witness.ts";

/** A memory and its tree, which is that of these bytes. Behind them there are zeros. */
export interface ProvableMemory {
  readonly bytes: Uint8Array;
  readonly tree: MemoryTree;
}

export interface SegmentProof {
  /** The state that the segment begins with. */
  readonly pre: SegmentState;
  readonly witness: SegmentWitness;
}

/** The witness for `transitions` from here on; undefined where it is larger than the chain takes: a shorter segment helps. Nothing of what is given changes. */
export function proveSegment({ machine, ram, rom }: { readonly machine: Machine; readonly ram: ProvableMemory; readonly rom: ProvableMemory }, transitions: number, meterLimit: bigint): SegmentProof | undefined {
  const [ramLeaves, romLeaves] = [new TouchedLeaves(ram), new TouchedLeaves(rom)];
  const memory: Memory = { fetch: (address) => romLeaves.load(address), load: (address) => ramLeaves.load(address), store: (address, value) => { ramLeaves.store(address, value); } };
  try {
    advance(copyMachine(machine), memory, transitions, meterLimit);
  } catch (error) {
    if (error instanceof TooManyLeaves) return undefined;
    throw error;
  }
  const witness = { ram: ramLeaves.witness(), rom: romLeaves.witness() };
  return witnessBytes(witness) > mostWitnessBytes ? undefined : { pre: { ...fieldsOf(machine), ramRoot: ram.tree.root() }, witness };
}

/** More leaves of one tree than a witness has room for. */
class TooManyLeaves extends Error {}

/** The leaves of a memory that a run touched, as copies that it may write to. */
class TouchedLeaves {
  readonly #memory: ProvableMemory;
  readonly #leaves = new Map<number, DataView>();

  constructor(memory: ProvableMemory) {
    this.#memory = memory;
  }

  load(address: number): number {
    return this.#leaf(address >>> 8).getInt32(address & (leafBytes - 1), true);
  }

  store(address: number, value: number): void {
    this.#leaf(address >>> 8).setInt32(address & (leafBytes - 1), value, true);
  }

  #leaf(index: number): DataView {
    const known = this.#leaves.get(index);
    if (known !== undefined) return known;
    if (this.#leaves.size * leafBytes >= mostWitnessBytes) throw new TooManyLeaves();
    const leaf = new DataView(this.#original(index).slice().buffer);
    this.#leaves.set(index, leaf);
    return leaf;
  }

  #original(index: number): Uint8Array {
    const at = index * leafBytes;
    const given = this.#memory.bytes.subarray(at, at + leafBytes);
    if (given.length === leafBytes) return given;
    const padded = new Uint8Array(leafBytes);
    padded.set(given);
    return padded;
  }

  witness(): TreeWitness {
    const indices = Array.from(this.#leaves.keys()).sort((a, b) => a - b);
    const leaves = new Uint8Array(indices.length * leafBytes);
    indices.forEach((index, place) => { leaves.set(this.#original(index), place * leafBytes); });
    return { indices, leaves, siblings: this.#memory.tree.siblings(this.#memory.bytes, indices) };
  }
}

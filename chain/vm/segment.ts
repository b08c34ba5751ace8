/**
 * A segment: up to 65,536 transitions that are run again over nothing but the leaves of a witness. `verifySegment` is
 * what the referee decides by: it takes anything, costs what `segmentCost` says, and throws nothing.
 */
import { equalBytes } from "../codec/bytes.ts";
import { sha256 } from "../codec/hash.ts";
import { leafBytes, ramDepth, romDepth } from "./layout.ts";
import { advance, type Machine, type Memory } from "./machine.ts";
import { hashBytes, rootFromProof } from "./merkle.ts";
import { machineOf, stateHash, type MachineFields } from "./state-hash.ts";
import { checkWitnessForm, type SegmentWitness, type TreeWitness, type WitnessFault } from "./witness.ts";

/** The most transitions of a segment. */
export const mostSegmentSteps = 65_536;

/** A state that its hash binds, as messages carry it. */
export interface SegmentState extends MachineFields {
  readonly ramRoot: Uint8Array;
}

export type SegmentFault = WitnessFault | "transitions" | "state" | "ram-root" | "rom-root" | "leaf-missing" | "leaf-spare";

export type SegmentResult =
  | { readonly ok: true; readonly stateHash: Uint8Array; readonly machine: Machine; readonly ramRoot: Uint8Array }
  | { readonly ok: false; readonly fault: SegmentFault; readonly message: string };

/** An upper bound of what `verifySegment` does: hashes of at most 256 bytes, and transitions. `leaves` and `siblings` are those of both trees, as `witnessCounts` gives them. */
export function segmentCost(transitions: number, leaves: number, siblings: number): { readonly steps: number; readonly hashes: number } {
  // Leaves, and the nodes above them, one for each leaf or sibling; both before and after.
  return { steps: transitions, hashes: 2 * (2 * leaves + siblings) + 1 };
}

/** The state hash after `transitions` of `pre`, whose own hash the caller compares; or the rule that the witness breaks. */
export function verifySegment(pre: SegmentState, transitions: number, romRoot: Uint8Array, meterLimit: bigint, witness: SegmentWitness): SegmentResult {
  if (!Number.isInteger(transitions) || transitions < 1 || transitions > mostSegmentSteps) return refuse("transitions", `${transitions} transitions are not within 1 to ${mostSegmentSteps}`);
  const machine = machineOf(pre, meterLimit);
  if (typeof machine === "string") return refuse("state", machine);
  if (pre.ramRoot.length !== hashBytes) return refuse("state", `the root of RAM has ${pre.ramRoot.length} bytes, not ${hashBytes}`);
  if (machine.steps + BigInt(transitions) >= 1n << 64n) return refuse("state", `steps ${machine.steps} leave no room for ${transitions}`);
  const form = checkWitnessForm(witness);
  if (form !== undefined) return refuse(form.fault, form.message);

  const rom = new WitnessLeaves(witness.rom);
  const ram = new WitnessLeaves(witness.ram);
  if (!rom.provedBy(romRoot, romDepth)) return refuse("rom-root", "the leaves and siblings of ROM do not give its root");
  if (!ram.provedBy(pre.ramRoot, ramDepth)) return refuse("ram-root", "the leaves and siblings of RAM do not give the root of the state");

  try {
    advance(machine, { fetch: (address) => rom.load(address), load: (address) => ram.load(address), store: (address, value) => ram.store(address, value) } satisfies Memory, transitions, meterLimit);
  } catch (error) {
    if (!(error instanceof LeafMissing)) throw error;
    return refuse("leaf-missing", `${error.leaves === rom ? "rom" : "ram"}: leaf ${error.index} is accessed and not given`);
  }
  for (const [name, leaves] of [["ram", ram], ["rom", rom]] as const) {
    const spare = leaves.spare();
    if (spare !== undefined) return refuse("leaf-spare", `${name}: leaf ${spare} is given and never accessed`);
  }
  const ramRoot = ram.root(pre.ramRoot, ramDepth);
  return { ok: true, stateHash: stateHash(machine, ramRoot), machine, ramRoot };
}

function refuse(fault: SegmentFault, message: string): SegmentResult {
  return { ok: false, fault, message };
}

/** An access to a leaf that the witness does not give. */
class LeafMissing extends Error {
  readonly leaves: WitnessLeaves;
  readonly index: number;

  constructor(leaves: WitnessLeaves, index: number) {
    super(`leaf ${index} is missing`);
    this.leaves = leaves;
    this.index = index;
  }
}

const wordsPerLeaf = leafBytes / 4;

/** The leaves of one tree that a witness gives: which were accessed, and what became of them. */
class WitnessLeaves {
  readonly #witness: TreeWitness;
  readonly #words: Int32Array;
  /** Where a leaf stands in the witness. */
  readonly #places: ReadonlyMap<number, number>;
  readonly #accessed: Uint8Array;
  readonly #stored: Uint8Array;
  #hashes: Uint8Array[] = [];
  /** The leaf accessed last: most accesses are to the same one. */
  #index = -1;
  #place = 0;

  constructor(witness: TreeWitness) {
    this.#witness = witness;
    const { indices, leaves } = witness;
    this.#words = new Int32Array(leaves.length / 4);
    const view = new DataView(leaves.buffer, leaves.byteOffset);
    for (let i = 0; i < this.#words.length; i++) this.#words[i] = view.getInt32(i * 4, true);
    this.#places = new Map(indices.map((index, place) => [index, place]));
    this.#accessed = new Uint8Array(indices.length);
    this.#stored = new Uint8Array(indices.length);
  }

  /** Whether this is the tree's root. Without a leaf nothing is claimed. */
  provedBy(root: Uint8Array, depth: number): boolean {
    const { indices, leaves, siblings } = this.#witness;
    if (indices.length === 0) return true;
    this.#hashes = indices.map((_, place) => sha256(leaves.subarray(place * leafBytes, (place + 1) * leafBytes)));
    return equalBytes(rootFromProof(indices, this.#hashes, siblings, depth), root);
  }

  load(address: number): number {
    return this.#words[this.#at(address)]!;
  }

  store(address: number, value: number): void {
    this.#words[this.#at(address)] = value;
    this.#stored[this.#place] = 1;
  }

  #at(address: number): number {
    const index = address >>> 8;
    if (index !== this.#index) {
      const place = this.#places.get(index);
      if (place === undefined) throw new LeafMissing(this, index);
      this.#index = index;
      this.#place = place;
      this.#accessed[place] = 1;
    }
    return this.#place * wordsPerLeaf + ((address & (leafBytes - 1)) >>> 2);
  }

  /** A leaf that was never accessed. */
  spare(): number | undefined {
    const place = this.#accessed.indexOf(0);
    return place < 0 ? undefined : this.#witness.indices[place];
  }

  /** The root over the leaves as they are now; `before`: as it was proved. */
  root(before: Uint8Array, depth: number): Uint8Array {
    if (!this.#stored.includes(1)) return before;
    const { indices, siblings } = this.#witness;
    const leaf = new Uint8Array(leafBytes);
    const view = new DataView(leaf.buffer);
    const hashes = indices.map((_, place) => {
      if (this.#stored[place] === 0) return this.#hashes[place]!;
      for (let i = 0; i < wordsPerLeaf; i++) view.setInt32(i * 4, this.#words[place * wordsPerLeaf + i]!, true);
      return sha256(leaf);
    });
    return rootFromProof(indices, hashes, siblings, depth);
  }
}

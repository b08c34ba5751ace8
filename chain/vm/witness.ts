/** What proves the leaves of two trees that a segment reads and writes, and every rule for it that needs no hash. */
import { leafBytes, ramDepth, romDepth } from "./layout.ts";
import { eachSibling, hashBytes } from "./merkle.ts";

/** A proof for several leaves of one tree. */
export interface TreeWitness {
  /** Of the leaves, strictly increasing; each a uint32. */
  readonly indices: readonly number[];
  /** The leaves, 256 bytes each, one behind the other. */
  readonly leaves: Uint8Array;
  /** The hashes beside their paths, 32 bytes each, bottom-up and left to right. */
  readonly siblings: Uint8Array;
}

export interface SegmentWitness {
  readonly ram: TreeWitness;
  readonly rom: TreeWitness;
}

/** The largest witness, in bytes as `witnessBytes` counts them. */
export const mostWitnessBytes = 131_072;

/** 4 bytes for each index, and all leaves and siblings. */
export function witnessBytes({ ram, rom }: SegmentWitness): number {
  return [ram, rom].reduce((sum, { indices, leaves, siblings }) => sum + 4 * indices.length + leaves.length + siblings.length, 0);
}

/** Leaves and siblings of both trees together. */
export function witnessCounts({ ram, rom }: SegmentWitness): { readonly leaves: number; readonly siblings: number } {
  return { leaves: ram.indices.length + rom.indices.length, siblings: Math.ceil((ram.siblings.length + rom.siblings.length) / hashBytes) };
}

export type WitnessFault = "size" | "order" | "range" | "leaf-bytes" | "sibling-bytes" | "sibling-missing" | "sibling-spare";

/** A rule that a witness breaks; undefined where its form is right. Costs less than 20 operations for each leaf, and no hash. */
export function checkWitnessForm(witness: SegmentWitness): { readonly fault: WitnessFault; readonly message: string } | undefined {
  const bytes = witnessBytes(witness);
  if (bytes > mostWitnessBytes) return { fault: "size", message: `the witness has ${bytes} bytes, at most ${mostWitnessBytes} are taken` };
  return checkTree("ram", witness.ram, ramDepth) ?? checkTree("rom", witness.rom, romDepth);
}

function checkTree(name: string, { indices, leaves, siblings }: TreeWitness, depth: number): ReturnType<typeof checkWitnessForm> {
  let before = -1;
  for (const index of indices) {
    if (!Number.isInteger(index) || index < 0 || index >= 2 ** depth) return { fault: "range", message: `${name}: leaf ${index} is not within 0 to ${2 ** depth - 1}` };
    if (index <= before) return { fault: "order", message: `${name}: leaf ${index} behind leaf ${before}; indices strictly increase` };
    before = index;
  }
  if (leaves.length !== indices.length * leafBytes) return { fault: "leaf-bytes", message: `${name}: ${leaves.length} bytes for ${indices.length} leaves of ${leafBytes}` };
  if (siblings.length % hashBytes !== 0) return { fault: "sibling-bytes", message: `${name}: ${siblings.length} bytes of siblings are not a multiple of ${hashBytes}` };
  const needed = eachSibling(indices, depth, () => undefined);
  const given = siblings.length / hashBytes;
  if (given < needed) return { fault: "sibling-missing", message: `${name}: ${given} siblings, the leaves need ${needed}` };
  if (given > needed) return { fault: "sibling-spare", message: `${name}: ${given} siblings, the leaves need no more than ${needed}` };
  return undefined;
}
